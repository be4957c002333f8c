"""`keys rotate` in processes that kill themselves (SIGKILL), each at a later point.

Usage: rotator.py FOLDER URL; points are the edges of transactions and of the key file's
replacement. After each kill everything must be readable and the next rotation must end it.
Prints at how many points a process was killed.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

from sqlalchemy import select
from tests.casework.made import ANA, REF

from mmx_mailflow.ops.rotate import finish, rotate
from mmx_mailflow.settings import data_path
from mmx_mailflow.store import cases, messages, rotation
from mmx_mailflow.store.engine import Store, open_store
from mmx_mailflow.store.tables import messages as rows
from mmx_mailflow.store.vault import load_keys


class Doomed(Store):
    edges = 0
    point = 0

    @contextmanager
    def begin(self):
        with super().begin() as connection:
            yield connection
            edge()
        edge()


def edge() -> None:
    Doomed.edges += 1
    if Doomed.edges == Doomed.point:
        os.kill(os.getpid(), signal.SIGKILL)


def heard(event: str, words: tuple[object, ...]) -> None:
    if event in {"os.rename", "os.remove"} or (event == "open" and "key.new" in str(words[0])):
        edge()


def readable(store: Store) -> bool:
    """Every mail opens and the case is found by address and by code, as before."""
    with store.begin() as connection:
        numbers = list(connection.scalars(select(rows.c.id)))
        mails = [messages.load(connection, store.keys, n) for n in numbers]
        found = cases.by_sender(connection, store.keys, ANA)
        by_code = cases.by_codes(connection, store.keys, ["CODE1acknowledge"])
        case = cases.load(connection, store.keys, REF)
    return all(b"Canaria Secreta" in m.raw for m in mails) and bool(found and by_code and case)


def open_in(folder: Path, url: str) -> Store:
    return open_store(url, load_keys(folder / "key"), data_path("migrations"))


def die(folder: Path, url: str, point: int) -> None:
    """In a child: rotate until `point`; exit 0 when it was not reached."""
    store = open_in(folder, url)
    sys.addaudithook(heard)
    Doomed.edges, Doomed.point = 0, point
    rotate(Doomed(store.engine, store.keys), folder / "key", date(2026, 11, 25))


def survived(folder: Path, url: str, point: int) -> None:
    """The next process reads everything, ends what was begun, and needs one key only."""
    key_file = folder / "key"
    with closing(open_in(folder, url)) as store:
        assert readable(store), f"killed at point {point}"
        with store.begin() as connection:
            begun = rotation.is_open(connection) or len(store.keys.named) > 1
        if begun:
            rotate(store, key_file, date(2026, 11, 25))
        finish(store, key_file)
    with closing(open_in(folder, url)) as store:
        assert readable(store), f"ended after a kill at point {point}"
        assert len(store.keys.named) == 1, f"ended after a kill at point {point}"


def main(words: list[str]) -> int:
    folder, url = Path(words[0]), words[1]
    point = 0
    while True:
        point += 1
        child = os.fork()
        if not child:
            die(folder, url, point)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        survived(folder, url, point)
        if not os.WIFSIGNALED(status):
            assert status == 0
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
    sys.stdout.write(f"{point - 1}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
