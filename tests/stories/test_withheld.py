"""A mail that the server lists and does not give holds up no other, and is not forgotten."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.stories.mails import REQUEST_EN, words_of, written
from tests.stories.world import DESK, LUZ, START, World, a_world

from mmx_mailflow import flow
from mmx_mailflow.balance import differences
from mmx_mailflow.store import messages
from mmx_mailflow.transport.errors import NotGivenError
from mmx_mailflow.transport.imap import Mailbox

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA, BETO = "ana.prueba@gmail.com", "beto.ejemplo@gmail.com"


class Grudging(Mailbox):
    """A mailbox whose server drops the line over the mail with UID 1, or gives it without a word.

    Everything else is the real server.
    """

    silent = False

    def _body(self, uid: int) -> bytes | None:
        if uid == 1 and self.silent:
            return None
        if uid == 1:
            self._shut()
        return super()._body(uid)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def two_mails(world: World) -> None:
    for number, who in enumerate((ANA, BETO)):
        text = REQUEST_EN.replace("Ana Prueba Demo", "Beto Ejemplo Demo") if number else REQUEST_EN
        world.arrives(written(who, "Records", text, world.clock.now()))


def refused(world: World, *, silent: bool = False) -> None:
    """A pass of a watcher that meets the mail that is not given, and its next connection."""
    for _ in range(2):
        with Grudging(world.dovecot.address(filed_folder="", review_folder="")) as mailbox:
            mailbox.silent = silent
            with contextlib.suppress(NotGivenError):
                flow.keep_new(world.office, mailbox)
    flow.handle_kept(world.office)
    world.clock.advance(timedelta(minutes=20))


@pytest.mark.parametrize("silent", [False, True])
def test_the_mails_after_it_are_handled_and_it_comes_in_later(world: World, silent: bool) -> None:
    two_mails(world)
    refused(world, silent=silent)

    assert world.outcomes() == [None, "handled"]
    with Mailbox(world.dovecot.address()) as mailbox:
        assert differences(world.office, mailbox).without_row == ()
    world.turn()
    assert world.outcomes()[:2] == ["handled", "handled"]
    assert {case.sender: case.received_at for case in world.cases()} == {ANA: START, BETO: START}
    assert len(world.to(ANA)) == len(world.to(BETO)) == 1


def test_the_third_failure_parks_it_and_a_replay_asks_again(world: World) -> None:
    two_mails(world)
    for _ in range(3):
        refused(world)
    world.turn()

    assert world.outcomes()[:2] == ["parked", "handled"]
    told = [words_of(raw) for raw in world.new(DESK) if "does not give it" in words_of(raw)]
    assert len(told) == 1
    with world.office.store.begin() as connection:
        assert messages.replay(connection, 1, world.clock.now())
    world.turn()
    assert world.outcomes()[:2] == ["handled", "handled"]
    assert len(world.to(ANA)) == 1


def test_one_that_left_the_server_is_parked_with_its_reason(world: World) -> None:
    two_mails(world)
    refused(world)
    with Mailbox(world.dovecot.address()) as mailbox:
        mailbox.ensure_folders()
        mailbox.move("INBOX", [1], "Sent")
    world.turn()

    with world.office.store.begin() as connection:
        [parked, *_] = messages.listing(connection, world.office.keys)
    assert (parked["outcome"], parked["why"]) == (
        "parked",
        "it left the server before it was given",
    )


def test_one_that_got_a_new_number_comes_in_under_it(world: World) -> None:
    two_mails(world)
    refused(world)
    world.dovecot.stop()
    world.dovecot.forget_uids()
    world.dovecot.start()
    world.turn()

    assert world.outcomes().count("parked") == 1
    assert {case.sender for case in world.cases()} == {ANA, BETO}
    assert len(world.to(ANA)) == 1


def test_an_empty_mail_is_handled_and_not_asked_for_again(world: World) -> None:
    world.arrives(b"\r\n")
    world.turn()

    assert world.outcomes()[0] == "held"


def test_staff_cannot_settle_what_nobody_has_read(world: World) -> None:
    two_mails(world)
    refused(world)
    world.dovecot.append(
        written(LUZ, "Held", "1 = junk\n1 = new", world.clock.now()), world.clock.now()
    )
    with Grudging(world.dovecot.address(filed_folder="", review_folder="")) as mailbox:
        mailbox.silent = True
        with contextlib.suppress(NotGivenError):
            flow.keep_new(world.office, mailbox)
    flow.handle_kept(world.office)

    assert world.outcomes()[:3] == [None, "handled", "handled"]
    world.clock.advance(timedelta(minutes=20))
    world.turn()
    assert world.outcomes()[0] == "handled"


def test_the_same_mail_again_is_handled_once_whichever_came_first(world: World) -> None:
    raw = written(ANA, "Records", REQUEST_EN, world.clock.now())
    for _ in range(2):
        world.arrives(raw)
    refused(world)
    assert world.outcomes() == [None, "handled"]

    world.turn()
    assert world.outcomes()[:2] == ["duplicate", "handled"]
    assert len(world.to(ANA)) == 1
