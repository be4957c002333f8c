"""The last look before a byte leaves for a provider, and what `verify` sees afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.casework.made import FARO, NOW, SHOWN, came_back, mail, new_case, request, staff
from tests.casework.test_decide import APPROVE
from tests.stories.world import office_in

from mmx_mailflow import flow
from mmx_mailflow.casework.case import Authorization, Case, Result, State
from mmx_mailflow.casework.commands import Command, ProviderAction, Verb
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import LetterSent, RequestWithdrawn
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Role
from mmx_mailflow.office import Office, record
from mmx_mailflow.ops.verify import verified
from mmx_mailflow.store import cases, outbox
from mmx_mailflow.store.tables import outbox as rows
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.errors import NeverError, NotNowError

REF = new_case().ref
SENT = LetterSent(letter=LetterName.SEND_FORM, to_role=Role.PATIENT, occasion="form-1")


class Taker:
    """A mail server that takes everything, and notes to whom."""

    def __init__(self) -> None:
        self.recipients: list[str] = []

    def send(self, _: bytes, *, recipient: str, on_data, **__: object) -> str:
        on_data()
        self.recipients.append(recipient)
        return "250"


def happens(office: Office, *events) -> None:
    for event in events:
        with office.store.begin() as connection:
            stored = cases.load(connection, office.keys, REF)
            flow.handle(office, connection, stored, event, actor="mail", message=30)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A submission to a provider was decided and waits for its time."""
    made = office_in(tmp_path, Clock(NOW))
    with made.store.begin() as connection:
        first = request(matches=(FARO,))
        decision = decide(new_case(), first, made.policy, NOW)
        record(made, connection, None, first, decision, actor="patient", message=1)
    happens(made, SENT, came_back(), staff(APPROVE, shown=SHOWN))
    flow.send_due(made, Taker())  # all but the submission, which waits for UNDO
    yield made
    made.close()


def states(office: Office, name: str) -> list[tuple[str, str]]:
    with office.store.begin() as connection:
        listed = outbox.listing(connection)
    return [(r["state"], r["reply"]) for r in listed if r["letter"] == name]


def becomes(office: Office, change) -> None:
    """The case is another now, and nobody took its letters out of the queue."""
    with office.store.begin() as connection:
        stored = cases.load(connection, office.keys, REF)
        decision = decide(stored.case, SENT, office.policy, office.clock.now())
        decision = replace(decision, case=change(stored.case), letters=())
        record(office, connection, stored, SENT, decision, actor="sender")


def with_authorization(**changes: object):
    def change(case: Case) -> Case:
        values = case.authorization.model_dump() | changes
        return replace(case, authorization=Authorization.model_validate(values))

    return change


def test_a_submission_that_is_covered_leaves_when_its_time_has_come(office: Office) -> None:
    office.clock.advance(timedelta(minutes=10))
    taker = Taker()
    flow.send_due(office, taker)

    assert "archivo@faro.example" in taker.recipients


CORRECTED = Command(
    verb=Verb.PROVIDER, number=1, action=ProviderAction.ADDRESS, address="otro@faro.example"
)


def test_an_address_that_staff_correct_in_time_gets_nothing(office: Office) -> None:
    happens(office, staff(CORRECTED, shown=SHOWN))
    office.clock.advance(timedelta(minutes=10))
    taker = Taker()
    flow.send_due(office, taker)

    assert "otro@faro.example" in taker.recipients
    assert "archivo@faro.example" not in taker.recipients
    assert states(office, "submission") == [
        ("cancelled", "the provider has another address now"),
        ("sent", "250"),
    ]


class Refusing(Taker):
    """A mail server that knows no recipient."""

    def send(self, _: bytes, **__: object) -> str:
        raise NeverError("send", "550")


@pytest.mark.parametrize("corrected", [False, True])
def test_a_refusal_of_an_address_counts_while_the_case_writes_there(
    office: Office, monkeypatch: pytest.MonkeyPatch, corrected: bool
) -> None:
    office.clock.advance(timedelta(minutes=10))
    monkeypatch.setattr(flow, "_past", lambda *_: "")  # it was in hand when staff corrected it
    if corrected:
        happens(office, staff(CORRECTED, shown=SHOWN))
    flow.send_due(office, Refusing())

    with office.store.begin() as connection:
        case = cases.load(connection, office.keys, REF).case
    told = {(task.name, task.provider) for task in case.tasks}
    assert (("bounced", 1) in told) != corrected


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (with_authorization(revoked_at=NOW), "taken back"),
        (lambda case: replace(case, paused_at=NOW), "taken back"),
        (with_authorization(expires_on=date(2026, 11, 1)), "expired"),
        (with_authorization(providers=(), class_clause=False), "cover"),
        (lambda case: replace(case, authorization=None), "no authorization"),
    ],
    ids=["revoked", "paused", "expired", "not covered", "none"],
)
def test_what_changed_since_the_decision_is_seen_when_the_letter_leaves(
    office: Office, change, why: str
) -> None:
    becomes(office, change)
    office.clock.advance(timedelta(minutes=10))
    taker = Taker()
    flow.send_due(office, taker)

    assert "archivo@faro.example" not in taker.recipients
    [(state, reply)] = states(office, "submission")
    assert state == "cancelled"
    assert reply.startswith("gate: ")
    assert why in reply
    assert states(office, "alarm")


