"""The board, one case, its journal, the ledger and the queues, as tables or JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.codes import read_reference
from mmx_mailflow.casework.events import OperatorDecided
from mmx_mailflow.casework.values import CaseId, Outcome
from mmx_mailflow.cli.common import Failure, options_of, print_json, print_line, print_rows
from mmx_mailflow.cli.opened import EXPECTED, office_of
from mmx_mailflow.intake.directory import read_csv
from mmx_mailflow.intake.parse import parsed
from mmx_mailflow.office import Office, handle
from mmx_mailflow.ops import board
from mmx_mailflow.ops.export import FolderNotEmptyError
from mmx_mailflow.ops.export import export as export_case
from mmx_mailflow.ops.verify import balance, kept_heads, verified
from mmx_mailflow.settings import data_path
from mmx_mailflow.store import cases as case_rows
from mmx_mailflow.store import directory, engine, journal
from mmx_mailflow.store import messages as mail_rows
from mmx_mailflow.store import outbox as outbox_rows
from mmx_mailflow.store.vault import load_keys

Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show what is personal; it is noted.")]
Ref = Annotated[str, typer.Argument(metavar="REF", help="A case.")]
Number = Annotated[int, typer.Argument(metavar="N", help="The number of a mail or letter.")]
_PERSONAL = frozenset({
    "sender", "facts", "evidence", "name", "details", "words", "address",
})  # fmt: skip


def _shown(record: board.Record, *, reveal: bool) -> board.Record:
    return record if reveal else board.hide(record, _PERSONAL)


def _case(office: Office, ref: str) -> Case:
    name = read_reference(ref)
    with office.store.begin() as connection:
        stored = case_rows.load(connection, office.keys, name) if name else None
    if stored is None:
        raise Failure(f"there is no case {ref}")
    return stored.case


def _noted(office: Office, ref: CaseId, what: str) -> None:
    """Revealing is journalled (product page, section 3)."""
    with office.store.begin() as connection:
        _note(office, connection, ref, what)


def _note(office: Office, connection: engine.Connection, ref: CaseId, what: str) -> None:
    stored = case_rows.load(connection, office.keys, ref)
    if stored is not None:
        event = OperatorDecided(action="reveal", words=what)
        handle(office, connection, stored, event, actor="operator")


def cases(context: typer.Context, as_json: Json = False, reveal: Reveal = False) -> int:
    """Show the board: every case, its state, and whose turn it is."""
    with office_of(context) as office:
        with office.store.begin() as connection:
            every = case_rows.listing(connection, office.keys)
        if reveal:
            for case in every:
                _noted(office, case.ref, "cases")
        rows = [_shown(board.row_of(case, office.policy), reveal=reveal) for case in every]
    if as_json:
        print_json(rows)
    else:
        columns = ("ref", "state", "outcome", "whose_turn", "received_at", "next_due_at", "missing")
        print_rows(columns, rows)
    return 0


def case(context: typer.Context, ref: Ref, as_json: Json = False, reveal: Reveal = False) -> int:
    """Show one case with its facts and their evidence."""
    with office_of(context) as office:
        found = _case(office, ref)
        if reveal:
            _noted(office, found.ref, "case")
        record = _shown(board.details_of(found, office.policy), reveal=reveal)
    if as_json:
        print_json(record)
    else:
        print_rows(("what", "value"), [{"what": k, "value": v} for k, v in record.items()])
    return 0


def timeline(
    context: typer.Context, ref: Ref, as_json: Json = False, reveal: Reveal = False
) -> int:
    """Show the journal of a case."""
    with office_of(context) as office:
        found = _case(office, ref)
        if reveal:
            _noted(office, found.ref, "timeline")
        with office.store.begin() as connection:
            lines = journal.lines(connection, office.keys, found.ref)
    rows: list[board.Record] = [
        {
            "seq": line.seq,
            "at": line.at.isoformat(),
            "kind": line.kind,
            "before": line.before,
            "after": line.after,
            "because": line.because,
            "letters": [*line.letters],
            "actor": line.actor,
            "words": line.words,
        }
        for line in lines
    ]
    rows = [_shown(row, reveal=reveal) for row in rows]
    if as_json:
        print_json(rows)
    else:
        print_rows(("seq", "at", "kind", "after", "because", "letters"), rows)
    return 0


def export(
    context: typer.Context,
    ref: Ref,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="An empty or new folder.")],
) -> int:
    """Write everything about one case as a readable package; it is noted in the journal."""
    with office_of(context) as office:
        found = _case(office, ref)
        if out.is_dir() and any(out.iterdir()):
            raise Failure(f"{out} is not empty: nothing was written")
        _noted(office, found.ref, "export")
        try:
            count = export_case(office, found.ref, out)
        except OSError as error:
            raise Failure(f"{out}: {error.strerror}") from error
        except FolderNotEmptyError as error:
            raise Failure(str(error)) from error
    print_line(f"{out}: {count} files; start with index.html. It is not encrypted: guard it.")
    return 0


def timers(context: typer.Context, as_json: Json = False) -> int:
    """Show every deadline of every open case, soonest first."""
    with office_of(context) as office:
        with office.store.begin() as connection:
            every = case_rows.listing(connection, office.keys)
        rows = [row for case in every for row in board.timers_of(case, office.policy)]
    rows.sort(key=lambda row: str(row["due_at"]))
    _print(rows, ("ref", "name", "due_at"), as_json=as_json)
    return 0


def _print(rows: list[board.Record], columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
    else:
        print_rows(columns, rows)


_LEDGER = ("number", "received_at", "kind", "outcome", "ref", "why")


def messages(context: typer.Context, as_json: Json = False) -> int:
    """Show the ledger: each mail, its outcome and why."""
    _ledger(context, None, as_json=as_json)
    return 0


def _ledger(context: typer.Context, outcome: Outcome | None, *, as_json: bool) -> None:
    with office_of(context) as office, office.store.begin() as connection:
        found = mail_rows.listing(connection, office.keys, outcome=outcome)
    rows = [board.said_of(row) for row in found]
    _print(rows, _LEDGER, as_json=as_json)


def parked_list(context: typer.Context, as_json: Json = False) -> int:
    """List mails that failed three times."""
    _ledger(context, Outcome.PARKED, as_json=as_json)
    return 0


def held_list(context: typer.Context, as_json: Json = False) -> int:
    """List mails that wait for a person."""
    _ledger(context, Outcome.HELD, as_json=as_json)
    return 0


def show_mail(
    context: typer.Context,
    number: Number,
    reveal: Reveal = False,
    raw: Annotated[
        Path | None,
        typer.Option("--raw", metavar="FILE", help="Write the mail as it came; with --reveal."),
    ] = None,
) -> int:
    """Show what is understood of one kept mail."""
    if raw is not None and not reveal:
        raise typer.BadParameter("--raw shows everything: say --reveal too")
    with office_of(context) as office, office.store.begin() as connection:
        kept = mail_rows.load(connection, office.keys, number)
        if kept is None:
            raise Failure(f"there is no mail number {number}")
        if reveal and kept.ref is not None:
            _note(office, connection, kept.ref, f"mail {number}")
    if raw is not None:
        _write_new(raw, kept.raw)
        print_line(f"{raw}: mail number {number} as it came. It is not encrypted: guard it.")
        return 0
    record = _understood(number, kept.raw)
    print_json(record if reveal else board.hide(record, frozenset({"fields", "evidence"})))
    return 0


def _understood(number: int, raw: bytes) -> board.Record:
    try:
        return parsed(str(number), raw)
    except Exception as error:
        # What parked it may do the same here; its words may be those of the mail.
        raise Failure(f"mail number {number} cannot be read: {type(error).__name__}") from error


def _write_new(path: Path, content: bytes) -> None:
    """A file that only its owner may read; one that is there is not touched."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from error


