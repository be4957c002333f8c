"""Cases as JSON, in rows and journals, whatever version wrote them.

What was written is never rewritten: it says its shape, a number, and what came after that shape
is made up for when it is read. Fields that are new and have a default need nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue, TypeAdapter

from mmx_mailflow.casework.case import Case

Parts = dict[str, JsonValue]
"""The top-level fields of a case."""
_CASE = TypeAdapter(Case)
_SHAPE = "shape"


@dataclass(frozen=True, slots=True)
class Renamed:
    """A field has another name now; `*` in a path stands for each item of a list."""

    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A field is gone."""

    path: str


@dataclass(frozen=True, slots=True)
class Changed:
    """The value of a field is written in another way."""

    path: str
    how: Callable[[JsonValue], JsonValue]


Change = Renamed | Removed | Changed

UPGRADES: tuple[tuple[Change, ...], ...] = ()
"""The n-th entry leads from shape n to shape n + 1; entries are appended and never changed."""


def dumped(case: Case) -> bytes:
    """A case as it is stored."""
    return json.dumps(parts_of(case) | {_SHAPE: len(UPGRADES)}).encode()


def parts_of(case: Case) -> Parts:
    """The fields of a case, in today's shape."""
    parts: Parts = json.loads(_CASE.dump_json(case))
    return parts


def loaded(content: bytes) -> Case:
    """A stored case, in whatever shape it was written; raises ValueError."""
    parts: Parts = json.loads(content)
    return case_of(upgraded(parts, parts.pop(_SHAPE, 0)))


def case_of(parts: Parts) -> Case:
    """The case of fields in today's shape; raises ValueError."""
    return _CASE.validate_json(json.dumps(parts))


def changed(words: Mapping[str, JsonValue]) -> Parts:
    """What a line of a journal says that changed, in today's shape."""
    parts = words["changed"]
    assert isinstance(parts, dict)
    return upgraded(parts, words.get(_SHAPE, 0))


def marked(parts: Parts) -> Parts:
    """The words of a journal line about what changed, with the shape they are written in."""
    return {"changed": parts, _SHAPE: len(UPGRADES)}


def upgraded(parts: Parts, shape: JsonValue) -> Parts:
    """Fields of an earlier shape in today's; fields that are not there are left out."""
    assert isinstance(shape, int)
    for changes in UPGRADES[shape:]:
        for change in changes:
            _apply(parts, change)
    return parts


def _apply(parts: Parts, change: Change) -> None:
    *way, name = change.path.split(".")
    for holder in _holders(parts, way):
        if name not in holder:
            continue
        if isinstance(change, Changed):
            holder[name] = change.how(holder[name])
            continue
        value = holder.pop(name)
        if isinstance(change, Renamed):
            holder[change.to] = value


def _holders(value: JsonValue, way: list[str]) -> Iterator[Parts]:
    """The objects at a path."""
    if not way:
        if isinstance(value, dict):
            yield value
    elif way[0] == "*" and isinstance(value, list):
        for item in value:
            yield from _holders(item, way[1:])
    elif isinstance(value, dict) and way[0] in value:
        yield from _holders(value[way[0]], way[1:])
