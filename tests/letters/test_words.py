"""How things are said: complete tables, dates that nobody can misread."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmx_mailflow.casework import steps
from mmx_mailflow.casework.case import ProviderState, Result, State, TaskName, Turn
from mmx_mailflow.casework.facts import FactName, Period
from mmx_mailflow.casework.returned import CheckResult, Defect, Verdict
from mmx_mailflow.casework.values import Language
from mmx_mailflow.letters import words_case, words_form, words_needs, words_staff
from mmx_mailflow.letters.words import clean, day, flat, listed, moment, period, quoted

EN, ES = Language.EN, Language.ES
TABLES = {
    "facts": (words_case.FACTS, FactName),
    "asks": (words_case.ASKS, FactName),
    "choices": (words_case.CHOICES, FactName),
    "states": (words_case.STATES, State),
    "turns": (words_case.TURNS, Turn),
    "turn names": (words_case.TURN_NAMES, Turn),
    "providers": (words_case.PROVIDERS, ProviderState),
    "results": (words_case.RESULTS, Result),
    "defects": (words_form.DEFECTS, Defect),
    "check results": (words_form.RESULTS, CheckResult),
    "verdicts": (words_form.VERDICTS, Verdict),
    "checks": (words_form.CHECKS, range(1, 21)),
    "tasks": (words_staff.TASKS, TaskName),
    "task sentences": (words_staff.TASK_SENTENCES, TaskName),
    "provider names": (words_staff.PROVIDER_NAMES, ProviderState),
}
SAME = {"n/a"}


@pytest.mark.parametrize("table", TABLES)
def test_every_member_is_said_in_both_languages(table: str) -> None:
    words, members = TABLES[table]

    assert list(words) == list(members)
    assert all(en and es and (en != es or en in SAME) for en, es in words.values())


def test_every_final_answer_of_a_provider_has_its_sentence() -> None:
    told = {"no_record", "denied", "unresponsive", "partial", "referred", "not_covered"}

    assert told <= {state.value for state in words_needs.NEWS}


def test_every_reason_of_a_refusal_has_words() -> None:
    folder = Path(steps.__file__).parent
    source = "".join(path.read_text() for path in folder.glob("staff*.py"))
    pattern = r'(?:RefusedError\(|ask_confirmation\(work, |, |\n\s+)"([a-z]+(?:_[a-z]+)+)",?\s*\)'
    codes = set(re.findall(pattern, source))

    assert len(codes) > 20
    assert codes - set(words_staff.WHY) == set()


@pytest.mark.parametrize("words", words_staff.TASKS.values(), ids=str)
def test_names_of_tasks_fit_into_a_subject(words) -> None:
    assert all(len(said) <= 45 and "\n" not in said for said in words)


@pytest.mark.parametrize(("language", "said"), [(EN, "4 March 1980"), (ES, "4 de marzo de 1980")])
def test_a_date_has_its_month_in_words(language: Language, said: str) -> None:
    assert day(date(1980, 3, 4), language) == said
    assert day("1980-03-04", language) == said
    assert day("1980-03-04T23:59:59-08:00", language) == said


@given(value=st.dates())
def test_two_dates_are_never_said_alike(value: date) -> None:
    other = date(value.year, value.day, value.month) if value.day <= 12 else value

    assert (day(value, EN) == day(other, EN)) == (value == other)


def test_a_moment_is_said_at_the_office() -> None:
    when, zone = datetime(2026, 11, 20, 20, tzinfo=UTC), ZoneInfo("America/Tijuana")

    assert moment(when, zone, EN) == "20 November 2026 at 12:00 (PST)"
    assert moment(when.isoformat(), zone, ES) == "20 de noviembre de 2026 a las 12:00 (PST)"


@pytest.mark.parametrize(
    ("start", "end", "english", "spanish"),
    [
        ("2024-06-01", "2024-06-30", "June 2024", "junio de 2024"),
        ("2024-02-01", "2024-02-29", "February 2024", "febrero de 2024"),
        ("2024-01-01", "2024-12-31", "2024", "2024"),
        ("2022-01-01", "2023-12-31", "2022-2023", "2022-2023"),
        ("2024-06-03", "2024-06-03", "3 June 2024", "3 de junio de 2024"),
        (
            "2024-06-01",
            "2024-08-31",
            "from June 2024 to August 2024",
            "de junio de 2024 a agosto de 2024",
        ),
        (
            "2024-06-03",
            "2024-06-09",
            "from 3 June 2024 to 9 June 2024",
            "del 3 de junio de 2024 al 9 de junio de 2024",
        ),
    ],
)
def test_a_period_is_said_by_its_dates(start, end, english, spanish) -> None:
    value = Period.model_validate({"start": start, "end": end, "text": "when I was ill"})

    assert period(value, EN) == english
    assert period(value, ES) == spanish


@pytest.mark.parametrize(
    ("values", "english", "spanish"),
    [
        ([], "", ""),
        ([1], "1", "1"),
        (["a", "b"], "a and b", "a y b"),
        (["a", "Imagen"], "a and Imagen", "a e Imagen"),
        (["a", "Hielo"], "a and Hielo", "a y Hielo"),
        (["a", "b", "Hija"], "a, b and Hija", "a, b e Hija"),
    ],
)
def test_a_list_is_said_as_a_person_says_it(values, english, spanish) -> None:
    assert listed(values, EN) == english
    assert listed(values, ES) == spanish


@given(text=st.text())
def test_cleaned_text_steers_nothing_and_can_be_encoded(text: str) -> None:
    found = clean(text)
    found.encode()

    assert all(c == "\n" or c.isprintable() or not c.isascii() for c in found)
    assert "\n" not in flat(text)
    assert all(line.startswith(">") for line in quoted(text).split("\n"))


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("APPROVE", "APROBAR"),
        ("REJECT UNSIGNED", "RECHAZAR UNSIGNED"),
        ("PROVIDER 1 = 2", "PROVEEDOR 1 = 2"),
        ("ADD PROVIDER name", "AGREGAR PROVEEDOR name"),
        ("TELL PATIENT: ... END", "DECIR AL PACIENTE: ... FIN"),
        ("CONFIRM C4", "CONFIRMAR C4"),
        ("1 = MMX-7F3K-9Q2", "1 = MMX-7F3K-9Q2"),
    ],
)
def test_a_command_is_said_in_the_language_of_staff(english: str, spanish: str) -> None:
    assert words_staff.command(english, EN) == english
    assert words_staff.command(english, ES) == spanish
