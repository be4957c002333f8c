"""What happens to a case, in the past tense; mail, clock, staff and operator all end here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from mmx_mailflow.casework.commands import Line
from mmx_mailflow.casework.facts import Facts, Requester
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.returned import Returned
from mmx_mailflow.casework.values import Address, Kind, Language, Role, Trust, Value


class DirectoryMatch(Value):
    """A provider of the directory that a written name may mean."""

    name: str = Field(repr=False)
    email: Address = Field(default="", repr=False)
    language: str = "es"
    channel: str = "email"
    country: str = "MX"
    timezone: str = ""
    id_copy: bool = False
    witnesses: bool = False
    max_age_days: int = 0
    exact: bool = False
    """The name or an alias is the same but for case, accents and titles."""


class ProviderMatch(Value):
    """A provider's name as somebody wrote it, with what the directory knows of it."""

    name: str = Field(repr=False)
    matches: tuple[DirectoryMatch, ...] = ()


class FileNote(Value):
    """A file that came with a message; its bytes stay in the kept message."""

    id: str
    """`<message number>.<part index>`."""
    media_type: str
    size: int
    sha256: str


class Mail(Value):
    """What every event that came by mail knows of it."""

    message: int
    """Number of the kept message."""
    message_id: str = ""
    """Its Message-ID with angle brackets: our answer goes In-Reply-To it."""
    sender: Address = Field(repr=False)
    trust: Trust
    proven: bool = False
    """It carries a token of a letter of this case that went to this very sender."""
    code_proven: bool = False
    """It brought a page of this case's form whose code was verified."""
    placed: bool = False
    """A member of the staff said by its number that it belongs here."""
    received_at: datetime
    language: Language = Language.EN
    may_answer: bool = True
    """Nothing in it speaks against an answer (RFC 3834 and the like, the cap of the day)."""
    first_words: str = Field(default="", repr=False)
    """The new text, cut to what staff need to decide."""
    files: tuple[FileNote, ...] = ()
    new_address: Address = Field(default="", repr=False)
    """Where we are to write from now on, if it says so."""
    urgent: bool = False
    """It has the words of an emergency."""
    subject_case: str = ""
    """Why it was matched to this case, in words."""
    answers: LetterName | None = None
    """The letter of this case that it answers, by In-Reply-To: consent is to a question."""


class RequestReceived(Value):
    """A person asked for records: it opens a case or repeats an open one."""

    kind: Literal["request_received"] = "request_received"
    mail: Mail
    facts: Facts
    requester: Requester | None
    patients: int = 1
    """How many patients it asks for; more than one is a question."""
    matches: tuple[ProviderMatch, ...] = Field(default=(), repr=False)


class FactsAdded(Value):
    """A person added or corrected facts."""

    kind: Literal["facts_added"] = "facts_added"
    mail: Mail
    facts: Facts
    matches: tuple[ProviderMatch, ...] = Field(default=(), repr=False)


class FormReturned(Value):
    """Something that is, or claims to be, the form came back."""

    kind: Literal["form_returned"] = "form_returned"
    mail: Mail
    returned: Returned
    """Merged with the pages of this issue that came before."""
    came: frozenset[int] = frozenset()
    """Numbers of the pages of the form that this very mail brought."""
    sha256: tuple[str, ...] = ()
    """Hashes of the files, to see a form used twice."""
    seen_before: bool = False
    """One of them came with another case (check 19)."""


class StatusAsked(Value):
    """A person asked how far it is."""

    kind: Literal["status_asked"] = "status_asked"
    mail: Mail


class RequestWithdrawn(Value):
    """A person called it off; `revokes` when the authorization itself is taken back."""

    kind: Literal["request_withdrawn"] = "request_withdrawn"
    mail: Mail
    revokes: bool = False


class ProviderAnswered(Value):
    """A provider's office wrote."""

    kind: Literal["provider_answered"] = "provider_answered"
    mail: Mail
    provider: int
    guess: str = ""
    """What it seems to say (acknowledged, fee, ...), for staff to settle."""


class PersonWrote(Value):
    """Any other mail of a person: somebody must read it."""

    kind: Literal["person_wrote"] = "person_wrote"
    mail: Mail
    sort: Kind = Kind.OTHER


class MachineAnswered(Value):
    """An absence notice or ticket receipt: kept, never moves a case."""

    kind: Literal["machine_answered"] = "machine_answered"
    mail: Mail
    provider: int = 0


class LetterBounced(Value):
    """A letter could not be delivered, by a bounce or by the server's refusal."""

    kind: Literal["letter_bounced"] = "letter_bounced"
    letter: LetterName
    to_role: Role
    provider: int = 0
    permanent: bool = True
    code: str = ""
    """SMTP or enhanced status code, nothing else of the server's words."""
    message: int | None = None


class LetterSent(Value):
    """The mail server took a letter."""

    kind: Literal["letter_sent"] = "letter_sent"
    letter: LetterName
    to_role: Role
    provider: int = 0
    occasion: str = ""


class StaffReplied(Value):
    """A member of staff replied to a letter of this case with commands or a plain note."""

    kind: Literal["staff_replied"] = "staff_replied"
    mail: Mail
    lines: tuple[Line, ...] = ()
    note: str = Field(default="", repr=False)
    """The new text when it holds no command at all."""
    cut: str = Field(default="", repr=False)
    """What stood after TELL PATIENT's end and was cut off, to be shown."""
    shown: tuple[str, ...] = Field(default=(), repr=False)
    """What the letter that they reply to showed (`Letter.shows`)."""
    matches: tuple[ProviderMatch, ...] = Field(default=(), repr=False)


class StaffWroteByHand(Value):
    """Staff sent a mail of their own from the shared mailbox (seen in the Sent folder)."""

    kind: Literal["staff_wrote_by_hand"] = "staff_wrote_by_hand"
    message: int
    to_role: Role
    provider: int = 0


class DeadlinePassed(Value):
    """A deadline of the case passed; `name` is that of `casework.deadlines`."""

    kind: Literal["deadline_passed"] = "deadline_passed"
    name: str


class OperatorDecided(Value):
    """The operator did something from the command line."""

    kind: Literal["operator_decided"] = "operator_decided"
    action: Literal["release", "reveal", "legal_hold"]
    words: str = ""


Event = (
    RequestReceived
    | FactsAdded
    | FormReturned
    | StatusAsked
    | RequestWithdrawn
    | ProviderAnswered
    | PersonWrote
    | MachineAnswered
    | LetterBounced
    | LetterSent
    | StaffReplied
    | StaffWroteByHand
    | DeadlinePassed
    | OperatorDecided
)

AnyEvent = Annotated[Event, Field(discriminator="kind")]
