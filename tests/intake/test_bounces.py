"""Which letter a bounce is about, for which address, and whether for good."""

from __future__ import annotations

import logging
import random
from datetime import UTC, datetime

import pytest
import structlog
from tests.intake.bounces import DELAYED, DELIVERED, FAILED, Maker, block, message_id, report

from mmx_mailflow.casework.values import Kind
from mmx_mailflow.intake.bounces import Fate, read_bounce
from mmx_mailflow.intake.read import read
from mmx_mailflow.intake.understand import understand
from mmx_mailflow.ops import logs

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FARO = "archivo@faro.example"
LETTER = (
    b"From: MedicalMex <records@office.example>\r\nTo: archivo@faro.example\r\n"
    b"Subject: Your medical records request MMX-7K4P-QX21\r\n"
    b"Message-ID: <A1B2C3.0123456789ABCDEF@office.example>\r\n"
    b"Reply-To: records+0123456789ABCDEF@office.example\r\n\r\n"
    b"We ask you for the records of Ana Prueba Demo. Write to us at ana.prueba@gmail.com.\r\n"
)
ALL: dict[str, tuple[Maker, Fate]] = (
    {f"failed: {n}": (maker, Fate.FAILED) for n, (maker, _) in FAILED.items()}
    | {f"delayed: {n}": (maker, Fate.DELAYED) for n, maker in DELAYED.items()}
    | {f"delivered: {n}": (maker, Fate.DELIVERED) for n, maker in DELIVERED.items()}
)


@pytest.mark.parametrize("name", ALL)
def test_a_bounce_leads_to_its_letter_and_says_what_became_of_it(name: str) -> None:
    maker, fate = ALL[name]
    raw = maker(LETTER, FARO)
    message = read(raw)
    understood = understand(message, NOW)
    bounce = read_bounce(raw, message)
    said = bounce.about(FARO)

    assert understood.kind == Kind.BOUNCE
    assert not understood.may_answer
    assert bounce.originals[0] == message_id(LETTER)
    assert said is not None
    assert said.fate == fate


@pytest.mark.parametrize("name", FAILED)
def test_the_code_of_a_failure_is_kept(name: str) -> None:
    maker, code = FAILED[name]
    raw = maker(LETTER, FARO)
    said = read_bounce(raw, read(raw)).about(FARO)

    assert said is not None
    assert said.code == code


@pytest.mark.parametrize("name", ALL)
def test_an_address_that_only_the_copied_letter_names_did_not_fail(name: str) -> None:
    raw = ALL[name][0](LETTER.replace(b"faro.example\r\n", b"other.example\r\n"), "x@else.example")

    assert read_bounce(raw, read(raw)).about("archivo@other.example") is None
    assert read_bounce(raw, read(raw)).about("ana.prueba@gmail.com") is None


def test_an_address_in_the_spelling_of_envelopes_is_known_again() -> None:
    blocks = block("failed", "5.1.1", "new@else.example", "Original-Recipient: rfc822;ana+2Bx@faro.example\n")  # fmt: skip
    raw = report("Undelivered", "x", blocks)(LETTER, "")

    said = read_bounce(raw, read(raw)).about("Ana+x@faro.example")

    assert said is not None
    assert said.fate == Fate.FAILED


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """A bounce as broken programs pass it on: cut, doubled, with foreign bytes and headers."""
    cuts = sorted(chance.randrange(len(raw)) for _ in range(2))
    ways = (
        lambda: raw[: cuts[0]],
        lambda: raw[: cuts[0]] + raw[cuts[1] :],
        lambda: raw[: cuts[1]] + raw[cuts[0] :],
        lambda: raw[: cuts[0]] + chance.randbytes(40) + raw[cuts[0] :],
        lambda: raw.replace(b"rfc822;", chance.choice((b"", b"rfc822", b";;", b'"', b"\xff\xfe"))),
        lambda: raw.replace(b"Action: ", chance.choice((b"Action:", b"Action: \xe9", b"action ("))),
        lambda: raw.replace(b"--=_b", chance.choice((b"--=_c", b"", b"--=_b--")), 1),
        lambda: raw.replace(b"message/delivery-status", chance.choice((b"text/plain", b"message/x", b"multipart/mixed"))),
        lambda: raw.replace(b"charset=utf-8", chance.choice((b"charset=none", b'charset="', b"charset=utf-16"))),
    )  # fmt: skip
    return chance.choice(ways)()


TRIPS_THE_LIBRARY = (
    b"Final-Recipient: rfc822;\xff\xfe\xe9",
    b"Final-Recipient: =?utf-8?b?w6k=?=",
    b"Action: \xe9\xff\nFinal-Recipient: x",
)


def test_damaged_bounces_raise_nothing_and_leave_no_word_in_the_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.set_up()
    chance = random.Random(7)
    makers = [maker for maker, _ in ALL.values()]
    with caplog.at_level(logging.DEBUG):
        for n in range(600):
            raw = makers[n % len(makers)](LETTER, FARO)
            for _ in range(1 + n % 3):
                raw = damaged(raw, chance) or b"x"
            if n % 5 == 0:
                trip = TRIPS_THE_LIBRARY[n // 5 % len(TRIPS_THE_LIBRARY)]
                raw = raw.replace(b"Final-Recipient: rfc822; archivo@faro.example", trip)
            read_bounce(raw, read(raw))
    structlog.reset_defaults()

    assert [r.name for r in caplog.records] == []
    assert capfd.readouterr().err == ""
