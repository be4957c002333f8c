"""What all records of the core share: they are immutable and refuse fields they do not know."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

from pydantic import BaseModel, ConfigDict

CaseId = NewType("CaseId", str)
"""The reference `MMX-XXXX-XXC`, canonical: upper case, with hyphens."""

Address = str
"""A mail address, local part and domain in lower case, without a display name."""


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
