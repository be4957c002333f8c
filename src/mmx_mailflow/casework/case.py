"""One patient's request from first mail to closed file, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from mmx_mailflow.casework.events import DirectoryMatch, FileNote
from mmx_mailflow.casework.facts import Facts, Period, Requester
from mmx_mailflow.casework.letters import Letter
from mmx_mailflow.casework.returned import IssuedForm, Returned
from mmx_mailflow.casework.values import Address, CaseId, Language, Trust, Value


class State(StrEnum):
    """Where the case is."""

    TRIAGE = "triage"
    INTAKE = "intake"
    AWAITING_SIGNATURE = "awaiting_signature"
    FORM_REVIEW = "form_review"
    RESOLVING_PROVIDERS = "resolving_providers"
    IN_PROGRESS = "in_progress"
    AWAITING_PATIENT = "awaiting_patient"
    DELIVERING = "delivering"
    CLOSED = "closed"
    PURGED = "purged"


class Result(StrEnum):
    """How a closed case ended (what the board calls `outcome`)."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    UNOBTAINABLE = "unobtainable"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    ABANDONED = "abandoned"
    OUT_OF_SCOPE = "out_of_scope"
    DUPLICATE = "duplicate"
    REFUSED_IDENTITY = "refused_identity"
    CONTACT_LOST = "contact_lost"


class ProviderState(StrEnum):
    """Where one provider's part is."""

    UNRESOLVED = "unresolved"
    READY = "ready"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    PROMISED = "promised"
    NEEDS_PATIENT = "needs_patient"
    NEEDS_STAFF = "needs_staff"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    COMPLETE = "complete"
    PARTIAL = "partial"
    NO_RECORD = "no_record"
    DENIED = "denied"
    REFERRED = "referred"
    UNRESPONSIVE = "unresponsive"
    CANCELLED = "cancelled"
    NOT_COVERED = "not_covered"


SETTLED = frozenset(
    {
        ProviderState.COMPLETE,
        ProviderState.PARTIAL,
        ProviderState.NO_RECORD,
        ProviderState.DENIED,
        ProviderState.UNRESPONSIVE,
        ProviderState.CANCELLED,
        ProviderState.NOT_COVERED,
        ProviderState.REFERRED,
    }
)


class Turn(StrEnum):
    """Whose turn it is."""

    PATIENT = "patient"
    PROVIDER = "provider"
    STAFF = "staff"
    US = "us"
    NOBODY = "nobody"


class TaskName(StrEnum):
    """What a person of the staff has to do."""

    TRIAGE = "triage"
    TRUST_FAILED = "trust_failed"
    TWO_PATIENTS = "two_patients"
    REVIEW_FORM = "review_form"
    RESOLVE_PROVIDER = "resolve_provider"
    READ_MAIL = "read_mail"
    PROVIDER_REPLY = "provider_reply"
    PROVIDER_SILENT = "provider_silent"
    PROVIDER_DRAFT = "provider_draft"
    PROVIDER_CHANNEL = "provider_channel"
    CHECK_RECORDS = "check_records"
    CONFIRM_REVOCATION = "confirm_revocation"
    CHANGE_ADDRESS = "change_address"
    BOUNCED = "bounced"
    PHONE_PATIENT = "phone_patient"
    PROMISE = "promise"
    UNCERTAIN_SEND = "uncertain_send"
    EMERGENCY = "emergency"
    UNPLANNED = "unplanned"
    MANUAL_SEND = "manual_send"
    RENEW_FORM = "renew_form"


class Task(Value):
    """An open question to staff; a done task is no longer there."""

    n: int
    name: TaskName
    opened_at: datetime
    provider: int = 0
    details: str = Field(default="", repr=False)
    message: int | None = None


class Provider(Value):
    """A clinic, hospital, laboratory or doctor that holds records of this case."""

    n: int
    name: str = Field(repr=False)
    state: ProviderState = ProviderState.UNRESOLVED
    address: Address = Field(default="", repr=False)
    exact: bool = False
    """The address is from an exact match of the directory, or a person chose it."""
    channel: str = "email"
    country: str = "MX"
    timezone: str = ""
    id_copy: bool = False
    """It wants a copy of an ID with the authorization."""
    witnesses: bool = False
    """It wants two witnesses on the carta poder."""
    max_age_days: int = 0
    """How many days after its signature it accepts an authorization; 0: until it ends."""
    state_since: datetime | None = None
    candidates: tuple[DirectoryMatch, ...] = Field(default=(), repr=False)
    submissions: int = 0
    """How many submissions were decided (for the business key)."""
    sent_at: datetime | None = None
    acknowledged_at: datetime | None = None
    promised_on: date | None = None
    need: str = ""
    details: str = Field(default="", repr=False)
    wrote_at: datetime | None = None
    """When the last letter that asks something of them was decided."""


class Return(Value):
    """What has come back of the form so far."""

    message: int
    received_at: datetime
    sender: Address = Field(repr=False)
    returned: Returned
    files: tuple[FileNote, ...] = ()
    came: frozenset[int] = frozenset()
    """Numbers of the pages of the form that this very mail brought."""
    trust: Trust = Trust.UNKNOWN
    seen_before: bool = False
    """One of the files came with another case before."""


