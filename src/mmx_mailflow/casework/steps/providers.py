"""Providers are written to, answer, and are settled; the case closes when all are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mmx_mailflow.casework.case import (
    Case,
    Decision,
    Provider,
    ProviderState,
    ReceivedFile,
    Result,
    TaskName,
)
from mmx_mailflow.casework.events import (
    LetterBounced,
    LetterSent,
    Mail,
    ProviderAnswered,
    StaffWroteByHand,
)
from mmx_mailflow.casework.gate import NEEDS_A_FORM, NOT_COVERED, refusal
from mmx_mailflow.casework.letters import (
    Attachment,
    FileAttachment,
    KeptPagesAttachment,
    Letter,
    LetterName,
)
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.senders import from_provider
from mmx_mailflow.casework.steps.common import (
    alarm,
    ask_many,
    ask_staff,
    close,
    decided,
    hand_to_staff,
    in_state,
    provider_of,
    to_patient,
    to_provider,
    with_provider,
    without_tasks,
)
from mmx_mailflow.casework.turn import settled, undelivered
from mmx_mailflow.casework.values import Role

_CONTACTED = frozenset({ProviderState.SENT, ProviderState.ACKNOWLEDGED, ProviderState.PROMISED})
_FORM_LETTERS = frozenset(
    {
        LetterName.ACKNOWLEDGE,
        LetterName.SEND_FORM,
    }
)


def signed_pages(case: Case) -> tuple[Attachment, ...]:
    """The pages of the accepted form, under neutral names: as they came, and those kept."""
    given = case.authorization
    if given is None:
        return ()
    files = [
        FileAttachment(file=f.id, name=f"{case.ref}-authorization-{number}")
        for number, f in enumerate(given.files, 1)
    ]
    return (*files, KeptPagesAttachment()) if given.kept else tuple(files)


def submit(
    case: Case, numbers: Sequence[int], policy: Policy, now: datetime
) -> tuple[Case, tuple[Letter, ...], tuple[int, ...]]:
    """Queue one submission for each of these providers that the gate lets through.

    Returns the numbers of those that were queued; the rest becomes a staff question.
    """
    letters: list[Letter] = []
    queued: list[int] = []
    questions: list[tuple[TaskName, int, str]] = []
    for number in numbers:
        provider = provider_of(case, number)
        assert provider is not None
        why = refusal(case, LetterName.SUBMISSION, number, policy, now)
        if why == NOT_COVERED:
            case = with_provider(case, in_state(provider, ProviderState.NOT_COVERED, now))
        if why in NEEDS_A_FORM:
            questions.append((TaskName.RENEW_FORM, number, why))
        elif not provider.exact:
            questions.append((TaskName.RESOLVE_PROVIDER, number, ""))
        elif provider.channel != "email":
            questions.append((TaskName.PROVIDER_CHANNEL, number, ""))
        elif not why:
            case, letter = _submission(case, provider, policy, now)
            letters.append(letter)
            queued.append(number)
    case, more = ask_many(case, questions, policy, now)
    return case, (*letters, *more), tuple(queued)


def _submission(
    case: Case, provider: Provider, policy: Policy, now: datetime
) -> tuple[Case, Letter]:
    assert case.authorization is not None
    count = provider.submissions + 1
    provider = in_state(provider, ProviderState.READY, now).model_copy(
        update={"submissions": count, "wrote_at": now}
    )
    letter = to_provider(
        provider,
        LetterName.SUBMISSION,
        f"form-{case.authorization.issue}-{count}",
        {},
        attachments=signed_pages(case),
        not_before=now + policy.text_delay,
        automatic=False,
    )
    return with_provider(case, provider), letter


def letter_sent(case: Case, event: LetterSent, policy: Policy, now: datetime) -> Decision:
    """The mail server took a letter: what counts from its sending begins now."""
    if event.to_role == Role.PATIENT and event.occasion.startswith("form-"):
        tasks = tuple(t for t in case.tasks if t.name != TaskName.PROMISE)
        issued = case.form_issued_at or now
        return decided(replace(case, form_issued_at=issued, tasks=tasks), "the form was issued")
    provider = provider_of(case, event.provider)
    if event.letter == LetterName.SUBMISSION and provider is not None:
        sent = in_state(provider, ProviderState.SENT, now) if not settled(provider) else provider
        sent = sent.model_copy(update={"sent_at": now, "wrote_at": now})
        first = case.first_submission_at or now
        case = replace(with_provider(case, sent), first_submission_at=first)
        return decided(case, "a submission was sent")
    return decided(case, "a letter was sent")


def take_provider_answer(
    case: Case, event: ProviderAnswered, policy: Policy, now: datetime
) -> Decision:
    """File what a provider's office wrote and show it to staff, who settle it."""
    mail, provider = event.mail, provider_of(case, event.provider)
    if provider is None or case.closed_at is not None:
        return hand_to_staff(case, "a provider wrote and nothing is open", policy, now, mail)
    if mail.sender == case.sender and not mail.placed:
        return hand_to_staff(case, "the patient answered a provider's letter", policy, now, mail)
    if not from_provider(provider, mail):
        return _from_elsewhere(case, provider, mail, policy, now)
    if event.guess == "acknowledged" and not mail.files and provider.state == ProviderState.SENT:
        provider = in_state(provider, ProviderState.ACKNOWLEDGED, now)
    if provider.acknowledged_at is None:
        provider = provider.model_copy(update={"acknowledged_at": now})
    if provider.state in _CONTACTED and mail.files:
        provider = in_state(provider, ProviderState.NEEDS_STAFF, now)
    case = _with_files(with_provider(case, provider), mail, provider.n)
    case = without_tasks(case, TaskName.PROVIDER_SILENT, provider=provider.n)
    case, letters = ask_staff(
        case,
        TaskName.PROVIDER_REPLY,
        policy,
        now,
        mail=mail,
        provider=provider.n,
        details=event.guess,
    )
    return decided(case, "a provider answered", letters)


