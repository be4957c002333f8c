"""The answer to a question with options."""

from __future__ import annotations

from datetime import date

import pytest

from mmx_mailflow.casework.choice import pick, settled
from mmx_mailflow.casework.facts import FactName, Facts, Reading
from mmx_mailflow.casework.merge import merged

ASKED = Facts(
    ambiguous=frozenset({FactName.DATE_OF_BIRTH}),
    readings=tuple(
        Reading(fact=FactName.DATE_OF_BIRTH, value=v) for v in ("1980-03-04", "1980-04-03")
    ),
)
PICKS = {
    "b)": 1, "B": 1, "a": 0, "b.": 1, "Option b": 1, "It's b) thanks": 1, "la b": 1, "La opción a)": 0, "es la b)": 1, "(b)": 1,
    "The second one": 1, "the first": 0, "It is the second.": 1, "la segunda": 1, "Es el primero, gracias": 0, "the latter": 1, "Option 2": 1, "la última": -1,
    "Hello": None, "A friend told me to write": None, "Neither": None, "ninguna de las dos": None, "c'est moi": None, "": None,
    "I had the surgery with Dr. Bell and it was a good experience": None, "b" * 200: None, "Al rato les mando la segunda hoja que me pidieron, porque hoy no alcancé a pasar por la papelería y además no tengo el documento conmigo, perdón por la demora, saludos": None,
}  # fmt: skip


@pytest.mark.parametrize("words", PICKS)
def test_a_pick_is_understood(words: str) -> None:
    assert pick(words) == PICKS[words]


@pytest.mark.parametrize(
    ("words", "day"), [("b)", date(1980, 4, 3)), ("la primera", date(1980, 3, 4))]
)
def test_the_option_that_was_picked_settles_the_fact(words: str, day: date) -> None:
    after = merged(ASKED, settled(ASKED, Facts(), words))

    assert after.date_of_birth == day
    assert FactName.DATE_OF_BIRTH not in after.ambiguous


def test_a_mail_that_states_the_day_is_not_overruled() -> None:
    stated = Facts(date_of_birth=date(1980, 5, 5))

    assert settled(ASKED, stated, "b)").date_of_birth == date(1980, 5, 5)


def test_with_two_open_questions_nothing_is_picked() -> None:
    two = Facts(
        ambiguous=frozenset({FactName.DATE_OF_BIRTH, FactName.TREATMENT_DATES}),
        readings=(
            *ASKED.readings,
            *(
                Reading(fact=FactName.TREATMENT_DATES, value=v)
                for v in ("2024-03-04", "2024-04-03")
            ),
        ),
    )

    assert settled(two, Facts(), "b)") == Facts()


def test_an_option_that_was_not_offered_settles_nothing() -> None:
    assert settled(ASKED, Facts(), "d)") == Facts()
