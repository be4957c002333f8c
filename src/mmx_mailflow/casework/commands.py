"""What staff can ask for in a reply: the words are read in `intake.commands`, the work is here."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field

from mmx_mailflow.casework.facts import Facts
from mmx_mailflow.casework.returned import Defect
from mmx_mailflow.casework.values import Address, CaseId, Value


class Verb(StrEnum):
    """The commands; each has English and Spanish words, see `intake.commands.GRAMMAR`."""

    HELP = "help"
    SHOW = "show"
    SET = "set"
    ASK = "ask"
    ID_OK = "id_ok"
    SEND_FORM = "send_form"
    APPROVE = "approve"
    REJECT = "reject"
    ADD_PROVIDER = "add_provider"
    PROVIDER = "provider"
    DELIVER = "deliver"
    TELL_PATIENT = "tell_patient"
    NOTE = "note"
    HOLD = "hold"
    RESUME = "resume"
    RELEASE = "release"
    CLOSE = "close"
    REOPEN = "reopen"
    UNDO = "undo"
    CONFIRM = "confirm"
    FILE_AS = "file_as"
    """The holding pen's `1 = MMX-...`."""


class ProviderAction(StrEnum):
    """What `PROVIDER n ...` can say."""

    CHOOSE = "choose"
    """`PROVIDER n = k`: the k-th candidate of the directory shown."""
    ADDRESS = "address"
    """`PROVIDER n = office@hospital.example`."""
    SEND = "send"
    """Send the submission, or the draft of a follow-up."""
    TELL = "tell"
    """`PROVIDER n TELL: words` up to END."""
    ACKNOWLEDGED = "acknowledged"
    PROMISED = "promised"
    """`PROVIDER n PROMISED 2027-03-04`."""
    RECEIVED = "received"
    PARTIAL = "partial"
    COMPLETE = "complete"
    NO_RECORD = "no_record"
    DENIED = "denied"
    REFERRED = "referred"
    """`PROVIDER n REFERRED name`."""
    UNRESPONSIVE = "unresponsive"
    CANCEL = "cancel"
    FEE = "fee"
    """`PROVIDER n FEE 850 MXN ...`."""
    NEEDS = "needs"
    """`PROVIDER n NEEDS own form|id|witnesses|formality|clarify|pickup: words`."""


class Command(Value):
    """One understood line; what a verb does not use is empty."""

    verb: Verb
    number: int = 0
    """Provider n, delivery n, or the number of a held message."""
    action: ProviderAction | None = None
    choice: int = 0
    """`PROVIDER n = k`, or the k-th guess of a held mail."""
    name: str = Field(default="", repr=False)
    """Field of SET, name of ADD PROVIDER, items of ASK, outcome of CLOSE, code of CONFIRM."""
    words: str = Field(default="", repr=False)
    """Value of SET, free text of ASK, TELL PATIENT, NOTE, REJECT, FEE, NEEDS."""
    facts: Facts | None = Field(default=None, repr=False)
    """What the value of SET was read as; None where it is taken as it stands."""
    codes: tuple[Defect, ...] = ()
    until: date | None = None
    address: Address | None = Field(default=None, repr=False)
    ref: CaseId | None = None
    """Only with FILE_AS: the case that a held message belongs to."""


class Line(Value):
    """A line of a staff mail as understood: `command` is None when it was not."""

    text: str = Field(repr=False)
    command: Command | None
    nearest: str = ""
    """For a line that was not understood: the nearest command as it should be written."""
    why: str = ""
    """For a line that was not understood: what is wrong with it."""
