"""SIGKILL at random moments over the whole line, against a real mailbox and mail server.

Usage: kills.py SEED KILLS SECONDS prints what was found as JSON; no KILLS: the disk is full instead. The children are forked from a parent
that has everything imported and no threads, so that a kill costs little more than a pass.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session  # noqa: F401  loaded before anything is counted
from tests.servers.dovecot import Dovecot, running
from tests.stories.mails import REQUEST_EN, files_in, words_of, written
from tests.stories.victim import Doomed
from tests.stories.world import FARO, LUZ, START, office_in
from tests.torture.faults import incomplete
from tests.torture.taker import append

from mmx_mailflow import flow
from mmx_mailflow.forms.returned import ReturnedFile, Seen
from mmx_mailflow.forms.returned.look import look
from mmx_mailflow.forms.shape import places
from mmx_mailflow.intake.opened import letter, msg
from mmx_mailflow.intake.read import read
from mmx_mailflow.intake.wrapped import Unwrapped
from mmx_mailflow.ops.verify import verified
from mmx_mailflow.sandbox.pen import photographed
from mmx_mailflow.store import cases, messages, outbox
from mmx_mailflow.store.engine import Store, StoreNotNowError
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.imap import Mailbox
from mmx_mailflow.transport.smtp import Sender, SenderAddress
from mmx_mailflow.transport.worker import Worker

ROOT = Path(__file__).resolve().parents[2]
REF = re.compile(r"MMX-[0-9A-Z]{4}-[0-9A-Z]{3}")
PDF = (("records.pdf", "application/pdf", b"%PDF-1.4 invented records of nobody\n"),)
FULL = 0.15
"""The share of stories that go over the whole line; the others end with a question."""


class Reader(Worker):
    """Looks at files in this process, and remembers on disk what a killed one saw already."""

    def __init__(self, folder: Path) -> None:
        super().__init__(read_text=False)
        self.folder = folder

    def words(self, media_type: str, content: bytes) -> str:
        return letter(media_type, content)

    def mail(self, content: bytes) -> Unwrapped:
        return msg(content)

    def look(self, files: Sequence[ReturnedFile], *, blank: bytes = b"", deep: bool = True) -> Seen:
        parts = (blank, b"deep" if deep else b"", *(f.content for f in files))
        place = self.folder / hashlib.sha256(b"\0".join(parts)).hexdigest()
        if place.exists():
            return Seen.model_validate_json(place.read_bytes())
        seen = look(files, blank=blank, deep=deep)
        place.with_suffix(".part").write_text(seen.model_dump_json())
        place.with_suffix(".part").rename(place)
        return seen


class Full(Store):
    """A store whose files may not grow past a size from one transaction on."""

    count = point = size = 0

    @contextlib.contextmanager
    def begin(self):
        Full.count += 1
        if Full.count == Full.point:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (Full.size, resource.RLIM_INFINITY))
        with super().begin() as connection:
            yield connection


@dataclass
class Story:
    """A patient, and how far the case has come."""

    person: str
    full: bool
    ref: str = ""
    stage: str = "asked"


@dataclass
class Lane:
    """One mailbox, one mail server, one database, and a process that dies all the time."""

    folder: Path
    dovecot: Dovecot
    smtp: int
    chance: random.Random
    now: datetime = START
    stories: list[Story] = field(default_factory=list)
    written: list[bytes] = field(default_factory=list)
    read: int = 0
    kills: int = 0

    def office(self, store=Doomed):
        made = office_in(self.folder, Clock(self.now), store=store)
        return replace(made, worker=Reader(self.folder / "seen"))

    def child(self, edge: int) -> int:
        """A process that works until it is killed, or until nothing is left to do."""
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            Doomed.edges, Doomed.point = 0, edge
            work(self.office(), self.dovecot, self.smtp)
            code = 0
        finally:
            os._exit(code)

    def one_full(self, point: int, size: int) -> bool:
        """The disk is full from the transaction `point` on; False when there were less."""
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                Full.count, Full.point, Full.size = 0, point, size
                with contextlib.suppress(StoreNotNowError):
                    work(self.office(Full), self.dovecot, self.smtp)
                code = 0 if Full.count >= point else 2
            finally:
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status in {0, 2}, "a full disk was more than a reason to wait"
        self.quiet()
        self.hear()
        return status == 0

    def passes(self) -> None:
        """A process that is left alone; a failure of its own is a failure of the test."""
        _, status = os.waitpid(self.child(0), 0)
        assert status == 0, "a pass failed"
        self.hear()

    def one_kill(self) -> None:
        """Start a process, kill it at an edge of a commit or at any moment."""
        by_edge = self.chance.random() < 0.5
        pid = self.child(self.chance.randint(1, 40) if by_edge else 0)
        if not by_edge:
            time.sleep(self.chance.uniform(0.05, 1.2))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert died or status == 0, "a pass failed"
        self.kills += died
        self.quiet()
        self.hear()

    def quiet(self) -> None:
        """What was on its way when the process died has arrived, before time goes on."""
        time.sleep(0.03)
        while list((self.folder / "taken").glob("*.part")):
            time.sleep(0.02)

    def writes(self, sender: str, subject: str, text: str, **more: object) -> None:
        self.written.append(written(sender, subject, text, self.now, **more))
        append(self.dovecot.port, self.written[-1], self.now)

    def begins(self, *, full: bool | None = None) -> None:
        """A new person asks for records."""
        number = len(self.stories) + 1
        whole = self.chance.random() < FULL if full is None else full
        story = Story(person=f"person{number}@gmail.com", full=whole)
        text = incomplete(number)
        if story.full:
            name = "".join("abcdefghij"[int(d)] for d in str(number)).capitalize()
            text = REQUEST_EN.replace("Ana Prueba Demo", f"Ana Prueba {name}")
        self.stories.append(story)
        self.writes(story.person, "Medical records", text)

    def hear(self) -> None:
        """Read what went out, and let patients, staff and providers answer."""
        for path in sorted((self.folder / "taken").glob("*.eml"))[self.read :]:
            self.read += 1
            to, _, raw = path.read_bytes().partition(b"\n")
            self.answer(to.decode(), raw)

    def answer(self, to: str, raw: bytes) -> None:
        text = words_of(raw)
        story = next((s for s in self.stories if s.person == to), None)
        if story is not None and not story.ref:
            story.ref = REF.search(text).group()
        found = REF.search(text)
        mine = story or next((s for s in self.stories if found and s.ref == found.group()), None)
        if mine is None or not mine.full:
            return
        if mine.stage == "asked" and to == mine.person and files_in(raw):
            mine.stage = "signed"
            self.writes(
                to, "", "Here are the signed pages.", answers=raw, files=self.form(mine, raw)
            )
        elif mine.stage == "signed" and to == LUZ and "APPROVE" in text:
            mine.stage = "approved"
            self.writes(LUZ, "", "APPROVE\nCONFIRM K1", answers=raw)
        elif mine.stage == "approved" and to == FARO:
            mine.stage = "provided"
            self.writes(FARO, "", "Adjunto el expediente.", answers=raw, files=PDF)
        elif mine.stage == "provided" and to == LUZ and "DELIVER" in text:
            mine.stage = "delivered"
            self.writes(LUZ, "", "PROVIDER 1 COMPLETE\nDELIVER 1", answers=raw)

    def form(self, story: Story, raw: bytes) -> tuple[tuple[str, str, bytes], ...]:
        """The pages of a letter's form, signed and photographed."""
        office = self.office()
        with office.store.begin() as connection:
            stored = cases.load(connection, office.keys, story.ref)
        form = stored.case.form
        [pdf] = [content for name, content in files_in(raw) if name.endswith(".pdf")]
        sign, boxes = ("A13", "A12.6", "B2.1"), places(form.roles)
        pages = ((n, photographed(pdf, boxes, n, sign=sign)) for n in form.pages_wanted)
        return tuple((f"IMG_{n}.jpg", "image/jpeg", page) for n, page in pages)

    def report(self) -> dict[str, object]:
        """What is there in the end, against what should be."""
        office = self.office()
        with office.store.begin() as connection:
            rows = messages.listing(connection, office.keys)
            every = cases.listing(connection, office.keys)
            letters = outbox.listing(connection)
        outcome = Counter(r["message_id"] for r in rows if r["outcome"] == "handled")
        per_person = Counter(case.sender for case in every)
        taken = [p.read_bytes().partition(b"\n") for p in (self.folder / "taken").glob("*.eml")]
        sent = Counter((to, read(raw).message_id) for to, _, raw in taken)
        checks = verified(office)["checks"]
        return {
            "kills": self.kills,
            "mails": len(self.written),
            "letters": len(taken),
            "stages": dict(Counter(s.stage for s in self.stories if s.full)),
            "lost": sum(outcome[read(raw).message_id] != 1 for raw in self.written),
            "cases doubled": sum(per_person[s.person] != 1 for s in self.stories),
            "letters doubled": sum(number > 1 for number in sent.values()),
            "letters unsent": sum(r["state"] not in {"sent", "cancelled"} for r in letters),
            "verify": [c["detail"] for c in checks if not c["ok"]],
        }


