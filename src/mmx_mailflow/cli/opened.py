"""The office for commands that look into the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from mmx_mailflow.cli.common import Failure, options_of
from mmx_mailflow.office import Office
from mmx_mailflow.ops import logs
from mmx_mailflow.ops.opening import open_office
from mmx_mailflow.settings import moved_clock
from mmx_mailflow.store.engine import SchemaOldError, StoreNotNowError
from mmx_mailflow.store.vault import KeyFileError, KeyWrongError
from mmx_mailflow.transport.clock import Clock

EXPECTED = (KeyFileError, KeyWrongError, SchemaOldError, StoreNotNowError)


@contextmanager
def office_of(context: typer.Context) -> Iterator[Office]:
    """The office of the configuration; what cannot be opened becomes one line."""
    logs.set_up(quiet=True)
    settings = options_of(context).settings()
    try:
        office = open_office(settings, Clock(moved_clock(settings, os.environ)))
    except EXPECTED as error:
        raise Failure(str(error)) from error
    try:
        yield office
    except StoreNotNowError as error:
        raise Failure(str(error)) from error
    finally:
        office.close()