def test_every_connection_to_sqlite_checks_what_a_row_points_to(office: Office) -> None:
    for _ in range(2):
        with office.store.begin() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def closed_check(office: Office) -> str:
    [found] = [c for c in verified(office)["checks"] if c["name"] == "closed"]
    return "" if found["ok"] else found["detail"]


def test_verify_sees_a_letter_that_outlived_the_end_of_its_case(office: Office) -> None:
    happens(office, RequestWithdrawn(mail=mail(31, proven=True)))
    with office.store.begin() as connection:
        case = cases.load(connection, office.keys, REF).case
    assert (case.state, case.result) == (State.CLOSED, Result.WITHDRAWN)
    assert closed_check(office) == ""

    with office.store.begin() as connection:
        connection.execute(
            update(rows).where(rows.c.letter == "submission").values(state="waiting")
        )
    assert "submission after the case was closed" in closed_check(office)


COMPLETE = Command(verb=Verb.PROVIDER, number=1, action=ProviderAction.COMPLETE)


def submission_becomes(office: Office, **values: object) -> None:
    with office.store.begin() as connection:
        connection.execute(update(rows).where(rows.c.letter == "submission").values(**values))


def test_a_case_that_closes_by_settlement_takes_its_letters_out_of_the_queue(
    office: Office,
) -> None:
    happens(office, staff(COMPLETE))
    with office.store.begin() as connection:
        case = cases.load(connection, office.keys, REF).case

    assert (case.state, case.result) == (State.CLOSED, Result.COMPLETED)
    assert [state for state, _ in states(office, "submission")] == ["cancelled"]
    assert closed_check(office) == ""


@pytest.mark.parametrize("letter", ["submission", "follow_up", "remind_form", "ask"])
def test_what_another_hand_held_when_its_case_ended_is_stopped_before_it_leaves(
    office: Office, letter: str
) -> None:
    role = "provider" if letter in {"submission", "follow_up"} else "patient"
    submission_becomes(office, state="sending")
    happens(office, staff(COMPLETE))
    submission_becomes(office, state="waiting", letter=letter, to_role=role)
    assert f"{letter} after the case was closed" in closed_check(office)
    office.clock.advance(timedelta(minutes=10))
    taker = Taker()
    flow.send_due(office, taker)

    assert "archivo@faro.example" not in taker.recipients
    assert states(office, letter)[-1] == ("cancelled", "the case has ended")
    assert not states(office, "alarm")
    assert closed_check(office) == ""


@pytest.mark.parametrize("letter", ["delivery", "status", "patient_words", "provider_news"])
def test_records_and_answers_still_go_when_their_case_has_closed(
    office: Office, letter: str
) -> None:
    submission_becomes(office, letter=letter, to_role="patient")
    happens(office, staff(COMPLETE))
    office.clock.advance(timedelta(minutes=10))
    taker = Taker()
    flow.send_due(office, taker)

    assert [state for state, _ in states(office, letter)] == ["sent"]
    assert closed_check(office) == ""


class Refuser(Taker):
    """A mail server that has no time."""

    def send(self, _: bytes, **__: object) -> str:
        raise NotNowError("later", "451 4.3.0")


class Drawn(Clock):
    """A clock whose chance is known."""

    byte = 0

    def draw(self, count: int) -> bytes:
        return bytes([self.byte]) * count if count == 1 else super().draw(count)


@pytest.mark.parametrize(("byte", "seconds"), [(0, 60), (255, 45)])
def test_a_refused_letter_comes_back_after_a_pause_that_chance_shortens(
    office: Office, byte: int, seconds: int
) -> None:
    clock = Drawn(office.clock.now() + timedelta(minutes=10))
    clock.byte = byte
    drawn = replace(office, clock=clock)
    flow.send_due(drawn, Refuser())

    with office.store.begin() as connection:
        [row] = [r for r in outbox.listing(connection, "waiting") if r["letter"] == "submission"]
    assert abs((row["next_at"] - clock.now()).total_seconds() - seconds) < 5
    assert row["reply"] == "451 4.3.0"


def test_a_letter_that_is_refused_for_hours_is_told_to_staff_once_a_day(office: Office) -> None:
    for _ in range(14):
        office.clock.advance(timedelta(minutes=45))
        flow.send_due(office, Refuser())

    with office.store.begin() as connection:
        alarms = [r for r in outbox.listing(connection) if "waits-" in r["business_key"]]
    assert len(alarms) in {1, 2}  # a day may end in between
    assert len({r["business_key"] for r in alarms}) == len(alarms)
