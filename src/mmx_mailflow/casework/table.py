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


TRIAGE, INTAKE, SIGN = [State.TRIAGE], [State.INTAKE], [State.AWAITING_SIGNATURE]
REVIEW, CLOSED, PATIENT = [State.FORM_REVIEW], [State.CLOSED], [State.AWAITING_PATIENT]
AFTER = [State.RESOLVING_PROVIDERS, State.IN_PROGRESS, State.AWAITING_PATIENT, State.DELIVERING]
BEFORE = [*TRIAGE, *INTAKE, *SIGN, *REVIEW]
ACCEPTED = [*SIGN, *REVIEW, *AFTER, *CLOSED]
OPEN, ALL = [*BEFORE, *AFTER], [*BEFORE, *AFTER, *CLOSED]

# fmt: off
TABLE: dict[tuple[State, type[Value]], Row] = {(row.state, row.event): row for row in (
    #     in state      when                 do                               may also end in
    *_rows(TRIAGE,      e.RequestReceived,   intake.open_case,                [*INTAKE, *SIGN]),
    *_rows(TRIAGE,      e.FactsAdded,        intake.add_facts,                [*INTAKE, *SIGN]),
    *_rows(INTAKE,      e.RequestReceived,   intake.add_facts,                [*TRIAGE, *SIGN]),
    *_rows(INTAKE,      e.FactsAdded,        intake.add_facts,                SIGN),
    *_rows(SIGN,        e.RequestReceived,   intake.add_facts,                []),
    *_rows(SIGN,        e.FactsAdded,        intake.add_facts,                []),
    *_rows(REVIEW,      e.RequestReceived,   intake.add_facts,                []),
    *_rows(REVIEW,      e.FactsAdded,        intake.add_facts,                []),
    *_rows(SIGN,        e.FormReturned,      form.take_return,                [*REVIEW, *AFTER]),
    *_rows(REVIEW,      e.FormReturned,      form.take_return,                [*SIGN, *AFTER]),
    *_rows(AFTER,       e.FormReturned,      form.take_return,                AFTER),
    *_rows(AFTER,       e.RequestReceived,   intake.add_facts,                AFTER),
    *_rows(AFTER,       e.FactsAdded,        intake.add_facts,                AFTER),
    *_rows(OPEN,        e.StatusAsked,       patient.tell_status,             []),
    *_rows(OPEN,        e.PersonWrote,       patient.read_by_staff,           CLOSED),
    *_rows(PATIENT,     e.PersonWrote,       patient.read_by_staff,           [*AFTER, *CLOSED]),
    *_rows(OPEN,        e.RequestWithdrawn,  patient.withdraw,                CLOSED),
    *_rows(ALL,         e.MachineAnswered,   patient.keep_quiet,              []),
    *_rows(BEFORE,      e.LetterBounced,     providers.letter_bounced,        []),
    *_rows(AFTER,       e.LetterBounced,     providers.letter_bounced,        AFTER),
    *_rows(CLOSED,      e.LetterBounced,     providers.letter_bounced,        []),
    *_rows(BEFORE,      e.LetterSent,        providers.letter_sent,           []),
    *_rows(AFTER,       e.LetterSent,        providers.letter_sent,           AFTER),
    *_rows(CLOSED,      e.LetterSent,        providers.letter_sent,           []),
    *_rows(ALL,         e.StaffWroteByHand,  providers.staff_wrote,           []),
    *_rows(BEFORE,      e.ProviderAnswered,  providers.take_provider_answer,  []),
    *_rows(AFTER,       e.ProviderAnswered,  providers.take_provider_answer,  AFTER),
    *_rows(CLOSED,      e.ProviderAnswered,  providers.take_provider_answer,  []),
    *_rows(BEFORE,      e.StaffReplied,      staff.run_commands,              ALL),
    *_rows(AFTER,       e.StaffReplied,      staff.run_commands,              ACCEPTED),
    *_rows(CLOSED,      e.StaffReplied,      staff.run_commands,              OPEN),
    *_rows(TRIAGE,      e.OperatorDecided,   staff.operator_decided,          [*INTAKE, *SIGN]),
    *_rows(INTAKE,      e.DeadlinePassed,    clock.on_deadline,               SIGN),
    *_rows(SIGN,        e.DeadlinePassed,    clock.on_deadline,               CLOSED),
    *_rows(TRIAGE,      e.DeadlinePassed,    clock.on_deadline,               []),
    *_rows(REVIEW,      e.DeadlinePassed,    clock.on_deadline,               []),
    *_rows(AFTER,       e.DeadlinePassed,    clock.on_deadline,               []),
    *_rows(CLOSED,      e.DeadlinePassed,    clock.on_deadline,               []),
    *_rows(CLOSED,      e.RequestReceived,   patient.write_to_closed,         OPEN),
    *_rows(CLOSED,      e.FactsAdded,        patient.write_to_closed,         OPEN),
    *_rows(CLOSED,      e.FormReturned,      patient.write_to_closed,         OPEN),
    *_rows(CLOSED,      e.PersonWrote,       patient.write_to_closed,         OPEN),
    *_rows(CLOSED,      e.StatusAsked,       patient.write_to_closed,         []),
)}
# fmt: on
