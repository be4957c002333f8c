"""The one place that decides what becomes of a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mmx_mailflow.casework.case import Case, Decision, State, TaskName
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.events import Event, Mail
from mmx_mailflow.casework.letters import WHILE_OPEN
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.steps.common import ask_staff, hand_to_staff
from mmx_mailflow.casework.table import TABLE
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
    decision = row.do(case, event, policy, now)
    if decision.case.state not in row.ends_in:
        raise TableBrokenError(f"{event.kind} while {case.state} ended in {decision.case.state}")
    return _never_forgotten(_ended(case, decision), policy, now)


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
