"""Cases: loading one, finding one for a mail, and recording what was decided (commit 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_pg
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from mmx_mailflow.casework.case import Case, Decision, State
from mmx_mailflow.casework.codes import code_in
from mmx_mailflow.casework.deadlines import due_at
from mmx_mailflow.casework.events import Event, StaffWroteByHand
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.values import Address, CaseId, Role
from mmx_mailflow.store import journal, outbox, shapes, wrapping
from mmx_mailflow.store.engine import CaseMovedError
from mmx_mailflow.store.messages import BY_HAND, case_key
from mmx_mailflow.store.tables import (
    authorizations,
    cases,
    form_files,
    messages,
    people,
    submissions,
    tokens,
)
from mmx_mailflow.store.tables import journal as journal_table
from mmx_mailflow.store.tables import outbox as outbox_table
from mmx_mailflow.store.vault import Keys, seal, unseal


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A case as it lies in the database."""

    case: Case
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A case that a clue leads to."""

    ref: CaseId
    role: Role
    provider: int
    by: str
    """message_id, code, reference or sender."""
    closed_at: datetime | None
    patient_key: str
    recipient: Address = field(default="", repr=False)
    """To whom the letter went whose token it is; empty for weak clues."""
    code: str = field(default="", repr=False)
    """The reply code that was carried, also in a Message-ID; empty where a clue has none."""
    shows: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Everything that one event leaves in the database, together or not at all."""

    before: Stored | None
    event: Event
    decision: Decision
    letters: Sequence[outbox.Composed]
    actor: str
    message: int | None = None
    patient_key: str = ""
    files: tuple[str, ...] = ()
    """Hashes of returned files, to see a form used twice."""


def load(connection: Connection, keys: Keys, ref: CaseId) -> Stored | None:
    """A case, or None when there is none of this reference or it was purged."""
    row = connection.execute(select(cases).where(cases.c.ref == ref)).one_or_none()
    if row is None or row.state == State.PURGED.value:
        return None
    key = keys.unwrap(row.wrapped_key, f"cases.wrapped_key/{ref}")
    return Stored(
        case=shapes.loaded(unseal(key, row.sealed, f"cases.sealed/{ref}")),
        version=row.version,
    )


def record(
    connection: Connection, keys: Keys, recording: Recording, policy: Policy, now: datetime
) -> None:
    """Write case, journal, letters and look-ups (commit 2).

    Raises CaseMovedError when the case is not the one that was decided about.
    """
    before, case = recording.before, recording.decision.case
    key = keys.new_key() if before is None else case_key(connection, keys, case.ref)
    if before is None:
        by = wrapping.current(connection)
        wrapped = keys.wrap(key, f"cases.wrapped_key/{case.ref}", by)
        start = {"ref": case.ref, "version": 0, "wrapped_key": wrapped, "journal_length": 0}
        first = {"journal_head": journal.START, "sealed": b"", "state": case.state.value}
        more = {"language": case.language.value, "received_at": case.received_at}
        connection.execute(insert(cases).values(**start, **first, **more))
    _row(connection, key, before, recording, policy, now)
    _change_outbox(connection, recording.decision)
    _look_ups(connection, keys, recording, case)
    _authorized(connection, before.case if before else None, case)
    outbox.queue(connection, keys, case.ref, recording.letters, now)
    _submitted(connection, recording, case)


def _row(
    connection: Connection,
    key: bytes,
    before: Stored | None,
    recording: Recording,
    policy: Policy,
    now: datetime,
) -> None:
    case = recording.decision.case
    version = before.version if before else 0
    head, length = journal.append(
        connection,
        key,
        journal.Entry(
            ref=case.ref,
            at=now,
            event=recording.event,
            because=recording.decision.because,
            before=before.case if before else None,
            after=case,
            letters=tuple(letter.letter.value for letter in recording.letters),
            actor=recording.actor,
            message=recording.message,
        ),
    )
    done = connection.execute(
        update(cases)
        .where(cases.c.ref == case.ref, cases.c.version == version)
        .values(
            version=version + 1,
            state=case.state.value,
            outcome=case.result.value if case.result else None,
            language=case.language.value,
            received_at=case.received_at,
            form_issued_at=case.form_issued_at,
            due_at=due_at(case, policy),
            closed_at=case.closed_at,
            patient_key=recording.patient_key or None,
            journal_head=head,
            journal_length=length,
            sealed=seal(key, shapes.dumped(case), f"cases.sealed/{case.ref}"),
        )
    )
    if done.rowcount != 1:
        raise CaseMovedError(f"record case {case.ref}: it moved since it was loaded")


