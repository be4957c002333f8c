"""Whether two papers speak of the same person, the same day: yes, no, or a person must look."""

from __future__ import annotations

import re
from datetime import date

from mmx_mailflow.casework.names import plain

_MONTHS = (
    ("january", "enero"),
    ("february", "febrero"),
    ("march", "marzo"),
    ("april", "abril"),
    ("may", "mayo"),
    ("june", "junio"),
    ("july", "julio"),
    ("august", "agosto"),
    ("september", "septiembre", "setiembre"),
    ("october", "octubre"),
    ("november", "noviembre"),
    ("december", "diciembre"),
)
_SHORTEST_MONTH, _PARTS, _MOST_MONTHS = 3, 3, 12
_ENOUGH_WORDS = 2


def same_name(one: str, other: str) -> bool | None:
    """Accents and case do not count; another order or fewer surnames are for a person to see."""
    first, second = _words(one), _words(other)
    if first == second:
        return True
    shared = set(first) & set(second)
    brief = shared in (set(first), set(second))
    return None if shared and (brief or len(shared) >= _ENOUGH_WORDS) else False


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", plain(name))


def same_day(words: str, day: date) -> bool | None:
    """Whether what stands on a form is this day; 03/04/1980 is for a person to see."""
    halves = [half for half in words.split(" / ") if half.strip()]
    found = [_says(half, day) for half in halves]
    if not found or None in found:
        return None
    return found[0] if len(set(found)) == 1 else None


def _says(words: str, day: date) -> bool | None:
    numbers = [int(n) for n in re.findall(r"\d+", words)]
    month = next((m for w in _words(words) if (m := _month(w))), 0)
    if month and len(numbers) == _PARTS - 1:
        return (month, sorted(numbers)) == (day.month, sorted((day.day, day.year)))
    if month or len(numbers) != _PARTS:
        return None
    if sorted(numbers) != sorted((day.day, day.month, day.year)):
        return False
    year_first = numbers[0] == day.year
    certain = year_first or day.day == day.month or day.day > _MOST_MONTHS
    return (not year_first or numbers[1] == day.month) if certain else None


def _month(word: str) -> int:
    """The month that a word names or shortens, 0 for none."""
    if len(word) < _SHORTEST_MONTH:
        return 0
    return next(
        (n for n, names in enumerate(_MONTHS, 1) if any(x.startswith(word) for x in names)), 0
    )
