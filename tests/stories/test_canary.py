"""Marked mails run through every path; nothing outside the database bears a mark."""

from __future__ import annotations

import email
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path

import pytest
from tests.servers.dovecot import Dovecot, running
from tests.servers.smtp_listener import Listener, listening
from tests.stories.mails import RECORDS, files_in, written
from tests.stories.test_daemon import office

from mmx_mailflow import flow
from mmx_mailflow.cli.main import main

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
START = datetime(2026, 11, 2, 17, tzinfo=UTC)
PATIENT = "zquxana.markova@gmail.com"
DESK = "desk@office.example"
MARKS = (
    "zquxana", "markova", "jvlibrado", "wkrefugio", "tqmastoid", "0187334", "1931", "31. marz",
    "march 25", "kxsecret", "vnlaboratorio",
)  # fmt: skip
"""In lower case; no word of the program holds one of them."""
REQUEST = """Hello, I would like to request copies of my medical records.

Full name: Zquxana Markova Jvlibrado
Date of birth: March 25, 1931
Dates of treatment: June 10 to June 14, 2024
Provider: Hospital Wkrefugio
Records: tqmastoid report of kxsecret
Phone: +1 619 0187334
"""
FILES = (("Zquxana-Markova-tqmastoid.pdf", "application/pdf", b"%PDF-1.4 zquxana, no page"),)
BOUNCE = """This is the mail system. Your message could not be delivered.

<zquxana.markova@gmail.com>: host mx.gmail.com said: 550 5.1.1 Zquxana Markova unknown
"""


@dataclass
class Surroundings:
    """One office on disk with its servers, and everything that it said."""

    config: Path
    dovecot: Dovecot
    listener: Listener
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    said: list[str] = field(default_factory=list)
    now: datetime = START

    def arrives(self, sender: str, subject: str, text: str, **more: object) -> None:
        self.dovecot.append(written(sender, subject, text, self.now, **more), self.now)

    def command(self, *words: str) -> str:
        """Run a command as the operator does; what it says is kept."""
        self.capsys.readouterr()
        self.monkeypatch.setenv("MMX_NOW", self.now.isoformat())
        main(["--config", str(self.config), *words])
        shown = self.capsys.readouterr()
        self.said += [shown.out, shown.err]
        return shown.out

    def passes(self, times: int = 3, **time: float) -> None:
        for _ in range(times):
            self.now += timedelta(**(time or {"minutes": 30}))
            self.command("once")

    def outside(self) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of all that is written outside the database's sealed columns."""
        for path in sorted(self.config.parent.rglob("*")):
            name = path.relative_to(self.config.parent).as_posix()
            yield f"name of {name}", name.encode()
            if path.is_file():
                yield name, path.read_bytes()
        for number, letter in enumerate(self.listener.taken):
            yield f"headers of letter {number}", headers(letter.raw)
            names = [str(name) for name, _ in files_in(letter.raw)]
            yield f"files of letter {number}", " ".join(names).encode()
            if letter.recipients[0] == DESK:
                body = email.message_from_bytes(letter.raw, policy=policy.default)
                plain = body.get_body(("plain",))
                yield f"letter {number} to the desk", plain.get_content().encode()


def headers(raw: bytes) -> bytes:
    """All header lines of a letter and its parts but the one that must name its recipient."""
    message = email.message_from_bytes(raw, policy=policy.default)
    lines = [f"{k}: {v}" for part in message.walk() for k, v in part.items()]
    return "\n".join(line for line in lines if not line.startswith("To: ")).encode()


def marked(name: str, content: bytes) -> list[str]:
    low = content.lower()
    return [f"{mark} in {name}" for mark in MARKS if mark.encode() in low]


@pytest.fixture
def around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Surroundings]:
    with running() as dovecot, listening() as listener:
        config = office(tmp_path, dovecot.port, listener.port)
        made = Surroundings(config, dovecot, listener, monkeypatch, capsys)
        listener.on_mail = lambda mail: (
            dovecot.append(mail.raw, made.now) if RECORDS in mail.recipients else None
        )
        yield made


