"""Numbers in words as digits, and years told by the mail's own date, with every place kept.

Readers of dates and phones work on `Plain.text`; `Plain.span` leads back to the words as written.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from rapidfuzz.distance import OSA

RELATIVE = "\ue000"
"""Stands behind a year that was had from the date of the mail."""
ORDINAL = "\ue001"
"""Stands behind a number that was an ordinal in words: `the fourteenth`."""
_LONGEST = 200_000
_UNITS = {
    word: number
    for number, words in enumerate(
        (
            "zero cero oh", "one uno una un", "two dos", "three tres", "four cuatro", "five cinco", "six seis",
            "seven siete", "eight ocho", "nine nueve", "ten diez", "eleven once", "twelve doce",
            "thirteen trece", "fourteen catorce", "fifteen quince", "sixteen dieciséis dieciseis",
            "seventeen diecisiete", "eighteen dieciocho", "nineteen diecinueve", "twenty veinte",
            "veintiuno veintiún veintiun", "veintidós veintidos", "veintitrés veintitres", "veinticuatro",
            "veinticinco", "veintiséis veintiseis", "veintisiete", "veintiocho", "veintinueve",
        )
    )
    for word in words.split()
}  # fmt: skip
_TENS = {
    word: 10 * number
    for number, words in enumerate(
        ("twenty veinte", "thirty treinta", "forty cuarenta", "fifty cincuenta", "sixty sesenta",
         "seventy setenta", "eighty ochenta", "ninety noventa"), 2,
    )
    for word in words.split()
}  # fmt: skip
_HUNDREDS = {
    "cien": 100, "ciento": 100, "doscientos": 200, "trescientos": 300, "cuatrocientos": 400, "quinientos": 500,
    "seiscientos": 600, "setecientos": 700, "ochocientos": 800, "novecientos": 900,
}  # fmt: skip
_ORDINALS = {
    word: number
    for number, words in enumerate(
        (
            "first primero", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
            "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
            "eighteenth", "nineteenth", "twentieth",
        ), 1,
    )
    for word in words.split()
} | {"thirtieth": 30}  # fmt: skip
MONTHS = {
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
_LONG_MONTHS = tuple(m for m in MONTHS if len(m) > 4)
_NOT_MONTHS = frozenset(["mayor", "marcos", "marco", "abrir", "junior", "augusta", "marcha", "julia", "julie", "agota", "macho", "mango", "menor", "margo", "maria", "march", "mayo"])  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_NEAR_NUMBER = re.compile(r"\d(?:st|nd|rd|th|er|o|º|°)?\s*(?:de|of|,)?\s*$|\d[-/.]$", re.IGNORECASE)
_NUMBER_NEXT = re.compile(r"\s*[,.]?\s*(?:de|del|of|the)?\s*['’]?\d", re.IGNORECASE)
_YEAR_WORDS = re.compile(
    r"\b(?:(?P<last>(?:of\s+|in\s+)?last year|(?:de|del|el|en)\s+(?:el\s+)?año\s+pasado|el pasado año)"
    r"|(?P<this>(?:of\s+|in\s+|earlier\s+)?this\s+year|(?:de|en)?\s*(?:este|el presente)\s+(?:mismo\s+)?año|del presente año|del año en curso|del corriente año)"
    r"|hace\s+(?:(?:como|unos|ya|casi)\s+)*(?P<n>\d{1,2})\s+años|(?P<n2>\d{1,2})\s+years?\s+ago)(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Plain:
    """A text with its numbers as digits, and where each piece of it stands in the original."""

    text: str
    starts: tuple[int, ...]
    """Where pieces begin in `text`, ascending."""
    origins: tuple[tuple[int, int], ...]
    """The original span of each piece; a piece left alone has as many characters as its span."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of a stretch of `text`."""
        return self._place(start, last=False), self._place(end - 1, last=True)

    def _place(self, position: int, *, last: bool) -> int:
        piece = max(0, bisect_right(self.starts, position) - 1)
        start, end = self.origins[piece]
        upto = self.starts[piece + 1] if piece + 1 < len(self.starts) else len(self.text)
        if upto - self.starts[piece] == end - start:
            return start + (position - self.starts[piece]) + (1 if last else 0)
        return end if last else start


