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

from mmx_mailflow.intake.facts.spelled import MONTHS, ORDINAL, RELATIVE, Plain, plain

Span = tuple[date, date]

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

_MONTH = r"(?P<{0}>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")(?![^\W\d_])\.?"
_NO_MONTH = r"(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b"
_DAY = (
    rf"(?P<{{0}}>3[01]|[12]\d|0?[1-9])(?:st\b|nd\b|rd\b|th\b|o\b|ero\b|er\b|º|°|{ORDINAL})?(?!\d)"
)
_YEAR = rf"(?P<{{0}}>(?:19|20)\d\d{RELATIVE}?)"
_OF = r"(?:\s*,?\s*(?:de\s+l?a?ño|del\s+año|de|del|of|in)?\s*(?:el\s+)?(?:año\s+)?|\s*[-/.]\s*)"
_AFTER_MONTH = (  # the year after a month, also with two figures where nothing else can be meant
    rf"(?:{_OF}(?P<y>(?:19|20)\d\d{RELATIVE}?)(?!\d)|\s*,?\s*(?:de\s+|del\s+|of\s+)?['’](?P<yy>\d\d)(?!\d)"
    r"|\s+del\s+(?:año\s+)?(?P<yy2>\d\d)(?![\d:])|\s+(?:de\s+)?(?P<yy3>3[2-9]|[4-9]\d)(?![\d:/-])|[-/.](?P<yy4>\d\d)(?!\d))"
)
_TO = r"\s*(?:-|–|—|to|thru|through|till|until|al|a|hasta(?:\s+el)?)\s*(?:the\s+|el\s+)?"
_AND = r"\s*(?:,?\s*(?:and|y|&)|,)\s*(?:the\s+|el\s+)?"
_DAY_MONTH = r"(?:\s*(?:de\s+|of\s+|[-/.\s,]|)\s*)"
_SEASON = rf"(?P<season>{'|'.join(_SEASONS)})\b"
_PART = (
    r"(?P<part>early|mid(?:dle of)?|late|(?:the\s+)?(?:beginning|start|first part) of|(?:the\s+)?end of|(?:a\s+)?(?:principios|inicios|comienzos) del?"
    r"|(?:a\s+)?mediados del?|(?:a\s+)?(?:finales|fines) del?)"
)
_HOLIDAY = r"(?P<holiday>christmas|xmas|navidad(?:es)?|thanksgiving|new year'?s?|año nuevo)"

