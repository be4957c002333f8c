"""What the command line shows of a case, as plain records with the names that scripts rely on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue

from mmx_mailflow.casework.calendar import DAY_END, at, form_due_at
from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.deadlines import deadlines, due_at
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.turn import whose_turn
from mmx_mailflow.intake.parse import fields

HIDDEN: Final = "***"

Record = dict[str, JsonValue]


def hidden(value: JsonValue) -> JsonValue:
    """`value` in its own shape without its words; what is empty stays empty."""
    if isinstance(value, dict):
        return {key: hidden(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [hidden(inner) for inner in value]
    return value if value is None or isinstance(value, bool) or value == "" else HIDDEN


def hide(record: Mapping[str, JsonValue], personal: frozenset[str]) -> Record:
    """`record` with every value under one of the `personal` names hidden, at any depth."""
    return {
        key: hidden(value) if key in personal else _hide_inside(value, personal)
        for key, value in record.items()
    }


def _hide_inside(value: JsonValue, personal: frozenset[str]) -> JsonValue:
    if isinstance(value, dict):
        return hide(value, personal)
    if isinstance(value, list):
        return [_hide_inside(inner, personal) for inner in value]
    return value


def row_of(case: Case, policy: Policy) -> Record:
    """One line of the board."""
    return {
        "ref": case.ref,
        "state": case.state.value,
        "outcome": case.result.value if case.result else None,
        "received_at": said(case.received_at),
        "form_due_at": said(form_due_at(case.received_at, policy)),
        "form_issued_at": said(case.form_issued_at),
        "next_due_at": said(due_at(case, policy)),
        "whose_turn": whose_turn(case).value,
        "language": case.language.value,
        "missing": [*(name.value for name in case.facts.missing())],
        "ambiguous": [*sorted(name.value for name in case.facts.ambiguous)],
        "providers": [
            {"n": provider.n, "name": provider.name, "state": provider.state.value}
            for provider in case.providers
        ],
    }


def details_of(case: Case, policy: Policy) -> Record:
    """Everything that staff may want to know of one case."""
    return row_of(case, policy) | {
        "trust": case.trust.value,
        "confirmed": case.confirmed,
        "on_hold": case.on_hold,
        "sender": case.sender,
        "facts": fields(case.facts),
        "evidence": [
            {
                "field": e.fact.value,
                "words": e.words,
                "part": e.part,
                "start": e.start,
                "end": e.end,
            }
            for e in case.facts.evidence
        ],
        "authorization": _authorization(case, policy),
        "tasks": [
            {
                "n": task.n,
                "task": task.name.value,
                "opened_at": said(task.opened_at),
                "provider": task.provider,
                "details": task.details,
            }
            for task in case.tasks
        ],
    }


def timers_of(case: Case, policy: Policy) -> list[Record]:
    """The deadlines of a case, soonest first."""
    return [
        {"ref": case.ref, "name": deadline.name, "due_at": said(deadline.at)}
        for deadline in deadlines(case, policy)
    ]


def said(moment: datetime | None) -> str | None:
    """A moment as ISO 8601, or None."""
    return moment.isoformat() if moment else None


def _authorization(case: Case, policy: Policy) -> Record:
    accepted = case.authorization
    expires = at(accepted.expires_on, DAY_END, policy.zone()) if accepted else None
    back = case.returns[-1].received_at if case.returns else None
    return {
        "issued_at": said(case.form_issued_at),
        "returned_at": said(accepted.returned_at if accepted else back),
        "accepted_at": said(accepted.accepted_at if accepted else None),
        "expires_at": said(expires),
        "revoked_at": said(accepted.revoked_at if accepted else None),
    }


def said_of(row: Mapping[str, Any]) -> Record:
    """A row of the store as JSON has it: times as ISO 8601."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }
