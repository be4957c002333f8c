"""A change of address: the old one is asked, the new one answers, and only then mail goes there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mmx_mailflow.casework.case import Case, Decision, Move, TaskName
from mmx_mailflow.casework.choice import confirms, declines
from mmx_mailflow.casework.events import Event, Mail, PersonWrote
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.senders import from_confirmed, may_be_told
from mmx_mailflow.casework.steps.common import (
    Words,
    ask_staff,
    decided,
    heard,
    to_patient,
    without_tasks,
)
from mmx_mailflow.casework.values import Trust


def answered_from_there(case: Case, mail: Mail) -> bool:
    """Whether the new address, on which the old one agreed, brings back its own token."""
    move = case.move
    return (
        move is not None
        and move.agreed_at is not None
        and mail.sender == move.to
        and mail.proven
        and mail.trust == Trust.VERIFIED
    )


def moved(case: Case, mail: Mail) -> tuple[Case, Letter]:
    """The case at its new address, which its answer confirmed; the old one gets the last word.

    How servers judge the new one is not known yet, so no pass is missed where there is none.
    """
    last = to_patient(case, LetterName.ADDRESS_CHANGED, f"m{mail.message}")
    case = replace(case, sender=mail.sender, confirmed=True, trust=Trust.UNKNOWN, move=None)
    return without_tasks(case, TaskName.CHANGE_ADDRESS), last


def old_one_says(case: Case, event: Event) -> str:
    """What the old address answers to a waiting change: `yes`, `no`, or nothing of the sort."""
    if not isinstance(event, PersonWrote) or case.move is None or case.paused_at is not None:
        return ""
    words = event.mail.first_words
    if not from_confirmed(heard(case, event.mail), event.mail):
        return ""
    if confirms(words) and case.move.agreed_at is None:
        return "yes"
    return "no" if declines(words) else ""


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
    mine = from_confirmed(case, mail)
    if (case.move is not None and not mine) or not may_be_told(case):
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
    more = decided(case, decision.because, (*decision.letters, told, *letters))
    return replace(decision, case=more.case, letters=more.letters)
