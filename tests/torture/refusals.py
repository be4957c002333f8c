"""The database says no at each transaction of the line: locked by another, or cut off."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import create_engine, event, text
from tests.torture.faults import a_bench, doubled, faults_of, unverified

from mmx_mailflow.store.engine import Store


class Refusing(Store):
    """A store whose transaction number `point` meets a write lock, or loses its connection."""

    count = point = 0
    met = False
    where = ""

    @contextmanager
    def begin(self):
        Refusing.count += 1
        if Refusing.count != Refusing.point:
            with super().begin() as connection:
                yield connection
            return
        Refusing.met = True
        if self.engine.dialect.name == "sqlite":
            with closing(sqlite3.connect(self.where)) as other:
                other.execute("begin immediate")
                with super().begin() as connection:
                    yield connection
        else:
            with super().begin() as connection:
                pid = connection.exec_driver_sql("select pg_backend_pid()").scalar()
                self._cut(pid)
                yield connection

    def _cut(self, pid: int) -> None:
        """What a restart of the server does to a connection."""
        engine = create_engine(self.engine.url)
        with engine.connect() as other:
            other.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
        engine.dispose()


def impatient(connection, _) -> None:
    connection.execute("PRAGMA busy_timeout=50").close()


def refused(folder: Path, *, url: str = "", step: int = 1) -> dict[int, list[str]]:
    """What went wrong at which transaction; the key 0 holds how many there were."""
    wrong: dict[int, list[str]] = {}
    with a_bench(folder, url=url) as bench:
        store = bench.world.office.store
        if not url:
            event.listen(store.engine, "connect", impatient)
        bench.world.office = replace(bench.world.office, store=Refusing(store.engine, store.keys))
        Refusing.where = str(folder / "mail.db")
        point, Refusing.met = 1 - step, True
        while Refusing.met:
            point += step
            [raw] = bench.mails(1)
            Refusing.count, Refusing.point, Refusing.met = 0, point, False
            bench.a_pass(patience=10)
            Refusing.point = 0
            bench.settled()
            wrong[point] = faults_of(bench.world, raw) + unverified(bench.world)
        wrong[point] += doubled(bench.world.listener.taken)
    return {point: why for point, why in wrong.items() if why} | {0: [str(point - step)]}
