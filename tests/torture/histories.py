"""A case lives through anything in any order, in a real database; the promises always hold."""

from __future__ import annotations

import tempfile
import traceback
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from tests.casework.made import FILE, NOW, SHOWN, came_back, mail, new_case, request, staff
from tests.casework.test_decide import APPROVE, EVENTS, doubtful
from tests.casework.test_invariants import numbered
from tests.stories.world import office_in
from tests.torture.kills import Reader

from mmx_mailflow import flow
from mmx_mailflow.casework.case import Result, State
from mmx_mailflow.casework.commands import Command, ProviderAction, Verb
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import ProviderAnswered
from mmx_mailflow.casework.gate import refusal
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Trust
from mmx_mailflow.intake.read import read
from mmx_mailflow.office import record
from mmx_mailflow.ops.verify import verified
from mmx_mailflow.store import cases, outbox
from mmx_mailflow.store.engine import Store
from mmx_mailflow.store.tables import outbox as rows
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.errors import NeverError, NotNowError, UncertainError

STARTS = (request(), request(doubtful()), request(patients=2), request(trust=Trust.FAILED))
LIKELY = (came_back(), staff(APPROVE, shown=SHOWN))
COMPLETE_NOW = Command(verb=Verb.PROVIDER, number=1, action=ProviderAction.COMPLETE)
NEXT = {
    State.AWAITING_SIGNATURE: came_back(),
    State.FORM_REVIEW: staff(APPROVE, shown=SHOWN),
    State.IN_PROGRESS: ProviderAnswered(
        mail=mail(30, sender="archivo@faro.example", files=(FILE,)), provider=1
    ),
    State.DELIVERING: staff(COMPLETE_NOW, Command(verb=Verb.DELIVER, number=1), shown=SHOWN),
}
ANSWERS = ("250", "250", "250", "451", "550", "unsure", "taken and unsure")
DIES = st.sampled_from((0, 0, 0, 1, 2, 3, 4, 5, 6, 9))
"""At which edge of a commit the process dies; 0: it lives."""
NOT_YET = {"outbox"}
"""That letters wait long is so because nobody sent them."""


class PlugPulledError(BaseException):
    """The process dies: what was not committed is gone."""


class Mortal(Store):
    """A store that dies just before or just after one of its commits."""

    edges = point = 0

    def begin(self):
        return Transaction(self)

    def edge(self) -> None:
        Mortal.edges += 1
        if Mortal.edges == Mortal.point:
            raise PlugPulledError


class Transaction:
    """One of its transactions; a death before the commit rolls it back."""

    def __init__(self, store: Mortal) -> None:
        self.store, self.inner = store, Store.begin(store)

    def __enter__(self):
        return self.inner.__enter__()

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.store.edge()
        except PlugPulledError as pulled:
            self.inner.__exit__(PlugPulledError, pulled, pulled.__traceback__)
            raise
        self.inner.__exit__(kind, error, trace)
        if kind is None:
            self.store.edge()


