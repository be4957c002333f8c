"""A returned form is accepted: what it gives, to whom it goes, and what the patient is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from mmx_mailflow.casework.case import Authorization, Case, Decision, ProviderState, TaskName
from mmx_mailflow.casework.checks import (
    CLASS_CLAUSE,
    EMAIL_RISK,
    PATIENT_PLACE,
    fields_of,
    providers_named,
    ticked,
)
from mmx_mailflow.casework.events import FileNote, Mail
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.pages import kept, ours, places, plain
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import CheckResult, IssuedForm, Page, Signature, Verdict
from mmx_mailflow.casework.senders import from_confirmed
from mmx_mailflow.casework.steps.common import (
    Words,
    ask_staff,
    decided,
    to_patient,
    without_tasks,
)
from mmx_mailflow.casework.steps.providers import signed_pages, submit
from mmx_mailflow.casework.values import Role

AUTOMATIC = "automatic"
_VALID_FOR = timedelta(days=365)
_PROVEN = frozenset({Signature.CRYPTOGRAPHIC, Signature.PLATFORM})
_WELL = frozenset({CheckResult.PASS, CheckResult.NOT_APPLICABLE})
_EVERY_CHECK = 20
_TO_BE_SENT = frozenset(
    {
        ProviderState.UNRESOLVED,
        ProviderState.READY,
        ProviderState.NEEDS_STAFF,
        ProviderState.NOT_COVERED,
    }
)


def accepts_itself(case: Case, mail: Mail, policy: Policy) -> bool:
    """Whether no person need look: a proven signature from the confirmed address, all well."""
    if policy.accept_forms != AUTOMATIC or case.form is None:
        return False
    last = case.returns[-1].returned
    mark = places(ours(last, case.form)).get(PATIENT_PLACE)
    return (
        from_confirmed(case, mail)
        and last.verdict == Verdict.SIGNED
        and not last.defects
        and mark is not None
        and mark.signature in _PROVEN
        and len({check.check for check in last.checks}) == _EVERY_CHECK
        and all(check.result in _WELL for check in last.checks)
    )


def accept_automatically(case: Case, policy: Policy, now: datetime) -> Decision:
    """What APPROVE does, without a person; inexact providers are a question as ever."""
    cancel = replaced(case)
    case, letters = accept(case, AUTOMATIC, policy, now)
    return decided(case, "the form was accepted by its proven signature", letters, cancel=cancel)


def replaced(case: Case) -> frozenset[str]:
    """Whose waiting letters hold the pages of an older form, which the new one replaces."""
    return frozenset({Role.PROVIDER.value} if case.authorization is not None else ())


def accept(
    case: Case, accepted_by: str, policy: Policy, now: datetime
) -> tuple[Case, tuple[Letter, ...]]:
    """The case with what the form gives, its submissions, and the word to the patient."""
    assert case.form is not None
    given = _given(case, case.form, accepted_by, now)
    case = without_tasks(
        replace(case, authorization=given, form_rounds=0, last_note_at=now, confirm_code=""),
        TaskName.REVIEW_FORM,
        TaskName.RENEW_FORM,
    )
    waiting = [p.n for p in case.providers if p.sent_at is None and p.state in _TO_BE_SENT]
    case, letters, queued = submit(case, waiting, policy, now)
    if not case.providers:
        case, letters = ask_staff(case, TaskName.RESOLVE_PROVIDER, policy, now)
    words: Words = {
        "providers": [p.name for p in case.providers if p.n in queued],
        "unsettled": [p.name for p in case.providers if p.n in {*waiting} - {*queued}],
    }
    return case, (_told(case, given, words, now + policy.text_delay), *letters)


def _told(case: Case, given: Authorization, words: Words, not_before: datetime) -> Letter:
    """The word to the patient, with a copy of the signed pages."""
    return to_patient(
        case,
        LetterName.FORM_ACCEPTED,
        f"accepted-{given.issue}",
        words,
        attachments=signed_pages(case),
        not_before=not_before,
        automatic=given.accepted_by == AUTOMATIC,
    )


def _given(case: Case, form: IssuedForm, accepted_by: str, now: datetime) -> Authorization:
    """What the form that came back last allows, and until when."""
    last = case.returns[-1]
    pages = ours(last.returned, form)
    fields = fields_of(pages)
    written = {name for page in pages for name in page.written}
    signed_on = _signed_on(pages)
    latest = signed_on + _VALID_FOR if signed_on else form.expires_on
    return Authorization(
        issue=form.issue,
        issued_on=form.issued_on,
        signed_on=signed_on,
        returned_at=last.received_at,
        accepted_at=now,
        accepted_by=accepted_by,
        expires_on=min(form.expires_on, latest),
        providers=tuple(dict.fromkeys((*case.form_names, *providers_named(fields)))),
        class_clause=ticked(fields.get(CLASS_CLAUSE, "")) or CLASS_CLAUSE in written,
        care=case.facts.treatment_dates,
        email_risk_accepted=bool(fields.get(EMAIL_RISK, "").strip()) or EMAIL_RISK in written,
        files=signed_files(case, form),
        form=form,
        kept=kept(last.returned, form),
    )


def _signed_on(pages: tuple[Page, ...]) -> date | None:
    """The date at A13, where it was read as a day."""
    mark = places(pages).get(PATIENT_PLACE)
    try:
        return date.fromisoformat(mark.date) if mark and mark.date else None
    except ValueError:
        return None


def signed_files(case: Case, form: IssuedForm) -> tuple[FileNote, ...]:
    """The files of the mails that brought a page that counts, or a page that is not of the form.

    A mail whose pages all came again, better, is left out: a provider would read two versions.
    """
    final = {p.code.page: plain(p) for p in ours(case.returns[-1].returned, form) if p.code}
    loose, found = 0, list[tuple[FileNote, ...]]()
    needed = _sources(case, form, final)
    for number, each in enumerate(case.returns):
        further = sum(page.code is None for page in each.returned.pages)
        if number in needed or further > loose or not each.came:
            found.append(each.files)
        loose = max(loose, further)
    return tuple(file for files in found for file in files)


def _sources(case: Case, form: IssuedForm, final: dict[int, Page]) -> set[int]:
    """For each page that counts, the place of the last mail that brought it as it counts."""
    found: dict[int, int] = {}
    for number, each in enumerate(case.returns):
        for page in ours(each.returned, form):
            if page.code is None or page.code.page not in each.came:
                continue
            if plain(page) == final.get(page.code.page):
                found[page.code.page] = number
    return set(found.values())
