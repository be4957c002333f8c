"""What is found out of a kept mail before anything is written: who writes, what, in which case."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.codes import is_proven
from mmx_mailflow.casework.commands import Command
from mmx_mailflow.casework.events import ProviderMatch
from mmx_mailflow.casework.pages import here
from mmx_mailflow.casework.returned import Returned
from mmx_mailflow.casework.values import Address, Kind, Role, Trust
from mmx_mailflow.forms.returned import ReturnedFile, judge, may_hold_pages, merge
from mmx_mailflow.intake.authenticity import Assessment, looks_like, trust
from mmx_mailflow.intake.event import Read
from mmx_mailflow.intake.match import LAPSED, Candidate, Clues, Match, clues, match, patient_key
from mmx_mailflow.intake.message import Message
from mmx_mailflow.intake.read import read
from mmx_mailflow.intake.understand import Understood, understand
from mmx_mailflow.office import Office, issued_packet
from mmx_mailflow.store import cases, messages
from mmx_mailflow.store.engine import Connection

_FORM_TYPES = (
    "application/pdf",
    "image/",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
)
MACHINES = frozenset({Kind.AUTO_REPLY, Kind.BOUNCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A kept mail with all that was found out before anything is written."""

    number: int
    kept: messages.Kept
    message: Message
    read: Read
    match: Match
    assessed: Assessment
    duplicate: int | None = None
    stored: cases.Stored | None = None


def find(office: Office, number: int) -> Arrived | None:
    """Read a kept mail, look who writes and where it belongs; None when it is settled already."""
    with office.store.begin() as connection:
        kept = messages.load(connection, office.keys, number)
    if kept is None or kept.outcome is not None or not kept.given:
        return None
    message = read(kept.raw, office.worker.mail)
    found, assessed = _read(office, number, kept, message)
    with office.store.begin() as connection:
        duplicate = messages.identify(
            connection, office.keys, number, message.message_id, _content(found)
        )
        where = _match(office, connection, found)
        if found.message is not message:  # nor does a token that a web form's user copied into it
            where = replace(where, proven=False)
        stored = cases.load(connection, office.keys, where.ref) if where.ref else None
    return Arrived(
        number=number,
        kept=kept,
        message=message,
        read=found,
        match=where,
        assessed=assessed,
        duplicate=duplicate,
        stored=stored,
    )


def _read(
    office: Office, number: int, kept: messages.Kept, message: Message
) -> tuple[Read, Assessment]:
    """What the mail says, its files opened too, and how far its sender is to be trusted."""
    ours = any(is_ours(office, a) for a in message.from_addresses[:1])
    understood = understand(message, kept.received_at, words_in=office.worker.words)
    assessed = trust(
        message.headers,
        message.from_addresses,
        message.from_count,
        office.trusted_ids,
        office.protected,
        message.from_name,
    )
    writer = _web_form(office, message)
    if writer is not message:
        assessed = _by_web_form(office, writer, assessed)
    found = Read(
        number=number,
        message=writer,
        understood=understood,
        trust=assessed.trust,
        received_at=min(kept.received_at, office.clock.now()),
        may_answer=understood.may_answer,
        matches=_matches(office, understood),
        returned=None if ours else _inspected(office, message, None, deep=False),
        sha256=tuple(hashlib.sha256(p.content).hexdigest() for p in _form_files(message)),
    )
    return found, assessed


def _content(found: Read) -> str:
    """By what the same mail is known again: its sender, its words, its files."""
    content = hashlib.sha256(f"{found.sender}\0{found.message.text}".encode())
    for part in found.message.parts:
        content.update(part.content)
    return content.hexdigest()


def _web_form(office: Office, message: Message) -> Message:
    """A configured web form names the real person in Reply-To; nobody else may."""
    sender = message.from_addresses[0] if message.from_addresses else ""
    if sender in office.web_form_senders and message.reply_to:
        return replace(message, from_addresses=(message.reply_to,))
    return message


def _by_web_form(office: Office, writer: Message, form: Assessment) -> Assessment:
    """Whoever fills in a form may name anybody: what vouches for the form says nothing of them."""
    if form.trust == Trust.FAILED:
        return form
    if looks_like(writer.from_addresses[0].rpartition("@")[2], office.protected):
        return Assessment(Trust.FAILED, "the domain resembles one of ours")
    return Assessment(Trust.UNKNOWN, "a web form names the person")


def is_ours(office: Office, sender: Address) -> bool:
    """Our own address, also with a tag behind a plus."""
    local, _, domain = sender.lower().partition("@")
    ours = office.policy.records_address.lower()
    return ours in {sender.lower(), f"{local.partition('+')[0]}@{domain}"}


def _matches(office: Office, understood: Understood) -> tuple[ProviderMatch, ...]:
    return tuple(office.directory.matches(name) for name in understood.facts.providers)


def by_a_program(arrived: Arrived) -> bool:
    """Whether no person wrote it."""
    understood = arrived.read.understood
    return bool(understood.sign) or understood.kind in MACHINES


