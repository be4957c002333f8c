"""What is due: reminders, follow-ups, notes, alarms, closing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mmx_mailflow.casework.calendar import local_date
from mmx_mailflow.casework.case import (
    Case,
    Decision,
    Provider,
    ProviderState,
    Result,
    TaskName,
)
from mmx_mailflow.casework.deadlines import DRAFTS_FROM_DAY, deadlines
from mmx_mailflow.casework.events import DeadlinePassed
from mmx_mailflow.casework.gate import EXPIRED, NEEDS_A_FORM, refusal
from mmx_mailflow.casework.letters import Letter, LetterName, PacketAttachment
from mmx_mailflow.casework.pages import here
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.steps.common import (
    Words,
    alarm,
    ask_staff,
    close,
    decided,
    provider_of,
    to_patient,
    to_provider,
    with_provider,
)
from mmx_mailflow.casework.steps.form import BACK_TO_PATIENT, BESIDE, send_back
from mmx_mailflow.casework.steps.intake import send_form, with_form
from mmx_mailflow.casework.steps.patient import provider_notices
from mmx_mailflow.casework.steps.providers import signed_pages
from mmx_mailflow.casework.turn import has_task, renewing, settled

_LAST_FOLLOW_UP = 90


def on_deadline(case: Case, event: DeadlinePassed, policy: Policy, now: datetime) -> Decision:
    """Do what the deadline of this name is for; one that is no longer derived does nothing."""
    names = {d.name for d in deadlines(case, policy) if d.at <= now}
    if event.name not in names:
        return decided(case, "the deadline no longer applies")
    case = replace(case, fired=case.fired | {event.name})
    sort, *rest = event.name.split(":")
    return _STEPS[sort](case, rest, policy, now)


def _promise(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    """An alarm stands while the form is not out: invariant 3."""
    days = int(rest[0])
    letters: tuple[Letter, ...] = ()
    if not has_task(case, TaskName.PROMISE):
        case, letters = ask_staff(case, TaskName.PROMISE, policy, now, details=f"day {days}")
    warning = alarm(policy, "promise", f"{case.ref}-promise-{days}", case.ref, days)
    return decided(case, f"business day {days} and the form is not out", (*letters, *warning))


def _issue_with_blanks(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    return send_form(case, policy, now, "answers stayed out: the form goes with blanks")


def _hold_ends(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    return decided(replace(case, on_hold=False, hold_until=None), "the hold has ended")


def _remind_form(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    """Remind once, also when several reminders were missed."""
    issue, number = rest[0], int(rest[1])
    missed = {f"remind_form:{issue}:{n}" for n in range(1, number)}
    due = [
        int(d.name.split(":")[2])
        for d in deadlines(case, policy)
        if d.name.startswith(f"remind_form:{issue}:") and d.at <= now
    ]
    number = max([number, *due])
    missed |= {f"remind_form:{issue}:{n}" for n in range(1, number + 1)}
    case = replace(case, fired=case.fired | missed, last_note_at=now)
    letter = to_patient(
        case,
        LetterName.REMIND_FORM,
        f"remind-{issue}-{number}",
        {"number": number},
        attachments=_packet(case),
    )
    return decided(case, f"reminder {number} for the form", (letter,))


def _packet(case: Case) -> tuple[PacketAttachment, ...]:
    return (PacketAttachment(issue=case.form.issue),) if case.form else ()


def _last_notice(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    closing = next(d for d in deadlines(case, policy) if d.name.startswith("close_form"))
    case = replace(case, last_note_at=now)
    letter = to_patient(
        case,
        LetterName.LAST_NOTICE,
        f"last-{rest[0]}",
        {"closes_on": local_date(closing.at, policy).isoformat()},
        attachments=_packet(case),
    )
    return decided(case, "last notice before closing", (letter,))


def _close_form(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    case = close(case, Result.ABANDONED, now)
    words = {"outcome": Result.ABANDONED.value}
    letter = to_patient(case, LetterName.CLOSED, f"closed-{now.isoformat()}", {**words})
    return decided(case, "the form did not come back", (letter,))


def _pages_note(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    assert case.form is not None
    found = here(case.returns[-1].returned, case.form)
    wanted = sorted(set(case.form.pages_wanted) - found)
    words: Words = {"here": [*sorted(found)], "wanted": [*wanted]}
    letter = to_patient(case, LetterName.FORM_PAGES, f"pages-{rest[0]}-{rest[1]}", words)
    return decided(case, "which pages are here", (letter,))


def _pages_wanted(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    last = case.returns[-1]
    certain = BACK_TO_PATIENT | BESIDE
    codes = tuple(d for d in last.returned.defects if d in certain)
    return send_back(case, codes, "", policy, now, last.message)


def _unsent(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    warning = alarm(policy, "provider_unsent", f"{case.ref}-unsent-{rest[0]}", case.ref)
    case, letters = ask_staff(case, TaskName.UNCERTAIN_SEND, policy, now, provider=int(rest[0]))
    return decided(case, "a submission has not left for a business day", (*letters, *warning))


def _blocked(
    case: Case, provider: Provider, name: LetterName, policy: Policy, now: datetime
) -> Decision | None:
    """A follow-up that the gate refuses becomes a staff question, once."""
    why = refusal(case, name, provider.n, policy, now)
    if not why:
        return None
    if any(t.provider == provider.n for t in case.tasks) or case.paused_at is not None:
        return decided(case, "a follow-up was not allowed")
    task = TaskName.RENEW_FORM if why in NEEDS_A_FORM else TaskName.PROVIDER_SILENT
    case, letters = ask_staff(case, task, policy, now, provider=provider.n, details=why)
    return decided(case, "a follow-up was not allowed", letters)


def _receipt_check(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    provider = provider_of(case, int(rest[0]))
    assert provider is not None
    if blocked := _blocked(case, provider, LetterName.RECEIPT_CHECK, policy, now):
        return blocked
    letter = to_provider(
        provider, LetterName.RECEIPT_CHECK, f"receipt-{provider.submissions}", _sent_on(provider)
    )
    wrote = provider.model_copy(update={"wrote_at": now})
    return decided(with_provider(case, wrote), "no receipt after two business days", (letter,))


def _sent_on(provider: Provider) -> Words:
    assert provider.sent_at is not None
    return {"sent_on": provider.sent_at.date().isoformat()}


def _follow_up(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    """One follow-up for all that were missed: by itself up to day 21, then a draft for staff."""
    number = int(rest[0])
    provider = provider_of(case, number)
    assert provider is not None
    prefix = f"follow_up:{number}:{rest[1]}:"
    due = [d.name for d in deadlines(case, policy) if d.name.startswith(prefix) and d.at <= now]
    days = max(int(name.split(":")[3]) for name in (*due, prefix + rest[2]))
    passed = {prefix + str(d) for d in policy.provider_follow_up_days if d <= days}
    case = replace(case, fired=case.fired | passed | {f"receipt_check:{number}:{rest[1]}"})
    if days >= _LAST_FOLLOW_UP:
        return _ask_about(case, provider, TaskName.PROVIDER_SILENT, days, policy, now)
    if days >= DRAFTS_FROM_DAY:
        return _ask_about(case, provider, TaskName.PROVIDER_DRAFT, days, policy, now)
    if blocked := _blocked(case, provider, LetterName.FOLLOW_UP, policy, now):
        return blocked
    ordinal = 1 + policy.provider_follow_up_days.index(days)
    letter = follow_up(case, provider, ordinal, f"follow-{rest[1]}-{days}")
    wrote = provider.model_copy(update={"wrote_at": now})
    return decided(with_provider(case, wrote), f"no news for {days} days", (letter,))


def follow_up(case: Case, provider: Provider, ordinal: int, occasion: str) -> Letter:
    """A courteous question with the package again."""
    return to_provider(
        provider,
        LetterName.FOLLOW_UP,
        occasion,
        {**_sent_on(provider), "number": ordinal},
        attachments=signed_pages(case),
    )


def _ask_about(
    case: Case, provider: Provider, name: TaskName, days: int, policy: Policy, now: datetime
) -> Decision:
    case, letters = ask_staff(case, name, policy, now, provider=provider.n, details=f"{days} days")
    return decided(case, f"a provider has been silent for {days} days", letters)


def _promised(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    provider = provider_of(case, int(rest[0]))
    assert provider is not None
    if blocked := _blocked(case, provider, LetterName.FOLLOW_UP, policy, now):
        return blocked
    letter = follow_up(case, provider, 1, f"promised-{rest[2]}")
    wrote = provider.model_copy(
        update={"wrote_at": now, "promised_on": None, "state": ProviderState.ACKNOWLEDGED}
    )
    return decided(with_provider(case, wrote), "the promised day has passed", (letter,))


def _need(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    provider = provider_of(case, int(rest[0]))
    assert provider is not None
    days = int(rest[-1])
    prefix = ":".join(["need", *rest[:-1]])
    case = replace(
        case,
        fired=case.fired | {f"{prefix}:{d}" for d in (3, 7, 14) if d <= days},
        last_note_at=now,
    )
    return decided(
        case,
        "the patient was reminded of a provider's wish",
        (provider_needs(case, provider, f"need-{provider.n}-{now.date()}"),),
    )


def provider_needs(
    case: Case, provider: Provider, occasion: str, not_before: datetime | None = None
) -> Letter:
    """Tell the patient what a provider asks for."""
    return to_patient(
        case,
        LetterName.PROVIDER_NEEDS,
        occasion,
        {"provider": provider.name, "need": provider.need, "details": provider.details},
        not_before=not_before,
        automatic=not_before is None,
    )


def _need_task(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    provider = provider_of(case, int(rest[0]))
    assert provider is not None
    return _ask_about(case, provider, TaskName.PROVIDER_SILENT, 30, policy, now)


def _status_note(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    assert case.first_submission_at is not None
    days = (now - case.first_submission_at).days
    case = replace(case, last_note_at=now)
    letter = to_patient(case, LetterName.STATUS_NOTE, f"note-{rest[0]}", {"days": days})
    return decided(case, "fourteen days brought no news", (letter,))


def _day_thirty(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    case = replace(case, last_note_at=now)
    return decided(
        case,
        "thirty days since the first submission",
        (to_patient(case, LetterName.DAY_THIRTY, "day-thirty"),),
    )


def _renewal(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    """The next form in time; the accepted one stays in force until it ends."""
    case, letter = _next_form(case, policy, now, expired=False)
    return decided(case, "the authorization ends soon: the next form goes out", (letter,))


def _authorization_ends(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    """From here the gate lets nothing pass: staff know, and the patient is told once."""
    if all(settled(p) for p in case.providers):
        return decided(case, "the authorization has ended")
    case, letters = ask_staff(case, TaskName.RENEW_FORM, policy, now, details=EXPIRED)
    case, letter = _next_form(case, policy, now, expired=True)
    return decided(case, "the authorization has ended", (letter, *letters))


def _next_form(case: Case, policy: Policy, now: datetime, *, expired: bool) -> tuple[Case, Letter]:
    """The letter with the next issue, or with the one that is out already."""
    given = case.authorization
    assert given is not None
    if not renewing(case):
        case = with_form(case, policy, now)
    assert case.form is not None
    letter = to_patient(
        case,
        LetterName.RENEW_FORM,
        f"form-{case.form.issue}-expired" if expired else f"form-{case.form.issue}",
        {"expires_on": given.expires_on.isoformat(), "expired": expired},
        attachments=_packet(case),
    )
    return replace(case, last_note_at=now), letter


def _withdrawal_notice(case: Case, rest: list[str], policy: Policy, now: datetime) -> Decision:
    return decided(
        case, "providers are told of the withdrawal", provider_notices(case, "withdrawn")
    )


_STEPS: dict[str, Callable[[Case, list[str], Policy, datetime], Decision]] = {
    "promise": _promise,
    "issue_with_blanks": _issue_with_blanks,
    "hold_ends": _hold_ends,
    "remind_form": _remind_form,
    "last_notice": _last_notice,
    "close_form": _close_form,
    "pages_note": _pages_note,
    "pages_wanted": _pages_wanted,
    "unsent": _unsent,
    "receipt_check": _receipt_check,
    "follow_up": _follow_up,
    "promised": _promised,
    "need": _need,
    "need_task": _need_task,
    "status_note": _status_note,
    "day_thirty": _day_thirty,
    "renewal": _renewal,
    "authorization_ends": _authorization_ends,
    "withdrawal_notice": _withdrawal_notice,
}
