"""A whole small world: real mailbox, real mail server, the line between, and time that passes."""

from __future__ import annotations

import contextlib
import email
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path

from tests.servers.dovecot import Dovecot, running
from tests.servers.smtp_listener import Listener, Taken, listening
from tests.stories.mails import AUTHSERV, RECORDS, files_in, subject_of, written

from mmx_mailflow import flow
from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import IssuedForm
from mmx_mailflow.forms.packet import words_from
from mmx_mailflow.forms.shape import places
from mmx_mailflow.intake.directory import Directory, DirectoryEntry
from mmx_mailflow.letters.compose import templates_from
from mmx_mailflow.office import Office
from mmx_mailflow.ops.opening import template_texts
from mmx_mailflow.sandbox.pen import photographed
from mmx_mailflow.settings import data_path
from mmx_mailflow.store import cases, journal, messages, outbox
from mmx_mailflow.store.engine import Store, open_store
from mmx_mailflow.store.vault import create_key_file, load_keys
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.imap import Mailbox
from mmx_mailflow.transport.smtp import Sender, SenderAddress

START = datetime(2026, 11, 2, 17, tzinfo=UTC)  # a Monday, 09:00 in Tijuana
LUZ, RAUL, DESK = "luz@office.example", "raul@office.example", "desk@office.example"
FARO, MISION = "archivo@faro.example", "records@mision.example"
DIRECTORY = (
    DirectoryEntry(name="Hospital Faro del Mar", email=FARO),
    DirectoryEntry(name="Clínica Misión", email=MISION),
)
POLICY = Policy(
    records_address=RECORDS,
    staff_members=(LUZ, RAUL),
    notify=(DESK,),
    agent_name="Ana Ejemplo",
)


@dataclass
class World:
    """Everything a story needs: who writes, how time passes, what came out."""

    dovecot: Dovecot
    listener: Listener
    office: Office
    clock: Clock
    seen: dict[str, int] = field(default_factory=dict)

    def arrives(self, raw: bytes) -> None:
        """A mail lies in the mailbox, received now."""
        self.dovecot.append(raw, self.clock.now())

    def writes(self, sender: str, subject: str, text: str, **more: object) -> None:
        self.arrives(written(sender, subject, text, self.clock.now(), **more))
        self.turn()

    def turn(self) -> None:
        """The line works until nothing is left to do."""
        address = SenderAddress(host="127.0.0.1", port=self.listener.port, security="none")
        with Mailbox(self.dovecot.address()) as mailbox, Sender(address) as sender:
            mailbox.ensure_folders()
            for _ in range(6):
                if not flow.one_pass(self.office, [mailbox], sender):
                    return

    def passes(self, **time: float) -> None:
        """Time passes in steps of some hours, the line awake."""
        end = self.clock.now() + timedelta(**time)
        while self.clock.now() < end:
            self.clock.advance(min(timedelta(hours=6), end - self.clock.now()))
            self.turn()

    def to(self, address: str) -> list[bytes]:
        """Every letter that went to an address, in order."""
        return [t.raw for t in self.listener.taken if address in t.recipients[:1]]

    def new(self, address: str) -> list[bytes]:
        """The letters since the last look."""
        found = self.to(address)
        fresh = found[self.seen.get(address, 0) :]
        self.seen[address] = len(found)
        return fresh

    def cases(self) -> list[Case]:
        with self.office.store.begin() as connection:
            return cases.listing(connection, self.office.keys)

    def case(self) -> Case:
        [case] = self.cases()
        return case

    def told(self) -> list[str]:
        """The journal of the only case as staff would read it."""
        ref = self.case().ref
        with self.office.store.begin() as connection:
            lines = journal.lines(connection, self.office.keys, ref)
            assert journal.faults(connection, self.office.keys, ref) == []
        return [f"{x.before} > {x.after}: {x.because}" for x in lines]

    def outcomes(self) -> list[str | None]:
        with self.office.store.begin() as connection:
            return [row["outcome"] for row in messages.listing(connection, self.office.keys)]

    def outbox(self) -> list[dict]:
        with self.office.store.begin() as connection:
            return outbox.listing(connection)

    def signed_form(
        self,
        letter: bytes,
        *,
        sign: tuple[str, ...] = ("A13", "A12.6", "B2.1"),
        pages: tuple[int, ...] = (),
    ) -> tuple[tuple[str, str, bytes], ...]:
        """The form of a letter, page by page as photos, signed in these places."""
        [pdf] = [content for name, content in files_in(letter) if name.endswith(".pdf")]
        [form] = [c.form for c in self.cases() if c.ref in subject_of(letter)]
        return self.signed_pages(pdf, form, sign=sign, pages=pages)

    def signed_pages(
        self,
        pdf: bytes,
        form: IssuedForm,
        *,
        sign: tuple[str, ...] = ("A13", "A12.6", "B2.1"),
        pages: tuple[int, ...] = (),
    ) -> tuple[tuple[str, str, bytes], ...]:
        """Pages of a packet as photos."""
        boxes, wanted = places(form.roles), pages or form.pages_wanted
        return tuple(
            (f"IMG_{n}.jpg", "image/jpeg", photographed(pdf, boxes, n, sign=sign)) for n in wanted
        )


def office_in(folder: Path, clock: Clock, store: type[Store] = Store, url: str = "") -> Office:
    """The office of a folder: its key file, its database, the templates that everybody has."""
    if not (folder / "key").exists():
        create_key_file(folder / "key")
    keys = load_keys(folder / "key")
    opened = open_store(url or f"sqlite:///{folder}/mail.db", keys, data_path("migrations"))
    texts = template_texts(None)
    return Office(
        store=store(opened.engine, keys),
        keys=keys,
        policy=POLICY,
        templates=templates_from(texts),
        words=words_from(texts),
        directory=Directory.of(DIRECTORY),
        clock=clock,
        trusted_ids=(AUTHSERV,),
        protected=frozenset({"office.example", "faro.example", "mision.example"}),
        answer_since=START - timedelta(days=1),
    )


@contextlib.contextmanager
def a_world(folder: Path, url: str = "") -> Iterator[World]:
    with running() as dovecot, listening() as listener:
        clock = Clock(START)
        office = office_in(folder, clock, url=url)
        world = World(dovecot, listener, office, clock)

        def own_copy(taken: Taken) -> None:
            if RECORDS in taken.recipients:
                dovecot.append(taken.raw, clock.now())

        listener.on_mail = own_copy
        try:
            yield world
        finally:
            world.office.close()


def with_policy(world: World, **changes: object) -> World:
    world.office = replace(world.office, policy=world.office.policy.model_copy(update=changes))
    return world


def text_of(raw: bytes) -> str:
    message = email.message_from_bytes(raw, policy=policy.default)
    return message.get_body(("plain",)).get_content()