_PATTERNS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "week",
            r"\b(?:the\s+|la\s+)?(?:week of|semana del?)\s+(?:the\s+)?(?:"
            rf"{_MONTH.format('mon')}\s*{_DAY.format('d')}|{_DAY.format('d2')}\s*(?:de\s+)?{_MONTH.format('mon2')})"
            rf"(?:{_AFTER_MONTH})?",
        ),
        (
            "nthweek",
            rf"\b(?P<nth>first|second|third|fourth|last|primera|segunda|tercera|cuarta|última|ultima|[1-4]{ORDINAL})\s+"
            rf"(?:week|semana)\s+(?:of|de)\s+{_MONTH.format('mon')}(?:{_AFTER_MONTH})?",
        ),
        (
            "weeks",  # the last two weeks of April
            rf"\b(?P<part>first|last|primeras|últimas|ultimas)\s+(?:2|couple of|dos)\s+(?:weeks|semanas)\s+(?:of|de|in)\s+{_MONTH.format('mon')}(?:{_AFTER_MONTH})?",
        ),
        ("iso", rf"(?<!\d){_YEAR.format('y')}[-/](?P<m>0?[1-9]|1[0-2])[-/]{_DAY.format('d')}(?!\d)"),
        (
            "days",  # June 10-14, 2024
            rf"\b{_MONTH.format('mon')}\s*{_DAY.format('d')}{_TO}{_DAY.format('e')}(?!\s*(?:am|pm|:|{_NO_MONTH}))"
            rf"(?:{_AFTER_MONTH})?",
        ),
        (
            "days",  # del 3 al 7 de mayo de 2024; 3-7 May 2024
            rf"(?<![\d/.-]){_DAY.format('d')}{_TO}{_DAY.format('e')}\s*(?:de\s+|of\s+)?"
            rf"{_MONTH.format('mon')}(?:{_AFTER_MONTH})?",
        ),
        (
            "two",  # November 2 and 3, 2023
            rf"\b{_MONTH.format('mon')}\s*{_DAY.format('d')}(?:{_AND}|\s*(?P<or>or)\s*){_DAY.format('e')}(?!\s*(?:am|pm|:|[/.-]\d|{_NO_MONTH}))"
            rf"(?:{_AFTER_MONTH})?",
        ),
        (
            "two",  # el 6 y el 20 de noviembre de 2023
            rf"(?<![\d/.-]){_DAY.format('d')}\s*(?:y|and|&|(?P<or>o|or))\s*(?:the\s+|el\s+)?{_DAY.format('e')}\s*(?:de\s+|of\s+)?"
            rf"{_MONTH.format('mon')}(?:{_AFTER_MONTH})?",
        ),
        (
            "day",  # June 12th, 2024; jun-12-2024
            rf"\b{_MONTH.format('mon')}[\s-]*(?:the\s+)?{_DAY.format('d')}(?!\s*(?:am|pm)\b|:\d|['’]|\s*(?:de\s+)?{_NO_MONTH})"
            rf"(?:{_AFTER_MONTH})?",
        ),
        (
            "day",  # 12 de junio del 2024; 12-JUN-2024
            rf"(?<![\d/.-]){_DAY.format('d')}{_DAY_MONTH}{_MONTH.format('mon')}(?:{_AFTER_MONTH})?",
        ),
        (
            "dayin",  # agust 2023, the 21st
            rf"\b{_MONTH.format('mon')}{_OF}{_YEAR.format('y')}[\s,]+(?:(?!\d)[\w']+\s+){{0,3}}the\s+{_DAY.format('d')}",
        ),
        (
            "roman",
            rf"(?<![\w/.-]){_DAY.format('d')}[-/.\s](?P<mon>XII|XI|IX|IV|VI{{0,3}}|X|I{{1,3}})"
            rf"[-/.\s]{_YEAR.format('y')}",
        ),
        (
            "number",
            r"(?<![\d/.-])(?P<a>\d{1,2})(?P<sep>\s?[/.-]\s?)(?P<b>\d{1,2})(?P=sep)"
            r"(?P<y>(?:19|20)\d\d|\d\d)(?![\d/-]|\.\d)",
        ),
        ("since", rf"\b(?:since|desde|ever since)\s+(?:el\s+)?(?:año\s+)?(?:{_MONTH.format('mon')}{_OF})?{_YEAR.format('y')}"),
        ("year", r"(?<=del año )(?P<yy>[3-9]\d)(?!\d)"),
        ("monthyear", rf"(?<![\d/.-])(?P<m>0?[1-9]|1[0-2])[/-]{_YEAR.format('y')}(?![\d/-])"),
        ("monthyear", rf"(?<![\d/.-]){_YEAR.format('y')}-(?P<m>0[1-9]|1[0-2])(?![\d/-])"),
        ("months", rf"\b{_MONTH.format('mon')}(?:,\s*{_NO_MONTH}){{0,4}}(?:{_TO}|\s*(?:and|y)\s*){_MONTH.format('mon2')}(?:{_AFTER_MONTH})"),
        ("part", rf"\b{_PART}[\s-]*{_MONTH.format('mon')}(?:{_AFTER_MONTH})?"),
        ("month", rf"{_YEAR.format('y')}\s*,?\s*(?:in|en|por|como en|allá por)\s+(?:el mes de\s+)?{_MONTH.format('mon')}(?!\s+\d)"),
        ("month", rf"\b{_MONTH.format('mon')}(?:{_AFTER_MONTH})"),
        ("holiday", rf"\b{_HOLIDAY}(?:\s+(?:time|season))?(?:\s*,?\s*(?:of|de|del|in|en)?\s*(?:el\s+)?{_YEAR.format('y')})"),
        ("season", rf"\b(?:{_PART}\s+)?(?:the\s+|el\s+|la\s+)?{_SEASON}(?:{_AFTER_MONTH})"),
        ("season", rf"{_YEAR.format('y')}\s*,?\s*(?:in|por|en|durante|como en)?\s*(?:la|el|the)?\s*{_SEASON}"),
        ("years", rf"(?<![\d$/.-]){_YEAR.format('y')}\s*(?:-|–|to|through|thru|and|al?|y)\s*{_YEAR.format('y2')}(?![\d/.-])"),
        ("part", rf"\b{_PART}\s+{_YEAR.format('y')}"),
        ("year", rf"(?<![\w$/.,#-])(?<!\d\s)(?<!no\.\s)(?<!apt\s)(?<!box\s)(?<!núm\.\s)(?<!número\s)(?<!number\s){_YEAR.format('y')}(?![\w/-]|[.,]\d|\s\d{{3}}|\s+(?:[nsew]\.?\s+)?\w+\s+(?:st|street|ave|avenue|rd|road|ln|lane|blvd|drive|dr|way|ct|court)\b|\s*(?:mxn|usd|pesos|dollars|dólares))"),
        (
            "ago",
            rf"\b(?:hace\s+(?:(?:como|unos|unas|un par de|más o menos|ya|casi)\s+){{0,2}}(?P<n>{'|'.join(_SMALL)}|\d{{1,2}})?\s*"
            r"(?P<unit>días?|semanas?|mes(?:es)?|años?)"
            rf"|(?P<n2>{'|'.join(_SMALL)}|\d{{1,2}})\s+(?:of\s+)?(?P<unit2>days?|weeks?|months?|years?)\s+ago)\b",
        ),
        (
            "last",
            r"\b(?:(?:last|this past)\s+(?P<what>week|month|spring|summer|fall|autumn|winter)"
            r"|(?:la|el)\s+(?P<what2>semana|mes|primavera|verano|otoño|invierno)\s+pasad[oa]"
            r"|(?:la|el)\s+pasad[oa]\s+(?P<what3>semana|mes|primavera|verano|otoño|invierno))\b",
        ),
        ("lastmonth", rf"\b(?:(?:last|this past|this(?!\s+may\b))\s+{_MONTH.format('mon')}|{_MONTH.format('mon2')}\s+pasado|(?:el|en el)?\s*pasado\s+(?:mes de\s+)?{_MONTH.format('mon3')})"),
        ("this", r"\b(?:this\s+(?P<what>month|week)|(?:en\s+)?este\s+(?P<what2>mes))\b"),
        ("yesterday", r"\b(?P<what>yesterday|ayer)\b(?!\s+(?:les|you|i|me|sent))"),
        ("part", rf"\b(?P<part>around|about|in|during|en|durante)\s+(?:the month of\s+|el mes de\s+)?{_MONTH.format('mon')}(?!\s*\d)"),
        ("bare", rf"\b(?:the|el(?:\s+día)?|día)\s+(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th|{ORDINAL})(?!\w)(?!\s+(?:day|time|one|week|month|surgery|visit|floor|opinion|grade|birthday|anniversary|child|baby))"),
        ("bare", r"\b(?:lunes|martes|miércoles|miercoles|jueves|viernes|sábado|sabado|domingo|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\s+(?:the\s+)?(?P<d>3[01]|[12]\d|[1-9])(?:st|nd|rd|th)?(?=\s+(?:del mismo|of the same)|[,.;\n])"),
        ("bare", r"\b(?:el|el\s+día|día)\s+(?P<d>3[01]|[12]\d|[1-9])(?=\s*(?:[,.;)]|y\b|me\b|salí|sali|al?\b|\n|$))"),
    )
)  # fmt: skip


