"""How far a sender is believed (RFC 8601, RFC 7489)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import DamerauLevenshtein

from mmx_mailflow.casework.values import Address, Trust

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\bdmarc\s*=\s*([a-z]+)", re.IGNORECASE)
_HEADER_FROM = re.compile(r"\bheader\.from\s*=\s*\"?@?([^\s;\"]+)", re.IGNORECASE)
_METHOD = re.compile(r"^[a-z0-9-]+\s*=", re.IGNORECASE)
_WEBMAIL = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "yahoo.com",
        "yahoo.com.mx",
        "yahoo.ca",
        "ymail.com",
        "hotmail.com",
        "hotmail.es",
        "outlook.com",
        "outlook.es",
        "live.com",
        "live.com.mx",
        "msn.com",
        "icloud.com",
        "me.com",
        "aol.com",
        "proton.me",
        "protonmail.com",
        "gmx.com",
        "zoho.com",
        "mail.com",
    ]
)
_ALIKE = str.maketrans({"0": "o", "1": "l", "3": "e", "5": "s", "|": "l", "і": "i", "а": "a", "е": "e", "о": "o", "с": "c", "р": "p"})  # fmt: skip
_SHORTEST = 6


@dataclass(frozen=True, slots=True)
class Assessment:
    """Whether the sender is who the message says, and why we think so."""

    trust: Trust
    why: str


def authserv_ids(headers: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The servers whose results a mail carries, topmost first, for `check`."""
    values = headers.get("authentication-results", ())
    return tuple(i for i in (_split(value)[0] for value in values) if i)


def _split(value: str) -> tuple[str, str]:
    """The authserv-id and the results; Microsoft 365 writes results without an id."""
    bare = _COMMENT.sub(" ", _COMMENT.sub(" ", value[:8_000]))
    head, _, rest = bare.partition(";")
    head = head.strip()
    if _METHOD.match(head):
        return "", bare
    words = head.split()
    return (words[0].lower() if words else ""), rest


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
    listed = {name.lower() for name in trusted_ids}
    for value in headers.get("authentication-results", ()):
        name, results = _split(value)
        if name in listed:
            return _dmarc(results, domain)
    return Assessment(Trust.UNKNOWN, "no trusted server has judged the sender")


def _dmarc(results: str, domain: str) -> Assessment:
    found = [part for part in results.split(";") if _RESULT.search(part)]
    if not found:
        return Assessment(Trust.UNKNOWN, "the trusted server did not judge the sender")
    verdicts = {m.group(1).lower() for part in found for m in _RESULT.finditer(part)}
    about = {m.group(1).lower() for part in found for m in _HEADER_FROM.finditer(part)}
    if "fail" in verdicts:
        return Assessment(Trust.FAILED, "DMARC failed")
    if verdicts == {"pass"} and about <= {domain}:
        return Assessment(Trust.VERIFIED, "DMARC passed")
    return Assessment(Trust.UNKNOWN, "DMARC says nothing of this sender")


def looks_like(domain: str, protected: frozenset[str]) -> bool:
    """Whether a domain is made to resemble a protected one, never one webmail for another."""
    if (
        domain in protected
        or domain in _WEBMAIL
        or any(domain.endswith("." + p) for p in protected)
    ):
        return False
    for ours in protected - _WEBMAIL:
        name, theirs = _plain(ours), _plain(domain)
        close = len(name) >= _SHORTEST and DamerauLevenshtein.distance(name, theirs) <= 1
        inside = len(name) >= _SHORTEST and name.split(".", maxsplit=1)[0] in re.split(
            r"[.]", theirs
        )
        if (
            name == theirs
            or close
            or (inside and theirs.split(".", maxsplit=1)[0] == name.split(".", maxsplit=1)[0])
        ):
            return True
    return False


def _plain(domain: str) -> str:
    if "xn--" in domain:
        try:
            domain = domain.encode("ascii").decode("idna")
        except UnicodeError:
            return domain
    return domain.translate(_ALIKE).replace("-", "").replace("rn", "m").replace("vv", "w")
