"""What the outside sees of a case: its state and whose turn it is, both derived."""

from __future__ import annotations

from mmx_mailflow.casework.case import (
    SETTLED,
    Case,
    Provider,
    ProviderState,
    State,
    TaskName,
    Turn,
)
from mmx_mailflow.casework.values import Address, Role, ascii_address

_TRIAGE = frozenset({TaskName.TRIAGE, TaskName.TRUST_FAILED, TaskName.TWO_PATIENTS})

_TURNS = {
    State.TRIAGE: Turn.STAFF,
    State.INTAKE: Turn.PATIENT,
    State.AWAITING_SIGNATURE: Turn.PATIENT,
    State.FORM_REVIEW: Turn.STAFF,
    State.RESOLVING_PROVIDERS: Turn.STAFF,
    State.IN_PROGRESS: Turn.PROVIDER,
    State.AWAITING_PATIENT: Turn.PATIENT,
    State.DELIVERING: Turn.STAFF,
    State.CLOSED: Turn.NOBODY,
    State.PURGED: Turn.NOBODY,
}


def undelivered(case: Case) -> bool:
    """Whether files of a provider still wait to be delivered."""
    return any(file.delivered_at is None for file in case.files)


def has_task(case: Case, *names: TaskName) -> bool:
    """Whether a task of one of these names is open."""
    return any(task.name in names for task in case.tasks)


def renewing(case: Case) -> bool:
    """Whether a newer issue of the form is out than the one that was accepted."""
    accepted, form = case.authorization, case.form
    return accepted is not None and form is not None and form.issue > accepted.issue


def settled(provider: Provider) -> bool:
    """Whether nothing more is expected of this provider."""
    return provider.state in SETTLED


def state_of(case: Case) -> State:
    """The state that the content of an open case amounts to."""
    if case.closed_at is not None:
        return State.CLOSED
    if case.authorization is None or case.authorization.revoked_at is not None:
        return _before_acceptance(case)
    waiting = [p for p in case.providers if not settled(p)]
    states = {p.state for p in waiting}
    if not any(p.sent_at for p in case.providers) and not undelivered(case):
        return State.RESOLVING_PROVIDERS
    if ProviderState.NEEDS_PATIENT in states:
        return State.AWAITING_PATIENT
    if states <= {ProviderState.RECEIVED} and (undelivered(case) or states):
        return State.DELIVERING
    return State.IN_PROGRESS


def _before_acceptance(case: Case) -> State:
    if has_task(case, TaskName.REVIEW_FORM):
        return State.FORM_REVIEW
    if case.form is not None:
        return State.AWAITING_SIGNATURE
    return State.TRIAGE if any(t.name in _TRIAGE for t in case.tasks) else State.INTAKE


def whose_turn(case: Case) -> Turn:
    """Who has to act next."""
    if case.state == State.IN_PROGRESS:
        open_states = {p.state for p in case.providers if not settled(p)}
        if ProviderState.READY in open_states and not any(p.sent_at for p in case.providers):
            return Turn.US
        if open_states <= {ProviderState.NEEDS_STAFF, ProviderState.UNRESOLVED}:
            return Turn.STAFF
    if case.state == State.RESOLVING_PROVIDERS and any(
        p.state == ProviderState.READY for p in case.providers
    ):
        return Turn.US
    return _TURNS[case.state]


def goes_to(case: Case, role: Role, provider: int, address: Address) -> bool:
    """Whether letters of a case still go to this address; staff are several, and never move."""
    if role == Role.STAFF:
        return True
    found = (p.address for p in case.providers if p.n == provider)
    now = case.sender if role == Role.PATIENT else next(found, "")
    return ascii_address(now.lower()) == ascii_address(address.lower()) is not None
