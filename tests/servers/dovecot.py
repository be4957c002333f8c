"""A real Dovecot from a temporary folder on a free port, also when tests run as root."""

from __future__ import annotations

import base64
import contextlib
import grp
import hashlib
import hmac
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from tests.servers.postgres import absent, free_port

from mmx_mailflow.transport.imap import Mailbox, MailboxAddress

CONFIG = """
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{dir}/mail/%u:LAYOUT=fs
first_valid_uid = 1
first_valid_gid = 1
mail_attribute_dict =
auth_mechanisms = plain login xoauth2
{capability}
{more}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={dir}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  chroot =
}}
service imap {{
  process_limit = 64
}}
"""


class Dovecot:
    """A running server; every user has the password `secret`."""

    def __init__(self, folder: Path, port: int, binary: str) -> None:
        self.folder, self.port, self._binary = folder, port, binary
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [self._binary, "-F", "-c", str(self.folder / "conf")]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, cwd=self.folder, **quiet)
        for _ in range(200):
            with contextlib.suppress(OSError):
                with socket.create_connection(("127.0.0.1", self.port), 1) as line:
                    if line.recv(20).startswith(b"* OK"):
                        return
            time.sleep(0.05)
        raise TimeoutError((self.folder / "log").read_text())

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def address(self, user: str = "records", **more: object) -> MailboxAddress:
        values = {
            "name": "records",
            "host": "127.0.0.1",
            "port": self.port,
            "security": "none",
            "username": user,
            "password": "secret",
            "filed_folder": "Mailflow/Filed",
            "review_folder": "Mailflow/Review",
            "sent_folder": "Sent",
            "timeout": 10,
        }
        return MailboxAddress(**(values | more))

    def append(
        self, raw: bytes, at: datetime, user: str = "records", folder: str = "INBOX"
    ) -> None:
        with Mailbox(self.address(user)) as mailbox:
            mailbox.append(folder, raw, at)

    def forget_uids(self, user: str = "records") -> None:
        """Let the server give every mail a new UID under a new UIDVALIDITY."""
        for path in (self.folder / "mail" / user).rglob("dovecot*"):
            path.unlink()


@contextlib.contextmanager
def running(
    *, separator: str = "/", prefix: str = "", capability: str = "", more: str = ""
) -> Iterator[Dovecot]:
    """A server; `more` are lines of its configuration."""
    binary = shutil.which("dovecot") or "/usr/sbin/dovecot"
    if not Path(binary).exists():
        absent("Dovecot")
    folder = Path(tempfile.mkdtemp(prefix="mmxdc"))
    root = os.geteuid() == 0
    who = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    server = Dovecot(folder, free_port(), binary)
    for name in ("mail", "run", "state"):
        (folder / name).mkdir()
        if root:
            os.chown(folder / name, who.pw_uid, who.pw_gid)
    folder.chmod(0o755)
    (folder / "conf").write_text(
        CONFIG.format(
            dir=folder,
            user=who.pw_name,
            group=grp.getgrgid(who.pw_gid).gr_name,
            port=server.port,
            separator=separator,
            prefix=prefix,
            more=more,
            capability=f"imap_capability = {capability}" if capability else "",
        )
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def taking_tokens() -> Iterator[tuple[Dovecot, Callable[..., str]]]:
    """A server that takes access tokens (RFC 7519, HS256), and what makes them."""
    folder = Path(tempfile.mkdtemp(prefix="mmxdc"))
    folder.chmod(0o755)  # the server reads it as another user
    secret, keys = os.urandom(32), folder / "keys" / "default" / "HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_text(base64.b64encode(secret).decode())
    config = folder / "oauth2.conf"
    config.write_text(
        "introspection_mode = local\nusername_attribute = sub\n"
        f"local_validation_key_dict = fs:posix:prefix={folder}/keys/\n"
    )

    def token(user: str, ends: int = 600) -> str:
        said = {"sub": user, "exp": int(time.time()) + ends, "iat": int(time.time()) - 60}
        parts = [_url({"alg": "HS256", "typ": "JWT"}), _url(said)]
        proof = hmac.digest(secret, ".".join(parts).encode(), hashlib.sha256)
        return ".".join([*parts, base64.urlsafe_b64encode(proof).rstrip(b"=").decode()])

    more = f"passdb {{\n driver = oauth2\n mechanisms = xoauth2\n args = {config}\n}}"
    try:
        with running(more=more) as server:
            yield server, token
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _url(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
