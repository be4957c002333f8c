"""The ledger: its lines are chained by the day, and what was done to them by SQL is found."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert, text
from tests.casework.made import NOW, REF, came_back
from tests.store.test_store import happen, keep, opened

from mmx_mailflow.casework.values import CaseId, Outcome
from mmx_mailflow.settings import data_path
from mmx_mailflow.store import journal, ledger, messages, purge, tables
from mmx_mailflow.store.engine import Store, engine_of
from mmx_mailflow.store.vault import Keys, chain_key

pytestmark = pytest.mark.enable_socket
DAY = timedelta(days=1)
FIRST = NOW.date().isoformat()
SECOND = (NOW + DAY).date().isoformat()


def settle(store: Store, *numbers: int, days: int = 0) -> None:
    with store.begin() as connection:
        for number in numbers:
            done = messages.Settled(outcome=Outcome.JUNK, why="a rule that holds")
            messages.settle(connection, store.keys, number, done, NOW + DAY * days)


def close(store: Store, days: int) -> int:
    with store.begin() as connection:
        return ledger.close(connection, store.keys, NOW + DAY * days)


def faults(store: Store) -> list[str]:
    with store.begin() as connection:
        return ledger.faults(connection, store.keys)


def heads(store: Store) -> list[tuple[str, str]]:
    with store.begin() as connection:
        return ledger.heads(connection, 10)


def two_days(store: Store) -> None:
    """Three mails on the first day and two on the second, both closed; one more today."""
    keep(store, 1, 2, 3, 4, 5, 6)
    settle(store, 1, 2, 3)
    settle(store, 4, 5, days=1)
    assert close(store, 2) == 2
    settle(store, 6, days=2)


def do(store: Store, *statements: str) -> None:
    with store.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_ledger_that_nobody_touched_has_no_fault(store: Store) -> None:
    two_days(store)

    assert faults(store) == []
    assert [day for day, _ in heads(store)] == [FIRST, SECOND]


def test_every_outcome_leaves_a_line(store: Store) -> None:
    keep(store, 1)
    with store.begin() as connection:
        for _ in range(3):
            messages.failed(connection, 1, "failed three times: KeyError", NOW)
        messages.replay(connection, 1, NOW)
        before = messages.Fetched(
            uid=2, received_at=NOW, size=1, raw=None, outcome=Outcome.BEFORE_START, why="early"
        )
        messages.keep(connection, store.keys, "records", "INBOX", 7, [before], NOW)
    settle(store, 1)
    with store.begin() as connection:
        lines = connection.execute(
            text("select message, turn, outcome from ledger order by message, turn")
        ).all()

    assert [tuple(line) for line in lines] == [
        (1, 1, "parked"), (1, 2, ""), (1, 3, "junk"), (2, 1, "before_start"),
    ]  # fmt: skip
    assert faults(store) == []


SWAP = (
    "update ledger set id = 901 where message = {0}",
    "update ledger set id = 902 where message = {1}",
    "update ledger set id = {1} where id = 901",
    "update ledger set id = {0} where id = 902",
)
TAMPERING = {
    "a reason edited": ("update ledger set why = 'another' where message = 2",),
    "an outcome edited in both": (
        "update ledger set outcome = 'handled' where message = 2",
        "update messages set outcome = 'handled' where id = 2",
    ),
    "an outcome edited in the mail": ("update messages set outcome = 'handled' where id = 2",),
    "an open line edited": ("update ledger set why = 'another' where message = 6",),
    "a mail's place edited": ("update messages set uid = 77 where id = 2",),
    "a line deleted": ("delete from ledger where message = 2",),
    "an open line deleted": ("delete from ledger where message = 6",),
    "a line and its mail deleted": (
        "delete from ledger where message = 2",
        "delete from messages where id = 2",
    ),
    "lines reordered within a day": tuple(x.format(1, 2) for x in SWAP),
    "a line moved to another day": (f"update ledger set day = '{SECOND}' where message = 3",),
    "the last line of a day cut off, with its mail": (
        "delete from ledger where message = 5",
        "delete from messages where id = 5",
    ),
    "a day deleted, its lines kept": (f"delete from ledger_days where day = '{SECOND}'",),
    "an earlier day deleted with its mails": (
        f"delete from ledger_days where day = '{FIRST}'",
        f"delete from ledger where day = '{FIRST}'",
        "delete from messages where id < 4",
    ),
    "a head edited": ("update ledger_days set head = previous",),
    "a line added": (
        "insert into ledger (id, message, turn, at, outcome, kind, ref, why, hash)"
        " select 99, message, 2, at, outcome, kind, ref, why, hash from ledger where message = 1",
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_a_ledger_shows_that_it_was_tampered_with(store: Store, how: str) -> None:
    two_days(store)
    do(store, *TAMPERING[how])

    assert faults(store)


def test_a_whole_day_cut_off_at_the_end_is_found_by_a_head_that_was_kept(store: Store) -> None:
    two_days(store)
    kept = [(day, head[:16]) for day, head in heads(store)]
    do(
        store,
        f"delete from ledger where day = '{SECOND}' or day is null",
        "delete from messages where id > 3",
        f"delete from ledger_days where day = '{SECOND}'",
    )
    with store.begin() as connection:
        lost = ledger.unknown_heads(connection, kept)

    assert faults(store) == []
    assert lost == [f"the ledger of {SECOND} is not the one of the daily mail"]


def test_a_journal_cut_off_with_its_head_moved_back_is_found_by_a_head_that_was_kept(
    store: Store,
) -> None:
    opened(store)
    happen(store, came_back())
    with store.begin() as connection:
        kept = [(ref, head[:16]) for ref, head in journal.heads(connection)]
        assert journal.unknown_heads(connection, kept) == []
    do(
        store,
        "update cases set journal_length = 1, journal_head ="
        " (select hash from journal where seq = 1)",
        "delete from journal where seq = 2",
    )
    with store.begin() as connection:
        key = chain_key(messages.case_key(connection, store.keys, CaseId(REF)))
        assert journal.chain_faults(connection, CaseId(REF), key) == []
        assert journal.unknown_heads(connection, kept) == [
            f"{REF}: its journal is not the one of the daily mail"
        ]


def test_a_day_is_closed_once_and_days_without_mail_are_closed_too(store: Store) -> None:
    keep(store, 1)
    settle(store, 1)

    assert close(store, 0) == 0
    assert close(store, 3) == 3
    assert close(store, 3) == 0
    assert len(heads(store)) == 3
    assert faults(store) == []


def test_a_line_that_came_late_belongs_to_the_next_day(store: Store) -> None:
    two_days(store)
    keep(store, 7)
    settle(store, 7)
    before = heads(store)
    close(store, 3)

    assert heads(store)[:2] == before
    assert faults(store) == []


def test_two_services_close_a_day_once(store: Store) -> None:
    keep(store, *range(1, 30))
    settle(store, *range(1, 30))
    start = threading.Barrier(4)

    def closer() -> None:
        start.wait(10)
        close(store, 2)

    closers = [threading.Thread(target=closer) for _ in range(4)]
    for thread in closers:
        thread.start()
    for thread in closers:
        thread.join(30)

    assert [day for day, _ in heads(store)] == [FIRST, SECOND]
    assert faults(store) == []


def test_a_purge_of_a_mail_leaves_its_lines(store: Store) -> None:
    two_days(store)
    with store.begin() as connection:
        purge.blank_mails(connection, store.keys, [1, 2])

    assert faults(store) == []


def test_mails_from_before_there_was_a_ledger_get_their_line(url: str, keys: Keys) -> None:
    config = Config()
    config.set_main_option("script_location", str(data_path("migrations")))
    config.set_main_option("sqlalchemy.url", url)
    command.upgrade(config, "0002")
    old = Store(engine_of(url), keys)
    with old.begin() as connection:
        known = {"mailbox": "records", "folder": "INBOX", "uidvalidity": 7, "size": 1, "why": "w"}
        more = {"received_at": NOW, "kept_at": NOW, "sha256": "", "failures": 0}
        for uid, outcome in ((1, "junk"), (2, None), (3, "handled")):
            place = {"uid": uid, "outcome": outcome, "handled_at": NOW if outcome else None}
            connection.execute(insert(tables.messages).values(**known, **more, **place))
    command.upgrade(config, "head")
    close(old, 1)

    assert faults(old) == []
    with old.begin() as connection:
        assert connection.scalar(text("select lines from ledger_days")) == 2
    old.close()
