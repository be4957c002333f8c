"""One mail comes in while one fault happens; then all is well and time passes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from tests.servers.dovecot import running
from tests.servers.smtp_listener import Taken, listening
from tests.stories.mails import RECORDS, written
from tests.stories.world import START, World, office_in
from tests.torture.proxy import LATE, Proxy, SmtpProxy, between

from mmx_mailflow import flow
from mmx_mailflow.intake.read import read
from mmx_mailflow.ops.verify import verified
from mmx_mailflow.store import messages, outbox
from mmx_mailflow.store.engine import StoreNotNowError
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.errors import TransportError
from mmx_mailflow.transport.imap import Mailbox
from mmx_mailflow.transport.smtp import Sender, SenderAddress

FAULTS = ("drop", "lost", "delay", "half-close", "garbage", "cut", "4xx", "5xx", "421")
BYTES = ("drop", "delay", "half-close", "garbage", "cut")
NO_MOVE = "IMAP4rev1 UIDPLUS IDLE NAMESPACE"
IMAP_POINTS = {
    "connect": ("drop", "delay", "half-close", "garbage", "421", "tls"),
    "greeting": FAULTS, "login": FAULTS, "select": FAULTS, "idle": FAULTS, "search": FAULTS,
    "fetch header": FAULTS, "fetch": FAULTS, "literal": BYTES, "move": FAULTS, "quit": FAULTS,
}  # fmt: skip
OLD_IMAP_POINTS = {"copy": FAULTS, "mark": FAULTS, "expunge": FAULTS}
"""Of a server without MOVE."""
SMTP_POINTS = {
    "connect": ("drop", "delay", "half-close", "garbage", "4xx", "5xx", "421", "tls"),
    "greeting": FAULTS, "hello": FAULTS, "MAIL": FAULTS, "RCPT": FAULTS,
    "RCPT of the copy": FAULTS, "DATA": FAULTS, "body": FAULTS, "answer": FAULTS,
    "after the answer": FAULTS, "reset": FAULTS, "quit": FAULTS,
}  # fmt: skip
NAMES = ("imap", "imap without MOVE", "smtp")
REFUSES = {"RCPT", "DATA", "body", "answer"}
"""Where a 5xx is about the letter and its recipient, and final."""


@dataclass(frozen=True)
class Pair:
    """A point of the dialogue and what happens there."""

    server: str
    point: str
    fault: str


def pairs() -> list[Pair]:
    tables = zip(NAMES, (IMAP_POINTS, OLD_IMAP_POINTS, SMTP_POINTS), strict=True)
    return [Pair(n, p, f) for n, table in tables for p, faults in table.items() for f in faults]


def incomplete(number: int) -> str:
    """A request that is answered by one question, every time for another person."""
    name = "".join("abcdefghij"[int(digit)] for digit in str(number)).capitalize()
    return (
        f"Hello,\n\nplease send me my medical records.\n\nFull name: Ana Prueba {name}\n"
        "Provider: Hospital Faro del Mar\nRecords: lab results\n\nThank you,\nAna\n"
    )


@dataclass
class Bench:
    """A world whose two servers are reached through proxies."""

    world: World
    imap: Proxy
    smtp: SmtpProxy
    count: int = 0

    def arm(self, pair: Pair) -> Proxy:
        proxy = self.smtp if pair.server == "smtp" else self.imap
        proxy.arm(pair.point, pair.fault)
        return proxy

    def a_pass(self, *, patience: float, tls: str = "", idle: bool = False) -> None:
        """What the daemon does in a beat: errors of the world only make it wait."""
        box = self.world.dovecot.address(port=self.imap.port, timeout=patience)
        line = SenderAddress(
            host="127.0.0.1", port=self.smtp.port, security="none", timeout=patience
        )
        box = replace(box, security="tls" if tls == "imap" else "none")
        line = replace(line, security="tls" if tls == "smtp" else "none")
        with contextlib.suppress(TransportError, StoreNotNowError):
            with Mailbox(box) as mailbox, Sender(line) as sender:
                mailbox.ensure_folders()
                flow.one_pass(self.world.office, [mailbox], sender)
                if idle:
                    mailbox.wait(0.6, threading.Event())

    def settled(self) -> None:
        """Time passes with nothing in the way, until all doubts are looked up."""
        for minutes in (2, 12, 16, 16, 3):
            self.world.clock.advance(timedelta(minutes=minutes))
            self.a_pass(patience=20)

    def mails(self, many: int) -> list[bytes]:
        """So many new people write."""
        made = []
        for _ in range(many):
            self.count += 1
            who = f"person{self.count}@gmail.com"
            text = incomplete(self.count)
            made.append(written(who, "Medical records", text, self.world.clock.now()))
            self.world.arrives(made[-1])
        return made

    def tried(self, pair: Pair) -> list[str]:
        """What went wrong around one fault; nothing is as it should be."""
        raws = self.mails(2 if pair.point == "reset" else 1)
        proxy = self.arm(pair)
        tls = pair.server if pair.fault == "tls" else ""
        patience, idle = 1.2 if pair.fault == "delay" else 10, pair.point == "idle"
        self.a_pass(patience=patience, tls=tls, idle=idle)
        fired, proxy.fault = proxy.fired, ""
        if pair.fault == "delay":
            time.sleep(LATE)  # what is on its way arrives before the clock is moved on
        self.settled()
        refused = pair.server == "smtp" and pair.fault == "5xx" and pair.point in REFUSES
        wrong = [] if fired else ["the fault was never met"]
        for raw in raws:
            wrong += faults_of(self.world, raw, refused=refused)
        return wrong + unverified(self.world)


def faults_of(world: World, raw: bytes, *, refused: bool = False) -> list[str]:
    """Whether one mail was entered, handled, made one case, and was answered once."""
    mail = read(raw)
    [sender] = mail.from_addresses
    with world.office.store.begin() as connection:
        rows = messages.listing(connection, world.office.keys)
    mine = [r["outcome"] for r in rows if r["message_id"] == mail.message_id]
    cases = [case for case in world.cases() if case.sender == sender]
    sent = len(world.to(sender))
    checks = {
        f"outcomes {mine}": mine == ["handled"],
        f"{len(cases)} cases": len(cases) == 1,
        f"{sent} letters": sent == 1 or (refused and sent == 0),
        "nobody was told that it was refused": sent > 0 or bool(cases and cases[0].tasks),
    }
    return [f"{sender}: {what}" for what, holds in checks.items() if not holds]


def doubled(taken: Iterable[Taken]) -> list[str]:
    """Letters that one recipient got more than once."""
    keys = Counter((read(t.raw).message_id, t.recipients[0]) for t in taken)
    return [
        f"{number} times the same letter to {to}" for (_, to), number in keys.items() if number > 1
    ]


def unverified(world: World) -> list[str]:
    """What `verify` finds, and letters that are neither sent nor refused."""
    found = [c["detail"] for c in verified(world.office)["checks"] if not c["ok"]]
    with world.office.store.begin() as connection:
        stuck = outbox.listing(connection, "sending", "uncertain")
    return found + [f"letter {row['letter']} is {row['state']}" for row in stuck]


@contextlib.contextmanager
def a_bench(folder: Path, *, capability: str = "", url: str = "") -> Iterator[Bench]:
    with running(capability=capability) as dovecot, listening() as listener:
        clock = Clock(START)
        office = office_in(folder, clock, url=url)
        world = World(dovecot, listener, office, clock)

        def own_copy(taken: Taken) -> None:
            if RECORDS in taken.recipients:
                dovecot.append(taken.raw, clock.now())

        listener.on_mail = own_copy
        with between(dovecot.port, listener.port) as (imap, smtp):
            try:
                yield Bench(world, imap, smtp)
            finally:
                office.close()


def all_tried(folder: Path, some: Iterable[Pair]) -> dict[Pair, list[str]]:
    """Every pair that went wrong, and how; thirty share a world."""
    wrong: dict[Pair, list[str]] = {}
    listed = sorted(some, key=lambda p: NAMES.index(p.server))
    groups = [[p for p in listed if (p.server == NAMES[1]) == old] for old in (False, True)]
    parts = [group[i : i + 30] for group in groups for i in range(0, len(group), 30)]
    for number, part in enumerate(parts):
        home = folder / f"world{number}"
        home.mkdir()
        capability = NO_MOVE if part[0].server == NAMES[1] else ""
        with a_bench(home, capability=capability) as bench:
            for pair in part:
                wrong[pair] = bench.tried(pair)
            wrong[part[-1]] = wrong[part[-1]] + doubled(bench.world.listener.taken)
    return {pair: why for pair, why in wrong.items() if why}
