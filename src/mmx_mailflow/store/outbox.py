"""Letters with their final bytes, from the decision to the mail server's answer.

A claim is committed before the wire is touched, and the beginning of DATA before DATA: what a
crash leaves is read from the row (docs/internals.md).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_pg
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Address, CaseId, Role
from mmx_mailflow.store import wrapping
from mmx_mailflow.store.messages import case_key
from mmx_mailflow.store.tables import outbox, tokens
from mmx_mailflow.store.vault import Keys, seal, unseal

LOOK_FOR = timedelta(minutes=15)
"""How long an uncertain letter is looked for in our own copies before anything else."""
_STALE_CLAIM = timedelta(minutes=10)
_FEW = 2
"""Attempts that say nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A letter as it will be sent."""

    message_id: str
    business_key: str
    letter: LetterName
    to_role: Role
    provider: int
    occasion: str
    recipient: Address = field(repr=False)
    reply_code: str = field(repr=False)
    raw: bytes = field(repr=False)
    shows: tuple[str, ...] = field(repr=False)
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A row of the outbox with its letter opened."""

    number: int
    ref: CaseId | None
    letter: LetterName
    to_role: Role
    provider: int
    occasion: str
    message_id: str
    attempts: int
    created_at: datetime
    recipient: Address = field(repr=False)
    raw: bytes = field(repr=False)


def _key_of(connection: Connection, keys: Keys, ref: str | None) -> bytes:
    return case_key(connection, keys, ref) if ref else keys.lookup_key()


def queue(
    connection: Connection,
    keys: Keys,
    ref: CaseId | None,
    letters: Sequence[Composed],
    now: datetime,
) -> int:
    """Put letters into the outbox; one whose business key is there already is not doubled."""
    maker = insert_sqlite if connection.dialect.name == "sqlite" else insert_pg
    count = 0
    for letter in letters:
        key = _key_of(connection, keys, ref)
        values = _values(keys, key, ref, letter, now)
        done = connection.execute(
            maker(outbox)
            .values(**values)
            .on_conflict_do_nothing(index_elements=["business_key"])
            .returning(outbox.c.id)
        ).scalar()
        if done is None:
            continue
        count += 1
        code_key = keys.lookup("code", letter.reply_code)
        place = f"tokens.sealed_recipient/{code_key}"
        connection.execute(
            maker(tokens)
            .values(
                code_key=code_key,
                ref=ref,
                role=letter.to_role.value,
                provider=letter.provider,
                sealed_recipient=seal(key, letter.recipient.encode(), place),
            )
            .on_conflict_do_nothing(index_elements=["code_key"])
        )
    return count


def _values(
    keys: Keys, key: bytes, ref: CaseId | None, letter: Composed, now: datetime
) -> dict[str, object]:
    where = f"/{letter.message_id}"
    return {
        "business_key": letter.business_key,
        "message_id": letter.message_id,
        "ref": ref,
        "letter": letter.letter.value,
        "to_role": letter.to_role.value,
        "provider": letter.provider,
        "occasion": letter.occasion,
        "recipient_key": keys.lookup("address", letter.recipient.lower()),
        "state": "waiting",
        "attempts": 0,
        "in_data": False,
        "reply": "",
        "created_at": now,
        "next_at": letter.not_before or now,
        "sealed_recipient": seal(key, letter.recipient.encode(), "outbox.recipient" + where),
        "sealed_shows": seal(key, json.dumps(letter.shows).encode(), "outbox.shows" + where),
        "sealed": seal(key, letter.raw, "outbox.sealed" + where),
    }


