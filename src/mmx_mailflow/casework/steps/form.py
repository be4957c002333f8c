"""The form comes back: collected, sent back with its defects, or shown to staff."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from mmx_mailflow.casework.calendar import local_date
from mmx_mailflow.casework.case import Case, Decision, Return, TaskName
from mmx_mailflow.casework.checks import checked
from mmx_mailflow.casework.events import FormReturned, Mail
from mmx_mailflow.casework.letters import (
    Letter,
    LetterName,
    PacketAttachment,
    PictureAttachment,
)
from mmx_mailflow.casework.pages import (
    again,
    here,
    ours,
    places,
    without,
    without_pictures,
)
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import CheckResult, Defect, Place, Returned, Verdict
from mmx_mailflow.casework.senders import from_first_sender
from mmx_mailflow.casework.steps.acceptance import accept_automatically, accepts_itself
from mmx_mailflow.casework.steps.common import (
    ask_staff,
    decided,
    hand_to_staff,
    heard,
    to_patient,
    to_staff,
    without_tasks,
)
from mmx_mailflow.casework.steps.intake import send_form
from mmx_mailflow.casework.turn import renewing

ROUNDS_BEFORE_A_CALL = 2
_LARGEST_PICTURE = 400_000
"""Characters of base64: a place to sign is small, whatever is larger is no place to sign."""
BACK_TO_PATIENT = frozenset(
    {
        Defect.UNSIGNED,
        Defect.PAGE_MISSING,
        Defect.LINK_ONLY,
        Defect.PASSWORD,
        Defect.UNREADABLE_FILE,
    }
)
"""What a machine can be certain of and the patient can mend without staff."""
BESIDE = frozenset(
    {
        Defect.CONSENT_UNSIGNED,
        Defect.POWER_UNSIGNED,
        Defect.UNDATED,
        Defect.DATE_FUTURE,
        Defect.DATE_BEFORE_ISSUE,
        Defect.NO_SCOPE,
        Defect.NO_PROVIDER,
        Defect.INITIALS_MISSING,
        Defect.WITNESS_MISSING,
        Defect.ID_MISSING,
        Defect.REP_NO_PROOF,
        Defect.CROPPED,
        Defect.ILLEGIBLE,
    }
)
"""Named to the patient beside one of those, never alone: all of them can be mended at once."""


def take_return(case: Case, event: FormReturned, policy: Policy, now: datetime) -> Decision:
    """Keep what came back and say what is next; only certain defects skip staff."""
    mail, returned = event.mail, event.returned
    mine = from_first_sender(case, mail)
    case = heard(case, mail)
    if case.form is None:
        return hand_to_staff(case, "a form came back before one was sent", policy, now, mail)
    if case.authorization is not None and not renewing(case):
        return hand_to_staff(case, "a form came back after one was accepted", policy, now, mail)
    if not returned.pages and not mail.files and Defect.LINK_ONLY not in returned.defects:
        return _nothing_attached(case, mail, policy, now, mine=mine)
    case = _with_return(case, event, policy, now)
    return _judge(case, event, policy, now, mine=mine)


def _with_return(case: Case, event: FormReturned, policy: Policy, now: datetime) -> Case:
    """The case with what came back, checked against all that it knows."""
    came = Return(
        message=event.mail.message,
        received_at=event.mail.received_at,
        sender=event.mail.sender,
        returned=event.returned,
        files=event.mail.files,
        came=event.came,
        trust=event.mail.trust,
        seen_before=event.seen_before,
    )
    earlier = tuple(_as_note(each) for each in case.returns)
    case = replace(case, returns=(*earlier, came))
    looked_at = checked(case, event.returned, local_date(now, policy))
    return replace(case, returns=(*earlier, came.model_copy(update={"returned": looked_at})))


def _judge(
    case: Case, event: FormReturned, policy: Policy, now: datetime, *, mine: bool
) -> Decision:
    mail, returned = event.mail, case.returns[-1].returned
    found = set(returned.defects)
    certain = bool(found & BACK_TO_PATIENT) and found <= BACK_TO_PATIENT | BESIDE
    collecting = Defect.PAGE_MISSING in returned.defects and any(p.code for p in returned.pages)
    if not mine or event.seen_before or not mail.may_answer:
        return review(case, mail, returned, policy, now, "the return needs a person")
    if returned.verdict == Verdict.NOT_THE_FORM and not certain:
        case, letters = ask_staff(case, TaskName.READ_MAIL, policy, now, mail=mail)
        return decided(case, "files that are not the form", letters)
    if collecting and returned.verdict in {Verdict.SIGNED, Verdict.INCOMPLETE, Verdict.UNSURE}:
        return decided(case, "pages of the form are still missing")
    if certain and returned.verdict not in {Verdict.SIGNED, Verdict.UNSURE}:
        return send_back(case, returned.defects, "", policy, now, mail.message)
    if accepts_itself(case, mail, policy):
        return accept_automatically(case, policy, now)
    return review(case, mail, returned, policy, now, "the form is complete")


def _as_note(earlier: Return) -> Return:
    """An earlier return without its pictures: the last one holds those of every page."""
    return earlier.model_copy(update={"returned": without_pictures(earlier.returned)})


def _nothing_attached(
    case: Case, mail: Mail, policy: Policy, now: datetime, *, mine: bool
) -> Decision:
    """`I signed it` without a file: the form goes out again, once; then a person reads."""
    if not mine or not mail.may_answer or case.form_rounds >= ROUNDS_BEFORE_A_CALL:
        case, letters = ask_staff(case, TaskName.READ_MAIL, policy, now, mail=mail)
        return decided(case, "a form was announced and none attached", letters)
    case = replace(case, form_rounds=case.form_rounds + 1)
    return send_form(case, policy, now, "a form was announced and none attached", again=True)


def send_back(
    case: Case,
    codes: tuple[Defect, ...],
    note: str,
    policy: Policy,
    now: datetime,
    message: int,
    *,
    automatic: bool = True,
) -> Decision:
    """Name every defect in one letter with the form again; after two rounds somebody calls.

    Pages that are right stay; those that must come again no longer count.
    """
    issue = case.form.issue if case.form else 1
    here_now, wanted = _asked_again(case, codes)
    case = replace(
        _refused(without_tasks(case, TaskName.REVIEW_FORM), wanted),
        form_rounds=case.form_rounds + 1,
        form_decided_at=now,
    )
    letter = to_patient(
        case,
        LetterName.FORM_DEFECTS,
        f"m{message}",
        {"codes": [c.value for c in codes], "note": note, "again": wanted, "here": here_now},
        attachments=(PacketAttachment(issue=issue),),
        automatic=automatic,
        not_before=None if automatic else now + policy.text_delay,
    )
    letters: tuple[Letter, ...] = (letter,)
    if case.form_rounds >= ROUNDS_BEFORE_A_CALL:
        case, more = ask_staff(case, TaskName.PHONE_PATIENT, policy, now)
        letters = (*letters, *more)
    return decided(case, "the form came back with defects", letters)


def _asked_again(case: Case, codes: tuple[Defect, ...]) -> tuple[list[JsonValue], list[JsonValue]]:
    """The good pages that are here, and the pages that must come again."""
    if case.form is None or not case.returns:
        return [], []
    returned = case.returns[-1].returned
    wanted = again(returned, case.form, codes)
    good = here(returned, case.form) & set(case.form.pages_wanted) - set(wanted)
    return [*sorted(good)], [*wanted]


def _refused(case: Case, numbers: Sequence[JsonValue]) -> Case:
    """The case without those pages, and without the timers that would ask for them once more."""
    if case.form is None or not case.returns:
        return case
    last, gone = case.returns[-1], {int(str(n)) for n in numbers}
    kept = last.model_copy(update={"returned": without(last.returned, case.form, gone)})
    asked = {
        f"{name}:{case.form.issue}:{len(case.returns)}" for name in ("pages_note", "pages_wanted")
    }
    return replace(case, returns=(*case.returns[:-1], kept), fired=case.fired | asked)


def review(
    case: Case, mail: Mail, returned: Returned, policy: Policy, now: datetime, because: str
) -> Decision:
    """Show staff the checks, the providers with exact addresses and the words to reply with."""
    case = without_tasks(case, TaskName.REVIEW_FORM)
    number = case.task_count + 1
    case, _ = ask_staff(case, TaskName.REVIEW_FORM, policy, now, mail=mail)
    letters = review_letters(case, mail, returned, policy, f"review{number}")
    return decided(case, because, letters)


def review_letters(
    case: Case, mail: Mail | None, returned: Returned, policy: Policy, occasion: str
) -> tuple[Letter, ...]:
    """The review mail to each member, with what APPROVE will release."""
    sender = mail.sender if mail else (case.returns[-1].sender if case.returns else "")
    providers: list[JsonValue] = [
        {
            "n": p.n,
            "name": p.name,
            "address": p.address,
            "exact": p.exact,
            "candidates": [
                {"k": k, "name": m.name, "address": m.email} for k, m in enumerate(p.candidates, 1)
            ],
        }
        for p in case.providers
    ]
    checks: list[JsonValue] = [
        {
            "number": c.check,
            "check": c.check,
            "result": c.result.value,
            "evidence": c.evidence,
            "evidence_es": c.evidence_es,
        }
        for c in returned.checks
    ]
    found = places(ours(returned, case.form)) if case.form else {}
    signs: list[JsonValue] = [
        {"place": p.place, "signature": p.signature.value, "date": p.date or ""}
        for p in found.values()
    ]
    addresses = tuple(f"address:{p.n}:{p.address}" for p in case.providers if p.exact)
    choices = tuple(
        f"choice:{p.n}:{k}:{m.email}"
        for p in case.providers
        if not p.exact
        for k, m in enumerate(p.candidates, 1)
    )
    files = tuple(f"file:{f.id}" for r in case.returns for f in r.files)
    return to_staff(
        policy,
        LetterName.STAFF_REVIEW,
        occasion,
        {
            "verdict": returned.verdict.value,
            "defects": [d.value for d in returned.defects],
            "checks": checks,
            "places": signs,
            "providers": providers,
            "pages": [p.code.page for p in returned.pages if p.code],
            "sender": sender,
            "sender_is_first": sender == case.sender,
            "failed_checks": any(c.result == CheckResult.FAIL for c in returned.checks),
        },
        shows=(*addresses, *choices, *files),
        attachments=_pictures(found.values(), policy),
    )


def _pictures(found: Iterable[Place], policy: Policy) -> tuple[PictureAttachment, ...]:
    """The places of which there is a picture, unless the office wants none in mails."""
    if not policy.review_pictures:
        return ()
    return tuple(
        PictureAttachment(place=p.place) for p in found if 0 < len(p.picture) <= _LARGEST_PICTURE
    )
