"""The short form of `make torture`: a fault at each point, some kills, some damaged mails."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.torture.faults import Pair, all_tried, pairs
from tests.torture.histories import lived
from tests.torture.mutations import tried
from tests.torture.refusals import refused

ROOT = Path(__file__).resolve().parents[2]
SEED = 7
servers = [pytest.mark.servers, pytest.mark.enable_socket, pytest.mark.slow]
ALWAYS = {("smtp", "answer", "garbage"), ("smtp", "answer", "lost"), ("smtp", "body", "half-close")}


def some() -> list[Pair]:
    """One fault for each point, and those that once doubled a letter."""
    chance = random.Random(SEED)
    quick = [p for p in pairs() if p.fault != "delay"]
    by_point: dict[tuple[str, str], list[Pair]] = {}
    for pair in quick:
        by_point.setdefault((pair.server, pair.point), []).append(pair)
    drawn = [chance.choice(found) for found in by_point.values()]
    return drawn + [p for p in quick if (p.server, p.point, p.fault) in ALWAYS and p not in drawn]


def apart(*words: object) -> dict:
    """A run of kills.py in a process of its own: it forks, and may have no threads."""
    command = [sys.executable, "-m", "tests.torture.kills", *map(str, words)]
    environ = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, timeout=300, check=True
    )
    return json.loads(done.stdout)


def unlike(report: dict) -> dict:
    zero = ("lost", "cases doubled", "letters doubled", "letters unsent", "verify")
    return {name: report[name] for name in zero if report[name]}


@pytest.mark.parametrize("server", ["imap", "imap without MOVE", "smtp"])
class TestFaults:
    pytestmark = servers

    def test_a_fault_at_each_point_of_the_dialogue_loses_and_doubles_nothing(
        self, tmp_path: Path, server: str
    ) -> None:
        assert all_tried(tmp_path, [p for p in some() if p.server == server]) == {}


class TestKills:
    pytestmark = servers

    def test_kills_at_random_moments_lose_and_double_nothing(self) -> None:
        report = apart(SEED, 12, 60)

        assert unlike(report) == {}
        assert report["kills"] >= 3

    def test_a_locked_database_only_makes_a_mail_wait(self, tmp_path: Path) -> None:
        wrong = refused(tmp_path, step=6)

        assert int(wrong.pop(0)[0]) > 12
        assert wrong == {}


@pytest.mark.slow
def test_damaged_mails_are_handled_and_have_an_outcome() -> None:
    found = tried(SEED, range(240), every=8)

    assert found["raised"] == {}
    assert found["outcome missing"] == 0
    assert found["down the line"] == 30
    assert len(found["outcomes"]) > 3


@pytest.mark.slow
def test_histories_of_anything_in_any_order_keep_every_promise() -> None:
    found = lived(SEED, 10)

    assert found["wrong"] == ""
    assert found["states"] > 3
    assert found["letters"] > 10
