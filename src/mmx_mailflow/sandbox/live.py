"""Embedded servers that stay open: any mail client on loopback plays the patient."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mmx_mailflow.sandbox.servers import PASSWORD, Servers
from mmx_mailflow.store.vault import create_key_file
from mmx_mailflow.transport.clock import Clock

RECORDS, STAFF = "records@office.example", "luz@office.example"
PATIENT, PROVIDER = "patient@home.example", "archivo@hospital.example"
_CONFIG = """[service]
records_address = "{records}"
data_dir = "var"
answer_since = 2020-01-01T00:00:00Z
agent_name = "Ana Ejemplo"

[security]
trusted_authserv_ids = ["mx.sandbox.example"]

[[mailbox]]
host = "127.0.0.1"
port = {imap}
security = "none"
username = "{records}"
password_file = "password"
poll_seconds = 5

[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"

[staff]
members = ["{staff}"]
notify = ["{staff}"]
text_delay_minutes = 1
"""


@contextmanager
def opened(folder: Path | None, say: Callable[[str], None]) -> Iterator[Path]:
    """The servers with a configuration that points to them; yields its path."""
    home = folder or Path(tempfile.mkdtemp(prefix="mmx-sandbox-"))
    (home / "var").mkdir(parents=True, exist_ok=True)
    accounts = (RECORDS, STAFF, PATIENT, PROVIDER)
    with Servers(accounts, Clock().now) as servers:
        config = home / "config.toml"
        config.write_text(
            _CONFIG.format(
                records=RECORDS, staff=STAFF, imap=servers.imap_port, smtp=servers.smtp_port
            ),
            encoding="utf-8",
        )
        (home / "password").write_text(PASSWORD, encoding="ascii")
        if not (home / "var" / "key").exists():
            create_key_file(home / "var" / "key")
        say(f"IMAP 127.0.0.1:{servers.imap_port}   SMTP 127.0.0.1:{servers.smtp_port}   no TLS")
        say(f"accounts, each with the password {PASSWORD}: {', '.join(accounts)}")
        say(f"write from {PATIENT} to {RECORDS}; staff answer as {STAFF}")
        say(f"configuration: {config}   end with Ctrl-C")
        yield config