def work(office, dovecot: Dovecot, smtp: int) -> None:
    """What a started service does: take back what the dead one held, then one pass after another."""
    with office.store.begin() as connection:
        outbox.recover(connection, office.clock.now(), all_claims=True)
    line = SenderAddress(host="127.0.0.1", port=smtp, security="none")
    with Mailbox(dovecot.address(timeout=30)) as mailbox, Sender(line) as sender:
        mailbox.ensure_folders()
        while flow.one_pass(office, [mailbox], sender):
            pass


@contextlib.contextmanager
def a_lane(folder: Path, seed: int) -> Iterator[Lane]:
    for name in ("taken", "seen"):
        (folder / name).mkdir()
    with running() as dovecot:
        words = [
            sys.executable,
            "-m",
            "tests.torture.taker",
            str(folder / "taken"),
            str(dovecot.port),
        ]
        environ = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT)))}
        taker = subprocess.Popen(words, cwd=ROOT, env=environ)
        try:
            while (
                not (folder / "taken" / "port").exists()
                or not (folder / "taken" / "port").read_text()
            ):
                assert taker.poll() is None
                time.sleep(0.05)
            smtp = int((folder / "taken" / "port").read_text())
            yield Lane(folder, dovecot, smtp, random.Random(seed))
        finally:
            taker.terminate()
            taker.wait(20)


