from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update
from tests.casework.made import ANA
from tests.store.rotator import readable
from tests.store.test_store import RAW, keep, opened

from mmx_mailflow.ops.rotate import announce, finish, rotate
from mmx_mailflow.settings import data_path
from mmx_mailflow.store import messages, rotation, vault, wrapping
from mmx_mailflow.store.engine import Store, open_store
from mmx_mailflow.store.keyfile import add_key, drop_keys
from mmx_mailflow.store.tables import messages as rows
from mmx_mailflow.store.tables import meta
from mmx_mailflow.store.vault import (
    KeyFileError,
    Keys,
    KeyWrongError,
    load_keys,
    seal,
    unseal,
)

TODAY = date(2026, 11, 25)

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def key_file(tmp_path: Path, keys: Keys) -> Path:
    return tmp_path / "key"


def names(path: Path) -> list[str]:
    return [name for name, _ in load_keys(path).named]


# --- the key file ---


def test_a_new_key_stands_before_the_others_and_the_file_stays_its_owners(key_file: Path) -> None:
    before = names(key_file)
    new = add_key(key_file)

    assert names(key_file) == [new, *before]
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert list(key_file.parent.glob("key.new")) == []


def test_a_link_to_the_key_file_stays_a_link(key_file: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link"
    link.parent.mkdir()
    link.symlink_to(key_file)
    add_key(link)

    assert link.is_symlink()
    assert len(names(key_file)) == 2


def test_the_last_key_is_never_dropped(key_file: Path) -> None:
    with pytest.raises(KeyFileError, match="without a key"):
        drop_keys(key_file, names(key_file))

    assert len(names(key_file)) == 1


# --- rotation ---


def test_after_a_rotation_everything_opens_with_the_new_key_alone(
    store: Store, url: str, key_file: Path
) -> None:
    keep(store, 1, 2, 3)
    opened(store)
    made, found = store.keys.send_key, store.keys.lookup("code", "1")
    [old] = names(key_file)
    done = rotate(store, key_file, TODAY)
    dropped = finish(store, key_file)

    assert (done.left, dropped) == (0, [old])
    assert names(key_file) == [done.key]
    again = open_store(url, load_keys(key_file), data_path("migrations"))
    assert readable(again)
    assert (again.keys.send_key, again.keys.lookup("code", "1")) == (made, found)
    again.close()


def test_codes_are_made_anew_from_tomorrow_on_and_lapse_after_the_overlap(
    store: Store, url: str, key_file: Path
) -> None:
    first = store.keys.code_key(TODAY)
    running = open_store(url, load_keys(key_file), data_path("migrations"))  # another process
    drawn = []
    for _ in range(2):  # what was drawn first may have leaked, and has made no code yet
        assert rotate(store, key_file, TODAY).new_codes
        with running.begin() as connection:
            wrapping.know_codes(connection, running.keys)
        drawn.append(running.keys.code_key(TODAY + timedelta(days=1)))
    finish(store, key_file)
    again = open_store(url, load_keys(key_file), data_path("migrations"))

    tomorrow = TODAY + timedelta(days=1)
    overlap = timedelta(days=400)
    end = tomorrow + overlap
    second = again.keys.code_key(tomorrow)
    assert again.keys.code_key(TODAY) == first
    assert drawn[1] == second
    assert len({first, *drawn}) == 3
    assert len(again.keys.drawn_codes) == 1
    assert again.keys.code_keys(end - timedelta(days=1), overlap) == (first, second)
    assert again.keys.code_keys(end, overlap) == (second,)
    running.close()
    again.close()


def test_old_keys_stay_until_they_are_dropped_in_words(store: Store, key_file: Path) -> None:
    rotate(store, key_file, TODAY)

    assert len(names(key_file)) == 2


def test_a_key_that_something_needs_is_not_dropped(store: Store, key_file: Path) -> None:
    """A rotation that left a key behind: its mark is gone, the key is still in use."""
    keep(store, 1)
    announce(store, key_file)
    rotation.begin(store, TODAY)
    with store.begin() as connection:
        connection.execute(delete(meta).where(meta.c.name == "rotation"))

    assert finish(store, key_file) == []
    assert readable_mails(store) == [RAW]


def test_nothing_is_dropped_before_a_rotation_has_ended(store: Store, key_file: Path) -> None:
    announce(store, key_file)

    assert finish(store, key_file) == []
    rotation.begin(store, TODAY)
    assert finish(store, key_file) == []
    assert len(names(key_file)) == 2


def readable_mails(store: Store) -> list[bytes]:
    with store.begin() as connection:
        numbers = list(connection.scalars(select(rows.c.id)))
        return [messages.load(connection, store.keys, n).raw for n in numbers]


def test_a_service_that_runs_goes_on_over_a_rotation(
    store: Store, url: str, key_file: Path
) -> None:
    """Another process rotates and drops; this one never reads its file by itself."""
    keep(store, 1)
    opened(store)
    other = open_store(url, load_keys(key_file), data_path("migrations"))
    rotate(other, key_file, TODAY)
    finish(other, key_file)
    keep(store, 2)

    assert readable(store)
    assert readable(other)
    other.close()


def test_mails_that_come_during_a_rotation_are_under_the_new_key(
    store: Store, url: str, key_file: Path
) -> None:
    keep(store, *range(1, 40))
    other = open_store(url, load_keys(key_file), data_path("migrations"))
    failures: list[BaseException] = []

    def arrive() -> None:
        try:
            for uid in range(100, 130):
                keep(other, uid)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    arriving = threading.Thread(target=arrive)
    arriving.start()
    done = rotate(store, key_file, TODAY)
    arriving.join()

    assert failures == []
    assert done.left == 0
    finish(store, key_file)
    assert readable_mails(store) == [RAW] * 69
    other.close()


def test_a_process_with_an_old_key_file_wraps_nothing_and_says_so(
    store: Store, url: str, key_file: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "other-machine"
    shutil.copy(key_file, elsewhere)
    other = open_store(url, load_keys(elsewhere), data_path("migrations"))
    rotate(store, key_file, TODAY)

    with pytest.raises(KeyWrongError, match="copy the newest key file"):
        keep(other, 5)
    shutil.copy(key_file, elsewhere)
    assert keep(other, 5) == 1
    other.close()


def test_an_announced_key_wraps_nothing_until_the_rotation(store: Store, key_file: Path) -> None:
    name = announce(store, key_file)
    keep(store, 1)

    assert announce(store, key_file) == name
    with store.begin() as connection:
        assert rotation.needed(connection, store.keys)[name] == 0
    assert rotate(store, key_file, TODAY).key == name


def test_a_database_from_before_there_were_roots_goes_on(
    url: str, store: Store, key_file: Path
) -> None:
    """Its look-ups were keyed from its key, and its wraps bore no name."""
    [(_, key)] = store.keys.named
    with store.begin() as connection:
        connection.execute(delete(meta).where(meta.c.name.in_(["root", "current-key"])))
        old = seal(_wrap_key(key), os.urandom(32), "meta.value/key-check")
        connection.execute(update(meta).where(meta.c.name == "key-check").values(value=old))
    before = load_keys(key_file).lookup("address", ANA)
    again = open_store(url, load_keys(key_file), data_path("migrations"))

    assert again.keys.lookup("address", ANA) == before
    rotate(again, key_file, TODAY)
    finish(again, key_file)
    later = open_store(url, load_keys(key_file), data_path("migrations"))
    assert later.keys.lookup("address", ANA) == before
    for one in (again, later):
        one.close()


def _wrap_key(key: bytes) -> bytes:
    return vault._derived(key, "wrap")


def test_the_root_of_a_new_database_is_not_its_key(store: Store) -> None:
    assert store.keys.root != store.keys.named[0][1]
    with store.begin() as connection:
        found = wrapping.value(connection, "root")
    with pytest.raises(KeyWrongError):
        unseal(store.keys.named[0][1], found, "meta.value/root")


def test_a_rotation_that_is_killed_anywhere_is_ended_by_the_next(
    tmp_path: Path, url: str, store: Store
) -> None:
    keep(store, *range(1, 6))
    opened(store)
    words = [sys.executable, "-m", "tests.store.rotator", str(tmp_path), url]
    done = subprocess.run(
        words, check=False, cwd=Path(__file__).parents[2], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 15
