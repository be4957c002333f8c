"""`init` and `check`: from an empty folder to a service that may start."""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mmx_mailflow.cli.common import Failure, options_of, print_json, print_line
from mmx_mailflow.ops.check import Finding, Grade, findings
from mmx_mailflow.settings import data_path
from mmx_mailflow.store.vault import create_key_file

_ANSWER_SINCE = re.compile(r"^answer_since = \S+", re.MULTILINE)
_COLOURS = {Grade.OK: "green", Grade.WARN: "yellow", Grade.FAIL: "red"}


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.")] = Path(),
) -> int:
    """Write config.toml, the key file and the data folder; overwrite nothing."""
    config, key = folder / "config.toml", folder / "var" / "key"
    try:
        (folder / "var").mkdir(parents=True, exist_ok=True, mode=0o700)
        news = [_write(config, _first_config(), 0o644), _new_key(key)]
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}") from error
    for line in news:
        print_line(line)
    print_line(f"Keep a copy of {key} elsewhere: without it nothing that is stored can be read.")
    print_line(f"Next: put your hosts and addresses into {config}, then mmx-mailflow check")
    return 0


def check(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="A list of JSON objects.")] = False,
) -> int:
    """Say whether the service would work, a line each, and what to do where it would not."""
    found = []
    for finding in findings(options_of(context).config, os.environ, datetime.now(UTC)):
        found.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        print_json([finding.model_dump(mode="json") for finding in found])
    return int(any(finding.grade is Grade.FAIL for finding in found))


def _first_config() -> bytes:
    """The example, answering from this moment on."""
    example = data_path("config.example.toml").read_text(encoding="utf-8")
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return _ANSWER_SINCE.sub(f"answer_since = {now}", example).encode()


def _write(path: Path, words: bytes, mode: int) -> str:
    """Write a new file, or leave the one that is there; say which."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return f"{path}: was there, left alone"
    with os.fdopen(handle, "wb") as file:
        file.write(words)
    return f"{path}: written"


def _new_key(path: Path) -> str:
    """A key file of its own, or the one that is there."""
    try:
        create_key_file(path)
    except FileExistsError:
        return f"{path}: was there, left alone"
    return f"{path}: written"


def _show(finding: Finding) -> None:
    """One line; the remedy stands behind an arrow."""
    remedy = f" -> {finding.remedy}" if finding.remedy else ""
    words = f"{finding.name}: {finding.detail}{remedy}"
    if not sys.stdout.isatty():
        print_line(f"{finding.grade.value}\t{words}")
        return
    mark = Text(f"{finding.grade.value:5}", style=_COLOURS[finding.grade])
    Console(soft_wrap=True).print(mark, Text(words))
