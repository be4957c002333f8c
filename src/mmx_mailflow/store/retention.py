"""What is kept long enough: cases, copies of records, mail and letters of no case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from pydantic import JsonValue
from sqlalchemy import Connection, select

from mmx_mailflow.casework.case import Case, ReceivedFile, State
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import CaseId
from mmx_mailflow.settings import Retention
from mmx_mailflow.store import cases, journal, purge
from mmx_mailflow.store.messages import case_key
from mmx_mailflow.store.tables import journal as journal_table
from mmx_mailflow.store.tables import messages, outbox
from mmx_mailflow.store.vault import Keys

_YEAR, _MONTH = 366, 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing that is kept long enough, and by which rule."""

    rule: str
    ref: CaseId | None = None
    whole: bool = False
    """The whole case; else only these mails and letters."""
    mails: tuple[int, ...] = ()
    letters: tuple[int, ...] = ()
    files: tuple[int, ...] = ()
    """Mails of which the files alone may go."""


def due(connection: Connection, keys: Keys, terms: Retention, now: datetime) -> list[Due]:
    """Everything that may go now; a legal hold keeps a case with all that belongs to it."""
    found = []
    for case in cases.listing(connection, keys):
        if case.legal_hold or purge.on_hold(connection, case.ref):
            continue
        rule = _rule(case, terms, now)
        if rule:
            found.append(Due(rule=rule, ref=case.ref, whole=True))
        else:
            found += _records(connection, case, now - timedelta(days=terms.records_days))
            found += _identity(connection, keys, case, now - timedelta(days=terms.identity_days))
    held = purge.old_mails(connection, now - timedelta(days=terms.held_days))
    letters = purge.old_letters(connection, now - timedelta(days=terms.letters_days))
    if held:
        found.append(Due(rule="held_days", mails=tuple(held)))
    if letters:
        found.append(Due(rule="letters_days", letters=tuple(letters)))
    return found


def _rule(case: Case, terms: Retention, now: datetime) -> str:
    """The rule by which a whole case is due; empty while it is kept."""
    if case.state != State.CLOSED or case.closed_at is None:
        return ""
    if case.authorization is None:
        until = case.closed_at + timedelta(days=_MONTH * terms.abandoned_months)
        return "abandoned_months" if until <= now else ""
    # The papers are kept from the day on which the authorization has no more effect.
    expires = datetime.combine(case.authorization.expires_on, time.max, UTC)
    until = max(case.closed_at, expires) + timedelta(days=_YEAR * terms.case_years)
    return "case_years" if until <= now else ""


def _records(connection: Connection, case: Case, before: datetime) -> list[Due]:
    """Mails whose every file reached the patient before a moment, and the letters that took it."""
    by_mail: dict[int, list[ReceivedFile]] = {}
    for file in case.files:
        by_mail.setdefault(_mail(file.id), []).append(file)
    old = [
        number
        for number, files in by_mail.items()
        if all(f.delivered_at is not None and f.delivered_at < before for f in files)
    ]
    mails = connection.scalars(
        select(messages.c.id).where(messages.c.id.in_(old), messages.c.sealed.is_not(None))
    ).all()
    letters = connection.scalars(
        select(outbox.c.id).where(
            outbox.c.ref == case.ref,
            outbox.c.letter == LetterName.DELIVERY.value,
            outbox.c.state == "sent",
            outbox.c.sent_at < before,
            outbox.c.recipient_key != "",
        )
    ).all()
    if not mails and not letters:
        return []
    return [Due(rule="records_days", ref=case.ref, mails=tuple(mails), letters=tuple(letters))]


_PATIENTS = ("request_received", "facts_added", "form_returned", "person_wrote", "status_asked")


def _identity(connection: Connection, keys: Keys, case: Case, before: datetime) -> list[Due]:
    """Mails of a closed case with files that are no return of its form: copies of documents.

    The mails that the form came with stay whole as long as the case: they went to providers.
    A request keeps its files unless they are all pictures, for it may be written in one.
    """
    if case.state != State.CLOSED or case.closed_at is None or case.closed_at >= before:
        return []
    given = case.authorization.files if case.authorization else ()
    needed = {r.message for r in case.returns}
    needed |= {_mail(f.id) for f in given} | {_mail(f.id) for f in case.files}
    key = case_key(connection, keys, case.ref)
    lines = connection.execute(
        select(journal_table)
        .join(messages, messages.c.id == journal_table.c.message)
        .where(
            journal_table.c.ref == case.ref,
            journal_table.c.kind.in_(_PATIENTS),
            journal_table.c.message.not_in(needed),
            messages.c.sealed.is_not(None),
            messages.c.size > 0,
        )
    ).all()
    with_files = {line.message for line in lines if _brought_copies(journal.event_words(key, line))}
    if not with_files:
        return []
    return [Due(rule="identity_days", ref=case.ref, files=tuple(sorted(with_files)))]


def _mail(file: str) -> int:
    """The number of the mail that brought a file."""
    return int(file.partition(".")[0])


def _brought_copies(event: Mapping[str, JsonValue]) -> bool:
    mail = event["mail"]
    assert isinstance(mail, dict)
    files = mail.get("files")
    types = (
        [str(f["media_type"]) for f in files if isinstance(f, dict)]
        if isinstance(files, list)
        else []
    )
    pictures = all(name.startswith("image/") for name in types)
    return bool(types) and (pictures or event["kind"] != "request_received")
