"""What a provider is told: the least that identifies the records, and nothing of anybody else."""

from __future__ import annotations

from mmx_mailflow.casework.case import Case, Provider
from mmx_mailflow.casework.names import plain
from mmx_mailflow.casework.values import Language
from mmx_mailflow.letters.words import Said, choose, day, flat, period

_ON_THE_FORM: Said = (
    "as stated on the signed authorization",
    "como consta en la autorización firmada",
)


def request(case: Case, provider: Provider, language: Language) -> dict[str, object]:
    """Name, birth date, dates of care and records: 45 CFR 164.502(b), minimum necessary."""
    facts, absent = case.facts, choose(_ON_THE_FORM, language)
    born, dates = facts.date_of_birth, facts.treatment_dates
    return {
        "provider": flat(provider.name),
        "patient": flat(facts.patient_name or "") or absent,
        "born": day(born, language) if born else absent,
        "dates": "; ".join(period(p, language) for p in dates) or absent,
        "wanted": _records(case, provider) or [absent],
        "in_us": provider.country == "US",
    }


def _records(case: Case, provider: Provider) -> list[str]:
    """The records as described, without those words that name others or are addresses.

    Where a description must be left out the signed form, which is attached, still says it.
    """
    others = [plain(p.name) for p in case.providers if p.n != provider.n]
    others += [plain(name) for name in case.facts.providers if plain(name) != plain(provider.name)]
    others += [plain(text) for text in (*case.facts.phones, *case.facts.emails)]
    described = [flat(record) for record in case.facts.records]
    return [
        record
        for record in described
        if "@" not in record and not any(other and other in plain(record) for other in others)
    ]
