"""`keys rotate` and `keys list`: the key file and what it wraps."""

from __future__ import annotations

from typing import Annotated

import typer

from mmx_mailflow.cli.common import Failure, options_of, print_json, print_line, print_rows
from mmx_mailflow.cli.opened import EXPECTED, office_of
from mmx_mailflow.office import Office
from mmx_mailflow.ops import rotate as rotating
from mmx_mailflow.store import rotation, wrapping


def keys_rotate(
    context: typer.Context,
    announce: Annotated[
        bool, typer.Option("--announce", help="Only add the key: copy the file, then rotate.")
    ] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Drop keys that nothing in the database needs.")
    ] = False,
) -> int:
    """Wrap everything with a new key while the service runs; ends one that was broken off."""
    path = options_of(context).settings().security.key_file
    with office_of(context) as office:
        try:
            if announce:
                name = rotating.announce(office.store, path)
                print_line(f"key {name} is in the file and wraps nothing yet: copy {path} to every")
                print_line("machine of the service, then run keys rotate")
                return 0
            if finish:
                return _finished(office, gone=rotating.finish(office.store, path))
            done = rotating.rotate(office.store, path, office.today())
        except EXPECTED as error:
            raise Failure(str(error)) from error
    print_line(f"key {done.key} wraps now; {done.wrapped} data keys were wrapped anew")
    if done.left:
        raise Failure(f"{done.left} data keys are left: run keys rotate again")
    if done.new_codes:
        days = office.code_overlap.days
        print_line(
            f"From tomorrow on codes are made anew; those that are out count for {days} days."
        )
        print_line("Make a backup now: one from before does not know the codes of tomorrow.")
    print_line(f"Keep a copy of {path} elsewhere. The keys before stay in it: backups need them.")
    print_line("keys rotate --finish drops them.")
    return 0


def _finished(office: Office, *, gone: list[str]) -> int:
    for name in gone:
        print_line(f"key {name}: dropped, nothing in the database needs it; older backups do")
    if not gone:
        with office.store.begin() as connection:
            begun = rotation.is_open(connection)
        if begun:
            raise Failure("a rotation was begun and not ended: run keys rotate first")
        print_line("no key was dropped: the database needs every key of the file")
    return 0


def keys_list(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> int:
    """Show the names of the keys of the file and how many data keys each wraps."""
    with office_of(context) as office, office.store.begin() as connection:
        now = wrapping.current(connection)
        counts = rotation.needed(connection, office.keys)
    rows = [{"key": k, "wraps": n, "current": k == now} for k, n in counts.items()]
    if as_json:
        print_json(rows)
    else:
        print_rows(("key", "wraps", "current"), rows)
    return 0
