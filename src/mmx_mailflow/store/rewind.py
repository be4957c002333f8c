"""The database as it was before one mail: for a trial that is rolled back, and for nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, select, update

from mmx_mailflow.casework.deadlines import due_at
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.values import Address, CaseId
from mmx_mailflow.store import cases as case_rows
from mmx_mailflow.store import journal as journal_rows
from mmx_mailflow.store import messages as mail_rows
from mmx_mailflow.store import shapes, wrapping
from mmx_mailflow.store.tables import (
    authorizations,
    cases,
    form_files,
    journal,
    legal_holds,
    messages,
    outbox,
    people,
    submissions,
    tokens,
)
from mmx_mailflow.store.vault import Keys, seal

NEW = "new"
"""The case of a mail that opened it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """What became of a mail, in names only."""

    outcome: str
    kind: str
    case: str
    """`new`, a reference, or empty."""
    state: str
    """Of its case, once the mail was handled."""
    letters: tuple[str, ...]
    """Written for its case."""
    why: str = ""


def became(connection: Connection, number: int) -> Became | None:
    """What the ledger and the journal say of a mail; None while nothing became of it."""
    row = connection.execute(select(messages).where(messages.c.id == number)).one_or_none()
    if row is None or row.outcome is None:
        return None
    lines = _lines(connection, number)
    opened = bool(lines) and lines[0].seq == 1
    return Became(
        outcome=row.outcome,
        kind=row.kind or "",
        case=NEW if opened else row.ref or "",
        state=str(lines[-1].after) if lines else "",
        letters=tuple(sorted({name for line in lines for name in str(line.letters).split()})),
        why=row.why,
    )


def _lines(connection: Connection, number: int) -> list[Row[tuple[object, ...]]]:
    query = select(journal).where(journal.c.message == number).order_by(journal.c.id)
    return list(connection.execute(query).all())


def placed_by(connection: Connection, keys: Keys, number: int) -> str:
    """Why the mail went to its case, as the journal has it; empty when it went to none."""
    for line in _lines(connection, number):
        key = mail_rows.case_key(connection, keys, str(line.ref))
        event = journal_rows.event_words(key, line)
        mail = event.get("mail")
        return str(mail.get("subject_case", "")) if isinstance(mail, dict) else ""
    return ""


def rewind(
    connection: Connection, keys: Keys, number: int, sender: Address, policy: Policy
) -> datetime:
    """Take back what became of a mail and of its case since; return when it was handled."""
    row = connection.execute(select(messages).where(messages.c.id == number)).one()
    place = mail_rows.place_of(row.mailbox, row.folder, row.uidvalidity, row.uid)
    key = mail_rows.key_of(connection, keys, number)
    lines = _lines(connection, number)
    if lines and lines[0].seq == 1:
        _no_case(connection, CaseId(str(lines[0].ref)))
    elif lines:
        _case_before(connection, keys, lines[0], policy)
    plain = (outbox.c.ref.is_(None), outbox.c.created_at >= row.kept_at)
    mine = outbox.c.recipient_key == keys.lookup("address", sender.lower())
    connection.execute(delete(outbox).where(*plain, mine))
    connection.execute(
        update(messages)
        .where(messages.c.id == number)
        .values(
            outcome=None, kind=None, why="", ref=None, failures=0, next_at=None, handled_at=None,
            wrapped_key=keys.wrap(key, place, wrapping.current(connection)),
        )
    )  # fmt: skip
    handled_at: datetime = row.handled_at
    return handled_at


def _no_case(connection: Connection, ref: CaseId) -> None:
    """The mail opened its case: there is none yet."""
    connection.execute(update(messages).where(messages.c.ref == ref).values(ref=None))
    tables = (
        submissions, authorizations, people, tokens, form_files, legal_holds, outbox, journal,
        cases,
    )  # fmt: skip
    for table in tables:
        connection.execute(delete(table).where(table.c.ref == ref))


def _case_before(
    connection: Connection, keys: Keys, line: Row[tuple[object, ...]], policy: Policy
) -> None:
    """The case as its journal tells it before a line, without the letters written since."""
    ref, seq = CaseId(str(line.ref)), int(str(line.seq))
    case = journal_rows.rebuild(connection, keys, ref, seq - 1)
    since = select(outbox.c.id).where(outbox.c.ref == ref, outbox.c.created_at >= line.at)
    connection.execute(delete(submissions).where(submissions.c.outbox_id.in_(since)))
    connection.execute(delete(outbox).where(outbox.c.id.in_(since)))
    connection.execute(delete(people).where(people.c.ref == ref))
    case_rows.know_people(connection, keys, case)
    connection.execute(delete(journal).where(journal.c.ref == ref, journal.c.seq >= seq))
    key = mail_rows.case_key(connection, keys, ref)
    connection.execute(
        update(cases)
        .where(cases.c.ref == ref)
        .values(
            state=case.state.value,
            outcome=case.result.value if case.result else None,
            form_issued_at=case.form_issued_at,
            due_at=due_at(case, policy),
            closed_at=case.closed_at,
            journal_head=line.previous,
            journal_length=seq - 1,
            sealed=seal(key, shapes.dumped(case), f"cases.sealed/{ref}"),
        )
    )
