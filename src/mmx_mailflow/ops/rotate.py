"""`keys rotate`: a new key, every data key under it, and the old one gone when nothing needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from mmx_mailflow.store import rotation
from mmx_mailflow.store.engine import Store
from mmx_mailflow.store.keyfile import add_key, drop_keys
from mmx_mailflow.store.wrapping import current


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What a rotation did."""

    key: str
    """The name of the key that wraps now."""
    wrapped: int
    left: int
    """How many data keys another key still wraps; not 0 only while another rotation runs."""
    new_codes: bool
    """Whether codes are made anew from tomorrow on; the end of a rotation draws no further key."""


def announce(store: Store, key_file: Path) -> str:
    """Have a key in the file that does not wrap yet; return its name.

    With several machines their key files are brought up to date between this and `rotate`.
    """
    store.keys.refresh()
    with store.begin() as connection:
        waits = store.keys.newest() != current(connection)
    if not waits:
        add_key(key_file)
        store.keys.refresh()
    return store.keys.newest()


def rotate(
    store: Store, key_file: Path, today: date, say: Callable[[int], None] = lambda _: None
) -> Rotated:
    """Wrap everything with a new key; one that was begun and not ended is ended instead.

    Codes are made with a new key from tomorrow on: by then every process knows it.
    Mails go on being handled meanwhile: every process opens with all keys of its file, and reads
    the file again when it meets a key that it does not know.
    """
    store.keys.refresh()
    with store.begin() as connection:
        begun = rotation.is_open(connection)
    if not begun:
        announce(store, key_file)
    name, drawn = rotation.begin(store, today + timedelta(days=1))
    wrapped = 0
    for count in rotation.wrap_again(store):
        wrapped += count
        say(wrapped)
    return Rotated(key=name, wrapped=wrapped, left=rotation.end(store), new_codes=drawn)


def unneeded(store: Store) -> list[str]:
    """Keys from before the one that wraps which nothing in the database needs any more."""
    store.keys.refresh()
    with store.begin() as connection:
        counts = rotation.needed(connection, store.keys)
        names = [name for name, _ in store.keys.named]
        older = names[names.index(current(connection)) + 1 :]
    return [name for name in older if not counts[name]]


def finish(store: Store, key_file: Path) -> list[str]:
    """Take those keys out of the file and return their names; backups from before need them."""
    with store.begin() as connection:
        if rotation.is_open(connection):
            return []
    gone = unneeded(store)
    return drop_keys(key_file, gone) if gone else []
