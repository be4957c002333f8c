"""Whatever happens in whatever order, the promises of the service hold."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from tests.casework.made import (
    NOW,
    POLICY,
    SHOWN,
    awaiting_signature,
    came_back,
    form_sent,
    new_case,
    request,
    staff,
)
from tests.casework.test_decide import APPROVE, EVENTS, doubtful

from mmx_mailflow.casework.case import Case, Result, State, TaskName
from mmx_mailflow.casework.commands import Command, Verb
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import DeadlinePassed
from mmx_mailflow.casework.gate import refusal
from mmx_mailflow.casework.values import Role

CASES = TypeAdapter(Case)
STARTS = (decide(new_case(), request(patients=2), POLICY, NOW).case, awaiting_signature())
STEPS = st.one_of(
    st.sampled_from(EVENTS),
    st.sampled_from((came_back(), staff(APPROVE, shown=SHOWN))),
    st.integers(min_value=1, max_value=40),  # so many days pass
)


def days_pass(case: Case, now, days: int):
    """Every deadline of those days is handled in its order."""
    end = now + timedelta(days=days)
    handled = 0
    while (due := deadlines(case, POLICY)) and due[0].at <= end:
        decision = decide(case, DeadlinePassed(name=due[0].name), POLICY, max(now, due[0].at))
        check(case, decision, max(now, due[0].at))
        case, handled = decision.case, handled + 1
        assert handled < 200, "deadlines that never end"
    return case, end


def numbered(event, message: int):
    """The event as if it had come with a message of its own."""
    if not hasattr(event, "mail"):
        return event
    return event.model_copy(update={"mail": event.mail.model_copy(update={"message": message})})


def check(before: Case, decision, now) -> None:
    case = decision.case
    assert case.state == State.CLOSED or case.tasks or deadlines(case, POLICY)
    for letter in decision.letters:
        if letter.to_role == Role.PROVIDER:
            assert not refusal(case, letter.name, letter.provider, POLICY, now)
    if before.result == Result.REVOKED:
        assert case.result == Result.REVOKED
    keys = [(x.name, x.to, x.provider, x.occasion) for x in decision.letters]
    assert len(keys) == len(set(keys))
    assert CASES.validate_json(CASES.dump_json(case)) == case


@settings(max_examples=150, deadline=None)
@given(start=st.sampled_from(STARTS), history=st.lists(STEPS, max_size=14))
def test_no_history_breaks_a_promise(start: Case, history: list) -> None:
    case, now = start, NOW
    for number, step in enumerate(history):
        if isinstance(step, int):
            case, now = days_pass(case, now, step)
            continue
        decision = decide(case, numbered(step, 100 + number), POLICY, now)
        check(case, decision, now)
        case = decision.case


def test_an_alarm_of_the_promise_stands_until_the_mail_server_has_the_form() -> None:
    asked = decide(new_case(), request(doubtful()), POLICY, NOW).case
    late, now = days_pass(asked, NOW, 20)
    assert TaskName.PROMISE in {t.name for t in late.tasks}

    sent = decide(late, staff(Command(verb=Verb.SEND_FORM)), POLICY, now).case
    assert TaskName.PROMISE in {t.name for t in sent.tasks}

    assert TaskName.PROMISE not in {t.name for t in form_sent(sent, now).tasks}


def test_a_case_that_opens_again_without_a_form_raises_the_alarm_again() -> None:
    asked = decide(new_case(), request(doubtful()), POLICY, NOW).case
    late, now = days_pass(asked, NOW, 20)
    closed = decide(late, staff(Command(verb=Verb.CLOSE, name="out_of_scope")), POLICY, now).case
    again = decide(closed, request(), POLICY, now).case

    assert (closed.state, again.state == State.CLOSED) == (State.CLOSED, False)
    after, _ = days_pass(again, now, 1)
    assert TaskName.PROMISE in {t.name for t in after.tasks}


def test_the_property_would_see_a_case_that_was_forgotten() -> None:
    forgotten = replace(awaiting_signature(), state=State.IN_PROGRESS, form_issued_at=NOW)

    assert not deadlines(forgotten, POLICY)