def _change_outbox(connection: Connection, decision: Decision) -> None:
    ref = decision.case.ref
    for old in ("waiting", "paused"):
        outbox.change(connection, ref, decision.cancel, old, "cancelled")
    outbox.change(connection, ref, decision.pause, "waiting", "paused")
    outbox.change(connection, ref, decision.resume, "paused", "waiting")


def _look_ups(connection: Connection, keys: Keys, recording: Recording, case: Case) -> None:
    know_people(connection, keys, case)
    if recording.files:
        maker = insert_sqlite if connection.dialect.name == "sqlite" else insert_pg
        uses = [{"file_key": keys.lookup("file", f), "ref": case.ref} for f in recording.files]
        connection.execute(maker(form_files).on_conflict_do_nothing(), uses)


def know_people(connection: Connection, keys: Keys, case: Case) -> None:
    """By which addresses a mail without a token finds the case."""
    maker = insert_sqlite if connection.dialect.name == "sqlite" else insert_pg
    known = [(case.sender, Role.PATIENT, 0)]
    known += [(p.address, Role.PROVIDER, p.n) for p in case.providers if p.sent_at and p.address]
    rows = [
        {
            "address_key": keys.lookup("address", address.lower()),
            "ref": case.ref,
            "role": role.value,
            "provider": number,
        }
        for address, role, number in known
    ]
    connection.execute(maker(people).on_conflict_do_nothing(), rows)


def _authorized(connection: Connection, before: Case | None, case: Case) -> None:
    """The row that submissions need: the database itself refuses one without it."""
    old, new = before.authorization if before else None, case.authorization
    if new is not None and (old is None or old.issue != new.issue):
        maker = insert_sqlite if connection.dialect.name == "sqlite" else insert_pg
        connection.execute(
            maker(authorizations)
            .values(ref=case.ref, issue=new.issue, accepted_at=new.accepted_at)
            .on_conflict_do_nothing()
        )


def _submitted(connection: Connection, recording: Recording, case: Case) -> None:
    for letter in recording.letters:
        if letter.letter != LetterName.SUBMISSION or case.authorization is None:
            continue
        number = connection.scalar(
            select(outbox_table.c.id).where(outbox_table.c.business_key == letter.business_key)
        )
        row = next(p for p in case.providers if p.n == letter.provider)
        maker = insert_sqlite if connection.dialect.name == "sqlite" else insert_pg
        connection.execute(
            maker(submissions)
            .values(
                ref=case.ref,
                provider=letter.provider,
                number=row.submissions,
                issue=case.authorization.issue,
                outbox_id=number,
            )
            .on_conflict_do_nothing()
        )


def due(connection: Connection, now: datetime, limit: int) -> list[CaseId]:
    """Cases with a deadline that has passed, the longest overdue first."""
    query = select(cases.c.ref).where(cases.c.due_at <= now).order_by(cases.c.due_at).limit(limit)
    return [CaseId(ref) for ref in connection.scalars(query)]


def by_codes(connection: Connection, keys: Keys, codes: Sequence[str]) -> list[Found]:
    """The threads that reply codes name."""
    wanted = {keys.lookup("code", code): code for code in codes[:50]}
    query = (
        select(tokens, cases.c.closed_at, cases.c.patient_key)
        .join(cases, cases.c.ref == tokens.c.ref)
        .where(tokens.c.code_key.in_(wanted))
    )
    found = {row.code_key: row for row in connection.execute(query)}
    return [
        Found(
            ref=row.ref,
            role=Role(row.role),
            provider=row.provider,
            by="code",
            code=wanted[row.code_key],
            closed_at=row.closed_at,
            patient_key=row.patient_key or "",
            recipient=unseal(
                case_key(connection, keys, row.ref),
                row.sealed_recipient,
                f"tokens.sealed_recipient/{row.code_key}",
            ).decode(),
        )
        for row in (found[key] for key in wanted if key in found)
    ]


