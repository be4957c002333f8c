"""What a packet is made of: the values printed on it and the wording of both languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from string import Formatter

from pydantic import Field

from mmx_mailflow.casework.values import Value

LANGUAGES = ("en", "es")
PUT_IN = frozenset(
    {"organisation", "records_address", "agent", "expires", "wanted", "patient", "page", "pages"}
)
"""What may stand in braces in a sentence of the form."""


class PacketFacts(Value):
    """The values that a packet is prefilled with; what is unknown stays blank."""

    ref: str
    issue: int
    issued_on: date
    expires_on: date
    organisation: str
    records_address: str
    agent_name: str = ""
    agent_signature: bytes | None = Field(default=None, repr=False)
    """A picture of the agent's signature (PNG or JPEG); None leaves a line to sign."""
    patient_name: str | None = Field(default=None, repr=False)
    date_of_birth: date | None = Field(default=None, repr=False)
    postal_address: str = Field(default="", repr=False)
    phones: tuple[str, ...] = Field(default=(), repr=False)
    emails: tuple[str, ...] = Field(default=(), repr=False)
    representative: bool = False
    providers: tuple[str, ...] = Field(default=(), repr=False)
    treatment: tuple[str, ...] = Field(default=(), repr=False)
    records: tuple[str, ...] = Field(default=(), repr=False)
    mexican: bool = True
    large_print: bool = False
    specimen: bool = False
    """Marked across every page: not to be used."""


class FormWords(Value):
    """The sentences of the form by block, in both languages."""

    en: dict[str, str]
    es: dict[str, str]


def words_from(texts: Mapping[str, str]) -> FormWords:
    """The wording out of `<language>/form/words.toml`; ValueError for one that cannot be printed."""
    en, es = (tomllib.loads(texts[f"{language}/form/words.toml"]) for language in LANGUAGES)
    if set(en) != set(es):
        raise ValueError(f"the languages differ in blocks: {', '.join(sorted(set(en) ^ set(es)))}")
    for words in (en, es):
        for block, sentence in words.items():
            _check(block, sentence)
    return FormWords(en=en, es=es)


def _check(block: str, sentence: object) -> None:
    """Refuse a sentence that is none, or that asks for a word which is not put in."""
    if not isinstance(sentence, str):
        raise ValueError(f"{block} is not a sentence")  # noqa: TRY004  one sort of error for the caller
    try:
        names = {name for _, name, *_ in Formatter().parse(sentence) if name is not None}
    except ValueError as error:
        raise ValueError(f"{block}: {error}") from error
    if names - PUT_IN:
        raise ValueError(
            f"{block} has an unknown word in braces: {', '.join(sorted(names - PUT_IN))}"
        )


_MONTHS_ES = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]
_MONTHS_EN = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def day_in_words(day: date) -> str:
    """A date that cannot be read in two ways, in both languages."""
    english = f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}"
    return f"{english} / {day.day} de {_MONTHS_ES[day.month - 1]} de {day.year}"
