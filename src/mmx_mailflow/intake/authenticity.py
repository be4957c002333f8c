"""How far a sender is believed (RFC 8601, RFC 7489)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import DamerauLevenshtein

from mmx_mailflow.casework.values import Address, Trust
from mmx_mailflow.casework.webmail import WEBMAIL

MICROSOFT = "microsoft365"
"""Stands in `trusted_authserv_ids` for Microsoft 365, whose results bear no authserv-id."""
_LONGEST = 8_000
_METHOD = re.compile(r"[a-z][a-z0-9-]*\s*(?:/\s*\d+\s*)?=", re.IGNORECASE)
_DMARC = re.compile(r"dmarc\s*(?:/\s*\d+\s*)?=\s*([a-z]+)(?![\w-])", re.IGNORECASE)
# A value in quotes is taken whole, so that nothing within it is read as a property.
_PROPERTY = re.compile(
    r"([a-z0-9-]+(?:\s*\.\s*[a-z0-9-]+)?)\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^\s;\"]+)", re.IGNORECASE
)
_ALIKE = str.maketrans(
    {
        # digits and signs that pass for letters
        "0": "o", "1": "l", "3": "e", "5": "s", "|": "l", "_": "", "-": "",
        # Cyrillic
        "а": "a", "с": "c", "ԁ": "d", "е": "e", "һ": "h", "і": "i", "ј": "j", "к": "k", "ӏ": "l", "м": "m", "п": "n",
        "о": "o", "р": "p", "ԛ": "q", "г": "r", "ѕ": "s", "т": "t", "ѵ": "v", "ԝ": "w", "х": "x", "у": "y",
        # Greek and others
        "α": "a", "ε": "e", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t", "υ": "u", "χ": "x", "ո": "n",
        "ı": "i", "ɑ": "a", "ɡ": "g", "ł": "l", "ø": "o", "đ": "d", "ß": "b",
    }
)  # fmt: skip
_SHORTEST = 6
"""A shorter domain has too many neighbours for one different letter to be a sign."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Whether the sender is who the message says, and why we think so."""

    trust: Trust
    why: str


