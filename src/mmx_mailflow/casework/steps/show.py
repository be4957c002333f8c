"""What SHOW answers: the case as a list of labels and values, for one member of the staff."""

from __future__ import annotations

from mmx_mailflow.casework.calendar import form_due_at, local_date
from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.facts import FactName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.turn import whose_turn


def facts_of(case: Case, policy: Policy) -> tuple[tuple[str, str], ...]:
    """The case for a person to read; the labels are names that `letters.words` knows."""
    rows = [
        ("state", case.state.value),
        ("whose_turn", whose_turn(case).value),
        ("sender", case.sender + (" (confirmed)" if case.confirmed else "")),
        ("form_due", local_date(form_due_at(case.received_at, policy), policy).isoformat()),
        *((name.value, _value(case, name)) for name in FactName),
        *((f"provider {p.n}", _provider_line(p.name, p.address, p.state)) for p in case.providers),
        *((f"task {t.n}", t.name.value) for t in case.tasks),
    ]
    if soon := deadlines(case, policy):
        rows.append(("next_due", f"{soon[0].at:%Y-%m-%d %H:%M} {soon[0].name.split(':')[0]}"))
    return tuple(rows)


def _provider_line(name: str, address: str, state: str) -> str:
    return f"{name} <{address}> {state}" if address else f"{name} {state}"


def _value(case: Case, name: FactName) -> str:
    facts = case.facts
    if name in facts.ambiguous:
        return " / ".join(facts.meanings(name)) + " ?"
    value = getattr(facts, name.value)
    if name == FactName.TREATMENT_DATES:
        return "; ".join(period.text for period in facts.treatment_dates)
    return "; ".join(value) if isinstance(value, tuple) else str(value or "")
