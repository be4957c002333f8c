"""The providers that the office knows, and which one a name means."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError
from rapidfuzz import fuzz, process

from mmx_mailflow.casework.events import DirectoryMatch, ProviderMatch
from mmx_mailflow.casework.values import Value, ascii_address

_SMALL = frozenset(
    [
        "de",
        "del",
        "la",
        "las",
        "los",
        "el",
        "y",
        "e",
        "the",
        "of",
        "and",
        "dr",
        "dra",
        "doctor",
        "doctora",
    ]
)
_CLOSE, _MOST = 70, 5


class DirectoryEntry(Value):
    """A line of the directory."""

    name: str
    aliases: tuple[str, ...] = ()
    email: str = ""
    escalation_email: str = ""
    city: str = ""
    country: str = "MX"
    timezone: str = ""
    language: str = "es"
    channel: str = "email"
    witnesses: str = ""
    id_copy: str = ""
    own_form: str = ""
    max_age_days: str = ""
    notes: str = ""


def read_csv(text: str) -> tuple[tuple[DirectoryEntry, ...], tuple[str, ...]]:
    """The entries of a CSV file and, for each line that is none, what is wrong with it."""
    entries, errors = [], []
    for number, row in enumerate(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))), 2):
        values: dict[str, object] = {
            (k or "").strip().lower(): (v or "").strip() if isinstance(v, str) else ""
            for k, v in row.items()
        }
        values = {k: v for k, v in values.items() if v or k == "name"}
        aliases = str(values.pop("aliases", ""))
        values["aliases"] = tuple(a.strip() for a in aliases.split(";") if a.strip())
        try:
            entry = DirectoryEntry.model_validate(values)
        except ValidationError as error:
            errors.append(
                f"line {number}: {error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}"
            )
            continue
        if not entry.name or (entry.channel == "email" and not ascii_address(entry.email)):
            errors.append(
                f"line {number}: a name and, for the channel email, an address are needed"
            )
            continue
        entries.append(entry)
    return tuple(entries), tuple(errors)


def normal(name: str) -> str:
    """A provider's name for comparing: no accents, titles, small words or case."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(w for w in re.findall(r"\w+", plain) if w not in _SMALL)


def wished(words: str) -> bool:
    """Whether a column of the directory asks for something: all but a plain no does."""
    return normal(words) not in {"", "no", "none", "ninguno", "ninguna", "0", "false", "n"}


def _days(words: str) -> int:
    """The first number of a column that counts days; 0 where there is none."""
    found = re.search(r"\d{1,4}", words)
    return int(found.group()) if found else 0


@dataclass(frozen=True, slots=True)
class Directory:
    """The directory, its names made comparable once."""

    entries: tuple[DirectoryEntry, ...]
    _names: tuple[str, ...] = field(repr=False)
    _owners: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, entries: Sequence[DirectoryEntry]) -> Directory:
        """A directory of these entries."""
        pairs = [(normal(n), i) for i, e in enumerate(entries) for n in (e.name, *e.aliases)]
        return cls(tuple(entries), tuple(n for n, _ in pairs), tuple(i for _, i in pairs))

    def matches(self, name: str) -> ProviderMatch:
        """What a written name may mean: the same name, else the closest few."""
        wanted = normal(name)
        exact = list(
            dict.fromkeys(o for n, o in zip(self._names, self._owners, strict=True) if n == wanted)
        )
        if exact:
            return ProviderMatch(
                name=name, matches=tuple(self._match(i, exact=True) for i in exact[:_MOST])
            )
        close = process.extract(
            wanted, self._names, scorer=fuzz.token_set_ratio, score_cutoff=_CLOSE, limit=20
        )
        owners = dict.fromkeys(self._owners[place] for _, _, place in close)
        return ProviderMatch(
            name=name, matches=tuple(self._match(i, exact=False) for i in list(owners)[:_MOST])
        )

    def _match(self, number: int, *, exact: bool) -> DirectoryMatch:
        entry = self.entries[number]
        return DirectoryMatch(
            name=entry.name,
            email=entry.email.lower(),
            language=entry.language,
            channel=entry.channel,
            country=entry.country,
            timezone=entry.timezone,
            id_copy=wished(entry.id_copy),
            witnesses=wished(entry.witnesses),
            max_age_days=_days(entry.max_age_days),
            exact=exact,
        )
