"""A later mail fills and corrects; what it leaves unsaid unsettles nothing."""

from __future__ import annotations

from datetime import date

import pytest
from tests.casework.made import NOW, POLICY, awaiting_signature, staff

from mmx_mailflow.casework.commands import Command, Verb
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.facts import FactName, Facts, Reading
from mmx_mailflow.casework.merge import merged

NAME, BIRTH = FactName.PATIENT_NAME, FactName.DATE_OF_BIRTH
KNOWN = Facts(patient_name="Mary Sample Rivers", date_of_birth=date(1980, 4, 3))


def test_a_first_name_under_the_text_does_not_reopen_the_name() -> None:
    after = merged(KNOWN, Facts(ambiguous=frozenset({NAME})))

    assert after.patient_name == "Mary Sample Rivers"
    assert not after.ambiguous


def test_a_first_name_leaves_the_readings_that_were_asked_open() -> None:
    asked = Facts(
        ambiguous=frozenset({NAME}),
        readings=(Reading(fact=NAME, value="Eva Uno"), Reading(fact=NAME, value="Eva Dos")),
    )
    after = merged(asked, Facts(ambiguous=frozenset({NAME})))

    assert after.meanings(NAME) == ("Eva Uno", "Eva Dos")


def test_a_first_name_alone_is_a_question_when_nothing_is_known() -> None:
    assert merged(Facts(), Facts(ambiguous=frozenset({NAME}))).open()[0] == NAME


@pytest.mark.parametrize("brief", ["Mary Rivers", "Mary S. Rivers", "mary sample", "M. Rivers"])
def test_a_name_in_brief_keeps_the_full_one(brief: str) -> None:
    assert merged(KNOWN, Facts(patient_name=brief)).patient_name == "Mary Sample Rivers"


@pytest.mark.parametrize(
    "better", ["Mary Sample Rivera", "Mary Anne Sample Rivers", "Marie Sample Rivers"]
)
def test_a_corrected_name_counts(better: str) -> None:
    assert merged(KNOWN, Facts(patient_name=better)).patient_name == better


def test_accents_are_added_and_never_lost() -> None:
    with_, without = Facts(patient_name="José Núñez Peña"), Facts(patient_name="Jose Nunez Pena")

    assert merged(without, with_).patient_name == "José Núñez Peña"
    assert merged(with_, without).patient_name == "José Núñez Peña"


def test_the_name_of_someone_else_is_a_question_with_both() -> None:
    after = merged(KNOWN, Facts(patient_name="Tomás Otro Nombre"))

    assert after.patient_name is None
    assert after.meanings(NAME) == ("Mary Sample Rivers", "Tomás Otro Nombre")
    assert NAME in after.ambiguous


def test_a_birth_date_with_two_readings_opens_it_again() -> None:
    unclear = Facts(
        ambiguous=frozenset({BIRTH}),
        readings=tuple(Reading(fact=BIRTH, value=v) for v in ("1981-02-03", "1981-03-02")),
    )
    after = merged(KNOWN, unclear)

    assert after.date_of_birth is None
    assert after.meanings(BIRTH) == ("1981-02-03", "1981-03-02")


def test_a_later_birth_date_corrects() -> None:
    after = merged(KNOWN, Facts(date_of_birth=date(1980, 4, 5)))

    assert after.date_of_birth == date(1980, 4, 5)
    assert after.patient_name == "Mary Sample Rivers"


def test_providers_are_added() -> None:
    after = merged(Facts(providers=("A",)), Facts(providers=("B", "A")))

    assert after.providers == ("A", "B")


@pytest.mark.parametrize("said", ["Ana Demo", "Tomás Otro Nombre"])
def test_the_name_that_staff_set_counts_whatever_it_was(said: str) -> None:
    case = awaiting_signature()
    command = Command(verb=Verb.SET, name="name", words=said)

    assert decide(case, staff(command), POLICY, NOW).case.facts.patient_name == said
