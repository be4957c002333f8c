"""When a form is accepted without a person, and what follows is what APPROVE does."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.casework.made import (
    NOW,
    POLICY,
    REF,
    awaiting_signature,
    came_back,
    form_sent,
    new_case,
    request,
    returned,
    staff,
)

from mmx_mailflow.casework.case import Case, State, TaskName
from mmx_mailflow.casework.commands import Command, Verb
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import DirectoryMatch, ProviderMatch
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.returned import (
    Check,
    CheckResult,
    Defect,
    Page,
    PageCode,
    Place,
    Signature,
)
from mmx_mailflow.casework.values import Role, Trust

LATER = NOW + timedelta(days=2)
AUTOMATIC = POLICY.model_copy(update={"accept_forms": "automatic"})
ALL_WELL = tuple(Check(check=n, result=CheckResult.PASS) for n in range(1, 21))


def proven(signature: Signature = Signature.CRYPTOGRAPHIC, **changes: object):
    page = Page(
        code=PageCode(ref=REF, issue=1, page=1, verified=True),
        legible=True,
        fields={"A9.risk": "AP"},
        places=(Place(place="A13", signature=signature, date="2026-11-21"),),
    )
    return returned(**({"pages": (page,), "checks": ALL_WELL} | changes))


def came(answer=None, *, policy=AUTOMATIC, case: Case | None = None, **changes: object):
    event = came_back(answer=answer or proven(), **changes)
    return decide(case or awaiting_signature(), event, policy, LATER)


def accepted(decision) -> bool:
    return decision.case.authorization is not None


@pytest.mark.parametrize("signature", [Signature.CRYPTOGRAPHIC, Signature.PLATFORM])
def test_a_proven_signature_with_all_checks_passed_is_accepted_without_staff(signature) -> None:
    decision = came(proven(signature))

    assert accepted(decision)
    assert decision.case.authorization.accepted_by == "automatic"
    assert decision.case.tasks == ()
    assert decision.case.state == State.RESOLVING_PROVIDERS
    assert {x.name for x in decision.letters} == {LetterName.FORM_ACCEPTED, LetterName.SUBMISSION}


def test_what_follows_is_what_approve_does() -> None:
    case = came(policy=POLICY).case
    shown = ("file:7.1", "address:1:archivo@faro.example")
    by_staff = decide(case, staff(Command(verb=Verb.APPROVE), shown=shown), POLICY, LATER)
    by_itself = came()

    def told(decision):
        wanted = {Role.PATIENT, Role.PROVIDER}
        return [
            (x.name, x.to, x.occasion, x.words, x.attachments, x.not_before)
            for x in decision.letters
            if x.to_role in wanted
        ]

    assert told(by_itself) == told(by_staff)
    one, other = by_itself.case.authorization, by_staff.case.authorization
    assert one.model_copy(update={"accepted_by": ""}) == other.model_copy(
        update={"accepted_by": ""}
    )


def test_the_default_leaves_every_form_to_staff() -> None:
    assert not accepted(came(policy=POLICY))


@pytest.mark.parametrize(
    "signature", sorted(set(Signature) - {Signature.CRYPTOGRAPHIC, Signature.PLATFORM})
)
def test_no_other_signature_is_accepted_without_staff(signature: Signature) -> None:
    decision = came(proven(signature))

    assert not accepted(decision)
    assert TaskName.REVIEW_FORM in {t.name for t in decision.case.tasks}


@pytest.mark.parametrize("number", range(1, 21))
@pytest.mark.parametrize("result", [CheckResult.FAIL, CheckResult.UNSURE])
def test_one_check_that_is_not_passed_brings_it_to_staff(number: int, result) -> None:
    checks = tuple(
        c.model_copy(update={"result": result}) if c.check == number else c for c in ALL_WELL
    )

    decision = came(proven(checks=checks))

    assert not accepted(decision)
    assert TaskName.REVIEW_FORM in {t.name for t in decision.case.tasks}


def test_checks_that_do_not_apply_stand_in_no_way() -> None:
    checks = tuple(
        c.model_copy(update={"result": CheckResult.NOT_APPLICABLE}) if c.check in {16, 17} else c
        for c in ALL_WELL
    )

    assert accepted(came(proven(checks=checks)))


def test_a_check_that_was_not_made_is_not_passed() -> None:
    assert not accepted(came(proven(checks=ALL_WELL[:9] + ALL_WELL[10:])))


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "son@gmail.com"},
        {"trust": Trust.UNKNOWN},
        {"trust": Trust.FAILED},
        {"may_answer": False},
    ],
)
def test_only_the_confirmed_address_is_accepted_without_staff(changes) -> None:
    assert not accepted(came(**changes))


def test_an_address_that_proved_nothing_is_not_confirmed() -> None:
    event = came_back(answer=proven())
    bare = event.mail.model_copy(update={"proven": False, "code_proven": False})

    decision = decide(
        replace(awaiting_signature(), confirmed=False),
        event.model_copy(update={"mail": bare}),
        AUTOMATIC,
        LATER,
    )

    assert not accepted(decision)


def test_a_defect_or_a_file_seen_before_brings_it_to_staff() -> None:
    event = came_back(answer=proven()).model_copy(update={"seen_before": True})

    assert not accepted(came(proven(defects=(Defect.UNDATED,))))
    assert not accepted(decide(awaiting_signature(), event, AUTOMATIC, LATER))


def test_a_provider_without_a_certain_address_is_a_question_as_ever() -> None:
    close = ProviderMatch(
        name="Hospital Faro",
        matches=(DirectoryMatch(name="Hospital Faro Norte", email="a@f.example"),),
    )
    case = form_sent(decide(new_case(), request(matches=(close,)), POLICY, NOW).case)

    decision = came(case=case)

    assert accepted(decision)
    assert [t.name for t in decision.case.tasks] == [TaskName.RESOLVE_PROVIDER]
    assert not [x for x in decision.letters if x.to_role == Role.PROVIDER]
