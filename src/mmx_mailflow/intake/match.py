"""Which case a mail belongs to: the strongest evidence decides."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mmx_mailflow.casework.codes import read_reply_code, references, reply_codes
from mmx_mailflow.casework.facts import Facts
from mmx_mailflow.casework.values import Address, CaseId, Kind, Role
from mmx_mailflow.intake.message import Message

REOPENS_WITHIN = timedelta(days=90)
LAPSED = "lapsed"
"""A token whose key counts no longer: it leads to its case and proves nothing."""
_ORDER = ("plus", "message_id", "code", "form", LAPSED)
_STRONG = frozenset({"plus", "message_id", "code", "form"})
_INNER = (Role.STAFF, Role.PROVIDER, Role.PATIENT)
_MOST_NESTED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What a mail says of its thread."""

    plus_codes: tuple[str, ...] = field(repr=False)
    message_ids: tuple[str, ...] = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)
    references: tuple[CaseId, ...] = ()
    forms: tuple[CaseId, ...] = ()
    """Cases named by codes on form pages that were verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A case that a clue leads to."""

    ref: CaseId
    role: Role
    provider: int
    by: str
    """plus, message_id, code, form, lapsed, reference or sender."""
    closed_at: datetime | None
    patient_key: str = field(default="", repr=False)
    recipient: Address = field(default="", repr=False)
    shows: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Where a mail belongs."""

    ref: CaseId | None
    why: str
    role: Role = Role.PATIENT
    provider: int = 0
    proven: bool = False
    """A token of a letter that went to this very sender."""
    new_case: bool = False
    held: bool = False
    placed: bool = False
    """A member of staff said by its number where it belongs."""
    inner: bool = False
    """It answers or carries a letter to staff or to a provider: never a mail of the patient."""
    shows: tuple[str, ...] = field(default=(), repr=False)
    guesses: tuple[CaseId, ...] = ()


def clues(message: Message, records_address: Address, forms: Sequence[CaseId] = ()) -> Clues:
    """The clues of a mail: tokens first, names last.

    A letter that is forwarded as a whole is a clue like one that is answered.
    """
    local, _, domain = records_address.partition("@")
    prefix, suffix = f"{local}+", f"@{domain}"
    tags = (
        a.removeprefix(prefix).removesuffix(suffix)
        for a in message.to
        if a.startswith(prefix) and a.endswith(suffix)
    )
    mails = _with_nested(message)
    words = "\n".join(f"{mail.subject}\n{mail.text[:60_000]}" for mail in mails)
    ids = (*message.in_reply_to, *reversed(message.references), *(m.message_id for m in mails[1:]))
    return Clues(
        plus_codes=tuple(code for tag in tags if (code := read_reply_code(tag)) is not None),
        message_ids=tuple(dict.fromkeys(filter(None, ids)))[:40],
        codes=reply_codes(words),
        references=references(words)[:10],
        forms=tuple(dict.fromkeys(forms)),
    )


def _with_nested(message: Message) -> list[Message]:
    """A mail and those that it forwards, its own first; a few are enough."""
    found = [message]
    for mail in found:
        found += mail.nested[: _MOST_NESTED - len(found)]
    return found


def patient_key(facts: Facts) -> str:
    """Name and birth date in a normal form, empty when one of them is open."""
    if facts.patient_name is None or facts.date_of_birth is None:
        return ""
    name = unicodedata.normalize("NFKD", facts.patient_name.casefold())
    name = "".join(c for c in name if (c.isalpha() and not unicodedata.combining(c)) or c == " ")
    return f"{' '.join(sorted(name.split()))}|{facts.date_of_birth.isoformat()}"


def match(
    candidates: Sequence[Candidate],
    *,
    kind: Kind,
    sender: Address,
    patient: str,
    now: datetime,
    several_patients: bool = False,
) -> Match:
    """The case by the strongest clue; a reference or a sender alone must agree with another."""
    strong = [c for c in candidates if c.by in _STRONG]
    lapsed = [c for c in candidates if c.by == LAPSED]
    if strong:
        return _by_token(strong, lapsed, sender)
    known = [c for c in candidates if c.by == "sender" and _reachable(c, now)]
    if lapsed:
        return _by_lapsed(lapsed, known, sender)
    named = {c.ref for c in candidates if c.by == "reference"}
    both = [c for c in known if c.ref in named]
    if both:
        return _weak(both[0], "its reference and a known sender")
    return _by_sender(known, named, kind, patient, several=several_patients)


def _by_token(strong: Sequence[Candidate], lapsed: Sequence[Candidate], sender: Address) -> Match:
    """The case of the strongest token, in the innermost thread that any of them names.

    A lapsed one keeps what it names inside its thread, and proves nothing.
    """
    every = [*strong, *lapsed]
    inner = any(c.role != Role.PATIENT for c in every)
    best = min(strong, key=lambda c: _ORDER.index(c.by))
    sure = {c.ref for c in strong if c.by != "code"} or {c.ref for c in strong}
    elsewhere = any(c.role != Role.PATIENT and c.ref != best.ref for c in every)
    if len(sure) > 1 or elsewhere:
        why = "tokens of several cases"
        return Match(ref=None, held=True, inner=inner, why=why, guesses=_refs(strong))
    mine = [c for c in every if c.ref == best.ref]
    role = min((c.role for c in mine), key=_INNER.index)
    thread = [c for c in mine if c.role == role]
    to_sender = [c for c in thread if c.by != LAPSED and c.recipient.lower() == sender != ""]
    proof = next(iter(to_sender), None)
    chosen = proof or min(thread, key=lambda c: _ORDER.index(c.by))
    return Match(
        ref=best.ref,
        role=role,
        provider=chosen.provider,
        proven=proof is not None,
        inner=inner,
        shows=next((c.shows for c in to_sender if c.shows), ()),
        why=f"the {chosen.by.replace('_', ' ')} of one of our letters",
    )


def _by_lapsed(lapsed: Sequence[Candidate], known: Sequence[Candidate], sender: Address) -> Match:
    """The one case that old codes name, for who got them or is known to it; else a person looks."""
    inner = any(c.role != Role.PATIENT for c in lapsed)
    refs = _refs(lapsed)
    mine = [c for c in lapsed if c.recipient.lower() == sender != ""]
    there = [c for c in (*mine, *known) if refs == (c.ref,)]
    if there:
        chosen = min(there, key=lambda c: _INNER.index(c.role))
        return replace(_weak(chosen, "a lapsed code and a known sender"), inner=inner)
    why = "a code of ours that has lapsed"
    return Match(ref=None, held=True, inner=inner, why=why, guesses=refs)


def _by_sender(
    known: Sequence[Candidate], named: set[CaseId], kind: Kind, patient: str, *, several: bool
) -> Match:
    open_cases = list({c.ref: c for c in known if c.closed_at is None}.values())
    same = [c for c in open_cases if patient and c.patient_key == patient]
    if kind == Kind.REQUEST:
        if same and not several:
            return _weak(same[0], "the same patient of the same sender")
        only = open_cases[0] if len(open_cases) == 1 else None
        if only is not None and not patient and only.role == Role.PATIENT and not several:
            return _weak(only, "a known sender with one open case")
        return Match(ref=None, new_case=True, why="a new request")
    if len(open_cases) == 1:
        return _weak(open_cases[0], "a known sender with one open case")
    closed = [c for c in known if c.closed_at is not None]
    if not open_cases and len({c.ref for c in closed}) == 1:
        return _weak(closed[0], "a known sender with one closed case")
    guesses = _refs([*open_cases, *closed]) + tuple(sorted(named))
    return Match(ref=None, held=True, why="no thread that it surely belongs to", guesses=guesses)


def _weak(chosen: Candidate, why: str) -> Match:
    return Match(ref=chosen.ref, role=chosen.role, provider=chosen.provider, why=why)


def _reachable(candidate: Candidate, now: datetime) -> bool:
    return candidate.closed_at is None or now - candidate.closed_at <= REOPENS_WITHIN


def _refs(candidates: Sequence[Candidate]) -> tuple[CaseId, ...]:
    return tuple(dict.fromkeys(c.ref for c in candidates))
