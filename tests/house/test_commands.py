"""Every command can be found: in its own help, and in the operator's page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmx_mailflow.cli.main import COMMANDS, GROUPS, main

OPERATING = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
NAMES = [name for name, _ in COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_a_command_says_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    does = dict(COMMANDS)[name]

    assert main([*name.split(), "--help"]) == 0
    assert does.__doc__ is not None
    assert does.__doc__.split()[0] in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_a_command_stands_in_the_operators_page(name: str) -> None:
    assert re.search(rf"^\| `{re.escape(name)}\b", OPERATING, re.MULTILINE)


def test_the_operators_page_has_no_command_that_is_gone() -> None:
    listed = re.findall(r"^\| `([a-z -]+?)`", OPERATING, re.MULTILINE)

    assert set(listed) <= set(NAMES)


def test_a_group_of_commands_says_what_it_is_for() -> None:
    assert {name.rpartition(" ")[0] for name in NAMES} - {""} == GROUPS.keys()
    assert all(GROUPS.values())
