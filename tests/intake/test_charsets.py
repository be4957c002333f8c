"""Whatever charset a mail declares, its words are read, in bounded time."""

from __future__ import annotations

import time

import pytest
from tests.torture.mutations import CHARSETS, NAMED

from mmx_mailflow.intake.read import read

OTHER_LETTERS = ("utf_16", "utf_32", "cp037", "cp273", "cp500", "cp1026", "cp1140")
"""In which these bytes are other words, or none: they are believed where they say something."""
SAME = sorted(c.decode() for c in CHARSETS if not c.decode().startswith(OTHER_LETTERS))


def mail(charset: str, body: bytes, *, subject: bytes = b"s") -> bytes:
    head = f'From: a@b.example\r\nContent-Type: text/plain; charset="{charset}"\r\n'.encode()
    return head + b"Subject: " + subject + b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body


@pytest.mark.parametrize("charset", SAME)
def test_plain_words_are_read_in_whatever_charset_they_are_said_to_be(charset: str) -> None:
    message = read(mail(charset, b"My birth date is in my file."))

    assert message.text in {"My birth date is in my file.", "Zl ovegu qngr vf va zl svyr."}
    assert charset not in NAMED or message.text.startswith("My")


@pytest.mark.parametrize("charset", NAMED)
def test_bytes_beyond_ascii_are_read_though_the_charset_is_none(charset: str) -> None:
    message = read(mail(charset, "Nací en Cancún".encode()))

    assert message.defects == ()
    assert "Nac" in message.text


@pytest.mark.parametrize("charset", ["punycode", "-PunyCode", "idna", "undefined"])
def test_words_in_a_slow_or_false_charset_cost_bounded_time(charset: str) -> None:
    words = b"abc-" + b"ab9" * 6_000
    subject = b"=?" + charset.encode() + b"?q?" + words + b"?=\r\nX-Again: "
    before = time.monotonic()
    message = read(mail(charset, words * 40, subject=subject * 40))

    assert time.monotonic() - before < 3
    assert "abc-ab9" in message.text
