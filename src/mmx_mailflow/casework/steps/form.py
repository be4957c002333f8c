"""The form comes back: collected, sent back with its defects, or shown to staff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from mmx_mailflow.casework.case import Case, Decision, Return, TaskName
from mmx_mailflow.casework.events import FormReturned, Mail
from mmx_mailflow.casework.letters import (
    Letter,
    LetterName,
    PacketAttachment,
    PictureAttachment,
)
from mmx_mailflow.casework.pages import places, without_pictures
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import CheckResult, Defect, Place, Returned, Verdict
from mmx_mailflow.casework.steps.common import (
    ask_staff,
    decided,
    from_first_sender,
    hand_to_staff,
    heard,
    to_patient,
    to_staff,
    without_tasks,
)
from mmx_mailflow.casework.steps.intake import send_form

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
BESIDE = frozenset({Defect.CONSENT_UNSIGNED, Defect.POWER_UNSIGNED, Defect.UNDATED})
"""Named to the patient beside one of those, never alone."""


def take_return(case: Case, event: FormReturned, policy: Policy, now: datetime) -> Decision:
    """Keep what came back and say what is next; only certain defects skip staff."""
    mail, returned = event.mail, event.returned
    mine = from_first_sender(case, mail)
    case = heard(case, mail)
    if case.form is None:
        return hand_to_staff(case, "a form came back before one was sent", policy, now, mail)
    if not returned.pages and not mail.files and Defect.LINK_ONLY not in returned.defects:
        return _nothing_attached(case, mail, policy, now, mine=mine)
    case = replace(
        case,
        returns=(
            *(_as_note(earlier) for earlier in case.returns),
            Return(
                message=mail.message,
                received_at=mail.received_at,
                sender=mail.sender,
                returned=returned,
                files=mail.files,
            ),
        ),
    )
    return _judge(case, event, policy, now, mine=mine)


def _judge(
    case: Case, event: FormReturned, policy: Policy, now: datetime, *, mine: bool
) -> Decision:
    mail, returned = event.mail, event.returned
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
    """Name every defect in one letter with the form again; after two rounds somebody calls."""
    issue = case.form.issue if case.form else 1
    case = replace(
        without_tasks(case, TaskName.REVIEW_FORM),
        form_rounds=case.form_rounds + 1,
        form_decided_at=now,
    )
    letter = to_patient(
        case,
        LetterName.FORM_DEFECTS,
        f"m{message}",
        {"codes": [c.value for c in codes], "note": note},
        attachments=(PacketAttachment(issue=issue),),
        automatic=automatic,
        not_before=None if automatic else now + policy.text_delay,
    )
    letters: tuple[Letter, ...] = (letter,)
    if case.form_rounds >= ROUNDS_BEFORE_A_CALL:
        case, more = ask_staff(case, TaskName.PHONE_PATIENT, policy, now)
        letters = (*letters, *more)
    return decided(case, "the form came back with defects", letters)


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
    found = places(returned)
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
