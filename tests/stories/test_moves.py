"""A change of address and a revocation, each from the first mail to the end, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.stories.mails import REQUEST_EN, REQUEST_ES, files_in, subject_of, words_of
from tests.stories.world import FARO, LUZ, World, a_world

from mmx_mailflow.casework.case import Result, State, TaskName

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
STRANGER = "stranger@elsewhere.example"


@dataclass(frozen=True)
class Words:
    """A patient, and how people say things in one language."""

    patient: str
    new: str
    request: str
    moves: str
    confirm: str
    declines: str
    revokes: str
    goes_on: str
    asked: str
    check: str
    changed: str
    called_off: str


EN = Words(
    patient="ana.prueba@gmail.com",
    new="ana.prueba@correo-nuevo.example",
    request=REQUEST_EN,
    moves="Please use my new e-mail address from now on: ana.prueba@correo-nuevo.example",
    confirm="I confirm.",
    declines="No, I did not ask for this.",
    revokes="I revoke the authorization, stop at once.",
    goes_on="Please go on.",
    asked="another address from now on",
    check="Until you do, we go on writing to the earlier address",
    changed="the last mail to this address",
    called_off="We were told that this request should stop",
)
ES = Words(
    patient="jose.ejemplo@yahoo.com.mx",
    new="jose.ejemplo@correo-nuevo.example",
    request=REQUEST_ES,
    moves="Mi nuevo correo es jose.ejemplo@correo-nuevo.example, por favor escriban allí.",
    confirm="Confirmo.",
    declines="No, yo no lo pedí.",
    revokes="Revoco la autorización, deténganse de inmediato.",
    goes_on="Por favor continúen.",
    asked="otra dirección en adelante",
    check="seguimos escribiendo a la dirección anterior",
    changed="el último correo a esta dirección",
    called_off="Nos avisaron que esta solicitud debe detenerse",
)
BOTH = pytest.mark.parametrize("said", [EN, ES], ids=["en", "es"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def _last(world: World, address: str, words: str) -> bytes:
    found = [x for x in world.new(address) if words in " ".join(words_of(x).split())]
    assert len(found) == 1
    return found[0]


@BOTH
def test_the_patient_moves_and_nothing_goes_there_before_the_new_address_answers(
    world: World, said: Words
) -> None:
    world.writes(said.patient, "Records", said.request)
    [first] = world.new(said.patient)

    world.writes(said.patient, "", said.moves, answers=first)
    _last(world, said.patient, said.asked)
    check = _last(world, said.new, said.check)
    assert files_in(check) == []
    assert world.case().sender == said.patient
    world.passes(days=4)  # the reminder still goes to the old address
    assert world.new(said.new) == []
    assert world.new(said.patient)

    world.writes(said.new, "", said.confirm, answers=check)
    case = world.case()
    assert (case.sender, case.confirmed, case.move) == (said.new, True, None)
    _last(world, said.patient, said.changed)
    world.passes(days=6)
    assert world.new(said.patient) == []
    [reminder] = world.new(said.new)
    assert subject_of(reminder) == subject_of(first)

    world.writes(said.patient, "", said.moves.replace("nuevo.example", "otro.example"), answers=first)  # fmt: skip
    assert world.outcomes()[-1] in {"held", "own_copy"}
    assert "held" in world.outcomes()
    assert world.case().sender == said.new


def _of_the_case(world: World, address: str) -> list[bytes]:
    """What an address got but for the neutral receipt."""
    return [x for x in world.new(address) if world.case().ref in x.decode()]


@BOTH
def test_who_writes_from_elsewhere_moves_nothing_until_the_old_address_confirms(
    world: World, said: Words
) -> None:
    world.writes(said.patient, "Records", said.request)
    [first] = world.new(said.patient)

    world.writes(said.new, "", said.moves, answers=first)
    question = _last(world, said.patient, said.asked)
    assert said.new in words_of(question)
    assert _of_the_case(world, said.new) == []
    assert "held" in world.outcomes()
    assert [t.name for t in world.case().tasks][-1] == TaskName.CHANGE_ADDRESS

    world.writes(said.new, "", said.confirm, answers=question)  # passed on, or stolen
    assert world.case().sender == said.patient
    assert _of_the_case(world, said.new) == []

    world.writes(said.patient, "", said.confirm, answers=question)
    check = _last(world, said.new, said.check)
    assert world.case().sender == said.patient
    world.writes(said.new, "", said.confirm, answers=check)
    assert world.case().sender == said.new
    _last(world, said.patient, said.changed)


@BOTH
def test_the_old_address_declines_and_the_change_is_off(world: World, said: Words) -> None:
    world.writes(said.patient, "Records", said.request)
    [first] = world.new(said.patient)
    world.writes(STRANGER, "", said.moves, answers=first)
    question = _last(world, said.patient, said.asked)

    world.writes(said.patient, "", said.declines, answers=question)

    assert world.case().move is None
    assert world.case().sender == said.patient
    assert [t.name for t in world.case().tasks][-1] == TaskName.READ_MAIL
    assert _of_the_case(world, said.new) == _of_the_case(world, STRANGER) == []


def test_staff_confirm_a_change_in_the_place_of_the_old_address(world: World) -> None:
    world.writes(EN.patient, "Records", EN.request)
    [first] = world.new(EN.patient)
    world.writes(EN.new, "", EN.moves, answers=first)
    task = next(t for t in world.case().tasks if t.name == TaskName.CHANGE_ADDRESS)
    asked = next(x for x in world.new(LUZ) if f"CONFIRM C{task.n}" in words_of(x))

    world.writes(LUZ, "", f"CONFIRM C{task.n}", answers=asked)

    check = _last(world, EN.new, EN.check)
    assert world.case().sender == EN.patient
    world.writes(EN.new, "", EN.confirm, answers=check)
    assert world.case().sender == EN.new


def _approved(world: World, said: Words) -> bytes:
    """A case whose submission waits for UNDO; the first letter to the patient."""
    world.writes(said.patient, "Records", said.request)
    [first] = world.new(said.patient)
    world.writes(said.patient, "", "Firmado / signed", answers=first, files=world.signed_form(first))  # fmt: skip
    [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
    world.writes(LUZ, "", "APPROVE", answers=review)
    world.new(said.patient)
    return first


@BOTH
def test_a_revocation_of_a_stranger_pauses_at_once_and_ends_when_the_patient_confirms(
    world: World, said: Words
) -> None:
    first = _approved(world, said)

    world.writes(STRANGER, "", said.revokes, answers=first)
    assert "held" in world.outcomes()
    assert world.case().paused_at is not None
    assert world.case().authorization.revoked_at is None
    world.passes(hours=2)
    assert world.to(FARO) == []
    question = _last(world, said.patient, said.called_off)
    assert subject_of(question) == subject_of(first)

    world.writes(STRANGER, "", said.confirm, answers=question)
    assert world.case().authorization.revoked_at is None
    world.writes(said.patient, "", said.goes_on, answers=question)
    assert world.case().paused_at is None
    world.passes(minutes=6)
    [submission] = world.to(FARO)

    world.writes(STRANGER, "", said.revokes, answers=first)
    question = _last(world, said.patient, said.called_off)
    world.writes(said.patient, "", said.confirm, answers=question)
    assert (world.case().state, world.case().result) == (State.CLOSED, Result.REVOKED)
    assert world.case().authorization.revoked_at is not None
    assert [subject_of(x) for x in world.to(FARO)] == [subject_of(submission)] * 2  # the notice

    world.writes(said.patient, "", said.goes_on, answers=question)
    world.passes(days=8)
    assert world.case().result == Result.REVOKED
    assert len(world.to(FARO)) == 2