def tortured(folder: Path, seed: int, kills: int, seconds: float = 1e9) -> dict[str, object]:
    """So many kills, or as many as fit in the time; then peace, and the report."""
    until = time.monotonic() + seconds
    with a_lane(folder, seed) as lane:
        lane.office().close()  # the key file and the database are there before anyone forks
        while lane.kills < kills and time.monotonic() < until:
            open_ones = sum(not s.ref or (s.full and s.stage != "delivered") for s in lane.stories)
            if open_ones < 4:
                lane.begins()
            lane.one_kill()
            lane.now += timedelta(minutes=lane.chance.choice((0, 1, 3, 6)))
        for _ in range(8):
            lane.now += timedelta(minutes=17)
            lane.passes()
        return lane.report()


def sound(report: dict[str, object]) -> bool:
    """Whether nothing was lost and nothing happened twice."""
    zero = ("lost", "cases doubled", "letters doubled", "letters unsent")
    return not any(report[name] for name in zero) and not report["verify"]


def filled(folder: Path, seed: int, *, step: int = 1) -> dict[str, object]:
    """The disk is full from each transaction of the line on, then it is not."""
    with a_lane(folder, seed) as lane:
        lane.office().close()
        point, reached = 1, True
        while reached:
            lane.begins(full=False)
            reached = lane.one_full(point, lane.chance.choice((0, 4_096, 12_288, 40_000)))
            point += step
            lane.passes()
            lane.now += timedelta(minutes=17)
            lane.passes()
        return lane.report() | {"full": point - step}


def main(words: list[str]) -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    seed, kills, seconds = int(words[0]), int(words[1]), float(words[2])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        found = tortured(home, seed, kills, seconds) if kills else filled(home, seed)
        print(json.dumps(found))


if __name__ == "__main__":
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    main(sys.argv[1:])
