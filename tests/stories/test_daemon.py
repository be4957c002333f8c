"""The daemon itself: IDLE wakes it, SIGTERM drains it, missing servers only make it wait."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.servers.dovecot import running
from tests.servers.postgres import free_port
from tests.servers.smtp_listener import listening
from tests.stories.mails import AUTHSERV, RECORDS, REQUEST_EN, written

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ROOT = Path(__file__).resolve().parents[2]
ANA = "ana.prueba@gmail.com"
CONFIG = """[service]
records_address = "{records}"
data_dir = "var"
answer_since = 2026-01-01T00:00:00Z
[security]
trusted_authserv_ids = ["{authserv}"]
[[mailbox]]
host = "127.0.0.1"
port = {imap}
security = "none"
username = "records"
password_file = "password"
poll_seconds = 50
[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
[staff]
members = ["luz@office.example"]
notify = ["desk@office.example"]
"""


def office(folder: Path, imap: int, smtp: int) -> Path:
    (folder / "password").write_text("secret")
    config = folder / "config.toml"
    config.write_text(CONFIG.format(records=RECORDS, authserv=AUTHSERV, imap=imap, smtp=smtp))
    command = [sys.executable, "-m", "mmx_mailflow", "init", folder]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return config


def call(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mmx_mailflow", "--config", str(config), *words]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def until(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


class Daemon:
    def __init__(self, config: Path) -> None:
        command = [sys.executable, "-m", "mmx_mailflow", "--config", str(config), "run"]
        self.log = config.parent / "log"
        environ = os.environ | {"PYTHONFAULTHANDLER": "1"}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=log, env=environ)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # it says where each thread stands
            self.process.wait(20)
            raise AssertionError(f"it does not end: {self.log.read_text()}") from None


@contextmanager
def silent_at_the_end_of_data() -> Iterator[tuple[int, threading.Event]]:
    """A mail server that takes a letter's bytes and never answers; the event tells that it has."""
    taken, over = threading.Event(), threading.Event()

    def serve(line: socket.socket) -> None:
        with line, line.makefile("rwb") as words, suppress(OSError):
            words.write(b"220 here\r\n")
            words.flush()
            for said in iter(words.readline, b""):
                command = said[:4].upper()
                words.write(b"354 go on\r\n" if command == b"DATA" else b"250 well\r\n")
                words.flush()
                if command == b"DATA":
                    while words.readline() not in {b".\r\n", b""}:
                        pass
                    taken.set()
                    over.wait(300)

    def listen() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=listen, daemon=True).start()
        yield door.getsockname()[1], taken
        over.set()
        door.shutdown(socket.SHUT_RDWR)


def test_idle_wakes_the_daemon_and_sigterm_drains_it(tmp_path: Path) -> None:
    with running() as dovecot, listening() as listener:
        daemon = Daemon(office(tmp_path, dovecot.port, listener.port))
        try:
            assert until(lambda: "running" in daemon.log.read_text(), 20)
            time.sleep(2)
            dovecot.append(
                written(ANA, "Records", REQUEST_EN, datetime.now(UTC)), datetime.now(UTC)
            )
            assert until(lambda: any(ANA in t.recipients for t in listener.taken), 20)
            by_hand = written(RECORDS, "You", "We call.", datetime.now(UTC), to=ANA, dmarc="")
            dovecot.append(by_hand, datetime.now(UTC), folder="Sent")
            thanks = written("ben@gmail.com", "Hello", "Hello there.", datetime.now(UTC))
            dovecot.append(thanks, datetime.now(UTC))
            assert until(lambda: any("ben@gmail.com" in t.recipients for t in listener.taken), 20)
        finally:
            began = time.monotonic()
            code = daemon.stop()
        assert code == 0
        assert time.monotonic() - began < 40  # not the 50 s between two polls
        assert "Ana Prueba" not in daemon.log.read_text()
        assert ANA not in daemon.log.read_text()

        said = call(tmp_path / "config.toml", "verify", "--json")
        assert said.returncode == 0, said.stdout + said.stderr
        assert '"ok": true' in said.stdout
        rows = call(tmp_path / "config.toml", "cases", "--json").stdout
        assert '"state": "awaiting_signature"' in rows
        assert "Ana" not in rows
        mails = json.loads(call(tmp_path / "config.toml", "messages", "--json").stdout)
        assert [m["outcome"] for m in mails if m["folder"] == "Sent"] == ["handled"]


