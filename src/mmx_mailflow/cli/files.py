"""`parse`, `form` and `inspect-form`: what is understood of files, and the form itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmx_mailflow.cli.common import Failure

Paths = Annotated[
    list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, readable=True)
]


def parse(files: Paths) -> int:
    """Print what is understood of raw mails, one JSON object a file, a line each."""
    raise Failure("parse is not there yet")


def form(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="F", help="The PDF to write.")],
    ref: Annotated[str, typer.Argument(metavar="REF", help="A case.")] = "",
    specimen: Annotated[bool, typer.Option("--specimen", help="An invented patient.")] = False,
) -> int:
    """Write the authorization packet of a case, or a specimen, as PDF."""
    raise Failure("form is not there yet")


def inspect_form(
    files: Paths,
    together: Annotated[bool, typer.Option("--together", help="The files are one return.")] = False,
) -> int:
    """Print what is recognised in returned files, one JSON object a line."""
    raise Failure("inspect-form is not there yet")
