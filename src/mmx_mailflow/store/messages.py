"""The ledger: every mail that was seen has one row and, in the end, one outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_pg
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from mmx_mailflow.casework.values import CaseId, Kind, Outcome
from mmx_mailflow.store import ledger, wrapping
from mmx_mailflow.store.tables import cases, folders, messages
from mmx_mailflow.store.vault import Keys, seal, unseal

STRIKES = 3
_PAUSE_AFTER_FAILURE = timedelta(minutes=1)
_REVIEW = frozenset({Outcome.HELD, Outcome.PARKED, Outcome.TOO_LARGE})
_STAYS = frozenset({Outcome.BEFORE_START})
BY_HAND = "staff sent it by hand"
"""Why a mail is handled of which the Sent folder gave the headers alone."""
_COPY_OF = "copy of "
"""The place of an edited copy: no folder of a mailbox, and the number of its original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A mail as it came from the mail server; `raw` is None when it was not fetched."""

    uid: int
    received_at: datetime
    size: int
    raw: bytes | None = field(repr=False)
    outcome: Outcome | None = None
    """Set for mail that is entered without being handled."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A mail that lay on the server and was not given; its row has no bytes yet."""

    number: int
    uid: int
    uidvalidity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A kept mail, ready to be read."""

    number: int
    mailbox: str
    received_at: datetime
    outcome: Outcome | None
    ref: CaseId | None
    raw: bytes = field(repr=False)
    whole: bool
    given: bool = True
    """The mail server gave its bytes, and they were not purged since."""


def last_uid(connection: Connection, mailbox: str, folder: str, uidvalidity: int) -> int:
    """The highest UID that was entered under this UIDVALIDITY, 0 for a new one."""
    found = connection.scalar(
        select(folders.c.last_uid).where(
            folders.c.mailbox == mailbox,
            folders.c.folder == folder,
            folders.c.uidvalidity == uidvalidity,
        )
    )
    return found or 0


def is_known(connection: Connection, mailbox: str, folder: str, uidvalidity: int) -> bool:
    """Whether this folder was looked into before, under this UIDVALIDITY."""
    query = select(folders.c.last_uid).where(
        folders.c.mailbox == mailbox,
        folders.c.folder == folder,
        folders.c.uidvalidity == uidvalidity,
    )
    return connection.execute(query).first() is not None


def mark(
    connection: Connection, mailbox: str, folder: str, uidvalidity: int, uid: int, now: datetime
) -> None:
    """Note up to which UID a folder was looked through."""
    maker = insert_sqlite if connection.dialect.name == "sqlite" else insert_pg
    place = {"mailbox": mailbox, "folder": folder, "uidvalidity": uidvalidity}
    seen = {"last_uid": uid, "seen_at": now}
    connection.execute(
        maker(folders)
        .values(**place, **seen)
        .on_conflict_do_update(index_elements=list(place), set_=seen)
    )


def place_of(mailbox: str, folder: str, uidvalidity: int, uid: int) -> str:
    """What the seals of a mail are bound to."""
    return f"messages.sealed/{mailbox}/{folder}/{uidvalidity}/{uid}"


def keep(
    connection: Connection,
    keys: Keys,
    mailbox: str,
    folder: str,
    uidvalidity: int,
    batch: Sequence[Fetched],
    now: datetime,
) -> int:
    """Enter a batch (commit 1); what is known by its UID is not entered again."""
    if not batch:
        return 0
    by = wrapping.current(connection)
    rows = [_row(keys, by, mailbox, folder, uidvalidity, mail, now) for mail in batch]
    maker = insert_sqlite if connection.dialect.name == "sqlite" else insert_pg
    unique = ["mailbox", "folder", "uidvalidity", "uid"]
    done = connection.execute(
        maker(messages)
        .on_conflict_do_nothing(index_elements=unique)
        .returning(messages.c.id, messages.c.outcome),
        rows,
    )
    entered = done.all()
    ledger.note(connection, [row.id for row in entered if row.outcome], now)
    mark(connection, mailbox, folder, uidvalidity, max(m.uid for m in batch), now)
    return len(entered)


def _row(
    keys: Keys, by: str, mailbox: str, folder: str, uidvalidity: int, mail: Fetched, now: datetime
) -> dict[str, object]:
    key = keys.new_key()
    where = place_of(mailbox, folder, uidvalidity, mail.uid)
    return {
        "mailbox": mailbox,
        "folder": folder,
        "uidvalidity": uidvalidity,
        "uid": mail.uid,
        "received_at": mail.received_at,
        "kept_at": now,
        "size": mail.size,
        "wrapped_key": keys.wrap(key, where, by),
        **_sealed(keys, key, mail.raw, where),
        "outcome": mail.outcome.value if mail.outcome else None,
        "why": mail.why,
        "failures": 0,
        "handled_at": now if mail.outcome else None,
        "file_to": None if mail.outcome in _STAYS or mail.outcome is None else "review",
    }


def _sealed(keys: Keys, key: bytes, raw: bytes | None, where: str) -> dict[str, object]:
    digest = hashlib.sha256(raw or b"").hexdigest()
    sealed = seal(key, raw, where) if raw is not None else None
    return {"sha256": keys.lookup("sha256", digest), "sealed": sealed}


def withheld(connection: Connection, mailbox: str, folder: str, now: datetime) -> list[Withheld]:
    """Mails to be asked for again now."""
    query = select(messages.c.id, messages.c.uid, messages.c.uidvalidity).where(
        messages.c.mailbox == mailbox,
        messages.c.folder == folder,
        messages.c.outcome.is_(None),
        messages.c.sealed.is_(None),
        or_(messages.c.next_at.is_(None), messages.c.next_at <= now),
    )
    return [
        Withheld(number=row.id, uid=row.uid, uidvalidity=row.uidvalidity)
        for row in connection.execute(query.order_by(messages.c.id))
    ]


def given(connection: Connection, keys: Keys, number: int, mail: Fetched, now: datetime) -> None:
    """Keep the bytes of a withheld mail, which now waits like any other (commit 1)."""
    # Locked: a rotation may be wrapping this very key anew.
    query = select(messages).where(messages.c.id == number).with_for_update()
    row = connection.execute(query).one()
    where = place_of(row.mailbox, row.folder, row.uidvalidity, row.uid)
    key = keys.unwrap(row.wrapped_key, where)
    outcome = mail.outcome.value if mail.outcome else None
    connection.execute(
        update(messages)
        .where(messages.c.id == number)
        .values(
            size=mail.size,
            outcome=outcome,
            why=mail.why,
            failures=0,
            next_at=None,
            handled_at=now if outcome else None,
            **_sealed(keys, key, mail.raw, where),
        )
    )
    ledger.note(connection, [number] if outcome else [], now)


def waiting(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Kept mails without an outcome, oldest first; those that failed rest for a minute."""
    query = (
        select(messages.c.id)
        .where(
            messages.c.outcome.is_(None),
            messages.c.sealed.is_not(None),
            or_(messages.c.next_at.is_(None), messages.c.next_at <= now),
        )
        .order_by(messages.c.id)
        .limit(limit)
    )
    return list(connection.scalars(query))


