"""A change of address: who is asked, who must answer, and what changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.casework.made import ANA, NOW, POLICY, awaiting_signature, mail, staff

from mmx_mailflow.casework import events as e
from mmx_mailflow.casework.case import Case, Move, TaskName
from mmx_mailflow.casework.choice import confirms, declines, goes_on
from mmx_mailflow.casework.commands import Command, Verb
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.steps.moving import LAPSES
from mmx_mailflow.casework.values import Trust
from mmx_mailflow.intake.facts.moves import new_address

NEW, EVE = "ana@new.example", "eve@stranger.example"


def _case(**changes: object) -> Case:
    return replace(awaiting_signature(), confirmed=True, **changes)


def _wish(sender: str, to: str, trust: Trust = Trust.VERIFIED) -> e.PersonWrote:
    return e.PersonWrote(mail=mail(9, sender=sender, trust=trust, new_address=to))


def _said(words: str, sender: str = ANA, **changes: object) -> e.PersonWrote:
    asked = LetterName.ADDRESS_ASKED if sender == ANA else LetterName.ADDRESS_CHECK
    values = {"answers": asked} | changes
    return e.PersonWrote(mail=mail(10, sender=sender, first_words=words, **values))


def _to(decision) -> list[tuple[str, LetterName]]:
    return [(x.to, x.name) for x in decision.letters if x.to_role == "patient"]


def test_the_patient_with_proof_has_agreed_by_asking() -> None:
    decision = decide(_case(), _wish(ANA, NEW), POLICY, NOW)
    assert _to(decision) == [(ANA, LetterName.ADDRESS_ASKED), (NEW, LetterName.ADDRESS_CHECK)]
    assert decision.case.move is not None
    assert decision.case.sender == ANA


@pytest.mark.parametrize(
    ("sender", "trust"), [(EVE, Trust.VERIFIED), (ANA, Trust.UNKNOWN), (NEW, Trust.UNKNOWN)]
)
def test_anybody_else_is_put_to_the_old_address_and_to_staff(sender: str, trust: Trust) -> None:
    decision = decide(_case(), _wish(sender, NEW, trust), POLICY, NOW)
    assert _to(decision) == [(ANA, LetterName.ADDRESS_ASKED)]
    assert TaskName.CHANGE_ADDRESS in {t.name for t in decision.case.tasks}


@pytest.mark.parametrize(
    ("case", "event"),
    [
        (_case(), _wish(ANA, NEW, Trust.FAILED)),
        (_case(), _wish(ANA, ANA)),
        (_case(move=Move(to=NEW, asked_at=NOW, agreed_at=NOW)), _wish(ANA, NEW)),
        (_case(), e.PersonWrote(mail=mail(9, new_address=NEW, may_answer=False))),
        (_case(move=Move(to=NEW, asked_at=NOW)), _wish(EVE, EVE)),
    ],
)
def test_nothing_is_asked_where_it_may_not_or_another_wish_waits(
    case: Case, event: e.PersonWrote
) -> None:
    decision = decide(case, event, POLICY, NOW)
    assert _to(decision) == []
    assert decision.case.move == case.move


@pytest.mark.parametrize(
    ("agreed", "changes", "moves"),
    [
        (True, {"proven": True}, True),
        (True, {"proven": False}, False),
        (True, {"proven": True, "trust": Trust.FAILED}, False),
        (False, {"proven": True}, False),
        (True, {"proven": True, "sender": EVE}, False),
        (True, {"proven": True, "first_words": "Recibido, gracias."}, False),
        (True, {"proven": True, "answers": LetterName.ADDRESS_ASKED}, False),
        (True, {"proven": True, "answers": None}, False),
    ],
)
def test_the_new_address_counts_when_its_own_token_comes_back(
    agreed: bool, changes: dict[str, object], moves: bool
) -> None:
    case = _case(move=Move(to=NEW, asked_at=NOW, agreed_at=NOW if agreed else None))
    said = _said("I confirm.", NEW)
    event = said.model_copy(update={"mail": said.mail.model_copy(update=changes)})
    decision = decide(case, event, POLICY, NOW)
    assert (decision.case.sender == NEW) == moves
    assert _to(decision) == ([(ANA, LetterName.ADDRESS_CHANGED)] if moves else [])


def test_a_wish_lapses_after_two_weeks() -> None:
    case = _case(move=Move(to=NEW, asked_at=NOW, agreed_at=NOW))
    late = NOW + LAPSES + timedelta(minutes=1)
    assert decide(case, _said("I confirm.", NEW, proven=True), POLICY, late).case.sender == ANA


def test_where_the_old_address_is_lost_staff_alone_are_asked() -> None:
    decision = decide(_case(unreachable=True), _wish(EVE, NEW), POLICY, NOW)
    assert _to(decision) == []
    assert TaskName.CHANGE_ADDRESS in {t.name for t in decision.case.tasks}
    assert decision.case.move is not None


def test_a_wish_that_staff_put_away_is_none_any_more() -> None:
    asked = decide(_case(), _wish(EVE, NEW), POLICY, NOW).case
    [task] = [t for t in asked.tasks if t.name == TaskName.CHANGE_ADDRESS]
    note = staff(Command(verb=Verb.NOTE, number=task.n, words="not hers"))
    away = decide(asked, note, POLICY, NOW).case
    assert (away.move is None) == (TaskName.CHANGE_ADDRESS not in {t.name for t in away.tasks})
    gone = replace(asked, tasks=())
    assert decide(gone, note, POLICY, NOW).case.move is None


@pytest.mark.parametrize("answers", [None, LetterName.SEND_FORM, LetterName.REVOCATION_RECEIVED])
def test_a_confirmation_of_something_else_is_none_of_this(answers: LetterName | None) -> None:
    case = _case(move=Move(to=NEW, asked_at=NOW))
    decision = decide(case, _said("I confirm.", answers=answers), POLICY, NOW)
    assert decision.case.move == case.move
    assert NEW not in {x.to for x in decision.letters}


@pytest.mark.parametrize(
    ("words", "agreed"), [("I confirm.", True), ("Sí.", False), ("Do I confirm?", False)]
)
def test_the_old_address_confirms_in_so_many_words(words: str, agreed: bool) -> None:
    case = _case(move=Move(to=NEW, asked_at=NOW))
    decision = decide(case, _said(words), POLICY, NOW)
    assert (decision.case.move.agreed_at is not None) == agreed
    assert _to(decision) == ([(NEW, LetterName.ADDRESS_CHECK)] if agreed else [])


@pytest.mark.parametrize(
    ("answers", "closed", "moves"),
    [
        (LetterName.REVOCATION_RECEIVED, True, False),
        (LetterName.ADDRESS_ASKED, False, True),
        (LetterName.SEND_FORM, False, False),
    ],
)
def test_of_a_pause_and_a_wish_that_one_is_confirmed_which_the_answer_names(
    answers: LetterName, closed: bool, moves: bool
) -> None:
    case = _case(move=Move(to=NEW, asked_at=NOW), paused_at=NOW)
    decision = decide(case, _said("I confirm.", answers=answers), POLICY, NOW)
    assert (decision.case.closed_at is not None) == closed
    assert (NEW in {x.to for x in decision.letters}) == moves


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("I confirm.", (True, False, False)),
        ("Sí, lo confirmo", (True, False, False)),
        ("No, I do not confirm", (False, True, False)),
        ("Please go on.", (False, False, True)),
        ("Por favor continúen", (False, False, True)),
        ("No continúen", (False, True, False)),
        ("Don't go on", (False, False, False)),
        ("yes", (False, False, False)),
        ("Can you confirm it?", (False, False, False)),
        ("Please confirm that you got my request.", (False, False, False)),
        ("I can confirm it was somebody else who wrote to you.", (False, False, False)),
        ("Confirmo que sigo interesada", (False, False, False)),
        ("I confirm that somebody else wrote that.", (False, False, False)),
        ("I confirm.\nBut it was somebody else who wrote.", (False, False, False)),
        ("Confirmed, thank you.\n\nAna\nSent from my phone", (True, False, False)),
        ("Sí, confirmo. Gracias.", (True, False, False)),
        ("", (False, False, False)),
        ("I confirm. " + "x" * 200, (False, False, False)),
    ],
)
def test_a_short_answer_says_one_thing(words: str, said: tuple[bool, bool, bool]) -> None:
    assert (confirms(words), declines(words), goes_on(words)) == said


@pytest.mark.parametrize(
    ("words", "to"),
    [
        ("My new e-mail is ana@new.example", NEW),
        ("Please change my email address to Ana@New.example.", NEW),
        ("Send the records to ana@new.example from now on", NEW),
        ("Mi nuevo correo es ana@new.example", NEW),
        ("Cambié de correo: ana@new.example", NEW),
        ("Escríbanme a ana@new.example en adelante", NEW),
        ("This is my new address", ANA),
        ("My new address is a@new.example or b@new.example", ""),
        ("My doctor is at ana@new.example", ""),
        ("The hospital's email has changed, please write to ana@new.example instead.", ""),
        ("El hospital cambió su correo, el nuevo correo es ana@new.example", ""),
        ("I updated the email of my doctor: ana@new.example", ""),
        ("Please use the fax there from now on. My lawyer is ana@new.example", ""),
        ("Send the hospital records to my new email ana@new.example", NEW),
        ("Thank you", ""),
    ],
)
def test_where_somebody_wants_to_be_written_to(words: str, to: str) -> None:
    assert new_address(words, ANA, "records@office.example") == to
