"""The mailbox: what lies in it, what is new, and where handled mail goes (RFC 3501, 6851, 4315)."""

from __future__ import annotations

import contextlib
import imaplib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from imapclient.exceptions import LoginError as RefusedLogin

from mmx_mailflow.transport.errors import LoginError, NotGivenError, NotNowError

_SHORTEST_ID = 6
"""The server looks for a part of the header: a shorter word would name other mails."""
_WINDOW = 5_000
"""UIDs a SEARCH or FETCH asks for at once: an answer line stays far below imaplib's 1 MB."""
_IDLE_SECONDS = 240
"""IDLE is asked again before five minutes: some servers stop without a word after that."""
_GONE = (
    OSError,
    imaplib.IMAP4.error,
    IMAPClientError,
    MemoryError,  # a literal of 99 GB was announced
    EOFError,
    # A server's garbage makes the library stumble over its own parsing.
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxAddress:
    """Where the mailbox is and how it is used."""

    name: str
    host: str
    port: int
    security: str
    username: str = ""
    password: str = field(default="", repr=False)
    auth: str = "password"
    """password, or xoauth2: `password` is then an access token."""
    folder: str = "INBOX"
    filed_folder: str = ""
    review_folder: str = ""
    sent_folder: str = ""
    idle: bool = True
    timeout: float = 60
    deadline: float = 600
    """Seconds that one operation may take over all, however slowly its bytes come."""
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder as the server describes it."""

    uidvalidity: int
    uidnext: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A mail in a folder; `raw` is None when only its place and time were asked for."""

    uid: int
    received_at: datetime
    size: int
    raw: bytes | None = field(repr=False)
    whole: bool


class Mailbox:
    """One connection; after any error it is closed and a new one is to be opened."""

    def __init__(self, address: MailboxAddress) -> None:
        self.address = address
        self._client: Any = None
        self._prefix = ""
        self._separator = "/"
        self._selected = ""

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Connect, log in, learn the server's folders. Raises NotNowError, LoginError."""
        try:
            with _watchdog(self.address.deadline, self._shut):
                self._client = self._connected()
                self._log_in()
                self._client.normalise_times = False
                self._learn_names()
        except NotNowError:
            self.close()
            raise
        except _GONE as error:
            self.close()
            raise NotNowError(f"connect to mailbox {self.address.name}") from error

    def _connected(self) -> Any:  # noqa: ANN401  imapclient has no types
        where = self.address
        context = ssl.create_default_context(cafile=where.ca_file)
        client = IMAPClient(
            where.host,
            port=where.port,
            ssl=where.security == "tls",
            ssl_context=context if where.security == "tls" else None,
            timeout=where.timeout,
        )
        # Small commands would otherwise wait for the acknowledgement of the one before.
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if where.security == "starttls":
            client.starttls(context)
        return client

    def _log_in(self) -> None:
        if not self.address.username:
            return
        ways = {"password": self._client.login, "xoauth2": self._client.oauth2_login}
        try:
            ways[self.address.auth](self.address.username, self.address.password)
        except RefusedLogin as error:
            raise LoginError(f"log in to mailbox {self.address.name}") from error

    def _learn_names(self) -> None:
        if self._client.has_capability("NAMESPACE"):
            personal = self._client.namespace().personal
            if personal:
                self._prefix, self._separator = personal[0][0], personal[0][1] or "/"
                return
        for _, separator, _ in self._client.list_folders("", "INBOX"):
            self._separator = separator.decode() if separator else "/"

    def close(self) -> None:
        """Leave; errors do not matter any more."""
        client, self._client, self._selected = self._client, None, ""
        if client is not None:
            with contextlib.suppress(*_GONE):
                client.logout()
            with contextlib.suppress(*_GONE):
                client.shutdown()

    def _shut(self) -> None:
        """Break the connection from outside: a blocked read ends with an error."""
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError, AttributeError):
                client.socket().shutdown(socket.SHUT_RDWR)

    def _do(self, what: str, command: str, *words: object) -> Any:  # noqa: ANN401  untyped
        """Run one command within the deadline; any error ends this connection."""
        if self._client is None:
            raise NotNowError(f"{what} in mailbox {self.address.name}: not connected")
        try:
            with _watchdog(self.address.deadline, self._shut):
                return getattr(self._client, command)(*words)
        except _GONE as error:
            self.close()
            raise NotNowError(f"{what} in mailbox {self.address.name}") from error

    def capabilities(self) -> frozenset[str]:
        """What the server can do, in upper case."""
        found = self._do("ask capabilities", "capabilities")
        return frozenset(c.decode("ascii", "replace").upper() for c in found)

    def server_name(self, folder: str) -> str:
        """The name that the server has for a folder: its separator, its prefix."""
        if folder.upper() == "INBOX":
            return "INBOX"
        name = folder.replace("/", self._separator)
        return name if name.startswith(self._prefix) else self._prefix + name

    def ensure_folders(self) -> None:
        """Create the folders that handled mail goes to where they are absent."""
        for folder in (self.address.filed_folder, self.address.review_folder):
            if folder:
                name = self.server_name(folder)
                if not self._do("look for a folder", "folder_exists", name):
                    self._do("create a folder", "create_folder", name)

    def exists(self, folder: str) -> bool:
        """Whether the server has this folder."""
        name = self.server_name(folder)
        return bool(self._do("look for a folder", "folder_exists", name))

    def select(self, folder: str) -> Folder:
        """Open a folder and say what the server says of it."""
        name = self.server_name(folder)
        found = self._do("open a folder", "select_folder", name)
        self._selected = folder
        return Folder(
            uidvalidity=int(found[b"UIDVALIDITY"]),
            uidnext=int(found.get(b"UIDNEXT", 0)),
            count=int(found.get(b"EXISTS", 0)),
        )

    def uids(self, folder: str, after: int = 0) -> list[int]:
        """The UIDs above `after`, in order, asked for in windows."""
        state = self.select(folder)
        found: list[int] = []
        start, end = after + 1, max(state.uidnext - 1, after + 1)
        while start <= end:
            stop = min(start + _WINDOW - 1, end)
            words = ["UID", f"{start}:{stop}" if stop < end else f"{start}:*"]
            found += self._do("search", "search", words)
            start = stop + 1
        # `n:*` names the last mail even when its UID is below n (RFC 3501 section 6.4.8).
        return sorted({uid for uid in found if uid > after})

    def fetch(
        self, uids: Sequence[int], *, since: datetime, batch_bytes: int, max_bytes: int
    ) -> Iterator[list[Arrived]]:
        """Mails of the open folder in the order of UIDs, in batches bounded in bytes.

        Flags stay untouched. Mail received before `since` comes without its bytes; of one above
        `max_bytes` come headers and text parts only, with `whole` false; one that vanished is
        left out. Raises NotGivenError at a mail that is there and does not come, after what came
        before it.
        """
        for window in _parted(sorted(uids), 200):
            batch: list[Arrived] = []
            heads = self._heads(window)
            for uid in window:
                try:
                    arrived = self._one(uid, heads.get(uid), since, max_bytes)
                except NotGivenError:
                    if batch:
                        yield batch
                    raise
                if arrived is None:
                    continue
                batch.append(arrived)
                if sum(len(mail.raw or b"") for mail in batch) >= batch_bytes:
                    yield batch
                    batch = []
            if batch:
                yield batch

    def _one(
        self, uid: int, head: Arrived | None, since: datetime, max_bytes: int
    ) -> Arrived | None:
        """One mail; None when it vanished in between. Raises NotGivenError, the line is closed."""
        received_at = head.received_at if head is not None else None
        try:
            if head is not None and head.received_at < since:
                return head
            arrived = self._fetched(head, max_bytes) if head is not None else None
            if arrived is not None or uid not in self._do("search", "search", ["UID", str(uid)]):
                return arrived
        except NotNowError as error:
            raise NotGivenError(str(error), uid, received_at) from error
        self.close()
        what = f"fetch a mail in mailbox {self.address.name}: it was left out"
        raise NotGivenError(what, uid, received_at)

    def _heads(self, uids: Sequence[int]) -> dict[int, Arrived]:
        """Place, time and size of mails, by UID; of some the server may say nothing."""
        asked = ["RFC822.SIZE", "INTERNALDATE"]
        found = self._do("fetch sizes", "fetch", list(uids), asked)
        return {
            uid: Arrived(
                uid=uid,
                received_at=item[b"INTERNALDATE"],
                size=int(item[b"RFC822.SIZE"]),
                raw=None,
                whole=False,
            )
            for uid, item in found.items()
            if b"INTERNALDATE" in item and b"RFC822.SIZE" in item
        }

    def _fetched(self, head: Arrived, max_bytes: int) -> Arrived | None:
        whole = head.size <= max_bytes
        raw = self._body(head.uid) if whole else self._trimmed(head.uid, max_bytes)
        if raw is None:
            return None
        return Arrived(
            uid=head.uid, received_at=head.received_at, size=head.size, raw=raw, whole=whole
        )

    def _body(self, uid: int) -> bytes | None:
        found = self._do("fetch", "fetch", [uid], ["BODY.PEEK[]"])
        raw = found.get(uid, {}).get(b"BODY[]")
        return bytes(raw) if raw is not None else None

    def _trimmed(self, uid: int, max_bytes: int) -> bytes | None:
        """The headers and the beginning of the first part: enough to answer and to decide."""
        room = min(max_bytes, 65_536)
        asked = ["BODY.PEEK[HEADER]", f"BODY.PEEK[TEXT]<0.{room}>"]
        found = self._do("fetch a part", "fetch", [uid], asked).get(uid, {})
        header = found.get(b"BODY[HEADER]")
        text = next((v for k, v in found.items() if k.startswith(b"BODY[TEXT]")), b"")
        return bytes(header) + bytes(text or b"") if header is not None else None

    def headers(self, folder: str, uids: Sequence[int]) -> dict[int, bytes]:
        """The headers of mails in a folder that is read but not watched."""
        self.select(folder)
        found: dict[int, bytes] = {}
        for window in _parted(list(uids), 200):
            asked = ["BODY.PEEK[HEADER]"]
            items = self._do("fetch headers", "fetch", window, asked)
            found |= {
                u: bytes(i[b"BODY[HEADER]"]) for u, i in items.items() if b"BODY[HEADER]" in i
            }
        return found

    def find(self, folder: str, message_id: str) -> bool:
        """Whether a mail with this Message-ID lies in the folder."""
        if not self.exists(folder):
            return False
        self.select(folder)
        words = ["HEADER", "Message-ID", message_id]
        return bool(self._do("look for a letter", "search", words))

    def move(self, folder: str, uids: Sequence[int], to: str) -> None:
        """Move mails: MOVE, or COPY and then only what was copied is expunged (UIDPLUS)."""
        if not uids:
            return
        self.select(folder)
        name, numbers = self.server_name(to), list(uids)
        if self._client.has_capability("MOVE"):
            self._do("move", "move", numbers, name)
            return
        self._do("copy", "copy", numbers, name)
        self._do("mark", "add_flags", numbers, [b"\\Deleted"])
        if self._client.has_capability("UIDPLUS"):
            # Without UIDPLUS an EXPUNGE would take other clients' marked mail with it.
            self._do("expunge", "uid_expunge", numbers)

    def remove(self, folder: str, message_id: str) -> int:
        """Delete for good what bears this Message-ID; return how many there were."""
        if len(message_id) < _SHORTEST_ID or not self.exists(folder):
            return 0
        self.select(folder)
        found = self._do("search", "search", ["HEADER", "Message-ID", message_id])
        if found:
            self._do("mark", "add_flags", found, [b"\\Deleted"])
            if self._client.has_capability("UIDPLUS"):
                self._do("expunge", "uid_expunge", found)
        return len(found)

    def append(self, folder: str, raw: bytes, received_at: datetime) -> None:
        """Put a mail into a folder, with its time of receipt."""
        name = self.server_name(folder)
        self._do("append", "append", name, raw, (), received_at)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait for news until `seconds` have passed or `stop` is set; True when there is news."""
        until = time.monotonic() + seconds
        if not (self.address.idle and self._client.has_capability("IDLE")):
            stop.wait(seconds)
            return False
        self.select(self.address.folder)
        news = False
        while not news and not stop.is_set() and time.monotonic() < until:
            news = self._idled(min(until, time.monotonic() + _IDLE_SECONDS), stop)
        return news

    def _idled(self, until: float, stop: threading.Event) -> bool:
        """One IDLE; it ends with the first word of the server, which may be no news.

        The words are read after DONE with a blocking read: `idle_check` reads without waiting
        and drops the connection when a line comes in two packets.
        """
        self._do("idle", "idle")
        sock = self._client.socket()
        while not stop.is_set() and time.monotonic() < until:
            if select.select([sock], [], [], 0.5)[0]:
                break
        _, found = self._do("end idle", "idle_done")
        return any(b"EXISTS" in item or b"RECENT" in item for item in found)


def _parted(numbers: list[int], size: int) -> Iterator[list[int]]:
    for place in range(0, len(numbers), size):
        yield numbers[place : place + size]


@contextlib.contextmanager
def _watchdog(seconds: float, shut: Callable[[], None]) -> Iterator[None]:
    """Break the connection when an operation takes too long over all.

    A timeout counts from byte to byte; a server that sends one byte a second never meets it.
    """
    timer = threading.Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
