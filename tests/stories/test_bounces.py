"""Letters that come back, and reports that only say so, through real servers."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import structlog
from tests.intake.bounces import (
    DELAYED,
    DELIVERED,
    FAILED,
    Maker,
    block,
    message_id,
    prose,
    report,
)
from tests.stories.mails import RECORDS, REQUEST_EN, words_of
from tests.stories.world import DESK, FARO, LUZ, MISION, RAUL, World, a_world

from mmx_mailflow.casework.case import Case, ProviderState, TaskName
from mmx_mailflow.ops import logs
from mmx_mailflow.ops.verify import verified
from mmx_mailflow.store import messages

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA = "ana.prueba@gmail.com"
UNDELIVERED = "Undelivered Mail Returned to Sender"


@dataclass
class Scene:
    world: World
    to_ana: bytes
    review: bytes
    submission: bytes

    def comes(self, maker: Maker, letter: bytes, failed: str) -> None:
        self.world.arrives(maker(letter, failed))
        self.world.turn()

    def case(self) -> Case:
        return self.world.case()

    def last(self) -> dict[str, object]:
        with self.world.office.store.begin() as connection:
            rows = messages.listing(connection, self.world.office.keys)
        return [r for r in rows if r["outcome"] != "own_copy"][-1]

    def letters(self) -> int:
        return len(self.world.listener.taken)


@dataclass(frozen=True)
class Prepared:
    """A case whose form was accepted and whose provider was written to, to be copied."""

    folder: Path
    at: datetime
    to_ana: bytes
    review: bytes
    submission: bytes


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("prepared")
    with a_world(folder) as world:
        world.writes(ANA, "Records", REQUEST_EN)
        [first] = world.new(ANA)
        world.writes(ANA, "", "Signed.", answers=first, files=world.signed_form(first))
        [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
        world.writes(LUZ, "", "APPROVE", answers=review)
        world.passes(minutes=6)
        [submission] = world.new(FARO)
        return Prepared(folder, world.clock.now(), first, review, submission)


@pytest.fixture
def scene(prepared: Prepared, tmp_path: Path) -> Iterator[Scene]:
    shutil.copytree(prepared.folder, tmp_path, dirs_exist_ok=True)
    with a_world(tmp_path) as world:
        world.clock.advance(prepared.at - world.clock.now())
        yield Scene(world, prepared.to_ana, prepared.review, prepared.submission)
        assert verified(world.office)["ok"]


def bounced_tasks(case: Case) -> list[int]:
    return [t.provider for t in case.tasks if t.name == TaskName.BOUNCED]


SHAPES = ("Postfix, gave up after days", "Exchange, Spanish", "Gmail", "qmail", "Yahoo of old", "headers alone, in base64")  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_submission_that_bounced_marks_the_address_and_staff_are_told_once(
    scene: Scene, shape: str
) -> None:
    maker, code = FAILED[shape]
    scene.comes(maker, scene.submission, FARO)
    scene.comes(maker, scene.submission, FARO)

    [faro] = scene.case().providers
    assert not faro.exact
    assert faro.state == ProviderState.NEEDS_STAFF
    assert bounced_tasks(scene.case()) == [1]
    assert scene.last()["outcome"] == "machine"
    assert scene.last()["ref"] == scene.case().ref
    [task] = scene.world.new(LUZ)
    assert "A letter could not be delivered" in words_of(task)
    assert code in words_of(task)


def test_staff_give_another_address_and_the_submission_goes_there(scene: Scene) -> None:
    scene.comes(FAILED["Exchange Online"][0], scene.submission, FARO)
    [task] = scene.world.new(LUZ)

    scene.world.writes(LUZ, "", "PROVIDER 1 = expedientes@faro.example", answers=task)
    scene.world.passes(minutes=6)

    assert len(scene.world.to("expedientes@faro.example")) == 1
    scene.comes(
        FAILED["Postfix, user unknown"][0], scene.submission, FARO
    )  # late, from the old one
    assert scene.case().providers[0].exact
    assert scene.last()["why"] == "a letter bounced from an address that is not the case's now"


def test_a_letter_to_the_patient_that_bounced_is_told_to_staff(scene: Scene) -> None:
    scene.comes(FAILED["mailbox full, Spanish"][0], scene.to_ana, ANA)

    assert scene.case().unreachable
    assert bounced_tasks(scene.case()) == [0]
    assert len(scene.world.new(LUZ)) == 1
    assert len(scene.world.to(RAUL)) == 1


def test_a_letter_to_staff_that_bounced_is_told_to_the_desk(scene: Scene) -> None:
    scene.world.new(DESK)
    scene.comes(FAILED["Gmail, Spanish"][0], scene.review, LUZ)
    scene.comes(FAILED["Exim of old"][0], scene.review, LUZ)

    [alarm] = scene.world.new(DESK)
    assert "A mail to staff bounced" in words_of(alarm)
    scene.comes(FAILED["Exim of old"][0], alarm, DESK)  # the alarm bounces too: no alarm of it
    assert scene.world.new(DESK) == []


def test_a_letter_of_no_case_that_bounced_is_told_once_a_day(scene: Scene) -> None:
    scene.world.passes(days=1)
    digest = scene.world.new(DESK)[-1]

    for _ in range(5):
        scene.comes(FAILED["Postfix, user unknown"][0], digest, DESK)
        for alarm in scene.world.new(DESK):
            scene.comes(FAILED["Postfix, user unknown"][0], alarm, DESK)

    assert len([x for x in scene.world.to(DESK) if "A mail to staff bounced" in words_of(x)]) == 1


QUIET = {f"delayed: {n}": m for n, m in DELAYED.items()} | {
    f"delivered: {n}": m for n, m in DELIVERED.items()
}


def test_a_delay_and_a_delivery_are_noted_and_move_nothing(scene: Scene) -> None:
    before, letters = scene.case(), scene.letters()
    for maker in QUIET.values():
        scene.comes(maker, scene.submission, FARO)
        assert scene.last()["ref"] == before.ref

    assert scene.case().providers == before.providers
    assert scene.case().tasks == before.tasks
    assert scene.letters() == letters
    assert scene.world.told()[-1].endswith("a letter is delayed")


def _forged(raw: bytes) -> Maker:
    return lambda _letter, _to: raw


def forged(scene: Scene) -> dict[str, bytes]:
    """Reports that are none of ours, or of an address that the letter did not go to."""
    postfix = report(UNDELIVERED, "<{to}>: unknown", block("failed", "5.1.1"))
    bare = report(UNDELIVERED, "<{to}>: unknown", block("failed", "5.1.1"), copy="")
    ours = message_id(scene.submission)
    guessed = scene.submission.replace(ours.encode(), b"<GUESS.0123456789ABCDEF@office.example>")
    off = scene.submission.replace(ours.encode(), ours.replace("@", "0@").encode())
    named = f"<{FARO}>: 550 5.1.1 unknown\n\n{scene.case().ref}"
    return {
        "a Message-ID by chance": postfix(guessed, FARO),
        "a Message-ID with one character more": postfix(off, FARO),
        "no letter at all, the right address": bare(scene.submission, FARO),
        "no letter, the reference in the words": prose(UNDELIVERED, named)(scene.submission, FARO),
        "our letter, another address": postfix(scene.submission, MISION),
        "our letter, the patient's address": postfix(scene.submission, ANA),
        "the patient's letter, the provider's address": postfix(scene.to_ana, FARO),
        "our own copy did not arrive": postfix(scene.submission, RECORDS),
        "our letter, no address": prose(UNDELIVERED, "failed\n\nMessage-ID: {id}")(scene.submission, ""),
        "our letter, the address in the copy alone": prose(
            UNDELIVERED, "Sorry.\n\n--- Below this line is a copy of the message.\n\n{copy}"
        )(scene.submission, ""),
    }  # fmt: skip


def test_a_forged_bounce_changes_nothing(scene: Scene) -> None:
    before, letters = scene.case(), scene.letters()
    table = forged(scene)
    for name, raw in table.items():
        scene.comes(_forged(raw), b"", "")
        assert scene.case() == before, name
        assert scene.letters() == letters, name
        assert scene.last()["outcome"] == "machine", name
        assert "bounce of" in str(scene.last()["why"]), name
    print(f"{len(table)} forged bounces, 0 changed anything")


def test_what_a_bounce_copies_stays_with_its_case_and_is_told_to_nobody(
    scene: Scene, tmp_path: Path
) -> None:
    marked = scene.submission.replace(b"\r\n\r\n", b"\r\n\r\nZquxmark of the patient\r\n", 1)
    said = io.StringIO()
    with redirect_stderr(said):
        logs.set_up(json_lines=True)
        scene.comes(FAILED["qmail"][0], marked, FARO)
        scene.comes(FAILED["mailbox full"][0], marked, MISION)
    structlog.reset_defaults()

    assert '"kind": "bounce"' in said.getvalue()
    assert "Zquxmark" not in said.getvalue()
    assert all(b"Zquxmark" not in t.raw for t in scene.world.listener.taken)
    assert all(b"Zquxmark" not in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert scene.last()["ref"] == scene.case().ref
