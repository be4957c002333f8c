"""Which cases a held mail may belong to: for a person to choose from, never to act on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.codes import references
from mmx_mailflow.casework.names import plain
from mmx_mailflow.casework.values import Address, CaseId
from mmx_mailflow.casework.webmail import WEBMAIL
from mmx_mailflow.intake.facts import dates
from mmx_mailflow.intake.message import Message

MOST = 3
_LONGEST, _FIRST = 60_000, 5_000
_SHORTEST_WORD, _ENOUGH = 3, 2
_WORTH = {
    "reference": 8,
    "sender": 6,
    "name": 4,
    "birth_date": 4,
    "provider_domain": 3,
    "surname": 2,
    "provider": 1,
}
"""What a piece of evidence is worth; a provider's name alone makes no guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A case that a mail may belong to, and by what."""

    ref: CaseId
    initials: str
    because: tuple[str, ...]


def guesses(message: Message, cases: Sequence[Case], today: date) -> tuple[Guess, ...]:
    """At most three cases, the likeliest first; open ones before closed ones."""
    said = _said(message, today)
    found = []
    for case in cases:
        because = _evidence(case, said)
        worth = sum(_WORTH[name] for name in because)
        if worth >= _ENOUGH:
            found.append((-worth, case.closed_at is not None, case.ref, because, case))
    found.sort(key=lambda row: row[:3])
    return tuple(
        Guess(ref=case.ref, initials=initials(case.facts.patient_name or ""), because=because)
        for *_, because, case in found[:MOST]
    )


def initials(name: str) -> str:
    """`A. P. D.` of a name."""
    return " ".join(f"{word[0].upper()}." for word in name.split()[:4])


@dataclass(frozen=True, slots=True)
class _Said:
    sender: Address
    words: frozenset[str]
    text: str
    references: frozenset[str]
    days: frozenset[date]


def _said(message: Message, today: date) -> _Said:
    text = f"{message.from_name}\n{message.subject}\n{message.text[:_LONGEST]}"
    flat = plain(text)
    return _Said(
        sender=message.from_addresses[0] if message.from_addresses else "",
        words=frozenset(re.findall(r"[^\W\d_]+", flat)),
        text=flat,
        references=frozenset(references(text)),
        days=frozenset(
            first
            for day in dates.found(text[:_FIRST], today)
            for first, last in day.readings
            if first == last
        ),
    )


def _evidence(case: Case, said: _Said) -> tuple[str, ...]:
    """The names of what speaks for a case."""
    addresses = {p.address.lower() for p in case.providers if p.address}
    domain = said.sender.rpartition("@")[2]
    providers = {plain(p.name) for p in case.providers} | {plain(n) for n in case.facts.providers}
    name = re.findall(r"[^\W\d_]+", plain(case.facts.patient_name or ""))
    long = [word for word in name if len(word) >= _SHORTEST_WORD]
    whole = len(long) >= _ENOUGH and set(long) <= said.words
    holds = {
        "reference": case.ref in said.references,
        "sender": bool(said.sender) and said.sender in {case.sender.lower(), *addresses},
        "name": whole,
        "birth_date": case.facts.date_of_birth in said.days,
        "provider_domain": bool(domain)
        and domain not in WEBMAIL
        and domain in {address.rpartition("@")[2] for address in addresses},
        "surname": not whole and bool(set(long[1:]) & said.words),
        "provider": any(name and name in said.text for name in providers),
    }
    return tuple(name for name, true in holds.items() if true)
