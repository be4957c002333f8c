"""`export`: everything about one person, readable, checked, and noted."""

# ruff: noqa: F811  a fixture is taken from another file
from __future__ import annotations

import json
import re
import stat
import subprocess
from pathlib import Path

import pytest
from tests.cli.test_looking import ref  # noqa: F401  a fixture

from mmx_mailflow.cli.main import main

OUT = Path("package")


def test_the_package_holds_every_mail_and_letter_and_its_manifest_is_right(ref: str) -> None:
    assert main(["export", ref, "--out", str(OUT)]) == 0

    letters = json.loads((OUT / "letters.json").read_text())
    mails = json.loads((OUT / "mails.json").read_text())
    assert len(mails) == 1
    assert b"Ana" in (OUT / mails[0]["file"]).read_bytes()
    assert letters
    assert all((OUT / row["file"]).read_bytes() for row in letters)
    checked = subprocess.run(
        ["sha256sum", "--check", "--quiet", "manifest.sha256"], cwd=OUT, check=False
    )
    assert checked.returncode == 0
    listed = {line.split("  ")[1] for line in (OUT / "manifest.sha256").read_text().splitlines()}
    there = {str(p.relative_to(OUT)) for p in OUT.rglob("*") if p.is_file()}
    assert there == listed | {"manifest.sha256"}


def test_the_page_is_in_both_languages_and_asks_nothing_of_the_network(ref: str) -> None:
    main(["export", ref, "--out", str(OUT)])
    page = (OUT / "index.html").read_text()

    assert "What we received" in page
    assert "Lo que recibimos" in page
    assert not re.search(r"(src|href)=\W?https?:|<script|<link", page)
    assert all((OUT / href).exists() for href in re.findall(r'href="([^"]+)"', page))


def test_the_package_is_for_its_owner_alone(ref: str) -> None:
    main(["export", ref, "--out", str(OUT)])
    modes = {stat.S_IMODE(p.stat().st_mode) for p in OUT.rglob("*")}

    assert stat.S_IMODE(OUT.stat().st_mode) == 0o700
    assert modes <= {0o600, 0o700}


def test_a_folder_that_is_not_empty_is_refused(
    ref: str, capsys: pytest.CaptureFixture[str]
) -> None:
    OUT.mkdir()
    (OUT / "mine").write_text("words")

    assert main(["export", ref, "--out", str(OUT)]) == 1
    assert "not empty" in capsys.readouterr().err
    assert [p.name for p in OUT.iterdir()] == ["mine"]


def test_an_export_and_a_mail_that_is_shown_stand_in_the_journal(
    ref: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["export", ref, "--out", str(OUT)])
    main(["held", "show", "1", "--reveal"])
    capsys.readouterr()
    main(["timeline", ref, "--json", "--reveal"])
    lines = json.loads(capsys.readouterr().out)

    said = [line["words"]["words"] for line in lines if line["kind"] == "operator_decided"]
    assert said[:2] == ["export", "mail 1"]
