"""How many letters went to whom of late, counted and written by one hand at a time."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Address, Role
from mmx_mailflow.store.tables import outbox
from mmx_mailflow.store.vault import Keys

_FIRST_ANSWERS = (
    LetterName.ACKNOWLEDGE,
    LetterName.FOR_WHOM,
    LetterName.RECEIPT,
    LetterName.TOO_LARGE,
)


def alone(connection: Connection, what: str) -> None:
    """Until this transaction ends nobody else counts `what`, so that what it writes is counted.

    PostgreSQL: a lock that belongs to no row. SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big", signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(number)))


def answers(connection: Connection, keys: Keys, recipient: Address, since: datetime) -> int:
    """How many letters an address got as a patient since a moment."""
    patient = outbox.c.to_role == Role.PATIENT.value
    return _count(connection, since, _to(keys, recipient), patient)


def letters(
    connection: Connection, keys: Keys, recipient: Address, name: LetterName, since: datetime
) -> int:
    """How many letters of a name an address got since a moment."""
    named = outbox.c.letter == name.value
    return _count(connection, since, _to(keys, recipient), named)


def first_answers(connection: Connection, since: datetime) -> int:
    """How many letters of those that answer a first mail were written since a moment."""
    first = outbox.c.letter.in_([name.value for name in _FIRST_ANSWERS])
    patient = outbox.c.to_role == Role.PATIENT.value
    return _count(connection, since, first, patient)


def _to(keys: Keys, recipient: Address) -> ColumnElement[bool]:
    return outbox.c.recipient_key == keys.lookup("address", recipient.lower())


def _count(connection: Connection, since: datetime, *which: ColumnElement[bool]) -> int:
    query = select(func.count()).where(*which, outbox.c.created_at >= since)
    return connection.scalar(query) or 0
