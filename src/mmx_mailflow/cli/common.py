"""What all commands share: the configuration, the failure in one line, tables and masks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmx_mailflow.settings import Settings, load


class Failure(Exception):  # noqa: N818  it is no bug: the command ran and something is wrong
    """The command ran and something is wrong; the words are for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What stood before the command."""

    config: Path

    def settings(self) -> Settings:
        """The configuration; raises `ConfigError`."""
        return load(self.config, os.environ)


def options_of(context: typer.Context) -> Options:
    """The options that stood before the command."""
    options = context.obj
    assert isinstance(options, Options)
    return options


def print_json(value: object) -> None:
    """One line of JSON to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def print_rows(columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    """A table on a terminal; in a pipe a line each, columns parted by tabs."""
    if not sys.stdout.isatty():
        for line in (columns, *([_cell(row.get(name)) for name in columns] for row in rows)):
            sys.stdout.write("\t".join(line) + "\n")
        return
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(Text(_cell(row.get(name))) for name in columns))
    Console().print(table)


def print_line(words: str) -> None:
    """One line to standard output, without what would move a terminal's cursor."""
    sys.stdout.write(_plain(words) + "\n")


def _cell(value: object) -> str:
    """A value as a person reads it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, (list, tuple, frozenset)):
        return ", ".join(_cell(inner) for inner in value) or "-"
    if isinstance(value, dict):
        return " ".join(f"{key}={_cell(inner)}" for key, inner in value.items())
    return _plain(str(value))


def _plain(words: str) -> str:
    """`words` in one line, control characters shown as spaces."""
    return "".join(letter if letter.isprintable() else " " for letter in words)
