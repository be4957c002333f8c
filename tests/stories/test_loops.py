"""Programs that answer our letters, through real servers: each loop ends after a few letters."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.servers.smtp_listener import Taken
from tests.stories.mails import AUTHSERV, RECORDS, REQUEST_EN, words_of, written
from tests.stories.world import DESK, FARO, LUZ, MISION, World, a_world

from mmx_mailflow.casework.case import ProviderState

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA = "ana.prueba@gmail.com"
OTHER = "expedientes@clinica.example"
DAYS = 10
A_DAY, TEN_DAYS = 8, 24
"""Letters to one address: `answers_per_sender_and_day`, and three times that in ten days."""
Robot = Callable[[World, bytes, int], bytes]
"""(world, letter, how many were answered before) -> what the robot writes back."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def answered_by(world: World, address: str, robot: Robot) -> list[bytes]:
    """From now on a robot at this address answers every letter; returns the letters it got."""
    got: list[bytes] = []
    own_copy = world.listener.on_mail

    def on_mail(taken: Taken) -> None:
        own_copy(taken)
        if address in taken.recipients[:1]:
            world.arrives(robot(world, taken.raw, len(got)))
            got.append(taken.raw)

    world.listener.on_mail = on_mail
    return got


def settle(*worlds: World) -> None:
    """Everybody works until no letter goes any more; a loop without end would not come back."""
    for _ in range(60):
        before = sum(len(w.listener.taken) for w in worlds)
        for world in worlds:
            world.turn()
        if sum(len(w.listener.taken) for w in worlds) == before:
            return
    pytest.fail("letters go on and on")


def days_pass(*worlds: World, days: int = DAYS) -> None:
    for _ in range(days):
        for world in worlds:
            world.clock.advance(timedelta(days=1))
        settle(*worlds)


# --- robots at the patient's address ------------------------------------------


def new_words(world: World, letter: bytes, count: int) -> bytes:
    return written(ANA, f"Got it ({count})", f"Hi! Mail no. {count} is here.", world.clock.now())


def quotes_bare(world: World, letter: bytes, count: int) -> bytes:
    """The whole of our letter below its own words, without a mark and without In-Reply-To."""
    return written(ANA, "Your mail", f"Mail {count} came:\n\n{words_of(letter)}", world.clock.now())


def asks_each_time(world: World, letter: bytes, count: int) -> bytes:
    text = f"Any news? What is the status of my request? ({count})"
    return written(ANA, "", text, world.clock.now(), answers=letter)


def says_something_new(world: World, letter: bytes, count: int) -> bytes:
    text = f"Correction: my date of birth is April {count % 28 + 1}, 1980."
    return written(ANA, "", text, world.clock.now(), answers=letter)


ROBOTS: dict[str, Robot] = {
    "new words": new_words,
    "our text, unmarked, no thread": quotes_bare,
    "asks how far it is": asks_each_time,
    "something new each time": says_something_new,
}


@pytest.mark.parametrize("name", ROBOTS)
def test_a_robot_that_answers_every_letter_is_written_to_a_bounded_number_of_times(
    world: World, name: str
) -> None:
    got = answered_by(world, ANA, ROBOTS[name])
    world.writes(ANA, "Records", REQUEST_EN)
    settle(world)
    first_day = len(got)
    days_pass(world)

    print(f"{name}: {first_day} letters on the first day, {len(got)} in {DAYS} days")
    assert first_day <= A_DAY
    assert len(got) <= TEN_DAYS
    assert None not in world.outcomes()
    assert len(world.cases()) == 1


def test_a_robot_that_uses_up_its_letters_is_told_to_the_desk_once_a_day(world: World) -> None:
    got = answered_by(world, ANA, says_something_new)
    world.writes(ANA, "Records", REQUEST_EN)
    settle(world)

    assert len(got) == A_DAY
    assert len([x for x in world.to(DESK) if "limit on answers" in words_of(x)]) == 1
    assert world.case().facts.date_of_birth is not None  # what it said is kept all the same


# --- another office like ours ---------------------------------------------------


def plain(raw: bytes) -> bytes:
    """What a relay makes of a letter that strips every sign of a program and of a thread."""
    gone = rb"(?im)^(?:Auto-Submitted|In-Reply-To|References|Precedence|X-Auto-Response-Suppress):.*\r\n(?:[ \t].*\r\n)*"
    head, end, body = raw.partition(b"\r\n\r\n")
    return re.sub(gone, b"", head + b"\r\n") + end[2:] + body


def stamped(raw: bytes, sender: str) -> bytes:
    domain = sender.rpartition("@")[2]
    return f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from={domain}\r\n".encode() + raw


def wired(ours: World, theirs: World, relay: Callable[[bytes], bytes]) -> list[tuple[str, bytes]]:
    """Let two offices write to each other; returns every letter between them."""
    between: list[tuple[str, bytes]] = []
    homes = {RECORDS: ours, OTHER: theirs}

    def on_mail(taken: Taken) -> None:
        for address in taken.recipients:
            home = homes.get(re.sub(r"\+[^@]*", "", address))
            if home is None:
                continue
            if address == taken.recipients[0]:
                between.append((address, taken.raw))
                home.arrives(stamped(relay(taken.raw), taken.sender))
            else:
                home.arrives(taken.raw)  # its own copy

    ours.listener.on_mail = theirs.listener.on_mail = on_mail
    return between