Groups = dict[str, str | None]


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
    day: int = 0
    """A day of the month alone: `the fourteenth`."""
    year_told: bool = True
    """The year was written, at this date or at the one beside it."""
    order: str = ""
    """For an all-numeric date that can only be read one way: `mdy` or `dmy`."""


def found(text: str, today: date) -> list[Dated]:
    """Every date of the text in its order, ranges joined, missing years taken from neighbours.

    `start`, `end` and `text` of each are those of the original words.
    """
    changed = plain(text, today)
    words = changed.text
    taken = bytearray(len(words) + 1)
    dates: list[Dated] = []
    for sort, pattern in _PATTERNS:
        for match in pattern.finditer(words):
            if any(taken[match.start() : match.end()]):
                continue
            read = _read(sort, match, today)
            if read:
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
                dates += read
    dates.sort(key=lambda d: (d.start, d.readings))
    dates = _with_years(_with_months(dates, words), today, words)
    dates = _stays(_joined(_settled(_explained(dates, words)), words), words)
    return [_placed(d, changed, text) for d in dates]


_IN_WORDS = 45


def _explained(dates: list[Dated], text: str) -> list[Dated]:
    """`02/01/1963, meaning February first`: the day in words settles the figures before it."""
    told: list[Dated] = []
    for dated in dates:
        last = told[-1] if told else None
        if (
            last is not None
            and len(last.readings) > 1
            and dated.needs_year
            and not re.search(r"[.;]\s", text[last.end : dated.start])
            and dated.start - last.end < _IN_WORDS
        ):
            start = dated.readings[0][0]
            same = [r for r in last.readings if (r[0].month, r[0].day) == (start.month, start.day)]
            if same and _single(dated):
                told[-1] = replace(last, end=dated.end, readings=(same[0],))
                continue
        told.append(dated)
    return told


