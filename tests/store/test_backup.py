from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from tests.casework.made import NOW, REF
from tests.store.test_purge import full_case
from tests.store.test_store import keep, written

from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.settings import data_path
from mmx_mailflow.store import backup as copying
from mmx_mailflow.store import cases, journal, outbox, tables
from mmx_mailflow.store.engine import Store, open_store
from mmx_mailflow.store.vault import Keys, KeyWrongError, create_key_file, load_keys

pytestmark = pytest.mark.enable_socket
MIGRATIONS = data_path("migrations")


def restored(url: str, keys: Keys, file: Path, *, look_up: bool = True) -> Store:
    copying.restore(url, keys, file, MIGRATIONS, NOW, look_up=look_up)
    return open_store(url, keys, MIGRATIONS)


def readable_rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row, but for what a restore itself writes."""
    found = {}
    with store.begin() as connection:
        for table in tables.metadata.sorted_tables:
            rows = connection.execute(select(table).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(row) for row in rows if row[0] != "restored"]
    return found


@pytest.fixture
def empty(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/empty.db"


@pytest.fixture
def file(store: Store, tmp_path: Path) -> Path:
    full_case(store)
    copying.backup(store, tmp_path / "copy", MIGRATIONS)
    return tmp_path / "copy"


def test_what_was_backed_up_comes_back_row_by_row(
    store: Store, file: Path, keys: Keys, empty: str
) -> None:
    other = restored(empty, keys, file)

    assert readable_rows(other) == readable_rows(store)
    with other.begin() as connection:
        assert journal.faults(connection, keys, REF) == []
        assert cases.load(connection, keys, REF) is not None
    other.close()


def test_a_backup_can_be_restored_into_either_database(
    url: str, keys: Keys, tmp_path: Path
) -> None:
    """From a SQLite file into the database under test, which goes on counting."""
    source = open_store(f"sqlite:///{tmp_path}/source.db", keys, MIGRATIONS)
    full_case(source)
    copying.backup(source, tmp_path / "copy", MIGRATIONS)
    other = restored(url, keys, tmp_path / "copy")

    assert readable_rows(other) == readable_rows(source)
    assert keep(other, 77) == 1
    for one in (source, other):
        one.close()


def test_a_backup_is_for_its_owner_and_overwrites_nothing(store: Store, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.glob("copy.new*")) == []
    with pytest.raises(FileExistsError):
        copying.backup(store, file, MIGRATIONS)


def test_a_backup_holds_neither_key_nor_plain_words(file: Path, keys: Keys) -> None:
    raw = file.read_bytes()

    assert keys.named[0][1] not in raw
    assert keys.root not in raw
    assert not any(word in raw for word in (b"Canaria", b"ana.prueba", b"gmail"))


def test_a_backup_while_mail_arrives_is_of_one_moment(
    store: Store, keys: Keys, tmp_path: Path, empty: str
) -> None:
    full_case(store)
    failures: list[BaseException] = []

    def arrive() -> None:
        try:
            for uid in range(100, 130):
                keep(store, uid)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    arriving = threading.Thread(target=arrive)
    arriving.start()
    copying.backup(store, tmp_path / "copy", MIGRATIONS)
    arriving.join()
    other = restored(empty, keys, tmp_path / "copy")

    assert failures == []
    with other.begin() as connection:
        uids = connection.scalars(select(tables.messages.c.uid).order_by(tables.messages.c.id))
        last = connection.scalar(select(func.max(tables.folders.c.last_uid)))
        assert max(uids.all()) == last
    other.close()


# --- what is refused ---


def test_a_database_that_is_not_empty_is_refused_and_not_changed(
    store: Store, url: str, file: Path, keys: Keys
) -> None:
    before = readable_rows(store)
    with pytest.raises(copying.RestoreError, match="not empty"):
        restored(url, keys, file)

    assert readable_rows(store) == before


def test_a_key_file_that_does_not_open_the_backup_is_refused(
    file: Path, tmp_path: Path, empty: str
) -> None:
    create_key_file(tmp_path / "other")
    with pytest.raises(KeyWrongError):
        restored(empty, load_keys(tmp_path / "other"), file)

    assert not (tmp_path / "empty.db").exists()


@pytest.mark.parametrize("content", [b"", b"words\n" * 900])
def test_a_file_that_is_no_backup_is_refused_in_words(
    content: bytes, keys: Keys, tmp_path: Path, empty: str
) -> None:
    (tmp_path / "copy").write_bytes(content)

    with pytest.raises(copying.RestoreError, match="no backup"):
        restored(empty, keys, tmp_path / "copy")


# --- nothing is sent twice ---


@pytest.mark.parametrize(("look_up", "state"), [(True, "uncertain"), (False, "paused")])
def test_letters_that_waited_are_looked_for_or_paused(
    store: Store, keys: Keys, tmp_path: Path, empty: str, look_up: bool, state: str
) -> None:
    full_case(store)
    with store.begin() as connection:
        connection.execute(update(tables.outbox).values(state="waiting"))
        first = select(func.min(tables.outbox.c.id)).scalar_subquery()
        connection.execute(
            update(tables.outbox).where(tables.outbox.c.id == first).values(state="sending")
        )
    copying.backup(store, tmp_path / "copy", MIGRATIONS)
    other = restored(empty, keys, tmp_path / "copy", look_up=look_up)

    with other.begin() as connection:
        assert {row["state"] for row in outbox.listing(connection)} == {state}
    other.close()


def test_after_a_restore_no_letter_leaves_until_somebody_has_looked(
    file: Path, keys: Keys, empty: str
) -> None:
    other = restored(empty, keys, file)
    with other.begin() as connection:
        outbox.queue(connection, keys, None, [written(LetterName.DIGEST)], NOW)
        assert outbox.due(connection, NOW, 9) == []
        assert copying.go_on(connection)
        assert len(outbox.due(connection, NOW, 9)) == 1
        assert not copying.go_on(connection)
    other.close()
