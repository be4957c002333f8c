"""Commands about providers, their answers and what they sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mmx_mailflow.casework.case import (
    Provider,
    ProviderState,
    TaskName,
)
from mmx_mailflow.casework.commands import Command, ProviderAction
from mmx_mailflow.casework.events import (
    DirectoryMatch,
    ProviderMatch,
)
from mmx_mailflow.casework.gate import refusal
from mmx_mailflow.casework.letters import FileAttachment, LetterName
from mmx_mailflow.casework.names import plain
from mmx_mailflow.casework.steps.clock import follow_up, provider_needs
from mmx_mailflow.casework.steps.common import (
    ask_staff,
    in_state,
    provider_of,
    to_patient,
    to_provider,
    with_provider,
    without_tasks,
)
from mmx_mailflow.casework.steps.form import review_letters
from mmx_mailflow.casework.steps.intake import (
    demands,
    provider_row,
)
from mmx_mailflow.casework.steps.providers import submit
from mmx_mailflow.casework.steps.work import (
    ABOUT_PROVIDERS,
    RefusedError,
    Work,
    ask_confirmation,
    delayed,
    refuse_unless,
)
from mmx_mailflow.casework.turn import has_task, undelivered


def do_add_provider(work: Work, command: Command, number: int) -> Work:
    """ADD PROVIDER: a new row, released at once when its address is settled."""
    refuse_unless(bool(command.name.strip()), "name_missing")
    case = work.case
    known = {plain(p.name) for p in case.providers}
    refuse_unless(plain(command.name) not in known, "already_there")
    found = next(
        (m for m in work.event.matches if plain(m.name) == plain(command.name)),
        ProviderMatch(name=command.name),
    )
    row = provider_row(len(case.providers) + 1, found)
    if command.address:
        row = _addressed(row, command.address, work.now)
    case = replace(case, providers=(*case.providers, row))
    case = without_tasks(case, TaskName.RESOLVE_PROVIDER, provider=0)
    return _released(replace(work, case=case), row.n)


def _addressed(row: Provider, address: str, now: datetime) -> Provider:
    return in_state(row, ProviderState.READY, now).model_copy(
        update={"address": address, "exact": True, "channel": "email"}
    )


def _released(work: Work, number: int) -> Work:
    """A settled address releases the submission when the form was accepted."""
    case = work.case
    row = provider_of(case, number)
    if case.authorization is None or row is None or not row.exact or row.sent_at is not None:
        return work
    case, letters, _ = submit(case, [number], work.policy, work.now)
    return delayed(work, case, *letters)


def do_choose(work: Work, command: Command, row: Provider) -> Work:
    """PROVIDER n = k: the k-th entry of the directory as it was shown."""
    shown = [s.split(":", 3) for s in work.event.shown if s.startswith("choice:")]
    match = [x for x in shown if x[1] == str(row.n) and x[2] == str(command.choice)]
    candidates: tuple[DirectoryMatch, ...] = row.candidates
    refuse_unless(0 < command.choice <= len(candidates), "no_such_choice")
    chosen = candidates[command.choice - 1]
    refuse_unless(bool(match) and match[0][3] == chosen.email, "changed_since_shown")
    row = _addressed(row, chosen.email, work.now).model_copy(
        update={
            "channel": chosen.channel,
            "country": chosen.country,
            "timezone": chosen.timezone,
            **demands(chosen),
        }
    )
    return _resolve(work, row)


def do_address(work: Work, command: Command, row: Provider) -> Work:
    """PROVIDER n = address: settled by a person."""
    refuse_unless(bool(command.address), "address_missing")
    return _resolve(work, _addressed(row, command.address or "", work.now))


def _resolve(work: Work, row: Provider) -> Work:
    """A settled address: shown again in the review while that waits, else released."""
    case = without_tasks(
        with_provider(work.case, row), TaskName.RESOLVE_PROVIDER, TaskName.BOUNCED, provider=row.n
    )
    work = replace(work, case=case)
    if has_task(case, TaskName.REVIEW_FORM) and case.returns:
        again = review_letters(
            case,
            None,
            case.returns[-1].returned,
            work.policy,
            f"review-m{work.event.mail.message}-{row.n}",
        )
        return replace(work, letters=(*work.letters, *again))
    return _released(work, row.n)


def do_send(work: Work, command: Command, row: Provider) -> Work:
    """Send the submission, or the drafted follow-up to one that has it already."""
    refuse_unless(work.case.authorization is not None, "no_authorization")
    if row.sent_at is not None:
        _pass_the_gate(work, row, LetterName.FOLLOW_UP)
    elif row.exact:
        _pass_the_gate(work, row, LetterName.SUBMISSION)
    case = without_tasks(work.case, *ABOUT_PROVIDERS, provider=row.n)
    if row.sent_at is None:
        case, letters, queued = submit(case, [row.n], work.policy, work.now)
        refuse_unless(bool(queued), "not_ready")
        return delayed(work, case, *letters)
    letter = follow_up(case, row, 1, f"staff-m{work.event.mail.message}-{row.n}").model_copy(
        update={"not_before": work.until(), "automatic": False}
    )
    wrote = row.model_copy(update={"wrote_at": work.now})
    return delayed(work, with_provider(case, wrote), letter)


def _pass_the_gate(work: Work, row: Provider, name: LetterName) -> None:
    why = refusal(work.case, name, row.n, work.policy, work.now)
    refuse_unless(not why, f"gate:{why}")


def do_tell_provider(work: Work, command: Command, row: Provider) -> Work:
    """PROVIDER n TELL: staff's own words, after the delay."""
    refuse_unless(row.exact and bool(row.address), "not_ready")
    _pass_the_gate(work, row, LetterName.PROVIDER_WORDS)
    letter = to_provider(
        row,
        LetterName.PROVIDER_WORDS,
        f"m{work.event.mail.message}-{row.n}",
        {"text": command.words},
        not_before=work.until(),
        automatic=False,
    )
    moved = row
    if row.state in {ProviderState.NEEDS_STAFF, ProviderState.NEEDS_PATIENT}:
        moved = in_state(row, ProviderState.ACKNOWLEDGED, work.now)
    moved = moved.model_copy(update={"wrote_at": work.now})
    case = without_tasks(with_provider(work.case, moved), *ABOUT_PROVIDERS, provider=row.n)
    work = delayed(work, case, letter)
    return replace(work, preview=command.words)