def _from_elsewhere(
    case: Case, provider: Provider, mail: Mail, policy: Policy, now: datetime
) -> Decision:
    """Somebody else writes in a provider's thread: staff see it, its files are not filed.

    Where staff know the writer, `number = reference` lets the same mail count.
    """
    details = f"other_address:{mail.message} = {case.ref}"
    seen = mail.model_copy(update={"files": ()})
    case, letters = ask_staff(case, TaskName.READ_MAIL, policy, now, mail=seen, details=details)
    why = "a provider's thread, and not proven to be its office"
    return decided(case, why, letters, hold_message=True)


def _with_files(case: Case, mail: Mail, provider: int) -> Case:
    known = {f.sha256 for f in case.files}
    new = tuple(
        ReceivedFile(
            id=f.id,
            provider=provider,
            media_type=f.media_type,
            size=f.size,
            sha256=f.sha256,
            received_at=mail.received_at,
        )
        for f in mail.files
        if f.sha256 not in known
    )
    return replace(case, files=(*case.files, *new))


def letter_bounced(case: Case, event: LetterBounced, policy: Policy, now: datetime) -> Decision:
    """A letter did not arrive: the address is marked and a person finds another way."""
    if not event.permanent:
        return decided(case, "a letter is delayed")
    provider = provider_of(case, event.provider)
    told = any(t.name == TaskName.BOUNCED and t.provider == event.provider for t in case.tasks)
    if told and event.to_role != Role.STAFF:
        return decided(case, "a letter bounced again, staff know")
    if event.to_role == Role.PROVIDER and provider is not None:
        if not settled(provider):
            case = with_provider(case, _out_of_reach(provider, event, now))
        case, letters = ask_staff(
            case, TaskName.BOUNCED, policy, now, provider=event.provider, details=event.code
        )
        return decided(case, "a letter to a provider bounced", letters)
    if event.to_role == Role.PATIENT:
        case = replace(case, unreachable=True)
        case, letters = ask_staff(case, TaskName.BOUNCED, policy, now, details=event.code)
        return decided(case, "a letter to the patient bounced", letters)
    return decided(
        case,
        "a letter to staff bounced",
        alarm(policy, "staff_bounce", f"{case.ref}-bounced-{now.date()}", ""),
    )


def _out_of_reach(provider: Provider, event: LetterBounced, now: datetime) -> Provider:
    """The address waits for staff; a submission that came back was none, and goes to the next."""
    changes: dict[str, object] = {"exact": False}
    if event.letter == LetterName.SUBMISSION and provider.acknowledged_at is None:
        changes["sent_at"] = None
    return in_state(provider, ProviderState.NEEDS_STAFF, now).model_copy(update=changes)


def staff_wrote(case: Case, event: StaffWroteByHand, policy: Policy, now: datetime) -> Decision:
    """Staff wrote by hand; to a provider without an authorization it is an alarm."""
    if event.to_role == Role.PROVIDER and (
        why := refusal(case, LetterName.PROVIDER_WORDS, event.provider, policy, now)
    ):
        case, letters = ask_staff(
            case, TaskName.MANUAL_SEND, policy, now, provider=event.provider, details=why
        )
        warning = alarm(policy, "manual_send", f"{case.ref}-m{event.message}", case.ref)
        return decided(
            case, "a mail to a provider by hand without authorization", (*letters, *warning)
        )
    return decided(case, "staff wrote by hand")


def close_when_settled(
    case: Case, policy: Policy, now: datetime, not_before: datetime | None
) -> tuple[Case, tuple[Letter, ...]]:
    """Close the case when nothing is expected of any provider and nothing is undelivered."""
    rows = case.providers
    if case.closed_at is not None or not rows or case.authorization is None:
        return case, ()
    if undelivered(case) or not all(settled(p) for p in rows):
        return case, ()
    numbers = {p.state for p in rows if p.state != ProviderState.REFERRED}
    with_records = {ProviderState.COMPLETE, ProviderState.PARTIAL}
    if numbers <= {ProviderState.COMPLETE}:
        result = Result.COMPLETED
    else:
        result = Result.PARTIAL if numbers & with_records else Result.UNOBTAINABLE
    case = replace(close(case, result, now), undo=case.undo)
    letter = to_patient(
        case,
        LetterName.CLOSED,
        f"closed-{now.isoformat()}",
        {"outcome": result.value},
        not_before=not_before,
    )
    return case, (letter,)
