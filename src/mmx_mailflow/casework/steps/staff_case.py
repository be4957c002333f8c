"""Commands about the case and the form."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mmx_mailflow.casework.calendar import local_date
from mmx_mailflow.casework.case import (
    Result,
    TaskName,
)
from mmx_mailflow.casework.checks import IDENTITY
from mmx_mailflow.casework.commands import Command
from mmx_mailflow.casework.facts import FactName, Facts
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.returned import CheckResult
from mmx_mailflow.casework.senders import may_be_told, proof_failed
from mmx_mailflow.casework.steps import show
from mmx_mailflow.casework.steps.acceptance import accept, replaced
from mmx_mailflow.casework.steps.common import (
    close,
    form_due,
    to_patient,
    without_tasks,
)
from mmx_mailflow.casework.steps.form import send_back
from mmx_mailflow.casework.steps.intake import (
    first_answer,
    send_form,
    staff_facts,
    with_matches,
)
from mmx_mailflow.casework.steps.moving import agreed
from mmx_mailflow.casework.steps.patient import reopened, revoke
from mmx_mailflow.casework.steps.work import (
    GENERAL_TASKS,
    RefusedError,
    Work,
    ask_confirmation,
    delayed,
    refuse_unless,
)
from mmx_mailflow.casework.turn import has_task
from mmx_mailflow.casework.values import Role, Trust

HOLD_DAYS = 14


def do_plain_note(work: Work, command: Command, number: int) -> Work:
    """NOTE: kept in the journal; it settles the questions that wait for somebody to read."""
    return replace(work, case=without_tasks(work.case, *GENERAL_TASKS))


def do_help(work: Work, command: Command, number: int) -> Work:
    """HELP: the list of commands goes into the answer."""
    return replace(work, show=(*work.show, ("help", "help")))


def do_show(work: Work, command: Command, number: int) -> Work:
    """SHOW: the case as facts, to this member alone."""
    return replace(work, show=(*work.show, *show.facts_of(work.case, work.policy)))


_SETTERS: dict[str, FactName] = {
    "name": FactName.PATIENT_NAME,
    "dob": FactName.DATE_OF_BIRTH,
    "dates": FactName.TREATMENT_DATES,
    "provider": FactName.PROVIDERS,
    "records": FactName.RECORDS,
    "contact": FactName.PHONES,
}


def do_set(work: Work, command: Command, number: int) -> Work:
    """SET is a correction like a patient's own: merged, the form sent again when printed."""
    name = _SETTERS.get(command.name)
    refuse_unless(name is not None, "unknown_field")
    facts = command.facts or _read_value(name or FactName.RECORDS, command.words)
    refuse_unless(facts is not None, "value_not_understood")
    assert facts is not None
    case = with_matches(staff_facts(work.case, facts), work.event.matches)
    case = without_tasks(case, TaskName.TWO_PATIENTS, TaskName.TRIAGE)
    work = replace(work, case=case)
    ready = case.facts.complete() and case.form is None and case.trust != Trust.FAILED
    if ready and case.authorization is None:
        decision = send_form(case, work.policy, work.now, "staff completed the facts")
        work = replace(work, case=decision.case, letters=(*work.letters, *decision.letters))
    return work


def _read_value(name: FactName, words: str) -> Facts | None:
    """The value of SET as it stands; dates of treatment need `Command.facts`."""
    lists = {FactName.RECORDS, FactName.PROVIDERS, FactName.PHONES, FactName.EMAILS}
    try:
        value = (words.strip(),) if name in lists else words.strip()
        return Facts.model_validate({name.value: value}) if words.strip() else None
    except ValueError:
        return None


