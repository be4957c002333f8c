"""A whole case tried again, mail by mail: the same code makes the same of it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.servers.postgres import cluster
from tests.stories.mails import REQUEST_EN, words_of
from tests.stories.world import FARO, LUZ, World, a_world

from mmx_mailflow.casework.case import State
from mmx_mailflow.ops.replay import replayed
from mmx_mailflow.ops.verify import verified
from mmx_mailflow.store import messages

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA, SPOUSE = "ana.prueba@gmail.com", "spouse@yahoo.com"
RECORDS_PDF = (("records.pdf", "application/pdf", b"%PDF-1.4 invented records of nobody\n"),)


def story(world: World) -> None:
    world.writes(ANA, "Records", REQUEST_EN)
    [first] = world.new(ANA)
    world.writes(SPOUSE, "About my wife", "Ana Prueba Demo is my wife. Call me.")
    [held] = [n for n, outcome in enumerate(world.outcomes(), 1) if outcome == "held"]
    world.writes(LUZ, "Held", f"{held} = {world.case().ref}")
    world.writes(ANA, "", "Signed.", answers=first, files=world.signed_form(first))
    [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
    world.writes(LUZ, "", "APPROVE", answers=review)
    world.passes(minutes=6)
    [submission] = world.new(FARO)
    world.writes(FARO, "", "Adjunto el expediente.", answers=submission, files=RECORDS_PDF)
    world.writes(ANA, "", "What is the status of my request?", answers=first)


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_every_mail_of_a_case_comes_out_as_it_did(tmp_path: Path, on: str) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(cluster()) if on == "postgresql" else ""
        world = stack.enter_context(a_world(tmp_path, url))
        story(world)
        assert world.case().state == State.IN_PROGRESS
        with world.office.store.begin() as connection:
            numbers = messages.handled(connection)

        tried = [replayed(world.office, number) for number in numbers]

        assert len(tried) > 8
        assert [(one.number, one.then, one.now) for one in tried if one.differs] == []
        assert {"handled", "own_copy"} <= {one.now.outcome for one in tried}
        assert verified(world.office)["ok"]