def a_handler_that_stumbles(monkeypatch: pytest.MonkeyPatch) -> None:
    """The errors of libraries quote what they stumble over: so does this one."""
    real: Callable[..., None] = flow.handle_message

    def handle(place: object, number: int, **more: object) -> None:
        if number == 2:
            raise ValueError("cannot read Zquxana Markova, born March 25, 1931: kxsecret")
        real(place, number, **more)

    monkeypatch.setattr(flow, "handle_message", handle)


def play(around: Surroundings) -> None:
    """A request, a mail that fails three times, strangers, robots, refusals, staff, operators."""
    a_handler_that_stumbles(around.monkeypatch)
    around.listener.refuse[PATIENT] = "451 4.7.1 <zquxana.markova@gmail.com> Markova greylisted"
    around.arrives(PATIENT, "Zquxana Markova: kxsecret", REQUEST, files=FILES)
    around.arrives(PATIENT, "tqmastoid", "Zquxana again", files=FILES)
    around.passes(2)
    around.listener.refuse.clear()
    around.passes(3)
    [ref] = {row.split("\t")[0] for row in around.command("cases").splitlines()[1:]}
    first = next(x.raw for x in around.listener.taken if x.recipients[0] == PATIENT)
    around.arrives(PATIENT, "", "Here it is, Zquxana.", answers=first, files=FILES)
    around.arrives("jvlibrado@yahoo.com", f"About Zquxana Markova {ref}", "kxsecret", files=FILES)
    around.arrives("Zquxana <x@b.example>", "Markova", REQUEST, dmarc="fail", files=FILES)
    around.arrives(
        "Zquxana <bot@b.example>", "Away: Markova", "kxsecret",
        headers={"Auto-Submitted": "auto-replied"},
    )  # fmt: skip
    around.arrives("mailer-daemon@gmail.com", "Undelivered: Zquxana", BOUNCE, answers=first)
    around.arrives("vnlaboratorio@clinic.example", f"Zquxana {ref}", "Markova: no", files=FILES)
    around.arrives("luz@office.example", f"Re: {ref}", "NOTE Zquxana Markova kxsecret\nZQ Markova")
    around.passes(2)
    around.listener.refuse[PATIENT] = "550 5.1.1 <zquxana.markova@gmail.com> Markova unknown"
    around.arrives(PATIENT, "status", "What is the status of my request? Zquxana", answers=first)
    around.passes(3, days=1)
    look(around, ref)


def look(around: Surroundings, ref: str) -> None:
    """Every command that an operator runs without asking for what is personal."""
    for words in (
        ("cases",), ("cases", "--json"), ("case", ref), ("case", ref, "--json"), ("timeline", ref),
        ("timeline", ref, "--json"), ("messages",), ("messages", "--json"), ("outbox", "list"),
        ("outbox", "list", "--json"), ("timers",), ("held", "list"), ("held", "show", "4"),
        ("parked", "list"), ("parked", "show", "2"), ("replay", "--all"), ("verify",), ("verify", "--json"),
        ("purge", "--dry-run"), ("keys", "list"), ("legal-hold", "list"), ("check",),
        ("backup", str(around.config.parent / "copy")),
    ):  # fmt: skip
        around.command(*words)


def test_nothing_outside_the_database_bears_a_mark(
    around: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    play(around)

    said = "\n".join([*around.said, caplog.text])
    found = marked("what was said and logged", said.encode())
    for name, content in around.outside():
        found += marked(name, content)
    assert found == []
    assert "could not handle" in said
    assert "parked=True" in said or '"parked": true' in said
    outcomes = around.command("messages")
    assert all(word in outcomes for word in ("handled", "parked", "held", "machine"))
    letters = around.command("outbox", "list")
    assert "refused" in letters
    assert "sent" in letters


def test_the_search_finds_a_mark(around: Surroundings) -> None:
    (around.config.parent / "var" / "notes.txt").write_text("for ZQUXANA")
    (around.config.parent / "var" / "Markova.tmp").touch()

    found = [hit for name, content in around.outside() for hit in marked(name, content)]

    assert sorted(found) == [
        "markova in name of var/Markova.tmp",
        "zquxana in var/notes.txt",
    ]
