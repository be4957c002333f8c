"""Forged mails, each through the real line: nothing of a case moves, and nothing is told.

`pytest -s tests/stories/test_spoofs.py` prints how many were sent and how many succeeded.
"""

from __future__ import annotations

import base64
import email
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from email import policy
from email.utils import format_datetime
from itertools import count
from pathlib import Path

import pytest
from tests.servers.smtp_listener import Taken
from tests.stories.forgeries import ANA, EVA, JOSE, PASS, PAUSES, REVOKE, ROSA, TABLE, Forged
from tests.stories.mails import RECORDS, REQUEST_EN, REQUEST_ES, subject_of, words_of
from tests.stories.world import DESK, FARO, LUZ, MISION, RAUL, World, a_world

from mmx_mailflow import flow
from mmx_mailflow.casework.case import Case, State
from mmx_mailflow.casework.codes import reply_code, reply_codes
from mmx_mailflow.casework.values import Role
from mmx_mailflow.forms.packet import packet
from mmx_mailflow.letters.packet import packet_facts
from mmx_mailflow.settings import data_path
from mmx_mailflow.store import messages
from mmx_mailflow.store.engine import open_store
from mmx_mailflow.transport.imap import Mailbox
from mmx_mailflow.transport.smtp import Sender, SenderAddress

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
PATIENTS = {ANA, JOSE, EVA, ROSA}
OFFICE = {LUZ, RAUL, DESK}
PERSONAL = (
    "Prueba", "José", "Muestra", "Ficticia", "Faro", "Misión", "1980", "1975", "June 10",
    "mayo de 2024", "555 0142", "555 0134",
)  # fmt: skip
NEUTRAL = frozenset({"receipt", "emergency"})
"""What somebody who is no patient may get: it says nothing of any case."""
QUESTIONS = {"paused_at": "revocation_received", "move": "address_asked"}
"""What the patient's own address is asked when somebody wants one of these."""
NO_MATTER = frozenset(
    {"tasks", "task_count", "letters", "last_message_id", "last_note_at", "language", "urgent"}
)
"""Parts of a case that are no step forward; tasks are looked at by themselves."""
OUR_HEADERS = frozenset(
    {
        "from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references",
        "auto-submitted", "x-auto-response-suppress", "mime-version", "content-type",
        "content-language", "content-transfer-encoding",
    }
)  # fmt: skip
_numbers = count(1)


@dataclass
class Scene:
    """A world with four cases, which starts anew for each forged mail."""

    world: World
    folder: Path
    now: datetime
    mailbox: Mailbox
    sender: Sender
    known: dict[str, dict[str, str]]
    files: dict[str, tuple[tuple[str, str, bytes], ...]]
    done: Counter[str] = field(default_factory=Counter)
    succeeded: int = 0

    def starts_anew(self) -> None:
        """The database and the clock as they were when the scene was set."""
        office, clock = self.world.office, self.world.clock
        office.store.close()
        for old in self.folder.glob("mail.db*"):
            old.unlink()
        (self.folder / "mail.db").write_bytes((self.folder / "kept").read_bytes())
        url = f"sqlite:///{self.folder}/mail.db"
        store = open_store(url, office.keys, data_path("migrations"))
        self.world.office = replace(office, store=store)
        clock.advance(self.now - clock.now())

    def turns(self) -> None:
        """One pass: what a mail brings about leaves in the same one."""
        flow.one_pass(self.world.office, [self.mailbox], self.sender)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("spoofs")
    with a_world(folder) as world:
        known, files = _set(world)
        address = SenderAddress(host="127.0.0.1", port=world.listener.port, security="none")
        with sqlite3.connect(folder / "mail.db") as live, sqlite3.connect(folder / "kept") as kept:
            live.backup(kept)
        world.listener.on_mail = None  # no copies of our own: they would come in with the next mail
        with Mailbox(world.dovecot.address()) as mailbox, Sender(address) as sender:
            made = Scene(world, folder, world.clock.now(), mailbox, sender, known, files)
            yield made
        print(f"\n{sum(made.done.values())} forged mails, {made.succeeded} succeeded", dict(made.done))  # fmt: skip


