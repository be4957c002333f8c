"""The same store on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.servers.postgres import cluster

from mmx_mailflow.settings import data_path
from mmx_mailflow.store.engine import Store, open_store
from mmx_mailflow.store.vault import Keys, create_key_file, load_keys


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with cluster() as url:
        yield url


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    create_key_file(tmp_path / "key")
    return load_keys(tmp_path / "key")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.servers])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/mail.db"
    admin_url = request.getfixturevalue("postgres")
    name = f"t{abs(hash(str(tmp_path)))}"
    engine = create_engine(admin_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    engine.dispose()
    return admin_url.replace("/postgres", f"/{name}")


@pytest.fixture
def store(url: str, keys: Keys) -> Iterator[Store]:
    opened = open_store(url, keys, data_path("migrations"))
    yield opened
    opened.close()