def do_ask(work: Work, command: Command, number: int) -> Work:
    """ASK: the named facts are open again and the patient is asked, in staff's words too."""
    items = {n.value for n in FactName}
    asked = [w.strip() for w in command.name.split(",") if w.strip() in items]
    facts = work.case.facts
    for item in asked:
        facts = facts.model_copy(update={item: Facts.model_fields[item].default})
    case = replace(work.case, facts=facts, asked_at=work.now)
    letter = to_patient(
        case,
        LetterName.ASK,
        f"m{work.event.mail.message}-{number}",
        {"note": command.words, "repeat_values": True, "form_due": form_due(case, work.policy)},
        not_before=work.until(),
        automatic=False,
    )
    return delayed(work, without_tasks(case, TaskName.READ_MAIL, TaskName.TRIAGE), letter)


def do_id_ok(work: Work, command: Command, number: int) -> Work:
    """ID OK: a missing copy of an ID is waived, which the journal keeps."""
    return replace(work, case=replace(work.case, id_waived=True))


def do_send_form(work: Work, command: Command, number: int) -> Work:
    """SEND FORM: the next issue goes out, with blanks where facts are open.

    What was accepted before stays in force until the new one is accepted. An alarm of the
    promise stands until the mail server has taken the form.
    """
    case = work.case
    again = case.form is not None and case.authorization is None
    refuse_unless(case.closed_at is None, "case_closed")
    refuse_unless(not proof_failed(case), "sender_failed")
    case = without_tasks(case, *GENERAL_TASKS, TaskName.REVIEW_FORM)
    decision = send_form(case, work.policy, work.now, "staff sent the form", again=again)
    return replace(work, case=decision.case, letters=(*work.letters, *decision.letters))


def do_approve(work: Work, command: Command, number: int) -> Work:
    """Accept the form that was shown, and release exactly the addresses that were shown."""
    case, now, policy = work.case, work.now, work.policy
    refuse_unless(has_task(case, TaskName.REVIEW_FORM) and bool(case.returns), "no_form_waits")
    assert case.form is not None
    shown = set(work.event.shown)
    files = {f"file:{f.id}" for r in case.returns for f in r.files}
    addresses = {f"address:{p.n}:{p.address}" for p in case.providers if p.exact}
    if not files | addresses <= shown:
        raise RefusedError("changed_since_shown")
    last = case.returns[-1].returned
    failed = [c for c in last.checks if c.result == CheckResult.FAIL]
    waived = case.id_waived
    if any(not (waived and c.check == IDENTITY) for c in failed):
        ask_confirmation(work, "failed_check")
    cancel = work.cancel | replaced(case)
    case, letters = accept(case, work.event.mail.sender, policy, now)
    return replace(delayed(work, case, *letters), cancel=cancel)


def do_reject(work: Work, command: Command, number: int) -> Work:
    """REJECT: every defect goes to the patient in one letter, with the form."""
    case = work.case
    refuse_unless(has_task(case, TaskName.REVIEW_FORM), "no_form_waits")
    refuse_unless(bool(command.codes), "codes_missing")
    decision = send_back(
        case,
        command.codes,
        command.words,
        work.policy,
        work.now,
        work.event.mail.message,
        automatic=False,
    )
    return delayed(work, decision.case, *decision.letters)


def do_tell_patient(work: Work, command: Command, number: int) -> Work:
    """TELL PATIENT: staff's own words, previewed in the answer, after the delay."""
    refuse_unless(bool(command.words.strip()), "words_missing")
    refuse_unless(not proof_failed(work.case), "sender_failed")
    letter = to_patient(
        work.case,
        LetterName.PATIENT_WORDS,
        f"m{work.event.mail.message}-{number}",
        {"text": command.words},
        not_before=work.until(),
        automatic=False,
    )
    case = without_tasks(work.case, *GENERAL_TASKS)
    return replace(delayed(work, case, letter), preview=command.words)


def do_hold(work: Work, command: Command, number: int) -> Work:
    """HOLD: reminders and follow-ups rest until a day; the promise does not."""
    until = command.until or local_date(work.now, work.policy) + timedelta(days=HOLD_DAYS)
    refuse_unless(until > local_date(work.now, work.policy), "date_not_ahead")
    return replace(work, case=replace(work.case, on_hold=True, hold_until=until))


