"""What is understood of the labelled mails, and the floor that may not be lost again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from mmx_mailflow.intake.parse import parsed

HERE = Path(__file__).parent


def test_the_labelled_mails_are_understood_as_well_as_before(tmp_path: Path) -> None:
    understood = tmp_path / "understood.jsonl"
    lines = [
        json.dumps(parsed(path.name, path.read_bytes()))
        for path in sorted((HERE / "dev").glob("*.eml"))
    ]
    understood.write_text("\n".join(lines))
    command = [sys.executable, HERE / "score.py", HERE / "dev", understood, "--json"]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    score = json.loads(said)
    print("\n" + "\n".join(f"{name:24} {value}" for name, value in score.items()))

    assert score["lost"] == 0
    assert score["loop"] <= FLOOR["loop"]
    assert score["silent"] <= FLOOR["silent"]
    for name in ("kind", "required_exact", "fields_exact"):
        assert score[name] >= FLOOR[name], name


FLOOR = {"loop": 0, "silent": 40, "kind": 0.77, "required_exact": 0.65, "fields_exact": 0.73}
