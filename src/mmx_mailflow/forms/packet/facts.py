"""What a packet is made of: the values printed on it and the wording of both languages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date

from pydantic import Field

from mmx_mailflow.casework.values import Value

LANGUAGES = ("en", "es")


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
    """The wording out of `<language>/form/words.toml`; raises KeyError, ValueError."""
    en, es = (tomllib.loads(texts[f"{language}/form/words.toml"]) for language in LANGUAGES)
    if set(en) != set(es):
        raise ValueError(f"the form's wording differs in blocks: {sorted(set(en) ^ set(es))}")
    return FormWords(en=en, es=es)


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
