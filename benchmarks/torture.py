"""Everything that can break is broken, again and again: `make torture`.

Runs the parts below in at most two processes at once, seeded, prints what was found as a table,
and exits 1 when a figure does not hold. `torture.py SEED SHARE` runs a share of each part, so
that `torture.py 1 0.1` takes about six minutes where all of it takes an hour.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KILLS, MAILS, CASES = 2_000, 100_000, 400
LIMIT = 3_600
"""Seconds that the kills may take, in each of the two lanes."""
ZERO = (
    "lost",
    "cases doubled",
    "letters doubled",
    "letters unsent",
    "verify",
    "wrong",
    "raised",
    "outcome missing",
)
Report = dict[str, object]


def run(words: Sequence[object]) -> Report:
    """One part in a process of its own; what it prints last is its report."""
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    environ = os.environ | {"PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-m", *map(str, words)]
    start = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, check=False
    )
    lines = done.stdout.strip().splitlines()
    report: Report = json.loads(lines[-1]) if done.returncode == 0 and lines else {"raised": words}
    return report | {"seconds": round(time.monotonic() - start)}


def parts(seed: int, share: float) -> dict[str, list[object]]:
    """The name of each part, and the module that does it."""
    kills, mails = round(KILLS * share / 2), round(MAILS * share / 10)
    limit = LIMIT * share / 2
    damaged = {
        f"damaged mails, part {part} of 10": ["tests.torture.mutations", seed, part * mails, mails]
        for part in range(1, 11)
    }
    return {
        "kills, first lane": ["tests.torture.kills", seed, kills, limit],
        "kills, second lane": ["tests.torture.kills", seed + 1, kills, limit],
        "faults of IMAP": ["tests.torture.run", "imap", seed, share],
        "faults of SMTP": ["tests.torture.run", "smtp", seed, share],
        "faults of IMAP without MOVE": ["tests.torture.run", "imap without MOVE", seed, share],
        "database locked": ["tests.torture.run", "sqlite", seed, share],
        "database restarted": ["tests.torture.run", "postgres", seed, share],
        "disk full": ["tests.torture.kills", seed, 0, 0],
        "histories of cases": ["tests.torture.run", "histories", seed, share],
        **damaged,
    }


def said(value: object) -> str:
    return str(len(value)) if isinstance(value, list | dict) else str(value)


def shown(name: str, report: Report) -> bool:
    """Print a part's figures; whether they hold."""
    wrong = {key: report[key] for key in ZERO if report.get(key)}
    hidden = ("kinds", "seconds")
    figures = ", ".join(f"{k} {said(v)}" for k, v in report.items() if k not in hidden)
    print(f"{name:30} {report['seconds']:5} s  {'holds' if not wrong else 'BROKEN'}  {figures}")
    for key, value in wrong.items():
        print(f"{'':30} {key}: {value}")
    sys.stdout.flush()
    return not wrong


def main(words: Sequence[str]) -> int:
    seed, share = int(words[0]) if words else 1, float(words[1]) if len(words) > 1 else 1.0
    with ThreadPoolExecutor(2) as pool:
        going = {name: pool.submit(run, work) for name, work in parts(seed, share).items()}
        held = [shown(name, future.result()) for name, future in going.items()]
    print("all of it holds" if all(held) else "NOT ALL OF IT HOLDS")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