def _placed(dated: Dated, changed: Plain, text: str) -> Dated:
    start, end = changed.span(dated.start, dated.end)
    return replace(dated, start=start, end=end, text=" ".join(text[start:end].split()))


_LACKING = frozenset({"weeks", "day", "days", "two", "part", "week", "nthweek"})
_TOLD_BY_TODAY = frozenset({"ago", "last", "lastmonth", "this", "yesterday", "since"})


def _read(sort: str, match: re.Match[str], today: date) -> list[Dated]:
    groups = match.groupdict()
    written = groups.get("y") or next(
        (v for k, v in groups.items() if k.startswith("yy") and v), None
    )
    year = _year(written, today)
    needs_year = sort in _LACKING and year is None
    base = Dated(
        match.start(),
        match.end(),
        match.group().strip(),
        (),
        sort,
        needs_year,
        sort in _TOLD_BY_TODAY or RELATIVE in match.group(),
    )
    if needs_year:
        year = _nearest_year(groups, today)
    if sort == "number":
        first, second = int(groups["a"]), int(groups["b"])
        spans = _numeric(first, second, year)
        order = ""
        if len(spans) == 1 and first != second:
            order = "dmy" if first > 12 else "mdy"
        return [replace(base, readings=spans, order=order)] if spans else []
    if sort == "bare":
        return [
            replace(base, readings=((today, today),), needs_year=True, day=int(groups["d"] or 0))
        ]
    if sort == "two":
        return _read_two(groups, year, base)
    line_start = match.start() == 0 or match.string[match.start() - 1] == "\n"
    if sort == "day" and line_start and re.match(r"\d{1,2}\.\s", match.group()):
        return []  # the number of an item
    span = _READERS[sort](groups, year, today)
    return [replace(base, readings=(span,))] if span else []


def _nearest_year(groups: Groups, today: date) -> int:
    """A year in which 29 February stands, else this one; `_with_years` sets the real one."""
    return 2024 if groups.get("d") == "29" else today.year


def _read_two(groups: Groups, year: int | None, base: Dated) -> list[Dated]:
    """Two days of one month: neighbours are a stay, others two visits."""
    days = [_day(year, _number_of(groups), int(groups[n] or 0)) for n in "de"]
    first, second = days
    if first is None or second is None or first >= second:
        return []
    if (second - first).days == 1 or groups.get("or"):
        return [replace(base, readings=((first, second),))]
    return [replace(base, readings=((d, d),)) for d in (first, second)]


def _year(word: str | None, today: date) -> int | None:
    if not word:
        return None
    number = int(word.strip(f"'’{RELATIVE}"))
    if number < 100:
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


def _number_of(groups: Groups, name: str = "mon") -> int:
    word = (groups.get(name) or "").lower()
    return MONTHS.get(word, 0) or _ROMAN.get(word.upper(), 0)


def _read_day(groups: Groups, year: int | None, today: date) -> Span | None:
    month = int(groups.get("m") or 0) or _number_of(groups)
    start = _day(year, month, int(groups["d"] or 0))
    end = _day(year, month, int(groups.get("e") or groups["d"] or 0))
    return (start, end) if start and end and start <= end else None


