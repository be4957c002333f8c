"""One mail through the line: read, matched, turned into an event or an outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from mmx_mailflow import pen
from mmx_mailflow.casework.case import Case, Decision, State
from mmx_mailflow.casework.codes import is_proven, reference
from mmx_mailflow.casework.commands import Command
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import (
    Event,
    FormReturned,
    LetterBounced,
    Mail,
    PersonWrote,
    ProviderMatch,
    RequestWithdrawn,
    StaffReplied,
    StaffWroteByHand,
)
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.pages import here
from mmx_mailflow.casework.returned import Returned
from mmx_mailflow.casework.senders import from_first_sender
from mmx_mailflow.casework.turn import goes_to
from mmx_mailflow.casework.values import Address, Kind, Language, Outcome, Role, Trust
from mmx_mailflow.forms.returned import ReturnedFile, judge, may_hold_pages, merge
from mmx_mailflow.intake.authenticity import Assessment, looks_like, trust
from mmx_mailflow.intake.bounces import Fate, Report, read_bounce
from mmx_mailflow.intake.commands import read_commands
from mmx_mailflow.intake.event import Read, mail_of, patient_event, provider_event, staff_event
from mmx_mailflow.intake.match import LAPSED, Candidate, Clues, Match, clues, match, patient_key
from mmx_mailflow.intake.message import Message
from mmx_mailflow.intake.read import read
from mmx_mailflow.intake.understand import Understood, understand
from mmx_mailflow.office import Office, issued_packet, plain_letter, queue_plain, record, tell_staff
from mmx_mailflow.store import caps, cases, messages, outbox
from mmx_mailflow.store.engine import Connection

_FORM_TYPES = (
    "application/pdf",
    "image/",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_CAPS = ((_DAY, 1), (timedelta(days=10), 3))
"""So many times the letters of a day may go to one address within these times."""
_MOST_STAFF_ANSWERS = 100
"""Answers to one member within a day, beyond which two programs talk to each other."""
_SHORTEST_NAME = 3
_MACHINES = frozenset({Kind.AUTO_REPLY, Kind.BOUNCE})
log = structlog.get_logger()


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


def handle_message(office: Office, number: int, *, said: Command | None = None) -> None:
    """Read (3), sort (4), match (5), make the event (6), and let it happen (7 to 9).

    `said` is what staff wrote about this held mail.
    """
    arrived = _arrived(office, number)
    if arrived is None:
        return
    arrived = _said_by_staff(office, arrived, said)
    arrived = _with_form(office, arrived)
    filed = _filed_by_staff(office, arrived)
    with office.store.begin() as connection:  # commit 2
        if not messages.claim(connection, number):
            return
        arrived = _within_caps(office, connection, arrived)
        settled = filed[0] if filed else _settled(office, connection, arrived)
        if filed is not None:
            queue_plain(office, connection, [filed[1]])
        messages.settle(connection, office.keys, number, settled, office.clock.now())
    log.info(
        "handled",
        message=number,
        kind=arrived.read.understood.kind.value,
        outcome=settled.outcome.value,
        case=settled.ref,
        why=arrived.match.why,
    )


def _filed_by_staff(office: Office, arrived: Arrived) -> tuple[messages.Settled, Letter] | None:
    """Do what a proven member of staff says of held mails alone."""
    if not _staff_proven(office, arrived) or _is_no_order(arrived):
        return None

    def again(command: Command) -> None:
        handle_message(office, command.number, said=command)

    in_thread = arrived.match.ref is not None
    answer = pen.answer(office, arrived.read, again, in_thread=in_thread)
    if answer is None:
        return None
    why = "staff said where held mail belongs"
    return messages.Settled(outcome=Outcome.HANDLED, why=why, kind=Kind.OTHER), answer


def _is_no_order(arrived: Arrived) -> bool:
    """Whether a mail of staff is one that came before, a program's, or only a part of one."""
    again = arrived.duplicate is not None
    return again or _by_a_program(arrived) or not arrived.kept.whole


def _by_a_program(arrived: Arrived) -> bool:
    understood = arrived.read.understood
    return bool(understood.sign) or understood.kind in _MACHINES


def _said_by_staff(office: Office, arrived: Arrived, command: Command | None) -> Arrived:
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


