"""The providers that the office knows, as rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from mmx_mailflow.intake.directory import DirectoryEntry
from mmx_mailflow.store.tables import directory


def entries(connection: Connection) -> tuple[DirectoryEntry, ...]:
    """The directory in the order of its names."""
    query = select(directory.c.entry).order_by(directory.c.name)
    return tuple(DirectoryEntry.model_validate_json(row) for row in connection.scalars(query))


def put(connection: Connection, new: Sequence[DirectoryEntry]) -> int:
    """Add entries; one of the same name is replaced. Returns how many there are then."""
    rows = {entry.name: entry.model_dump_json() for entry in new}
    connection.execute(delete(directory).where(directory.c.name.in_(list(rows))))
    if rows:
        connection.execute(insert(directory), [{"name": n, "entry": e} for n, e in rows.items()])
    return len(entries(connection))
