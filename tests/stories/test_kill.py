"""The plug is pulled at every commit of the line; nothing is lost and nothing sent twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.stories.mails import REQUEST_EN, written
from tests.stories.world import World, a_world

from mmx_mailflow.store import outbox

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]


def victim(world: World, folder: Path, point: int) -> int:
    words = [folder, world.dovecot.port, world.listener.port, world.clock.now().isoformat(), point]
    command = [sys.executable, "-m", "tests.stories.victim", *map(str, words)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=ROOT, env=environment, timeout=60, check=False, **quiet
    ).returncode


def recovered(world: World) -> None:
    """A new process takes over, and time passes until every doubt is looked up."""
    with world.office.store.begin() as connection:
        outbox.recover(connection, world.clock.now(), all_claims=True)
    for minutes in (25, 25):
        world.turn()
        world.clock.advance(timedelta(minutes=minutes))
    world.turn()


def test_a_kill_at_every_commit_loses_no_mail_and_answers_none_twice(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        points, died = 0, True
        while died:
            points += 1
            person = f"person{points}@gmail.com"
            name = f"Ana Prueba {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[points % 26]}{'xyzuvw'[points // 26] * 3}"
            text = REQUEST_EN.replace("Ana Prueba Demo", name)
            world.arrives(written(person, "Medical records", text, world.clock.now()))
            code = victim(world, tmp_path, points)
            died = code == -signal.SIGKILL
            assert died or code == 0
            recovered(world)

            assert len(world.cases()) == points, f"after a kill at edge {points}"
            assert len(world.to(person)) == 1, f"after a kill at edge {points}"

        assert points > 20
        assert None not in world.outcomes()
        assert {row["state"] for row in world.outbox()} == {"sent"}
        raws = [taken.raw for taken in world.listener.taken]
        assert len(raws) == len(set(raws))
