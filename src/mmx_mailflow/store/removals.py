"""Mails that are to go from the mail server too, until the service has looked for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert as insert_pg
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from mmx_mailflow.store.tables import removals
from mmx_mailflow.store.vault import Keys, seal, unseal


@dataclass(frozen=True, slots=True)
class Removal:
    """A mail to look for in a mailbox."""

    number: int
    message_id: str = field(repr=False)


def ask(
    connection: Connection,
    keys: Keys,
    mailboxes: Sequence[str],
    message_ids: Iterable[str],
    now: datetime,
) -> int:
    """Have these mails removed from these mailboxes; one without Message-ID cannot be found."""
    maker = insert_sqlite if connection.dialect.name == "sqlite" else insert_pg
    wanted = sorted({name for name in message_ids if name.strip("<> ")})
    for message_id in wanted:
        name = keys.lookup("removal", message_id)
        sealed = seal(keys.lookup_key(), message_id.encode(), f"removals.sealed_id/{name}")
        rows = [
            {"mailbox": box, "name": name, "sealed_id": sealed, "asked_at": now}
            for box in mailboxes
        ]
        if rows:
            connection.execute(maker(removals).on_conflict_do_nothing(), rows)
    return len(wanted)


def asked(connection: Connection, keys: Keys, mailbox: str, limit: int) -> list[Removal]:
    """What is to be removed from a mailbox, oldest first."""
    query = select(removals).where(removals.c.mailbox == mailbox).order_by(removals.c.id)
    return [
        Removal(
            row.id,
            unseal(keys.lookup_key(), row.sealed_id, f"removals.sealed_id/{row.name}").decode(),
        )
        for row in connection.execute(query.limit(limit))
    ]


def done(connection: Connection, number: int) -> None:
    """Forget that a mail was to be removed: it is gone."""
    connection.execute(delete(removals).where(removals.c.id == number))


def count(connection: Connection) -> int:
    """How many removals wait."""
    return connection.scalar(select(func.count()).select_from(removals)) or 0