def test_a_server_that_says_nothing_does_not_keep_the_daemon_from_ending(tmp_path: Path) -> None:
    with running() as dovecot, silent_at_the_end_of_data() as (port, taken):
        config = office(tmp_path, dovecot.port, port)
        config.write_text(config.read_text().replace("[smtp]", "[smtp]\ntimeout_seconds = 250"))
        dovecot.append(written(ANA, "Records", REQUEST_EN, datetime.now(UTC)), datetime.now(UTC))
        daemon = Daemon(config)
        assert taken.wait(30)

        assert daemon.stop() == 0

    assert "stopped in the middle" in daemon.log.read_text()
    assert "_data" in daemon.log.read_text()
    assert call(config, "verify").returncode == 0
    letters = json.loads(call(config, "outbox", "list", "--json").stdout)
    assert "sending" in {letter["state"] for letter in letters}


def test_a_hangup_reads_the_settings_again_and_a_slip_in_them_changes_nothing(
    tmp_path: Path,
) -> None:
    with running() as dovecot, listening() as listener:
        config = office(tmp_path, dovecot.port, listener.port)
        good = config.read_text()
        daemon = Daemon(config)
        try:
            assert until(lambda: "running" in daemon.log.read_text(), 20)
            config.write_text(good.replace("members", "memmers"))
            daemon.process.send_signal(signal.SIGHUP)
            assert until(lambda: daemon.log.read_text().count("not reloaded") == 1, 20)
            own = tmp_path / "own" / "en" / "receipt"
            own.mkdir(parents=True)
            (own / "body.txt").write_text("{% if %}")
            config.write_text(good.replace("[service]", "[service]\ntemplates_dir = 'own'"))
            daemon.process.send_signal(signal.SIGHUP)
            assert until(lambda: daemon.log.read_text().count("not reloaded") == 2, 20)
            config.write_text(good.replace("[service]", "[service]\norganisation = 'Otra'"))
            daemon.process.send_signal(signal.SIGHUP)
            assert until(lambda: '"reloaded"' in daemon.log.read_text(), 20)

            asked = written(ANA, "Records", REQUEST_EN, datetime.now(UTC))
            dovecot.append(asked, datetime.now(UTC))
            assert until(lambda: any(ANA in t.recipients for t in listener.taken), 20)
        finally:
            code = daemon.stop()
    assert code == 0
    answer = next(t.raw for t in listener.taken if ANA in t.recipients)
    assert b"From: Otra <" in answer
    assert "office.example" not in daemon.log.read_text()


def test_it_ends_while_it_waits_for_the_database(tmp_path: Path) -> None:
    with running() as dovecot, listening() as listener:
        daemon = Daemon(office(tmp_path, dovecot.port, listener.port))
        assert until(lambda: "running" in daemon.log.read_text(), 20)
        with closing(sqlite3.connect(tmp_path / "var" / "mailflow.db")) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")
            daemon.process.send_signal(signal.SIGHUP)
            time.sleep(1)

            assert daemon.stop() == 0
            assert other.in_transaction


def test_a_log_that_takes_nothing_keeps_nobody_from_leaving() -> None:
    script = "import sys; from mmx_mailflow import daemon; sys.stderr.close(); daemon._leave()"
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=60, check=False)

    assert said.returncode == 0


def test_missing_servers_only_make_the_daemon_wait(tmp_path: Path) -> None:
    config = office(tmp_path, free_port(), free_port())
    assert call(config, "once").returncode == 1
    assert call(config, "check").returncode == 1
    daemon = Daemon(config)
    assert until(lambda: "waits" in daemon.log.read_text(), 20)
    assert daemon.stop() == 0


def test_one_pass_from_the_command_line_answers_and_files(tmp_path: Path) -> None:
    with running() as dovecot, listening() as listener:
        config = office(tmp_path, dovecot.port, listener.port)
        dovecot.append(written(ANA, "Records", REQUEST_EN, datetime.now(UTC)), datetime.now(UTC))
        assert call(config, "once").returncode == 0
        assert call(config, "check").returncode == 0, call(config, "check").stdout

        assert any(ANA in t.recipients for t in listener.taken)
        for command in ("cases", "messages", "timers", "outbox list", "parked list", "held list"):
            said = call(config, *command.split(), "--json")
            assert said.returncode == 0, said.stderr
            assert "ana.prueba" not in said.stdout


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        ("service", 'colour = "red"'),
        ("service", 'plus_addressing = "maybe"'),
        ("smtp", 'username = "u"\npassword_file = "nowhere"'),
    ],
)
def test_a_wrong_configuration_is_one_line_and_exit_2(
    tmp_path: Path, section: str, wrong: str
) -> None:
    config = office(tmp_path, 1, 2)
    config.write_text(config.read_text().replace(f"[{section}]", f"[{section}]\n{wrong}"))
    said = call(config, "once")

    assert said.returncode == 2
    assert len(said.stderr.strip().splitlines()) == 1