def claim(connection: Connection, number: int) -> bool:
    """Whether the mail still waits; on PostgreSQL its row is ours until the transaction ends."""
    query = (
        select(messages.c.id)
        .where(messages.c.id == number, messages.c.outcome.is_(None))
        .with_for_update(skip_locked=True)
    )
    return connection.scalar(query) is not None


def load(connection: Connection, keys: Keys, number: int) -> Kept | None:
    """A kept mail with its bytes."""
    row = connection.execute(select(messages).where(messages.c.id == number)).one_or_none()
    if row is None:
        return None
    where = place_of(row.mailbox, row.folder, row.uidvalidity, row.uid)
    raw = b""
    if row.sealed is not None:
        raw = unseal(
            _mail_key(connection, keys, row.ref, row.wrapped_key, where), row.sealed, where
        )
    return Kept(
        number=number,
        mailbox=row.mailbox,
        received_at=row.received_at,
        outcome=Outcome(row.outcome) if row.outcome else None,
        ref=row.ref,
        raw=raw,
        whole=len(raw) >= row.size,
        given=row.sealed is not None,
    )


def _mail_key(
    connection: Connection, keys: Keys, ref: str | None, wrapped: bytes, where: str
) -> bytes:
    if ref is None:
        return keys.unwrap(wrapped, where)
    return unseal(case_key(connection, keys, ref), wrapped, where)