def _read_month(groups: Groups, year: int | None, today: date) -> Span | None:
    first = int(groups.get("m") or 0) or _number_of(groups)
    last = _number_of(groups, "mon2") if groups.get("mon2") else first
    year = year or today.year
    if first <= last:
        return _month_span(year, first, last)
    return _month_span(year - 1, first)[0], _month_span(year, last)[1]


def _part_of(groups: Groups) -> str:
    """`early`, `mid`, `late` or nothing."""
    word = (groups.get("part") or "").lower()
    if re.search(r"mid|media", word):
        return "mid"
    if re.search(r"early|begin|start|first|princip|inicio|comienzo", word):
        return "early"
    return "late" if re.search(r"late|end|final|fines", word) else ""


def _read_part(groups: Groups, year: int | None, today: date) -> Span | None:
    part = _part_of(groups)
    year = year or today.year
    if not groups.get("mon"):
        first, last = {"early": (1, 4), "mid": (5, 8), "late": (9, 12)}.get(part, (1, 12))
        return _month_span(year, first, last)
    start, end = _month_span(year, _number_of(groups))
    if part == "mid":
        return start.replace(day=10), start.replace(day=20)
    if part == "late":
        return start.replace(day=20), end
    return (start, start.replace(day=10)) if part == "early" else (start, end)


def _read_holiday(groups: Groups, year: int | None, today: date) -> Span | None:
    word = (groups.get("holiday") or "").lower()
    if year is None:
        return None
    if word.startswith("thanks"):
        return date(year, 11, 18), date(year, 12, 2)
    if "new" in word or "nuevo" in word:
        return date(year - 1, 12, 26), date(year, 1, 7)
    return date(year, 12, 10), date(year + 1, 1, 10)


def _read_since(groups: Groups, year: int | None, today: date) -> Span | None:
    if year is None:
        return None
    start = date(year, _number_of(groups) or 1, 1)
    return (start, today) if start <= today else None


def _read_season(groups: Groups, year: int | None, today: date) -> Span | None:
    first, last = _SEASONS[(groups.get("season") or "").lower()]
    return _season(first, last, year or today.year, _part_of(groups))


def _season(first: int, last: int, year: int, part: str = "") -> Span:
    if first > last:  # winter reaches into the next year
        return date(year, first, 1), date(year + 1, last, 31)
    start, end = _month_span(year, first, last)
    if part == "early":
        return start, _month_span(year, first + 1)[1]
    if part == "mid":
        return _month_span(year, first + 1, last - 1)
    return (date(year, last - 1, 1), end) if part == "late" else (start, end)


