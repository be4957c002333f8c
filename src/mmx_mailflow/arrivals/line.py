"""One mail down the line: sorted, matched, turned into an event or an outcome."""

from __future__ import annotations

from functools import partial

import structlog

from mmx_mailflow.arrivals.acts import happen, held, receipt, to_sender
from mmx_mailflow.arrivals.allowed import hour_is_full, within_caps
from mmx_mailflow.arrivals.arrived import MACHINES, Arrived, find, is_ours, said_by_staff, with_form
from mmx_mailflow.arrivals.bounced import bounced
from mmx_mailflow.arrivals.staff import filed_by_staff, of_staff
from mmx_mailflow.casework.case import Case, State
from mmx_mailflow.casework.codes import reference
from mmx_mailflow.casework.commands import Command
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import Event, FormReturned, Mail, PersonWrote, RequestWithdrawn
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.senders import from_first_sender
from mmx_mailflow.casework.values import Kind, Language, Outcome, Role, Trust
from mmx_mailflow.intake.event import Read, mail_of, patient_event, provider_event
from mmx_mailflow.intake.match import Match
from mmx_mailflow.intake.read import read
from mmx_mailflow.office import Office, note_tags, queue_plain, record, tell_staff
from mmx_mailflow.store import cases, messages, outbox
from mmx_mailflow.store.engine import Connection

log = structlog.get_logger()


def handle_message(office: Office, number: int, *, said: Command | None = None) -> None:
    """Read (3), sort (4), match (5), make the event (6), and let it happen (7 to 9).

    `said` is what staff wrote about this held mail.
    """
    arrived = find(office, number)
    if arrived is None:
        return
    arrived = said_by_staff(office, arrived, said)
    arrived = with_form(office, arrived)
    filed = filed_by_staff(office, arrived, partial(_held_mail, office))
    with office.store.begin() as connection:  # commit 2
        if not messages.claim(connection, number):
            return
        arrived = within_caps(office, connection, arrived)
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


def _held_mail(office: Office, said: Command) -> None:
    """Take up a held mail of which staff say where it belongs."""
    handle_message(office, said.number, said=said)


def _settled(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    """The one outcome of a mail: the first line that holds."""
    kind, sender = arrived.read.understood.kind, arrived.read.sender
    if is_ours(office, sender):
        return _own(office, connection, arrived)
    if arrived.duplicate is not None:
        why = f"the same mail as number {arrived.duplicate}"
        return messages.Settled(outcome=Outcome.DUPLICATE, why=why, kind=kind)
    if not arrived.kept.whole:
        return _too_large(office, connection, arrived)
    if kind == Kind.BOUNCE:
        return bounced(office, connection, arrived)
    if sender in office.policy.staff_members:
        return of_staff(office, connection, arrived)
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
        return held(office, connection, arrived, "it names no sender that can be written to")
    if hour_is_full(office, connection, arrived):
        why = "this hour's answers to unknown senders are used up"
        if arrived.read.understood.urgent:
            tell_staff(office, connection, "emergency", f"emergency-{arrived.number}", "")
        return messages.Settled(outcome=Outcome.HELD, why=why, kind=kind)
    if arrived.match.new_case and (kind == Kind.REQUEST or arrived.match.placed):
        return _new_case(office, connection, arrived)
    return held(office, connection, arrived, arrived.match.why)


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
    if ours[0].letter == LetterName.PROBE:
        note_tags(office, connection, work=True)
    return messages.Settled(
        outcome=Outcome.OWN_COPY, why="a copy of our own letter", ref=ours[0].ref
    )


def _too_large(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    megabytes = office.max_message_bytes // 1_000_000
    if (
        arrived.read.may_answer
        and arrived.assessed.trust != Trust.FAILED
        and not hour_is_full(office, connection, arrived)
    ):
        words: dict[str, object] = {"megabytes": megabytes}
        to_sender(office, connection, arrived, LetterName.TOO_LARGE, f"m{arrived.number}", words)
    return messages.Settled(
        outcome=Outcome.TOO_LARGE,
        why=f"larger than {megabytes} MB",
        kind=arrived.read.understood.kind,
    )


def _in_case(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    stored, found, where = arrived.stored, arrived.read, arrived.match
    assert stored is not None, "a match names a case that is there"
    mail = _mail(office, connection, arrived)
    event = _event(found, where, mail)
    if isinstance(event, FormReturned):
        seen = cases.used_elsewhere(connection, office.keys, stored.case.ref, event.sha256)
        event = event.model_copy(update={"seen_before": seen})
    machine = found.understood.kind in MACHINES
    decision = happen(office, connection, stored, event, where.role.value, arrived)
    as_patient = where.role == Role.PATIENT or isinstance(event, RequestWithdrawn)
    strange = as_patient and _strange(decision.case, mail)
    outcome = Outcome.MACHINE if machine else Outcome.HANDLED
    failed = found.trust == Trust.FAILED and not machine and not mail.placed
    held = decision.hold_message or failed or (strange and not machine)
    if held and not any(letter.to == found.sender for letter in decision.letters):
        # Of no case: a letter of this one would tell that it exists.
        receipt(office, connection, arrived)
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