def key_of(connection: Connection, keys: Keys, number: int) -> bytes:
    """The key of a kept mail."""
    row = connection.execute(select(messages).where(messages.c.id == number)).one()
    where = place_of(row.mailbox, row.folder, row.uidvalidity, row.uid)
    return _mail_key(connection, keys, row.ref, row.wrapped_key, where)


def case_key(connection: Connection, keys: Keys, ref: str) -> bytes:
    """The key of a case."""
    wrapped = connection.scalar(select(cases.c.wrapped_key).where(cases.c.ref == ref))
    assert wrapped is not None, "a row names a case that is not there"
    return keys.unwrap(wrapped, f"cases.wrapped_key/{ref}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a mail was handled."""

    outcome: Outcome
    why: str
    kind: Kind | None = None
    ref: CaseId | None = None


def settle(
    connection: Connection, keys: Keys, number: int, settled: Settled, now: datetime
) -> None:
    """Write the one outcome of a mail; its key goes under the case's key."""
    # Locked: a rotation may be wrapping this very key anew.
    query = select(messages).where(messages.c.id == number).with_for_update()
    row = connection.execute(query).one()
    moved = _moved(connection, keys, row, settled.ref)
    review = settled.outcome in _REVIEW
    connection.execute(
        update(messages)
        .where(messages.c.id == number)
        .values(
            outcome=settled.outcome.value,
            kind=settled.kind.value if settled.kind else None,
            why=settled.why[:300],
            handled_at=now,
            file_to="review" if review else "filed",
            **moved,
        )
    )
    originals = _originals(connection, row.folder) if moved else []
    for original in originals:
        _into_case(connection, keys, original, settled.ref)
    ledger.note(connection, [number, *originals], now)


def _moved(
    connection: Connection, keys: Keys, row: Row[Any], ref: CaseId | None
) -> dict[str, object]:
    """What a row says once its mail is in a case: its key lies under the case's key."""
    if ref is None or row.ref == ref:
        return {}
    where = place_of(row.mailbox, row.folder, row.uidvalidity, row.uid)
    key = _mail_key(connection, keys, row.ref, row.wrapped_key, where)
    return {"ref": ref, "wrapped_key": seal(case_key(connection, keys, ref), key, where)}


def _into_case(connection: Connection, keys: Keys, number: int, ref: CaseId | None) -> None:
    """The original of an edited copy belongs to the case of the copy, and goes with it."""
    query = select(messages).where(messages.c.id == number).with_for_update()
    moved = _moved(connection, keys, connection.execute(query).one(), ref)
    if moved:
        connection.execute(update(messages).where(messages.c.id == number).values(**moved))


def _originals(connection: Connection, folder: str) -> list[int]:
    """The mail that a copy was made of, and what that one was a copy of."""
    found: list[int] = []
    while folder.startswith(_COPY_OF):
        found.append(int(folder.removeprefix(_COPY_OF)))
        query = select(messages.c.folder).where(messages.c.id == found[-1])
        folder = connection.scalar(query) or ""
    return found


def enter_copy(
    connection: Connection, keys: Keys, number: int, raw: bytes, now: datetime
) -> int | None:
    """Keep an edited copy of a parked mail, to go down the line in its place; return its number.

    The original stays as it came. Both rows say so, and so does the ledger: where a mail came
    from is a part of its line.
    """
    parked = (messages.c.id == number, messages.c.outcome == Outcome.PARKED.value)
    row = connection.execute(select(messages).where(*parked).with_for_update()).one_or_none()
    if row is None:
        return None
    mail = Fetched(uid=1, received_at=row.received_at, size=len(raw), raw=raw)
    by = wrapping.current(connection)
    values = _row(keys, by, "", f"{_COPY_OF}{number}", 0, mail, now)
    copy: int = connection.execute(
        insert(messages).values(**values).returning(messages.c.id)
    ).scalar_one()
    done = {"outcome": Outcome.HANDLED.value, "why": f"an edited copy of it is mail {copy}"}
    connection.execute(
        update(messages).where(messages.c.id == number).values(**done, handled_at=now)
    )
    ledger.note(connection, [number], now)
    return copy


_HANDLED = and_(
    messages.c.outcome.is_not(None),
    messages.c.outcome != Outcome.DUPLICATE.value,
    messages.c.folder.not_like(f"{_COPY_OF}%"),
)


def identify(
    connection: Connection, keys: Keys, number: int, message_id: str, content: str
) -> int | None:
    """Note what a mail is known by; return the mail that it repeats, if any.

    `content` is a digest of From and body: the same Message-ID with other content is another
    mail. One that came later and was handled before this one counts as the first.
    """
    message_key = keys.lookup("message-id", message_id or content)
    content_key = keys.lookup("content", content)
    sealed = seal(keys.lookup_key(), message_id.encode(), f"messages.sealed_id/{number}")
    connection.execute(
        update(messages)
        .where(messages.c.id == number)
        .values(message_key=message_key, content_key=content_key, sealed_id=sealed)
    )
    folder = connection.scalar(select(messages.c.folder).where(messages.c.id == number)) or ""
    earlier: int | None = connection.scalar(
        select(func.min(messages.c.id)).where(
            messages.c.message_key == message_key,
            messages.c.content_key == content_key,
            or_(messages.c.id < number, and_(messages.c.id > number, _HANDLED)),
            messages.c.id.not_in(_originals(connection, folder)),
        )
    )
    return earlier


def failed(connection: Connection, number: int, why: str, now: datetime) -> bool:
    """Count a failure; the third parks the mail. Returns whether it is parked now.

    One that the server did not give stays where it lies: a replay asks for it by its UID.
    """
    query = select(messages.c.failures, messages.c.sealed.is_not(None).label("whole"))
    row = connection.execute(query.where(messages.c.id == number)).one()
    count: int = row.failures + 1
    values: dict[str, object] = {"failures": count, "next_at": now + _PAUSE_AFTER_FAILURE * count}
    if count >= STRIKES:
        values |= {
            "outcome": Outcome.PARKED.value,
            "why": why,
            "handled_at": now,
            "file_to": "review" if row.whole else None,
            "next_at": None,
        }
    connection.execute(update(messages).where(messages.c.id == number).values(**values))
    if count >= STRIKES:
        ledger.note(connection, [number], now)
    return count >= STRIKES


def replay(connection: Connection, number: int, now: datetime) -> bool:
    """Give a parked or held mail, or junk, back to the line."""
    outcomes = [Outcome.PARKED.value, Outcome.HELD.value, Outcome.JUNK.value]
    done = connection.execute(
        update(messages)
        .where(messages.c.id == number, messages.c.outcome.in_(outcomes))
        .values(outcome=None, failures=0, next_at=None, handled_at=None, why="")
    )
    if done.rowcount:
        ledger.note(connection, [number], now)
    return done.rowcount == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ToFile:
    """A handled mail that still lies where it came."""

    number: int
    folder: str
    uidvalidity: int
    uid: int
    review: bool


def to_file(connection: Connection, mailbox: str, limit: int) -> list[ToFile]:
    """Handled mails of a mailbox that were not moved yet."""
    query = (
        select(messages)
        .where(
            messages.c.mailbox == mailbox,
            messages.c.file_to.is_not(None),
            messages.c.filed_at.is_(None),
            messages.c.vanished_at.is_(None),
        )
        .order_by(messages.c.id)
        .limit(limit)
    )
    return [
        ToFile(
            number=row.id,
            folder=row.folder,
            uidvalidity=row.uidvalidity,
            uid=row.uid,
            review=row.file_to == "review",
        )
        for row in connection.execute(query)
    ]


def filed(
    connection: Connection, numbers: Iterable[int], now: datetime, *, vanished: bool = False
) -> None:
    """Note that mails were moved, or that they were no longer there."""
    values = {"vanished_at": now} if vanished else {"filed_at": now}
    connection.execute(update(messages).where(messages.c.id.in_(list(numbers))).values(**values))


def listing(
    connection: Connection, keys: Keys, *, outcome: Outcome | None = None
) -> list[dict[str, object]]:
    """The ledger as `messages --json` shows it, oldest first."""
    query = select(messages).order_by(messages.c.id)
    if outcome is not None:
        query = query.where(messages.c.outcome == outcome.value)
    return [
        {
            "number": row.id,
            "mailbox": row.mailbox,
            "folder": row.folder,
            "uidvalidity": row.uidvalidity,
            "uid": row.uid,
            "message_id": message_id(keys, row.id, row.sealed_id),
            "received_at": row.received_at,
            "handled_at": row.handled_at,
            "kind": row.kind,
            "outcome": row.outcome,
            "ref": row.ref,
            "why": row.why,
            "failures": row.failures,
        }
        for row in connection.execute(query)
    ]


def message_id(keys: Keys, number: int, sealed: bytes | None) -> str:
    """The Message-ID of a mail, empty when it was never read."""
    if sealed is None:
        return ""
    return unseal(keys.lookup_key(), sealed, f"messages.sealed_id/{number}").decode()


def handled(connection: Connection, *numbers: int) -> list[int]:
    """Mails, of these or of all, with an outcome that the line gave and with all their bytes."""
    query = select(messages.c.id).where(
        messages.c.outcome.is_not(None),
        messages.c.sealed.is_not(None),
        messages.c.size > 0,
        messages.c.why != BY_HAND,
    )
    if numbers:
        query = query.where(messages.c.id.in_(numbers))
    return list(connection.scalars(query.order_by(messages.c.id)))


def entered_uids(connection: Connection, mailbox: str, folder: str, uidvalidity: int) -> set[int]:
    """Every UID of a folder that has a row: one side of the balance."""
    query = select(messages.c.uid).where(
        and_(
            messages.c.mailbox == mailbox,
            messages.c.folder == folder,
            messages.c.uidvalidity == uidvalidity,
        )
    )
    return set(connection.scalars(query))


def unfiled(
    connection: Connection, mailbox: str, folder: str, uidvalidity: int, before: datetime
) -> list[tuple[int, int]]:
    """Number and UID of mails, not touched since `before`, that were not moved away yet."""
    query = select(messages.c.id, messages.c.uid).where(
        messages.c.mailbox == mailbox,
        messages.c.folder == folder,
        messages.c.uidvalidity == uidvalidity,
        messages.c.filed_at.is_(None),
        messages.c.vanished_at.is_(None),
        func.coalesce(messages.c.handled_at, messages.c.kept_at) < before,
    )
    return [(row.id, row.uid) for row in connection.execute(query)]


def counts(connection: Connection) -> dict[str, int]:
    """How many mails have which outcome."""
    query = select(messages.c.outcome, func.count()).group_by(messages.c.outcome)
    return {outcome or "waiting": count for outcome, count in connection.execute(query)}


def number_of(connection: Connection, mailbox: str, folder: str, uidvalidity: int, uid: int) -> int:
    """The number of a mail by its place."""
    number: int = connection.execute(
        select(messages.c.id).where(
            messages.c.mailbox == mailbox,
            messages.c.folder == folder,
            messages.c.uidvalidity == uidvalidity,
            messages.c.uid == uid,
        )
    ).scalar_one()
    return number


def of_case(connection: Connection, keys: Keys, ref: CaseId) -> list[Kept]:
    """Every mail of a case with its bytes, oldest first."""
    query = select(messages.c.id).where(messages.c.ref == ref).order_by(messages.c.id)
    found = (load(connection, keys, number) for number in connection.scalars(query).all())
    return [kept for kept in found if kept is not None]
