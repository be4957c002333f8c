"""Mails that were damaged by chance: each is read, and one in twenty handled to its outcome.

Usage: mutations.py SEED FIRST COUNT prints how many had which outcome, and what raised, as JSON.
"""

from __future__ import annotations

import json
import logging
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from encodings.aliases import aliases
from pathlib import Path

import structlog
from tests.stories.world import START, office_in
from tests.torture.kills import Reader

from mmx_mailflow import flow
from mmx_mailflow.casework.values import Outcome
from mmx_mailflow.intake.bounces import read_bounce
from mmx_mailflow.intake.commands import read_commands
from mmx_mailflow.intake.match import clues
from mmx_mailflow.intake.opened import letter, msg
from mmx_mailflow.intake.read import read
from mmx_mailflow.intake.understand import understand
from mmx_mailflow.ops.verify import verified
from mmx_mailflow.store import messages
from mmx_mailflow.transport.clock import Clock

CORPUS = Path(__file__).parents[1] / "corpus"
NOW = datetime(2026, 11, 20, 20, tzinfo=UTC)
LARGEST = 60_000
BATCH = 50
EVERY = 20
"""One in so many goes down the whole line, letters and forms included; that takes its time."""
NAMED = ("idna", "undefined", "punycode", "unicode_escape", "raw_unicode_escape", "charmap")
CHARSETS = (
    *(name.encode() for name in sorted({*aliases.values(), *NAMED})),
    b"windows-1252", b"x-unknown", b"utf-8; x", b"us-ascii", b"",
)  # fmt: skip
"""Every codec that Python knows, also those that are no charset, and some that it does not."""
ODD = (
    b"\0", b"\r", b"\n", b"\r\n\r\n", b"=?", b"?=", b"=?utf-8?b?", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80",
    b"--", b"<", b">", b"&#1114112;", b"&#xD800;", b'"', b"(", b"\\", b"%", b"{", b"9" * 400, b"\xe2\x80\xae",
    b"0000-00-00", b"31/02/1980", b"99/99/9999", b"\x1b$B", b"=3D=0", b"MMX-", b"IMPORTANT = ", b"PROVIDER 0 = ",
)  # fmt: skip
Change = Callable[[bytearray, random.Random], bytes]


def place(raw: bytearray, chance: random.Random) -> int:
    return chance.randrange(len(raw) + 1)


def flipped(raw: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 3, 20, 200))):
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return bytes(raw)


def cut(raw: bytearray, chance: random.Random) -> bytes:
    start, end = sorted((place(raw, chance), place(raw, chance)))
    return bytes(chance.choice((raw[:start], raw[start:], raw[:start] + raw[end:])))


def doubled(raw: bytearray, chance: random.Random) -> bytes:
    start, end = sorted((place(raw, chance), place(raw, chance)))
    return bytes(raw[:end] + raw[start:end] * chance.choice((1, 1, 5)) + raw[end:])[:LARGEST]


def swapped(raw: bytearray, chance: random.Random) -> bytes:
    """Header lines in another order, some given twice."""
    head, gap, body = bytes(raw).partition(b"\n\n" if b"\r\n\r\n" not in raw else b"\r\n\r\n")
    lines = head.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines + chance.choices(lines, k=chance.choice((0, 1, 4)))) + gap + body


def recoded(raw: bytearray, chance: random.Random) -> bytes:
    at = bytes(raw).lower().find(b"charset=", chance.randrange(len(raw)))
    at = at if at >= 0 else bytes(raw).lower().find(b"charset=")
    if at < 0:
        name = chance.choice(CHARSETS)
        return b"Content-Type: text/plain; charset=" + name + b"\r\n" + bytes(raw)
    end = next((i for i in range(at, len(raw)) if raw[i] in b"\r\n;"), len(raw))
    mark = chance.choice((b"charset=", b"charset=", b"charset*="))
    return bytes(raw[:at]) + mark + chance.choice(CHARSETS) + bytes(raw[end:])


def worded(raw: bytearray, chance: random.Random) -> bytes:
    """Header words in a charset that is none of theirs."""
    words = bytes(raw)
    found = list(re.finditer(rb"=\?([\w-]+)\?[bqBQ]\?", words[:20_000]))
    if not found:
        return b"Subject: =?" + chance.choice(CHARSETS) + b"?q?abc=E9-b9?=\r\n" + words
    one = chance.choice(found)
    return words[: one.start(1)] + chance.choice(CHARSETS) + words[one.end(1) :]


