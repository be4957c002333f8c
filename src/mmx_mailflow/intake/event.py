"""What a message means for its case: the event it is, or the outcome that needs no event."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from mmx_mailflow.casework.choice import confirms, declines, goes_on, pick
from mmx_mailflow.casework.events import (
    Event,
    FactsAdded,
    FileNote,
    FormReturned,
    MachineAnswered,
    Mail,
    PersonWrote,
    ProviderAnswered,
    ProviderMatch,
    RequestReceived,
    RequestWithdrawn,
    StaffReplied,
    StatusAsked,
)
from mmx_mailflow.casework.facts import FactName
from mmx_mailflow.casework.returned import Defect, Returned, Verdict
from mmx_mailflow.casework.values import Kind, Language, Trust
from mmx_mailflow.intake.commands import CommandMail
from mmx_mailflow.intake.facts.moves import new_address
from mmx_mailflow.intake.message import Message
from mmx_mailflow.intake.understand import Understood

_TEXT_FILES = ("text/calendar", "text/x-vcard", "text/vcard", "application/pgp-signature")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A message with everything that was found out about it before its case is asked."""

    number: int
    message: Message
    understood: Understood
    trust: Trust
    received_at: datetime
    may_answer: bool
    returned: Returned | None = None
    """What its files hold of a form; None when nobody looked or nothing is attached."""
    matches: tuple[ProviderMatch, ...] = ()
    sha256: tuple[str, ...] = ()
    came: frozenset[int] = frozenset()
    """Numbers of the pages of its case's form that it brought."""

    @property
    def sender(self) -> str:
        """The address that the message claims to come from, or an empty string."""
        return self.message.from_addresses[0] if self.message.from_addresses else ""


def files_of(read: Read) -> tuple[FileNote, ...]:
    """The attachments as notes; their bytes stay in the kept message."""
    return tuple(
        FileNote(
            id=f"{read.number}.{part.index}",
            media_type=part.media_type,
            size=len(part.content),
            sha256=hashlib.sha256(part.content).hexdigest(),
        )
        for part in read.message.parts
        if part.media_type not in _TEXT_FILES
    )


def mail_of(read: Read, *, proven: bool, why: str, placed: bool = False) -> Mail:
    """What every event that comes by mail knows of it."""
    codes = [p.code for p in read.returned.pages if p.code] if read.returned else []
    return Mail(
        message=read.number,
        message_id=read.message.message_id,
        sender=read.sender,
        trust=Trust.VERIFIED if proven and read.trust != Trust.FAILED else read.trust,
        proven=proven,
        code_proven=any(code.verified for code in codes),
        placed=placed,
        received_at=read.received_at,
        language=Language(read.understood.reply_language),
        may_answer=read.may_answer,
        first_words=read.understood.first_words,
        files=files_of(read),
        new_address=new_address(
            read.message.new_text, read.sender, next(iter(read.message.to), "")
        ),
        urgent=read.understood.urgent,
        subject_case=why,
    )


def patient_event(read: Read, mail: Mail, *, new_case: bool) -> Event:
    """The event of a patient's mail, or of a stranger's in a patient's thread."""
    understood = read.understood
    if holds_a_form(read) or (understood.kind == Kind.FORM_RETURN and not new_case):
        return FormReturned(
            mail=mail,
            returned=read.returned or _nothing_came(read),
            came=read.came,
            sha256=read.sha256,
        )
    if not new_case and understood.kind == Kind.OTHER and pick(understood.first_words) is not None:
        return FactsAdded(mail=mail, facts=understood.facts, matches=read.matches)
    if not new_case and _answers(understood):
        return PersonWrote(mail=mail)
    match understood.kind:
        case Kind.REQUEST:
            return RequestReceived(
                mail=mail,
                facts=understood.facts,
                requester=understood.requester,
                patients=understood.patients,
                matches=read.matches,
            )
        case Kind.FOLLOWUP:
            return FactsAdded(mail=mail, facts=understood.facts, matches=read.matches)
        case Kind.STATUS_INQUIRY:
            return StatusAsked(mail=mail)
        case Kind.WITHDRAWAL:
            return RequestWithdrawn(mail=mail, revokes=understood.revokes)
        case Kind.AUTO_REPLY | Kind.BOUNCE:
            return MachineAnswered(mail=mail)
        case _:
            return PersonWrote(mail=mail, sort=understood.kind)


_ASKED_FOR = (
    FactName.DATE_OF_BIRTH,
    FactName.TREATMENT_DATES,
    FactName.PROVIDERS,
    FactName.RECORDS,
)


def _answers(understood: Understood) -> bool:
    """Whether it is a bare yes, no or go on, which the subject of our thread makes a request."""
    words = understood.first_words
    if understood.kind not in {Kind.REQUEST, Kind.FOLLOWUP, Kind.OTHER}:
        return False
    said = confirms(words) or declines(words) or goes_on(words)
    return said and not any(understood.facts.stated(n) for n in _ASKED_FOR)


def holds_a_form(read: Read) -> bool:
    """Whether a page of a form of ours is among the files."""
    return read.returned is not None and any(page.code for page in read.returned.pages)


def _nothing_came(read: Read) -> Returned:
    """A form was announced: by a link, or by nothing at all."""
    link = (Defect.LINK_ONLY,) if read.understood.has_link_only else ()
    return Returned(verdict=Verdict.NOT_THE_FORM, defects=link)


def provider_event(read: Read, mail: Mail, provider: int) -> Event:
    """The event of a mail in a provider's thread."""
    if read.understood.kind in {Kind.AUTO_REPLY, Kind.BOUNCE}:
        return MachineAnswered(mail=mail, provider=provider)
    if read.understood.revokes and read.understood.kind == Kind.WITHDRAWAL:
        # Whoever says so, provider mail stops at once; it is no word of the patient's.
        nobody = mail.model_copy(update={"trust": Trust.UNKNOWN, "proven": False})
        return RequestWithdrawn(mail=nobody, revokes=True)
    return ProviderAnswered(mail=mail, provider=provider, guess=guess(read.understood.first_words))


_GUESSES = (
    ("fee", ("fee", "cost", "costo", "pago", "clabe", "tarifa", "cuota", "payment")),
    ("no_record", ("no record", "not found", "no se encontr", "no aparece", "sin registro")),
    ("denied", ("cannot release", "not able to release", "no procede", "no es posible entregar")),
    ("acknowledged", ("received", "recibid", "acuse", "enterado", "en trámite", "en tramite")),
)


def guess(words: str) -> str:
    """What a provider seems to say, by its words alone; staff settle it."""
    plain = words.casefold()
    return next((name for name, signs in _GUESSES if any(s in plain for s in signs)), "")


def staff_event(
    read: Read, mail: Mail, commands: CommandMail, shown: tuple[str, ...]
) -> StaffReplied:
    """The event of a reply of staff in the thread of a case."""
    return StaffReplied(
        mail=mail,
        lines=commands.lines,
        note=commands.note,
        cut=commands.cut,
        shown=shown,
        matches=read.matches,
    )