@pytest.mark.parametrize(
    ("relay", "first", "most"),
    [(bytes, 1, 3), (plain, 2 * A_DAY, 2 * TEN_DAYS)],
    ids=["as they are", "all signs stripped"],
)
def test_two_offices_that_answer_each_other_stop(
    tmp_path: Path,
    relay: Callable[[bytes], bytes],
    first: int,
    most: int,
    request: pytest.FixtureRequest,
) -> None:
    """As they are, the second and third are reminders that we would send to anybody."""
    with ExitStack() as stack:
        folders = [tmp_path / name for name in ("ours", "theirs")]
        for folder in folders:
            folder.mkdir()
        ours, theirs = [stack.enter_context(a_world(folder)) for folder in folders]
        policy = theirs.office.policy.model_copy(update={"records_address": OTHER})
        theirs.office = replace(theirs.office, policy=policy)
        between = wired(ours, theirs, relay)
        ours.arrives(written(OTHER, "Records", REQUEST_EN, ours.clock.now()))
        settle(ours, theirs)
        first_day = len(between)
        days_pass(ours, theirs)

        print(
            f"{request.node.callspec.id}: {first_day} letters at first, {len(between)} in {DAYS} days"
        )
        assert first_day <= first
        assert len(between) <= most
        assert None not in [*ours.outcomes(), *theirs.outcomes()]


# --- our own address, staff, the desk, help desks --------------------------------


@pytest.mark.parametrize(
    "sender", [RECORDS, "records+0123456789ABCDEF@office.example", "Records+x@Office.example"]
)
@pytest.mark.parametrize("dmarc", ["pass", "fail", ""])
def test_a_mail_with_our_own_address_is_never_answered(
    world: World, sender: str, dmarc: str
) -> None:
    world.writes(sender, "Records", REQUEST_EN, dmarc=dmarc)
    settle(world)

    assert [x for x in world.outbox() if x["to_role"] != "staff"] == []
    assert world.cases() == []
    assert world.outcomes()[0] == "held"


def _away(sender: str, dmarc: str, headers: dict[str, str]) -> Robot:
    def robot(world: World, letter: bytes, count: int) -> bytes:
        text = f"Hello, thank you, mail {count} reached me. Luz"
        now = world.clock.now()
        return written(sender, "", text, now, answers=letter, dmarc=dmarc, headers=headers)

    return robot


@pytest.mark.parametrize(
    ("dmarc", "headers", "most"),
    [("pass", {"Auto-Submitted": "auto-replied"}, 0), ("pass", {}, A_DAY), ("", {}, A_DAY)],
    ids=["with a header", "without", "without header and proof"],
)
def test_an_autoresponder_of_staff_is_answered_some_times_a_day_at_most(
    world: World, dmarc: str, headers: dict[str, str], most: int
) -> None:
    text = REQUEST_EN.replace("Date of birth: March 25, 1980\n", "")
    got = answered_by(world, LUZ, _away(LUZ, dmarc, headers))
    world.writes("spouse@yahoo.com", "About my wife", "The hospital was Hospital Faro del Mar.")
    world.writes(ANA, "Records", text)
    world.writes("son@yahoo.com", f"Re: {world.case().ref}", "I write about my mother, call me.")
    world.writes(ANA, "", "Please call me, I have a question.", answers=world.to(ANA)[0])
    settle(world)

    answers = [x for x in got if "NOTE" in words_of(x).upper() or "held" in words_of(x).lower()]
    print(f"{len(got)} letters to the member, {len(answers)} of them answers")
    assert got
    assert len(got) <= most + 3  # the tasks themselves
    days_pass(world, days=2)
    assert None not in world.outcomes()


def test_an_autoresponder_of_the_desk_gets_no_receipt(world: World) -> None:
    world.office = replace(world.office, unknown_answers_per_hour=0)
    got = answered_by(world, DESK, _away(DESK, "pass", {}))
    world.writes("person@forged.example", "Records", REQUEST_EN, dmarc="")
    settle(world)

    assert got
    assert [x for x in world.outbox() if x["to_role"] != "staff"] == []
    assert world.outcomes().count("held") == 1 + len(got)


def test_a_member_whose_mails_ask_for_silence_is_obeyed_and_answered(world: World) -> None:
    world.writes(ANA, "Records", REQUEST_EN)
    world.writes(ANA, "", "Please call me, I have a question.", answers=world.to(ANA)[0])
    [task] = world.new(LUZ)
    outlook = {"X-Auto-Response-Suppress": "DR, RN, NRN, OOF, AutoReply"}
    world.writes(LUZ, "", "NOTE: called, no answer", answers=task, headers=outlook)

    assert len(world.new(LUZ)) == 1
    assert world.outcomes()[-2] == "handled"


TICKETS = {
    "English": "We received your request #{n}. An agent looks into it.",
    "Spanish": "Hemos recibido su solicitud. Se ha generado el folio {n}.",
}


def _help_desk(text: str, *, thread: bool) -> Robot:
    numbers = itertools.count(4711)

    def robot(world: World, letter: bytes, count: int) -> bytes:
        said = text.format(n=next(numbers))
        answers = letter if thread else None
        return written(FARO, "Your request", said, world.clock.now(), answers=answers)

    return robot


@pytest.mark.parametrize("language", TICKETS)
@pytest.mark.parametrize("thread", [True, False], ids=["in the thread", "without thread"])
def test_a_providers_help_desk_is_no_answer_and_no_loop(
    world: World, language: str, thread: bool
) -> None:
    got = answered_by(world, FARO, _help_desk(TICKETS[language], thread=thread))
    world.writes(ANA, "Records", REQUEST_EN)
    first = world.new(ANA)[0]
    world.writes(ANA, "", "Signed.", answers=first, files=world.signed_form(first))
    review = next(x for x in world.new(LUZ) if "APPROVE" in words_of(x))
    world.writes(LUZ, "", "APPROVE", answers=review)
    world.passes(minutes=6)
    settle(world)

    [faro] = world.case().providers
    assert len(got) == 1
    assert faro.state == ProviderState.SENT
    assert faro.acknowledged_at is None
    assert world.to(MISION) == []
