"""Names of people and of providers, compared."""

from __future__ import annotations

import unicodedata


def plain(name: str) -> str:
    """A name for comparing: no accents, no case, single spaces."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


def same_person(longer: str, shorter: str) -> bool:
    """Whether the shorter name can be the longer one in brief: `Robert J. Fennimore`."""
    words, parts = _words(longer), _words(shorter)
    return bool(parts) and all(
        any(w == p or (len(p) == 1 and w.startswith(p)) for w in words) for p in parts
    )


def share_a_word(one: str, other: str) -> bool:
    """Whether the names have a word in common: a correction keeps most of a name."""
    return bool(set(_words(one)) & set(_words(other)))


def _words(name: str) -> list[str]:
    return [w.strip(".,") for w in plain(name).split()]
