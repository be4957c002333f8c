"""Pages of a form: which must come again, which stay, which files go to a provider."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.casework.made import (
    NOW,
    POLICY,
    REF,
    SHOWN,
    awaiting_signature,
    came_back,
    returned,
    staff,
)

from mmx_mailflow.casework.case import Case, State, TaskName
from mmx_mailflow.casework.commands import Command, Verb
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import DeadlinePassed, FileNote
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.pages import again, here
from mmx_mailflow.casework.returned import Defect, Page, PageCode, Place, Signature, Verdict
from mmx_mailflow.casework.values import Role

LATER = NOW + timedelta(days=2)
PLACES = {1: (), 3: ("A13", "A12.6"), 4: ("B2.1", "B3.1", "B3.2")}


def sheet(number: int, sort: str = "ink", **changes: object) -> Page:
    values = {
        "code": PageCode(ref=REF, issue=1, page=number, verified=True),
        "legible": True,
        "places": tuple(Place(place=p, signature=Signature(sort)) for p in PLACES[number]),
    }
    return Page.model_validate(values | changes)


def out() -> Case:
    """A case whose form has pages 1, 3 and 4 to write on."""
    case = awaiting_signature()
    return replace(case, form=case.form.model_copy(update={"pages": 5, "pages_wanted": (1, 3, 4)}))


def note(name: str) -> FileNote:
    return FileNote(id=name, media_type="image/jpeg", size=9, sha256=name * 8)


def came(message: int, *pages: Page, brought: tuple[int, ...], **changes: object):
    answer = returned(pages=pages, **changes)
    event = came_back(message, answer=answer, received_at=LATER)
    files = tuple(note(f"{message}.{n}") for n in range(1, len(brought) + 1))
    found = event.mail.model_copy(update={"files": files})
    return event.model_copy(update={"mail": found, "came": frozenset(brought)})


def letter_of(decision, name: LetterName):
    return next(x for x in decision.letters if x.name == name)


@pytest.mark.parametrize(
    ("pages", "defects", "expected"),
    [
        ((1, 4), {Defect.PAGE_MISSING}, (3,)),
        ((1, 3, 4), {Defect.UNSIGNED}, (3,)),
        ((1, 3, 4), {Defect.UNSIGNED, Defect.POWER_UNSIGNED}, (3, 4)),
        ((1, 3, 4), {Defect.WITNESS_MISSING}, (4,)),
        ((1, 3, 4), {Defect.NAME_MISMATCH}, (1,)),
        ((1, 3, 4), {Defect.ID_MISSING}, ()),
        ((1, 3), {Defect.ID_MISSING}, (4,)),
        ((1, 3, 4), {Defect.EXPIRED}, (1, 3, 4)),
        ((1, 3, 4), {Defect.ALTERED}, (1, 3, 4)),
        ((), {Defect.PASSWORD}, (1, 3, 4)),
    ],
)
def test_only_the_pages_that_a_defect_is_of_must_come_again(pages, defects, expected) -> None:
    found = returned(pages=tuple(sheet(n) for n in pages))

    assert again(found, out().form, defects) == expected


def test_a_page_that_was_altered_or_cannot_be_read_comes_again_alone() -> None:
    found = returned(pages=(sheet(1, altered=("A6",)), sheet(3), sheet(4, legible=False)))

    assert again(found, out().form, {Defect.ALTERED}) == (1,)
    assert again(found, out().form, {Defect.ILLEGIBLE}) == (4,)


def test_an_unsigned_page_is_asked_for_and_the_good_ones_stay() -> None:
    event = came(
        7,
        sheet(1),
        sheet(3, "none"),
        sheet(4),
        brought=(1, 3, 4),
        verdict=Verdict.UNSIGNED,
        defects=(Defect.UNSIGNED,),
    )

    decision = decide(out(), event, POLICY, LATER)

    letter = letter_of(decision, LetterName.FORM_DEFECTS)
    assert (letter.words["again"], letter.words["here"]) == ([3], [1, 4])
    kept = decision.case.returns[-1].returned
    assert here(kept, decision.case.form) == {1, 4}


def rejected(case: Case, *codes: Defect):
    return decide(case, staff(Command(verb=Verb.REJECT, codes=codes)), POLICY, LATER)


def in_review() -> Case:
    event = came(7, sheet(1), sheet(3), sheet(4), brought=(1, 3, 4))
    return decide(out(), event, POLICY, LATER).case


def test_a_page_that_staff_refused_can_not_count_when_another_comes() -> None:
    decision = rejected(in_review(), Defect.WRONG_PERSON)

    letter = letter_of(decision, LetterName.FORM_DEFECTS)
    assert (letter.words["again"], letter.words["here"]) == ([3], [1, 4])
    assert here(decision.case.returns[-1].returned, decision.case.form) == {1, 4}
    assert decision.case.form.issue == 1


def test_undo_of_a_refusal_puts_the_pages_back() -> None:
    case = rejected(in_review(), Defect.WRONG_PERSON).case

    case = decide(case, staff(Command(verb=Verb.UNDO), message=21), POLICY, LATER).case

    assert here(case.returns[-1].returned, case.form) == {1, 3, 4}
    assert case.form_rounds == 0
    assert case.state == State.FORM_REVIEW


def test_a_refusal_by_staff_counts_as_a_round_and_the_second_becomes_a_call() -> None:
    case = rejected(in_review(), Defect.UNDATED).case
    assert not any(t.name == TaskName.PHONE_PATIENT for t in case.tasks)
    case = decide(case, came(8, sheet(1), sheet(3), sheet(4), brought=(3,)), POLICY, LATER).case

    decision = rejected(case, Defect.UNDATED)

    assert TaskName.PHONE_PATIENT in {t.name for t in decision.case.tasks}


def test_nothing_is_asked_twice_after_the_letter_with_the_defects() -> None:
    event = came(
        7,
        sheet(1),
        sheet(3, "none"),
        brought=(1, 3),
        verdict=Verdict.UNSIGNED,
        defects=(Defect.UNSIGNED, Defect.PAGE_MISSING),
    )
    case = decide(out(), event, POLICY, LATER).case

    assert not [d for d in deadlines(case, POLICY) if d.name.startswith("pages_")]


def test_after_two_days_every_certain_defect_is_named_with_the_missing_pages() -> None:
    event = came(
        7,
        sheet(3),
        brought=(3,),
        defects=(Defect.PAGE_MISSING, Defect.CONSENT_UNSIGNED, Defect.NAME_MISMATCH),
    )
    case = decide(out(), event, POLICY, LATER).case
    wanted = next(d for d in deadlines(case, POLICY) if d.name.startswith("pages_wanted"))

    decision = decide(case, DeadlinePassed(name=wanted.name), POLICY, wanted.at)

    [letter] = [x for x in decision.letters if x.to_role == Role.PATIENT]
    assert letter.words["codes"] == ["PAGE_MISSING", "CONSENT_UNSIGNED"]
    assert letter.words["again"] == [1, 3, 4]


def approved_after(*events) -> Case:
    case = out()
    for event in events:
        case = decide(case, event, POLICY, LATER).case
    files = tuple(f"file:{f.id}" for r in case.returns for f in r.files)
    approve = staff(Command(verb=Verb.APPROVE), shown=(*SHOWN, *files))
    return decide(case, approve, POLICY, LATER).case


FIRST = came(
    7,
    sheet(1),
    sheet(3, "none"),
    sheet(4),
    brought=(1, 3, 4),
    verdict=Verdict.UNSIGNED,
    defects=(Defect.UNSIGNED,),
)


def test_a_mail_whose_pages_all_came_again_is_not_sent_to_a_provider() -> None:
    case = approved_after(FIRST, came(8, sheet(1), sheet(3), sheet(4), brought=(1, 3, 4)))

    assert {f.id for f in case.authorization.files} == {"8.1", "8.2", "8.3"}


def test_mails_that_brought_a_page_that_counts_go_to_a_provider_together() -> None:
    case = approved_after(FIRST, came(8, sheet(1), sheet(3), sheet(4), brought=(3,)))

    assert {f.id for f in case.authorization.files} == {"7.1", "7.2", "7.3", "8.1"}


def test_a_mail_with_a_further_page_is_kept_whatever_became_of_the_rest() -> None:
    loose = Page(code=None, legible=False)
    first = came(7, sheet(1), sheet(3), sheet(4), loose, brought=(1, 3, 4))
    again_all = came(8, sheet(1, fields={"A3": " "}), sheet(3), sheet(4), loose, brought=(1, 3, 4))

    case = approved_after(first, again_all)

    assert len(case.authorization.files) == 6
