"""The deadlines of a case, derived from it: a timer that is no longer derived is cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import NamedTuple

from mmx_mailflow.casework.calendar import (
    OPENING,
    add_business_days,
    at,
    business_morning,
    local_date,
    morning,
    office_hours,
)
from mmx_mailflow.casework.case import Case, Provider, ProviderState, Result, State, TaskName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import Defect
from mmx_mailflow.casework.turn import has_task, renewing, settled

QUIET_BEFORE_PAGES_NOTE = timedelta(minutes=15)
PAGES_ASKED_AFTER = timedelta(days=2)
BETWEEN_NOTES = timedelta(days=5)
NOTE_DAYS = 14
MILESTONE_DAY = 30
DRAFTS_FROM_DAY = 30
LAST_NOTICE_BEFORE_CLOSE = 15
WITHDRAWAL_NOTICE_AFTER = 5
BLANKS_AT_THE_LATEST = 9
NEED_REMINDER_DAYS = (3, 7, 14)
NEED_TASK_DAY = 30
PROMISE_GRACE = 2
RENEWED_BEFORE = 30
"""Days before the end of the authorization on which the patient gets the next form."""
WAITING = frozenset(
    {
        ProviderState.SENT,
        ProviderState.ACKNOWLEDGED,
        ProviderState.PROMISED,
        ProviderState.IN_TRANSIT,
    }
)


class Deadline(NamedTuple):
    """A moment by which something is decided; the name says what (`follow_up:2:14`)."""

    name: str
    at: datetime


def deadlines(case: Case, policy: Policy) -> list[Deadline]:
    """Every deadline of the case that was not handled, soonest first."""
    if case.state == State.CLOSED:
        found = list(_closed(case, policy))
    elif case.on_hold:
        found = [*_promise(case, policy), *_hold(case, policy)]
    else:
        found = [
            *_promise(case, policy),
            *_intake(case, policy),
            *_signature(case, policy),
            *_pages(case),
            *_providers(case, policy),
            *_validity(case, policy),
            *_notes(case, policy),
        ]
    return sorted((d for d in found if d.name not in case.fired), key=lambda d: (d.at, d.name))


def due_at(case: Case, policy: Policy) -> datetime | None:
    """The soonest deadline: what the store's index holds."""
    found = deadlines(case, policy)
    return found[0].at if found else None


def _promise(case: Case, policy: Policy) -> Iterator[Deadline]:
    """Alarms while the policy's promise (10 business days) is not kept."""
    if case.form_issued_at is None:
        for day in policy.promise_alarm_days:
            yield Deadline(f"promise:{day}", business_morning(case.received_at, day, policy))


def _hold(case: Case, policy: Policy) -> Iterator[Deadline]:
    if case.hold_until is not None:
        yield Deadline(f"hold_ends:{case.hold_until}", at(case.hold_until, OPENING, policy.zone()))


def _intake(case: Case, policy: Policy) -> Iterator[Deadline]:
    if case.state != State.INTAKE or case.form is not None:
        return
    latest = business_morning(case.received_at, BLANKS_AT_THE_LATEST, policy)
    asked = case.asked_at or case.received_at
    soon = business_morning(asked, policy.issue_with_blanks_after, policy)
    yield Deadline("issue_with_blanks", min(soon, latest))


def _after_note(case: Case, moment: datetime, policy: Policy) -> datetime:
    """`moment`, or the first business morning five days after the last note."""
    if case.last_note_at is None or moment - case.last_note_at >= BETWEEN_NOTES:
        return moment
    days = BETWEEN_NOTES.days
    return max(moment, morning(case.last_note_at, days, policy, business=True))


def _signature(case: Case, policy: Policy) -> Iterator[Deadline]:
    if case.state != State.AWAITING_SIGNATURE or case.form is None:
        return
    issue, out = case.form.issue, case.form_decided_at or case.received_at
    for number, days in enumerate(policy.form_reminder_days, 1):
        moment = _after_note(case, morning(out, days, policy, business=True), policy)
        yield Deadline(f"remind_form:{issue}:{number}", moment)
    notice = policy.form_close_day - LAST_NOTICE_BEFORE_CLOSE
    yield Deadline(f"last_notice:{issue}", morning(out, notice, policy, business=True))
    yield Deadline(
        f"close_form:{issue}", morning(out, policy.form_close_day, policy, business=True)
    )