class History(RuleBasedStateMachine):
    """One case in one office; crashes roll back and a new process goes on."""

    steps = sent = 0
    states: frozenset[str] = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory()
        self.clock = Clock(NOW)
        made = office_in(Path(self.home.name), self.clock, store=Mortal)
        self.office = replace(made, worker=Reader(Path(self.home.name)))
        self.taken: list[str] = []
        self.answer, self.number, self.revoked = "250", 100, False
        where = {"folder": "INBOX", "sent_folder": "", "filed_folder": ""}
        self.address = SimpleNamespace(**where)
        Mortal.point = 0

    def teardown(self) -> None:
        self.office.close()
        self.home.cleanup()

    def or_dies(self, dies: int, work) -> None:
        """Do it in a process that may die; the next one takes back what it held."""
        History.steps += 1
        Mortal.edges, Mortal.point = 0, dies
        try:
            work()
        except PlugPulledError:
            pass
        finally:
            Mortal.point = 0
        with self.office.store.begin() as connection:
            outbox.recover(connection, self.clock.now(), all_claims=True)

    def stored(self, connection):
        return cases.load(connection, self.office.keys, new_case().ref)

    @initialize(event=st.sampled_from(STARTS))
    def begins(self, event) -> None:
        with self.office.store.begin() as connection:
            decision = decide(new_case(), event, self.office.policy, self.clock.now())
            record(self.office, connection, None, event, decision, actor="patient", message=1)

    @rule(event=st.one_of(st.sampled_from(EVENTS), st.sampled_from(LIKELY)), dies=DIES)
    def happens(self, event, dies: int) -> None:
        self.number += 1

        def work() -> None:
            made, office = numbered(event, self.number), self.office
            number = self.number if hasattr(made, "mail") else None
            with office.store.begin() as connection:
                stored = self.stored(connection)
                flow.handle(office, connection, stored, made, actor="mail", message=number)

        self.or_dies(dies, work)

    @rule(dies=DIES)
    def goes_on(self, dies: int) -> None:
        """What most cases do next, so that histories come far."""
        with self.office.store.begin() as connection:
            state = self.stored(connection).case.state
        event = NEXT.get(state)
        if event is not None:
            self.happens(event, dies)
        self.clock.advance(timedelta(minutes=10))
        self.letters_go("250", 0)

    @rule(days=st.sampled_from((0.01, 0.2, 1, 2, 5, 15, 40)), dies=DIES)
    def time_passes(self, days: float, dies: int) -> None:
        self.clock.advance(timedelta(days=days))
        self.or_dies(dies, lambda: flow.handle_due(self.office))
        for _ in range(60):
            if not flow.handle_due(self.office):
                return
        raise AssertionError("deadlines that never end")

    @rule(answer=st.sampled_from(ANSWERS), dies=DIES)
    def letters_go(self, answer: str, dies: int) -> None:
        self.answer = answer
        self.or_dies(dies, lambda: flow.send_due(self.office, self))

    @precondition(lambda self: self.taken)
    @rule(minutes=st.sampled_from((1, 20)), dies=DIES)
    def doubts_are_looked_up(self, minutes: int, dies: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        self.or_dies(dies, lambda: flow.look_up_uncertain(self.office, [self]))

    def find(self, folder: str, message_id: str) -> bool:  # noqa: ARG002  one folder is enough
        """The mailbox: our own copies of what was taken."""
        return message_id in self.taken

    def send(self, raw, *, sender, recipient, copy_to, on_data) -> str:  # noqa: ARG002  as the sender
        """The mail server: it takes, refuses or leaves in doubt, and looks at what it is given."""
        if self.answer == "451":
            raise NotNowError("later", "451")
        if self.answer == "550":
            raise NeverError("never", "550")
        on_data()
        self.looks_at(read(raw).message_id)
        if self.answer != "unsure":
            self.taken.append(read(raw).message_id)
            History.sent += 1
        if self.answer != "250":
            raise UncertainError("unsure")
        return "250"

    def looks_at(self, message_id: str) -> None:
        """No byte for a provider without an authorization that covers it at this moment."""
        with self.office.store.begin() as connection:
            row = connection.execute(select(rows).where(rows.c.message_id == message_id)).one()
            if row.to_role == "provider":
                case, policy = self.stored(connection).case, self.office.policy
                name, now = LetterName(row.letter), self.clock.now()
                assert not refusal(case, name, row.provider, policy, now)

    @invariant()
    def the_promises_hold(self) -> None:
        with self.office.store.begin() as connection:
            stored = self.stored(connection)
        if stored is None:
            return
        wrong = [c for c in verified(self.office)["checks"] if not c["ok"]]
        found = [f"{c['name']}: {c['detail']}" for c in wrong if c["name"] not in NOT_YET]
        assert not found, "; ".join(found)
        assert len(self.taken) == len(set(self.taken)), "a letter went out twice"
        self.revoked = self.revoked or stored.case.result == Result.REVOKED
        assert not self.revoked or stored.case.result == Result.REVOKED
        History.states |= {State(stored.case.state).value}


def lived(number: int, examples: int) -> dict[str, object]:
    """So many histories; what broke is told with the steps that lead to it."""
    History.steps, History.sent, History.states = 0, 0, frozenset()
    chosen = settings(
        max_examples=examples,
        stateful_step_count=20,
        derandomize=False,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
        print_blob=False,
    )
    wrong = ""
    try:
        run_state_machine_as_test(seed(number)(History), settings=chosen)
    except AssertionError as error:
        told = "\n".join(getattr(error, "__notes__", ()))
        steps = [line[:160] for line in told.splitlines() if "the_promises_hold" not in line]
        wrong = "\n".join(
            [*traceback.format_tb(error.__traceback__)[-2:], str(error)[:1000], *steps[-3:]]
        )
    return {
        "histories": examples,
        "steps": History.steps,
        "letters": History.sent,
        "states": len(History.states),
        "wrong": wrong,
    }
