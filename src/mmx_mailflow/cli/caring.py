"""`purge`, `legal-hold`, `backup`, `restore`: what goes for good, what stays, what comes back."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mmx_mailflow.casework.codes import read_reference
from mmx_mailflow.casework.events import OperatorDecided
from mmx_mailflow.casework.values import CaseId
from mmx_mailflow.cli.common import Failure, options_of, print_json, print_line, print_rows
from mmx_mailflow.cli.opened import EXPECTED, office_of
from mmx_mailflow.office import Office, handle
from mmx_mailflow.ops import purging
from mmx_mailflow.settings import Settings, data_path, moved_clock
from mmx_mailflow.store import backup as copying
from mmx_mailflow.store import cases
from mmx_mailflow.store import purge as purge_rows
from mmx_mailflow.store.retention import Due
from mmx_mailflow.store.vault import load_keys
from mmx_mailflow.transport.clock import Clock

Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Ref = Annotated[str, typer.Argument(metavar="REF", help="A case.")]


def purge(
    context: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="[REF]", help="One closed case.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> int:
    """Delete for good what is kept long enough, or one closed case."""
    settings = options_of(context).settings()
    with office_of(context) as office:
        parts = [_one(office, ref)] if ref else purging.due_now(office, settings)
        rows = [_row(part) for part in parts]
        if as_json:
            print_json(rows)
        elif rows:
            print_rows(("rule", "ref", "whole", "mails", "files_of", "letters"), rows)
        if dry_run or not parts:
            if not as_json:
                print_line("nothing was purged" if parts else "nothing is due")
            return 0
        if sys.stdin.isatty() and not yes:
            typer.confirm("Purge this? It cannot be undone.", abort=True, err=True)
        try:
            gone = [purging.purge_due(office, settings, part) for part in parts]
        except purging.CannotPurgeError as error:
            raise Failure(str(error)) from error
        forgotten = office.store.forget()
    if not as_json:
        _told(gone)
    if not forgotten:
        raise Failure("purged, but others keep the database busy: run purge again to clean files")
    return 0


def _one(office: Office, ref: str) -> Due:
    name = read_reference(ref)
    with office.store.begin() as connection:
        why = purge_rows.obstacle(connection, name) if name else "there is no such case"
    if why or name is None:
        raise Failure(f"case {ref} is not purged: {why}")
    return Due(rule=purging.ASKED, ref=name, whole=True)


def _row(part: Due) -> dict[str, object]:
    return {
        "rule": part.rule,
        "ref": part.ref,
        "whole": part.whole,
        "mails": len(part.mails),
        "files_of": len(part.files),
        "letters": len(part.letters),
    }


def _told(gone: list[purge_rows.Gone]) -> None:
    mails, letters = sum(g.mails for g in gone), sum(g.letters for g in gone)
    print_line(f"purged: {mails} mails, {letters} letters")
    print_line("the service removes them from the mail server at its next pass")
    nameless = sum(g.nameless for g in gone)
    if nameless:
        print_line(f"{nameless} mails have no Message-ID: look for them on the server by hand")
    print_line("backups from before still hold them: keep none longer than 35 days")


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="F", help="A new file.")],
) -> int:
    """Copy everything but the key into one file while the service runs."""
    with office_of(context) as office:
        try:
            copying.backup(office.store, file, data_path("migrations"))
        except FileExistsError as error:
            raise Failure(f"{file} is there already: nothing was written") from error
        except OSError as error:
            raise Failure(f"{file}: {error.strerror}") from error
    key = options_of(context).settings().security.key_file
    print_line(
        f"{file}: written. The key is not in it: keep {key} and {key.name}.purged elsewhere,"
    )
    print_line("never beside a backup. Keep no backup longer than 35 days.")
    return 0


def restore(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[F]", help="A backup.")] = None,
    go_on: Annotated[bool, typer.Option("--go-on", help="Let letters leave again.")] = False,
) -> int:
    """Fill an empty database from a backup; no letter leaves until --go-on."""
    if go_on == (file is not None):
        raise typer.BadParameter("give a backup, or --go-on once you have looked")
    if file is None:
        return _gone_on(context)
    settings = options_of(context).settings()
    clock = Clock(moved_clock(settings, os.environ))
    try:
        copying.restore(
            settings.database.full_url(),
            load_keys(settings.security.key_file),
            file,
            data_path("migrations"),
            clock.now(),
            look_up=settings.smtp.own_copy != "none",
        )
    except (copying.RestoreError, *EXPECTED) as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}") from error
    _purged_again(context, settings)
    return 0


def _purged_again(context: typer.Context, settings: Settings) -> None:
    with office_of(context) as office:
        count = purging.repeat(office, settings)
        office.store.forget()
    print_line(f"restored; {count} cases were purged again")
    if not purging.list_beside(settings.security.key_file).exists():
        print_line(f"there is no {purging.list_beside(settings.security.key_file)}: was it copied?")
    print_line("No letter leaves now. Move mail that was filed since the backup back to the inbox,")
    print_line("run the service, look at outbox list, cancel what was sent already,")
    print_line("then mmx-mailflow restore --go-on")


def _gone_on(context: typer.Context) -> int:
    with office_of(context) as office, office.store.begin() as connection:
        was = copying.go_on(connection)
    print_line("letters leave again" if was else "no restore was waiting")
    return 0


def legal_hold_set(context: typer.Context, ref: Ref) -> int:
    """Keep a case whatever the calendar says."""
    return _hold(context, ref, lift=False)


def legal_hold_lift(context: typer.Context, ref: Ref) -> int:
    """Let a case go again when its time has come."""
    return _hold(context, ref, lift=True)


def _hold(context: typer.Context, ref: str, *, lift: bool) -> int:
    with office_of(context) as office, office.store.begin() as connection:
        name = _known(purge_rows.existing(connection), ref)
        purge_rows.hold(connection, name, office.clock.now(), lift=lift)
        stored = cases.load(connection, office.keys, name)
        if stored is not None:
            event = OperatorDecided(action="legal_hold", words="lift" if lift else "set")
            handle(office, connection, stored, event, actor="operator")
    print_line(f"{name}: {'no legal hold' if lift else 'under a legal hold'}")
    return 0


def _known(refs: frozenset[str], ref: str) -> CaseId:
    name = read_reference(ref)
    if name is None or name not in refs:
        raise Failure(f"there is no case {ref}")
    return name


def legal_hold_list(context: typer.Context, as_json: Json = False) -> int:
    """Show which cases are under a legal hold, and since when."""
    with office_of(context) as office, office.store.begin() as connection:
        rows = [{"ref": r, "since": at.isoformat()} for r, at in purge_rows.holds(connection)]
    if as_json:
        print_json(rows)
    else:
        print_rows(("ref", "since"), rows)
    return 0