class Authorization(Value):
    """What the accepted form gives us."""

    issue: int
    issued_on: date | None = None
    signed_on: date | None = None
    """The date at A13, where it could be read."""
    returned_at: datetime
    accepted_at: datetime
    accepted_by: str = Field(repr=False)
    """The member of staff, or `automatic`."""
    expires_on: date
    """The printed day, at most twelve months after the signature."""
    revoked_at: datetime | None = None
    providers: tuple[str, ...] = Field(default=(), repr=False)
    """The names printed on the accepted form."""
    class_clause: bool = False
    """The box `and any other provider that took part in the care described` is ticked."""
    care: tuple[Period, ...] = Field(default=(), repr=False)
    """The times of treatment that the form describes: the class clause covers no others."""
    email_risk_accepted: bool = False
    """A9: the initials for records by plain mail are there."""
    files: tuple[FileNote, ...] = ()
    """The signed pages."""
    form: IssuedForm | None = Field(default=None, repr=False)
    """The form as it was issued, from which the pages that were kept are drawn."""
    kept: tuple[int, ...] = ()
    """The pages of the signed documents that did not come back."""


class ReceivedFile(Value):
    """A file that a provider sent."""

    id: str
    provider: int
    media_type: str
    size: int
    sha256: str
    received_at: datetime
    delivered_at: datetime | None = None


class Move(Value):
    """A change of the patient's address that is not done yet."""

    to: Address = Field(repr=False)
    asked_at: datetime
    agreed_at: datetime | None = None
    """When the old address, or staff, said yes: the new one was asked to answer."""


class Undo(Value):
    """What UNDO puts back until `until`: the parts of the case as they were before."""

    until: datetime
    occasions: tuple[str, ...]
    """Occasions of the letters that still wait."""
    state: State
    providers: tuple[Provider, ...] = Field(default=(), repr=False)
    tasks: tuple[Task, ...] = Field(default=(), repr=False)
    authorization: Authorization | None = None
    files: tuple[ReceivedFile, ...] = ()
    returns: tuple[Return, ...] | None = None
    """None where nothing of what came back was refused."""
    form_rounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The aggregate: everything that decisions about one request depend on."""

    ref: CaseId
    state: State
    received_at: datetime
    """INTERNALDATE of the first request mail: the clock of the policy's 10 business days."""
    sender: Address = field(repr=False)
    """The first sender: answers and the form go there."""
    trust: Trust = Trust.UNKNOWN
    confirmed: bool = False
    """The first sender brought back a token or the form's code: the confirmed address."""
    move: Move | None = field(default=None, repr=False)
    """Another address that somebody wishes; everything goes to `sender` until it has answered."""
    language: Language = Language.EN
    requester: Requester | None = None
    facts: Facts = field(default_factory=Facts, repr=False)
    result: Result | None = None
    closed_at: datetime | None = None
    asked_at: datetime | None = None
    """When the last question about facts was decided."""
    form: IssuedForm | None = None
    """The form that is out, last issue."""
    form_decided_at: datetime | None = None
    form_issued_at: datetime | None = None
    """When the mail server took the first form: what the policy's promise counts."""
    form_names: tuple[str, ...] = field(default=(), repr=False)
    """The providers' names printed on the form that is out."""
    form_rounds: int = 0
    """How many returns went back to the patient with defects."""
    returns: tuple[Return, ...] = ()
    authorization: Authorization | None = None
    providers: tuple[Provider, ...] = ()
    first_submission_at: datetime | None = None
    files: tuple[ReceivedFile, ...] = ()
    tasks: tuple[Task, ...] = ()
    task_count: int = 0
    """How many tasks were ever opened: their numbers are not used again."""
    last_note_at: datetime | None = None
    """The last reminder or status note to the patient."""
    fired: frozenset[str] = frozenset()
    """Names of deadlines that were handled and are not derived again."""
    on_hold: bool = False
    hold_until: date | None = None
    paused_at: datetime | None = None
    """Provider mail is paused because somebody revoked."""
    urgent: bool = False
    legal_hold: bool = False
    released: bool = False
    """Staff let a case of a sender with failed trust go on."""
    unreachable: bool = False
    """A letter to the patient bounced for good."""
    id_waived: bool = False
    last_message_id: str = ""
    """Message-ID of the patient's last mail, for threading."""
    letters: int = 0
    """How many letters were decided: occasions that need a number take it from here."""
    undo: Undo | None = None
    confirm_code: str = ""
    """What CONFIRM must say, and for which command (`CODE:verb`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The new case, the letters, and because: they are recorded together or not at all."""

    case: Case
    because: str
    """The reason in one sentence, no facts in it."""
    letters: tuple[Letter, ...] = ()
    cancel: frozenset[str] = frozenset()
    """Waiting letters to take back: names of roles (`provider`) or occasions."""
    pause: frozenset[str] = frozenset()
    """Roles whose waiting letters are paused."""
    resume: frozenset[str] = frozenset()
    """Roles whose paused letters wait again."""
    hold_message: bool = False
    """The message's outcome is `held`, not `handled`."""
