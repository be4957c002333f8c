"""Phones, mail addresses and postal addresses that a person offers as a contact."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}")
_FAX = re.compile(r"\bfax\b[^\n\d+]{0,15}$", re.IGNORECASE)
_STREET = re.compile(
    r"\b\d{1,6}[A-Z]?\s+(?:[NSEW]\.?\s+)?(?:[A-Z0-9ÁÉÍÓÚÑ][\w.'-]*\s+){1,5}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Boulevard|Blvd|Drive|Dr|Way|Court|Ct|Circle|Cir"
    r"|Place|Pl|Terrace|Trail|Parkway|Pkwy|Highway|Hwy|Loop|Row|Square|Crescent|Cres)\b\.?"
    r"(?:,?\s+(?:Apt|Unit|Suite|Ste|#)\.?\s*[\w-]+)?"
    r"(?:\s*,\s*[A-Z][\w.' -]{1,40}){1,2}(?:,?\s+[A-Z]{2})?(?:,?\s+(?:\d{5}(?:-\d{4})?|[A-Z]\d[A-Z]\s?\d[A-Z]\d))?"
)
_CALLE = re.compile(
    r"\b(?:Calle|Avenida|Av\.|Blvd\.|Bulevar|Calzada|Privada|Paseo|Callej[oó]n|C\.)\s+[^\n]{3,60}?\s#?\d{1,5}\b"
    r"(?:\s*,\s*[^\n,]{2,50}){1,5}"
)
_LONGEST = 20_000


def phones(text: str, region: str) -> tuple[str, ...]:
    """The phone numbers of a text as E.164; a fax is none.

    The old Mexican mobile prefix `+52 1` is written without the 1 (since 2019 it is not dialled).
    """
    text = re.sub(r"\+52[\s.-]*\(?1\)?[\s.-]+(?=\(?\d)", "+52 ", text[:_LONGEST])
    found: dict[str, None] = {}
    for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID, max_tries=200):
        if not _FAX.search(text[max(0, match.start - 25) : match.start]):
            found[phonenumbers.format_number(match.number, PhoneNumberFormat.E164)] = None
    return tuple(found)


def emails(text: str, ours: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The mail addresses of a text; the office's own domains do not count."""
    found = (a.lower().rstrip(".") for a in _EMAIL.findall(text[:_LONGEST]))
    return tuple(dict.fromkeys(a for a in found if a.rpartition("@")[2] not in ours))


def postal_address(text: str) -> str | None:
    """The first street address in a text, line breaks folded."""
    folded = re.sub(r"\s*\n\s*", ", ", text[:_LONGEST])
    for pattern in (_STREET, _CALLE):
        found = pattern.search(folded)
        if found is not None:
            return re.sub(r"\s+", " ", found.group()).strip(" ,.")
    return None
