"""How long an authorization lasts, for whom, and how it is renewed."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from pydantic import TypeAdapter
from tests.casework.made import (
    MISION,
    NOW,
    POLICY,
    SHOWN,
    awaiting_signature,
    came_back,
    form_sent,
    new_case,
    request,
    returned,
    staff,
)

from mmx_mailflow.casework import events as e
from mmx_mailflow.casework.case import Authorization, Case, ProviderState, State, TaskName
from mmx_mailflow.casework.commands import Command, ProviderAction, Verb
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import DeadlinePassed
from mmx_mailflow.casework.facts import Period
from mmx_mailflow.casework.gate import EXPIRED, NOT_COVERED, TOO_OLD, refusal
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.returned import Defect, Page, PageCode, Place, Signature, Verdict
from mmx_mailflow.casework.values import Role

LATER = NOW + timedelta(days=2)
APPROVE = Command(verb=Verb.APPROVE)
SUBMISSION = LetterName.SUBMISSION


def form(*, issue: int = 1, day: str | None = "2026-11-21", written=(), fields=None):
    page = Page(
        code=PageCode(ref=new_case().ref, issue=issue, page=1, verified=True),
        legible=True,
        fields=fields or {},
        written=written,
        places=(Place(place="A13", signature=Signature.INK, date=day),),
    )
    return returned(pages=(page,))


def accepted(answer=None, *, start: Case | None = None, when=LATER, shown=SHOWN) -> Case:
    case = decide(start or awaiting_signature(), came_back(answer=answer), POLICY, when).case
    return decide(case, staff(APPROVE, shown=shown), POLICY, when).case


def sent(case: Case, number: int = 1, when=LATER) -> Case:
    event = e.LetterSent(letter=SUBMISSION, to_role=Role.PROVIDER, provider=number)
    return decide(case, event, POLICY, when).case


def given(case: Case) -> Authorization:
    assert case.authorization is not None
    return case.authorization


def row(case: Case, **changes: object) -> Case:
    return replace(case, providers=(case.providers[0].model_copy(update=changes),))


def named(case: Case, name: str):
    return next(d for d in deadlines(case, POLICY) if d.name.startswith(name))


def passed(case: Case, name: str):
    due = named(case, name)
    return decide(case, DeadlinePassed(name=due.name), POLICY, due.at)


def test_an_authorization_keeps_the_days_of_its_issue_and_its_signature() -> None:
    found = given(accepted(form()))

    assert (found.issued_on, found.signed_on) == (date(2026, 11, 20), date(2026, 11, 21))
    assert found.expires_on == date(2027, 11, 20)


def test_it_lasts_twelve_months_from_the_signature_at_most() -> None:
    assert given(accepted(form(day="2026-11-01"))).expires_on == date(2027, 11, 1)


@pytest.mark.parametrize("day", [None, "some time in spring"])
def test_a_date_that_was_not_read_is_no_date(day: str | None) -> None:
    found = given(accepted(form(day=day)))

    assert found.signed_on is None
    assert found.expires_on == date(2027, 11, 20)


def test_a_tick_and_initials_by_hand_count_like_typed_ones() -> None:
    typed = given(accepted(form(fields={"A4.class": "/Yes", "A9.risk": "AP"})))
    by_hand = given(accepted(form(written=("A4.class", "A9.risk"))))
    neither = given(accepted(form(fields={"A4.class": "/Off", "A9.risk": " "})))

    assert [(x.class_clause, x.email_risk_accepted) for x in (typed, by_hand, neither)] == [
        (True, True),
        (True, True),
        (False, False),
    ]


def test_a_provider_that_was_typed_into_the_form_is_named_by_it() -> None:
    found = given(accepted(form(fields={"A4.1": "Hospital Faro", "A4.2": "Clínica Misión"})))

    assert found.providers == ("Hospital Faro", "Clínica Misión")


@pytest.mark.parametrize(
    ("changes", "authorization", "day", "why"),
    [
        ({}, {}, 1, ""),
        ({}, {}, 370, EXPIRED),
        ({"name": "Otra Clínica"}, {}, 1, NOT_COVERED),
        ({"name": "Otra Clínica"}, {"class_clause": True}, 1, ""),
        ({"max_age_days": 90}, {}, 89, ""),
        ({"max_age_days": 90}, {}, 92, TOO_OLD),
        ({}, {"revoked_at": NOW}, 1, "the authorization was taken back"),
    ],
)
def test_the_gate_refuses_what_the_authorization_does_not_allow(
    changes, authorization, day, why
) -> None:
    case = row(accepted(form()), **changes)
    case = replace(case, authorization=given(case).model_copy(update=authorization))

    assert refusal(case, SUBMISSION, 1, POLICY, LATER + timedelta(days=day)) == why


def test_the_class_clause_covers_the_care_that_the_form_describes_and_no_other() -> None:
    case = row(accepted(form(written=("A4.class",))), name="Otra Clínica")
    later = Period(start=date(2025, 1, 1), end=date(2025, 1, 9), text="January 2025")
    within = Period(start=date(2024, 6, 3), end=date(2024, 6, 4), text="3 June")

    def why(*periods: Period) -> str:
        facts = case.facts.model_copy(update={"treatment_dates": periods})
        return refusal(replace(case, facts=facts), SUBMISSION, 1, POLICY, LATER)

    assert why(within) == ""
    assert why(within, later) == NOT_COVERED


def test_a_provider_that_is_added_and_not_covered_needs_a_new_form() -> None:
    add = Command(verb=Verb.ADD_PROVIDER, name="Clinica Mision", address="a@mision.example")

    decision = decide(sent(accepted(form())), staff(add), POLICY, LATER)

    assert decision.case.providers[1].state == ProviderState.NOT_COVERED
    assert decision.case.tasks[-1].name == TaskName.RENEW_FORM
    assert not [x for x in decision.letters if x.to_role == Role.PROVIDER]


def test_a_provider_that_wants_a_younger_form_waits_for_the_next_one() -> None:
    start = form_sent(decide(new_case(), request(matches=(MISION,)), POLICY, NOW).case)
    start = replace(row(start, max_age_days=30), form_names=("Clinica Mision",))
    when = NOW + timedelta(days=40)
    case = accepted(
        form(), start=start, when=when, shown=("file:7.1", "address:1:records@mision.example")
    )

    assert [x.name for x in case.tasks] == [TaskName.RENEW_FORM]
    assert case.tasks[0].details == TOO_OLD
    assert case.providers[0].state == ProviderState.READY

    case = decide(case, staff(Command(verb=Verb.SEND_FORM), message=30), POLICY, when).case
    assert case.authorization is not None
    answer = form(issue=2, day="2026-12-30")
    case = decide(case, came_back(31, answer=answer), POLICY, when).case
    shown = ("file:7.1", "address:1:records@mision.example")
    decision = decide(case, staff(APPROVE, shown=shown, message=32), POLICY, when)

    assert [x.provider for x in decision.letters if x.name == SUBMISSION] == [1]
    assert given(decision.case).issue == 2
    assert decision.case.tasks == ()


def test_staff_read_why_a_provider_may_not_be_written_to() -> None:
    case = row(accepted(form()), max_age_days=30, submissions=0)
    send = Command(verb=Verb.PROVIDER, number=1, action=ProviderAction.SEND)

    decision = decide(case, staff(send), POLICY, NOW + timedelta(days=60))

    [line] = decision.letters[0].words["lines"]
    assert (line["result"], line["why"]) == ("refused", f"gate:{TOO_OLD}")


def test_thirty_days_before_the_end_the_patient_gets_the_next_form() -> None:
    case = sent(accepted(form()))
    due = named(case, "renewal")

    decision = decide(case, DeadlinePassed(name=due.name), POLICY, due.at)

    assert due.at.date() == date(2027, 10, 21)
    [letter] = decision.letters
    assert (letter.name, letter.words["expired"]) == (LetterName.RENEW_FORM, False)
    assert decision.case.form.issue == 2
    assert decision.case.state == State.IN_PROGRESS
    assert given(decision.case).issue == 1
    assert not [d for d in deadlines(decision.case, POLICY) if d.name.startswith("renewal")]


def test_nothing_is_renewed_while_a_newer_form_is_out_already() -> None:
    case = sent(accepted(form()))

    case = decide(case, staff(Command(verb=Verb.SEND_FORM), message=30), POLICY, LATER).case

    assert case.form.issue == 2
    assert not [d for d in deadlines(case, POLICY) if d.name.startswith("renewal")]
    assert named(case, "authorization_ends")


def test_nothing_is_renewed_when_every_provider_is_settled() -> None:
    case = row(sent(accepted(form())), state=ProviderState.RECEIVED)
    assert named(case, "renewal")

    settled = row(case, state=ProviderState.COMPLETE)

    assert not [d for d in deadlines(settled, POLICY) if d.name.startswith("renewal")]


def test_the_new_form_replaces_the_old_one_when_it_is_accepted() -> None:
    case = passed(sent(accepted(form())), "renewal").case
    when = NOW + timedelta(days=340)
    event = came_back(40, answer=form(issue=2, day="2027-10-25"))
    decision = decide(case, event, POLICY, when)
    assert LetterName.STAFF_REVIEW in {x.name for x in decision.letters}
    assert given(decision.case).issue == 1

    decision = decide(decision.case, staff(APPROVE, shown=SHOWN, message=41), POLICY, when)

    assert decision.cancel == {Role.PROVIDER.value}  # what waits holds the old pages

    assert given(decision.case).issue == 2
    assert given(decision.case).expires_on > date(2028, 10, 1)
    assert SUBMISSION not in {x.name for x in decision.letters}  # it was sent already


def test_an_unsigned_renewal_goes_back_and_the_old_form_stays_in_force() -> None:
    case = passed(sent(accepted(form())), "renewal").case
    answer = form(issue=2).model_copy(
        update={"verdict": Verdict.UNSIGNED, "defects": (Defect.UNSIGNED,)}
    )

    decision = decide(case, came_back(40, answer=answer), POLICY, NOW + timedelta(days=340))

    assert [x.name for x in decision.letters] == [LetterName.FORM_DEFECTS]
    assert refusal(decision.case, LetterName.FOLLOW_UP, 1, POLICY, NOW + timedelta(days=340)) == ""


def test_when_it_ends_staff_know_the_patient_is_told_once_and_provider_mail_stops() -> None:
    case = passed(sent(accepted(form())), "renewal").case

    decision = passed(case, "authorization_ends")

    patient = [x for x in decision.letters if x.to_role == Role.PATIENT]
    assert [(x.name, x.words["expired"]) for x in patient] == [(LetterName.RENEW_FORM, True)]
    assert TaskName.RENEW_FORM in {t.name for t in decision.case.tasks}
    assert decision.case.form.issue == 2
    assert not [d for d in deadlines(decision.case, POLICY) if d.name.startswith("authorization")]
    due = named(decision.case, "follow_up:1:1:14")
    follow_up = decide(
        decision.case, DeadlinePassed(name=due.name), POLICY, NOW + timedelta(days=380)
    )
    assert not [x for x in follow_up.letters if x.to_role == Role.PROVIDER]


def test_a_follow_up_that_the_gate_refuses_is_a_question_to_staff() -> None:
    case = row(sent(accepted(form())), max_age_days=5)

    decision = passed(case, "follow_up:1:1:7")

    assert not [x for x in decision.letters if x.to_role == Role.PROVIDER]
    assert (decision.case.tasks[-1].name, decision.case.tasks[-1].details) == (
        TaskName.RENEW_FORM,
        TOO_OLD,
    )


def test_a_form_that_comes_back_once_more_after_the_acceptance_goes_to_staff() -> None:
    case = sent(accepted(form()))

    decision = decide(case, came_back(9), POLICY, LATER)

    assert decision.case.tasks[-1].name == TaskName.UNPLANNED
    assert given(decision.case).issue == 1


def test_a_case_of_before_loads_with_what_it_did_not_keep() -> None:
    adapter = TypeAdapter(Case)
    old = json.loads(adapter.dump_json(sent(accepted(form()))))
    for name in ("issued_on", "signed_on", "care"):
        del old["authorization"][name]
    for name in ("came", "trust", "seen_before"):
        del old["returns"][0][name]
    for name in ("id_copy", "witnesses", "max_age_days"):
        del old["providers"][0][name]

    case = adapter.validate_json(json.dumps(old))

    assert refusal(case, LetterName.FOLLOW_UP, 1, POLICY, LATER) == ""
    assert (given(case).issued_on, given(case).care) == (None, ())
