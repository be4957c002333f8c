"""What the world can answer.

    TransportError
    |-- NotNowError      no connection, 4xx, a server that hangs: try again later
    |   |-- LoginError   the server does not take our name: a person must look
    |   `-- NotGivenError  a mail is listed and does not come
    |-- NeverError       5xx: this letter will not be taken
    `-- UncertainError   the line broke after DATA began: sent or not, nobody knows

No message holds a word that a server sent: it could be a part of a mail.
"""

from __future__ import annotations

from datetime import datetime


class TransportError(Exception):
    """The world refused; the message says what was tried, and a code at the most."""

    def __init__(self, what: str, code: str = "") -> None:
        super().__init__(f"{what} ({code})" if code else what)
        self.code = code


class NotNowError(TransportError):
    """It may work later."""


class LoginError(NotNowError):
    """The server refused name or password."""


class NotGivenError(NotNowError):
    """The server lists the mail `uid` and does not give it; when it came may be known."""

    def __init__(self, what: str, uid: int, received_at: datetime | None) -> None:
        super().__init__(what)
        self.uid = uid
        self.received_at = received_at


class NeverError(TransportError):
    """It will never work for this letter."""


class UncertainError(TransportError):
    """The letter may have been taken."""
