"""Keys and seals: what is personal is unreadable without the key file.

The key file wraps data keys, keys of codes and the root of the database; look-ups and chains are
keyed from that root, so that a new key file line re-wraps and never re-hashes. Every seal is
AES-256-GCM, bound to table, column and row.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY, _NONCE = 32, 12
_VERSION = b"\x01"
_HEADER = "# Keys of mmx-mailflow, the newest first. Without this file nothing can be read."
_WRAPPED = b"\x02"
_NAME = 4
PREFIX = len(_WRAPPED) + _NAME
"""A wrapped key begins with the sign of its form and of the key that wrapped it."""


class KeyFileError(Exception):
    """The key file is missing, damaged or open to others."""


class KeyWrongError(Exception):
    """The key file does not belong to what it should open."""


Named = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class CodeKey:
    """What codes are made with from the day `since` on, until the next one takes over."""

    since: date
    key: bytes = field(repr=False)


def create_key_file(path: Path) -> None:
    """Write a new key file that only its owner may read; an existing one is not touched."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(written((drawn(),)))
        file.flush()
        os.fsync(file.fileno())


def load_keys(path: Path) -> Keys:
    """The keys of a file; raises KeyFileError with what is wrong and what to do."""
    return Keys(read_key_file(path), again=lambda: read_key_file(path))


def drawn() -> tuple[str, bytes]:
    """A new key with a name of its own."""
    return os.urandom(4).hex(), os.urandom(_KEY)


def written(keys: Named) -> str:
    """The text of a key file."""
    lines = [f"{name} {base64.b64encode(key).decode()}" for name, key in keys]
    return "\n".join([_HEADER, *lines, ""])


def read_key_file(path: Path) -> Named:
    """The keys of a file, names with bytes, the newest first; raises KeyFileError."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError as error:
        raise KeyFileError(f"there is no key file {path}: restore it or run init") from error
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"the key file {path} cannot be read") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"others can read the key file: chmod 600 {path}")
    found = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, word = line.strip().partition(" ")
            found.append((name, _decoded(word, path)))
    if not found:
        raise KeyFileError(f"the key file {path} holds no key")
    return tuple(found)


def _decoded(word: str, path: Path) -> bytes:
    try:
        key = base64.b64decode(word, validate=True)
    except ValueError as error:
        raise KeyFileError(f"the key file {path} is damaged") from error
    if len(key) != _KEY:
        raise KeyFileError(f"the key file {path} is damaged")
    return key


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), _KEY, salt=None, info=purpose.encode()).derive(key)


def chain_key(key: bytes) -> bytes:
    """What proves that the chain of a case was written by who has the case's key."""
    return _derived(key, "chain")


def seal(key: bytes, content: bytes, where: str) -> bytes:
    """`content` encrypted and bound to `where` (`table.column/row`)."""
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, content, where.encode())


def unseal(key: bytes, sealed: bytes, where: str) -> bytes:
    """The content of a seal; raises KeyWrongError when key, place or bytes are others."""
    nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        return AESGCM(key).decrypt(nonce, body, where.encode())
    except (InvalidTag, ValueError) as error:
        raise KeyWrongError(
            f"unseal {where.split('/', maxsplit=1)[0]}: wrong key or altered bytes"
        ) from error


def mark_of(name: str) -> bytes:
    """How a wrapped key begins that the key of this name wrapped."""
    return _WRAPPED + hashlib.sha256(name.encode()).digest()[:_NAME]


@dataclass(slots=True)
class Keys:
    """The keys of a key file, names with bytes, the newest first, and the root they guard.

    `again` reads the file anew: a running service meets keys that were added after it began.
    """

    named: Named = field(repr=False)
    again: Callable[[], Named] | None = field(default=None, repr=False)
    root: bytes = field(default=b"", repr=False)
    """What look-ups and chains are keyed from; opening the database sets it."""
    drawn_codes: tuple[CodeKey, ...] = ()
    """Keys of codes that rotations drew, in the order of time; the database has them."""

    def _root(self) -> bytes:
        return self.root or self.named[0][1]

    @property
    def send_key(self) -> bytes:
        """What hides the recipient in a business key."""
        return _derived(self._root(), "tokens")

    def _codes(self) -> tuple[CodeKey, ...]:
        first = CodeKey(date.min, _derived(self._root(), "tokens"))
        return (first, *self.drawn_codes)

    def code_key(self, on: date) -> bytes:
        """What reply codes and codes on forms are made with on a day."""
        return [code.key for code in self._codes() if code.since <= on][-1]

    def code_keys(self, on: date, overlap: timedelta) -> tuple[bytes, ...]:
        """Those whose codes are taken on a day: each until `overlap` after the next took over."""
        return tuple(code.key for code in self._codes()[self._lapsed(on, overlap) :])

    def some_lapsed(self, on: date, overlap: timedelta) -> bool:
        """Whether the codes of any key are not taken any more."""
        return self._lapsed(on, overlap) > 0

    def _lapsed(self, on: date, overlap: timedelta) -> int:
        return sum(on >= code.since + overlap for code in self.drawn_codes)

    def lookup(self, sort: str, text: str) -> str:
        """The keyed hash by which `text` is found again, as hex."""
        key = _derived(self._root(), "lookup")
        return hmac.digest(key, f"{sort}\0{text}".encode(), hashlib.sha256).hex()[:40]

    def lookup_key(self) -> bytes:
        """What seals small words that belong to no case yet."""
        return _derived(self._root(), "words")

    def chain_key(self) -> bytes:
        """What proves that a chain of hashes was written by us."""
        return _derived(self._root(), "chain")

    def new_key(self) -> bytes:
        """A fresh data key."""
        return os.urandom(_KEY)

    def newest(self) -> str:
        """The name of the first key of the file."""
        return self.named[0][0]

    def wrap(self, key: bytes, where: str, by: str) -> bytes:
        """A data key under the key named `by`; raises KeyWrongError where the file has it not."""
        if by not in dict(self.named):
            self.refresh()
        under = dict(self.named).get(by)
        if under is None:
            raise KeyWrongError(f"the key file lacks key {by}: copy the newest key file here")
        return mark_of(by) + seal(_derived(under, "wrap"), key, where)

    def unwrap(self, wrapped: bytes, where: str) -> bytes:
        """A data key that any key of the file wrapped."""
        return self.opened(wrapped, where)[1]

    def opened(self, wrapped: bytes, where: str) -> tuple[str, bytes]:
        """The name of the key that wrapped a data key, and the data key."""
        found = self._tried(wrapped, where)
        if found is None and self.refresh():
            found = self._tried(wrapped, where)
        if found is None:
            table = where.split("/", maxsplit=1)[0]
            raise KeyWrongError(f"unwrap {table}: no key of the key file opens it")
        return found

    def _tried(self, wrapped: bytes, where: str) -> tuple[str, bytes] | None:
        marked = wrapped[:1] == _WRAPPED
        for name, key in self.named:
            if marked and wrapped[:PREFIX] != mark_of(name):
                continue
            try:
                body = wrapped[PREFIX:] if marked else wrapped
                return name, unseal(_derived(key, "wrap"), body, where)
            except KeyWrongError:
                continue
        return None

    def refresh(self) -> bool:
        """Read the key file again; whether it holds other keys than before."""
        before = self.named
        if self.again is not None:
            with suppress(KeyFileError):  # what was read before still opens what it opened
                self.named = self.again()
        return self.named != before