@dataclass(slots=True)
class _Builder:
    """Puts a changed text together from replacements in ascending order."""

    original: str
    place: int = 0
    length: int = 0
    pieces: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    origins: list[tuple[int, int]] = field(default_factory=list)

    def put(self, words: str, start: int, end: int) -> None:
        if start > self.place:
            self._add(self.original[self.place : start], self.place, start)
        self._add(words, start, end)
        self.place = end

    def _add(self, words: str, start: int, end: int) -> None:
        self.pieces.append(words)
        self.starts.append(self.length)
        self.origins.append((start, end))
        self.length += len(words)

    def done(self) -> Plain:
        if self.place < len(self.original) or not self.pieces:
            self._add(self.original[self.place :], self.place, len(self.original))
        return Plain("".join(self.pieces), tuple(self.starts), tuple(self.origins))


def plain(text: str, today: date | None = None) -> Plain:
    """Spelled numbers as digits, misspelled months as months, years told by `today`."""
    text = text[:_LONGEST]
    first = _numbers(text)
    second = _months(first.text)
    return _composed(first, second) if today is None else _composed(
        _composed(first, second), _years(second.text, today)
    )  # fmt: skip


def _composed(first: Plain, second: Plain) -> Plain:
    """Two changes one after the other as one."""
    origins = []
    bounds = [*second.starts[1:], len(second.text)]
    starts: list[int] = []
    for start, upto, (a, b) in zip(second.starts, bounds, second.origins, strict=True):
        if upto - start != b - a or b == a:
            starts.append(start)
            origins.append(first.span(a, b) if b > a else (first.span(a, a + 1)[0],) * 2)
            continue
        # A piece that was left alone keeps the cuts of the first change.
        cuts = [a, *(s for s in first.starts[bisect_right(first.starts, a) :] if s < b)]
        for cut, nxt in zip(cuts, [*cuts[1:], b], strict=True):
            starts.append(start + cut - a)
            origins.append(first.span(cut, nxt))
    return Plain(second.text, tuple(starts), tuple(origins))


def _numbers(text: str) -> Plain:
    built = _Builder(text)
    words = [(m.group().lower(), m.start(), m.end()) for m in _WORD.finditer(text)]
    place = 0
    while place < len(words):
        taken, value, mark = _number(words, place, text)
        if not taken:
            place += 1
            continue
        built.put(f"{value}{mark}", words[place][1], words[place + taken - 1][2])
        place += taken
    return built.done()


def _ordinal(
    words: list[tuple[str, int, int]], place: int, text: str
) -> tuple[int, int, str] | None:
    """`fourteenth`, `twenty-first`; `first`, `second` and `third` only where a calendar is near."""
    word = words[place][0]
    if word in _ORDINALS:
        near = _calendar_near(words, place) or _ORDINALS[word] > 3
        return (1, _ORDINALS[word], ORDINAL) if near else (0, 0, "")
    after = words[place + 1][0] if place + 1 < len(words) else ""
    if word in _TENS and 0 < _ORDINALS.get(after, 0) < 10 and _joined(words, place, text):
        return 2, _TENS[word] + _ORDINALS[after], ORDINAL
    return None


def _number(words: list[tuple[str, int, int]], place: int, text: str) -> tuple[int, int, str]:
    """How many words from `place` on make a number, which, and the mark of an ordinal."""
    word = words[place][0]
    if (
        word == "fourth"
        and text[words[place][1]].isupper()
        and [w for w, *_ in words[place + 1 : place + 3]] == ["of", "july"]
    ):
        return 0, 0, ""  # the holiday
    ordinal = _ordinal(words, place, text)
    if ordinal is not None:
        return ordinal
    year = _year(words, place, text)
    if year is not None:
        return (*year, "")
    if word in _TENS:
        second = place + 1
        if second < len(words) and words[second][0] == "y":
            second += 1
        if (
            second < len(words)
            and 1 <= _UNITS.get(words[second][0], 0) <= 9
            and (second > place + 1 or _joined(words, place, text))
        ):
            return second - place + 1, _TENS[word] + _UNITS[words[second][0]], ""
        return 1, _TENS[word], ""
    if word in _UNITS:
        if word in {"un", "una", "one", "uno", "oh"} and not (
            _calendar_near(words, place) or _in_run(words, place)
        ):
            return 0, 0, ""
        return 1, _UNITS[word], ""
    return 0, 0, ""


