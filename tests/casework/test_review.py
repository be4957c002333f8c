"""What staff are shown of a returned form."""

from datetime import timedelta

from tests.casework.made import (
    NOW,
    POLICY,
    REF,
    awaiting_signature,
    came_back,
    returned,
)

from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.letters import LetterName, PictureAttachment
from mmx_mailflow.casework.pages import places
from mmx_mailflow.casework.returned import Check, CheckResult, Page, PageCode, Place, Signature

LATER = NOW + timedelta(days=2)
PICTURE = "iVBORw0KGgo="


def pictured(*, number: int = 1, place: str = "A13", picture: str = PICTURE) -> Page:
    return Page(
        code=PageCode(ref=REF, issue=1, page=number, verified=True),
        legible=True,
        places=(Place(place=place, signature=Signature.INK, picture=picture),),
    )


def reviews(decision):
    return [x for x in decision.letters if x.name == LetterName.STAFF_REVIEW]


def test_a_review_shows_the_places_to_sign_as_pictures() -> None:
    answer = returned(pages=(pictured(), pictured(number=2, place="B2.1", picture="")))

    decision = decide(awaiting_signature(), came_back(answer=answer), POLICY, LATER)

    [first, _] = reviews(decision)
    assert first.attachments == (PictureAttachment(place="A13"),)
    assert [row["place"] for row in first.words["places"]] == ["A13", "B2.1"]


def test_an_office_that_wants_no_pictures_gets_the_words_alone() -> None:
    policy = POLICY.model_copy(update={"review_pictures": False})
    answer = returned(pages=(pictured(),))

    decision = decide(awaiting_signature(), came_back(answer=answer), policy, LATER)

    assert {review.attachments for review in reviews(decision)} == {()}
    assert reviews(decision)[0].words["places"]


def test_a_picture_that_is_too_large_for_a_place_is_left_out() -> None:
    answer = returned(pages=(pictured(picture="A" * 500_000),))

    decision = decide(awaiting_signature(), came_back(answer=answer), POLICY, LATER)

    assert reviews(decision)[0].attachments == ()


def test_only_the_last_return_keeps_its_pictures() -> None:
    answer = returned(pages=(pictured(),))
    case = decide(awaiting_signature(), came_back(answer=answer), POLICY, LATER).case
    case = decide(case, came_back(8, answer=answer), POLICY, LATER).case

    assert [places(r.returned.pages)["A13"].picture for r in case.returns] == ["", PICTURE]


def test_a_review_brings_the_evidence_of_a_check_in_both_languages() -> None:
    check = Check(check=10, result=CheckResult.PASS, evidence="ink", evidence_es="tinta")

    decision = decide(
        awaiting_signature(), came_back(answer=returned(checks=(check,))), POLICY, LATER
    )

    [row] = [r for r in reviews(decision)[0].words["checks"] if r["number"] == 10]
    assert (row["evidence"], row["evidence_es"]) == ("ink", "tinta")
