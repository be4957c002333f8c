"""What speaks for a case when nothing proves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage

import pytest

from mmx_mailflow.casework.case import Case, Provider, State
from mmx_mailflow.casework.codes import reference
from mmx_mailflow.casework.facts import Facts
from mmx_mailflow.intake.guesses import MOST, guesses, initials
from mmx_mailflow.intake.read import read

NOW = datetime(2026, 11, 2, 17, tzinfo=UTC)


def case(number: int, name: str | None, born: str = "1980-03-25", office: str = "") -> Case:
    named = Provider(n=1, name="Hospital Faro del Mar", address=office)
    return Case(
        ref=reference(bytes([number]) * 8),
        state=State.INTAKE,
        received_at=NOW,
        sender=f"patient{number}@gmail.com",
        facts=Facts(patient_name=name, date_of_birth=date.fromisoformat(born)),
        providers=(named,),
    )


ANA = case(1, "Ana Prueba Demo", office="archivo@faro.example")
JOSE = case(2, "José Ejemplo Núñez", "1975-03-04")
NAMELESS = case(3, None, "1990-01-01", office="clinica@gmail.com")
EVERY = (ANA, JOSE, NAMELESS)


def mail(sender: str, text: str, subject: str = "") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "records@office.example", subject
    made.set_content(text)
    return made.as_bytes()


def found(sender: str, text: str, subject: str = "") -> list[tuple[str, tuple[str, ...]]]:
    message = read(mail(sender, text, subject))
    return [(g.ref, g.because) for g in guesses(message, EVERY, NOW.date())]


@pytest.mark.parametrize(
    ("sender", "text", "subject", "expected"),
    [
        ("x@y.example", "hello", "", []),
        ("x@y.example", "hello", f"About {JOSE.ref}", [(JOSE.ref, ("reference",))]),
        ("patient2@gmail.com", "hello", "", [(JOSE.ref, ("sender",))]),
        ("archivo@faro.example", "hello", "", [(ANA.ref, ("sender", "provider_domain"))]),
        ("caja@faro.example", "hello", "", [(ANA.ref, ("provider_domain",))]),
        ("stranger@gmail.com", "hello", "", []),
        ("x@y.example", "My wife ANA PRUEBA DEMO asks", "", [(ANA.ref, ("name",))]),
        ("x@y.example", "Ejemplo Nunez, Jose", "", [(JOSE.ref, ("name",))]),
        ("x@y.example", "born on 25 March 1980", "", [(ANA.ref, ("birth_date",))]),
        ("x@y.example", "la señora Prueba", "", [(ANA.ref, ("surname",))]),
        ("x@y.example", "Hospital Faro del Mar", "", []),
        ("x@y.example", "Ana went there", "", []),
        (
            "x@y.example",
            "Ana Prueba Demo at Hospital Faro del Mar, and Mr. Ejemplo",
            "",
            [(ANA.ref, ("name", "provider")), (JOSE.ref, ("surname", "provider"))],
        ),
    ],
)
def test_a_guess_says_by_what(
    sender: str, text: str, subject: str, expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert found(sender, text, subject) == expected


def test_there_are_at_most_three_guesses_the_open_cases_first() -> None:
    many = [case(n, "Ana Prueba Demo") for n in range(4, 10)]
    closed = replace(many[0], closed_at=NOW, state=State.CLOSED)
    message = read(mail("x@y.example", "Ana Prueba Demo"))

    chosen = guesses(message, [closed, *many[1:]], NOW.date())

    assert len(chosen) == MOST
    assert closed.ref not in {g.ref for g in chosen}


def test_a_guess_names_nobody() -> None:
    [guess] = guesses(read(mail("x@y.example", "Ana Prueba Demo")), EVERY, NOW.date())

    assert guess.initials == "A. P. D."
    assert initials("") == ""
