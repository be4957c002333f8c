"""The checks of a returned form that need the case, and what is made of them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.casework.made import (
    ANA,
    NOW,
    POLICY,
    REF,
    awaiting_signature,
    came_back,
    mail,
    returned,
)

from mmx_mailflow.casework.case import State, TaskName
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import FormReturned
from mmx_mailflow.casework.facts import Requester
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.returned import (
    Check,
    CheckResult,
    Defect,
    Page,
    PageCode,
    Place,
    Signature,
    Verdict,
)
from mmx_mailflow.casework.values import Role

LATER = NOW + timedelta(days=2)
PASS, FAIL, UNSURE, NONE = (
    CheckResult.PASS,
    CheckResult.FAIL,
    CheckResult.UNSURE,
    CheckResult.NOT_APPLICABLE,
)
LOOSE = Page(code=None, legible=False)


def page(*, fields=None, written=(), places=(("A13", "ink"),), issue: int = 1, number: int = 1):
    return Page(
        code=PageCode(ref=REF, issue=issue, page=number, verified=True),
        legible=True,
        fields=fields or {},
        written=written,
        places=tuple(Place(place=name, signature=Signature(sort)) for name, sort in places),
    )


def looked_at(*pages: Page, case=None, event=None, **changes: object):
    """What the case keeps of a return of these pages."""
    answer = returned(pages=pages or (page(),), **changes)
    event = event or came_back(answer=answer)
    decision = decide(case or awaiting_signature(), event, POLICY, LATER)
    return decision.case.returns[-1].returned


def result(found, number: int) -> CheckResult | None:
    return next((c.result for c in found.checks if c.check == number), None)


def demanding(**changes: object):
    """A case whose provider wants something more with an authorization."""
    case = awaiting_signature()
    return replace(case, providers=(case.providers[0].model_copy(update=changes),))


@pytest.mark.parametrize(
    ("field", "value", "number", "expected"),
    [
        ("A2.1", "ANA PRUEBA DEMO", 3, PASS),
        ("A2.1", "Ana Demo Prueba", 3, UNSURE),
        ("A2.1", "Eva Otra Persona", 3, FAIL),
        ("A2.3", "25 March 1980 / 25 de marzo de 1980", 4, PASS),
        ("A2.3", "25 March 1981", 4, FAIL),
        ("A2.3", "in spring", 4, UNSURE),
        ("A4.class", "/Yes", 5, PASS),
        ("A4.1", "Hospital Faro", 5, PASS),
        ("A3", "Luis Prueba, father", 11, FAIL),
        ("A13.signature", "Ana Prueba Demo", 11, PASS),
        ("A13.signature", "Eva Otra Persona", 11, FAIL),
    ],
)
def test_what_stands_on_the_form_is_compared_with_the_case(field, value, number, expected) -> None:
    assert result(looked_at(page(fields={field: value})), number) is expected


@pytest.mark.parametrize(("field", "number"), [("A2.1", 3), ("A2.3", 4), ("A4.2", 5)])
def test_handwriting_is_read_by_a_person(field: str, number: int) -> None:
    found = looked_at(page(fields={field: "Ana Prueba Demo"}, written=(field,)))

    assert result(found, number) is UNSURE


def test_each_mismatch_is_a_defect_and_never_sent_by_itself() -> None:
    fields = {"A2.1": "Eva Otra Persona", "A2.3": "1 May 1990", "A3": "Luis, father"}
    answer = returned(pages=(page(fields=fields),))

    decision = decide(awaiting_signature(), came_back(answer=answer), POLICY, LATER)

    assert set(decision.case.returns[-1].returned.defects) == {
        Defect.NAME_MISMATCH,
        Defect.DOB_MISMATCH,
        Defect.REP_NO_PROOF,
    }
    assert decision.case.state == State.FORM_REVIEW
    assert not [x for x in decision.letters if x.to_role == Role.PATIENT]


def test_a_further_page_may_prove_a_representative_which_a_person_sees() -> None:
    case = replace(awaiting_signature(), requester=Requester.REPRESENTATIVE)

    assert result(looked_at(page(), LOOSE, case=case), 11) is UNSURE
    assert result(looked_at(page(), case=case), 11) is FAIL


def test_an_id_is_wanted_where_a_provider_asks_for_one() -> None:
    assert result(looked_at(page()), 15) is NONE
    assert result(looked_at(page(), case=demanding(id_copy=True)), 15) is FAIL
    assert result(looked_at(page(), LOOSE, case=demanding(id_copy=True)), 15) is UNSURE


def test_a_missing_id_can_be_waived_by_staff() -> None:
    waived = replace(demanding(id_copy=True), id_waived=True)

    found = looked_at(page(), case=waived)

    assert result(found, 15) is PASS
    assert Defect.ID_MISSING not in found.defects


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ((("B3.1", "ink"), ("B3.2", "ink")), PASS),
        ((("B3.1", "ink"), ("B3.2", "none")), FAIL),
        ((("B3.1", "ink"), ("B3.2", "unsure")), UNSURE),
        ((), FAIL),
    ],
)
def test_witnesses_are_needed_where_a_provider_asks_for_them(marks, expected) -> None:
    found = looked_at(page(places=(("A13", "ink"), *marks)), case=demanding(witnesses=True))

    assert result(found, 16) is expected


def test_a_form_from_another_address_fails_that_check_also_when_the_patient_sent_the_rest() -> None:
    case = decide(awaiting_signature(), came_back(sender="son@gmail.com"), POLICY, LATER).case
    case = decide(case, came_back(8), POLICY, LATER).case

    assert result(case.returns[0].returned, 18) is FAIL
    assert result(case.returns[1].returned, 18) is FAIL


def test_a_file_of_another_case_fails_that_check_and_reaches_staff() -> None:
    event = came_back().model_copy(update={"seen_before": True})

    decision = decide(awaiting_signature(), event, POLICY, LATER)

    assert result(decision.case.returns[-1].returned, 19) is FAIL
    assert decision.case.state == State.FORM_REVIEW


def test_a_form_that_comes_while_a_revocation_waits_fails_that_check() -> None:
    case = replace(awaiting_signature(), paused_at=NOW)

    assert result(looked_at(page(), case=case), 20) is FAIL
    assert result(looked_at(page()), 20) is PASS


def test_a_form_that_ended_fails_that_check() -> None:
    decision = decide(awaiting_signature(), came_back(), POLICY, NOW + timedelta(days=400))

    assert result(decision.case.returns[-1].returned, 9) is FAIL


@pytest.mark.parametrize("told", [FAIL, UNSURE])
def test_what_the_paper_tells_is_never_made_better(told: CheckResult) -> None:
    check = Check(check=3, result=told, evidence="seen")
    found = looked_at(page(fields={"A2.1": "Ana Prueba Demo"}), checks=(check,))

    assert result(found, 3) is told


def test_what_the_case_tells_makes_a_result_graver() -> None:
    check = Check(check=3, result=PASS, evidence="seen")
    found = looked_at(page(fields={"A2.1": "Eva Otra Persona"}), checks=(check,))

    assert result(found, 3) is FAIL


def test_evidence_is_said_in_both_languages() -> None:
    found = looked_at(page(fields={"A2.1": "Eva Otra Persona", "A2.3": "1 May 1990"}))

    assert all(c.evidence and c.evidence_es for c in found.checks)


def test_pages_of_another_form_say_nothing_of_this_one() -> None:
    found = looked_at(page(fields={"A2.1": "Eva Otra Persona"}, issue=9), page(number=2))

    assert result(found, 3) is None


def unsigned(*defects: Defect):
    return returned(verdict=Verdict.UNSIGNED, defects=(Defect.UNSIGNED, *defects))


def test_every_defect_stands_in_the_one_letter_to_the_patient() -> None:
    event = came_back(answer=unsigned(Defect.CONSENT_UNSIGNED, Defect.POWER_UNSIGNED))

    decision = decide(demanding(id_copy=True), event, POLICY, LATER)

    [letter] = [x for x in decision.letters if x.to_role == Role.PATIENT]
    assert letter.name == LetterName.FORM_DEFECTS
    assert letter.words["codes"] == [
        "UNSIGNED",
        "CONSENT_UNSIGNED",
        "POWER_UNSIGNED",
        "ID_MISSING",
    ]


def test_a_missing_id_alone_waits_for_staff() -> None:
    decision = decide(demanding(id_copy=True), came_back(), POLICY, LATER)

    assert decision.case.tasks[-1].name == TaskName.REVIEW_FORM
    assert Defect.ID_MISSING in decision.case.returns[-1].returned.defects
    assert not [x for x in decision.letters if x.to_role == Role.PATIENT]


def test_files_without_a_page_of_ours_are_judged_by_paper_alone() -> None:
    answer = returned(pages=(LOOSE,), verdict=Verdict.NOT_THE_FORM)
    event = FormReturned(mail=mail(7, sender=ANA), returned=answer)

    decision = decide(awaiting_signature(), event, POLICY, LATER)

    assert decision.case.returns[-1].returned.checks == ()
