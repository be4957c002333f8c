"""The mail server that takes our letters, phase by phase (RFC 5321)."""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from mmx_mailflow.transport.errors import LoginError, NeverError, NotNowError, UncertainError

_SERVICE_CLOSES = 421
_LATER = 400
_PERMANENT = 500
_NO_CODE = 600
_OK = 250
_TAKEN = range(200, 300)
_GO_ON = 354
_ADDRESS = re.compile(r"[!-~]{1,64}@[!-~]{1,253}")
_DRAWN = re.compile(rb"^Message-ID:\s*<([0-9A-Za-z]{8,64})\.", re.IGNORECASE | re.MULTILINE)
_QUEUE_ID = re.compile(rb"(?:queued as\s+|\bid=)([A-Za-z0-9._-]{3,60})", re.IGNORECASE)
_ENHANCED = re.compile(rb"^([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderAddress:
    """Where the mail server is."""

    host: str
    port: int
    security: str
    username: str = ""
    password: Callable[[], str] = field(default=str, repr=False)
    """Asked at each login: the kept connection may outlive a password or an access token."""
    auth: str = "password"
    """password, or xoauth2: `password` gives an access token then."""
    timeout: float = 60
    messages_per_minute: int = 0
    ca_file: str | None = None


def _xtext(words: str) -> str:
    """As RFC 3461 section 4 writes values: printable, without plus and equals sign."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in words)


def _envelope_id(raw: bytes) -> str:
    """The left half of the letter's Message-ID up to its code: drawn by chance, proves nothing."""
    found = _DRAWN.search(raw.partition(b"\r\n\r\n")[0])
    return found.group(1).decode() if found else ""


def _log_in(client: smtplib.SMTP, where: SenderAddress, word: str) -> None:
    if where.auth == "password":
        client.login(where.username, word)
        return
    said = f"user={where.username}\1auth=Bearer {word}\1\1"
    # The server says why it refuses in a challenge, and waits for an empty answer.
    client.auth("XOAUTH2", lambda challenge=None: said if challenge is None else "")


class Sender:
    """A kept connection to the mail server, opened when it is first needed."""

    def __init__(self, address: SenderAddress) -> None:
        self.address = address
        self._client: smtplib.SMTP | None = None
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye; errors do not matter any more."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                client.quit()
            client.close()

    def check(self) -> None:
        """Connect and log in. Raises NotNowError, LoginError."""
        self._ready()

    def send(
        self,
        raw: bytes,
        *,
        sender: str,
        recipient: str,
        copy_to: str | None,
        on_data: Callable[[], None],
    ) -> str:
        """Hand over a letter; return the server's code and queue id.

        `on_data` is called when the server is ready for the bytes and before the first of
        them. Raises NotNowError, NeverError, and UncertainError after that moment.
        """
        for address in (sender, recipient, copy_to or recipient):
            if not _ADDRESS.fullmatch(address):
                raise NeverError("send a letter: an address cannot stand in an envelope", "5.1.3")
        self._throttle()
        client = self._ready()
        try:
            self._envelope(client, sender, recipient, copy_to, _envelope_id(raw))
            code, words = client.docmd("DATA")
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise NotNowError("send a letter: the connection broke before DATA") from error
        if code != _GO_ON:
            self._refusal(code, words, "DATA")
        try:
            on_data()
        except BaseException:
            # The server waits for a body that must not come: no word may follow on this line.
            self._drop()
            raise
        return self._data(client, raw)

    def _drop(self) -> None:
        """Break the connection without a word."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _envelope(
        self,
        client: smtplib.SMTP,
        sender: str,
        recipient: str,
        copy_to: str | None,
        envelope_id: str,
    ) -> None:
        for step, ask, address in (("MAIL", client.mail, sender), ("RCPT", client.rcpt, recipient)):
            code, words = ask(address, self._notices(client, step, envelope_id, recipient))
            if code not in {_OK, 251}:
                self._refusal(code, words, step)
        if copy_to:
            # A refusal of our own copy is no failure of the letter, and nobody wants to hear of it.
            client.rcpt(copy_to, ["NOTIFY=NEVER"] if client.has_extn("dsn") else [])

    @staticmethod
    def _notices(client: smtplib.SMTP, step: str, envelope_id: str, recipient: str) -> list[str]:
        """What asks for notices of delay and failure where the server offers them (RFC 3461).

        Headers only come back; the envelope's id is chance, the address is known to the server.
        """
        if not client.has_extn("dsn"):
            return []
        if step == "MAIL":
            return ["RET=HDRS", *([f"ENVID={_xtext(envelope_id)}"] if envelope_id else [])]
        return ["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{_xtext(recipient)}"]

    def _data(self, client: smtplib.SMTP, raw: bytes) -> str:
        """The bytes, dots doubled (RFC 5321 section 4.5.2), and the answer."""
        body = re.sub(rb"(?m)^\.", b"..", raw)
        if not body.endswith(b"\r\n"):
            body += b"\r\n"
        try:
            client.send(body + b".\r\n")
            code, words = client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise UncertainError("send a letter: the connection broke after DATA began") from error
        if _LATER <= code < _NO_CODE:
            self._refusal(code, words, "the end of DATA")
        if code not in _TAKEN:
            # Not an answer: the letter may have been taken all the same.
            self._drop()
            raise UncertainError("send a letter: no answer to DATA that can be read")
        found = _QUEUE_ID.search(words)
        return f"{code} {found.group(1).decode()}" if found else str(code)

    def _refusal(self, code: int, words: bytes, step: str) -> None:
        """Raise what a refusal means; the connection is fresh for the next letter.

        What a server has against MAIL is about us and not about the recipient: it may end.
        """
        found = _ENHANCED.match(words)
        said = f"{code} {found.group(1).decode()}" if found else str(code)
        if code == _SERVICE_CLOSES or code < 0:
            self.close()
        elif self._client is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._client.rset()
        if code >= _PERMANENT and step != "MAIL":
            raise NeverError(f"send a letter: refused at {step}", said)
        raise NotNowError(f"send a letter: refused for now at {step}", said)

    def _ready(self) -> smtplib.SMTP:
        """The kept connection when it still answers, else a new one."""
        if self._client is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if self._client.rset()[0] == _OK:
                    return self._client
            self._client.close()
        self._client = self._connected()
        return self._client

    def _connected(self) -> smtplib.SMTP:
        where = self.address
        context = ssl.create_default_context(cafile=where.ca_file)
        word = where.password()
        try:
            client = (
                smtplib.SMTP_SSL(where.host, where.port, timeout=where.timeout, context=context)
                if where.security == "tls"
                else smtplib.SMTP(where.host, where.port, timeout=where.timeout)
            )
        except (OSError, smtplib.SMTPException) as error:
            raise NotNowError("connect to the mail server") from error
        try:
            if where.security == "starttls":
                client.starttls(context=context)
            client.ehlo_or_helo_if_needed()
            if where.username:
                _log_in(client, where, word)
        except smtplib.SMTPAuthenticationError as error:
            client.close()
            raise LoginError("log in to the mail server", str(error.smtp_code)) from error
        except (OSError, smtplib.SMTPException) as error:
            client.close()
            raise NotNowError("greet the mail server") from error
        return client

    def _throttle(self) -> None:
        """Keep the distance that `messages_per_minute` asks for."""
        if self.address.messages_per_minute:
            pause = 60 / self.address.messages_per_minute
            time.sleep(max(0.0, self._last + pause - time.monotonic()))
            self._last = time.monotonic()