def _pages(case: Case) -> Iterator[Deadline]:
    """While pages of the form that is out are collected: a note, then the question for them."""
    collects = case.state == State.AWAITING_SIGNATURE or renewing(case)
    if case.form is None or not collects or has_task(case, TaskName.REVIEW_FORM):
        return
    returns = [r for r in case.returns if r.returned.pages]
    if returns and Defect.PAGE_MISSING in returns[-1].returned.defects:
        number, last = f"{case.form.issue}:{len(case.returns)}", returns[-1].received_at
        yield Deadline(f"pages_note:{number}", last + QUIET_BEFORE_PAGES_NOTE)
        yield Deadline(f"pages_wanted:{number}", last + PAGES_ASKED_AFTER)


def _validity(case: Case, policy: Policy) -> Iterator[Deadline]:
    """The next form goes out before the authorization ends, if providers are still asked."""
    given = case.authorization
    if given is None or given.revoked_at is not None:
        return
    end = given.expires_on + timedelta(days=1)
    yield Deadline(f"authorization_ends:{end}", at(end, time(0), policy.zone()))
    if not renewing(case) and not all(settled(p) for p in case.providers):
        ahead = given.expires_on - timedelta(days=RENEWED_BEFORE)
        yield Deadline(f"renewal:{given.expires_on}", at(ahead, OPENING, policy.zone()))


def _providers(case: Case, policy: Policy) -> Iterator[Deadline]:
    for provider in case.providers:
        if provider.state in WAITING and provider.sent_at is not None:
            yield from _waiting(provider, provider.sent_at, policy)
        elif provider.state == ProviderState.NEEDS_PATIENT:
            yield from _needs(case, provider, policy)
        elif provider.state == ProviderState.READY and provider.wrote_at is not None:
            yield Deadline(
                f"unsent:{provider.n}:{provider.submissions}",
                business_morning(provider.wrote_at, 1, policy),
            )


def _office(provider: Provider, moment: datetime, policy: Policy) -> datetime:
    return office_hours(moment, provider.country, provider.timezone, policy)


def _waiting(provider: Provider, sent_at: datetime, policy: Policy) -> Iterator[Deadline]:
    key = f"{provider.n}:{provider.submissions}"
    if provider.state == ProviderState.PROMISED and provider.promised_on is not None:
        promised = at(provider.promised_on, OPENING, policy.zone())
        due = business_morning(promised, PROMISE_GRACE, policy)
        yield Deadline(f"promised:{key}:{provider.promised_on}", _office(provider, due, policy))
        return
    if provider.state == ProviderState.SENT:
        due = business_morning(sent_at, policy.provider_receipt_check, policy)
        yield Deadline(f"receipt_check:{key}", _office(provider, due, policy))
    for days in policy.provider_follow_up_days:
        due = morning(sent_at, days, policy)
        if provider.wrote_at is not None and due - provider.wrote_at < BETWEEN_NOTES:
            due = max(due, morning(provider.wrote_at, BETWEEN_NOTES.days, policy))
        yield Deadline(f"follow_up:{key}:{days}", _office(provider, due, policy))


def _needs(case: Case, provider: Provider, policy: Policy) -> Iterator[Deadline]:
    since = provider.state_since or case.received_at
    key = f"{provider.n}:{since.isoformat()}"
    for days in NEED_REMINDER_DAYS:
        moment = _after_note(case, morning(since, days, policy, business=True), policy)
        yield Deadline(f"need:{key}:{days}", moment)
    yield Deadline(f"need_task:{key}", morning(since, NEED_TASK_DAY, policy, business=True))


def _notes(case: Case, policy: Policy) -> Iterator[Deadline]:
    """The note when fourteen days brought no news, and the notice on day thirty."""
    first = case.first_submission_at
    if first is None or case.authorization is None:
        return
    milestone = morning(first, MILESTONE_DAY, policy)
    news = max(first, case.last_note_at or first)
    note = morning(news, NOTE_DAYS, policy)
    days = (local_date(note, policy) - local_date(first, policy)).days
    near = abs(milestone - note) <= BETWEEN_NOTES and "day_thirty" not in case.fired
    if not near:
        yield Deadline(f"status_note:{days}", note)
    yield Deadline("day_thirty", milestone)


def _closed(case: Case, policy: Policy) -> Iterator[Deadline]:
    """Providers that were written to are told of a withdrawal unless it is taken back."""
    told = any(p.sent_at is not None for p in case.providers)
    if case.result == Result.WITHDRAWN and case.closed_at is not None and told:
        day = add_business_days(
            local_date(case.closed_at, policy), WITHDRAWAL_NOTICE_AFTER, policy.holidays
        )
        yield Deadline("withdrawal_notice", at(day, OPENING, policy.zone()))