def by_message_ids(connection: Connection, keys: Keys, message_ids: Sequence[str]) -> list[Found]:
    """The threads of our letters that a mail answers."""
    found = []
    for ours in outbox.by_message_ids(connection, keys, message_ids):
        if ours.ref is None:
            continue
        closed_at, patient_key = _closed(connection, ours.ref)
        found.append(
            Found(
                ref=ours.ref,
                role=ours.to_role,
                provider=ours.provider,
                by="message_id",
                code=code_in(ours.message_id),
                closed_at=closed_at,
                patient_key=patient_key,
                recipient=ours.recipient,
                shows=ours.shows,
            )
        )
    return found + _by_hand(connection, keys, message_ids)


def _by_hand(connection: Connection, keys: Keys, message_ids: Sequence[str]) -> list[Found]:
    """The threads of mails that staff wrote by hand: they lead to a case and prove nobody."""
    wanted = [keys.lookup("message-id", each) for each in message_ids[:50]]
    lines = connection.execute(
        select(journal_table)
        .join(messages, messages.c.id == journal_table.c.message)
        .where(
            messages.c.message_key.in_(wanted),
            messages.c.why == BY_HAND,
            journal_table.c.kind == StaffWroteByHand.model_fields["kind"].default,
        )
        .order_by(journal_table.c.id)
    )
    found = []
    for line in lines.all():
        event = journal.event_words(case_key(connection, keys, line.ref), line)
        closed_at, patient_key = _closed(connection, line.ref)
        found.append(
            Found(
                ref=line.ref,
                role=Role(str(event["to_role"])),
                provider=int(str(event["provider"])),
                by="message_id",
                closed_at=closed_at,
                patient_key=patient_key,
            )
        )
    return found


def _closed(connection: Connection, ref: str) -> tuple[datetime | None, str]:
    row = connection.execute(
        select(cases.c.closed_at, cases.c.patient_key).where(cases.c.ref == ref)
    ).one()
    return row.closed_at, row.patient_key or ""


def by_sender(connection: Connection, keys: Keys, sender: Address) -> list[Found]:
    """The cases in which an address is known."""
    query = (
        select(people, cases.c.closed_at, cases.c.patient_key)
        .join(cases, cases.c.ref == people.c.ref)
        .where(people.c.address_key == keys.lookup("address", sender.lower()))
        .order_by(cases.c.received_at)
    )
    return [
        Found(
            ref=row.ref,
            role=Role(row.role),
            provider=row.provider,
            by="sender",
            closed_at=row.closed_at,
            patient_key=row.patient_key or "",
        )
        for row in connection.execute(query)
    ]


def by_references(connection: Connection, refs: Sequence[CaseId]) -> list[Found]:
    """The cases of these references: they name, they do not prove."""
    query = select(cases).where(
        cases.c.ref.in_(list(refs)[:20]), cases.c.state != State.PURGED.value
    )
    return [
        Found(
            ref=row.ref,
            role=Role.PATIENT,
            provider=0,
            by="reference",
            closed_at=row.closed_at,
            patient_key=row.patient_key or "",
        )
        for row in connection.execute(query)
    ]


def used_elsewhere(connection: Connection, keys: Keys, ref: CaseId, files: Sequence[str]) -> bool:
    """Whether one of these returned files came with another case (check 19)."""
    wanted = [keys.lookup("file", sha256) for sha256 in files]
    query = select(form_files.c.ref).where(
        form_files.c.file_key.in_(wanted), form_files.c.ref != ref
    )
    return connection.execute(query.limit(1)).one_or_none() is not None


def listing(connection: Connection, keys: Keys) -> list[Case]:
    """Every case that was not purged, in the order received."""
    query = select(cases.c.ref).order_by(cases.c.received_at, cases.c.ref)
    found = (load(connection, keys, CaseId(ref)) for ref in connection.scalars(query).all())
    return [stored.case for stored in found if stored is not None]
