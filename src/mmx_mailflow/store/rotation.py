"""Wrapping every data key anew with the newest key of the file, while the service runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Table,
    delete,
    func,
    literal,
    select,
    true,
    update,
)

from mmx_mailflow.store import wrapping
from mmx_mailflow.store.engine import Store
from mmx_mailflow.store.messages import place_of
from mmx_mailflow.store.tables import cases, messages, meta
from mmx_mailflow.store.vault import PREFIX, Keys, mark_of

_OPEN = "rotation"
_BATCH = 200


@dataclass(frozen=True, slots=True)
class _Wraps:
    """A column of wrapped keys: its rows in the order of `order`, and what binds each."""

    table: Table
    column: Column[bytes]
    order: Column[object]
    more: tuple[Column[object], ...]
    """What `place` reads beside `order`; whole rows would bring whole mails."""
    rows: ColumnElement[bool]
    place: Callable[[Any], str]


_ALL = (
    _Wraps(
        meta,
        meta.c.value,
        meta.c.name,
        (),
        meta.c.name.in_([wrapping.CHECK, wrapping.ROOT])
        | meta.c.name.startswith(wrapping.CODES, autoescape=True),
        lambda row: wrapping.place(row.name),
    ),
    _Wraps(
        cases,
        cases.c.wrapped_key,
        cases.c.ref,
        (),
        func.length(cases.c.wrapped_key) > 0,
        lambda row: f"cases.wrapped_key/{row.ref}",
    ),
    _Wraps(
        messages,
        messages.c.wrapped_key,
        messages.c.id,
        (messages.c.mailbox, messages.c.folder, messages.c.uidvalidity, messages.c.uid),
        messages.c.ref.is_(None) & messages.c.wrapped_key.is_not(None),
        lambda row: place_of(row.mailbox, row.folder, row.uidvalidity, row.uid),
    ),
)


def is_open(connection: Connection) -> bool:
    """Whether a rotation was begun and not ended."""
    return wrapping.value(connection, _OPEN) is not None


def begin(store: Store, codes_from: date) -> tuple[str, bool]:
    """Let everyone wrap with the newest key of the file from now on.

    From the day `codes_from` on codes are made with a new key too, unless the rotation was begun
    before. Returns the name of the key, and whether a key of codes was drawn. The update waits
    for every transaction that still wraps with the key before.
    """
    new = store.keys.newest()
    with store.begin() as connection:
        begun = is_open(connection)
        wrapping.put(connection, _OPEN, new.encode())
        wrapping.put(connection, wrapping.CURRENT, new.encode())
        if not begun:
            wrapping.draw_codes(connection, store.keys, codes_from)
    return new, not begun


def wrap_again(store: Store) -> Iterator[int]:
    """Wrap batch by batch, each in a transaction of its own; how many were wrapped each time."""
    for wraps in _ALL:
        after: object = None
        while True:
            with store.begin() as connection:
                batch = _batch(connection, wraps, after)
                count = sum(_one(connection, store.keys, wraps, one) for one in batch)
            if not batch:
                break
            after = batch[-1].order
            yield count


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """A wrapped key as it was read."""

    order: object
    key: bytes
    where: str


def _read(connection: Connection, wraps: _Wraps, more: Select[Any]) -> list[_Wrapped]:
    return [
        _Wrapped(getattr(row, wraps.order.name), getattr(row, wraps.column.name), wraps.place(row))
        for row in connection.execute(more)
    ]


def _query(wraps: _Wraps) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [wraps.column, wraps.order, *wraps.more]
    return select(*columns).where(wraps.rows)


def _batch(connection: Connection, wraps: _Wraps, after: object) -> list[_Wrapped]:
    further = true() if after is None else wraps.order > after
    other = _not_by(wraps, wrapping.current(connection))
    query = _query(wraps).where(further, other).order_by(wraps.order).limit(_BATCH)
    return _read(connection, wraps, query)


def _not_by(wraps: _Wraps, name: str) -> ColumnElement[bool]:
    first: ColumnElement[bytes] = func.substr(wraps.column, 1, PREFIX, type_=LargeBinary)
    return first != literal(mark_of(name), LargeBinary)


def _one(connection: Connection, keys: Keys, wraps: _Wraps, old: _Wrapped) -> int:
    """Wrap one key anew, unless somebody wrote the row since it was read."""
    by = wrapping.current(connection)
    new = keys.wrap(keys.unwrap(old.key, old.where), old.where, by)
    done = connection.execute(
        update(wraps.table)
        .where(wraps.order == old.order, wraps.column == old.key)
        .values({wraps.column.name: new})
    )
    return done.rowcount


def end(store: Store) -> int:
    """Close the rotation when nothing is left; return how many keys another key still wraps."""
    with store.begin() as connection:
        left = sum(_left(connection, wraps) for wraps in _ALL)
        if not left:
            connection.execute(delete(meta).where(meta.c.name == _OPEN))
    return left


def _left(connection: Connection, wraps: _Wraps) -> int:
    other = _not_by(wraps, wrapping.current(connection))
    query = select(func.count()).where(wraps.rows, other)
    return connection.scalar(query) or 0


def needed(connection: Connection, keys: Keys) -> dict[str, int]:
    """How many data keys each key of the file wraps; KeyWrongError for one that none opens."""
    found = dict.fromkeys(dict(keys.named), 0)
    for wraps in _ALL:
        for one in _read(connection, wraps, _query(wraps)):
            name, _ = keys.opened(one.key, one.where)
            found[name] = found.get(name, 0) + 1
    return found