def _arrived(office: Office, number: int) -> Arrived | None:
    with office.store.begin() as connection:
        kept = messages.load(connection, office.keys, number)
    if kept is None or kept.outcome is not None or not kept.given:
        return None
    message = read(kept.raw)
    ours = any(_is_ours(office, a) for a in message.from_addresses[:1])
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
    with office.store.begin() as connection:
        content = hashlib.sha256(f"{found.sender}\0{message.text}".encode())
        for part in message.parts:
            content.update(part.content)
        duplicate = messages.identify(
            connection, office.keys, number, message.message_id, content.hexdigest()
        )
        where = _match(office, connection, found)
        if writer is not message:  # nor does a token that the form's user copied into it
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


def _matches(office: Office, understood: Understood) -> tuple[ProviderMatch, ...]:
    return tuple(office.directory.matches(name) for name in understood.facts.providers)


def _within_caps(office: Office, connection: Connection, arrived: Arrived) -> Arrived:
    """The mail as it may be answered: an address gets so many letters in a day and in ten.

    Whoever else handles a mail of this sender waits until this one's letters are written.
    """
    found = arrived.read
    if not found.sender or not found.may_answer:
        return replace(arrived, read=replace(found, may_answer=False))
    caps.alone(connection, office.keys.lookup("address", found.sender))
    now, most = office.clock.now(), office.policy.answers_per_sender_and_day
    if all(
        caps.answers(connection, office.keys, found.sender, now - span) < most * times
        for span, times in _CAPS
    ):
        return arrived
    _tell_of_cap(office, connection, found.sender)
    return replace(arrived, read=replace(found, may_answer=False))


def _tell_of_cap(office: Office, connection: Connection, sender: Address) -> None:
    """Once a day an address the desk hears that its letters are used up."""
    day = office.clock.now().date().isoformat()
    who = office.keys.lookup("address", sender)[:12]
    tell_staff(office, connection, "caps", f"caps-{who}-{day}", "")


def _hour_is_full(office: Office, connection: Connection, arrived: Arrived) -> bool:
    """Whether a sender that nobody vouches for must wait for a person; staff hear of it once.

    A flood of forged requests must not become a flood of answers to those whose names it bears.
    """
    vouched = arrived.assessed.trust == Trust.VERIFIED or arrived.match.proven
    if vouched or arrived.match.placed:
        return False
    now, most = office.clock.now(), office.unknown_answers_per_hour
    if caps.first_answers(connection, now - _HOUR) < most:
        caps.alone(connection, "first answers")  # so few an hour that waiting costs nothing
        if caps.first_answers(connection, now - _HOUR) < most:
            return False
    tell_staff(office, connection, "caps", f"hour-{now:%Y-%m-%dT%H}", "")
    return True


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
        keys=office.keys.code_keys(office.today()),
        issued=form,
        today=office.today(),
    )