def _read_years(groups: Groups, year: int | None, today: date) -> Span | None:
    last = _year(groups.get("y2"), today) or year or 0
    if year is None or not year <= last <= today.year + 1:
        return None
    end = date(last, 12, 31)
    told = RELATIVE in (groups.get("y") or "")
    return date(year, 1, 1), min(end, today) if told and year <= today.year else end


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
    what = (groups.get("what") or groups.get("what2") or groups.get("what3") or "").lower()
    if what in {"week", "semana"}:
        monday = today - timedelta(days=today.weekday() + 7)
        return monday, monday + timedelta(days=6)
    if what in {"month", "mes"}:
        total = today.year * 12 + today.month - 2
        return _month_span(total // 12, total % 12 + 1)
    first, last = _SEASONS[what]
    over = first < last and date(today.year, last, 28) < today
    return _season(first, last, today.year if over else today.year - 1)


def _read_last_month(groups: Groups, year: int | None, today: date) -> Span | None:
    month = next((m for n in ("mon", "mon2", "mon3") if (m := _number_of(groups, n))), 0)
    return _month_span(today.year if month <= today.month else today.year - 1, month)


def _read_this(groups: Groups, year: int | None, today: date) -> Span | None:
    if (groups.get("what") or "").lower() == "week":
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
    word = (groups.get("nth") or "").lower()
    number = int(word[0]) if word[:1].isdigit() else _WEEKS.get(word)
    if number is None:
        return end - timedelta(days=8), end
    first = 7 * (number - 1)
    return start + timedelta(days=max(0, first - 2)), start + timedelta(days=first + 6)


def _read_weeks(groups: Groups, year: int | None, today: date) -> Span | None:
    start, end = _month_span(year or today.year, _number_of(groups))
    first = (groups.get("part") or "").lower().startswith(("first", "prim"))
    return (start, start.replace(day=14)) if first else (end - timedelta(days=13), end)


_READERS = {
    "week": _read_week,
    "nthweek": _read_nth_week,
    "weeks": _read_weeks,
    "iso": _read_day,
    "days": _read_day,
    "day": _read_day,
    "dayin": _read_day,
    "roman": _read_day,
    "monthyear": _read_month,
    "months": _read_month,
    "month": _read_month,
    "part": _read_part,
    "holiday": _read_holiday,
    "season": _read_season,
    "since": _read_since,
    "years": _read_years,
    "year": _read_years,
    "ago": _read_ago,
    "last": _read_last,
    "lastmonth": _read_last_month,
    "this": _read_this,
    "yesterday": _read_yesterday,
}
_NEAR, _FAR = 60, 400


def _with_months(dates: list[Dated], text: str) -> list[Dated]:
    """A bare day (`the 21st`) takes its month from the date after it, else from the one before."""
    filled: list[Dated] = []
    for place, dated in enumerate(dates):
        if not dated.day:
            filled.append(dated)
            continue
        after = next((d for d in dates[place + 1 :] if not d.day), None)
        tied = after is not None and re.fullmatch(
            r"[^.\n]{0,40}(?:\n[^.\n]{0,30})?", text[dated.end : after.start]
        )
        before = next((d for d in reversed(filled) if dated.start - d.end < _FAR), None)
        near = after if after is not None and tied and _one_month(after) else before
        if near is None or not _one_month(near):
            continue
        start = near.readings[0][0]
        day = _day(start.year, start.month, dated.day)
        left = near is before and _LEFT.search(text[near.end : dated.start])
        if left and day is not None and day < start:
            total = start.year * 12 + start.month
            day = _day(total // 12, total % 12 + 1, dated.day)  # the next month's
        if day is not None:
            filled.append(
                replace(
                    dated,
                    readings=((day, day),),
                    needs_year=near.needs_year,
                    relative=near.relative,
                )
            )
    return filled


def _one_month(dated: Dated) -> bool:
    start, end = dated.readings[0]
    return len(dated.readings) == 1 and (start.year, start.month) == (end.year, end.month)


_BIRTH_BEFORE = re.compile(
    r"\b(?:born|birth\w*|b-?day|dob|d\.o\.b\.?|nac\w*|cumplea[ñn]os|f\.? ?n\.?)\b[^.\n]{0,30}$",
    re.IGNORECASE,
)


def _with_years(dates: list[Dated], today: date, text: str) -> list[Dated]:
    """A day without a year takes it from the date beside it, the later one first."""
    filled = []
    for place, dated in enumerate(dates):
        if not dated.needs_year:
            filled.append(dated)
            continue
        near = [*dates[place + 1 : place + 3], *reversed(dates[max(0, place - 3) : place])]
        neighbour = next(
            (
                d
                for d in near
                if not d.needs_year
                and (
                    d.sort != "year"
                    or min(abs(d.start - dated.end), abs(dated.start - d.end)) < _FAR // 4
                )
                and abs(d.readings[0][0].year - today.year) <= 15
                and not _BIRTH_BEFORE.search(text[max(0, d.start - 45) : d.start])
            ),
            None,
        )
        if neighbour is None:
            past = dated.readings[0][0] <= today
            year, told = (today.year if past else today.year - 1), True
        else:
            year, told = neighbour.readings[0][0].year, neighbour.relative
        spans = tuple(s for s in (_in_year(span, year) for span in dated.readings) if s)
        filled.append(
            replace(
                dated,
                readings=spans or dated.readings,
                relative=dated.relative or told,
                year_told=neighbour is not None,
            )
        )
    return filled


def _in_year(span: Span, year: int) -> Span | None:
    try:
        return span[0].replace(year=year), span[1].replace(year=year + span[1].year - span[0].year)
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
    r"\s*[,(]?\s*(?:stayed|hasta|until|till|to|thru|through|al?|-|–|—|and until|y hasta|and stayed until)\s*"
    r"(?:the\s+|el\s+|until\s+|hasta\s+el\s+|el día\s+)*\s*",
    re.IGNORECASE,
)
_AND_BETWEEN = re.compile(r"\s*(?:and|y)\s*(?:the\s+|el\s+)?", re.IGNORECASE)
_BETWEEN = re.compile(
    r"\b(?:between|entre|in and out)[\s.:]{1,40}(?:between\s+)?(?:the\s+|el\s+)?$", re.IGNORECASE
)
_LEFT = re.compile(
    r"\b(?:discharged?|released|(?:i|and|we|he|she|they) came out|got out|went home|sent (?:me )?home|let (?:me|him|her|them) (?:go|out)|checked out|left|stayed (?:there )?until|home (?:on|by)|out on"
    r"|sal[ií]|salió|salimos|salida|(?:de|dio|dieron) (?:de )?(?:el )?alta|alta|egres\w*|hasta|until)\b",
    re.IGNORECASE,
)
_LEFT_LATER = re.compile(
    r"^[^.;]{0,60}?(?:\b(?:discharged|released|came out|went home|left|out|home|died|passed(?: away)?|murió|falleció|sal[ií]|salió|alta|egres\w*)\b[^.;]{0,25}?\b(?P<next>(?:the )?(?:next|following) (?:day|morning)|al (?:día )?siguiente(?: día)?|al otro día|un día después|(?P<days>\d{1,2}) (?:days?|días) (?:later|después|despues))"
    r"|\b(?:stayed|spent|kept (?:me|him|her|us|them)|stay(?:ing)?|quedé|quedó|quedaron|estuve|pasé|pasó|internad[oa])\b[^.;]{0,25}?\b(?:(?P<night>(?:a|one|una?|1|\d{1,2})) (?:nights?|noches?)|(?P<over>overnight)|(?P<stay>\d{1,2}) (?:days|días)))",
    re.IGNORECASE,
)


def _joined(dates: list[Dated], text: str) -> list[Dated]:
    """`June 12 to June 15`, `between the 3rd and the 7th` and `in on the 3rd, out on the 7th`."""
    joined: list[Dated] = []
    for dated in dates:
        last = joined[-1] if joined else None
        between = text[last.end : dated.start] if last is not None else ""
        if (
            last is not None
            and len(last.readings) == len(dated.readings)
            and all(
                a[0] <= b[1] and a[0] != b[0]
                for a, b in zip(last.readings, dated.readings, strict=True)
            )
            and (
                _JOIN.fullmatch(between)
                or (
                    _AND_BETWEEN.fullmatch(between)
                    and _BETWEEN.search(text[max(0, last.start - 60) : last.start])
                )
                or (_single(last) and _single(dated) and _leaves(between) and _near(last, dated))
            )
        ):
            joined[-1] = replace(
                last,
                end=dated.end,
                text=text[last.start : dated.end].strip(),
                readings=tuple(
                    (a[0], b[1]) for a, b in zip(last.readings, dated.readings, strict=True)
                ),
                relative=last.relative or dated.relative,
            )
        else:
            joined.append(dated)
    return joined


_LONGEST_STAY = 200


def _near(first: Dated, second: Dated) -> bool:
    return (second.readings[0][1] - first.readings[0][0]).days < _LONGEST_STAY


def _leaves(between: str) -> bool:
    return (
        len(between) < 2 * _NEAR
        and not re.search(r"[.;?!]\s", between)
        and bool(_LEFT.search(between))
    )


def _single(dated: Dated) -> bool:
    start, end = dated.readings[0]
    return start == end


def _stays(dates: list[Dated], text: str) -> list[Dated]:
    """A single day with `and left the next day` or `stayed two nights` behind it is a stay."""
    stays = []
    for place, dated in enumerate(dates):
        upto = dates[place + 1].start if place + 1 < len(dates) else len(text)
        match = _LEFT_LATER.match(text[dated.end : min(upto, dated.end + 110)].replace("\n", " "))
        if match is None or not _single(dated):
            stays.append(dated)
            continue
        count = next(
            (int(v) for n in ("days", "night", "stay") if (v := match[n]) and v.isdigit()), 1
        )
        readings = tuple((a, b + timedelta(days=min(count, 60))) for a, b in dated.readings)
        stays.append(replace(dated, end=dated.end + match.end(), readings=readings))
    return stays


def days_of(dates: list[Dated]) -> Iterator[Dated]:
    """Those that name single days: what a birth date can be."""
    return (d for d in dates if all(a == b for a, b in d.readings))
