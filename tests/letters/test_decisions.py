"""Letters as decisions really ask for them: nothing that a template wants is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.casework.made import (
    NOW,
    POLICY,
    SHOWN,
    came_back,
    in_review,
    mail,
    new_case,
    request,
    staff,
)
from tests.letters.examples import DRAW, KEY, templates

from mmx_mailflow.casework.case import Case, Decision, Task, TaskName
from mmx_mailflow.casework.commands import Command, ProviderAction, Verb
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import DeadlinePassed, RequestWithdrawn, StatusAsked
from mmx_mailflow.casework.facts import Facts
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Language
from mmx_mailflow.letters.compose import Attached, compose

MADE = templates()
LATER = NOW + timedelta(days=3)


def accepted() -> Decision:
    return decide(in_review(), staff(Command(verb=Verb.APPROVE), shown=SHOWN), POLICY, LATER)


def in_progress() -> Case:
    return accepted().case


def commanded(*commands: Command) -> Decision:
    return decide(in_progress(), staff(*commands, message=21), POLICY, LATER)


DECISIONS = {
    "complete": lambda: decide(new_case(), request(), POLICY, NOW),
    "empty": lambda: decide(new_case(), request(Facts(), matches=()), POLICY, NOW),
    "two patients": lambda: decide(new_case(), request(patients=2), POLICY, NOW),
    "approved": accepted,
    "status": lambda: decide(in_progress(), StatusAsked(mail=mail(9)), POLICY, LATER),
    "withdrawn": lambda: decide(in_progress(), RequestWithdrawn(mail=mail(9)), POLICY, LATER),
    "revoked": lambda: decide(
        in_progress(), RequestWithdrawn(mail=mail(9), revokes=True), POLICY, LATER
    ),
    "shown": lambda: commanded(Command(verb=Verb.SHOW), Command(verb=Verb.HELP)),
    "told": lambda: commanded(Command(verb=Verb.TELL_PATIENT, words="Hello.\nWe called.")),
    "fee": lambda: commanded(
        Command(verb=Verb.PROVIDER, number=1, action=ProviderAction.FEE, words="850 MXN")
    ),
    "denied": lambda: commanded(
        Command(verb=Verb.PROVIDER, number=1, action=ProviderAction.DENIED)
    ),
    "note": lambda: decide(in_progress(), staff().model_copy(update={"note": "x"}), POLICY, LATER),
    "asked": lambda: decide(
        new_case(), staff(Command(verb=Verb.ASK, name="records", words="Which?")), POLICY, NOW
    ),
    "form back": lambda: decide(in_review(), came_back(message=8), POLICY, LATER),
}


def check(decision: Decision) -> set[LetterName]:
    for letter in decision.letters:
        for language in Language:
            compose(
                letter.model_copy(update={"language": language}),
                decision.case,
                POLICY,
                draw=DRAW,
                now=LATER,
                code_key=KEY,
                send_key=KEY,
                templates=MADE,
                attachments=[
                    Attached(f"{decision.case.ref}-{n}", "application/pdf", b"%PDF")
                    for n, _ in enumerate(letter.attachments)
                ],
            )
    return {letter.name for letter in decision.letters}


@pytest.mark.parametrize("name", DECISIONS)
def test_every_letter_that_is_decided_can_be_written(name: str) -> None:
    assert check(DECISIONS[name]())


def test_every_letter_of_a_year_without_answers_can_be_written() -> None:
    case, now, written = decide(new_case(), request(), POLICY, NOW).case, NOW, set()
    for _ in range(60):
        if case.closed_at is not None or not (due := deadlines(case, POLICY)):
            break
        now = max(now, due[0].at)
        decision = decide(case, DeadlinePassed(name=due[0].name), POLICY, now)
        written |= check(decision)
        case = decision.case

    assert {
        LetterName.REMIND_FORM,
        LetterName.LAST_NOTICE,
        LetterName.CLOSED,
        LetterName.ALARM,
        LetterName.STAFF_TASK,
    } <= written


@pytest.mark.parametrize("name", list(TaskName))
def test_show_says_every_task(name: TaskName) -> None:
    task = Task(n=1, name=name, opened_at=NOW)
    decision = decide(
        new_case(tasks=(task,), task_count=1), staff(Command(verb=Verb.SHOW)), POLICY, NOW
    )

    assert check(decision) == {LetterName.STAFF_ANSWER}
