"""From whom a mail is: addresses that cannot be mistaken, and domains made to be."""

from __future__ import annotations

import pytest
from tests.casework.made import NOW

from mmx_mailflow.intake.authenticity import looks_like
from mmx_mailflow.intake.read import read
from mmx_mailflow.intake.understand import understand

OURS = frozenset({"office.example", "faro.example", "gmail.com"})


@pytest.mark.parametrize(
    "domain",
    [
        "0ffice.example",
        "offiice.example",
        "office.test",
        "of-fice.example",
        "offic\u00e9.example",
        "\u043effice.example",
        "xn--ffice-iye.example",
        "f\u0430ro.example",
        "far\u03bf.example",
        "office.example.stranger.test",
        "mail.office.example.stranger.test",
    ],
)
def test_a_domain_made_to_resemble_ours_is_seen(domain: str) -> None:
    assert looks_like(domain, OURS)


@pytest.mark.parametrize(
    "domain",
    ["office.example", "mx.office.example", "gmail.com", "ymail.com", "hospital.example", "xn--.x"],
)
def test_ours_and_other_peoples_are_left_alone(domain: str) -> None:
    assert not looks_like(domain, OURS)


@pytest.mark.parametrize(
    ("header", "senders"),
    [
        ("Ana <ana.prueba@gmail.com>", ("ana.prueba@gmail.com",)),
        ("Ana ana.prueba@gmail.com", ("ana.prueba@gmail.com",)),
        ('"ana.prueba@gmail.com"@stranger.example', ()),
        ("<@gmail.com:eve@stranger.example>", ("eve@stranger.example",)),
    ],
)
def test_an_address_within_another_is_nobodys(header: str, senders: tuple[str, ...]) -> None:
    message = read(f"From: {header}\r\nSubject: x\r\n\r\nHello\r\n".encode())
    assert message.from_addresses == senders


@pytest.mark.parametrize(
    ("words", "subject", "language"),
    [
        ("Confirmo.", "Re: Su solicitud de expediente MMX-7F3K-9Q2", "es"),
        ("Ok", "Re: Su solicitud de expediente MMX-7F3K-9Q2", "es"),
        ("I confirm.", "Re: Your medical records request MMX-7F3K-9Q2", "en"),
        (
            "Please write to me in English, I do not read this",
            "Re: Su solicitud de expediente",
            "en",
        ),
    ],
)
def test_a_word_is_in_the_language_of_its_thread(words: str, subject: str, language: str) -> None:
    raw = f"From: ana.prueba@gmail.com\r\nSubject: {subject}\r\n\r\n{words}\r\n".encode()
    assert understand(read(raw), NOW).reply_language == language