def authserv_ids(headers: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The servers whose results a mail carries, topmost first, for `check`.

    Results without an id are Microsoft 365's, named as they are listed in the settings.
    """
    values = headers.get("authentication-results", ())
    return tuple(i for i in (_named(value)[0] or MICROSOFT for value in values) if i != "?")


def _named(value: str) -> tuple[str, list[str]]:
    """The authserv-id and the results (RFC 8601 section 2.2); `?` for what is neither.

    Microsoft 365 begins with a result: its id is empty.
    """
    first, *rest = _parts(value[:_LONGEST])
    if _METHOD.match(first):
        return "", [first, *rest]
    words = [word.strip('"') for word in first.split()]
    if not words or len(words) > 2 or (len(words) == 2 and not words[1].isdigit()):
        return "?", []
    return (words[0].lower(), rest) if words[0] != MICROSOFT else ("?", [])


def _parts(value: str) -> list[str]:
    """What stands between semicolons, without comments; neither counts within quotes."""
    parts: list[list[str]] = [[]]
    depth, quoted, escaped = 0, False, False
    for letter in value:
        if escaped or (letter == "\\" and (quoted or depth)):
            escaped = not escaped
        elif letter == '"' and not depth:
            quoted = not quoted
        elif not quoted and letter in "()":
            depth = depth + 1 if letter == "(" else max(0, depth - 1)
            parts[-1].append(" ")
            continue
        elif letter == ";" and not quoted and not depth:
            parts.append([])
            continue
        if not depth:
            parts[-1].append(letter)
    return ["".join(part).strip() for part in parts]


def trust(
    headers: Mapping[str, Sequence[str]],
    senders: Sequence[Address],
    from_count: int,
    trusted_ids: Sequence[str],
    protected: frozenset[str],
    display_name: str = "",
) -> Assessment:
    """The trust in the one From address; failed wins over verified.

    Only the topmost Authentication-Results of a listed server counts: what stands below it
    came with the mail.
    """
    if from_count != 1 or len(senders) != 1:
        return Assessment(Trust.FAILED, "the mail has no single sender")
    domain = senders[0].rpartition("@")[2].lower()
    shown = {
        a.rpartition("@")[2].lower() for a in re.findall(r"[^\s<>\"']+@[^\s<>\"']+", display_name)
    }
    if shown - {domain}:
        return Assessment(Trust.FAILED, "the display name shows another address")
    if looks_like(domain, protected):
        return Assessment(Trust.FAILED, "the domain resembles one of ours")
    results = _judgement(headers.get("authentication-results", ()), trusted_ids)
    if results is None:
        return Assessment(Trust.UNKNOWN, "no trusted server has judged the sender")
    # Without header.from the verdict is about the From that the server read; that is ours only
    # where nothing else in the header could be taken for an address.
    alone = "".join(headers.get("from", ("@",))).count("@") == 1
    return _dmarc(results, domain, named=not alone)


def _judgement(values: Sequence[str], trusted_ids: Sequence[str]) -> list[str] | None:
    """The results that count: topmost of a listed id.

    Microsoft 365 renames what other servers said, so its own stands at the very top or not at
    all; anybody can write results without an id further down.
    """
    listed = {name.lower() for name in trusted_ids} - {MICROSOFT, "", "?"}
    microsoft = MICROSOFT in {name.lower() for name in trusted_ids}
    for place, value in enumerate(values):
        name, results = _named(value)
        if name in listed or (name == "" and microsoft and place == 0):
            return results
    return None


def _dmarc(results: Sequence[str], domain: str, *, named: bool) -> Assessment:
    found = [(m, part) for part in results if (m := _DMARC.match(part))]
    if not found:
        return Assessment(Trust.UNKNOWN, "the trusted server did not judge the sender")
    verdicts = {m.group(1).lower() for m, _ in found}
    about = {
        "".join(p.group(2).split()).strip('"').lstrip("@").rstrip(".").lower()
        for m, part in found
        for p in _PROPERTY.finditer(part, m.end())
        if "".join(p.group(1).split()).lower() == "header.from"
    }
    if "fail" in verdicts:
        return Assessment(Trust.FAILED, "DMARC failed")
    if verdicts == {"pass"} and (about == {_ascii(domain)} or not (about or named)):
        return Assessment(Trust.VERIFIED, "DMARC passed")
    return Assessment(Trust.UNKNOWN, "DMARC says nothing of this sender")


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def looks_like(domain: str, protected: frozenset[str]) -> bool:
    """Whether a domain is made to resemble a protected one, never one webmail for another.

    The same to the eye; one letter off; the same name under another ending; or ours within a
    longer one. A subdomain of ours is ours.
    """
    domain = domain.lower().rstrip(".")
    if domain in protected or domain in WEBMAIL or any(domain.endswith("." + p) for p in protected):
        return False
    theirs = _plain(domain).split(".")
    return any(_alike(_plain(ours).split("."), theirs) for ours in protected - WEBMAIL)


def _alike(ours: list[str], theirs: list[str]) -> bool:
    size, whole = len(ours), ".".join(ours)
    if any(theirs[start : start + size] == ours for start in range(len(theirs))):
        return True
    if len(whole) < _SHORTEST:
        return False
    end = ".".join(theirs[-size:])
    return ours[0] == theirs[0] or DamerauLevenshtein.distance(end, whole) <= 1


def _plain(domain: str) -> str:
    """The domain as the eye reads it: without accents, hyphens and foreign twins."""
    labels = [_unicode(label) for label in domain.lower().rstrip(".").split(".")]
    letters = unicodedata.normalize("NFKD", ".".join(labels)).casefold()
    bare = "".join(c for c in letters if not unicodedata.combining(c))
    return bare.translate(_ALIKE).replace("rn", "m").replace("vv", "w")


def _unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label
