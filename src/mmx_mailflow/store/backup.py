"""A consistent copy of everything but the key, in one SQLite file, whatever the database is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, func, insert, inspect, select, text, update
from sqlalchemy.exc import DatabaseError, OperationalError

from mmx_mailflow.store import wrapping
from mmx_mailflow.store.engine import Store, StoreNotNowError, engine_of, make_room, upgrade
from mmx_mailflow.store.outbox import LOOK_FOR
from mmx_mailflow.store.tables import cases, messages, metadata, outbox
from mmx_mailflow.store.vault import Keys

_BATCH = 50


class RestoreError(Exception):
    """The backup cannot be restored here; the words say why and nothing was changed."""


def backup(store: Store, to: Path, migrations: Path) -> None:
    """Write the copy while the service runs; an existing file is not touched."""
    new = to.with_name(to.name + ".new")
    descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(descriptor)
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        if store.engine.dialect.name == "sqlite":
            _copy_file(store, new)
        else:
            _copy_rows(store.engine, new, migrations)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(to)
    except BaseException:
        to.unlink()
        new.unlink(missing_ok=True)
        raise


def _copy_file(store: Store, new: Path) -> None:
    """SQLite's own online copy: writers go on, the copy is of one moment."""
    line = store.engine.raw_connection()
    try:
        with closing(sqlite3.connect(new)) as copy:
            driver = line.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE").close()
    finally:
        line.close()


def _copy_rows(source: Engine, new: Path, migrations: Path) -> None:
    upgrade(f"sqlite:///{new}", migrations)
    target = engine_of(f"sqlite:///{new}")
    one_moment = source.execution_options(isolation_level="REPEATABLE READ")
    try:
        with one_moment.begin() as here, target.begin() as there:
            copy_tables(here, there)
    finally:
        target.dispose()
    with closing(sqlite3.connect(new)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE").close()


def copy_tables(here: Connection, there: Connection) -> None:
    """Every row of every table, parents before children."""
    for table in metadata.sorted_tables:
        rows = here.execution_options(yield_per=_BATCH).execute(select(table))
        for part in rows.mappings().partitions(_BATCH):
            there.execute(insert(table), [dict(row) for row in part])


def restore(
    url: str, keys: Keys, backup_file: Path, migrations: Path, now: datetime, *, look_up: bool
) -> None:
    """Fill an empty database from a backup and stop its outbox; raises RestoreError.

    Letters that waited may have been sent since: with `look_up` they are looked for among our
    own copies, else they are paused.
    """
    with tempfile.TemporaryDirectory(dir=backup_file.absolute().parent) as folder:
        copy = Path(folder) / "copy"
        shutil.copyfile(backup_file, copy)
        source = _opened(copy, keys, migrations)
        try:
            _fill(source, url, migrations, now, look_up=look_up)
        finally:
            source.dispose()


def _opened(copy: Path, keys: Keys, migrations: Path) -> Engine:
    """The backup in the schema of this version, once the key file is seen to open it."""
    engine = engine_of(f"sqlite:///{copy}")
    try:
        with engine.connect() as connection:
            _ours(connection, keys)
        upgrade(f"sqlite:///{copy}", migrations)
    except DatabaseError as error:
        engine.dispose()
        raise RestoreError("the file is no backup of mmx-mailflow") from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def _ours(connection: Connection, keys: Keys) -> None:
    known = "meta" in inspect(connection).get_table_names()
    if not known or wrapping.must_open(connection, keys) is None:
        raise RestoreError("the file is no backup of mmx-mailflow")


def _fill(source: Engine, url: str, migrations: Path, now: datetime, *, look_up: bool) -> None:
    make_room(url)
    target = engine_of(url)
    try:
        with target.connect() as connection:
            if inspect(connection).get_table_names() and not _empty(connection):
                raise RestoreError("the database is not empty: nothing was changed")
        upgrade(url, migrations)
        with source.begin() as here, target.begin() as there:
            if not _empty(there):
                raise RestoreError("the database is not empty: nothing was changed")
            for table in reversed(metadata.sorted_tables):
                there.execute(delete(table))
            copy_tables(here, there)
            _count_on(there)
            _stop(there, now, look_up=look_up)
    except OperationalError as error:
        raise StoreNotNowError("the database cannot be used now") from error
    finally:
        target.dispose()


def _empty(connection: Connection) -> bool:
    return not any(
        connection.scalar(select(func.count()).select_from(table))
        for table in (cases, messages, outbox)
    )


def _count_on(connection: Connection) -> None:
    """PostgreSQL draws the next number behind those that were written."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        if "id" in table.c:
            name = table.name
            connection.execute(
                text(
                    f"select setval(pg_get_serial_sequence('{name}', 'id'),"  # noqa: S608  our own names
                    f" coalesce(max(id), 0) + 1, false) from {name}"
                )
            )


def _stop(connection: Connection, now: datetime, *, look_up: bool) -> None:
    """Nothing leaves before somebody has looked: see `stopped`."""
    wrapping.put(connection, wrapping.RESTORED, now.isoformat().encode())
    values = {"state": "uncertain", "next_at": now + LOOK_FOR} if look_up else {"state": "paused"}
    connection.execute(
        update(outbox).where(outbox.c.state.in_(["waiting", "sending"])).values(**values)
    )


def stopped(connection: Connection) -> bool:
    """Whether the outbox stands still since a restore."""
    return wrapping.value(connection, wrapping.RESTORED) is not None


def go_on(connection: Connection) -> bool:
    """Let letters leave again; False when nothing stood still."""
    was = stopped(connection)
    wrapping.drop(connection, wrapping.RESTORED)
    return was