def _joined(words: list[tuple[str, int, int]], place: int, text: str) -> bool:
    return text[words[place][2] : words[place + 1][1]] in {" ", "-"}


_UNIT_OF_TIME = frozenset(["day", "days", "week", "weeks", "month", "months", "year", "years", "night", "nights", "día", "días", "dia", "dias", "semana", "semanas", "mes", "meses", "año", "años", "noche", "noches", "later", "después", "despues"])  # fmt: skip


def _calendar_near(words: list[tuple[str, int, int]], place: int) -> bool:
    """Whether a month or a unit of time stands beside the word."""
    around = [w for w, *_ in words[max(0, place - 2) : place + 3]]
    near = words[place + 1][0] if place + 1 < len(words) else ""
    return any(w in MONTHS for w in around) or near in _UNIT_OF_TIME


def _in_run(words: list[tuple[str, int, int]], place: int) -> bool:
    """Whether it stands in a run of number words, as a dictated phone does."""
    around = [words[n][0] for n in (place - 1, place + 1) if 0 <= n < len(words)]
    return any((w in _UNITS and w not in {"un", "una", "uno", "one"}) or w in _TENS for w in around)


def _year(words: list[tuple[str, int, int]], place: int, text: str) -> tuple[int, int] | None:
    """`mil novecientos ochenta y dos`, `dos mil veintitrés`, `nineteen fifty-one`."""
    at = place

    def word(n: int) -> str:
        return words[n][0] if n < len(words) else ""

    total = 0
    if word(at) == "mil":
        total, at = 1000, at + 1
    elif word(at) in {"dos", "two"} and word(at + 1) in {"mil", "thousand"}:
        total, at = 2000, at + 2
    elif word(at) in {"nineteen", "twenty"} and word(at + 1) in {*_TENS, *_UNITS}:
        century = 1900 if word(at) == "nineteen" else 2000
        rest = _below_hundred(word, at + 1)
        if rest is not None and rest[1] >= 10 and rest[0] + 1 >= 2:
            return 1 + rest[0], century + rest[1]
        return None
    else:
        return None
    if word(at) in _HUNDREDS:
        total, at = total + _HUNDREDS[word(at)], at + 1
    if word(at) == "and":
        at += 1
    rest = _below_hundred(word, at)
    if rest is not None:
        at, total = at + rest[0], total + rest[1]
    return (at - place, total) if total >= 1900 else None


def _below_hundred(word: Callable[[int], str], at: int) -> tuple[int, int] | None:
    if word(at) in _TENS:
        after = at + 1 + (word(at + 1) == "y")
        if 1 <= _UNITS.get(word(after), 0) <= 9:
            return after - at + 1, _TENS[word(at)] + _UNITS[word(after)]
        return 1, _TENS[word(at)]
    if word(at) in _UNITS and word(at) not in {"un", "una"}:
        return 1, _UNITS[word(at)]
    return None


def _months(text: str) -> Plain:
    """A misspelled month beside a number is that month: `agust 2023`, `febuary 3`."""
    built = _Builder(text)
    for match in _WORD.finditer(text):
        word = match.group().lower()
        if not 4 < len(word) < 12 or word in MONTHS or word in _NOT_MONTHS:
            continue
        if not (
            _NUMBER_NEXT.match(text, match.end())
            or _NEAR_NUMBER.search(text[max(0, match.start() - 12) : match.start()])
        ):
            continue
        near = [m for m in _LONG_MONTHS if OSA.distance(word, m, score_cutoff=1) <= 1]
        if len({MONTHS[m] for m in near}) == 1 and word[0] == near[0][0]:
            built.put(near[0], match.start(), match.end())
    return built.done()


def _years(text: str, today: date) -> Plain:
    """`last year`, `de este año`, `hace 2 años` as the year that is meant, marked."""
    built = _Builder(text)
    for match in _YEAR_WORDS.finditer(text):
        back = 1 if match["last"] else int(match["n"] or match["n2"] or 0)
        built.put(f" {today.year - back}{RELATIVE}", match.start(), match.end())
    return built.done()
