"""What a patient, a stranger or a machine writes besides facts and the form."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from mmx_mailflow.casework.calendar import local_date
from mmx_mailflow.casework.case import Case, Decision, ProviderState, Result, TaskName
from mmx_mailflow.casework.choice import confirms, goes_on
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.events import (
    FactsAdded,
    FormReturned,
    MachineAnswered,
    Mail,
    PersonWrote,
    RequestReceived,
    RequestWithdrawn,
    StatusAsked,
)
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.senders import from_confirmed, from_first_sender, may_be_told
from mmx_mailflow.casework.steps.common import (
    ask_staff,
    close,
    decided,
    hand_to_staff,
    heard,
    in_state,
    to_patient,
    to_provider,
    without_tasks,
)
from mmx_mailflow.casework.steps.form import take_return
from mmx_mailflow.casework.steps.intake import add_facts
from mmx_mailflow.casework.values import Role

REOPENS_WITHIN = timedelta(days=90)
_THANKS = 60
"""A reply to a closed case of fewer characters that thanks says nothing more."""
_THANK_WORDS = ("thank", "gracias", "appreciate", "agradez")


def tell_status(case: Case, event: StatusAsked, policy: Policy, now: datetime) -> Decision:
    """Tell the confirmed address where things stand, anybody else how to prove theirs."""
    case = heard(case, event.mail)
    occasion = f"m{event.mail.message}"
    if not event.mail.may_answer:
        return decided(case, "a question that may not be answered")
    if from_first_sender(case, event.mail) and case.confirmed:
        letter = to_patient(case, LetterName.STATUS, occasion)
        return decided(replace(case, last_note_at=now), "the status was asked", (letter,))
    if from_first_sender(case, event.mail):
        letter = to_patient(case, LetterName.PROVE_ADDRESS, occasion)
        return decided(case, "the status was asked from an unconfirmed address", (letter,))
    case, letters = ask_staff(case, TaskName.READ_MAIL, policy, now, mail=event.mail)
    return decided(case, "someone else asked for the status", letters)


def read_by_staff(case: Case, event: PersonWrote, policy: Policy, now: datetime) -> Decision:
    """A mail that no rule settles reaches a person; an emergency gets the fixed answer."""
    mail = event.mail
    case = heard(case, mail)
    asked = mail.answers == LetterName.REVOCATION_RECEIVED
    if asked and case.paused_at is not None and from_confirmed(case, mail):
        if confirms(mail.first_words):
            return revoke(case, policy, now, f"m{mail.message}", answer=mail.may_answer)
        if goes_on(mail.first_words):
            return _resumed(case, mail)
    mine = from_first_sender(case, mail)
    if mine:
        waiting = [p for p in case.providers if p.state == ProviderState.NEEDS_PATIENT]
        answered = {p.n: in_state(p, ProviderState.NEEDS_STAFF, now) for p in waiting}
        case = replace(case, providers=tuple(answered.get(p.n, p) for p in case.providers))
    if mail.new_address and mail.may_answer and from_confirmed(case, mail) and not mail.urgent:
        return decided(case, "the patient names another address")  # see steps.moving
    name = TaskName.EMERGENCY if mail.urgent else TaskName.READ_MAIL
    case, letters = ask_staff(case, name, policy, now, mail=mail)
    if mail.urgent and mail.may_answer and mine:
        fixed = to_patient(case, LetterName.EMERGENCY, f"m{mail.message}")
        letters = (fixed, *letters)
    return decided(case, "a person must read it", letters)


def keep_quiet(case: Case, event: MachineAnswered, policy: Policy, now: datetime) -> Decision:
    """A machine wrote: kept in the journal, nothing moves."""
    return decided(case, "a machine answered")


def withdraw(case: Case, event: RequestWithdrawn, policy: Policy, now: datetime) -> Decision:
    """Stop at the wish of the confirmed address; anybody's revocation pauses at once."""
    case = heard(case, event.mail)
    accepted = case.authorization is not None and case.authorization.revoked_at is None
    if from_confirmed(case, event.mail):
        if event.revokes and accepted:
            return revoke(case, policy, now, f"m{event.mail.message}", answer=event.mail.may_answer)
        return _close_withdrawn(case, event.mail, policy, now)
    return _pause(case, event.mail, policy, now)


def _resumed(case: Case, mail: Mail) -> Decision:
    """The confirmed address wants what somebody called off to go on."""
    case = without_tasks(replace(case, paused_at=None), TaskName.CONFIRM_REVOCATION)
    letter = to_patient(case, LetterName.GOES_ON, f"m{mail.message}")
    return decided(
        case,
        "the patient wants it to go on: provider mail waits no longer",
        (letter,) if mail.may_answer else (),
        resume=frozenset({Role.PROVIDER.value}),
    )


