"""Mail of staff: proven it is an order, unproven it is held and told to the member."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from mmx_mailflow import pen
from mmx_mailflow.arrivals.acts import happen, held
from mmx_mailflow.arrivals.allowed import tell_of_cap
from mmx_mailflow.arrivals.arrived import Arrived, by_a_program
from mmx_mailflow.casework.commands import Command
from mmx_mailflow.casework.events import StaffReplied
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.values import Kind, Outcome, Role, Trust
from mmx_mailflow.intake.commands import read_commands
from mmx_mailflow.intake.event import mail_of, staff_event
from mmx_mailflow.office import Office, plain_letter, queue_plain
from mmx_mailflow.store import caps, messages
from mmx_mailflow.store.engine import Connection

_DAY = timedelta(days=1)
_MOST_STAFF_ANSWERS = 100
"""Answers to one member within a day, beyond which two programs talk to each other."""
_SHORTEST_NAME = 3


def filed_by_staff(
    office: Office, arrived: Arrived, handle: Callable[[Command], None]
) -> tuple[messages.Settled, Letter] | None:
    """Do what a proven member of staff says of held mails alone; `handle` takes up one of them."""
    if not _staff_proven(office, arrived) or _is_no_order(arrived):
        return None
    in_thread = arrived.match.ref is not None
    answer = pen.answer(office, arrived.read, handle, in_thread=in_thread)
    if answer is None:
        return None
    why = "staff said where held mail belongs"
    return messages.Settled(outcome=Outcome.HANDLED, why=why, kind=Kind.OTHER), answer


def _is_no_order(arrived: Arrived) -> bool:
    """Whether a mail of staff is one that came before, a program's, or only a part of one."""
    again = arrived.duplicate is not None
    return again or by_a_program(arrived) or not arrived.kept.whole


def of_staff(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    """Staff count when their address is proven; anything else is held and reported to it."""
    kind = arrived.read.understood.kind
    if by_a_program(arrived):
        return messages.Settled(outcome=Outcome.MACHINE, why="a machine of staff", kind=kind)
    sender, day = arrived.read.sender, office.clock.now() - _DAY
    if not _staff_proven(office, arrived):
        _ask_for_proof(office, connection, arrived)
        return messages.Settled(outcome=Outcome.HELD, why="staff mail without proof", kind=kind)
    answered = caps.letters(connection, office.keys, sender, LetterName.STAFF_ANSWER, day)
    if answered >= _MOST_STAFF_ANSWERS:
        tell_of_cap(office, connection, sender)
        why = "this day's answers to a member of staff are used up"
        return messages.Settled(outcome=Outcome.HELD, why=why, kind=kind)
    if arrived.match.ref is None or arrived.stored is None:
        return held(office, connection, arrived, "staff mail outside a thread")
    event = _staff_said(office, arrived, answered)
    happen(office, connection, arrived.stored, event, "staff", arrived)
    return messages.Settled(
        outcome=Outcome.HANDLED, why=arrived.match.why, kind=kind, ref=arrived.match.ref
    )


def _staff_proven(office: Office, arrived: Arrived) -> bool:
    """A member's address, and a trusted server's word or (where allowed) a token of their own."""
    if arrived.read.sender not in office.policy.staff_members:
        return False
    token = office.staff_proof == "dmarc_or_token" and arrived.match.proven
    trusted = arrived.assessed.trust
    return trusted == Trust.VERIFIED or (token and trusted != Trust.FAILED)


def _ask_for_proof(office: Office, connection: Connection, arrived: Arrived) -> None:
    """Tell the member, some times a day, that a mail in their name was held."""
    sender, day = arrived.read.sender, office.clock.now() - _DAY
    told = caps.letters(connection, office.keys, sender, LetterName.ALARM, day)
    if told >= office.policy.answers_per_sender_and_day:
        tell_of_cap(office, connection, sender)
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
