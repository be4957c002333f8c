"""One part of `make torture`: run.py PART SEED SHARE prints what was found as JSON."""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

import structlog
from tests.servers.postgres import cluster
from tests.torture.faults import NAMES, all_tried, pairs
from tests.torture.refusals import refused


def faults(folder: Path, server: str, seed: int, share: float) -> dict[str, object]:
    """Every fault at every point of one server's dialogue, or a share of them."""
    mine = [p for p in pairs() if p.server == server]
    some = random.Random(seed).sample(mine, max(1, round(len(mine) * share)))
    wrong = all_tried(folder, some)
    names = {f"{p.fault} at {p.point}": why for p, why in wrong.items()}
    return {"points": len({p.point for p in some}), "faults": len(some), "wrong": names}


def refusals(folder: Path, share: float, url: str = "") -> dict[str, object]:
    """The database refuses at every transaction of the line, or at a share of them."""
    wrong = refused(folder, url=url, step=max(1, round(1 / share)))
    return {"transactions": int(wrong.pop(0)[0]), "wrong": wrong}


def histories(seed: int, share: float) -> dict[str, object]:
    """Cases that live through whatever comes in any order."""
    from tests.torture.histories import lived  # noqa: PLC0415  hypothesis is slow to load

    return lived(seed, max(1, round(400 * share)))


def main(part: str, seed: int, share: float) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if part in NAMES:
            return faults(home, part, seed, share)
        if part == "sqlite":
            return refusals(home, share)
        if part == "postgres":
            with cluster() as url:
                return refusals(home, share, url)
        return histories(seed, share)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
