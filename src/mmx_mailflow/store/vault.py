"""Keys and seals: what is personal is unreadable without the key file.

The key file holds one 256-bit key a line, the current one first. Data keys are wrapped by it;
look-ups go by keyed hashes. Every seal is AES-256-GCM, bound to table, column and row.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY, _NONCE = 32, 12
_VERSION = b"\x01"
_HEADER = "# Keys of mmx-mailflow, the current one first. Without this file nothing can be read."


class KeyFileError(Exception):
    """The key file is missing, damaged or open to others."""


class KeyWrongError(Exception):
    """The key file does not belong to what it should open."""


def create_key_file(path: Path) -> None:
    """Write a new key file that only its owner may read; an existing one is not touched."""
    line = f"{os.urandom(4).hex()} {base64.b64encode(os.urandom(_KEY)).decode()}\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{_HEADER}\n{line}")


def load_keys(path: Path) -> Keys:
    """The keys of a file; raises KeyFileError with what is wrong and what to do."""
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
    return Keys(tuple(found))


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


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a key file: names with bytes, the current one first."""

    named: tuple[tuple[str, bytes], ...] = field(repr=False)

    def _current(self) -> bytes:
        return self.named[0][1]

    @property
    def token_key(self) -> bytes:
        """What reply codes and codes on forms are made with."""
        return _derived(self._current(), "tokens")

    def lookup(self, sort: str, text: str) -> str:
        """The keyed hash by which `text` is found again, as hex."""
        key = _derived(self._current(), "lookup")
        return hmac.digest(key, f"{sort}\0{text}".encode(), hashlib.sha256).hex()[:40]

    def lookup_key(self) -> bytes:
        """What seals small words that belong to no case yet."""
        return _derived(self._current(), "words")

    def chain_key(self) -> bytes:
        """What the journal's chain is keyed with."""
        return _derived(self._current(), "chain")

    def new_key(self) -> bytes:
        """A fresh data key."""
        return os.urandom(_KEY)

    def wrap(self, key: bytes, where: str) -> bytes:
        """A data key under the current key of the file."""
        return seal(_derived(self._current(), "wrap"), key, where)

    def unwrap(self, wrapped: bytes, where: str) -> bytes:
        """A data key that any key of the file wrapped."""
        for _, key in self.named[:-1]:
            try:
                return unseal(_derived(key, "wrap"), wrapped, where)
            except KeyWrongError:
                continue
        return unseal(_derived(self.named[-1][1], "wrap"), wrapped, where)
