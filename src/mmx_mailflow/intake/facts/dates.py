"""Every date that a text names, in English and Spanish, with all that each may mean.

Nothing is guessed: 03/04/1980 has two readings, and only another date of the same writer can
settle them (`settled`).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

Span = tuple[date, date]

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
            "september sept sep septiembre setiembre",
            "october oct octubre",
            "november nov noviembre",
            "december dec diciembre dic",
        ),
        1,
    )
    for name in names.split()
}
_ROMAN = {
    name: number
    for number, name in enumerate(
        ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"], 1
    )
}
_SEASONS = {
    "spring": (3, 6), "primavera": (3, 6),
    "summer": (6, 9), "verano": (6, 9),
    "fall": (9, 12), "autumn": (9, 12), "otoño": (9, 12), "otono": (9, 12),
    "winter": (12, 3), "invierno": (12, 3),
}  # fmt: skip
_SMALL = {
    name: number
    for number, names in enumerate(
        (
            "one un una uno a an", "two dos couple par", "three tres", "four cuatro",
            "five cinco", "six seis", "seven siete", "eight ocho", "nine nueve", "ten diez",
            "eleven once", "twelve doce",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip

_MONTH = r"(?P<{0}>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(?P<{0}>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th|o|ero|º|°)?"
_YEAR = r"(?P<{0}>(?:19|20)\d\d)"
_OF = r"(?:\s*,?\s*(?:de|del|of|in)?\s*(?:año\s+)?|\s*[-/.]\s*)"
_TO = (
    r"\s*(?:-|–|—|to|thru|through|till|until|and|al|a|y|hasta(?:\s+el)?"
    r"|(?:and|y)\s+(?:was\s+|me\s+|la\s+|lo\s+)?(?:discharged|released|came out|left|stayed until|went home|salió|salí|salimos|dieron de alta)(?:\s+(?:on|hasta))?)"
    r"\s*(?:the\s+|el\s+)?"
)

_PATTERNS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "week",
            r"\b(?:the\s+|la\s+)?(?:week of|semana del?)\s+(?:the\s+)?(?:"
            rf"{_MONTH.format('mon')}\s*{_DAY.format('d')}|{_DAY.format('d2')}\s*(?:de\s+)?{_MONTH.format('mon2')})"
            rf"(?:{_OF}{_YEAR.format('y')})?",
        ),
        (
            "nthweek",
            r"\b(?P<nth>first|second|third|fourth|last|primera|segunda|tercera|cuarta|última|ultima)\s+"
            rf"(?:week|semana)\s+(?:of|de)\s+{_MONTH.format('mon')}(?:{_OF}{_YEAR.format('y')})?",
        ),
        ("iso", rf"(?<!\d){_YEAR.format('y')}-(?P<m>0?[1-9]|1[0-2])-{_DAY.format('d')}(?!\d)"),
        (
            "days",  # June 10-14, 2024
            rf"\b{_MONTH.format('mon')}\s*{_DAY.format('d')}{_TO}{_DAY.format('e')}(?!\d|\s*(?:am|pm|:))"
            rf"(?:\s*,?\s*(?:of\s+)?{_YEAR.format('y')})?",
        ),
        (
            "days",  # del 3 al 7 de mayo de 2024; 3-7 May 2024
            rf"(?<![\d/.-]){_DAY.format('d')}{_TO}{_DAY.format('e')}\s*(?:de\s+|of\s+)?"
            rf"{_MONTH.format('mon')}(?:{_OF}{_YEAR.format('y')})?",
        ),
        (
            "day",  # June 12th, 2024
            rf"\b{_MONTH.format('mon')}\s*{_DAY.format('d')}(?!\d|\s*(?:am|pm|:\d))"
            rf"(?:\s*,?\s*(?:of\s+)?{_YEAR.format('y')})?",
        ),
        (
            "day",  # 12 de junio del 2024; 12-JUN-2024
            rf"(?<![\d/.-]){_DAY.format('d')}\s*(?:de\s+|of\s+|[-/.\s])\s*"
            rf"{_MONTH.format('mon')}(?:{_OF}{_YEAR.format('y')})?",
        ),
        (
            "roman",
            rf"(?<![\w/.-]){_DAY.format('d')}[-/.\s](?P<mon>XII|XI|IX|IV|VI{{0,3}}|X|I{{1,3}})"
            rf"[-/.\s]{_YEAR.format('y')}",
        ),
        (
            "number",
            r"(?<![\d/.-])(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)"
            r"(?P<y>(?:19|20)\d\d|\d\d)(?![\d/-])",
        ),
        ("months", rf"\b{_MONTH.format('mon')}{_TO}{_MONTH.format('mon2')}{_OF}{_YEAR.format('y')}"),
        (
            "part",
            r"\b(?P<part>early|mid|late|beginning of|end of|principios de|mediados de"
            rf"|finales de|fines de)[\s-]*{_MONTH.format('mon')}(?:{_OF}{_YEAR.format('y')})?",
        ),
        ("month", rf"\b{_MONTH.format('mon')}{_OF}{_YEAR.format('y')}"),
        (
            "season",
            r"\b(?P<part>early|late|principios de|finales de|fines de)?\s*(?:el\s+|la\s+)?"
            rf"(?P<season>{'|'.join(_SEASONS)})(?:{_OF}{_YEAR.format('y')})",
        ),
        ("years", rf"(?<![\d$/.-]){_YEAR.format('y')}\s*(?:-|–|to|and|a|y)\s*{_YEAR.format('y2')}(?![\d/.-])"),
        ("year", rf"(?<![\w$/.,-]){_YEAR.format('y')}(?![\d/-]|[.,]\d|\s*(?:mxn|usd|pesos|dollars|dólares))"),
        (
            "ago",
            rf"\b(?:hace\s+(?:(?:como|unos|unas|un par de)\s+)?(?P<n>{'|'.join(_SMALL)}|\d{{1,2}})?\s*"
            r"(?P<unit>días?|semanas?|mes(?:es)?|años?)"
            rf"|(?P<n2>{'|'.join(_SMALL)}|\d{{1,2}})\s+(?:of\s+)?(?P<unit2>days?|weeks?|months?|years?)\s+ago)\b",
        ),
        (
            "last",
            r"\b(?:(?:last|this past)\s+(?P<what>week|month|year|spring|summer|fall|autumn|winter)"
            r"|(?:la|el)\s+(?P<what2>semana|mes|año|primavera|verano|otoño|invierno)\s+pasad[oa])\b",
        ),
        ("lastmonth", rf"\b(?:(?:last|this past)\s+{_MONTH.format('mon')}|{_MONTH.format('mon2')}\s+pasado)"),
        ("this", r"\b(?:(?:earlier\s+)?this\s+(?P<what>year|month|week)|(?:en\s+)?este\s+(?P<what2>año|mes))\b"),
        ("yesterday", r"\b(?P<what>yesterday|ayer)\b"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dated:
    """A date or period that the text names; several readings are a doubt."""

    start: int
    end: int
    text: str
    readings: tuple[Span, ...]
    sort: str
    needs_year: bool = False
    relative: bool = False
    order: str = ""
    """For an all-numeric date that can only be read one way: `mdy` or `dmy`."""


def found(text: str, today: date) -> list[Dated]:
    """Every date of the text in its order, ranges joined, missing years taken from neighbours."""
    taken = bytearray(len(text) + 1)
    dates: list[Dated] = []
    for sort, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if any(taken[match.start() : match.end()]):
                continue
            dated = _read(sort, match, today)
            if dated is not None:
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
                dates.append(dated)
    dates.sort(key=lambda d: d.start)
    dates = _with_years(dates, today)
    return _joined(_settled(dates), text)


def _read(sort: str, match: re.Match[str], today: date) -> Dated | None:
    spans: tuple[Span, ...]
    needs_year, order = False, ""
    groups = match.groupdict()
    year = _year(groups.get("y"), today)
    if sort in {"day", "days", "part", "week", "nthweek"} and year is None:
        needs_year, year = True, today.year
    if sort == "number":
        spans = _numeric(int(groups["a"]), int(groups["b"]), year)
        if len(spans) == 1 and groups["a"] != groups["b"]:
            order = "dmy" if int(groups["a"]) > 12 else "mdy"  # noqa: PLR2004  months
    else:
        span = _READERS[sort](groups, year, today)
        spans = (span,) if span else ()
    if not spans:
        return None
    return Dated(
        match.start(),
        match.end(),
        match.group().strip(),
        spans,
        sort,
        needs_year,
        sort in {"ago", "last", "lastmonth", "this", "yesterday"},
        order,
    )


def _year(word: str | None, today: date) -> int | None:
    if not word:
        return None
    number = int(word)
    if len(word) == 2:  # noqa: PLR2004  two digits: the plausible century
        return 2000 + number if number <= today.year % 100 else 1900 + number
    return number


def _numeric(first: int, second: int, year: int | None) -> tuple[Span, ...]:
    """Both orders that make a date; the same one twice counts once."""
    orders = dict.fromkeys(((first, second), (second, first)))
    days = (_day(year, month, day) for month, day in orders)
    return tuple((d, d) for d in days if d is not None)


def _day(year: int | None, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year else None
    except ValueError:
        return None


def _month_span(year: int, month: int, last: int | None = None) -> Span:
    end = last or month
    return date(year, month, 1), date(year, end, calendar.monthrange(year, end)[1])


Groups = dict[str, str | None]


def _number_of(groups: Groups, name: str = "mon") -> int:
    word = (groups.get(name) or "").lower()
    return _MONTHS.get(word, 0) or _ROMAN.get(word.upper(), 0)


def _read_day(groups: Groups, year: int | None, today: date) -> Span | None:
    month = int(groups.get("m") or 0) or _number_of(groups)
    start = _day(year, month, int(groups["d"] or 0))
    end = _day(year, month, int(groups.get("e") or groups["d"] or 0))
    return (start, end) if start and end and start <= end else None


def _read_month(groups: Groups, year: int | None, today: date) -> Span | None:
    first = _number_of(groups)
    last = _number_of(groups, "mon2") if groups.get("mon2") else first
    return _month_span(year or today.year, first, last) if first <= last else None


def _read_part(groups: Groups, year: int | None, today: date) -> Span | None:
    start, end = _month_span(year or today.year, _number_of(groups))
    part = (groups.get("part") or "").lower()
    if part in {"mid", "mediados de"}:
        return start.replace(day=10), start.replace(day=20)
    late = part in {"late", "end of", "finales de", "fines de"}
    return (start.replace(day=20), end) if late else (start, start.replace(day=10))


def _read_season(groups: Groups, year: int | None, today: date) -> Span | None:
    first, last = _SEASONS[(groups.get("season") or "").lower()]
    year = year or today.year
    return _season(first, last, year, (groups.get("part") or "").lower())


def _season(first: int, last: int, year: int, part: str = "") -> Span:
    if first > last:  # winter reaches into the next year
        return date(year, first, 1), date(year + 1, last, 31)
    start, end = _month_span(year, first, last)
    if part in {"early", "principios de"}:
        return start, _month_span(year, first + 1)[1]
    if part:
        return date(year, last - 1, 1), end
    return start, end


def _read_years(groups: Groups, year: int | None, today: date) -> Span | None:
    last = int(groups.get("y2") or year or 0)
    if year is None or not year <= last <= today.year + 1:
        return None
    return date(year, 1, 1), date(last, 12, 31)


def _read_ago(groups: Groups, year: int | None, today: date) -> Span | None:
    word = (groups.get("n") or groups.get("n2") or "one").lower()
    count = int(word) if word.isdigit() else _SMALL.get(word, 1)
    unit = (groups.get("unit") or groups.get("unit2") or "").lower()
    if unit.startswith(("d", "week", "sem")):
        days = count * (1 if unit.startswith("d") else 7)
        slack = timedelta(days=1 if unit.startswith("d") else 7)
        middle = today - timedelta(days=days)
        return middle - slack, middle + slack
    months = count * (12 if unit.startswith(("y", "a")) else 1)
    total = today.year * 12 + today.month - 1 - months
    if unit.startswith(("y", "a")):
        return date(total // 12, 1, 1), date(total // 12, 12, 31)
    return _month_span(total // 12, total % 12 + 1)


def _read_last(groups: Groups, year: int | None, today: date) -> Span | None:
    what = (groups.get("what") or groups.get("what2") or "").lower()
    if what in {"week", "semana"}:
        monday = today - timedelta(days=today.weekday() + 7)
        return monday, monday + timedelta(days=6)
    if what in {"month", "mes"}:
        total = today.year * 12 + today.month - 2
        return _month_span(total // 12, total % 12 + 1)
    if what in {"year", "año"}:
        return date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)
    first, last = _SEASONS[what]
    over = date(today.year, last, 28) < today and first < last
    return _season(first, last, today.year if over else today.year - 1)


def _read_last_month(groups: Groups, year: int | None, today: date) -> Span | None:
    month = _number_of(groups) or _number_of(groups, "mon2")
    return _month_span(today.year if month < today.month else today.year - 1, month)


def _read_this(groups: Groups, year: int | None, today: date) -> Span | None:
    what = (groups.get("what") or groups.get("what2") or "").lower()
    if what in {"year", "año"}:
        return date(today.year, 1, 1), today
    if what == "week":
        return today - timedelta(days=today.weekday()), today
    return today.replace(day=1), today


def _read_yesterday(groups: Groups, year: int | None, today: date) -> Span | None:
    return today - timedelta(days=1), today - timedelta(days=1)


_WEEKS = {"first": 1, "primera": 1, "second": 2, "segunda": 2, "third": 3, "tercera": 3, "fourth": 4, "cuarta": 4}  # fmt: skip


def _read_week(groups: Groups, year: int | None, today: date) -> Span | None:
    month = _number_of(groups) or _number_of(groups, "mon2")
    day = _day(year, month, int(groups.get("d") or groups.get("d2") or 0))
    if day is None:
        return None
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def _read_nth_week(groups: Groups, year: int | None, today: date) -> Span | None:
    start, end = _month_span(year or today.year, _number_of(groups))
    number = _WEEKS.get((groups.get("nth") or "").lower())
    if number is None:
        return end - timedelta(days=8), end
    first = 7 * (number - 1)
    return start + timedelta(days=max(0, first - 2)), start + timedelta(days=first + 6)


_READERS = {
    "week": _read_week,
    "nthweek": _read_nth_week,
    "iso": _read_day,
    "days": _read_day,
    "day": _read_day,
    "roman": _read_day,
    "months": _read_month,
    "month": _read_month,
    "part": _read_part,
    "season": _read_season,
    "years": _read_years,
    "year": _read_years,
    "ago": _read_ago,
    "last": _read_last,
    "lastmonth": _read_last_month,
    "this": _read_this,
    "yesterday": _read_yesterday,
}


def _with_years(dates: list[Dated], today: date) -> list[Dated]:
    """A day without a year takes it from the date beside it, the later one first."""
    filled = []
    for place, dated in enumerate(dates):
        if not dated.needs_year:
            filled.append(dated)
            continue
        near = [*dates[place + 1 : place + 3], *reversed(dates[max(0, place - 3) : place])]
        year = next((d.readings[0][0].year for d in near if not d.needs_year), None)
        if year is None or abs(year - today.year) > 15:  # noqa: PLR2004  a birth year is no neighbour
            year = today.year if dated.readings[0][0] <= today else today.year - 1
            dated = replace(dated, relative=True)  # noqa: PLW2901  the same date, marked
        spans = tuple(s for s in (_in_year(span, year) for span in dated.readings) if s)
        filled.append(replace(dated, readings=spans or dated.readings))
    return filled


def _in_year(span: Span, year: int) -> Span | None:
    try:
        return span[0].replace(year=year), span[1].replace(year=year)
    except ValueError:
        return None


def _settled(dates: list[Dated]) -> list[Dated]:
    """A writer keeps one order: a date that can be read one way settles the others."""
    orders = {d.order for d in dates if d.order}
    if len(orders) != 1:
        return dates
    dmy = orders == {"dmy"}
    return [_chosen(d, dmy=dmy) if d.sort == "number" and len(d.readings) > 1 else d for d in dates]


def _chosen(dated: Dated, *, dmy: bool) -> Dated:
    month_first, day_first = dated.readings
    return replace(dated, readings=(day_first if dmy else month_first,))


_JOIN = re.compile(
    r"\s*(?:\(?\s*(?:stayed|hasta|until|till|to|thru|through|al?|-|–|—|and until|y hasta|and stayed until"
    r"|discharged|salió|salí)\s*(?:on\s+|the\s+|el\s+|until\s+|hasta\s+el\s+|el día\s+)*)\s*",
    re.IGNORECASE,
)


def _joined(dates: list[Dated], text: str) -> list[Dated]:
    """`June 12 to June 15` is one period."""
    joined: list[Dated] = []
    for dated in dates:
        last = joined[-1] if joined else None
        if (
            last is not None
            and len(last.readings) == len(dated.readings) == 1
            and last.readings[0][0] <= dated.readings[0][1]
            and _JOIN.fullmatch(text[last.end : dated.start])
        ):
            joined[-1] = replace(
                last,
                end=dated.end,
                text=text[last.start : dated.end].strip(),
                readings=((last.readings[0][0], dated.readings[0][1]),),
                relative=last.relative or dated.relative,
            )
        else:
            joined.append(dated)
    return joined


def days_of(dates: list[Dated]) -> Iterator[Dated]:
    """Those that name single days: what a birth date can be."""
    return (d for d in dates if all(a == b for a, b in d.readings))
