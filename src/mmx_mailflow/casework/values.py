"""What all records of the core share: they are immutable and refuse fields they do not know."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NewType

from pydantic import BaseModel, ConfigDict

CaseId = NewType("CaseId", str)
"""The reference `MMX-XXXX-XXC`, canonical: upper case, with hyphens."""

Address = str
"""A mail address, local part and domain in lower case, without a display name."""


_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")


def ascii_address(address: Address) -> Address | None:
    """The address as it can be written to, its domain in ASCII (RFC 5891); None when it cannot.

    A non-ASCII local part would need SMTPUTF8, which not every server on the way has.
    """
    local, _, domain = address.rpartition("@")
    try:
        domain = (domain if domain.isascii() else domain.encode("idna").decode("ascii")).lower()
    except UnicodeError:
        return None
    whole = _LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(domain)
    return f"{local}@{domain}" if whole else None


class Value(BaseModel):
    """An immutable record that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Language(StrEnum):
    """The languages that letters are written in."""

    EN = "en"
    ES = "es"


class Role(StrEnum):
    """To whom a letter goes, or who wrote a message."""

    PATIENT = "patient"
    PROVIDER = "provider"
    STAFF = "staff"
    OPERATOR = "operator"


class Trust(StrEnum):
    """How far the sender of a message is believed."""

    VERIFIED = "verified"
    UNKNOWN = "unknown"
    FAILED = "failed"


class Kind(StrEnum):
    """The sort of a message."""

    REQUEST = "request"
    FOLLOWUP = "followup"
    FORM_RETURN = "form_return"
    STATUS_INQUIRY = "status_inquiry"
    WITHDRAWAL = "withdrawal"
    PROVIDER_REPLY = "provider_reply"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    OTHER = "other"
    JUNK = "junk"


class Outcome(StrEnum):
    """What became of a message; each has exactly one."""

    HANDLED = "handled"
    DUPLICATE = "duplicate"
    MACHINE = "machine"
    JUNK = "junk"
    HELD = "held"
    PARKED = "parked"
    OWN_COPY = "own_copy"
    BEFORE_START = "before_start"
    TOO_LARGE = "too_large"
