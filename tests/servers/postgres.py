"""A throw-away PostgreSQL cluster from the system's own binaries, also when tests run as root."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def demanded() -> bool:
    """Whether a missing server is a failure instead of a skipped test."""
    return os.environ.get("MMX_DEMAND_SERVERS") == "1"


def absent(what: str) -> None:
    """Skip with a plain reason, or fail where no server test may be skipped."""
    if demanded():
        pytest.fail(f"{what} is not installed and MMX_DEMAND_SERVERS is set")
    pytest.skip(f"{what} is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if found:
        return found[0].parent
    there = shutil.which("initdb")
    return Path(there).resolve().parent if there else None


def _as_nobody() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """A running cluster; yields the URL of its maintenance database."""
    where = binaries()
    if where is None:
        absent("PostgreSQL")
    assert where is not None
    folder = Path(tempfile.mkdtemp(prefix="mmxpg"))
    who = _as_nobody()
    if who:
        os.chown(folder, who["user"], who["group"])
    data, port = folder / "data", free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    make = [where / "initdb", "-D", data, "-U", "mmx", "-A", "trust", "-N", "-E", "UTF8"]
    subprocess.run([*make, "--locale=C"], check=True, **quiet, **who)
    options = ["-c", "fsync=off", "-c", "max_connections=60", "-k", folder, "-h", "127.0.0.1"]
    server = subprocess.Popen(
        [where / "postgres", "-D", data, "-p", str(port), *options], **quiet, **who
    )
    try:
        _wait(where, port)
        yield f"postgresql+psycopg://mmx@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(where: Path, port: int) -> None:
    ready = [where / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(200):
        if subprocess.run(ready, check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise TimeoutError("PostgreSQL did not start")
