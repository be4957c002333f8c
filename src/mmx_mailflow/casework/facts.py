"""What the patient has told us, whatever the mail, and what is still to be asked."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field

from mmx_mailflow.casework.values import Value


class FactName(StrEnum):
    """The names of the facts; the first four are required by the policy."""

    PATIENT_NAME = "patient_name"
    DATE_OF_BIRTH = "date_of_birth"
    TREATMENT_DATES = "treatment_dates"
    RECORDS = "records"
    PROVIDERS = "providers"
    EMAILS = "emails"
    PHONES = "phones"
    POSTAL_ADDRESS = "postal_address"


REQUIRED = (
    FactName.PATIENT_NAME,
    FactName.DATE_OF_BIRTH,
    FactName.TREATMENT_DATES,
    FactName.RECORDS,
)


class Requester(StrEnum):
    """What the person who writes is to the patient."""

    PATIENT = "patient"
    REPRESENTATIVE = "representative"


class Period(Value):
    """A time of treatment, both ends included, with the words it was read from."""

    start: date
    end: date
    text: str = Field(repr=False)
    relative: bool = False


class Evidence(Value):
    """The words a fact was read from: offsets count characters in the decoded text of `part`."""

    fact: FactName
    words: str = Field(repr=False)
    part: str
    start: int
    end: int


class Reading(Value):
    """One meaning of something that can be read in several ways, ready to be shown."""

    fact: FactName
    value: str = Field(repr=False)
    """ISO date for a birth date, else the words."""


class Facts(Value):
    """The facts of one message, or of a case after merging.

    A fact that was stated and cannot be settled stands in `ambiguous`, its value is empty and
    its meanings are `readings` (there may be none: a first name alone).
    """

    patient_name: str | None = Field(default=None, repr=False)
    date_of_birth: date | None = Field(default=None, repr=False)
    treatment_dates: tuple[Period, ...] = Field(default=(), repr=False)
    providers: tuple[str, ...] = Field(default=(), repr=False)
    records: tuple[str, ...] = Field(default=(), repr=False)
    emails: tuple[str, ...] = Field(default=(), repr=False)
    phones: tuple[str, ...] = Field(default=(), repr=False)
    postal_address: str | None = Field(default=None, repr=False)
    ambiguous: frozenset[FactName] = frozenset()
    readings: tuple[Reading, ...] = Field(default=(), repr=False)
    evidence: tuple[Evidence, ...] = Field(default=(), repr=False)

    def stated(self, name: FactName) -> bool:
        """Whether there is a settled value for `name`."""
        return bool(getattr(self, name.value))

    def missing(self) -> tuple[FactName, ...]:
        """The required facts that nobody has stated in any way, in the policy's order."""
        return tuple(n for n in REQUIRED if not self.stated(n) and n not in self.ambiguous)

    def open(self) -> tuple[FactName, ...]:
        """The required facts that are missing or ambiguous, in the policy's order."""
        return tuple(n for n in REQUIRED if not self.stated(n) or n in self.ambiguous)

    def meanings(self, name: FactName) -> tuple[str, ...]:
        """The readings of an ambiguous fact, in the order found."""
        return tuple(r.value for r in self.readings if r.fact == name)

    def complete(self) -> bool:
        """Whether the form can be issued without a question."""
        return not self.open()
