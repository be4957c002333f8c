"""A proxy between us and a mail server that breaks the dialogue once, at a chosen point.

A point is a moment of the dialogue, a fault is what happens there; each armed fault fires once
and then the proxy lets everything pass.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

GARBAGE = b"\x00\xff\x16\x03{99999999999}\xfe * % garbage ( \r\n"
HALF = 25
"""Bytes of a literal or of a body that pass before the cut."""
LATE = 2.0
"""Seconds that a delayed answer comes late; more than the client waits."""
_ABORT = struct.pack("ii", 1, 0)
SPOKEN = {"4xx": b"451 4.3.0 not now", "5xx": b"554 5.3.0 never", "421": b"421 4.3.2 closing"}
IMAP_COMMANDS = {
    b"LOGIN": "login", b"SELECT": "select", b"IDLE": "idle", b"LOGOUT": "quit",
    b"UID SEARCH": "search", b"UID MOVE": "move", b"UID COPY": "copy", b"UID STORE": "mark",
    b"UID EXPUNGE": "expunge",
}  # fmt: skip
SMTP_COMMANDS = {
    b"EHLO": "hello", b"MAIL": "MAIL", b"RCPT": "RCPT", b"DATA": "DATA", b"RSET": "reset",
    b"QUIT": "quit",
}  # fmt: skip


class Proxy(threading.Thread):
    """Listens on a port of its own and passes everything on, until a fault is armed."""

    def __init__(self, upstream: int) -> None:
        super().__init__(daemon=True)
        self.upstream = upstream
        self.point = self.fault = ""
        self.fired = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()

    def arm(self, point: str, fault: str) -> None:
        self.point, self.fault, self.fired = point, fault, False

    def takes(self, *points: str) -> bool:
        """Whether the armed fault fires here; it fires once."""
        with self._lock:
            if self.fired or self.point not in points or not self.fault:
                return False
            self.fired = True
            return True

    def run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.takes("connect"):
                self._line(client, client).strike(b"")
                while client.recv(65536):
                    pass
                client.close()
                return
            with socket.create_connection(("127.0.0.1", self.upstream)) as server:
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._line(client, server).run()

    def _line(self, client: socket.socket, server: socket.socket) -> Line:
        return Line(self, client, server)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Line:
    """One connection: two pumps, and the fault that waits for the server's next words."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.client, self.server = proxy, client, server
        self.pending = False
        self.greeted = self.dead = self.mute = False
        self.answered = threading.Event()
        self.answered.set()

    def run(self) -> None:
        back = threading.Thread(target=self._answers, daemon=True)
        back.start()
        with contextlib.suppress(OSError):
            while not self.dead and (data := self.client.recv(65536)):
                self._asked(data)
        # A server that has the whole letter ends its work on it, whoever is gone.
        self.answered.wait(10)
        self.end()
        back.join(5)

    def end(self) -> None:
        self.dead = True
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _asked(self, data: bytes) -> None:
        """What the client says: a fault before the words arrive, or one that waits for the answer."""
        point = self.point_of(data)
        if point and self.proxy.takes(point):
            if self.proxy.fault in {"drop", *SPOKEN}:
                self.strike(b"", data)
                return
            self.pending = True
        self.server.sendall(data)

    def _answers(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.server.recv(65536):
                first, self.greeted = not self.greeted, True
                self.answered.set()
                at = data.find(b"BODY[] {")
                if self.pending or (first and self.proxy.takes("greeting")):
                    self.pending = False
                    self.strike(data)
                elif at >= 0 and self.proxy.takes("literal"):
                    cut = data.index(b"\r\n", at) + HALF
                    self.client.sendall(data[:cut])
                    self.strike(data[cut:])
                elif not self.mute:
                    self.client.sendall(data)
        if not self.mute:
            self.end()

    def point_of(self, data: bytes) -> str:
        _, _, words = data.partition(b" ")
        words = words.upper()
        if words.startswith(b"UID FETCH"):
            return "fetch header" if b"RFC822.SIZE" in words else "fetch"
        return next((p for c, p in IMAP_COMMANDS.items() if words.startswith(c)), "")

    def refusal(self, asked: bytes) -> bytes:
        """How an IMAP server says not now, never, goodbye."""
        tag = asked.partition(b" ")[0] or b"*"
        said = {"4xx": b" NO [INUSE] not now", "5xx": b" BAD what", "421": b" BYE closing"}
        return (b"*" if self.proxy.fault == "421" else tag) + said[self.proxy.fault]

    def strike(self, answer: bytes, asked: bytes = b"") -> None:
        """Let the fault happen to these words of the server."""
        fault, client = self.proxy.fault, self.client
        if fault in SPOKEN:
            client.sendall(self.refusal(asked) + b"\r\n")
            if fault == "421":
                self.end()
        elif fault == "delay":
            time.sleep(LATE)
            client.sendall(answer)
        elif fault == "half-close":
            self.mute = True
            client.shutdown(socket.SHUT_WR)
        elif fault == "garbage":
            client.sendall(GARBAGE + answer)
        elif fault == "cut":
            client.sendall(answer[: len(answer) // 2])
            self.end()
        elif fault == "tls":
            client.sendall(b"\x15\x03\x01\x00\x02\x02\x28")  # alert: the handshake failed
            self.end()
        elif answer:  # lost; another thread still reads here, so the line just ends
            self.end()
        else:  # drop
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            client.close()
            self.end()


class SmtpProxy(Proxy):
    """The same for SMTP, where a letter's bytes are a state of their own."""

    def _line(self, client: socket.socket, server: socket.socket) -> Line:
        return SmtpLine(self, client, server)


class SmtpLine(Line):
    """Knows when the client speaks and when it sends a letter."""

    in_data = False
    tail = b""
    copies = 0

    def refusal(self, asked: bytes) -> bytes:  # noqa: ARG002  SMTP has no tags
        return SPOKEN[self.proxy.fault]

    def point_of(self, data: bytes) -> str:
        word = data[:4].upper()
        if word == b"MAIL":
            self.copies = 0
        if word == b"RCPT":
            self.copies += 1
            return "RCPT" if self.copies == 1 else "RCPT of the copy"
        if word == b"DATA":
            self.in_data, self.tail = True, b""
        return SMTP_COMMANDS.get(word, "")

    def _asked(self, data: bytes) -> None:
        if not self.in_data:
            super()._asked(data)
            self.in_data = self.in_data and not self.dead
            return
        if self.proxy.takes("body"):
            self.server.sendall(data[:HALF])
            self.strike(b"", data)
            if self.proxy.fault in SPOKEN:
                self.end()
            if not self.dead:
                self._goes_on(data[HALF:])
            return
        self._goes_on(data)

    def _goes_on(self, data: bytes) -> None:
        """The letter's bytes; with its last dot the answer is what a fault can hit."""
        self.tail = (self.tail + data)[-5:]
        if self.tail == b"\r\n.\r\n":
            self.in_data = False
            self.pending = self.proxy.takes("answer", "after the answer")
            if self.pending and self.proxy.point == "answer" and self.proxy.fault in SPOKEN:
                # A server that refuses a letter has not taken it.
                self.strike(b"", data)
                self.end()
                return
            self.answered.clear()
        # Else the server takes the letter, and nobody may hear of it.
        self.server.sendall(data)

    def strike(self, answer: bytes, asked: bytes = b"") -> None:
        if self.proxy.point == "after the answer":
            self.client.sendall(answer)
            answer = b""
        super().strike(answer, asked)


@contextlib.contextmanager
def between(imap: int, smtp: int) -> Iterator[tuple[Proxy, SmtpProxy]]:
    """Two running proxies in front of an IMAP and an SMTP port."""
    pair = Proxy(imap), SmtpProxy(smtp)
    for proxy in pair:
        proxy.start()
    try:
        yield pair
    finally:
        for proxy in pair:
            proxy.close()