def unbound(raw: bytearray, chance: random.Random) -> bytes:
    """Boundaries that do not match, end nowhere, or are empty."""
    words = bytes(raw)
    at = words.lower().find(b"boundary=")
    if at < 0:
        return b'Content-Type: multipart/mixed; boundary="b"\r\n' + words
    mark = words[at + 9 :].lstrip(b'"').split(b'"')[0].split(b"\n")[0].strip()
    new = chance.choice((b"", b"x", mark[:-1], mark * 2, b"\xff"))
    return words.replace(mark, new, chance.choice((1, 2))) if mark else words


def salted(raw: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 2, 8))):
        at = place(raw, chance)
        raw[at:at] = chance.choice(ODD)
    return bytes(raw)


def transferred(raw: bytearray, chance: random.Random) -> bytes:
    ways = (b"base64", b"quoted-printable", b"8bit", b"x-uuencode", b"binary", b"gzip")
    return b"Content-Transfer-Encoding: " + chance.choice(ways) + b"\r\n" + bytes(raw)


CHANGES: tuple[Change, ...] = (
    flipped, cut, doubled, swapped, recoded, worded, unbound, salted, transferred,
)  # fmt: skip


def corpus() -> list[bytes]:
    return [raw for p in sorted(CORPUS.glob("*/*.eml")) if 0 < len(raw := p.read_bytes()) < LARGEST]


def mutated(mails: list[bytes], seed: int, number: int) -> bytes:
    """The mail of a number, the same for the same seed, damaged one to three times."""
    chance = random.Random(f"{seed}/{number}")
    raw = chance.choice(mails)
    for _ in range(chance.choice((1, 1, 2, 3))):
        raw = chance.choice(CHANGES)(bytearray(raw or b"x"), chance)
    return raw


def pure(raw: bytes) -> None:
    """Everything pure that a mail can come to, whatever kind it is."""
    message = read(raw, msg)
    understand(message, NOW, words_in=letter)
    clues(message, "records@office.example", ())
    read_commands(message.new_text, today=NOW.date())
    read_bounce(raw, message)


def handled(folder: Path, raws: Sequence[bytes]) -> list[str]:
    """Send mails down the line, from the keeping to the letters; the outcome of each."""
    clock = Clock(START)
    office = replace(office_in(folder, clock), worker=Reader(folder))
    for first in range(0, len(raws), BATCH):
        batch = raws[first : first + BATCH]
        rows = [
            messages.Fetched(uid=first + n, received_at=clock.now(), size=len(raw), raw=raw)
            for n, raw in enumerate(batch, 1)
        ]
        with office.store.begin() as connection:
            messages.keep(connection, office.keys, "records", "INBOX", 1, rows, clock.now())
        while flow.handle_kept(office):
            clock.advance(timedelta(minutes=5))
    with office.store.begin() as connection:
        found = messages.listing(connection, office.keys)
    wrong = [c["detail"] for c in verified(office)["checks"] if not c["ok"]]
    office.close()
    outcomes = [str(row["outcome"] or "missing") for row in found]
    parked = [f"raised: {row['why']}" for row in found if row["outcome"] == Outcome.PARKED]
    return [*outcomes, *parked, *(f"verify: {why}" for why in wrong)]


def failures(raws: Sequence[bytes]) -> Iterator[str]:
    for raw in raws:
        try:
            pure(raw)
        except Exception as error:  # noqa: BLE001  whatever it is, it must not be
            yield f"{type(error).__name__}: {error}"[:200]


def tried(seed: int, numbers: range, every: int = EVERY) -> dict[str, object]:
    """All are read, every so-many-th goes down the line; two thousand share a database."""
    logging.disable(logging.CRITICAL)  # the libraries' words about broken mails
    mails, outcomes, raised = corpus(), Counter[str](), Counter[str]()
    for start in range(numbers.start, numbers.stop, 2_000):
        some = range(start, min(start + 2_000, numbers.stop))
        raws = [mutated(mails, seed, n) for n in some]
        raised.update(failures(raws))
        with tempfile.TemporaryDirectory() as folder:
            found = handled(Path(folder), raws[::every])
        raised.update(word for word in found if ": " in word)
        outcomes.update(word for word in found if ": " not in word)
    logging.disable(logging.NOTSET)
    return {
        "mails": len(numbers),
        "down the line": outcomes.total(),
        "outcomes": dict(outcomes),
        "raised": dict(raised),
        "outcome missing": outcomes["missing"],
    }


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    seed, start, count = map(int, sys.argv[1:])
    print(json.dumps(tried(seed, range(start, start + count))))
