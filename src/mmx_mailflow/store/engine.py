"""Opening the database: SQLite or PostgreSQL, made new by itself, refused when it is old."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection as Connection  # noqa: PLC0414  others name the type from here
from sqlalchemy import Engine, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from mmx_mailflow.store.vault import Keys, KeyWrongError, seal, unseal
from mmx_mailflow.store.wrapping import know_keys, must_open

_BUSY_MILLISECONDS = 15_000
_CONNECT_SECONDS = 10
_KEY_TABLES = ("cases", "people", "tokens", "form_files", "removals")


class SchemaOldError(Exception):
    """The database was made by another version of the program."""


class StoreNotNowError(Exception):
    """The database cannot be used now: locked, full or out of reach; try again later."""


class CaseMovedError(Exception):
    """Somebody else changed the case since it was loaded: decide again."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open database with the keys that belong to it."""

    engine: Engine
    keys: Keys

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction; the world's refusals become StoreNotNowError."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except (OperationalError, DBAPIError) as error:
            if isinstance(error, OperationalError) or error.connection_invalidated:
                raise StoreNotNowError("the database cannot be used now") from error
            raise

    def forget(self) -> bool:
        """Take what was deleted out of the files too; False when others kept it from ending.

        SQLite overwrites deleted bytes (secure_delete) and empties its write-ahead log here.
        PostgreSQL writes the small tables that hold keys and look-ups anew (docs/operating.md).
        """
        if self.engine.dialect.name == "sqlite":
            return self._empty_log()
        try:
            with self.engine.connect() as connection:
                free = connection.execution_options(isolation_level="AUTOCOMMIT")
                free.exec_driver_sql("SET lock_timeout = '30s'")
                free.exec_driver_sql(f"VACUUM FULL {', '.join(_KEY_TABLES)}")
                free.exec_driver_sql("VACUUM")
        except OperationalError:
            return False
        return True

    def _empty_log(self) -> bool:
        line = self.engine.raw_connection()
        try:
            busy = line.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            line.close()
        return not busy

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def _config(url: str, migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def engine_of(url: str) -> Engine:
    """The database of a URL, not connected yet."""
    if not url.startswith("sqlite"):
        known = "connect_timeout" in url
        more = {} if known else {"connect_timeout": _CONNECT_SECONDS}
        return create_engine(url, pool_pre_ping=True, connect_args=more)
    engine = create_engine(url, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: object) -> None:  # noqa: ANN401  the driver's own
        connection.isolation_level = None  # BEGIN is ours, see below
        for pragma in (
            f"busy_timeout={_BUSY_MILLISECONDS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writer cannot wait for another one.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def make_room(url: str) -> None:
    """Make the folder of a SQLite file."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///").partition("?")[0]).parent.mkdir(
            parents=True, exist_ok=True
        )


def open_store(url: str, keys: Keys, migrations: Path) -> Store:
    """Open the database, making a new one; refuses an old schema and a wrong key.

    Raises SchemaOldError, KeyWrongError, StoreNotNowError.
    """
    make_room(url)
    engine = engine_of(url)
    store = Store(engine, keys)
    head = ScriptDirectory.from_config(_config(url, migrations)).get_current_head()
    try:
        with engine.connect() as connection:
            tables = inspect(connection).get_table_names()
            current = MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        engine.dispose()
        raise StoreNotNowError("the database cannot be reached") from error
    if not tables:
        upgrade(url, migrations)
    elif current != head:
        engine.dispose()
        raise SchemaOldError("the database has another schema: run `mmx-mailflow db upgrade`")
    try:
        with store.begin() as connection:
            know_keys(connection, keys)
    except KeyWrongError:
        engine.dispose()
        raise
    return store


def upgrade(url: str, migrations: Path) -> None:
    """Bring the schema of the database to this version."""
    command.upgrade(_config(url, migrations), "head")


def upgrade_with(url: str, keys: Keys, migrations: Path) -> None:
    """Bring the schema to this version, once the key file is seen to belong to the database."""
    engine = engine_of(url)
    try:
        with engine.connect() as connection:
            if "meta" in inspect(connection).get_table_names():
                must_open(connection, keys)
    except OperationalError as error:
        raise StoreNotNowError("the database cannot be reached") from error
    finally:
        engine.dispose()
    upgrade(url, migrations)


def sealed_text(key: bytes, text: str, where: str) -> bytes:
    """Text under a key."""
    return seal(key, text.encode(), where)


def unsealed_text(key: bytes, sealed: bytes, where: str) -> str:
    """The text of a seal."""
    return unseal(key, sealed, where).decode()