def _form_files(message: Message) -> list[ReturnedFile]:
    return [
        ReturnedFile(name=f"{part.index}", content=part.content)
        for mail in (message, *message.nested)
        for part in mail.parts
        if part.media_type.startswith(_FORM_TYPES) or may_hold_pages(part.content)
    ]


def _inspected(
    office: Office, message: Message, case: Case | None, *, deep: bool
) -> Returned | None:
    """What the files of a mail hold of a form; None when there is nothing to look at."""
    files = _form_files(message)
    if not files or message.delivery_report is not None:
        return None
    return inspected(office, files, case, deep=deep)


def inspected(
    office: Office, files: Sequence[ReturnedFile], case: Case | None, *, deep: bool = True
) -> Returned:
    """What files hold, compared with the form that went out when the case is known.

    The files are opened by the limited process, and judged here, where the key is. Without `deep`
    only codes are read, to find the case.
    """
    form = case.form if case else None
    blank = issued_packet(office, case) if case and case.form and deep else b""
    return judge(
        office.worker.look(files, blank=blank, deep=deep),
        keys=office.code_keys(),
        issued=form,
        today=office.today(),
    )


def _match(office: Office, connection: Connection, found: Read) -> Match:
    """Ask the store for every thread that a clue leads to, and let the evidence decide."""
    pages = found.returned.pages if found.returned else ()
    forms = tuple(p.code.ref for p in pages if p.code is not None and p.code.verified)
    signs = clues(found.message, office.policy.records_address, forms)
    candidates = _candidates(office, connection, signs, found.sender)
    patient = patient_key(found.understood.facts)
    return match(
        candidates,
        kind=found.understood.kind,
        sender=found.sender,
        patient=office.keys.lookup("patient", patient) if patient else "",
        now=office.clock.now(),
        several_patients=found.understood.patients > 1,
    )


def _candidates(
    office: Office, connection: Connection, signs: Clues, sender: str
) -> list[Candidate]:
    keys = office.keys
    asked: tuple[tuple[str, list[cases.Found]], ...] = (
        ("plus", cases.by_codes(connection, keys, signs.plus_codes)),
        ("message_id", cases.by_message_ids(connection, keys, signs.message_ids)),
        ("code", cases.by_codes(connection, keys, signs.codes)),
        ("form", cases.by_references(connection, signs.forms)),
        ("reference", cases.by_references(connection, signs.references)),
        ("sender", cases.by_sender(connection, keys, sender) if sender else []),
    )
    lapsed = keys.some_lapsed(office.today(), office.code_overlap)
    valid = office.code_keys() if lapsed else ()
    return [
        Candidate(
            ref=found.ref,
            role=found.role,
            provider=found.provider,
            by=LAPSED if _has_lapsed(found, valid) else by,
            closed_at=found.closed_at,
            patient_key=found.patient_key,
            recipient=found.recipient,
            shows=found.shows,
        )
        for by, rows in asked
        for found in rows
    ]


def _has_lapsed(found: cases.Found, valid: Sequence[bytes]) -> bool:
    """Whether it bears a code, as a Message-ID of ours does, of a key that counts no longer.

    It names its case still, and proves nothing. `valid` is empty while every key counts.
    """
    about = found.ref, found.role, found.recipient
    return bool(found.code and valid) and not is_proven(found.code, valid, *about)


def said_by_staff(office: Office, arrived: Arrived, command: Command | None) -> Arrived:
    """The mail where staff say it belongs: they name the thread, they prove nobody."""
    if command is None or (command.ref is None and arrived.match.inner):
        return arrived
    if command.ref is None:
        why = "staff say it is a new request"
        opened = Match(ref=None, new_case=True, why=why, placed=True)
        asked = understand(
            arrived.message,
            arrived.kept.received_at,
            taken_for=Kind.REQUEST,
            words_in=office.worker.words,
        )
        found = replace(arrived.read, understood=asked, matches=_matches(office, asked))
        return replace(arrived, match=opened, duplicate=None, read=found)
    with office.store.begin() as connection:
        stored = cases.load(connection, office.keys, command.ref)
    if stored is None:
        return arrived
    here = arrived.match
    why = "staff say that it belongs here"
    there = Match(ref=command.ref, inner=here.inner, why=why, placed=True)
    if (here.ref, here.role) == (command.ref, Role.PROVIDER):  # it stays the provider's
        there = replace(there, role=here.role, provider=here.provider)
    return replace(arrived, match=there, stored=stored, duplicate=None)


def with_form(office: Office, arrived: Arrived) -> Arrived:
    """Look again at returned pages with the form that was issued, and merge earlier pages."""
    case = arrived.stored.case if arrived.stored else None
    role = arrived.match.role
    if case is None or case.form is None or arrived.read.returned is None or role != Role.PATIENT:
        return arrived
    returned = _inspected(office, arrived.message, case, deep=True)
    came = here(returned, case.form) if returned else frozenset[int]()
    if returned is not None and case.returns:
        returned = merge(case.returns[-1].returned, returned, case.form, office.today())
    return replace(arrived, read=replace(arrived.read, returned=returned, came=came))
