"""Pages and folders that are a mirror of the code."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from mmx_mailflow.casework import diagram
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Language
from mmx_mailflow.settings import data_path

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("language", list(Language))
def test_every_letter_has_a_folder_and_every_folder_a_letter(language: Language) -> None:
    folders = {
        path.name
        for path in (data_path("templates") / language.value).iterdir()
        if path.is_dir() and not path.name.startswith("_")
    }

    assert folders == {name.value for name in LetterName} | {"form"}


def states_page() -> str:
    return diagram.page()


def test_the_page_of_states_is_drawn_from_the_table() -> None:
    page = ROOT / "docs" / "states.md"
    if os.environ.get("DRAW_STATES"):
        page.write_text(states_page())

    assert page.read_text() == states_page()


def test_the_data_of_a_checkout_are_those_of_the_repository() -> None:
    assert data_path("config.example.toml") == ROOT / "config.example.toml"
    assert data_path("migrations") == ROOT / "migrations"


def test_every_test_that_the_security_page_names_exists() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", page)

    assert len(named) > 40
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text() if name else (ROOT / path).exists()
    assert [f"PR-{n:02}" for n in range(1, 46)] == re.findall(
        r"^\| (PR-\d\d) \|", page, re.MULTILINE
    )
