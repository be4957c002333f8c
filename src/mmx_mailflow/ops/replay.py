"""What today's code would make of a mail that was handled: tried, told, and rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from typing_extensions import override

from mmx_mailflow.arrivals import handle_message
from mmx_mailflow.casework.codes import read_reference
from mmx_mailflow.casework.commands import Command, Verb
from mmx_mailflow.casework.values import Outcome
from mmx_mailflow.intake.read import read
from mmx_mailflow.office import Office
from mmx_mailflow.store import messages, rewind
from mmx_mailflow.store.engine import Connection, Store, StoreNotNowError
from mmx_mailflow.store.rewind import Became
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.worker import StoppedError

_NO_CAP = 1_000_000_000
_PARTS = ("outcome", "kind", "case", "state", "letters")


class NotKeptError(Exception):
    """Nothing can be tried: the mail is not there, not kept any more, or not handled yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of a mail then, and what would become of it now."""

    number: int
    then: Became
    now: Became

    @property
    def differs(self) -> bool:
        """Whether anything but the wording of the reason is another."""
        return any(getattr(self.then, part) != getattr(self.now, part) for part in _PARTS)


@dataclass(frozen=True, slots=True)
class _Trial(Store):
    """A store whose every transaction is a part of one that will be rolled back."""

    connection: Connection

    @override
    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with self.connection.begin_nested():
            yield self.connection


def replayed(office: Office, number: int) -> Replayed:
    """Handle a kept mail once more, from the case as it was before it; nothing is changed.

    The clock stands at the moment when it was handled, and the caps on answers are not asked:
    they depend on the mail of others. Raises NotKeptError.
    """
    with office.store.begin() as connection:
        then = rewind.became(connection, number)
        kept = messages.load(connection, office.keys, number)
        if then is None or kept is None or number not in messages.handled(connection, number):
            raise NotKeptError(f"mail number {number} is not kept as it came, or not handled yet")
        said = _said(office, connection, number, then)
        sender = [*read(kept.raw).from_addresses, ""][0]
        at = rewind.rewind(connection, office.keys, number, sender, office.policy)
        trial = replace(
            office,
            store=_Trial(office.store.engine, office.keys, connection),
            clock=Clock(at),
            policy=office.policy.model_copy(update={"answers_per_sender_and_day": _NO_CAP}),
            unknown_answers_per_hour=_NO_CAP,
        )
        now = _tried(trial, connection, number, said)
        transaction = connection.get_transaction()
        assert transaction is not None
        transaction.rollback()
    return Replayed(number=number, then=then, now=now)


def _said(office: Office, connection: Connection, number: int, then: Became) -> Command | None:
    """What staff said of a held mail, where it was they who named its case."""
    if not rewind.placed_by(connection, office.keys, number).startswith("staff say"):
        return None
    ref = None if then.case == rewind.NEW else read_reference(then.case)
    return Command(verb=Verb.FILE_AS, number=number, ref=ref)


def _tried(trial: Office, connection: Connection, number: int, said: Command | None) -> Became:
    try:
        handle_message(trial, number, said=said)
    except (StoreNotNowError, StoppedError):
        raise
    except Exception as error:  # noqa: BLE001  three of these would park it
        why = f"fails: {type(error).__name__}"
        return Became(outcome=Outcome.PARKED.value, kind="", case="", state="", letters=(), why=why)
    now = rewind.became(connection, number)
    assert now is not None, "a mail that was handled has an outcome"
    return now
