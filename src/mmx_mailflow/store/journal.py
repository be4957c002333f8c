"""What happened to a case and what was decided: appended, chained, never changed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import Connection, Row, insert, select

from mmx_mailflow.casework.case import Case, State
from mmx_mailflow.casework.events import AnyEvent, Event
from mmx_mailflow.casework.values import CaseId
from mmx_mailflow.store import shapes
from mmx_mailflow.store.messages import case_key
from mmx_mailflow.store.tables import cases, journal
from mmx_mailflow.store.vault import Keys, KeyWrongError, chain_key, seal, unseal

START = "0" * 64
_EVENT: TypeAdapter[Event] = TypeAdapter(AnyEvent)
_NO_PICTURES = {"returned": {"pages": {"__all__": {"places": {"__all__": {"picture"}}}}}}
"""Pictures of places to sign stand in the case; twice in one line is once too often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line to be written."""

    ref: CaseId
    at: datetime
    event: Event
    because: str
    before: Case | None
    after: Case
    letters: tuple[str, ...]
    actor: str
    message: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """A line as people read it; `words` are the event with its facts."""

    seq: int
    at: datetime
    kind: str
    because: str
    before: str
    after: str
    letters: tuple[str, ...]
    actor: str
    message: int | None
    words: JsonValue = field(repr=False)


def _parts(case: Case | None) -> dict[str, JsonValue]:
    if case is None:
        return {}
    return shapes.parts_of(case)


def append(connection: Connection, key: bytes, entry: Entry) -> tuple[str, int]:
    """Write a line; return the new head of the case's chain and its length."""
    row = connection.execute(
        select(cases.c.journal_head, cases.c.journal_length).where(cases.c.ref == entry.ref)
    ).one()
    seq = row.journal_length + 1
    old, new = _parts(entry.before), _parts(entry.after)
    changed = {name: value for name, value in new.items() if name not in old or old[name] != value}
    words = {
        "event": json.loads(_EVENT.dump_json(entry.event, exclude=_NO_PICTURES)),
        **shapes.marked(changed),
    }
    values: dict[str, object] = {
        "ref": entry.ref,
        "seq": seq,
        "at": entry.at,
        "kind": entry.event.kind,
        "because": entry.because,
        "before": (entry.before.state if entry.before else State.TRIAGE).value,
        "after": entry.after.state.value,
        "letters": " ".join(dict.fromkeys(entry.letters)),
        "actor": entry.actor,
        "message": entry.message,
        "sealed": seal(key, json.dumps(words).encode(), f"journal.sealed/{entry.ref}/{seq}"),
        "previous": row.journal_head,
    }
    head = _hash(chain_key(key), values)
    connection.execute(insert(journal).values(**values, hash=head))
    return head, seq


_HASHED = ("ref", "seq", "kind", "because", "before", "after", "letters", "actor", "message")


def _hash(key: bytes, values: dict[str, object]) -> str:
    """Keyed, over the line before, the words in the clear and the sealed ones (RFC 2104)."""
    at = values["at"]
    assert isinstance(at, datetime)
    plain = [str(values["previous"]), f"{at.timestamp():.6f}", *(str(values[n]) for n in _HASHED)]
    sealed = values["sealed"]
    assert isinstance(sealed, bytes)
    return hmac.digest(key, json.dumps(plain).encode() + sealed, hashlib.sha256).hex()


def _rows(connection: Connection, ref: CaseId) -> list[Row[tuple[object, ...]]]:
    query = select(journal).where(journal.c.ref == ref).order_by(journal.c.seq)
    return list(connection.execute(query).all())


def lines(connection: Connection, keys: Keys, ref: CaseId) -> list[JournalLine]:
    """The journal of a case, oldest line first."""
    key = case_key(connection, keys, ref)
    return [
        JournalLine(
            seq=row.seq,
            at=row.at,
            kind=row.kind,
            because=row.because,
            before=row.before,
            after=row.after,
            letters=tuple(row.letters.split()),
            actor=row.actor,
            message=row.message,
            words=_words(key, ref, row)["event"],
        )
        for row in _rows(connection, ref)
    ]


def _words(key: bytes, ref: CaseId, row: Row[tuple[object, ...]]) -> dict[str, JsonValue]:
    words: dict[str, JsonValue] = json.loads(
        unseal(key, row.sealed, f"journal.sealed/{ref}/{row.seq}")
    )
    return words


def event_words(key: bytes, row: Row[tuple[object, ...]]) -> dict[str, JsonValue]:
    """The event of a line, as it was written."""
    event = _words(key, CaseId(str(row.ref)), row)["event"]
    assert isinstance(event, dict)
    return event


def rebuild(connection: Connection, keys: Keys, ref: CaseId, upto: int | None = None) -> Case:
    """The case as its journal tells it, to its end or up to a line."""
    key = case_key(connection, keys, ref)
    parts: dict[str, JsonValue] = {}
    for row in _rows(connection, ref)[:upto]:
        parts |= shapes.changed(_words(key, ref, row))
    return shapes.case_of(parts)


def faults(connection: Connection, keys: Keys, ref: CaseId) -> list[str]:
    """What is wrong with the chain of a case: edited, deleted, reordered, truncated lines."""
    key = chain_key(case_key(connection, keys, ref))
    return chain_faults(connection, ref, key) or _differences(connection, keys, ref)


def chain_faults(connection: Connection, ref: CaseId, key: bytes | None = None) -> list[str]:
    """Lines that do not hang together; without the `key` of a purged case their words are gone."""
    previous, rows = START, _rows(connection, ref)
    for expected, row in enumerate(rows, 1):
        if row.seq != expected:
            return [f"{ref}: line {expected} is not there"]
        values = dict(row._mapping)  # noqa: SLF001  its public name
        altered = key is not None and _hash(key, values) != row.hash
        if row.previous != previous or altered:
            return [f"{ref}: line {expected} was changed"]
        previous = row.hash
    head = connection.execute(
        select(cases.c.journal_head, cases.c.journal_length).where(cases.c.ref == ref)
    ).one()
    if head.journal_head != previous or head.journal_length != len(rows):
        return [f"{ref}: the last lines are not there"]
    return []


def _differences(connection: Connection, keys: Keys, ref: CaseId) -> list[str]:
    key = case_key(connection, keys, ref)
    sealed = connection.scalar(select(cases.c.sealed).where(cases.c.ref == ref))
    assert sealed is not None
    try:
        row = shapes.loaded(unseal(key, sealed, f"cases.sealed/{ref}"))
        same = rebuild(connection, keys, ref) == row
    except (KeyWrongError, ValueError):
        return [f"{ref}: the case or its journal cannot be read"]
    return [] if same else [f"{ref}: the case differs from its journal"]


def heads(connection: Connection) -> list[tuple[CaseId, str]]:
    """The head of every case's chain: an anchor outside the database."""
    query = select(cases.c.ref, cases.c.journal_head).order_by(cases.c.ref)
    return [(CaseId(ref), head) for ref, head in connection.execute(query)]


def unknown_heads(connection: Connection, kept: Iterable[tuple[CaseId, str]]) -> list[str]:
    """Heads from a daily mail, case and beginning of the head, that the journals have not."""
    found = []
    for ref, head in kept:
        hashes = connection.scalars(select(journal.c.hash).where(journal.c.ref == ref))
        if not any(known.startswith(head) for known in hashes):
            found.append(f"{ref}: its journal is not the one of the daily mail")
    return found
