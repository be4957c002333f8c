"""Purging: the key of a case goes, and with it everything; a stub proves that it existed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, tuple_, update

from mmx_mailflow.casework.case import State
from mmx_mailflow.casework.values import CaseId
from mmx_mailflow.store import journal, messages
from mmx_mailflow.store.tables import (
    authorizations,
    cases,
    form_files,
    legal_holds,
    outbox,
    people,
    purged,
    submissions,
    tokens,
)
from mmx_mailflow.store.tables import journal as lines
from mmx_mailflow.store.tables import messages as mails
from mmx_mailflow.store.vault import Keys, seal

_BLANK_MAIL = {
    "size": 0,
    "sha256": "",
    "message_key": None,
    "content_key": None,
    "sealed_id": None,
    "wrapped_key": None,
    "sealed": None,
}
_BLANK_LINE = {
    "kind": "",
    "because": "",
    "letters": "",
    "actor": "",
    "message": None,
    "sealed": b"",
}
_BLANK_CASE = {"due_at": None, "patient_key": None, "wrapped_key": b"", "sealed": b""}
_BLANK_LETTER = {
    "recipient_key": "",
    "sealed_recipient": b"",
    "sealed_shows": b"",
    "sealed": b"",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What a purge took; the Message-IDs say what is to go from the mail server too."""

    mails: int
    letters: int
    message_ids: frozenset[str] = field(repr=False)
    nameless: int = 0
    """Mails without a Message-ID: on the server they are found by hand only."""


def obstacle(connection: Connection, ref: CaseId, *, again: bool = False) -> str:
    """Why a case cannot be purged now; empty when it can.

    `again` after a restore, where a case may be in the state it had before it was closed.
    """
    row = connection.execute(select(cases).where(cases.c.ref == ref)).one_or_none()
    if row is None:
        return "there is no such case"
    if again:
        return "it was purged already" if row.state == State.PURGED.value else ""
    if row.state == State.PURGED.value:
        return "it was purged already"
    if row.state != State.CLOSED.value:
        return "it is not closed"
    if on_hold(connection, ref):
        return "it is under a legal hold"
    sending = select(outbox.c.id).where(outbox.c.ref == ref, outbox.c.state == "sending")
    return "a letter is being sent" if connection.execute(sending.limit(1)).first() else ""


def on_hold(connection: Connection, ref: CaseId) -> bool:
    """Whether a legal hold keeps the case."""
    query = select(legal_holds.c.ref).where(legal_holds.c.ref == ref)
    return connection.execute(query).first() is not None


def hold(connection: Connection, ref: CaseId, now: datetime, *, lift: bool = False) -> None:
    """Set or lift the legal hold of a case."""
    connection.execute(delete(legal_holds).where(legal_holds.c.ref == ref))
    if not lift:
        connection.execute(insert(legal_holds).values(ref=ref, since=now))


def holds(connection: Connection) -> list[tuple[CaseId, datetime]]:
    """The cases under a legal hold and since when."""
    rows = connection.execute(select(legal_holds).order_by(legal_holds.c.ref))
    return [(CaseId(row.ref), row.since) for row in rows]


def existing(connection: Connection) -> frozenset[str]:
    """The references of cases that were not purged."""
    query = select(cases.c.ref).where(cases.c.state != State.PURGED.value)
    return frozenset(connection.scalars(query))


def purge(connection: Connection, keys: Keys, ref: CaseId, rule: str, now: datetime) -> Gone:
    """Take everything of a case but its stub; a case that was purged before is left alone."""
    state = connection.scalar(select(cases.c.state).where(cases.c.ref == ref).with_for_update())
    if state == State.PURGED.value:
        return Gone(mails=0, letters=0, message_ids=frozenset())
    numbers = _mails_of(connection, ref)
    ours = connection.scalars(select(outbox.c.message_id).where(outbox.c.ref == ref)).all()
    theirs = blank_mails(connection, keys, numbers)
    for table in (submissions, authorizations, people, tokens, form_files, outbox, legal_holds):
        connection.execute(delete(table).where(table.c.ref == ref))
    connection.execute(update(lines).where(lines.c.ref == ref).values(**_BLANK_LINE))
    changes = _BLANK_CASE | {"state": State.PURGED.value, "language": ""}
    connection.execute(update(cases).where(cases.c.ref == ref).values(**changes))
    connection.execute(insert(purged).values(ref=ref, purged_at=now, rule=rule, proof=""))
    proof = _proof(connection, keys, ref)
    connection.execute(update(purged).where(purged.c.ref == ref).values(proof=proof))
    return Gone(
        mails=len(numbers),
        letters=len(ours),
        message_ids=frozenset(ours) | theirs.message_ids,
        nameless=theirs.nameless,
    )


def _mails_of(connection: Connection, ref: CaseId) -> list[int]:
    """The mails of a case, and those that were the same mails delivered again."""
    own = connection.execute(
        select(mails.c.id, mails.c.message_key, mails.c.content_key).where(mails.c.ref == ref)
    ).all()
    twins = [(row.message_key, row.content_key) for row in own if row.message_key]
    again = select(mails.c.id).where(
        mails.c.ref.is_(None), tuple_(mails.c.message_key, mails.c.content_key).in_(twins)
    )
    return [row.id for row in own] + (list(connection.scalars(again)) if twins else [])


