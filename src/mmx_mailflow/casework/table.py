"""The table of what happens in which state, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from mmx_mailflow.casework import events as e
from mmx_mailflow.casework.case import Case, Decision, State
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.steps import clock, form, intake, patient, providers, staff
from mmx_mailflow.casework.values import Value

E = TypeVar("E", bound=e.Event)
Step = Callable[[Case, E, Policy, datetime], Decision]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: in these states, when this happened, do that."""

    state: State
    event: type[Value]
    do: Callable[[Case, Any, Policy, datetime], Decision]
    ends_in: frozenset[State]


def _rows(
    states: Iterable[State], event: type[E], do: Step[E], ends_in: Iterable[State]
) -> Iterator[Row]:
    ends = frozenset(ends_in)
    for state in states:
        yield Row(state, event, do, ends | {state})


TRIAGE, INTAKE = [State.TRIAGE], [State.INTAKE]
SIGN, REVIEW, CLOSED = [State.AWAITING_SIGNATURE], [State.FORM_REVIEW], [State.CLOSED]
BEFORE = [State.TRIAGE, State.INTAKE, State.AWAITING_SIGNATURE, State.FORM_REVIEW]
AFTER = [State.RESOLVING_PROVIDERS, State.IN_PROGRESS, State.AWAITING_PATIENT, State.DELIVERING]
OPEN = [*BEFORE, *AFTER]
ALL = [*OPEN, State.CLOSED]
PURGED = [State.PURGED]

# fmt: off
TABLE: dict[tuple[State, type[Value]], Row] = {(row.state, row.event): row for row in (
    #     in state        when                  do                              may end in
    *_rows(TRIAGE,        e.RequestReceived,    intake.open_case,               [*INTAKE, *SIGN]),
    *_rows(TRIAGE,        e.FactsAdded,         intake.add_facts,               [*INTAKE, *SIGN]),
    *_rows(INTAKE,        e.RequestReceived,    intake.add_facts,               [*TRIAGE, *SIGN]),
    *_rows(INTAKE,        e.FactsAdded,         intake.add_facts,               [*TRIAGE, *SIGN]),
    *_rows(SIGN,          e.RequestReceived,    intake.add_facts,               SIGN),
    *_rows(SIGN,          e.FactsAdded,         intake.add_facts,               SIGN),
    *_rows(SIGN,          e.FormReturned,       form.take_return,               REVIEW),
    *_rows(REVIEW,        e.RequestReceived,    intake.add_facts,               REVIEW),
    *_rows(REVIEW,        e.FactsAdded,         intake.add_facts,               REVIEW),
    *_rows(REVIEW,        e.FormReturned,       form.take_return,               SIGN),
    *_rows(AFTER,         e.RequestReceived,    intake.add_facts,               AFTER),
    *_rows(AFTER,         e.FactsAdded,         intake.add_facts,               AFTER),
    *_rows(OPEN,          e.StatusAsked,        patient.tell_status,            OPEN),
    *_rows(OPEN,          e.PersonWrote,        patient.read_by_staff,          OPEN),
    *_rows(OPEN,          e.RequestWithdrawn,   patient.withdraw,               [*INTAKE, *CLOSED]),
    *_rows(ALL,           e.MachineAnswered,    patient.keep_quiet,             []),
    *_rows(ALL,           e.LetterBounced,      providers.letter_bounced,       ALL),
    *_rows(ALL,           e.LetterSent,         providers.letter_sent,          AFTER),
    *_rows(ALL,           e.StaffWroteByHand,   providers.staff_wrote,          []),
    *_rows(ALL,           e.ProviderAnswered,   providers.take_provider_answer, ALL),
    *_rows(ALL,           e.StaffReplied,       staff.run_commands,             ALL),
    *_rows(ALL,           e.OperatorDecided,    staff.operator_decided,         ALL),
    *_rows(ALL,           e.DeadlinePassed,     clock.on_deadline,              ALL),
    *_rows(CLOSED,        e.RequestReceived,    patient.write_to_closed,        OPEN),
    *_rows(CLOSED,        e.FactsAdded,         patient.write_to_closed,        OPEN),
    *_rows(CLOSED,        e.FormReturned,       patient.write_to_closed,        OPEN),
    *_rows(CLOSED,        e.PersonWrote,        patient.write_to_closed,        OPEN),
    *_rows(CLOSED,        e.StatusAsked,        patient.write_to_closed,        []),
)}
# fmt: on
