"""Names and days of two papers, compared."""

from datetime import date

import pytest

from mmx_mailflow.casework.same import same_day, same_name

BORN = date(1980, 4, 3)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("José Núñez Ejemplo", "JOSE  NUNEZ EJEMPLO", True),
        ("Ana Prueba-Demo", "Ana Prueba Demo", True),
        ("Ana Demo Prueba", "Ana Prueba Demo", None),
        ("Prueba Demo, Ana", "Ana Prueba Demo", None),
        ("Ana Prueba", "Ana Prueba Demo", None),
        ("Ana Pureba Demo", "Ana Prueba Demo", None),
        ("Luis Prueba García", "Ana Prueba Demo", False),
        ("Eva Otra Persona", "Ana Prueba Demo", False),
    ],
)
def test_a_name_is_the_same_another_or_for_a_person_to_see(one, other, same) -> None:
    assert same_name(one, other) is same
    assert same_name(other, one) is same


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("3 April 1980 / 3 de abril de 1980", True),
        ("April 3rd, 1980", True),
        ("3 abr 1980", True),
        ("1980-04-03", True),
        ("1980-03-04", False),
        ("03/04/1980", None),
        ("04/03/1980", None),
        ("04/03/1981", False),
        ("3 May 1980", False),
        ("3 April 1980 / 3 de mayo de 1980", None),
        ("April 1980", None),
        ("see below", None),
        ("", None),
        (" / ", None),
    ],
)
def test_a_birth_date_on_a_form_is_the_same_another_or_not_to_be_told(words, same) -> None:
    assert same_day(words, BORN) is same


def test_a_day_beyond_the_twelfth_can_be_read_in_one_way_alone() -> None:
    assert same_day("25/03/1980", date(1980, 3, 25)) is True
    assert same_day("03/25/1980", date(1980, 3, 25)) is True
    assert same_day("04/04/1980", date(1980, 4, 4)) is True
