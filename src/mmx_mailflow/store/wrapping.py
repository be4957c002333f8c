"""Which key wraps: the database names it, so that every process changes over at one moment."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as insert_pg
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from mmx_mailflow.store.tables import meta
from mmx_mailflow.store.vault import CodeKey, Keys, KeyWrongError

CURRENT, CHECK, ROOT = "current-key", "key-check", "root"
CODES = "codes/"
"""Before the day from which on a key of codes is used; first comes the one from the root."""
RESTORED = "restored"
"""Set by a restore: letters stand still until somebody has looked."""


def place(name: str) -> str:
    """What a seal in `meta` is bound to."""
    return f"meta.value/{name}"


def value(connection: Connection, name: str) -> bytes | None:
    """A value of `meta`."""
    found: bytes | None = connection.scalar(select(meta.c.value).where(meta.c.name == name))
    return found


def put(connection: Connection, name: str, content: bytes) -> None:
    """Write a value of `meta` over the one that is there."""
    maker = insert_sqlite if connection.dialect.name == "sqlite" else insert_pg
    connection.execute(
        maker(meta)
        .values(name=name, value=content)
        .on_conflict_do_update(index_elements=["name"], set_={"value": content})
    )


def drop(connection: Connection, name: str) -> None:
    """Take a value out of `meta`."""
    connection.execute(delete(meta).where(meta.c.name == name))


def current(connection: Connection) -> str:
    """The name of the key that wraps; it stays so until this transaction ends.

    The row is locked for sharing: a rotation waits for everyone who wraps with the key before,
    and they do not wait for each other.
    """
    query = select(meta.c.value).where(meta.c.name == CURRENT).with_for_update(read=True)
    return str(connection.execute(query).scalar_one().decode())


def must_open(connection: Connection, keys: Keys) -> str | None:
    """The key that belongs to this database, None when it is new; raises KeyWrongError."""
    found = value(connection, CHECK)
    if found is None:
        return None
    try:
        return keys.opened(found, place(CHECK))[0]
    except KeyWrongError as error:
        raise KeyWrongError("the key file does not belong to this database") from error


def know_keys(connection: Connection, keys: Keys) -> None:
    """Give `keys` the root of this database; another key file is refused, nothing is changed."""
    name = must_open(connection, keys)
    if value(connection, ROOT) is None:
        _first(connection, keys, name)
    found = value(connection, ROOT)
    assert found is not None
    keys.root = keys.unwrap(found, place(ROOT))
    know_codes(connection, keys)


def know_codes(connection: Connection, keys: Keys) -> None:
    """Give `keys` the keys of codes that rotations drew, also those of other processes."""
    query = select(meta).where(meta.c.name.startswith(CODES, autoescape=True)).order_by(meta.c.name)
    keys.drawn_codes = tuple(
        CodeKey(
            date.fromisoformat(row.name.removeprefix(CODES)),
            keys.unwrap(row.value, place(row.name)),
        )
        for row in connection.execute(query)
    )


def draw_codes(connection: Connection, keys: Keys, since: date) -> None:
    """Have codes made with a new key from a day on, also when another was drawn for that day.

    The day must not have begun: what was drawn before has made no code yet.
    """
    name = f"{CODES}{since.isoformat()}"
    put(connection, name, keys.wrap(keys.new_key(), place(name), current(connection)))
    know_codes(connection, keys)


def _first(connection: Connection, keys: Keys, name: str | None) -> None:
    """A new database draws its root; one from before there were roots was keyed from its key."""
    root = dict(keys.named)[name] if name else keys.new_key()
    by = name or keys.newest()
    rows = {CURRENT: by.encode(), ROOT: keys.wrap(root, place(ROOT), by)}
    if name is None:
        rows[CHECK] = keys.wrap(keys.new_key(), place(CHECK), by)
    maker = insert_sqlite if connection.dialect.name == "sqlite" else insert_pg
    for key, content in rows.items():
        connection.execute(maker(meta).values(name=key, value=content).on_conflict_do_nothing())
