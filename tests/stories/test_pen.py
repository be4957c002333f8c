"""Held mail is told to staff with numbered guesses, and their answer by number is done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stories.mails import REQUEST_EN, REQUEST_ES, words_of, written
from tests.stories.world import LUZ, RAUL, World, a_world, with_policy

from mmx_mailflow.casework.values import Language

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA, JOSE, SPOUSE = "ana.prueba@gmail.com", "jose.ejemplo@yahoo.com.mx", "spouse@yahoo.com"
ABOUT = "Ana Prueba Demo, born March 25, 1980, is my wife. She was at Hospital Faro del Mar."
OFFER = "We offer SEO services and guest posts to rank your website first on Google. Unsubscribe."


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two cases, and the list of the next morning."""
    with a_world(tmp_path) as made:
        made.writes(ANA, "Records", REQUEST_EN)
        made.writes(JOSE, "Expediente", REQUEST_ES)
        yield made


def held(world: World) -> int:
    """The number of the only mail that waits."""
    [number] = [n for n, outcome in enumerate(world.outcomes(), 1) if outcome == "held"]
    return number


def listed(
    world: World, member: str = LUZ, words: str = "wait for a person", days: int = 1
) -> bytes:
    world.passes(days=days)
    return [x for x in world.new(member) if words in words_of(x)][-1]


def answered(world: World, member: str = LUZ) -> str:
    return words_of(world.new(member)[-1])


def test_staff_choose_a_guess_by_its_number(world: World) -> None:
    world.writes(SPOUSE, "About my wife", ABOUT)
    number, ref = held(world), world.cases()[0].ref
    pen = listed(world)
    line = f"- {number} = 1: {ref} (A. P. D.), it names the patient, it has the birth date"
    assert line in " ".join(words_of(pen).split())
    assert "Ana Prueba Demo" not in words_of(pen).replace(ABOUT, "").replace("> ", "")
    before = len(world.to(ANA))

    world.writes(LUZ, "", f"{number} = 1", answers=pen)

    assert "DONE" in answered(world)
    ana, jose = world.cases()
    assert world.outcomes()[number - 1] == "handled"
    assert [task.name for task in ana.tasks] == ["read_mail"]
    assert jose.tasks == ()
    assert len(world.to(ANA)) == before
    assert ref not in b"".join(world.to(SPOUSE)).decode()


def test_the_list_and_its_answer_are_in_the_language_of_the_office(world: World) -> None:
    with_policy(world, staff_language=Language.ES)
    world.writes(SPOUSE, "Mi esposo", "José Ejemplo Núñez es mi esposo.")
    number, ref = held(world), world.cases()[1].ref
    pen = listed(world, words="esperan a una persona")
    line = f"- {number} = 1: {ref} (J. E. N.), menciona al paciente"
    assert line in " ".join(words_of(pen).split())

    world.writes(LUZ, "", f"{number} = 1", answers=pen)

    assert "HECHO" in answered(world)
    assert [task.name for task in world.cases()[1].tasks] == ["read_mail"]


def test_a_number_counts_only_in_answer_to_the_list_that_showed_it(world: World) -> None:
    world.writes(SPOUSE, "About my wife", ABOUT)
    number = held(world)
    pen = listed(world)
    world.writes(LUZ, "Held mail", f"{number} = 1")
    assert "there is no such choice" in answered(world)
    world.writes(LUZ, "", f"{number} = 3\n{number + 50} = 1", answers=pen)
    assert answered(world).count("there is no such choice") == 2
    world.new(RAUL)
    world.writes(RAUL, "", f"{number} = 1", answers=pen)
    assert "there is no such choice" in answered(world, RAUL)
    world.writes(LUZ, "", f"{number} = 1", answers=pen, dmarc="fail")

    assert world.outcomes()[number - 1] == "held"
    assert all(case.tasks == () for case in world.cases())


