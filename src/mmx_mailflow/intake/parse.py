"""What `mmx-mailflow parse` prints: a mail in the schema of the labelled corpus."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import JsonValue

from mmx_mailflow.casework.facts import Facts
from mmx_mailflow.intake.opened import letter, msg
from mmx_mailflow.intake.read import arrived, read
from mmx_mailflow.intake.understand import understand

_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)


def parsed(file_name: str, raw: bytes) -> dict[str, JsonValue]:
    """One JSON object for a raw mail; the mail's own date is the only clock."""
    message = read(raw, msg)
    said = understand(message, message.date or arrived(message) or _NO_DATE, words_in=letter)
    about = said.kind.value in {"request", "followup"}
    return {
        "file": file_name,
        "kind": said.kind.value,
        "language": said.language,
        "requester": said.requester.value if said.requester else None,
        "fields": fields(said.facts),
        "missing": [*(n.value for n in said.facts.missing())] if about else [],
        "ambiguous": [*sorted(n.value for n in said.facts.ambiguous)],
        "may_answer": said.may_answer,
        "evidence": [
            {
                "field": e.fact.value,
                "words": e.words,
                "part": e.part,
                "start": e.start,
                "end": e.end,
            }
            for e in said.facts.evidence
        ],
        "why": list(said.why),
        "defects": list(message.defects),
    }


def fields(facts: Facts) -> dict[str, JsonValue]:
    """The facts as the corpus writes them."""
    return {
        "patient_name": facts.patient_name,
        "date_of_birth": facts.date_of_birth.isoformat() if facts.date_of_birth else None,
        "treatment_dates": [
            {"start": p.start.isoformat(), "end": p.end.isoformat(), "text": p.text}
            | ({"relative": True} if p.relative else {})
            for p in facts.treatment_dates
        ],
        "providers": list(facts.providers),
        "records": list(facts.records),
        "emails": list(facts.emails),
        "phones": list(facts.phones),
        "postal_address": facts.postal_address,
    }
