"""What was recognised in a returned form: pages, places to sign, checks, verdict."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field, JsonValue

from mmx_mailflow.casework.values import CaseId, Value


class Verdict(StrEnum):
    """What a return amounts to."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    INCOMPLETE = "incomplete"
    NOT_THE_FORM = "not_the_form"
    UNREADABLE = "unreadable"
    UNSURE = "unsure"


class Signature(StrEnum):
    """What stands in a place for a signature."""

    NONE = "none"
    TYPED = "typed"
    DRAWN = "drawn"
    INK = "ink"
    THUMBPRINT = "thumbprint"
    PLATFORM = "platform"
    CRYPTOGRAPHIC = "cryptographic"
    UNSURE = "unsure"


class Defect(StrEnum):
    """What is wrong with a returned form."""

    UNSIGNED = "UNSIGNED"
    UNDATED = "UNDATED"
    DATE_FUTURE = "DATE_FUTURE"
    DATE_BEFORE_ISSUE = "DATE_BEFORE_ISSUE"
    EXPIRED = "EXPIRED"
    EXPIRY_MISSING = "EXPIRY_MISSING"
    WRONG_PERSON = "WRONG_PERSON"
    REP_NO_PROOF = "REP_NO_PROOF"
    NAME_MISMATCH = "NAME_MISMATCH"
    DOB_MISMATCH = "DOB_MISMATCH"
    WRONG_FORM = "WRONG_FORM"
    OLD_VERSION = "OLD_VERSION"
    OTHER_CASE = "OTHER_CASE"
    PAGE_MISSING = "PAGE_MISSING"
    CROPPED = "CROPPED"
    ILLEGIBLE = "ILLEGIBLE"
    ALTERED = "ALTERED"
    NO_SCOPE = "NO_SCOPE"
    NO_PROVIDER = "NO_PROVIDER"
    INITIALS_MISSING = "INITIALS_MISSING"
    WITNESS_MISSING = "WITNESS_MISSING"
    ID_MISSING = "ID_MISSING"
    ID_EXPIRED = "ID_EXPIRED"
    ID_MISMATCH = "ID_MISMATCH"
    TYPED_ONLY = "TYPED_ONLY"
    LINK_ONLY = "LINK_ONLY"
    UNREADABLE_FILE = "UNREADABLE_FILE"
    PASSWORD = "PASSWORD"  # noqa: S105  a defect's name
    INFECTED = "INFECTED"
    DUPLICATE = "DUPLICATE"
    REVOKED = "REVOKED"
    CONSENT_UNSIGNED = "CONSENT_UNSIGNED"
    POWER_UNSIGNED = "POWER_UNSIGNED"


class CheckResult(StrEnum):
    """How one of the twenty checks of a returned form came out."""

    PASS = "pass"  # noqa: S105  a result's name
    FAIL = "fail"
    UNSURE = "unsure"
    NOT_APPLICABLE = "n/a"


class PageCode(Value):
    """The machine code of a page; `verified` is None when there was no key to check it with."""

    ref: CaseId
    issue: int
    page: int
    verified: bool | None
    roles: str = ""
    """The kind of each page of this form, a letter a page (`forms.shape`)."""


class Place(Value):
    """A place to sign and what was found there."""

    place: str
    """A13, A12.6, B2.1, B2.2, B3.1 or B3.2."""
    signature: Signature
    date: str | None = Field(default=None, repr=False)
    """ISO date where it could be read, else the words, or None."""
    dated: bool | None = None
    """Whether something stands in the place for the date; None: not certain."""
    picture: str = Field(default="", repr=False)
    """The place as it came, for staff to look at: PNG in base64, small."""


class Page(Value):
    """One page of what came back."""

    code: PageCode | None
    legible: bool
    fields: dict[str, str] = Field(default_factory=dict, repr=False)
    """Values by field name, as they were typed, or as printed where nothing was written over."""
    written: tuple[str, ...] = ()
    """Fields with handwriting in them: their values are for a person to read."""
    altered: tuple[str, ...] = ()
    """Printed pieces that are struck out, reworded or gone, by their first word."""
    beside: int = 0
    """How many pieces of writing stand where there is nothing to fill in."""
    reworded: bool = False
    """It came as a PDF whose print is text, and other words stand there: certainly altered."""
    compared: bool = False
    """The page was laid over the one that was issued; else nobody knows what was written on it."""
    read: dict[str, str] = Field(default_factory=dict, repr=False)
    """What character recognition read of fields: evidence, never a value."""
    places: tuple[Place, ...] = ()


class Check(Value):
    """One of the twenty checks; `check` is its number."""

    check: int
    result: CheckResult
    evidence: str = Field(default="", repr=False)
    evidence_es: str = Field(default="", repr=False)
    """The same in Spanish, for staff who read that."""


class Returned(Value):
    """The whole of one return, from one or several files."""

    pages: tuple[Page, ...] = ()
    verdict: Verdict
    defects: tuple[Defect, ...] = ()
    checks: tuple[Check, ...] = ()


class IssuedForm(Value):
    """What is known of the form that went out: what a return is compared with."""

    ref: CaseId
    issue: int
    issued_on: date
    expires_on: date
    pages: int
    pages_wanted: tuple[int, ...]
    """The pages with something to write on: only these must come back."""
    version: str
    roles: str = ""
    """The kind of each page, a letter a page (`forms.shape`)."""
    printed: dict[str, JsonValue] = Field(default_factory=dict, repr=False)
    """The values that it was prefilled with, so that it can be drawn again to the byte."""
