"""Answers are asked for at an address with a tag, once such mail is known to come."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from datetime import timedelta
from email import policy
from pathlib import Path

import pytest
from tests.stories.mails import RECORDS, REQUEST_EN
from tests.stories.world import a_world

from mmx_mailflow.office import probe_tags
from mmx_mailflow.store import messages

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA = "ana.prueba@gmail.com"


def test_tags_are_used_once_a_letter_to_our_own_address_with_one_came_back(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        world.office = replace(world.office, plus="auto")
        world.writes(ANA, "Records", REQUEST_EN)
        assert reply_to(world.to(ANA)[-1]) == RECORDS

        probe_tags(world.office)
        probe_tags(world.office)
        world.turn()
        [probe] = [t for t in world.listener.taken if "+probe@" in t.recipients[0]]
        assert len(probe.recipients) == 1  # a copy in the envelope would prove nothing
        world.arrives(probe.raw)
        world.turn()
        assert world.outcomes()[-1] == "own_copy"
        probe_tags(world.office)
        world.clock.advance(timedelta(days=1))
        probe_tags(world.office)
        world.turn()
        probes = [t for t in world.listener.taken if "+probe@" in t.recipients[0]]
        assert len(probes) == 2

        world.writes(ANA, "", "What is the status of my request?", answers=world.to(ANA)[-1])
        tagged = reply_to(world.to(ANA)[-1])
        assert re.fullmatch(r"records\+[0-9A-Z]{16}@office\.example", tagged)
        world.writes(ANA, "Hello", "Is there any news?", to=tagged)
        with world.office.store.begin() as connection:
            rows = messages.listing(connection, world.office.keys)
        last = [row for row in rows if row["outcome"] == "handled"][-1]
        assert str(last["why"]).startswith("the plus of one of our letters")

        # The server takes tags no longer.
        world.listener.refuse[probe.recipients[0]] = "550 5.1.1 no such mailbox"
        world.clock.advance(timedelta(days=1))
        probe_tags(world.office)
        world.turn()
        world.writes(ANA, "", "What is the status of my request?", answers=world.to(ANA)[-1])
        assert reply_to(world.to(ANA)[-1]) == RECORDS


def reply_to(raw: bytes) -> str:
    return email.message_from_bytes(raw, policy=policy.default)["Reply-To"]
