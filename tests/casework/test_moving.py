"""A change of address: who is asked, who must answer, and what changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.casework.made import ANA, NOW, POLICY, awaiting_signature, mail

from mmx_mailflow.casework import events as e
from mmx_mailflow.casework.case import Case, Move, TaskName
from mmx_mailflow.casework.choice import confirms, declines, goes_on
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Trust
from mmx_mailflow.intake.facts.moves import new_address

NEW, EVE = "ana@new.example", "eve@stranger.example"


def _case(**changes: object) -> Case:
    return replace(awaiting_signature(), confirmed=True, **changes)


def _wish(sender: str, to: str, trust: Trust = Trust.VERIFIED) -> e.PersonWrote:
    return e.PersonWrote(mail=mail(9, sender=sender, trust=trust, new_address=to))


def _said(words: str, sender: str = ANA, **changes: object) -> e.PersonWrote:
    return e.PersonWrote(mail=mail(10, sender=sender, first_words=words, **changes))


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
        (_case(unreachable=True), _wish(EVE, NEW)),
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
    ],
)
def test_the_new_address_counts_when_its_own_token_comes_back(
    agreed: bool, changes: dict[str, object], moves: bool
) -> None:
    case = _case(move=Move(to=NEW, asked_at=NOW, agreed_at=NOW if agreed else None))
    decision = decide(case, _said("I confirm.", **({"sender": NEW} | changes)), POLICY, NOW)
    assert (decision.case.sender == NEW) == moves
    assert _to(decision) == ([(ANA, LetterName.ADDRESS_CHANGED)] if moves else [])


def test_more_than_a_yes_of_the_new_address_is_read_there() -> None:
    case = _case(move=Move(to=NEW, asked_at=NOW, agreed_at=NOW))
    asks = e.StatusAsked(mail=mail(10, sender=NEW, proven=True))
    letters = _to(decide(case, asks, POLICY, NOW))
    assert letters == [(ANA, LetterName.ADDRESS_CHANGED), (NEW, LetterName.STATUS)]


@pytest.mark.parametrize(
    ("words", "agreed"), [("I confirm.", True), ("Sí.", False), ("Do I confirm?", False)]
)
def test_the_old_address_confirms_in_so_many_words(words: str, agreed: bool) -> None:
    case = _case(move=Move(to=NEW, asked_at=NOW))
    decision = decide(case, _said(words), POLICY, NOW)
    assert (decision.case.move.agreed_at is not None) == agreed
    assert _to(decision) == ([(NEW, LetterName.ADDRESS_CHECK)] if agreed else [])


def test_while_provider_mail_is_paused_a_confirmation_is_of_the_pause() -> None:
    case = _case(move=Move(to=NEW, asked_at=NOW), paused_at=NOW)
    decision = decide(case, _said("I confirm."), POLICY, NOW)
    assert decision.case.closed_at is not None
    assert NEW not in {x.to for x in decision.letters}


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
        ("Thank you", ""),
    ],
)
def test_where_somebody_wants_to_be_written_to(words: str, to: str) -> None:
    assert new_address(words, ANA, "records@office.example") == to
