"""How dates, periods, lists and names of all sorts are said in each language."""

from __future__ import annotations

import calendar
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mmx_mailflow.casework.facts import Period
from mmx_mailflow.casework.values import Language

Said = tuple[str, str]
"""The same thing in English and in Spanish."""

_MONTHS: tuple[Said, ...] = (
    ("January", "enero"),
    ("February", "febrero"),
    ("March", "marzo"),
    ("April", "abril"),
    ("May", "mayo"),
    ("June", "junio"),
    ("July", "julio"),
    ("August", "agosto"),
    ("September", "septiembre"),
    ("October", "octubre"),
    ("November", "noviembre"),
    ("December", "diciembre"),
)
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def choose(said: Said, language: Language) -> str:
    """The half of a pair that is in `language`."""
    return said[0] if language == Language.EN else said[1]


def day(value: date | str, language: Language) -> str:
    """A date with its month in words, so that nobody can read it two ways."""
    found = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    month = choose(_MONTHS[found.month - 1], language)
    if language == Language.EN:
        return f"{found.day} {month} {found.year}"
    return f"{found.day} de {month} de {found.year}"


def moment(value: datetime | str, zone: ZoneInfo, language: Language) -> str:
    """A date and a time of day at the office, with the zone's short name."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    local = found.astimezone(zone)
    between = choose((" at ", " a las "), language)
    return f"{day(local.date(), language)}{between}{local:%H:%M} ({local:%Z})"


def _month(value: date, language: Language) -> str:
    month = choose(_MONTHS[value.month - 1], language)
    return choose((f"{month} {value.year}", f"{month} de {value.year}"), language)


def period(value: Period, language: Language) -> str:
    """A time of treatment by its dates alone, never by the words that it was read from."""
    start, end = value.start, value.end
    last = calendar.monthrange(end.year, end.month)[1]
    if start == end:
        return day(start, language)
    if start.day == 1 and end.day == last:
        if (start.month, end.month) == (1, 12):
            return str(start.year) if start.year == end.year else f"{start.year}-{end.year}"
        if (start.year, start.month) == (end.year, end.month):
            return _month(start, language)
        first, final = _month(start, language), _month(end, language)
        return choose((f"from {first} to {final}", f"de {first} a {final}"), language)
    first, final = day(start, language), day(end, language)
    return choose((f"from {first} to {final}", f"del {first} al {final}"), language)


def listed(values: Sequence[object], language: Language) -> str:
    """`a, b and c`."""
    names = [str(value) for value in values]
    if len(names) < 2:  # noqa: PLR2004  one thing is no list
        return "".join(names)
    last = names[-1]
    start = plain_start(last)
    spanish = "e" if start.startswith(("i", "hi")) and not start.startswith("hie") else "y"
    return f"{', '.join(names[:-1])} {choose(('and', spanish), language)} {last}"


def plain_start(word: str) -> str:
    """The first letters of a word without accents or case, for Spanish `e` and `y`."""
    letters = unicodedata.normalize("NFKD", word[:4].casefold())
    return "".join(c for c in letters if not unicodedata.combining(c))


def clean(text: str) -> str:
    """Text of others without what could steer a terminal, a mail client or an encoder."""
    return "".join(
        c
        for c in text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
        if c == "\n" or (unicodedata.category(c) not in {"Cc", "Cs"} and c not in _BIDI)
    )


def flat(text: str) -> str:
    """Text of others as one line, so that it can never begin a line of ours."""
    return " ".join(clean(text).split())


def quoted(text: str) -> str:
    """Words of others, each line marked as theirs."""
    lines = clean(text).strip().split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)