def settles(
    state: ProviderState, *, tells: bool = False
) -> Callable[[Work, Command, Provider], Work]:
    """A step that puts the provider into `state`; `tells` the patient the news at once."""

    def step(work: Work, command: Command, row: Provider) -> Work:
        row = in_state(row, state, work.now)
        if state == ProviderState.PROMISED:
            refuse_unless(command.until is not None, "date_missing")
            row = row.model_copy(update={"promised_on": command.until})
        if row.acknowledged_at is None and row.sent_at is not None:
            row = row.model_copy(update={"acknowledged_at": work.now})
        case = without_tasks(with_provider(work.case, row), *ABOUT_PROVIDERS, provider=row.n)
        work = replace(work, case=case)
        if not tells:
            return work
        letter = to_patient(
            work.case,
            LetterName.PROVIDER_NEWS,
            f"m{work.event.mail.message}-{row.n}",
            {"provider": row.name, "state": state.value},
            not_before=work.until(),
            automatic=False,
        )
        return delayed(work, replace(work.case, last_note_at=work.now), letter)

    return step


def with_check_tasks(work: Work) -> Work:
    """Files that nobody delivered, and nobody is asked about, become a question."""
    for row in work.case.providers:
        waits = any(f.provider == row.n and f.delivered_at is None for f in work.case.files)
        if waits and not any(t.provider == row.n for t in work.case.tasks):
            case, letters = ask_staff(
                work.case, TaskName.CHECK_RECORDS, work.policy, work.now, provider=row.n
            )
            work = replace(work, case=case, letters=(*work.letters, *letters))
    return work


def do_referred(work: Work, command: Command, row: Provider) -> Work:
    """PROVIDER n REFERRED name: settled, with a new row for the other one."""
    refuse_unless(bool(command.name.strip()), "name_missing")
    work = settles(ProviderState.REFERRED)(work, command, row)
    return do_add_provider(work, command, 0)


def do_needs(work: Work, command: Command, row: Provider) -> Work:
    """The provider wants something of the patient: ask, in the patient's language."""
    need = "fee" if command.action == ProviderAction.FEE else command.name or "clarify"
    row = in_state(row, ProviderState.NEEDS_PATIENT, work.now).model_copy(
        update={"need": need, "details": command.words, "state_since": work.now}
    )
    case = without_tasks(with_provider(work.case, row), *ABOUT_PROVIDERS, provider=row.n)
    occasion = f"m{work.event.mail.message}-{row.n}"
    letter = provider_needs(case, row, occasion, work.until())
    return delayed(work, replace(case, last_note_at=work.now), letter)


def do_deliver(work: Work, command: Command, number: int) -> Work:
    """Send what came of a provider: exactly the files shown, to the confirmed address."""
    case = work.case
    row = provider_of(case, command.number)
    refuse_unless(row is not None, "no_such_provider")
    assert row is not None
    files = [f for f in case.files if f.provider == row.n and f.delivered_at is None]
    refuse_unless(bool(files), "nothing_to_deliver")
    if not {f"file:{f.id}" for f in files} <= set(work.event.shown):
        raise RefusedError("changed_since_shown")
    if not case.confirmed:
        ask_confirmation(work, "address_unconfirmed")
    if case.authorization is None or not case.authorization.email_risk_accepted:
        ask_confirmation(work, "email_risk")
    done = {f.id for f in files}
    case = replace(
        case,
        files=tuple(
            f.model_copy(update={"delivered_at": work.now}) if f.id in done else f
            for f in case.files
        ),
        last_note_at=work.now,
        confirm_code="",
    )
    case = without_tasks(case, TaskName.CHECK_RECORDS, TaskName.PROVIDER_REPLY, provider=row.n)
    letter = to_patient(
        case,
        LetterName.DELIVERY,
        f"m{work.event.mail.message}-{row.n}",
        {"provider": row.name, "files": len(files), "last": not undelivered(case)},
        attachments=tuple(
            FileAttachment(file=f.id, name=f"{case.ref}-records-{row.n}-{i}")
            for i, f in enumerate(files, 1)
        ),
        not_before=work.until(),
        automatic=False,
    )
    work = delayed(work, case, letter)
    return _still_to_settle(work, row)


def _still_to_settle(work: Work, row: Provider) -> Work:
    """After a delivery somebody must say whether that was all."""
    asked = {
        line.command.action
        for line in work.event.lines
        if line.command is not None and line.command.number == row.n
    }
    final = {ProviderAction.COMPLETE, ProviderAction.PARTIAL}
    settled = row.state in {ProviderState.COMPLETE, ProviderState.PARTIAL}
    if settled or asked & final:
        return work
    row = in_state(row, ProviderState.RECEIVED, work.now)
    case, letters = ask_staff(
        with_provider(work.case, row),
        TaskName.PROVIDER_REPLY,
        work.policy,
        work.now,
        provider=row.n,
    )
    return replace(work, case=case, letters=(*work.letters, *letters))
