"""How long a mail takes to be understood: the labelled mails one by one, and hostile texts.

Run with `make bench`. Prints the median and the 99th percentile in milliseconds, the slowest
mail, and the seconds that each hostile text of 5 MB takes, all on one core.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from mmx_mailflow.intake.parse import parsed

CORPUS = Path(__file__).parents[1] / "tests" / "corpus"
ROUNDS, SIZE = 5, 5_000_000
HEAD = (
    b"From: Pat <pat@example.example>\r\nTo: records@medicalmex.example\r\nSubject: x\r\n"
    b"Date: Wed, 18 Jun 2025 10:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
)
HTML = HEAD.replace(b"text/plain", b"text/html")
PATTERNS: dict[str, tuple[bytes, bytes]] = {
    "nested quotes": (HEAD, b"> > > > On Mon, Jan 1, 2024 at 9:00 AM A <a@b.example> wrote:\n"),
    "headings": (HEAD, b"On "),
    "100,000 digits and more": (HEAD, b"1"),
    "digits and spaces": (HEAD, b"1 2 "),
    "one long line of words": (HEAD, b"Maria de la "),
    "capitals": (HEAD, b"Hospital San "),
    "dates": (HEAD, b"May 3, 2024 and "),
    "spaces": (HEAD, b" "),
    "empty lines": (HEAD, b"\n"),
    "colons": (HEAD, b"name: "),
    "numbers in words": (HEAD, b"twenty two mil "),
    "streets": (HEAD, b"12 Oak St "),
    "wishes": (HEAD, b"I need the x-rays, "),
    "addresses": (HEAD, b"a@b."),
    "tags": (HTML, b"<div>"),
    "tables": (HTML, b"<table><tr><td>"),
    "brackets": (HEAD, b"((((("),
    "quotes": (HEAD, b'"a" '),
}


def spent(raw: bytes) -> float:
    """Seconds for one mail."""
    start = time.perf_counter()
    parsed("x.eml", raw)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    files = sorted(CORPUS.glob("*/*.eml"))
    mails = {path.stem: path.read_bytes() for path in files}
    best = {name: min(spent(raw) for _ in range(ROUNDS)) * 1000 for name, raw in mails.items()}
    ordered = sorted(best.values())
    slowest = max(best, key=lambda name: best[name])
    print(f"{len(best)} mails: median {statistics.median(ordered):.1f} ms,", end=" ")
    print(f"99th percentile {ordered[int(len(ordered) * 0.99)]:.1f} ms,", end=" ")
    print(f"slowest {slowest} {best[slowest]:.1f} ms")
    for name, (head, piece) in PATTERNS.items():
        print(f"{name:28} {spent(head + piece * (SIZE // len(piece))):6.2f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