def _close_withdrawn(case: Case, mail: Mail, policy: Policy, now: datetime) -> Decision:
    case = close(case, Result.WITHDRAWN, now)
    told = [d.at for d in deadlines(case, policy) if d.name == "withdrawal_notice"]
    letter = to_patient(
        case,
        LetterName.WITHDRAWAL_CONFIRMED,
        f"m{mail.message}",
        {"providers_told_after": local_date(told[0], policy).isoformat() if told else ""},
    )
    return decided(
        case,
        "the request was withdrawn",
        (letter,) if mail.may_answer else (),
        cancel=frozenset({Role.PROVIDER.value, Role.PATIENT.value}),
    )


def _pause(case: Case, mail: Mail, policy: Policy, now: datetime) -> Decision:
    """Until it is confirmed nothing leaves for a provider; staff are asked, and the patient.

    Whoever wrote, the patient's own address is asked, once a pause: it alone can confirm.
    """
    mine = from_first_sender(case, mail) and mail.may_answer
    asks = mine or (case.paused_at is None and may_be_told(case))
    case = replace(case, paused_at=case.paused_at or now)
    case, letters = ask_staff(case, TaskName.CONFIRM_REVOCATION, policy, now, mail=mail)
    if asks:
        question = to_patient(case, LetterName.REVOCATION_RECEIVED, f"m{mail.message}")
        letters = (question, *letters)
    return decided(
        case,
        "someone called it off: provider mail is paused",
        letters,
        pause=frozenset({Role.PROVIDER.value}),
    )


def revoke(
    case: Case, policy: Policy, now: datetime, occasion: str, *, answer: bool = True
) -> Decision:
    """Final: queued mail is cancelled, providers already written to are told."""
    authorization = case.authorization
    if authorization is None:
        case = close(case, Result.WITHDRAWN, now)
    else:
        case = replace(
            close(case, Result.REVOKED, now),
            authorization=authorization.model_copy(update={"revoked_at": now}),
        )
    notices = provider_notices(case, "revoked")
    confirmed = to_patient(
        case, LetterName.REVOCATION_CONFIRMED, occasion, {"providers_told": bool(notices)}
    )
    return decided(
        case,
        "the authorization was taken back",
        (*((confirmed,) if answer else ()), *notices),
        cancel=frozenset({Role.PROVIDER.value, Role.PATIENT.value}),
    )


def provider_notices(case: Case, why: str) -> tuple[Letter, ...]:
    """A notice to stop to each provider that was written to."""
    return tuple(
        to_provider(
            p,
            LetterName.PROVIDER_NOTICE,
            why,
            {"sent_on": p.sent_at.date().isoformat(), "why": why},
        )
        for p in case.providers
        if p.sent_at is not None and p.address
    )


def _only_thanks(words: str) -> bool:
    plain = words.casefold()
    return not plain.strip() or (
        len(plain) <= _THANKS and any(thank in plain for thank in _THANK_WORDS)
    )


def write_to_closed(
    case: Case,
    event: RequestReceived | FactsAdded | FormReturned | PersonWrote | StatusAsked,
    policy: Policy,
    now: datetime,
) -> Decision:
    """A reply reopens a closed case within 90 days when it says more than thanks."""
    mail = event.mail
    if case.result == Result.REVOKED:
        return hand_to_staff(case, "a mail to a revoked case", policy, now, mail)
    if isinstance(event, StatusAsked):
        return tell_status(case, event, policy, now)
    if _only_thanks(mail.first_words) and not mail.files:
        return decided(case, "thanks for a closed case")
    closed = case.closed_at or now
    if not from_first_sender(case, mail) or now - closed > REOPENS_WITHIN or not mail.may_answer:
        return hand_to_staff(case, "a mail to a closed case", policy, now, mail)
    case = reopened(case, now)
    if isinstance(event, FormReturned):
        return take_return(case, event, policy, now)
    if isinstance(event, PersonWrote):
        decision = read_by_staff(case, event, policy, now)
    else:
        decision = add_facts(case, event, policy, now)
    hello = to_patient(decision.case, LetterName.REOPENED, f"m{mail.message}")
    return replace(
        decision,
        because="a reply reopened the case",
        letters=decision.letters if _answered(decision) else (*decision.letters, hello),
    )


def _answered(decision: Decision) -> bool:
    """Whether the decision already writes to the patient: one answer a mail."""
    return any(letter.to_role == Role.PATIENT for letter in decision.letters)


def reopened(case: Case, now: datetime) -> Case:
    """The case open again; providers cancelled by the closing wait where they were.

    Where the form never went out the alarms of the promise are due again.
    """
    providers = tuple(
        in_state(p, ProviderState.ACKNOWLEDGED if p.sent_at else ProviderState.UNRESOLVED, now)
        if p.state == ProviderState.CANCELLED
        else p
        for p in case.providers
    )
    fired = frozenset(
        f for f in case.fired if not f.startswith(("close_form", "withdrawal", "promise"))
    )
    return replace(
        case, result=None, closed_at=None, providers=providers, form_decided_at=now, fired=fired
    )
