"""How many letters an address may get, and how many strangers an hour are answered at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mmx_mailflow.arrivals.arrived import Arrived
from mmx_mailflow.casework.values import Address, Trust
from mmx_mailflow.office import Office, tell_staff
from mmx_mailflow.store import caps
from mmx_mailflow.store.engine import Connection

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_CAPS = ((_DAY, 1), (timedelta(days=10), 3))
"""So many times the letters of a day may go to one address within these times."""


def within_caps(office: Office, connection: Connection, arrived: Arrived) -> Arrived:
    """The mail as it may be answered: an address gets so many letters in a day and in ten.

    Whoever else handles a mail of this sender waits until this one's letters are written.
    """
    found = arrived.read
    if not found.sender or not found.may_answer:
        return replace(arrived, read=replace(found, may_answer=False))
    caps.alone(connection, office.keys.lookup("address", found.sender))
    now, most = office.clock.now(), office.policy.answers_per_sender_and_day
    if all(
        caps.answers(connection, office.keys, found.sender, now - span) < most * times
        for span, times in _CAPS
    ):
        return arrived
    tell_of_cap(office, connection, found.sender)
    return replace(arrived, read=replace(found, may_answer=False))


def tell_of_cap(office: Office, connection: Connection, sender: Address) -> None:
    """Once a day an address the desk hears that its letters are used up."""
    day = office.clock.now().date().isoformat()
    who = office.keys.lookup("address", sender)[:12]
    tell_staff(office, connection, "caps", f"caps-{who}-{day}", "")


def hour_is_full(office: Office, connection: Connection, arrived: Arrived) -> bool:
    """Whether a sender that nobody vouches for must wait for a person; staff hear of it once.

    A flood of forged requests must not become a flood of answers to those whose names it bears.
    """
    vouched = arrived.assessed.trust == Trust.VERIFIED or arrived.match.proven
    if vouched or arrived.match.placed:
        return False
    now, most = office.clock.now(), office.unknown_answers_per_hour
    if caps.first_answers(connection, now - _HOUR) < most:
        caps.alone(connection, "first answers")  # so few an hour that waiting costs nothing
        if caps.first_answers(connection, now - _HOUR) < most:
            return False
    tell_staff(office, connection, "caps", f"hour-{now:%Y-%m-%dT%H}", "")
    return True