def due(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Letters whose time has come, oldest first; none while a restore was not looked at."""
    if wrapping.value(connection, wrapping.RESTORED) is not None:
        return []
    query = (
        select(outbox.c.id)
        .where(outbox.c.state == "waiting", outbox.c.next_at <= now)
        .order_by(outbox.c.next_at, outbox.c.id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def _opened(connection: Connection, keys: Keys, row: Row[Any]) -> Waiting:
    key = _key_of(connection, keys, row.ref)
    where = f"/{row.message_id}"
    return Waiting(
        number=row.id,
        ref=row.ref,
        letter=LetterName(row.letter),
        to_role=Role(row.to_role),
        provider=row.provider,
        occasion=row.occasion,
        message_id=row.message_id,
        attempts=row.attempts,
        created_at=row.created_at,
        recipient=unseal(key, row.sealed_recipient, "outbox.recipient" + where).decode(),
        raw=unseal(key, row.sealed, "outbox.sealed" + where),
    )


def claim(connection: Connection, keys: Keys, number: int, now: datetime) -> Waiting | None:
    """Count an attempt (commit 3) and return the letter; None when another hand has it."""
    done = connection.execute(
        update(outbox)
        .where(outbox.c.id == number, outbox.c.state == "waiting", outbox.c.next_at <= now)
        .values(state="sending", attempts=outbox.c.attempts + 1, claimed_at=now, in_data=False)
    )
    if done.rowcount != 1:
        return None
    row = connection.execute(select(outbox).where(outbox.c.id == number)).one()
    return _opened(connection, keys, row)


def _set(connection: Connection, number: int, **values: object) -> None:
    connection.execute(update(outbox).where(outbox.c.id == number).values(**values))


def data_begins(connection: Connection, number: int, now: datetime) -> None:
    """Note that DATA is about to be sent: from here on a crash leaves an uncertain letter."""
    _set(connection, number, in_data=True, data_at=now)


def sent(connection: Connection, number: int, reply: str, now: datetime) -> None:
    """The mail server took it (commit 4); `reply` is its code and queue id, kept as proof."""
    _set(connection, number, state="sent", sent_at=now, reply=reply[:120])


def not_now(connection: Connection, number: int, code: str, next_at: datetime) -> None:
    """Refused for now: offered again at `next_at`."""
    _set(connection, number, state="waiting", reply=code[:120], next_at=next_at, in_data=False)


def refused(connection: Connection, number: int, code: str) -> None:
    """Refused for good."""
    _set(connection, number, state="refused", reply=code[:120])


def cancelled(connection: Connection, number: int, why: str) -> None:
    """Not sent, and never will be."""
    _set(connection, number, state="cancelled", reply=why[:120])


def uncertain(connection: Connection, number: int, now: datetime) -> None:
    """Sent or not: looked up before anything else happens with it."""
    _set(connection, number, state="uncertain", next_at=now + LOOK_FOR)


def recover(connection: Connection, now: datetime, *, all_claims: bool) -> int:
    """Rows that a dead process left in its hands: back to waiting, or uncertain after DATA.

    `all_claims` at the start of the only daemon; else only claims that are old.
    """
    mine: list[ColumnElement[bool]] = [outbox.c.state == "sending"]
    if not all_claims:
        mine.append(outbox.c.claimed_at < now - _STALE_CLAIM)
    after = connection.execute(
        update(outbox)
        .where(*mine, outbox.c.in_data)
        .values(state="uncertain", next_at=now + LOOK_FOR)
    )
    before = connection.execute(update(outbox).where(*mine).values(state="waiting", next_at=now))
    return after.rowcount + before.rowcount


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An uncertain letter: what to look for, and until when."""

    number: int
    ref: CaseId | None
    letter: LetterName
    to_role: Role
    provider: int
    occasion: str
    message_id: str
    look_until: datetime


def doubts(connection: Connection) -> list[Doubt]:
    """The uncertain letters, oldest first."""
    query = select(outbox).where(outbox.c.state == "uncertain").order_by(outbox.c.id)
    return [
        Doubt(
            number=row.id,
            ref=row.ref,
            letter=LetterName(row.letter),
            to_role=Role(row.to_role),
            provider=row.provider,
            occasion=row.occasion,
            message_id=row.message_id,
            look_until=row.next_at,
        )
        for row in connection.execute(query)
    ]


def again(connection: Connection, number: int, now: datetime) -> None:
    """Offer the same bytes again."""
    _set(connection, number, state="waiting", next_at=now, in_data=False)


def change(connection: Connection, ref: CaseId, names: frozenset[str], old: str, new: str) -> int:
    """Move a case's letters from one waiting state to another, by role, occasion or letter."""
    if not names:
        return 0
    done = connection.execute(
        update(outbox)
        .where(
            outbox.c.ref == ref,
            outbox.c.state == old,
            or_(*(c.in_(names) for c in (outbox.c.to_role, outbox.c.occasion, outbox.c.letter))),
            outbox.c.to_role != Role.STAFF.value,
        )
        .values(state=new)
    )
    return done.rowcount


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A letter of ours that somebody names by its Message-ID."""

    number: int
    ref: CaseId | None
    message_id: str
    letter: LetterName
    to_role: Role
    provider: int
    state: str
    recipient: Address = field(repr=False)
    shows: tuple[str, ...] = field(repr=False)


def by_message_ids(connection: Connection, keys: Keys, message_ids: Sequence[str]) -> list[Ours]:
    """Our letters with these Message-IDs, in the order given."""
    if not message_ids:
        return []
    query = select(outbox).where(
        outbox.c.message_id.in_(message_ids[:50]), outbox.c.recipient_key != ""
    )
    found = {row.message_id: row for row in connection.execute(query)}
    ours = []
    for message_id in message_ids:
        row = found.get(message_id)
        if row is None:
            continue
        key, where = _key_of(connection, keys, row.ref), f"/{row.message_id}"
        shows = json.loads(unseal(key, row.sealed_shows, "outbox.shows" + where))
        ours.append(
            Ours(
                number=row.id,
                ref=row.ref,
                message_id=row.message_id,
                letter=LetterName(row.letter),
                to_role=Role(row.to_role),
                provider=row.provider,
                state=row.state,
                recipient=unseal(key, row.sealed_recipient, "outbox.recipient" + where).decode(),
                shows=tuple(shows),
            )
        )
    return ours


def written(connection: Connection, keys: Keys, number: int) -> bytes:
    """The bytes of a letter as they were sent."""
    row = connection.execute(select(outbox).where(outbox.c.id == number)).one()
    return _opened(connection, keys, row).raw


def listing(connection: Connection, *states: str) -> list[dict[str, object]]:
    """The outbox as `outbox --json` shows it, oldest first."""
    query = select(outbox).order_by(outbox.c.id)
    if states:
        query = query.where(outbox.c.state.in_(states))
    names = ("message_id", "to_role", "letter", "ref", "state", "attempts", "business_key")
    return [
        {name: getattr(row, name) for name in names}
        | {
            "number": row.id,
            "created_at": row.created_at,
            "sent_at": row.sent_at,
            "data_at": row.data_at,
            "next_at": row.next_at,
            "reply": row.reply,
        }
        for row in connection.execute(query)
    ]


def oldest_waiting(connection: Connection, now: datetime) -> datetime | None:
    """Since when the oldest due letter waits."""
    since: datetime | None = connection.scalar(
        select(func.min(outbox.c.next_at)).where(
            outbox.c.state == "waiting", outbox.c.next_at <= now
        )
    )
    return since


def old(connection: Connection, since: datetime) -> list[str]:
    """The cases whose letters have waited since before `since` and were refused thrice or more."""
    query = (
        select(outbox.c.ref)
        .where(outbox.c.state == "waiting", outbox.c.created_at < since, outbox.c.attempts > _FEW)
        .order_by(outbox.c.id)
        .limit(20)
    )
    return list(dict.fromkeys(ref or "-" for ref in connection.scalars(query)))


def has_occasion(connection: Connection, occasion: str) -> bool:
    """Whether a letter of no case with this occasion was queued."""
    query = select(outbox.c.id).where(outbox.c.ref.is_(None), outbox.c.occasion == occasion)
    return connection.execute(query.limit(1)).first() is not None


def last_written(connection: Connection, names: Sequence[LetterName]) -> datetime | None:
    """When the last letter of one of these names was written."""
    query = select(func.max(outbox.c.created_at)).where(
        outbox.c.letter.in_([n.value for n in names])
    )
    found: datetime | None = connection.scalar(query)
    return found


def turn(connection: Connection, number: int, old: Sequence[str], new: str, now: datetime) -> bool:
    """Move one letter from one of the states `old` to `new`, as the operator wants it."""
    values: dict[str, object] = {"state": new}
    if new == "waiting":
        values["next_at"] = now
    done = connection.execute(
        update(outbox).where(outbox.c.id == number, outbox.c.state.in_(old)).values(**values)
    )
    return done.rowcount == 1


Opened = tuple[Waiting, Row[Any]]


def of_case(connection: Connection, keys: Keys, ref: CaseId) -> list[Opened]:
    """Every letter of a case, opened, with its row: state, when it was sent, the answer."""
    query = select(outbox).where(outbox.c.ref == ref, outbox.c.recipient_key != "")
    rows = connection.execute(query.order_by(outbox.c.id)).all()
    return [(_opened(connection, keys, row), row) for row in rows]
