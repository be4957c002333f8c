"""A request comes in, facts are added, the form goes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from mmx_mailflow.casework.calendar import local_date
from mmx_mailflow.casework.case import (
    Case,
    Decision,
    Provider,
    ProviderState,
    TaskName,
)
from mmx_mailflow.casework.choice import settled
from mmx_mailflow.casework.events import (
    DirectoryMatch,
    FactsAdded,
    Mail,
    ProviderMatch,
    RequestReceived,
)
from mmx_mailflow.casework.facts import REQUIRED, FactName, Facts
from mmx_mailflow.casework.letters import Letter, LetterName, PacketAttachment
from mmx_mailflow.casework.merge import changed, merged
from mmx_mailflow.casework.names import plain
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import IssuedForm
from mmx_mailflow.casework.senders import from_first_sender
from mmx_mailflow.casework.steps.common import (
    ask_staff,
    decided,
    form_due,
    heard,
    to_patient,
)
from mmx_mailflow.casework.turn import has_task
from mmx_mailflow.casework.values import Trust

FORM_VERSION = "MMX-AUTH-1"
_VALID_FOR = timedelta(days=365)
"""Twelve months at most: the expiry that is printed (A10)."""
PRINTED = frozenset(
    {
        FactName.PATIENT_NAME,
        FactName.DATE_OF_BIRTH,
        FactName.TREATMENT_DATES,
        FactName.RECORDS,
        FactName.PROVIDERS,
    }
)


def open_case(case: Case, event: RequestReceived, policy: Policy, now: datetime) -> Decision:
    """The first mail of a case: one answer with everything, or a person looks first."""
    mail = event.mail
    if case.tasks:  # it was opened before and waits in triage
        return add_facts(case, event, policy, now)
    case = replace(
        heard(case, mail), facts=event.facts, requester=event.requester, trust=mail.trust
    )
    case = with_matches(case, event.matches)
    letters: tuple[Letter, ...] = ()
    if mail.urgent:
        case, letters = ask_staff(case, TaskName.EMERGENCY, policy, now, mail=mail)
        if mail.may_answer and mail.trust != Trust.FAILED:
            letters = (*letters, to_patient(case, LetterName.EMERGENCY, f"m{mail.message}"))
    if mail.trust == Trust.FAILED:
        case, more = ask_staff(case, TaskName.TRUST_FAILED, policy, now, mail=mail)
        return decided(case, "the sender failed a check", (*letters, *more), hold_message=True)
    if not mail.may_answer:
        case, more = ask_staff(case, TaskName.TRIAGE, policy, now, mail=mail)
        return decided(case, "a request that may not be answered", (*letters, *more))
    if event.patients > 1:
        case, more = ask_staff(case, TaskName.TWO_PATIENTS, policy, now, mail=mail)
        question = to_patient(case, LetterName.FOR_WHOM, "first")
        return decided(case, "the mail names two patients", (*letters, *more, question))
    decision = first_answer(case, policy, now)
    return replace(decision, letters=(*letters, *decision.letters))


def first_answer(case: Case, policy: Policy, now: datetime) -> Decision:
    """Acknowledge, and in the same mail ask for what is open or send the form."""
    complete = case.facts.complete()
    case = with_form(case, policy, now) if complete else replace(case, asked_at=now)
    letter = to_patient(
        case,
        LetterName.ACKNOWLEDGE,
        f"form-{case.form.issue}" if case.form else "first",
        {
            "form_attached": complete,
            "repeat_values": case.trust == Trust.VERIFIED,
            "form_due": form_due(case, policy),
        },
        attachments=(PacketAttachment(issue=case.form.issue),) if case.form else (),
    )
    because = "the request is complete" if complete else "facts are missing or ambiguous"
    return decided(case, because, (letter,))


def add_facts(
    case: Case, event: RequestReceived | FactsAdded, policy: Policy, now: datetime
) -> Decision:
    """A later mail fills the gaps and corrects; strangers may add nothing."""
    mail = event.mail
    if not from_first_sender(case, mail) or has_task(case, TaskName.TRUST_FAILED):
        case, letters = ask_staff(case, TaskName.READ_MAIL, policy, now, mail=mail)
        return decided(case, "facts that a person must look at first", letters)
    if isinstance(event, RequestReceived) and event.patients > 1:
        case, letters = ask_staff(case, TaskName.TWO_PATIENTS, policy, now, mail=mail)
        return decided(case, "the mail names two patients", letters)
    before = case
    facts = merged(case.facts, settled(case.facts, event.facts, mail.first_words))
    if _overturns(case, facts, mail):
        case, letters = ask_staff(case, TaskName.READ_MAIL, policy, now, mail=mail)
        because = "what the form says would change, and nothing proves the sender"
        return decided(case, because, letters, hold_message=True)
    case = replace(heard(case, mail), facts=facts)
    case = with_matches(case, event.matches)
    if case.authorization is not None:
        return _after_acceptance(before, case, mail, policy, now)
    case = replace(case, tasks=tuple(t for t in case.tasks if t.name != TaskName.TWO_PATIENTS))
    if not mail.may_answer:
        case, letters = ask_staff(case, TaskName.READ_MAIL, policy, now, mail=mail)
        return decided(case, "facts in a mail that may not be answered", letters)
    return _next_question(before, case, mail, policy, now)


def _overturns(case: Case, after: Facts, mail: Mail) -> bool:
    """Whether a mail without any proof changes what a confirmed address stated for the form.

    What was open may be filled in by whoever writes from the address.
    """
    if not case.confirmed or mail.trust != Trust.UNKNOWN or mail.code_proven:
        return False
    return any(case.facts.stated(n) for n in changed(case.facts, after) & PRINTED)


def _next_question(before: Case, case: Case, mail: Mail, policy: Policy, now: datetime) -> Decision:
    """Ask what is still open, or send the form, or send it again when it changed."""
    news = changed(before.facts, case.facts)
    if case.form is None and not case.facts.complete():
        case = replace(case, asked_at=now)
        return decided(case, "facts are still missing or ambiguous", (ask(case, mail, policy),))
    if case.form is None:
        return send_form(case, policy, now, "the request is complete")
    if news & PRINTED and not case.returns:
        return send_form(case, policy, now, "what the form says was corrected", again=True)
    if news & PRINTED:
        case, letters = ask_staff(case, TaskName.READ_MAIL, policy, now, mail=mail)
        return decided(case, "facts changed after the form came back", letters)
    if mail.first_words and not news:
        case, letters = ask_staff(case, TaskName.READ_MAIL, policy, now, mail=mail)
        return decided(case, "nothing new in a mail while the form is out", letters)
    return decided(case, "facts noted")


def _after_acceptance(
    before: Case, case: Case, mail: Mail, policy: Policy, now: datetime
) -> Decision:
    """Facts that come after the acceptance, or the answer to a provider's wish: staff read."""
    case = replace(
        case,
        providers=tuple(
            p.model_copy(update={"state": ProviderState.NEEDS_STAFF, "state_since": now})
            if p.state == ProviderState.NEEDS_PATIENT
            else p
            for p in case.providers
        ),
    )
    case, letters = ask_staff(case, TaskName.READ_MAIL, policy, now, mail=mail)
    return decided(case, "the patient wrote while providers are asked", letters)


