"""What became of every mail, appended line by line and chained by the day."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_pg
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from mmx_mailflow.store.tables import ledger, ledger_days, messages
from mmx_mailflow.store.vault import Keys

START = "0" * 64
_DAY = timedelta(days=1)
_SAID = ("outcome", "kind", "ref", "why")
_PLACE = ("mailbox", "folder", "uidvalidity", "uid", "received_at", "kept_at")


def note(connection: Connection, numbers: Sequence[int], now: datetime) -> None:
    """Append what the rows of these mails say now; call it whenever an outcome was written."""
    count = (
        select(func.count())
        .where(ledger.c.message == messages.c.id)
        .correlate(messages)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(messages, count.label("turns"))
        .where(messages.c.id.in_(numbers))
        .order_by(messages.c.id)
    ).all()
    lines = [_line(row, row.turns + 1, now) for row in rows]
    if lines:
        connection.execute(insert(ledger), lines)


def _line(row: Row[tuple[object, ...]], turn: int, now: datetime) -> dict[str, object]:
    line: dict[str, object] = {"message": row.id, "turn": turn, "at": now}
    line |= {name: getattr(row, name) or "" for name in _SAID}
    return line | {"hash": _hash(line, [getattr(row, name) for name in _PLACE])}


def _hash(line: Mapping[str, object], place: Sequence[object]) -> str:
    """SHA-256 over a line and over where its mail came from."""
    words = [line[name] for name in ("message", "turn", "at", *_SAID)]
    return hashlib.sha256(json.dumps([*words, *place], default=_moment).encode()).hexdigest()


def _moment(at: object) -> str:
    assert isinstance(at, datetime)
    return f"{at.timestamp():.6f}"


def close(connection: Connection, keys: Keys, now: datetime) -> int:
    """Close every day (UTC) that is over: its lines are chained; return how many days.

    A line that was written while its day was being closed belongs to the next one.
    """
    days = _days_over(connection, now)
    for day in days:
        _close_day(connection, keys, day)
    return len(days)


def _days_over(connection: Connection, now: datetime) -> list[str]:
    last = connection.scalar(select(func.max(ledger_days.c.day)))
    first = date.fromisoformat(last) + _DAY if last else _oldest_open(connection)
    count = (now.astimezone(UTC).date() - first).days if first else 0
    return [(first + _DAY * n).isoformat() for n in range(count)] if first else []


def _oldest_open(connection: Connection) -> date | None:
    found = connection.scalar(select(func.min(ledger.c.at)).where(ledger.c.day.is_(None)))
    return found.astimezone(UTC).date() if found else None


def _close_day(connection: Connection, keys: Keys, day: str) -> None:
    """Two services close a day once: the second waits for the row of the first, and stops."""
    maker = insert_sqlite if connection.dialect.name == "sqlite" else insert_pg
    before = connection.scalar(
        select(ledger_days.c.head).where(ledger_days.c.day < day).order_by(ledger_days.c.day.desc())
    )
    row = {"day": day, "lines": 0, "previous": before or START, "head": ""}
    made = connection.execute(maker(ledger_days).values(**row).on_conflict_do_nothing())
    if not made.rowcount:
        return
    end = datetime.combine(date.fromisoformat(day) + _DAY, time.min, UTC)
    connection.execute(
        update(ledger).where(ledger.c.day.is_(None), ledger.c.at < end).values(day=day)
    )
    hashes = connection.scalars(
        select(ledger.c.hash).where(ledger.c.day == day).order_by(ledger.c.id)
    ).all()
    head = _head(keys, day, before or START, hashes)
    connection.execute(
        update(ledger_days).where(ledger_days.c.day == day).values(lines=len(hashes), head=head)
    )


def _head(keys: Keys, day: str, previous: str, hashes: Iterable[str]) -> str:
    """Keyed, so that whoever has the database alone cannot write a day anew."""
    words = "\n".join([day, previous, *hashes])
    return hmac.digest(keys.chain_key(), words.encode(), hashlib.sha256).hex()


def heads(connection: Connection, most: int) -> list[tuple[str, str]]:
    """The heads of the last days, oldest first: an anchor outside the database."""
    query = select(ledger_days.c.day, ledger_days.c.head).order_by(ledger_days.c.day.desc())
    return [(row.day, row.head) for row in connection.execute(query.limit(most))][::-1]


def faults(connection: Connection, keys: Keys) -> list[str]:
    """Lines that were edited, deleted, reordered or cut off, and mails that disagree with them."""
    rows = connection.execute(
        select(ledger, *(messages.c[name].label(f"mail_{name}") for name in _PLACE))
        .join_from(ledger, messages, isouter=True)
        .order_by(ledger.c.id)
    ).all()
    found = [f"ledger line {row.id} was changed" for row in rows if not _intact(row)]
    return [*found, *_day_faults(connection, keys, rows), *_mail_faults(connection, rows)]


def _intact(row: Row[tuple[object, ...]]) -> bool:
    place = [row._mapping[f"mail_{name}"] for name in _PLACE]  # noqa: SLF001  its public name
    return row.mail_uid is not None and _hash(dict(row._mapping), place) == row.hash  # noqa: SLF001


def _day_faults(
    connection: Connection, keys: Keys, rows: Sequence[Row[tuple[object, ...]]]
) -> list[str]:
    """Closed days whose lines are no longer those that were closed."""
    hashes: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        hashes[row.day or ""].append(row.hash)
    previous, expected, found = START, "", []
    for day in connection.execute(select(ledger_days).order_by(ledger_days.c.day)).all():
        if expected and day.day != expected:
            found.append(f"the ledger of {expected} is not there")
        lines = hashes.pop(day.day, [])
        head = _head(keys, day.day, previous, lines)
        if day.lines != len(lines):
            found.append(f"the ledger of {day.day} has {len(lines)} lines, not {day.lines}")
        elif day.previous != previous or not hmac.compare_digest(head, day.head):
            found.append(f"the ledger of {day.day} was changed")
        previous = day.head
        expected = (date.fromisoformat(day.day) + _DAY).isoformat()
    return found + [f"the ledger of {day} is not there" for day in sorted(hashes) if day]


def _mail_faults(connection: Connection, rows: Sequence[Row[tuple[object, ...]]]) -> list[str]:
    """Mails whose outcome is not what their last line says."""
    last: dict[int, Row[tuple[object, ...]]] = {}
    found = []
    for row in sorted(rows, key=lambda r: (r.message, r.turn)):
        before = last.get(row.message)
        if row.turn != (before.turn if before else 0) + 1:
            found.append(f"mail {row.message}: a line of the ledger is not there")
        last[row.message] = row
    for mail in connection.execute(select(messages).order_by(messages.c.id)):
        line = last.get(mail.id)
        said = [getattr(line, name) if line else "" for name in _SAID]
        if said != [getattr(mail, name) or "" for name in _SAID] and (line or mail.outcome):
            found.append(f"mail {mail.id}: its outcome is not that of the ledger")
    return found


def unknown_heads(connection: Connection, kept: Iterable[tuple[str, str]]) -> list[str]:
    """Heads from a daily mail, day and beginning of the head, that the ledger has not."""
    days = select(ledger_days.c.day, ledger_days.c.head)
    known: dict[str, str] = {row.day: row.head for row in connection.execute(days)}
    return [
        f"the ledger of {day} is not the one of the daily mail"
        for day, head in kept
        if not known.get(day, "").startswith(head)
    ]
