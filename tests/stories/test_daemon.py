"""The daemon itself: IDLE wakes it, SIGTERM drains it, missing servers only make it wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
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
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=log, env=os.environ)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


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


@pytest.mark.parametrize("wrong", ['colour = "red"', 'plus_addressing = "maybe"'])
def test_a_wrong_configuration_is_one_line_and_exit_2(tmp_path: Path, wrong: str) -> None:
    config = office(tmp_path, 1, 2)
    config.write_text(config.read_text().replace("[service]", f"[service]\n{wrong}"))
    said = call(config, "once")

    assert said.returncode == 2
    assert len(said.stderr.strip().splitlines()) == 1
