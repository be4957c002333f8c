"""A mail server in this process: SMTP that delivers, IMAP that shows it, loopback only."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from argparse import Namespace
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import format_datetime, getaddresses
from typing import Any, Self, TypeVar

from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.result import ProxyResultUnknown
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, DictBackend, Identity, Login
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.user import Passwords, UserMetadata

T = TypeVar("T")
PASSWORD = "sandbox"  # noqa: S105  loopback only, and said on the screen
_LONGEST_WAIT = 20
_STAMPED = ("authentication-results", "return-path")


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail that the server put into a mailbox."""

    sender: str
    recipient: str
    at: datetime
    raw: bytes = field(repr=False)


class Servers:
    """SMTP and IMAP for some accounts; both end with the block."""

    def __init__(
        self,
        accounts: tuple[str, ...],
        clock: Callable[[], datetime],
        *,
        authserv_id: str = "mx.sandbox.example",
        imap_port: int = 0,
        smtp_port: int = 0,
    ) -> None:
        self.accounts = frozenset(a.lower() for a in accounts)
        self.clock, self.authserv_id = clock, authserv_id
        self.imap_port, self.smtp_port = imap_port, smtp_port
        self.delivered: list[Delivered] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._config = Config(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            demo_data=False,
            demo_user="",
            demo_password="",
            host="127.0.0.1",
            port=0,
            tls_enabled=False,
            secure_auth=False,
            reject_dnsbl=False,
            invalid_user_sleep=0,
        )
        self._login = Login(self._config)
        self._servers: list[asyncio.Server] = []
        self._transports: set[asyncio.BaseTransport] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_LONGEST_WAIT)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_LONGEST_WAIT)

    async def _open(self) -> None:
        DictBackend(self._login, self._config)
        hashed = await Passwords(self._config).hash_password(PASSWORD)
        for name in self.accounts:
            user = UserMetadata(self._config, name, password=hashed)
            await Identity(name, self._login, None, frozenset()).set(user)
        imap = await asyncio.start_server(self._on_imap, "127.0.0.1", self.imap_port)
        smtp = await self._loop.create_server(self._on_smtp, "127.0.0.1", self.smtp_port)
        self.imap_port = imap.sockets[0].getsockname()[1]
        self.smtp_port = smtp.sockets[0].getsockname()[1]
        self._servers = [imap, smtp]

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for transport in self._transports:
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        mine = asyncio.current_task()
        rest = [task for task in asyncio.all_tasks() if task is not mine]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await asyncio.sleep(0.05)

    async def _on_imap(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold the connection's task: the library's own way lets it be collected mid-session."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._transports.add(writer.transport)
        info = SocketInfo.get(writer, ProxyResultUnknown(), unique_id=b"")
        try:
            with contextlib.suppress(EOFError, ConnectionError, asyncio.CancelledError):
                await IMAPServer(self._login, self._config)(reader, writer, info)
        finally:
            self._tasks.discard(task)
            self._transports.discard(writer.transport)

    def _on_smtp(self) -> Any:  # noqa: ANN401  its connections are noted, to be closed
        protocol: Any = SMTP(self, hostname=self.authserv_id, loop=self._loop)
        made = protocol.connection_made

        def connection_made(transport: asyncio.BaseTransport) -> None:
            self._transports.add(transport)
            made(transport)

        protocol.connection_made = connection_made
        return protocol

    async def handle_RCPT(  # noqa: N802  the name that aiosmtpd calls
        self,
        server: SMTP,  # noqa: ARG002  its signature
        session: Session,  # noqa: ARG002  its signature
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002  its signature
    ) -> str:
        """Take mail for our accounts, plus addresses too; nobody else lives here."""
        if self.account_of(address) is None:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802  the name that aiosmtpd calls
        self,
        server: SMTP,  # noqa: ARG002  its signature
        session: Session,  # noqa: ARG002  its signature
        envelope: Envelope,
    ) -> str:
        """Deliver to each recipient."""
        raw = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            await self._deliver(envelope.mail_from or "", recipient, raw)
        return f"250 2.0.0 Ok: queued as S{len(self.delivered)}"

    def account_of(self, address: str) -> str | None:
        """The account that takes mail for an address, None for a stranger's."""
        local, _, domain = address.lower().rpartition("@")
        name = f"{local.partition('+')[0]}@{domain}"
        return name if name in self.accounts else None

    def submit(self, sender: str, recipient: str, raw: bytes) -> None:
        """A person sends a mail: the same delivery as by SMTP."""
        if self.account_of(recipient) is None:
            raise ValueError("no such mailbox")
        self._do(self._deliver(sender, recipient, raw))

    async def _deliver(self, sender: str, recipient: str, raw: bytes) -> None:
        account = self.account_of(recipient)
        assert account is not None
        now = self.clock()
        stamped = self._stamped(sender, recipient, raw, now)
        identity = Identity(account, self._login, None, frozenset())
        async with identity.new_session() as session:
            inbox = await session.mailbox_set.get_mailbox("INBOX")
            await inbox.append(AppendMessage(stamped, now, frozenset()), recent=True)
        self.delivered.append(Delivered(sender, recipient.lower(), now, raw))

    def _stamped(self, sender: str, recipient: str, raw: bytes, now: datetime) -> bytes:
        """As a receiving server leaves it: trace headers on top, none of its own name kept.

        RFC 8601 section 5: results that claim to be from this server are taken out.
        """
        head, separator, body = raw.partition(b"\r\n\r\n")
        message = message_from_bytes(head + b"\r\n\r\n", policy=policy.compat32)
        from_domain = _domain(getaddresses([str(message.get("From", ""))]))
        verdict = "pass" if _domain([("", sender)]) == from_domain else "fail"
        lines = [
            f"Return-Path: <{sender}>",
            f"Delivered-To: {recipient}",
            f"Authentication-Results: {self.authserv_id};"
            f" spf=pass smtp.mailfrom={_domain([('', sender)])};"
            f" dmarc={verdict} header.from={from_domain}",
            f"Received: from loopback by {self.authserv_id}; {format_datetime(now)}",
        ]
        kept = [
            line
            for line in _unfolded(head)
            if not (
                line.lower().startswith(tuple(f"{n}:".encode() for n in _STAMPED))
                and (b"return-path" in line.lower()[:12] or self.authserv_id.encode() in line)
            )
        ]
        return "\r\n".join(lines).encode() + b"\r\n" + b"\r\n".join(kept) + separator + body

    def inbox(self, address: str) -> list[bytes]:
        """What was delivered to an address, in order."""
        return [d.raw for d in self.delivered if self.account_of(d.recipient) == address.lower()]


def _domain(addresses: list[tuple[str, str]]) -> str:
    return addresses[0][1].rpartition("@")[2].lower() if addresses else ""


def _unfolded(head: bytes) -> list[bytes]:
    """Header fields with the lines that they go on in."""
    fields: list[bytes] = []
    for line in head.split(b"\r\n"):
        if line[:1] in {b" ", b"\t"} and fields:
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    return fields
