"""Staff reply: the whole mail is read first, then each line is done whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mmx_mailflow.casework.case import (
    Case,
    Decision,
    Provider,
    ProviderState,
    TaskName,
)
from mmx_mailflow.casework.commands import Command, Line, ProviderAction, Verb
from mmx_mailflow.casework.events import (
    OperatorDecided,
    StaffReplied,
)
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.steps import staff_case, staff_provider
from mmx_mailflow.casework.steps.common import (
    Words,
    decided,
    provider_of,
    to_staff,
    without_tasks,
)
from mmx_mailflow.casework.steps.intake import (
    first_answer,
)
from mmx_mailflow.casework.steps.providers import close_when_settled
from mmx_mailflow.casework.steps.work import (
    RefusedError,
    Work,
    refuse_unless,
)
from mmx_mailflow.casework.turn import has_task
from mmx_mailflow.casework.values import Role, Trust

DANGEROUS = frozenset(
    {
        Verb.APPROVE,
        Verb.REJECT,
        Verb.DELIVER,
        Verb.CLOSE,
        Verb.TELL_PATIENT,
    }
)
_DANGEROUS_ACTIONS = frozenset(
    {
        ProviderAction.SEND,
        ProviderAction.TELL,
        ProviderAction.ADDRESS,
        ProviderAction.CHOOSE,
    }
)


def run_commands(case: Case, event: StaffReplied, policy: Policy, now: datetime) -> Decision:
    """Do what a member of the staff asked for, and answer line by line."""
    work = Work(case=case, event=event, policy=policy, now=now)
    if not event.lines:
        return _note_only(work)
    broken = any(line.command is None for line in event.lines)
    confirmed = _confirms(case, event.lines)
    work = replace(work, confirmed=confirmed)
    for number, line in enumerate(event.lines, 1):
        work = _do_line(work, line, number, broken=broken)
    return _answer(staff_provider.with_check_tasks(work) if work.case.closed_at is None else work)


def _note_only(work: Work) -> Decision:
    words: Words = {
        "lines": [],
        "show": [],
        "undo_until": "",
        "sent_to_patient": False,
        "preview": "",
        "note_only": True,
    }
    return decided(work.case, "an internal note of staff", _answer_letters(work, words))


def _answer_letters(work: Work, words: Words) -> tuple[Letter, ...]:
    mail = work.event.mail
    if not mail.may_answer:
        return ()
    return to_staff(
        work.policy,
        LetterName.STAFF_ANSWER,
        f"m{mail.message}",
        words,
        only=mail.sender,
        shows=work.event.shown,
        answers=mail.message_id,
    )


def _confirms(case: Case, lines: tuple[Line, ...]) -> bool:
    codes = {
        line.command.name.upper()
        for line in lines
        if line.command is not None and line.command.verb == Verb.CONFIRM
    }
    return bool(case.confirm_code) and case.confirm_code in codes


def _dangerous(command: Command) -> bool:
    return command.verb in DANGEROUS or command.action in _DANGEROUS_ACTIONS


def _do_line(work: Work, line: Line, number: int, *, broken: bool) -> Work:
    command = line.command
    if command is None:
        return _said(work, line, "unknown", line.why, line.nearest)
    if broken and _dangerous(command):
        return _said(work, line, "refused", "not_all_understood")
    try:
        return _said(_VERBS[command.verb](work, command, number), line, "done", "")
    except RefusedError as refusal:
        waiting = "waiting" if str(refusal).startswith("confirm:") else "refused"
        if waiting == "waiting":
            work = replace(work, case=replace(work.case, confirm_code=_code(work.case)))
        return _said(work, line, waiting, str(refusal))


def _code(case: Case) -> str:
    """What CONFIRM must say: it shows intent, it is no secret."""
    return case.confirm_code or f"K{case.letters + 1}"


def _said(work: Work, line: Line, result: str, why: str, nearest: str = "") -> Work:
    words: Words = {"text": line.text, "result": result, "why": why, "nearest": nearest}
    if result == "waiting":
        words["nearest"] = f"CONFIRM {work.case.confirm_code}"
    return replace(work, lines=(*work.lines, words))


def _answer(work: Work) -> Decision:
    sent = any(letter.to_role == Role.PATIENT for letter in work.letters)
    words: Words = {
        "lines": [*work.lines],
        "show": [[label, value] for label, value in work.show],
        "undo_until": work.until().isoformat() if work.delayed else "",
        "sent_to_patient": sent,
        "preview": work.preview,
        "note_only": False,
        "cut": work.event.cut,
    }
    case, closing = close_when_settled(
        work.case, work.policy, work.now, work.until() if work.delayed else None
    )
    letters = (*work.letters, *closing, *_answer_letters(work, words))
    done = sum(1 for line in work.lines if line["result"] == "done")
    return decided(
        case,
        f"staff replied: {done} of {len(work.lines)} lines done",
        letters,
        cancel=work.cancel,
        resume=work.resume,
    )


def _do_provider(work: Work, command: Command, number: int) -> Work:
    row = provider_of(work.case, command.number)
    refuse_unless(row is not None, "no_such_provider")
    assert row is not None
    assert command.action is not None
    refuse_unless(work.case.closed_at is None, "case_closed")
    return _ACTIONS[command.action](work, command, row)


def _not_here(work: Work, command: Command, number: int) -> Work:
    raise RefusedError("not_in_this_thread")


_VERBS: dict[Verb, Callable[[Work, Command, int], Work]] = {
    Verb.HELP: staff_case.do_help,
    Verb.SHOW: staff_case.do_show,
    Verb.SET: staff_case.do_set,
    Verb.ASK: staff_case.do_ask,
    Verb.ID_OK: staff_case.do_id_ok,
    Verb.SEND_FORM: staff_case.do_send_form,
    Verb.APPROVE: staff_case.do_approve,
    Verb.REJECT: staff_case.do_reject,
    Verb.ADD_PROVIDER: staff_provider.do_add_provider,
    Verb.PROVIDER: _do_provider,
    Verb.DELIVER: staff_provider.do_deliver,
    Verb.TELL_PATIENT: staff_case.do_tell_patient,
    Verb.NOTE: staff_case.do_plain_note,
    Verb.HOLD: staff_case.do_hold,
    Verb.RESUME: staff_case.do_resume,
    Verb.RELEASE: staff_case.do_release,
    Verb.CLOSE: staff_case.do_close,
    Verb.REOPEN: staff_case.do_reopen,
    Verb.UNDO: staff_case.do_undo,
    Verb.CONFIRM: staff_case.do_confirm,
    Verb.FILE_AS: _not_here,
}

_ACTIONS: dict[ProviderAction, Callable[[Work, Command, Provider], Work]] = {
    ProviderAction.CHOOSE: staff_provider.do_choose,
    ProviderAction.ADDRESS: staff_provider.do_address,
    ProviderAction.SEND: staff_provider.do_send,
    ProviderAction.TELL: staff_provider.do_tell_provider,
    ProviderAction.ACKNOWLEDGED: staff_provider.settles(ProviderState.ACKNOWLEDGED),
    ProviderAction.PROMISED: staff_provider.settles(ProviderState.PROMISED),
    ProviderAction.RECEIVED: staff_provider.settles(ProviderState.RECEIVED),
    ProviderAction.PARTIAL: staff_provider.settles(ProviderState.PARTIAL),
    ProviderAction.COMPLETE: staff_provider.settles(ProviderState.COMPLETE),
    ProviderAction.NO_RECORD: staff_provider.settles(ProviderState.NO_RECORD, tells=True),
    ProviderAction.DENIED: staff_provider.settles(ProviderState.DENIED, tells=True),
    ProviderAction.REFERRED: staff_provider.do_referred,
    ProviderAction.UNRESPONSIVE: staff_provider.settles(ProviderState.UNRESPONSIVE, tells=True),
    ProviderAction.CANCEL: staff_provider.settles(ProviderState.CANCELLED),
    ProviderAction.FEE: staff_provider.do_needs,
    ProviderAction.NEEDS: staff_provider.do_needs,
}


def operator_decided(case: Case, event: OperatorDecided, policy: Policy, now: datetime) -> Decision:
    """What the operator did on the command line, in the journal like everything else."""
    if event.action == "release" and has_task(case, TaskName.TRUST_FAILED, TaskName.TWO_PATIENTS):
        case = without_tasks(
            replace(case, released=True, trust=Trust.UNKNOWN),
            TaskName.TRUST_FAILED,
            TaskName.TWO_PATIENTS,
        )
        return first_answer(case, policy, now)
    return decided(case, "the operator acted")