def _set(world: World) -> tuple[dict[str, dict[str, str]], dict]:
    """José's records came in part, Ana's form lies with staff, Eva's case is closed, Rosa waits."""
    world.writes(JOSE, "Expediente", REQUEST_ES.replace("Hospital: Hospital Faro del Mar", "Hospitales: Hospital Faro del Mar y Clínica Misión"))  # fmt: skip
    [jose] = world.new(JOSE)
    world.writes(JOSE, "", "Adjunto.", answers=jose, files=world.signed_form(jose))
    [old_review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
    world.writes(LUZ, "", "APROBAR", answers=old_review)
    world.passes(minutes=6)
    [submission], _ = world.new(FARO), world.new(MISION)
    came = (("records.pdf", "application/pdf", b"%PDF-1.4 true records of nobody\n"),)
    world.writes(FARO, "", "Adjunto el expediente.", answers=submission, files=came)
    task = world.new(LUZ)[-1]
    assert "DELIVER 1" in words_of(task)
    world.writes(ANA, "Medical records", REQUEST_EN)
    [ana] = world.new(ANA)
    pages = world.signed_form(ana)
    world.writes(ANA, "", "Signed.", answers=ana, files=pages)
    [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
    world.writes(EVA, "Medical records", REQUEST_EN.replace("Ana Prueba", "Eva Muestra"))
    [eva] = world.new(EVA)
    world.writes(EVA, "", "Please cancel my request.", answers=eva)
    asks = REQUEST_EN.replace("Ana Prueba", "Rosa Ficticia").replace("Phone: +1 619 555 0142", "")
    world.writes(ROSA, "Medical records", asks, dmarc="")
    [rosa] = world.new(ROSA)
    world.writes(ROSA, "", "My phone is +1 619 555 0177.", answers=rosa, dmarc="")
    letters = {"jose": jose, "ana": ana, "eva": eva, "rosa": rosa}
    files = {
        "records": (("records.pdf", "application/pdf", b"%PDF-1.4 forged records\n"),),
        "form": pages,
        "forged form": _forged_form(world, subject_of(ana).rpartition(" ")[2]),
    }
    return {name: _known(world, name, letters, review=review, old_review=old_review, task=task, submission=submission) for name in letters}, files  # fmt: skip


def _known(world: World, name: str, letters: dict[str, bytes], **threads: bytes) -> dict[str, str]:
    """What a forger may have got hold of: references, codes, Message-IDs, words."""
    ref = subject_of(letters[name]).rpartition(" ")[2]
    codes = {k: reply_codes(words_of(raw))[0] for k, raw in letters.items()}
    key, code = world.office.keys.code_key(world.office.today()), codes[name]
    quoted = words_of(threads["review"]).splitlines()
    return {
        "ref": ref,
        "code": code,
        "off": ("0" if code[0] != "0" else "1") + code[1:],
        "other": codes["ana" if name != "ana" else "jose"],
        "wrong_role": reply_code(key, ref, Role.STAFF, LUZ + ".example"),
        "retired": reply_code(b"r" * 32, ref, Role.PATIENT, JOSE),
        "provider_code": reply_codes(words_of(threads["submission"]))[0],
        "mid": _header(letters[name], "Message-ID"),
        "seen": str(_ledger(world)[0]["message_id"]),
        "quoted_review": "\n".join(f"> {line}" for line in quoted),
        "bare_review": "\n".join(quoted),
    } | {k: _header(raw, "Message-ID") for k, raw in threads.items()}


def _header(raw: bytes, name: str) -> str:
    return str(email.message_from_bytes(raw, policy=policy.default)[name])


def _forged_form(world: World, ref: str) -> tuple[tuple[str, str, bytes], ...]:
    """The pages of a case's form, signed, with codes that another key made."""
    case = next(c for c in world.cases() if c.ref == ref)
    facts = packet_facts(case, case.form, world.office.policy)
    return world.signed_pages(packet(facts, world.office.words, key=b"r" * 32), case.form)


def _ledger(world: World) -> list[dict[str, object]]:
    with world.office.store.begin() as connection:
        return messages.listing(connection, world.office.keys)


def _raw(forged: Forged, scene: Scene) -> bytes:
    """The mail byte for byte: a library would mend what forgers break."""
    address = forged.sender.partition("\r")[0].rpartition("<")[2]
    domain = address.rpartition("@")[2].strip('<>;)" \u202c')
    lines = [
        *(f"Authentication-Results: {s.replace('{domain}', domain)}" for s in forged.stamps),
        f"From: {forged.sender}",
        f"To: {RECORDS}",
        *([] if any(h.startswith("Subject:") for h in forged.headers) else [f"Subject: {forged.subject}"]),
        f"Date: {format_datetime(scene.world.clock.now())}",
        f"Message-ID: {forged.message_id or f'<forged-{next(_numbers)}@stranger.example>'}",
        *forged.headers,
        "MIME-Version: 1.0",
    ]  # fmt: skip
    sort = "html" if forged.html else "plain"
    words = [f"Content-Type: text/{sort}; charset=utf-8", "", forged.text, ""]
    if forged.file:
        words = ['Content-Type: multipart/mixed; boundary="b"', "", "--b", *words]
        for name, media_type, content in scene.files[forged.file]:
            words += [
                "--b", f'Content-Type: {media_type}; name="{name}"',
                "Content-Transfer-Encoding: base64", "", base64.encodebytes(content).decode(),
            ]  # fmt: skip
        words += ["--b--", ""]
    text = "\r\n".join([*lines, *words])
    for name, value in scene.known[forged.case].items():
        text = text.replace(f"{{{name}}}", value)
    return text.encode()


def _standing(case: Case) -> dict[str, object]:
    """Everything that no forged mail may move."""
    return {f.name: getattr(case, f.name) for f in fields(case) if f.name not in NO_MATTER}


@dataclass(frozen=True)
class Look:
    """What can be seen of the office at one moment."""

    cases: dict[str, Case]
    letters: int
    outbox: set[str]
    entered: int


def _look(world: World) -> Look:
    every = {str(c.ref): c for c in world.cases()}
    written = {str(row["message_id"]) for row in world.outbox()}
    return Look(every, len(world.listener.taken), written, len(_ledger(world)))


def _moved(before: Look, after: Look, forged: Forged) -> list[str]:
    """What changed in a case, of all that may not."""
    harm = []
    for ref, old in before.cases.items():
        was, now = _standing(old), _standing(after.cases[ref])
        harm += [f"{k} changed" for k in was if was[k] != now[k] and k not in forged.may]
        names = [t.name for t in after.cases[ref].tasks]
        harm += [f"task {t.name} was done" for t in old.tasks if t.name not in names]
    if len(after.cases) != len(before.cases) + forged.opens:
        harm.append("a case was opened, or none")
    return harm


def _written(world: World, before: Look, forged: Forged) -> list[str]:
    """Letters that went where they may not, or say what they may not."""
    sent = {_header(t.raw, "Message-ID"): t for t in world.listener.taken[before.letters :]}
    harm = []
    for row in world.outbox():
        name = str(row["letter"])
        if row["message_id"] in before.outbox:
            continue
        if row["to_role"] == "provider" or row["message_id"] not in sent:
            harm.append(f"{name} to {row['to_role']}, {row['state']}")
            continue
        harm += _told(sent[str(row["message_id"])], name, forged, tuple(before.cases))
    return harm


def _told(taken: Taken, name: str, forged: Forged, refs: tuple[str, ...]) -> list[str]:
    """What one letter has to do with nobody but its reader."""
    to, *copy = taken.recipients
    message = email.message_from_bytes(taken.raw, policy=policy.default)
    harm = [f"header {k}" for k in message if k.lower() not in OUR_HEADERS]
    if copy not in ([], [RECORDS]):
        harm.append("more recipients")
    if to in OFFICE:
        return harm
    if to in PATIENTS:
        asked = NEUTRAL | {QUESTIONS[part] for part in forged.may if part in QUESTIONS}
        return harm if name in asked else [*harm, f"{name} to a patient"]
    if name not in NEUTRAL and not forged.opens:
        harm.append(f"{name} to {to}")
    shown = taken.raw.decode() + subject_of(taken.raw) + words_of(taken.raw)
    own = forged.text if forged.opens else ""
    return harm + [f"told {w}" for w in (*PERSONAL, *refs) if w in shown and w not in own]


def _asked(before: Look, after: Look) -> bool:
    """Whether a person of the staff has a new question."""
    return any(c.task_count > before.cases[ref].task_count for ref, c in after.cases.items() if ref in before.cases)  # fmt: skip


@pytest.mark.parametrize("forged", TABLE, ids=[f.name for f in TABLE])
def test_no_forged_mail_moves_a_case_or_learns_of_it(scene: Scene, forged: Forged) -> None:
    scene.starts_anew()
    before = _look(scene.world)
    scene.world.arrives(_raw(forged, scene))
    scene.turns()
    after = _look(scene.world)
    row = _ledger(scene.world)[before.entered]
    harm = [*_moved(before, after, forged), *_written(scene.world, before, forged)]
    scene.done[str(row["outcome"])] += 1
    scene.succeeded += bool(harm)

    assert harm == [], (row["outcome"], row["why"])
    assert (row["outcome"], bool(row["why"])) == (forged.leaves, True), row["why"]
    if forged.leaves == "handled" and not forged.opens:
        assert _asked(before, after)


def test_a_form_of_a_stranger_and_then_a_revocation_end_nothing(scene: Scene) -> None:
    scene.starts_anew()
    form = next(f for f in TABLE if f.name == "the form by a stranger")
    revoked = replace(form, text=REVOKE, headers=("In-Reply-To: {mid}",), file="")
    before = _look(scene.world)
    for mail in (form, revoked):
        scene.world.arrives(_raw(mail, scene))
        scene.turns()

    may = replace(form, may=form.may | PAUSES)
    assert _moved(before, _look(scene.world), may) == []
    assert _written(scene.world, before, may) == []
    [ana] = [c for c in scene.world.cases() if c.sender == ANA]
    assert (ana.state, ana.authorization) == (State.FORM_REVIEW, None)
    assert ana.paused_at is not None


def test_the_table_has_more_than_enough_rows_and_none_twice() -> None:
    assert len(TABLE) >= 60
    assert len({f.name for f in TABLE}) == len(TABLE)


def test_the_scene_holds_what_could_be_stolen(scene: Scene) -> None:
    scene.starts_anew()
    states = {c.sender: c.state for c in scene.world.cases()}
    assert states == {
        JOSE: State.IN_PROGRESS, ANA: State.FORM_REVIEW, EVA: State.CLOSED,
        ROSA: State.AWAITING_SIGNATURE,
    }  # fmt: skip


def test_the_measure_sees_a_mail_that_does_move_a_case(scene: Scene) -> None:
    """What staff themselves write in the same thread releases the form: the harm is seen."""
    scene.starts_anew()
    mine = next(f for f in TABLE if f.name == "staff: a failed stamp")
    before = _look(scene.world)
    scene.world.arrives(_raw(replace(mine, stamps=(PASS,)), scene))
    scene.turns()

    assert "authorization changed" in _moved(before, _look(scene.world), mine)
    assert any("to provider" in harm for harm in _written(scene.world, before, mine))
