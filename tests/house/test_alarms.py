"""Every alarm that is raised anywhere has words for staff in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

from mmx_mailflow.letters.words_staff import ALARMS

SOURCE = Path(__file__).resolve().parents[2] / "src"
WHERE = {"alarm": 1, "tell_staff": 2}
"""The functions that raise an alarm, and which of their arguments is its name."""


def raised() -> set[str]:
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                at = WHERE.get(node.func.id)
                if at is not None:
                    assert isinstance(node.args[at], ast.Constant), f"{path}: {node.lineno}"
                    found.add(node.args[at].value)
            if isinstance(node, ast.Dict):
                found |= {
                    value.value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant)
                    and key.value == "alarm"
                    and isinstance(value, ast.Constant)
                }
    return found


def test_every_alarm_that_is_raised_has_words() -> None:
    found = raised()

    assert {"gate", "uncertain", "parked", "promise", "staff_unproven", "emergency"} <= found
    assert found <= set(ALARMS)


def test_the_words_of_an_alarm_differ_by_language() -> None:
    assert all(english != spanish for english, spanish in ALARMS.values())
