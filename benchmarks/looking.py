"""A process that only inspects: files come in, what was recognised goes out.

`benchmarks/forms.py` starts it, so that memory and time are those of inspecting alone.
"""

from __future__ import annotations

import pickle
import re
import sys
import time
from datetime import date
from pathlib import Path

from mmx_mailflow.forms.returned import ReturnedFile
from mmx_mailflow.forms.returned.look import inspect

KEY, TODAY = b"k" * 32, date(2026, 11, 24)


def most_memory() -> float:
    """The most that this program held, in megabytes; getrusage counts what its parent held too."""
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text("ascii"))
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    """One file after another until an empty one: the return, seconds, megabytes at most."""
    while content := pickle.load(sys.stdin.buffer):
        began = time.perf_counter()
        back = inspect([ReturnedFile(name="", content=content)], key=KEY, today=TODAY)
        took = time.perf_counter() - began
        most = most_memory()
        pickle.dump((back, took, most), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
