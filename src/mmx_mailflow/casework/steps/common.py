"""What steps share: writing letters, opening and closing tasks, resting in a state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from mmx_mailflow.casework.calendar import form_due_at, local_date
from mmx_mailflow.casework.case import (
    Case,
    Decision,
    Provider,
    ProviderState,
    Result,
    State,
    Task,
    TaskName,
)
from mmx_mailflow.casework.events import FileNote, Mail
from mmx_mailflow.casework.letters import Attachment, Letter, LetterName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.senders import from_first_sender
from mmx_mailflow.casework.turn import settled, state_of
from mmx_mailflow.casework.values import Language, Role

Words = dict[str, JsonValue]

COMMANDS: dict[TaskName, tuple[str, ...]] = {
    TaskName.TRIAGE: ("NOTE ...", "SET name = ...", "SEND FORM", "CLOSE out of scope"),
    TaskName.TRUST_FAILED: ("RELEASE", "CLOSE refused identity"),
    TaskName.TWO_PATIENTS: ("SET name = ...", "SET dob = ...", "RELEASE"),
    TaskName.READ_MAIL: ("TELL PATIENT: ... END", "NOTE: ..."),
    TaskName.EMERGENCY: ("TELL PATIENT: ... END", "NOTE: ..."),
    TaskName.PHONE_PATIENT: ("NOTE: called ...", "SEND FORM"),
    TaskName.PROMISE: ("SEND FORM", "NOTE: ..."),
    TaskName.BOUNCED: ("NOTE: ...", "CLOSE contact lost"),
    TaskName.CONFIRM_REVOCATION: ("CONFIRM C{task}", "RESUME"),
    TaskName.CHANGE_ADDRESS: ("CONFIRM C{task}", "NOTE: ..."),
    TaskName.UNCERTAIN_SEND: ("NOTE: ...",),
    TaskName.UNPLANNED: ("NOTE: ...", "TELL PATIENT: ... END"),
    TaskName.MANUAL_SEND: ("NOTE: ...",),
    TaskName.RENEW_FORM: ("SEND FORM", "NOTE: ...", "CLOSE partial"),
}
_ABOUT_A_PROVIDER: dict[TaskName, tuple[str, ...]] = {
    TaskName.RESOLVE_PROVIDER: ("PROVIDER {n} = 1", "PROVIDER {n} = office@hospital..."),
    TaskName.PROVIDER_REPLY: (
        "PROVIDER {n} RECEIVED",
        "PROVIDER {n} COMPLETE",
        "PROVIDER {n} PARTIAL",
        "PROVIDER {n} NO RECORD",
        "PROVIDER {n} DENIED",
        "PROVIDER {n} FEE ...",
        "DELIVER {n}",
    ),
    TaskName.CHECK_RECORDS: ("DELIVER {n}", "PROVIDER {n} COMPLETE", "PROVIDER {n} PARTIAL"),
    TaskName.PROVIDER_SILENT: ("PROVIDER {n} UNRESPONSIVE", "PROVIDER {n} SEND"),
    TaskName.PROVIDER_DRAFT: ("PROVIDER {n} SEND", "PROVIDER {n} TELL: ... END"),
    TaskName.PROVIDER_CHANNEL: ("PROVIDER {n} ACKNOWLEDGED", "PROVIDER {n} RECEIVED"),
    TaskName.BOUNCED: ("PROVIDER {n} = office@hospital...", "PROVIDER {n} UNRESPONSIVE"),
    TaskName.UNCERTAIN_SEND: ("PROVIDER {n} SEND", "NOTE: ..."),
}


def commands_for(name: TaskName, provider: int, task: int) -> list[JsonValue]:
    """The words to reply with for a task, ready to be copied."""
    lines = _ABOUT_A_PROVIDER.get(name) if provider else None
    found = lines or COMMANDS.get(name, ("NOTE: ...",))
    return [line.format(n=provider, task=task) for line in found]


def heard(case: Case, mail: Mail) -> Case:
    """The case after a patient's mail: language, thread, and what a token shows.

    Whoever brings one back got our letter: the address is theirs and can be reached.
    """
    if not from_first_sender(case, mail):
        return case
    return replace(
        case,
        confirmed=case.confirmed or mail.proven or mail.code_proven,
        unreachable=case.unreachable and not mail.proven,
        language=mail.language,
        last_message_id=mail.message_id or case.last_message_id,
        urgent=case.urgent or mail.urgent,
    )


def to_patient(
    case: Case,
    name: LetterName,
    occasion: str,
    words: Words | None = None,
    *,
    attachments: tuple[Attachment, ...] = (),
    not_before: datetime | None = None,
    automatic: bool = True,
) -> Letter:
    """A letter to the first sender of the case, in the language of its last words."""
    return Letter(
        name=name,
        to_role=Role.PATIENT,
        to=case.sender,
        occasion=occasion,
        language=case.language,
        words=words or {},
        attachments=attachments,
        not_before=not_before,
        automatic=automatic,
        answers=case.last_message_id,
    )


def to_provider(
    provider: Provider,
    name: LetterName,
    occasion: str,
    words: Words,
    *,
    attachments: tuple[Attachment, ...] = (),
    not_before: datetime | None = None,
    automatic: bool = True,
) -> Letter:
    """A letter to a provider: Spanish first, English below."""
    return Letter(
        name=name,
        to_role=Role.PROVIDER,
        to=provider.address,
        occasion=occasion,
        language=Language.ES,
        provider=provider.n,
        words={"provider": provider.name} | words,
        attachments=attachments,
        not_before=not_before,
        automatic=automatic,
    )


def to_staff(
    policy: Policy,
    name: LetterName,
    occasion: str,
    words: Words,
    *,
    provider: int = 0,
    shows: tuple[str, ...] = (),
    only: str = "",
    answers: str = "",
    attachments: tuple[Attachment, ...] = (),
) -> tuple[Letter, ...]:
    """A letter to each member of the staff (or `only` one), each with a token of their own."""
    return tuple(
        Letter(
            name=name,
            to_role=Role.STAFF,
            to=member,
            occasion=occasion,
            language=policy.staff_language,
            provider=provider,
            words=words,
            shows=shows,
            answers=answers,
            attachments=attachments,
        )
        for member in ((only,) if only else policy.staff_members)
    )


def alarm(
    policy: Policy, sort: str, occasion: str, details: str, days: int = 0
) -> tuple[Letter, ...]:
    """An alarm without personal data to everyone who is to be notified."""
    return tuple(
        Letter(
            name=LetterName.ALARM,
            to_role=Role.STAFF,
            to=address,
            occasion=occasion,
            language=policy.staff_language,
            words={"alarm": sort, "details": details, "days": days},
        )
        for address in policy.notify
    )


def provider_of(case: Case, number: int) -> Provider | None:
    """Provider `number` of the case."""
    return next((p for p in case.providers if p.n == number), None)


def with_provider(case: Case, provider: Provider) -> Case:
    """The case with this provider in the place of the one of its number."""
    return replace(
        case, providers=tuple(provider if p.n == provider.n else p for p in case.providers)
    )


def in_state(provider: Provider, state: ProviderState, now: datetime) -> Provider:
    """The provider in a new state, since now."""
    if provider.state == state:
        return provider
    return provider.model_copy(update={"state": state, "state_since": now})


def without_tasks(case: Case, *names: TaskName, provider: int | None = None) -> Case:
    """The case with the tasks of these names done (those of one provider where given)."""
    kept = tuple(
        t
        for t in case.tasks
        if t.name not in names or (provider is not None and t.provider != provider)
    )
    return replace(case, tasks=kept)


def ask_staff(
    case: Case,
    name: TaskName,
    policy: Policy,
    now: datetime,
    *,
    mail: Mail | None = None,
    provider: int = 0,
    details: str = "",
) -> tuple[Case, tuple[Letter, ...]]:
    """Open a task and write to staff what is to be decided, with the words to reply with."""
    number = case.task_count + 1
    task = Task(
        n=number,
        name=name,
        opened_at=now,
        provider=provider,
        details=details,
        message=mail.message if mail else None,
    )
    case = replace(case, tasks=(*case.tasks, task), task_count=number)
    about = provider_of(case, provider)
    files = mail.files if mail else ()
    if not files and name in {TaskName.CHECK_RECORDS, TaskName.PROVIDER_REPLY}:
        files = tuple(
            FileNote(id=f.id, media_type=f.media_type, size=f.size, sha256=f.sha256)
            for f in case.files
            if f.provider == provider and f.delivered_at is None
        )
    words: Words = {
        "task": name.value,
        "n": number,
        "sender": mail.sender if mail else "",
        "first_words": mail.first_words if mail else "",
        "provider": about.name if about else "",
        "number": provider,
        "details": details,
        "files": [{"id": f.id, "type": f.media_type, "kb": f.size // 1024} for f in files],
        "commands": commands_for(name, provider, number),
    }
    shows = tuple(f"file:{f.id}" for f in files)
    if about is not None:
        shows = (
            *shows,
            *(f"choice:{about.n}:{i}:{m.email}" for i, m in enumerate(about.candidates, 1)),
        )
        words["candidates"] = [
            {"k": i, "name": m.name, "address": m.email} for i, m in enumerate(about.candidates, 1)
        ]
    else:
        words["candidates"] = []
    letters = to_staff(
        policy, LetterName.STAFF_TASK, f"task{number}", words, provider=provider, shows=shows
    )
    return case, letters


def ask_many(
    case: Case, wanted: Iterable[tuple[TaskName, int, str]], policy: Policy, now: datetime
) -> tuple[Case, tuple[Letter, ...]]:
    """Open several tasks, each about a provider (0: about none), with the reason."""
    letters: list[Letter] = []
    for name, provider, why in wanted:
        case, more = ask_staff(case, name, policy, now, provider=provider, details=why)
        letters += more
    return case, tuple(letters)


def decided(
    case: Case,
    because: str,
    letters: Sequence[Letter] = (),
    *,
    cancel: frozenset[str] = frozenset(),
    pause: frozenset[str] = frozenset(),
    resume: frozenset[str] = frozenset(),
    hold_message: bool = False,
) -> Decision:
    """A decision whose case rests in the state that its content amounts to."""
    case = replace(case, state=state_of(case), letters=case.letters + len(letters))
    return Decision(
        case=case,
        because=because,
        letters=tuple(letters),
        cancel=cancel,
        pause=pause,
        resume=resume,
        hold_message=hold_message,
    )


def form_due(case: Case, policy: Policy) -> str:
    """The date by which the form is issued, as ISO date for letters."""
    return local_date(form_due_at(case.received_at, policy), policy).isoformat()


def close(case: Case, result: Result, now: datetime) -> Case:
    """The case closed: nothing is open any more, nothing can be undone."""
    providers = tuple(
        p if settled(p) else in_state(p, ProviderState.CANCELLED, now) for p in case.providers
    )
    return replace(
        case,
        state=State.CLOSED,
        result=result,
        closed_at=now,
        providers=providers,
        tasks=(),
        on_hold=False,
        hold_until=None,
        undo=None,
        confirm_code="",
    )


def open_providers(case: Case) -> tuple[Provider, ...]:
    """The providers of whom something is still expected."""
    return tuple(p for p in case.providers if not settled(p))


def hand_to_staff(
    case: Case, what: str, policy: Policy, now: datetime, mail: Mail | None
) -> Decision:
    """What nobody planned goes to a person, with the mail where there is one."""
    case, letters = ask_staff(case, TaskName.UNPLANNED, policy, now, mail=mail, details=what)
    return decided(case, what, letters)