def blank_mails(connection: Connection, keys: Keys, numbers: Sequence[int]) -> Gone:
    """Take what mails hold; their rows stay in the ledger with place, outcome and reason."""
    query = select(mails.c.id, mails.c.sealed_id, mails.c.sealed).where(mails.c.id.in_(numbers))
    names = [messages.message_id(keys, row.id, row.sealed_id) for row in connection.execute(query)]
    connection.execute(update(mails).where(mails.c.id.in_(numbers)).values(**_BLANK_MAIL))
    return Gone(
        mails=len(names),
        letters=0,
        message_ids=frozenset(filter(None, names)),
        nameless=names.count(""),
    )


def strip_mails(
    connection: Connection, keys: Keys, numbers: Sequence[int], strip: Callable[[bytes], bytes]
) -> Gone:
    """Take the files of mails and leave their words; the hash of the whole mail stays.

    A size of nothing says that the mail is no longer as it came.
    """
    names = []
    for number in numbers:
        row = connection.execute(select(mails).where(mails.c.id == number).with_for_update()).one()
        kept = messages.load(connection, keys, number)
        assert kept is not None
        where = messages.place_of(row.mailbox, row.folder, row.uidvalidity, row.uid)
        key = messages.key_of(connection, keys, number)
        sealed = seal(key, strip(kept.raw), where)
        connection.execute(update(mails).where(mails.c.id == number).values(size=0, sealed=sealed))
        names.append(messages.message_id(keys, number, row.sealed_id))
    return Gone(
        mails=len(names),
        letters=0,
        message_ids=frozenset(filter(None, names)),
        nameless=names.count(""),
    )


def old_mails(connection: Connection, before: datetime) -> list[int]:
    """Mails of no case that were handled before a moment and still hold something."""
    query = select(mails.c.id).where(
        mails.c.ref.is_(None),
        mails.c.outcome.is_not(None),
        mails.c.handled_at < before,
        or_(mails.c.sealed.is_not(None), mails.c.sealed_id.is_not(None)),
    )
    return list(connection.scalars(query.order_by(mails.c.id)))


def old_letters(connection: Connection, before: datetime) -> list[int]:
    """Letters of no case that are done with and were written before a moment."""
    query = select(outbox.c.id).where(
        outbox.c.ref.is_(None),
        outbox.c.state.in_(["sent", "refused", "cancelled"]),
        and_(outbox.c.created_at < before, outbox.c.recipient_key != ""),
    )
    return list(connection.scalars(query.order_by(outbox.c.id)))


def blank_letters(connection: Connection, numbers: Sequence[int]) -> Gone:
    """Take what letters hold and to whom they went; that they were sent stays."""
    ids = connection.scalars(select(outbox.c.message_id).where(outbox.c.id.in_(numbers))).all()
    connection.execute(update(outbox).where(outbox.c.id.in_(numbers)).values(**_BLANK_LETTER))
    return Gone(mails=0, letters=len(ids), message_ids=frozenset(ids))


def stubs(connection: Connection) -> list[Row[tuple[object, ...]]]:
    """What was purged: reference, when, by which rule."""
    return list(connection.execute(select(purged).order_by(purged.c.ref)).all())


def _proof(connection: Connection, keys: Keys, ref: CaseId) -> str:
    """A keyed hash over everything that the stub says, its chain of hashes included."""
    case = connection.execute(
        select(
            cases.c.ref, cases.c.state, cases.c.outcome, cases.c.received_at,
            cases.c.form_issued_at, cases.c.closed_at, cases.c.journal_head,
            cases.c.journal_length, purged.c.purged_at, purged.c.rule,
        )
        .join(purged, purged.c.ref == cases.c.ref)
        .where(cases.c.ref == ref)
    ).one()  # fmt: skip
    chain = connection.execute(
        select(
            lines.c.seq, lines.c.at, lines.c.before, lines.c.after, lines.c.previous, lines.c.hash
        )
        .where(lines.c.ref == ref)
        .order_by(lines.c.seq)
    ).all()
    words = json.dumps([[*case], *([*line] for line in chain)], default=_said)
    return hmac.digest(keys.chain_key(), words.encode(), hashlib.sha256).hex()


def _said(moment: object) -> str:
    assert isinstance(moment, datetime)
    return f"{moment.timestamp():.6f}"


def faults(connection: Connection, keys: Keys) -> list[str]:
    """Stubs that were changed, and what should be gone and is not."""
    found = []
    for row in stubs(connection):
        ref = CaseId(str(row.ref))
        if not hmac.compare_digest(_proof(connection, keys, ref), str(row.proof)):
            found.append(f"{ref}: what is left of the purged case was changed")
        found += journal.chain_faults(connection, ref)
        found += [f"{ref}: {name} are left of the purged case" for name in _left(connection, ref)]
    marked = set(connection.scalars(select(cases.c.ref).where(cases.c.state == "purged")))
    known = {str(row.ref) for row in stubs(connection)}
    return found + [f"{ref}: purged without a record of it" for ref in sorted(marked - known)]


def _left(connection: Connection, ref: CaseId) -> list[str]:
    """Names of tables that still hold something of the case."""
    full = {
        "mails": select(mails.c.id).where(mails.c.ref == ref, mails.c.wrapped_key.is_not(None)),
        "journal": select(lines.c.id).where(lines.c.ref == ref, lines.c.sealed != b""),
        "cases": select(cases.c.ref).where(cases.c.ref == ref, cases.c.wrapped_key != b""),
    }
    for table in (people, tokens, form_files, outbox):
        full[table.name] = select(table.c.ref).where(table.c.ref == ref)
    return [n for n, query in full.items() if connection.execute(query.limit(1)).first()]