def test_each_line_is_answered_and_what_is_not_held_stays_as_it_is(world: World) -> None:
    world.writes(SPOUSE, "About my wife", ABOUT)
    number, refs = held(world), [case.ref for case in world.cases()]
    pen = listed(world)
    unknown = "MMX-0000-000"
    lines = ["1 = junk", "999 = new", f"{number} = {unknown}", f"{number} = MMX-1", "NOTE: hm"]
    world.writes(LUZ, "", "\n".join(lines), answers=pen)

    answer = answered(world)
    assert "DONE" not in answer
    assert answer.count("nothing waits to be released") == 2
    assert "there is no case of this reference" in answer
    assert "NOT UNDERSTOOD" in answer
    assert "a reply to a mail about a case" in answer
    assert world.outcomes()[0] == "handled"
    assert world.outcomes()[number - 1] == "held"
    assert [case.ref for case in world.cases()] == refs


def test_staff_call_a_held_mail_junk_or_a_new_request(world: World) -> None:
    world.writes(SPOUSE, "Factura", "Adjunto la factura 12.")
    first = held(world)
    pen = listed(world)
    world.writes(LUZ, "", f"{first} = junk", answers=pen)
    assert "DONE" in answered(world)
    assert world.outcomes()[first - 1] == "junk"

    world.writes(SPOUSE, "Hello", "Her name is Eva Muestra Ficticia. Can you do it?")
    second = held(world)
    world.writes(LUZ, "", f"{second} = new", answers=pen)
    assert "DONE" in answered(world)
    assert world.outcomes()[second - 1] == "handled"
    assert world.cases()[-1].sender == SPOUSE
    assert any(world.cases()[-1].ref in words_of(x) for x in world.to(SPOUSE))


def test_junk_is_released_by_its_number(world: World) -> None:
    ref = world.cases()[0].ref
    world.writes("sales@offers.example", "Rank first", OFFER)
    world.writes("more@offers.example", "Rank first", OFFER)
    first, second = [n for n, outcome in enumerate(world.outcomes(), 1) if outcome == "junk"]
    listing = listed(world, words="taken for junk")
    assert f"{first}. sales@offers.example" in words_of(listing)

    world.writes(LUZ, "", f"RELEASE {first}\n{second} = {ref}", answers=listing)

    assert answered(world).count("DONE") == 2
    assert world.outcomes()[first - 1] == world.outcomes()[second - 1] == "handled"
    assert world.cases()[-1].sender == "sales@offers.example"
    assert [task.name for task in world.cases()[0].tasks] == ["read_mail"]


def test_junk_of_a_weekend_is_listed_on_monday(world: World) -> None:
    world.passes(days=4, hours=8)  # Friday, after the daily mail
    world.writes("sales@offers.example", "Rank first", OFFER)
    assert "junk" in world.outcomes()

    assert "sales@offers.example" in words_of(listed(world, words="taken for junk", days=3))
    world.passes(days=1)
    assert [x for x in world.new(LUZ) if "taken for junk" in words_of(x)] == []


def test_a_large_number_is_read(world: World) -> None:
    world.arrives(written(LUZ, "Held mail", "RELEASE 123456", world.clock.now()))
    world.turn()

    assert "nothing waits to be released" in answered(world)


def test_an_order_counts_once_and_never_from_a_program(world: World) -> None:
    world.writes(SPOUSE, "About my wife", ABOUT)
    number = held(world)

    world.writes(LUZ, "", f"{number} = junk", headers={"Auto-Submitted": "auto-replied"})
    assert world.outcomes()[number - 1] == "held"

    order = written(LUZ, "", f"{number} = junk", world.clock.now())
    for _ in range(2):
        world.arrives(order)
        world.turn()
    assert world.outcomes()[number - 1] == "junk"
    assert "duplicate" in world.outcomes()
    assert len([x for x in world.to(LUZ) if "DONE" in words_of(x)]) == 1