def outbox_list(context: typer.Context, as_json: Json = False) -> int:
    """Show every letter and what became of it."""
    with office_of(context) as office, office.store.begin() as connection:
        rows = [board.said_of(row) for row in outbox_rows.listing(connection)]
    _print(
        rows,
        ("number", "to_role", "letter", "ref", "state", "attempts", "sent_at", "reply"),
        as_json=as_json,
    )
    return 0


def _turn(context: typer.Context, number: int, old: tuple[str, ...], new: str) -> int:
    with office_of(context) as office, office.store.begin() as connection:
        if not outbox_rows.turn(connection, number, old, new, office.clock.now()):
            raise Failure(f"letter number {number} is not {' or '.join(old)}")
    print_line(f"letter number {number}: {new}")
    return 0


def outbox_pause(context: typer.Context, number: Number) -> int:
    """Keep a waiting letter back."""
    return _turn(context, number, ("waiting",), "paused")


def outbox_release(context: typer.Context, number: Number) -> int:
    """Let a paused letter go; the gate is asked again when it is sent."""
    return _turn(context, number, ("paused",), "waiting")


def outbox_cancel(context: typer.Context, number: Number) -> int:
    """Never send a letter that waits."""
    return _turn(context, number, ("waiting", "paused"), "cancelled")


