"""`run`, `once`, `demo` and `sandbox`: what starts the line."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from mmx_mailflow import daemon
from mmx_mailflow.cli.common import Failure, options_of, print_line
from mmx_mailflow.ops import logs
from mmx_mailflow.settings import Settings, load, moved_clock, refuse_examples
from mmx_mailflow.store.engine import SchemaOldError, StoreNotNowError
from mmx_mailflow.store.vault import KeyFileError, KeyWrongError
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.errors import TransportError

_EXPECTED = (
    KeyFileError,
    KeyWrongError,
    SchemaOldError,
    StoreNotNowError,
    TransportError,
    daemon.AlreadyRunningError,
)


def _settings(context: typer.Context) -> Settings:
    """The configuration for a service that really writes to people; raises `ConfigError`."""
    settings = options_of(context).settings()
    refuse_examples(settings)
    return settings


def _started(context: typer.Context, work: Callable[[Settings, Clock], object]) -> object:
    """Run `work` with the configuration; what the world refuses becomes one line."""
    settings = _settings(context)
    logs.set_up()
    try:
        return work(settings, Clock(moved_clock(settings, os.environ)))
    except _EXPECTED as error:
        raise Failure(str(error)) from error


def run(context: typer.Context) -> int:
    """Run the service in the foreground until SIGTERM; SIGHUP reloads templates and staff."""
    read = partial(_settings, context)
    _started(context, lambda settings, clock: daemon.run(settings, clock, read))
    return 0


def once(context: typer.Context) -> int:
    """Make one full pass: fetch, understand, act on what is due, send, file."""
    _started(context, daemon.once)
    return 0


def _needs_the_extra() -> None:
    if find_spec("pymap") is None or find_spec("aiosmtpd") is None:
        raise Failure("the servers are an extra: pip install 'mmx-mailflow[demo]'")


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where mails, PDFs and the report go.")
    ] = Path("demo-out"),
) -> int:
    """Play the whole story on servers inside this process, mail by mail."""
    _needs_the_extra()
    from mmx_mailflow.sandbox.demo import play

    logs.set_up(quiet=True)
    play(out, print_line)
    return 0


def sandbox(
    folder: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Where its data goes.")
    ] = None,
) -> int:
    """Open mail servers on loopback and run the service: write to it with any mail client."""
    _needs_the_extra()
    from mmx_mailflow.sandbox.live import opened

    logs.set_up()
    with opened(folder, print_line) as config:
        daemon.run(load(config, {}), Clock(), lambda: load(config, {}))
    return 0