def _with_form(office: Office, arrived: Arrived) -> Arrived:
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
    valid = keys.code_keys(office.today())
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

    It names its case still, and proves nothing.
    """
    about = found.ref, found.role, found.recipient
    return bool(found.code) and not is_proven(found.code, valid, *about)


def _settled(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    """The one outcome of a mail: the first line that holds."""
    kind, sender = arrived.read.understood.kind, arrived.read.sender
    if _is_ours(office, sender):
        return _own(office, connection, arrived)
    if arrived.duplicate is not None:
        why = f"the same mail as number {arrived.duplicate}"
        return messages.Settled(outcome=Outcome.DUPLICATE, why=why, kind=kind)
    if not arrived.kept.whole:
        return _too_large(office, connection, arrived)
    if kind == Kind.BOUNCE:
        return _bounced(office, connection, arrived)
    if sender in office.policy.staff_members:
        return _staff(office, connection, arrived)
    if sender in office.policy.notify:
        return messages.Settled(outcome=Outcome.HELD, why="mail of the desk", kind=kind)
    if kind == Kind.JUNK and not arrived.match.proven and not arrived.match.placed:
        why = "; ".join(arrived.read.understood.why)
        return messages.Settled(outcome=Outcome.JUNK, why=why, kind=kind)
    if arrived.match.ref is not None and arrived.match.role != Role.STAFF:
        return _in_case(office, connection, arrived)
    if kind == Kind.AUTO_REPLY:
        return messages.Settled(outcome=Outcome.MACHINE, why="a machine without a case", kind=kind)
    return _of_no_case(office, connection, arrived)


def _of_no_case(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    """A new case, or a mail that waits for a person."""
    kind = arrived.read.understood.kind
    if not arrived.read.sender:
        return _held(office, connection, arrived, "it names no sender that can be written to")
    if _hour_is_full(office, connection, arrived):
        why = "this hour's answers to unknown senders are used up"
        if arrived.read.understood.urgent:
            tell_staff(office, connection, "emergency", f"emergency-{arrived.number}", "")
        return messages.Settled(outcome=Outcome.HELD, why=why, kind=kind)
    if arrived.match.new_case and (kind == Kind.REQUEST or arrived.match.placed):
        return _new_case(office, connection, arrived)
    return _held(office, connection, arrived, arrived.match.why)


def _is_ours(office: Office, sender: Address) -> bool:
    """Our own address, also with a tag behind a plus."""
    local, _, domain = sender.lower().partition("@")
    ours = office.policy.records_address.lower()
    return ours in {sender.lower(), f"{local.partition('+')[0]}@{domain}"}


def _own(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    """Our own copy; a mail with our From that we did not write is held."""
    ids = [arrived.message.message_id]
    ours = outbox.by_message_ids(connection, office.keys, ids)
    if not ours:
        return messages.Settled(
            outcome=Outcome.HELD, why="it bears our address and is not from our outbox"
        )
    said = read(outbox.written(connection, office.keys, ours[0].number)).text.strip()
    if said not in arrived.message.text:  # a server on the way may add a line, not take one
        why = "it bears our address and the number of a letter of ours, and says something else"
        return messages.Settled(outcome=Outcome.HELD, why=why)
    return messages.Settled(
        outcome=Outcome.OWN_COPY, why="a copy of our own letter", ref=ours[0].ref
    )


def _bounced(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    """A report on a letter of ours counts for the address that this letter went to, else not."""
    bounce = read_bounce(arrived.kept.raw, arrived.message)
    ours = outbox.by_message_ids(connection, office.keys, bounce.originals)
    named = ((letter, bounce.about(letter.recipient)) for letter in ours)
    letter, said = next(((o, r) for o, r in named if r is not None), (None, None))
    if letter is None or said is None:
        why = "a bounce of no letter of ours"
        why = "a bounce of another address than our letter's" if ours else why
    elif said.fate == Fate.DELIVERED:
        why = "a server says that it delivered a letter"
    else:
        why = _returned(office, connection, arrived, letter, said)
    return messages.Settled(
        outcome=Outcome.MACHINE, why=why, kind=Kind.BOUNCE, ref=ours[0].ref if ours else None
    )


def _returned(
    office: Office, connection: Connection, arrived: Arrived, letter: outbox.Ours, said: Report
) -> str:
    """The case of the letter learns of it; of a letter to staff without a case the desk does."""
    stored = cases.load(connection, office.keys, letter.ref) if letter.ref else None
    if stored is None:
        if letter.to_role == Role.STAFF and said.fate == Fate.FAILED:
            who = office.keys.lookup("address", letter.recipient)[:12]
            day = office.clock.now().date()
            tell_staff(office, connection, "staff_bounce", f"bounced-{who}-{day}", "")
        return "a letter of no case bounced"
    if not goes_to(stored.case, letter.to_role, letter.provider, letter.recipient):
        return "a letter bounced from an address that is not the case's now"
    event = LetterBounced(
        letter=letter.letter,
        to_role=letter.to_role,
        provider=letter.provider,
        permanent=said.fate == Fate.FAILED,
        code=said.code,
        message=arrived.number,
    )
    _happen(office, connection, stored, event, "mail", arrived)
    return "it names the letter that bounced"


def _too_large(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    megabytes = office.max_message_bytes // 1_000_000
    if (
        arrived.read.may_answer
        and arrived.assessed.trust != Trust.FAILED
        and not _hour_is_full(office, connection, arrived)
    ):
        words: dict[str, object] = {"megabytes": megabytes}
        _to_sender(office, connection, arrived, LetterName.TOO_LARGE, f"m{arrived.number}", words)
    return messages.Settled(
        outcome=Outcome.TOO_LARGE,
        why=f"larger than {megabytes} MB",
        kind=arrived.read.understood.kind,
    )


def _staff_proven(office: Office, arrived: Arrived) -> bool:
    """A member's address, and a trusted server's word or (where allowed) a token of their own."""
    if arrived.read.sender not in office.policy.staff_members:
        return False
    token = office.staff_proof == "dmarc_or_token" and arrived.match.proven
    trusted = arrived.assessed.trust
    return trusted == Trust.VERIFIED or (token and trusted != Trust.FAILED)


def _staff(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    """Staff count when their address is proven; anything else is held and reported to it."""
    kind = arrived.read.understood.kind
    if _by_a_program(arrived):
        return messages.Settled(outcome=Outcome.MACHINE, why="a machine of staff", kind=kind)
    sender, day = arrived.read.sender, office.clock.now() - _DAY
    if not _staff_proven(office, arrived):
        _ask_for_proof(office, connection, arrived)
        return messages.Settled(outcome=Outcome.HELD, why="staff mail without proof", kind=kind)
    answered = caps.letters(connection, office.keys, sender, LetterName.STAFF_ANSWER, day)
    if answered >= _MOST_STAFF_ANSWERS:
        _tell_of_cap(office, connection, sender)
        why = "this day's answers to a member of staff are used up"
        return messages.Settled(outcome=Outcome.HELD, why=why, kind=kind)
    if arrived.match.ref is None or arrived.stored is None:
        return _held(office, connection, arrived, "staff mail outside a thread")
    event = _staff_said(office, arrived, answered)
    _happen(office, connection, arrived.stored, event, "staff", arrived)
    return messages.Settled(
        outcome=Outcome.HANDLED, why=arrived.match.why, kind=kind, ref=arrived.match.ref
    )


def _ask_for_proof(office: Office, connection: Connection, arrived: Arrived) -> None:
    """Tell the member, some times a day, that a mail in their name was held."""
    sender, day = arrived.read.sender, office.clock.now() - _DAY
    told = caps.letters(connection, office.keys, sender, LetterName.ALARM, day)
    if told >= office.policy.answers_per_sender_and_day:
        _tell_of_cap(office, connection, sender)
        return
    words: dict[str, object] = {
        "alarm": "staff_unproven",
        "details": arrived.match.ref or "",
        "days": 0,
    }
    occasion = f"unproven-{arrived.number}"
    letter = plain_letter(office, LetterName.ALARM, sender, Role.STAFF, occasion, words)
    queue_plain(office, connection, [letter])


def _staff_said(office: Office, arrived: Arrived, answered: int) -> StaffReplied:
    """The commands of a member; a mail without any is answered some times a day only."""
    commands = read_commands(arrived.message.new_text, today=arrived.read.received_at.date())
    names = [x.command.name for x in commands.lines if x.command is not None and x.command.name]
    found = replace(
        arrived.read,
        matches=tuple(office.directory.matches(n) for n in names if len(n) > _SHORTEST_NAME),
        may_answer=answered < office.policy.answers_per_sender_and_day
        or any(x.command is not None for x in commands.lines),
    )
    mail = mail_of(found, proven=arrived.match.proven, why=arrived.match.why)
    return staff_event(found, mail, commands, arrived.match.shows)


def _in_case(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    stored, found, where = arrived.stored, arrived.read, arrived.match
    assert stored is not None, "a match names a case that is there"
    mail = _mail(office, connection, arrived)
    event = _event(found, where, mail)
    if isinstance(event, FormReturned):
        seen = cases.used_elsewhere(connection, office.keys, stored.case.ref, event.sha256)
        event = event.model_copy(update={"seen_before": seen})
    machine = found.understood.kind in _MACHINES
    decision = _happen(office, connection, stored, event, where.role.value, arrived)
    as_patient = where.role == Role.PATIENT or isinstance(event, RequestWithdrawn)
    strange = as_patient and _strange(decision.case, mail)
    outcome = Outcome.MACHINE if machine else Outcome.HANDLED
    failed = found.trust == Trust.FAILED and not machine and not mail.placed
    held = decision.hold_message or failed or (strange and not machine)
    if held and not any(letter.to == found.sender for letter in decision.letters):
        # Of no case: a letter of this one would tell that it exists.
        _receipt(office, connection, arrived)
    return messages.Settled(
        outcome=Outcome.HELD if held else outcome,
        why=f"{where.why}; {arrived.assessed.why if failed else decision.because}",
        kind=found.understood.kind,
        ref=where.ref,
    )


def _mail(office: Office, connection: Connection, arrived: Arrived) -> Mail:
    """What the event of a mail in a case knows of it."""
    found, where = arrived.read, arrived.match
    mail = mail_of(found, proven=where.proven, why=where.why, placed=where.placed)
    named = (*arrived.message.in_reply_to, *arrived.message.references[-1:])
    ours = outbox.by_message_ids(connection, office.keys, named)
    answers = next((o.letter for o in ours if o.ref == where.ref), None)
    elsewhere = mail.new_address.rpartition("@")[2]
    new = "" if elsewhere in office.protected else mail.new_address
    return mail.model_copy(update={"answers": answers, "new_address": new})


def _strange(case: Case, mail: Mail) -> bool:
    """Whether somebody writes whom the case does not know, or who proves less than before.

    What they want may be read and may pause, and a page of the form is looked at; for anything
    else a person decides.
    """
    return not (from_first_sender(case, mail) or mail.placed or mail.code_proven)


def _event(found: Read, where: Match, mail: Mail) -> Event:
    if where.role == Role.PROVIDER:
        return provider_event(found, mail, where.provider)
    if where.inner:  # staff filed it, who are to read it: nothing of it counts as the patient's
        return PersonWrote(mail=mail, sort=found.understood.kind)
    return patient_event(found, mail, new_case=False)


def _new_case(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    found = arrived.read
    ref = reference(office.clock.draw(8))
    case = Case(
        ref=ref,
        state=State.TRIAGE,
        received_at=found.received_at,
        sender=found.sender,
        trust=found.trust,
        language=Language(found.understood.reply_language),
    )
    mail = mail_of(found, proven=False, why=arrived.match.why)
    event = patient_event(found, mail, new_case=True)
    decision = decide(case, event, office.policy, office.clock.now())
    record(office, connection, None, event, decision, actor="patient", message=arrived.number)
    return messages.Settled(
        outcome=Outcome.HELD if decision.hold_message else Outcome.HANDLED,
        why=decision.because,
        kind=found.understood.kind,
        ref=ref,
    )


def _held(office: Office, connection: Connection, arrived: Arrived, why: str) -> messages.Settled:
    """A person must decide; staff hear of an emergency at once."""
    found = arrived.read
    _receipt(office, connection, arrived)
    if found.understood.urgent:
        tell_staff(office, connection, "emergency", f"emergency-{arrived.number}", "")
    return messages.Settled(
        outcome=Outcome.HELD, why=why or "no thread", kind=found.understood.kind
    )


def _receipt(office: Office, connection: Connection, arrived: Arrived) -> None:
    """The writer of a held mail gets one neutral receipt a day, or what to do in an emergency."""
    found = arrived.read
    if found.may_answer and found.trust != Trust.FAILED:
        name = LetterName.EMERGENCY if found.understood.urgent else LetterName.RECEIPT
        _to_sender(office, connection, arrived, name, office.today().isoformat(), {})


def _happen(
    office: Office,
    connection: Connection,
    stored: cases.Stored,
    event: Event,
    actor: str,
    arrived: Arrived,
) -> Decision:
    decision = decide(stored.case, event, office.policy, office.clock.now())
    files = arrived.read.sha256 if isinstance(event, FormReturned) else ()
    record(
        office,
        connection,
        stored,
        event,
        decision,
        actor=actor,
        message=arrived.number,
        files=files,
    )
    return decision


def _to_sender(
    office: Office,
    connection: Connection,
    arrived: Arrived,
    name: LetterName,
    occasion: str,
    words: dict[str, object],
) -> None:
    letter = plain_letter(office, name, arrived.read.sender, Role.PATIENT, occasion, words)
    language = Language(arrived.read.understood.reply_language)
    answers = arrived.message.message_id
    queue_plain(
        office, connection, [letter.model_copy(update={"language": language, "answers": answers})]
    )


def note_sent_by_hand(office: Office, place: tuple[str, str, int], uid: int, head: bytes) -> None:
    """A mail in the Sent folder: the case of its thread or its recipient learns of it."""
    message = read(head + b"\r\n")
    now = office.clock.now()
    with office.store.begin() as connection:
        messages.mark(connection, *place, uid, now)
        if outbox.by_message_ids(connection, office.keys, [message.message_id]):
            return
        known = [f for to in message.to for f in cases.by_sender(connection, office.keys, to)]
        refs = {f.ref for f in known if f.closed_at is None}
        stored = cases.load(connection, office.keys, refs.pop()) if len(refs) == 1 else None
        if stored is None:
            return
        mail = messages.Fetched(
            uid=uid,
            received_at=now,
            size=len(head),
            raw=head,
            outcome=Outcome.HANDLED,
            why=messages.BY_HAND,
        )
        messages.keep(connection, office.keys, *place, [mail], now)
        number = messages.number_of(connection, *place, uid)
        digest = hashlib.sha256(head).hexdigest()
        messages.identify(connection, office.keys, number, message.message_id, digest)
        there = next(f for f in known if f.ref == stored.case.ref)
        event = StaffWroteByHand(message=number, to_role=there.role, provider=there.provider)
        decision = decide(stored.case, event, office.policy, now)
        record(office, connection, stored, event, decision, actor="staff", message=number)
        settled = messages.Settled(
            outcome=Outcome.HANDLED,
            why=messages.BY_HAND,
            kind=Kind.OTHER,
            ref=stored.case.ref,
        )
        messages.settle(connection, office.keys, number, settled, now)
        messages.filed(connection, [number], now)
