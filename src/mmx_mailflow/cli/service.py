"""`run`, `once`, `demo` and `sandbox`: what starts the line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmx_mailflow.cli.common import Failure


def run(context: typer.Context) -> int:
    """Run the service in the foreground until SIGTERM; SIGHUP reloads templates and staff."""
    raise Failure("run is not there yet")


def once(context: typer.Context) -> int:
    """Make one full pass: fetch, understand, act on what is due, send, file."""
    raise Failure("once is not there yet")


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where mails, PDFs and the report go.")
    ] = Path("demo-out"),
) -> int:
    """Play the whole story on servers inside this process, mail by mail."""
    raise Failure("demo is not there yet")


def sandbox(
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Where its data goes.")
    ] = None,
) -> int:
    """Open mail servers on loopback and run the service: write to it with any mail client."""
    raise Failure("sandbox is not there yet")
