"""What an earlier version wrote is read by this one: rows and journals, whatever their shape.

`old_journal.json` is a case as a version before wrote it, without a shape: fields that came later
are not in it, `ended_as` and `providers.mail` have other names now, `badge` and `providers.fax`
are gone, and the language was written in capitals.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.casework.made import REF, SHOWN, came_back, staff
from tests.casework.test_decide import APPROVE
from tests.store.test_store import happen, opened

from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.commands import Command, Verb
from mmx_mailflow.store import cases, journal, messages, shapes, tables
from mmx_mailflow.store.engine import Connection, Store
from mmx_mailflow.store.shapes import Changed, Removed, Renamed
from mmx_mailflow.store.vault import chain_key, seal

pytestmark = pytest.mark.enable_socket
OLD = json.loads((Path(__file__).parent / "old_journal.json").read_text())
SINCE = (
    (Renamed("ended_as", "result"), Removed("badge")),
    (
        Renamed("providers.*.mail", "address"),
        Removed("providers.*.fax"),
        Changed("language", lambda value: str(value).lower()),
    ),
)


def as_it_was_written(store: Store) -> Case:
    """Today's case, and in the database the row and the journal of the earlier version."""
    opened(store)
    happen(store, came_back())
    case = happen(store, staff(APPROVE, shown=SHOWN))
    with store.begin() as connection:
        key = messages.case_key(connection, store.keys, REF)
        sealed = seal(key, json.dumps(OLD["row"]).encode(), f"cases.sealed/{REF}")
        connection.execute(update(tables.cases).values(sealed=sealed))
        head = _lines_before(connection, key)
        connection.execute(update(tables.cases).values(journal_head=head))
    return case


def _lines_before(connection: Connection, key: bytes) -> str:
    """Write the old words into the lines and chain them as that version did."""
    previous = journal.START
    for row, words in zip(journal._rows(connection, REF), OLD["lines"], strict=True):
        sealed = seal(key, json.dumps(words).encode(), f"journal.sealed/{REF}/{row.seq}")
        values = dict(row._mapping) | {"sealed": sealed, "previous": previous}
        digest = journal._hash(chain_key(key), values)
        connection.execute(
            update(tables.journal)
            .where(tables.journal.c.seq == row.seq)
            .values(sealed=sealed, previous=previous, hash=digest)
        )
        previous = digest
    return previous


def faults(store: Store) -> list[str]:
    with store.begin() as connection:
        return journal.faults(connection, store.keys, REF)


def test_an_old_journal_gives_the_case_of_its_old_row(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = as_it_was_written(store)
    monkeypatch.setattr(shapes, "UPGRADES", SINCE)

    with store.begin() as connection:
        loaded = cases.load(connection, store.keys, REF)
        rebuilt = journal.rebuild(connection, store.keys, REF)
        lines = journal.lines(connection, store.keys, REF)

    assert loaded.case == rebuilt
    assert rebuilt.result == case.result
    assert rebuilt.providers == case.providers
    assert rebuilt.language == case.language
    assert (rebuilt.id_waived, rebuilt.undo) == (False, None)
    assert len(lines) == len(OLD["lines"])
    assert faults(store) == []


def test_a_case_goes_on_after_the_shape_changed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_was_written(store)
    monkeypatch.setattr(shapes, "UPGRADES", SINCE)

    happen(store, staff(Command(verb=Verb.NOTE, words="called"), message=30))

    assert faults(store) == []
    with store.begin() as connection:
        stored = cases.load(connection, store.keys, REF).case
        assert stored == journal.rebuild(connection, store.keys, REF)


def test_what_was_written_in_between_is_read_from_its_own_shape_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of shape 1 is not upgraded from 0 once more."""
    opened(store)
    monkeypatch.setattr(shapes, "UPGRADES", ((Changed("letters", lambda n: int(str(n)) + 100),),))
    happen(store, came_back())

    assert faults(store) == []
    with store.begin() as connection:
        assert cases.load(connection, store.keys, REF).case.letters < 200


def test_without_the_upgrade_the_difference_is_found(store: Store) -> None:
    as_it_was_written(store)

    assert faults(store) == [f"{REF}: the case or its journal cannot be read"]


def test_a_path_that_is_not_there_changes_nothing() -> None:
    parts: shapes.Parts = {"tasks": [{"n": 1}], "form": None}
    for path in ("tasks.*.gone", "form.pages", "nowhere.*.x", "other"):
        shapes._apply(parts, Removed(path))

    assert parts == {"tasks": [{"n": 1}], "form": None}


def test_the_old_journal_holds_what_this_version_refuses() -> None:
    words = json.dumps(OLD)

    assert all(name in words for name in ("ended_as", "badge", '"mail"', "fax", '"EN"'))
    assert not any(name in words for name in ("id_waived", '"undo"'))
