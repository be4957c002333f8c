"""Which letter bounced, to whom, and whether for good (RFC 3464; older servers write prose)."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass, field

from flufl.bounce import scan_message

from mmx_mailflow.casework.values import Address
from mmx_mailflow.intake.message import Message

_STATUS = re.compile(rb"^Status:\s*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
_CODE = re.compile(r"\b([45]\.\d{1,3}\.\d{1,3})\b|\b([45]\d\d)[ -]")
_ID = re.compile(r"^\s*>?\s*Message-ID:\s*(<[^<>\s]{3,900}>)", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(r"[\w.+%-]{1,64}@[\w.-]{1,253}")
_STUMBLES = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
_LONGEST = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """What a delivery report says."""

    original: str
    """Message-ID of the letter, empty when the report does not name it."""
    permanent: bool
    code: str
    recipients: tuple[Address, ...] = field(default=(), repr=False)


def read_bounce(raw: bytes, message: Message) -> Bounce:
    """Read a message that was sorted as a bounce; never raises."""
    text = raw[:_LONGEST].decode("utf-8", "replace")
    status = _STATUS.search(message.delivery_report or b"")
    found = _CODE.search(message.text)
    code = (
        status.group(1).decode() if status else (found.group(1) or found.group(2) if found else "")
    )
    ids = [n.message_id for n in message.nested if n.message_id]
    ids += [m.group(1) for m in _ID.finditer(text) if m.group(1) != message.message_id]
    ids += [*message.in_reply_to, *message.references]
    return Bounce(
        original=ids[0] if ids else "",
        permanent=not code.startswith("4"),
        code=code,
        recipients=_recipients(raw, message),
    )


def _recipients(raw: bytes, message: Message) -> tuple[Address, ...]:
    try:
        temporary, permanent = scan_message(email.message_from_bytes(raw[:_LONGEST]))
        found = {a.decode("ascii", "replace").lower() for a in (*permanent, *temporary)}
    except _STUMBLES:
        found = set()
    return tuple(sorted(found)) or tuple(
        a.lower() for a in _ADDRESS.findall(message.text[:4_000])[:1]
    )