def outbox_retry(context: typer.Context, number: Number) -> int:
    """Offer a refused letter again."""
    return _turn(context, number, ("refused",), "waiting")


def verify(
    context: typer.Context,
    as_json: Json = False,
    heads: Annotated[
        Path | None,
        typer.Option(
            "--heads",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="A daily mail that was kept: are its heads still there?",
        ),
    ] = None,
) -> int:
    """Check the chains of journal and ledger and every promise that the database can show."""
    boxes = options_of(context).settings().mailbox
    with office_of(context) as office:
        report = verified(office)
        if heads is not None:
            report["checks"].append(kept_heads(office, heads.read_bytes()))
        report["checks"] += [balance(office, box) for box in boxes]
        report["ok"] = all(check["ok"] for check in report["checks"])
    if as_json:
        print_json(report)
    else:
        print_rows(("name", "ok", "detail"), [{**c} for c in report["checks"]])
    return 0 if report["ok"] else 1


def providers_list(context: typer.Context, as_json: Json = False) -> int:
    """List the directory of providers."""
    with office_of(context) as office:
        rows = [e.model_dump(mode="json") for e in office.directory.entries]
    _print(rows, ("name", "email", "city", "country", "channel", "language"), as_json=as_json)
    return 0


def providers_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="CSV", exists=True, dir_okay=False)],
) -> int:
    """Put the lines of a CSV file into the directory; a wrong line stops nothing else."""
    entries, errors = read_csv(file.read_text(encoding="utf-8-sig"))
    with office_of(context) as office, office.store.begin() as connection:
        total = directory.put(connection, entries)
    for error in errors:
        print_line(f"{file.name}: {error}")
    print_line(f"{len(entries)} entries read, {total} in the directory")
    return 1 if errors else 0


def providers_add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS")],
) -> int:
    """Add one provider with the address of its records office."""
    entries, errors = read_csv(f'name,email\n"{name}","{address}"\n')
    if errors:
        raise Failure(errors[0])
    with office_of(context) as office, office.store.begin() as connection:
        directory.put(connection, entries)
    return 0


def db_upgrade(context: typer.Context) -> int:
    """Bring the database to the schema of this version."""
    settings = options_of(context).settings()
    try:
        keys = load_keys(settings.security.key_file)
        engine.upgrade_with(settings.database.full_url(), keys, data_path("migrations"))
    except EXPECTED as error:
        raise Failure(str(error)) from error
    print_line("the schema is up to date")
    return 0
