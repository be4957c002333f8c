"""Reading a date that somebody typed into the form; one that can be read in two ways is not read."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan enero ene",
            "february feb febrero",
            "march mar marzo",
            "april apr abril abr",
            "may mayo",
            "june jun junio",
            "july jul julio",
            "august aug agosto ago",
            "september sep sept septiembre setiembre set",
            "october oct octubre",
            "november nov noviembre",
            "december dec diciembre dic",
        ),
        1,
    )
    for name in names.split()
}
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NUMBERS = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})")
_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th)?[ ./-]+(?:de )?([a-z]+)\.?[ ,./-]+(?:del? )?(\d{4})"
)
_MONTH_FIRST = re.compile(r"([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_MOST_MONTHS = 12


def typed_day(words: str) -> date | None:
    """The day that `words` are, English or Spanish, or None when that is not certain."""
    text = " ".join(words.casefold().split())
    if found := _ISO.fullmatch(text):
        year, month, day = (int(n) for n in found.groups())
    elif found := _NUMBERS.fullmatch(text):
        first, second, year = (int(n) for n in found.groups())
        if max(first, second) <= _MOST_MONTHS and first != second:
            return None
        month, day = min(first, second), max(first, second)
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = int(found[1]), _MONTHS.get(found[2], 0), int(found[3])
    elif found := _MONTH_FIRST.fullmatch(text):
        month, day, year = _MONTHS.get(found[1], 0), int(found[2]), int(found[3])
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
