"""The ledger balances against a real mailbox; the same mail again is no second case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.stories.mails import REQUEST_EN, words_of, written
from tests.stories.world import DESK, World, a_world

from mmx_mailflow import flow
from mmx_mailflow.balance import Differences, balance
from mmx_mailflow.transport.imap import Mailbox

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA = "ana.prueba@gmail.com"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def request(world: World) -> bytes:
    return written(ANA, "Records", REQUEST_EN, world.clock.now())


def unfiled(world: World) -> Mailbox:
    """The mailbox of an office that leaves handled mail where it lies."""
    return Mailbox(world.dovecot.address(filed_folder="", review_folder="", sent_folder=""))


def keep(world: World, mailbox: Mailbox) -> None:
    flow.keep_new(world.office, mailbox)
    flow.handle_kept(world.office)


def balanced(world: World, mailbox: Mailbox) -> Differences:
    world.clock.advance(timedelta(hours=1))
    return balance(world.office, mailbox)


def alarms(world: World) -> list[str]:
    world.turn()
    return [words_of(x) for x in world.new(DESK) if "do not agree" in words_of(x)]


def do(world: World, *statements: str) -> None:
    with world.office.store.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_mailbox_that_agrees_raises_no_alarm(world: World) -> None:
    world.arrives(request(world))
    with unfiled(world) as mailbox:
        keep(world, mailbox)
        found = balanced(world, mailbox)

    assert (found.without_row, found.gone) == ((), ())
    assert alarms(world) == []


def test_a_mail_without_a_row_raises_an_alarm_and_comes_in_again(world: World) -> None:
    world.arrives(request(world))
    world.arrives(written("x@b.example", "Hello", "What are your hours?", world.clock.now()))
    with unfiled(world) as mailbox:
        keep(world, mailbox)
        do(world, "delete from ledger where message = 2", "delete from messages where id = 2")
        found = balanced(world, mailbox)
        keep(world, mailbox)

        assert found.without_row == (2,)
        assert len(world.outcomes()) == 2
        assert balanced(world, mailbox).without_row == ()
    [alarm] = alarms(world)
    assert "1 mails without a row (2)" in alarm
    assert "hours?" not in alarm


def test_a_mail_that_vanished_before_it_was_filed_is_noted_and_told_once(world: World) -> None:
    world.arrives(request(world))
    with unfiled(world) as mailbox:
        keep(world, mailbox)
        mailbox.ensure_folders()
        mailbox.move("INBOX", mailbox.uids("INBOX"), "Sent")
        first, again = balanced(world, mailbox), balanced(world, mailbox)

    assert (first.gone, again.gone) == ((1,), ())
    assert len(alarms(world)) == 1


def copied(world: World, source: str, target: str) -> None:
    """What a person does who drags a copy of every mail of a folder into another."""
    with Mailbox(world.dovecot.address()) as mailbox:
        numbers = mailbox.uids(source)
        assert numbers
        mailbox._client.copy(numbers, target)


def test_a_mail_copied_back_from_its_folder_is_a_duplicate(world: World) -> None:
    world.writes(ANA, "Records", REQUEST_EN)
    copied(world, "Mailflow/Filed", "INBOX")
    world.turn()

    assert len(world.cases()) == 1
    assert len(world.to(ANA)) == 1
    assert world.outcomes().count("handled") == 1
    assert "duplicate" in world.outcomes()


def test_a_mail_copied_within_the_inbox_is_a_duplicate(world: World) -> None:
    world.arrives(request(world))
    copied(world, "INBOX", "INBOX")
    world.turn()

    assert len(world.cases()) == 1
    assert len(world.to(ANA)) == 1
    assert "duplicate" in world.outcomes()


def test_a_mail_seen_in_two_mailboxes_is_a_duplicate(world: World) -> None:
    raw = request(world)
    for user in ("records", "archive"):
        world.dovecot.append(raw, world.clock.now(), user=user)
    for user in ("records", "archive"):
        with Mailbox(world.dovecot.address(user, name=user)) as mailbox:
            keep(world, mailbox)

    assert world.outcomes() == ["handled", "duplicate"]
    assert len(world.cases()) == 1


def test_new_uids_balance_after_the_server_counted_anew(world: World) -> None:
    world.arrives(request(world))
    with unfiled(world) as mailbox:
        keep(world, mailbox)
    world.dovecot.stop()
    world.dovecot.forget_uids()
    world.clock.advance(timedelta(hours=1))
    world.dovecot.start()
    with unfiled(world) as mailbox:
        keep(world, mailbox)
        found = balanced(world, mailbox)

    assert (found.without_row, found.gone) == ((), ())
    assert len(world.cases()) == 1
    assert world.outcomes().count("handled") == 1
