"""The one place that decides what becomes of a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mmx_mailflow.casework.case import Case, Decision, State, TaskName
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.events import (
    Event,
    MachineAnswered,
    Mail,
    PersonWrote,
    ProviderAnswered,
    StaffReplied,
)
from mmx_mailflow.casework.letters import WHILE_OPEN, Letter
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.steps import moving
from mmx_mailflow.casework.steps.common import ask_staff, decided, hand_to_staff, heard
from mmx_mailflow.casework.table import TABLE, Row
from mmx_mailflow.casework.values import Role


class TableBrokenError(Exception):
    """A step ended in a state that its row does not allow: a bug of ours."""


def decide(case: Case, event: Event, policy: Policy, now: datetime) -> Decision:
    """Return what becomes of `case` now that `event` has happened.

    Total: a pair of state and event that nobody planned goes to staff. Raises
    TableBrokenError only when a step contradicts the table.
    """
    row = TABLE.get((case.state, type(event)))
    if row is None:
        if case.state == State.PURGED:
            return Decision(case=case, because=f"{event.kind} after the case was purged")
        return hand_to_staff(case, f"{event.kind} while {case.state}", policy, now, _mail(event))
    decision = _done(row, case, event, policy, now)
    if decision.case.state not in row.ends_in:
        raise TableBrokenError(f"{event.kind} while {case.state} ended in {decision.case.state}")
    return _never_forgotten(_ended(case, decision), policy, now)


def _done(row: Row, case: Case, event: Event, policy: Policy, now: datetime) -> Decision:
    """What the row does; a change of address may come with any mail of the patient's thread."""
    mail = _mail(event)
    if mail is None or isinstance(event, ProviderAnswered | MachineAnswered):
        return row.do(case, event, policy, now)
    if isinstance(event, StaffReplied):
        decision = row.do(case, event, policy, now)
        return replace(decision, case=moving.dismissed(decision.case))
    last: tuple[Letter, ...] = ()
    if moving.answered_from_there(case, mail, now):
        case, letter = moving.moved(case, mail)
        last = (letter,)
        if isinstance(event, PersonWrote):
            return decided(heard(case, mail), "the new address answered", last)
    says = moving.old_one_says(case, event, now)
    if says == "yes":
        case, letter = moving.agreed(heard(case, mail), mail.message, now)
        return decided(case, "the old address agreed to the new one", (letter,))
    case = moving.called_off(case) if says == "no" else case
    decision = moving.asked(row.do(case, event, policy, now), mail, policy, now)
    return replace(decision, letters=(*last, *decision.letters))


def _ended(before: Case, decision: Decision) -> Decision:
    """What holds only while a case is open leaves the queue when it closes (invariant 6)."""
    if before.closed_at is not None or decision.case.closed_at is None:
        return decision
    return replace(decision, cancel=decision.cancel | {Role.PROVIDER.value, *WHILE_OPEN})


def _mail(event: Event) -> Mail | None:
    mail = getattr(event, "mail", None)
    return mail if isinstance(mail, Mail) else None


def _never_forgotten(decision: Decision, policy: Policy, now: datetime) -> Decision:
    """An open case without deadline and without task would be forgotten (invariant 4)."""
    case = decision.case
    if case.state in {State.CLOSED, State.PURGED} or case.tasks or deadlines(case, policy):
        return decision
    case, letters = ask_staff(case, TaskName.UNPLANNED, policy, now, details="nothing is due")
    return replace(decision, case=case, letters=(*decision.letters, *letters))
