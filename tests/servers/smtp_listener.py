"""A real SMTP listener that keeps what it takes and can be told to refuse, hang up or break."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, AuthResult, Envelope


@dataclass
class Taken:
    sender: str
    recipients: list[str]
    raw: bytes


@dataclass
class Listener:
    """What came, and what it is told to do: `refuse` maps RCPT addresses to answers."""

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    after_data: str = ""
    """Answer to DATA instead of 250; "drop" hangs up, "drop-kept" keeps the mail first."""
    tokens: set[str] = field(default_factory=set)
    """Access tokens that log in (XOAUTH2)."""
    logins: int = 0
    on_mail: Callable[[Taken], None] | None = None

    async def handle_RCPT(self, server, session, envelope: Envelope, address, options):  # noqa: N802, ARG002  the name aiosmtpd calls
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802  as above
        said = base64.b64decode(args[1]).decode()
        if said.rstrip("\1").rpartition("Bearer ")[2] in self.tokens:
            self.logins += 1
            return AuthResult(success=True, auth_data=said)
        await server.challenge_auth("{}")  # the reason, to which the client answers nothing
        return AuthResult(success=False, handled=False)

    async def handle_DATA(self, server: SMTP, session, envelope: Envelope) -> str:  # noqa: N802, ARG002  as above
        mail = Taken(envelope.mail_from or "", list(envelope.rcpt_tos), envelope.original_content)
        how, self.after_data = self.after_data, ""
        if how in {"", "drop-kept"}:
            self.taken.append(mail)
            if self.on_mail is not None:
                await asyncio.get_running_loop().run_in_executor(None, self.on_mail, mail)
        if how.startswith("drop"):
            server.transport.abort()
            return "421 bye"
        return how or f"250 2.0.0 Ok: queued as TEST{len(self.taken)}"


class _Server(threading.Thread):
    """The listener's loop in a thread of its own; every connection ends with it."""

    def __init__(self, listener: Listener, port: int) -> None:
        super().__init__(daemon=True)
        self.listener, self.port = listener, port
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.transports: set[asyncio.BaseTransport] = set()

    def run(self) -> None:
        self.loop.run_until_complete(self._open())
        self.ready.set()
        self.loop.run_forever()
        self.loop.run_until_complete(self._close())
        self.loop.close()

    def _protocol(self) -> SMTP:
        protocol = SMTP(
            self.listener,
            hostname="mx.test",
            loop=self.loop,
            auth_require_tls=not self.listener.tokens,
        )
        made = protocol.connection_made

        def connection_made(transport: asyncio.BaseTransport) -> None:
            self.transports.add(transport)
            made(transport)

        protocol.connection_made = connection_made
        return protocol

    async def _open(self) -> None:
        self.server = await self.loop.create_server(self._protocol, "127.0.0.1", self.port)
        self.listener.port = self.server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self.server.close()
        for transport in self.transports:
            transport.abort()
        await asyncio.sleep(0.05)
        tasks = asyncio.all_tasks(self.loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.loop.shutdown_default_executor()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(10)


@contextlib.contextmanager
def listening(port: int = 0) -> Iterator[Listener]:
    server = _Server(Listener(), port)
    server.start()
    assert server.ready.wait(10)
    try:
        yield server.listener
    finally:
        server.stop()
