"""Which letter bounced, for whom, and whether for good (RFC 3464; older servers write prose).

A report is believed about one letter and one address: the letter by its Message-ID, which nobody
can guess, and the address because it is the one that this letter went to.
"""

from __future__ import annotations

import email
import email.message
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from flufl.bounce import all_failures

from mmx_mailflow.casework.values import Address
from mmx_mailflow.intake.message import Message

_CODES = (re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b"), re.compile(r"\b[45]\d\d(?=[ :-])"))
_ID = re.compile(
    r"^[>\s]*(?:(?:X-)?Original-)?Message-ID:\s*(<[^<>\s]{3,900}>)", re.IGNORECASE | re.MULTILINE
)
_ADDRESS = re.compile(r"[\w.+%'/=-]{1,64}@[\w.-]{1,253}\w")
_COPY = re.compile(
    r"^(?:[-=_* ]{2,}.*(?:copy of|below this line|original message|mensaje original|message original|returned message|copia).*"
    r"|(?:Original message headers|Encabezados (?:del )?mensaje original).*|(?:Return-Path|Received|From|De):.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_STILL_TRIED = re.compile(
    r"\b(?:delayed|will (?:be retried|keep trying|retry|continue)|still being retried|not yet been delivered|warning message only|do not need to resend|could not send (?:message )?for (?:the )?(?:past|last)"
    r"|retrasad[oa]|retraso|se (?:seguir[aá]|volver[aá]) a? ?intent|seguiremos intent|no (?:es necesario|necesita) reenviar|no ha(?:ya)? sido entregado todav[ií]a)",
    re.IGNORECASE,
)
_HEADERS_ONLY = frozenset({"text/rfc822-headers", "message/global-headers", "message/global"})
_STUMBLES = (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError)
_LONGEST, _LONGEST_PROSE, _MOST = 200_000, 8_000, 20


class Fate(StrEnum):
    """What a server says became of a letter."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a letter for these addresses (several names of one)."""

    recipients: frozenset[Address] = field(repr=False)
    fate: Fate
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What a delivery report says."""

    originals: tuple[str, ...]
    """Message-IDs that may be the letter's, the likeliest first."""
    reports: tuple[Report, ...] = field(default=(), repr=False)

    def about(self, recipient: Address) -> Report | None:
        """What it says of a letter to this address; None when it speaks of others."""
        return next((r for r in self.reports if recipient.lower() in r.recipients), None)


def read_bounce(raw: bytes, message: Message) -> Bounce:
    """Read a message that was sorted as a bounce; never raises."""
    prose = message.text[:_LONGEST_PROSE]
    copy = _COPY.search(prose)
    words = prose[: copy.start()] if copy else prose
    reports = [*_blocks(message.delivery_report or b""), *_scanned(raw, words)]
    return Bounce(originals=_originals(raw, message), reports=tuple(reports or _told(words)))


def _originals(raw: bytes, message: Message) -> tuple[str, ...]:
    """From the copy of the letter, or its headers, or what the report answers."""
    attached = [p.content for p in message.parts if p.media_type in _HEADERS_ONLY]
    texts = [content[:_LONGEST].decode("utf-8", "replace") for content in attached]
    texts += [message.text, raw[:_LONGEST].decode("utf-8", "replace")]
    ids = [n.message_id for n in message.nested if n.message_id]
    ids += [m.group(1) for text in texts for m in _ID.finditer(text)]
    ids += [*message.in_reply_to, *message.references]
    return tuple(i for i in dict.fromkeys(ids) if i != message.message_id)[:_MOST]


def _blocks(report: bytes) -> Iterator[Report]:
    """Each block about a recipient of a report by RFC 3464."""
    for block in re.split(rb"\r?\n[ \t]*\r?\n", report)[:_MOST]:
        try:
            fields = email.message_from_bytes(block.strip() + b"\n\n")
            names = [str(fields.get(f"{n}-recipient", "")) for n in ("original", "final")]
            action, status = (str(fields.get(n, "")).strip().lower() for n in ("action", "status"))
            diagnosis = str(fields.get("diagnostic-code", ""))
        except _STUMBLES:
            continue
        recipients = frozenset(a for n in names for a in _spelled(n.rpartition(";")[2]))
        code = _code(status) or _code(diagnosis)
        fate = _fate(action, code)
        if recipients and fate is not None:
            yield Report(recipients=recipients, fate=fate, code=code)


def _spelled(name: str) -> Iterator[Address]:
    """An address as it is written, and as it reads where it is written in xtext (RFC 3461)."""
    for match in _ADDRESS.finditer(name.strip()):
        yield match.group().lower()
        yield re.sub(r"\+([0-9A-F]{2})", lambda m: chr(int(m.group(1), 16)), match.group()).lower()


def _fate(action: str, code: str) -> Fate | None:
    """The action counts; a server that gave up says `failed` with a code of 4 too."""
    for begins, fate in (
        (("fail", "error"), Fate.FAILED),
        (("delay",), Fate.DELAYED),
        (("deliver", "relay", "expand"), Fate.DELIVERED),
    ):
        if action.startswith(begins):
            return fate
    return {"5": Fate.FAILED, "4": Fate.DELAYED, "2": Fate.DELIVERED}.get(code[:1])


def _code(words: str) -> str:
    """The first status code in words, of RFC 3463 or else of SMTP."""
    return next((m.group() for pattern in _CODES if (m := pattern.search(words))), "")


def _scanned(raw: bytes, words: str) -> list[Report]:
    """What the library knows of the prose of many servers."""
    try:
        found = all_failures(email.message_from_bytes(raw[:_LONGEST]))
    except _STUMBLES:
        return []
    fates = (Fate.DELAYED, Fate.DELAYED if _STILL_TRIED.search(words) else Fate.FAILED)
    code = _code(words)
    return [
        Report(recipients=_known(addresses), fate=fate, code=code)
        for addresses, fate in zip(found, fates, strict=True)
        if addresses
    ]


def _known(addresses: frozenset[bytes]) -> frozenset[Address]:
    return frozenset(
        spelled for a in addresses for spelled in _spelled(a.decode("ascii", "replace"))
    )


def _told(words: str) -> list[Report]:
    """What the words above the copy say, in no known shape."""
    named = frozenset(a.lower() for a in _ADDRESS.findall(words))
    fate = Fate.DELAYED if _STILL_TRIED.search(words) else Fate.FAILED
    return [Report(recipients=named, fate=fate, code=_code(words))] if named else []
