"""A change of address: the old one is asked, the new one answers, and only then mail goes there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from mmx_mailflow.casework.case import Case, Decision, Move, TaskName
from mmx_mailflow.casework.choice import confirms, declines
from mmx_mailflow.casework.events import Event, Mail, PersonWrote
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.senders import from_confirmed, may_be_told, proof_failed
from mmx_mailflow.casework.steps.common import (
    Words,
    ask_staff,
    decided,
    heard,
    to_patient,
    without_tasks,
)
from mmx_mailflow.casework.turn import has_task
from mmx_mailflow.casework.values import Trust

LAPSES = timedelta(days=14)
"""A wish that nobody confirmed for so long is none any more."""


def _waits(case: Case, now: datetime) -> Move | None:
    """The change that may still be confirmed."""
    return case.move if case.move is not None and now - case.move.asked_at <= LAPSES else None


def answered_from_there(case: Case, mail: Mail, now: datetime) -> bool:
    """Whether the new address, on which the old one agreed, confirms with its own token."""
    move = _waits(case, now)
    return (
        move is not None
        and move.agreed_at is not None
        and mail.sender == move.to
        and mail.proven
        and mail.trust == Trust.VERIFIED
        and mail.answers == LetterName.ADDRESS_CHECK
        and confirms(mail.first_words)
    )


def moved(case: Case, mail: Mail) -> tuple[Case, Letter]:
    """The case at its new address, which its answer confirmed; the old one gets the last word.

    How servers judge the new one is not known yet, so no pass is missed where there is none.
    """
    last = to_patient(case, LetterName.ADDRESS_CHANGED, f"m{mail.message}")
    case = replace(case, sender=mail.sender, confirmed=True, trust=Trust.UNKNOWN, move=None)
    return without_tasks(case, TaskName.CHANGE_ADDRESS), last


def old_one_says(case: Case, event: Event, now: datetime) -> str:
    """What the old address answers to our question: `yes`, `no`, or nothing of the sort."""
    move = _waits(case, now)
    if not isinstance(event, PersonWrote) or move is None:
        return ""
    if event.mail.answers != LetterName.ADDRESS_ASKED:
        return ""
    words = event.mail.first_words
    if not from_confirmed(heard(case, event.mail), event.mail):
        return ""
    if confirms(words) and move.agreed_at is None:
        return "yes"
    return "no" if declines(words) else ""


def dismissed(case: Case) -> Case:
    """The case without a wish that staff put away instead of confirming it."""
    waits = case.move is not None and case.move.agreed_at is None
    return case if not waits or has_task(case, TaskName.CHANGE_ADDRESS) else called_off(case)


def called_off(case: Case) -> Case:
    """The case without the change; staff read the mail that says so."""
    return without_tasks(replace(case, move=None), TaskName.CHANGE_ADDRESS)


def agreed(case: Case, message: int, now: datetime) -> tuple[Case, Letter]:
    """The new address is asked to answer; until it does everything goes to the old one."""
    assert case.move is not None
    move = case.move.model_copy(update={"agreed_at": now})
    case = replace(case, move=move)
    letter = to_patient(case, LetterName.ADDRESS_CHECK, f"move-m{message}")
    there = letter.model_copy(update={"to": move.to, "answers": ""})
    return without_tasks(case, TaskName.CHANGE_ADDRESS), there


def asked(decision: Decision, mail: Mail, policy: Policy, now: datetime) -> Decision:
    """What a mail that names another address for later adds to what was decided of it.

    With proof the old address has said yes by asking; anybody else's wish is put to it, and to
    staff, and takes no other wish's place.
    """
    case, to = decision.case, mail.new_address
    if not to or to == case.sender or case.closed_at is not None or mail.trust == Trust.FAILED:
        return decision
    mine, before = from_confirmed(case, mail), _waits(case, now)
    if not mail.may_answer or (before is not None and (not mine or before.to == to)):
        return decision
    if proof_failed(case):
        return decision
    case = replace(case, move=Move(to=to, asked_at=now))
    letters: tuple[Letter, ...]
    if mine:
        case, letter = agreed(case, mail.message, now)
        letters = (letter,)
    else:
        case, letters = ask_staff(case, TaskName.CHANGE_ADDRESS, policy, now, mail=mail)
    words: Words = {"address": to, "agreed": mine}
    told = to_patient(case, LetterName.ADDRESS_ASKED, f"m{mail.message}", words)
    heard_of = (told,) if may_be_told(case) else ()
    more = decided(case, decision.because, (*decision.letters, *heard_of, *letters))
    return replace(decision, case=more.case, letters=more.letters)