def ask(case: Case, mail: Mail, policy: Policy, note: str = "") -> Letter:
    """The question for all that is still open, in one letter."""
    return to_patient(
        case,
        LetterName.ASK,
        f"m{mail.message}",
        {
            "note": note,
            "repeat_values": case.trust == Trust.VERIFIED or case.confirmed,
            "form_due": form_due(case, policy),
        },
    )


def with_form(case: Case, policy: Policy, now: datetime) -> Case:
    """The case with the next issue of the form decided; what was returned before is void."""
    issue = case.form.issue + 1 if case.form else 1
    today = local_date(now, policy)
    form = IssuedForm(
        ref=case.ref,
        issue=issue,
        issued_on=today,
        expires_on=today + _VALID_FOR,
        pages=0,
        pages_wanted=(),
        version=FORM_VERSION,
    )
    return replace(
        case,
        form=form,
        form_decided_at=now,
        form_names=tuple(p.name for p in case.providers),
        returns=(),
    )


def send_form(
    case: Case, policy: Policy, now: datetime, because: str, *, again: bool = False
) -> Decision:
    """Send the form, with blanks to fill in by hand where facts are still open."""
    case = with_form(case, policy, now)
    assert case.form is not None
    letter = to_patient(
        case,
        LetterName.SEND_FORM,
        f"form-{case.form.issue}",
        {"blanks": [n.value for n in REQUIRED if n in case.facts.open()], "again": again},
        attachments=(PacketAttachment(issue=case.form.issue),),
    )
    return decided(case, because, (letter,))


def with_matches(case: Case, matches: tuple[ProviderMatch, ...]) -> Case:
    """The case with a row for each provider that its facts name, settled where exact."""
    rows = list(case.providers)
    known = {plain(p.name) for p in rows}
    for match in matches:
        if plain(match.name) not in known:
            known.add(plain(match.name))
            rows.append(provider_row(len(rows) + 1, match))
    return replace(case, providers=tuple(rows))


def provider_row(number: int, match: ProviderMatch) -> Provider:
    """A provider as somebody wrote it, with the directory's address when it is exact."""
    exact = [m for m in match.matches if m.exact]
    row = Provider(n=number, name=match.name, candidates=match.matches)
    if len(exact) != 1:
        return row
    found = exact[0]
    return row.model_copy(
        update={
            "state": ProviderState.READY,
            "address": found.email,
            "exact": True,
            "channel": found.channel,
            "country": found.country,
            "timezone": found.timezone,
            **demands(found),
        }
    )


def demands(found: DirectoryMatch) -> dict[str, object]:
    """What an entry of the directory wants to see with an authorization."""
    return {
        "id_copy": found.id_copy,
        "witnesses": found.witnesses,
        "max_age_days": found.max_age_days,
    }


def staff_facts(case: Case, facts: Facts) -> Case:
    """The case after staff set facts: what they say of a name counts whatever it was before."""
    known = case.facts
    if facts.stated(FactName.PATIENT_NAME):
        known = known.model_copy(update={FactName.PATIENT_NAME.value: None})
    return replace(case, facts=merged(known, facts))
