"""A short answer to our question: it picks an option, confirms, declines."""

from __future__ import annotations

import re
from datetime import date

from mmx_mailflow.casework.facts import REQUIRED, FactName, Facts

_LONGEST = 160
"""A longer text is no pick but a letter of its own."""
_LETTER = re.compile(
    r"^\W*(?:(?:it(?:['’]s| is| was)|(?:the |my )?answer(?: is)?|option|letter"
    r"|opci[oó]n|letra|inciso|respuesta|es|fue|la|el|the)\s*:?\s*){0,4}"
    r"[\"“(]?(?P<letter>[a-d])(?:\)|\.|\b)(?![’'\w])",
    re.IGNORECASE,
)
_ORDINAL = re.compile(
    r"\b(?:the\s+(?P<en>first|second|third|fourth|former|latter|last)"
    r"(?:\s+(?:one|option|date|reading|is|of))?"
    r"|(?:la|el)\s+(?P<es>primer[ao]?|segund[ao]|tercer[ao]?|cuart[ao]|[uú]ltim[ao])"
    r"|(?:option|number|opci[oó]n|n[uú]mero)\s+(?P<n>[1-4]))\b",
    re.IGNORECASE,
)
_PLACES = {
    "first": 0, "former": 0, "second": 1, "latter": 1, "third": 2, "fourth": 3, "last": -1,
    "prim": 0, "segu": 1, "terc": 2, "cuar": 3, "últi": -1, "ulti": -1,
}  # fmt: skip
_NEITHER = re.compile(r"\b(?:neither|none|not|ninguna?|no es|tampoco)\b", re.IGNORECASE)


_CONFIRMS = re.compile(
    r"(?:(?:yes|s[ií]|ok|okay)\b[\s,.!]*)?"
    r"(?:(?:i|we)\s+(?:do\s+|hereby\s+)?confirm(?:\s+(?:it|this|that))?|confirmed"
    r"|(?:lo\s+|la\s+)?confirm(?:o|amos|ad[oa]))"
    r"[\s,.!]*(?:thanks|thank you|(?:muchas\s+)?gracias)?[\s,.!]*",
    re.IGNORECASE,
)
"""The whole line: `I can confirm that somebody else wrote` confirms nothing."""
_TURNS_ROUND = re.compile(
    r"\b(?:but|however|except|unless|pero|aunque|salvo|somebody|someone|alguien|otra persona)\b",
    re.IGNORECASE,
)
_NEGATES = re.compile(
    r"\b(?:no|not|never|nunca|jam[aá]s|cannot|\w+n['’]t|dont|tampoco|nor)\b", re.IGNORECASE
)
_GOES_ON = re.compile(
    r"\b(?:go on|go ahead|carry on|keep going|continue|contin[uú](?:en|e|ar|emos)|s[ií]gan"
    r"|sigamos|adelante)\b",
    re.IGNORECASE,
)


def _answer(words: str) -> str:
    """The first line of a short answer; a longer text, or a question, is a letter of its own."""
    short = len(words.strip()) <= _LONGEST and "?" not in words
    return _first_line(words) if short else ""


def _first_line(words: str) -> str:
    return next((line.strip() for line in words.splitlines() if line.strip()), "")


def confirms(words: str) -> bool:
    """Whether a short answer says `I confirm` and no more: a mere `yes` may answer anything."""
    said, rest = _answer(words), words.strip().partition("\n")[2]
    turned = _NEGATES.search(rest) or _GOES_ON.search(rest) or _TURNS_ROUND.search(rest)
    return bool(_CONFIRMS.fullmatch(said)) and not turned


def declines(words: str) -> bool:
    """Whether a short answer begins with no."""
    return re.match(r"\W*no\b", _answer(words), re.IGNORECASE) is not None


def goes_on(words: str) -> bool:
    """Whether a short answer says `please go on`, and nothing besides that turns it round."""
    said = _answer(words)
    return bool(_GOES_ON.search(said)) and not (_NEGATES.search(words) or "confirm" in said.lower())


def pick(words: str) -> int | None:
    """Which option a short text picks, counted from 0; -1 is the last; None when it picks none."""
    said = _first_line(words)
    if not said or len(words.strip()) > _LONGEST or _NEITHER.search(said):
        return None
    letter = _LETTER.match(said)
    if letter is not None and (len(said) < 2 + letter.end() or not said[letter.end()].isalpha()):
        alone = said[: letter.start("letter")].strip() or len(said.rstrip(" .)")) == 1
        marked = said[letter.end("letter") : letter.end("letter") + 1] in {")", "."}
        if alone or marked:
            return ord(letter["letter"].lower()) - ord("a")
    ordinal = _ORDINAL.search(said)
    if ordinal is None:
        return None
    if ordinal["n"]:
        return int(ordinal["n"]) - 1
    word = (ordinal["en"] or ordinal["es"]).lower()
    return _PLACES.get(word, _PLACES.get(word[:4]))


def settled(asked: Facts, later: Facts, words: str) -> Facts:
    """`later` with the fact that the words settle: the one that was asked with options.

    With two open questions, or when the mail states the fact itself, nothing is picked.
    """
    place = pick(words)
    open_ = [n for n in REQUIRED if n in asked.ambiguous and len(asked.meanings(n)) > 1]
    if place is None or len(open_) != 1:
        return later
    [name] = open_
    options = asked.meanings(name)
    if later.stated(name) or name in later.ambiguous or place >= len(options):
        return later
    return Facts.model_validate(later.model_dump() | {name.value: _value(name, options[place])})


def _value(name: FactName, option: str) -> object:
    if name == FactName.DATE_OF_BIRTH:
        return date.fromisoformat(option)
    if name == FactName.TREATMENT_DATES:
        day = date.fromisoformat(option)
        return [{"start": day, "end": day, "text": option}]
    return option
