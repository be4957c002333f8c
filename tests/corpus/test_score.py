"""What is understood of the labelled mails, and the floors that may not be lost again."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from mmx_mailflow.intake.parse import parsed

HERE = Path(__file__).parent
MOST = {
    "dev": {"lost": 0, "loop": 0, "silent": 1, "needless": 1, "unasked": 0},
    "more": {"lost": 0, "loop": 0, "silent": 4, "needless": 1, "unasked": 0},
}
LEAST = {
    "dev": {
        "kind": 0.99,
        "required_exact": 0.98,
        "fields_exact": 0.98,
        "whole_message_exact": 0.95,
    },
    "more": {
        "kind": 0.98,
        "required_exact": 0.94,
        "fields_exact": 0.95,
        "whole_message_exact": 0.7,
    },
}
MAILS = sorted(HERE.glob("*/*.eml"))


@pytest.mark.parametrize("corpus", ["dev", "more"])
def test_the_labelled_mails_are_understood_as_well_as_before(corpus: str, tmp_path: Path) -> None:
    understood = tmp_path / "understood.jsonl"
    paths = sorted((HERE / corpus).glob("*.eml"))
    lines = [json.dumps(parsed(path.name, path.read_bytes())) for path in paths]
    understood.write_text("\n".join(lines))
    command = [sys.executable, HERE / "score.py", HERE / corpus, understood, "--json"]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    score = json.loads(said)
    print(f"\n{corpus}\n" + "\n".join(f"{name:24} {value}" for name, value in score.items()))

    for name, most in MOST[corpus].items():
        assert score[name] <= most, name
    for name, least in LEAST[corpus].items():
        assert score[name] >= least, name


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_a_damaged_copy_of_a_mail_is_one_answer(path: Path) -> None:
    raw, chance = path.read_bytes(), random.Random(path.stem)
    broken = bytearray(raw)
    for _ in range(1 + len(raw) // 40):
        broken[chance.randrange(len(raw))] = chance.randrange(256)
    for copy in (raw[: len(raw) // 2], raw[: chance.randrange(len(raw))], bytes(broken), raw[100:]):
        answer = parsed(path.name, copy)

        assert answer["kind"]
        assert json.loads(json.dumps(answer))["file"] == path.name
