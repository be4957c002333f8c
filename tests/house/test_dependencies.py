"""The lock holds what the project declares, under licences that may be passed on."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKED = dict(
    re.findall(r"(?m)^([a-z0-9_.-]+)==([^ \\;]+)", (ROOT / "requirements.lock").read_text())
)
COPYLEFT = re.compile(r"(?<![a-z])a?gpl|(?<!lesser )general public|affero", re.IGNORECASE)
STATED_ELSEWHERE = {"imapclient": "BSD-3-Clause"}
"""Packages without a word in their metadata: what the licence file in them says."""
LESSER = re.compile(r"lgpl|lesser general public", re.IGNORECASE)


def plain(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~ ;]", requirement, maxsplit=1)[0]).lower()


def test_every_declared_package_is_locked() -> None:
    project = PYPROJECT["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    groups += PYPROJECT["dependency-groups"].values()

    assert {plain(line) for group in groups for line in group} - LOCKED.keys() == set()


def licence(name: str) -> str:
    about = metadata(name)
    classifiers = [c for c in about.get_all("Classifier") or [] if c.startswith("License")]
    words = [about["License-Expression"] or "", STATED_ELSEWHERE.get(name, ""), *classifiers]
    # A whole licence text in the field says `general public` about other programs.
    words.append((about["License"] or "")[:60])
    return " ".join(words)


def installed(name: str) -> bool:
    try:
        metadata(name)
    except PackageNotFoundError:  # a package of another platform
        return False
    return True


@pytest.mark.parametrize("name", sorted(filter(installed, LOCKED)))
def test_no_package_forces_its_licence_on_us(name: str) -> None:
    words = licence(name)

    assert words.strip()
    assert not COPYLEFT.search(LESSER.sub("", words))