def do_resume(work: Work, command: Command, number: int) -> Work:
    """RESUME: a hold or a pause by a revocation ends."""
    case = replace(work.case, on_hold=False, hold_until=None, paused_at=None)
    case = without_tasks(case, TaskName.CONFIRM_REVOCATION)
    return replace(work, case=case, resume=frozenset({Role.PROVIDER.value}))


def do_release(work: Work, command: Command, number: int) -> Work:
    """RELEASE: a case that waited in triage gets its first answer."""
    case = work.case
    refuse_unless(
        has_task(case, TaskName.TRUST_FAILED, TaskName.TWO_PATIENTS, TaskName.TRIAGE),
        "nothing_held",
    )
    case = without_tasks(
        replace(case, released=True, trust=Trust.UNKNOWN),
        TaskName.TRUST_FAILED,
        TaskName.TWO_PATIENTS,
        TaskName.TRIAGE,
    )
    decision = first_answer(case, work.policy, work.now)
    return replace(work, case=decision.case, letters=(*work.letters, *decision.letters))


_OUTCOMES: dict[str, Result] = {r.value: r for r in Result}


def do_close(work: Work, command: Command, number: int) -> Work:
    """CLOSE: with an outcome; the patient is told unless nobody may be."""
    case = work.case
    refuse_unless(case.closed_at is None, "case_closed")
    result = _OUTCOMES.get(command.name.replace(" ", "_"))
    refuse_unless(result is not None, "outcome_unknown")
    assert result is not None
    silent = not may_be_told(case)
    case = close(case, result, work.now)
    cancel = work.cancel | {Role.PROVIDER.value, Role.PATIENT.value}
    work = replace(work, cancel=cancel, case=case)
    if silent or result == Result.DUPLICATE:
        return work
    letter = to_patient(
        case, LetterName.CLOSED, f"m{work.event.mail.message}", {"outcome": result.value}
    )
    return replace(work, letters=(*work.letters, letter))


def do_reopen(work: Work, command: Command, number: int) -> Work:
    """REOPEN: a closed case goes on, unless it was revoked."""
    refuse_unless(work.case.closed_at is not None, "case_open")
    refuse_unless(work.case.result != Result.REVOKED, "case_revoked")
    case = reopened(work.case, work.now)
    letter = to_patient(case, LetterName.REOPENED, f"m{work.event.mail.message}")
    return replace(work, case=case, letters=(*work.letters, letter))


def do_undo(work: Work, command: Command, number: int) -> Work:
    """UNDO: what still waits is taken back and the case is as it was before it."""
    undo = work.case.undo
    refuse_unless(undo is not None and work.now < undo.until, "nothing_to_undo")
    assert undo is not None
    case = replace(
        work.case,
        undo=None,
        providers=undo.providers,
        tasks=undo.tasks,
        authorization=undo.authorization,
        files=undo.files,
        returns=work.case.returns if undo.returns is None else undo.returns,
        form_rounds=work.case.form_rounds if undo.form_rounds is None else undo.form_rounds,
        result=None,
        closed_at=None,
    )
    return replace(work, case=case, cancel=work.cancel | frozenset(undo.occasions))


def do_confirm(work: Work, command: Command, number: int) -> Work:
    """CONFIRM of a revocation or of another address acts by itself; else it lets a line pass."""
    codes = {f"C{t.n}" for t in work.case.tasks if t.name == TaskName.CONFIRM_REVOCATION}
    if command.name.upper() in codes:
        mail = work.event.mail
        decision = revoke(work.case, work.policy, work.now, f"m{mail.message}")
        return replace(
            work,
            case=decision.case,
            letters=(*work.letters, *decision.letters),
            cancel=work.cancel | decision.cancel,
        )
    moves = {f"C{t.n}" for t in work.case.tasks if t.name == TaskName.CHANGE_ADDRESS}
    if command.name.upper() in moves and work.case.move is not None:
        case, letter = agreed(work.case, work.event.mail.message, work.now)
        return replace(work, case=case, letters=(*work.letters, letter))
    refuse_unless(work.confirmed, "code_unknown")
    return work
