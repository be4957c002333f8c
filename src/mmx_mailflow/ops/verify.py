"""`verify`: what must always hold, as far as the database can show it."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import datetime, timedelta
from typing import TypedDict

from mmx_mailflow.balance import differences
from mmx_mailflow.casework.calendar import form_due_at
from mmx_mailflow.casework.case import Case, Result, State, TaskName
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.gate import outlived
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import CaseId, Role
from mmx_mailflow.office import Office
from mmx_mailflow.ops.opening import mailbox_of
from mmx_mailflow.settings import ConfigError
from mmx_mailflow.settings import Mailbox as MailboxSettings
from mmx_mailflow.store import cases, journal, ledger, messages, outbox, purge
from mmx_mailflow.store.engine import Connection
from mmx_mailflow.transport.errors import TransportError

_LATE = timedelta(hours=1)
_HEAD = re.compile(rb"(MMX-\w{4}-\w{3}|\d{4}-\d\d-\d\d): ([0-9a-f]{16,64})\b")


class Checked(TypedDict):
    """One promise and whether it holds."""

    name: str
    ok: bool
    detail: str


class Report(TypedDict):
    """What `verify --json` prints."""

    ok: bool
    checks: list[Checked]


def verified(office: Office) -> Report:
    """`{ok, checks: [{name, ok, detail}]}`; a check that fails names references only."""
    with office.store.begin() as connection:
        every = cases.listing(connection, office.keys)
        found = [
            ("journal", _journal(office, connection, every)),
            ("purged", purge.faults(connection, office.keys)),
            ("ledger", _ledger(office, connection)),
            ("authorization", _authorization(connection, every)),
            ("promise", _promise(office, every)),
            ("next step", _next_step(office, every)),
            ("letters once", _once(connection)),
            ("closed", _closed(office, connection, every)),
            ("revoked", _revoked(connection, every)),
            ("outbox", _outbox(office, connection)),
        ]
    checks: list[Checked] = [
        {"name": name, "ok": not faults, "detail": "; ".join(faults[:5]) or "holds"}
        for name, faults in found
    ]
    return {"ok": all(not faults for _, faults in found), "checks": checks}


def balance(office: Office, settings: MailboxSettings) -> Checked:
    """Whether every mail that the server shows, up to the last one seen, has a row.

    Without a connection nothing can be counted, which is said and is no failure of the ledger.
    """
    name = f"balance of {settings.name}"
    try:
        with mailbox_of(settings) as mailbox:
            lost = differences(office, mailbox).without_row
    except (TransportError, ConfigError):
        return {"name": name, "ok": True, "detail": "not counted: the mailbox is out of reach"}
    detail = f"{len(lost)} mails without a row, the first is UID {lost[0]}" if lost else "holds"
    return {"name": name, "ok": not lost, "detail": detail}


def _journal(office: Office, connection: Connection, every: list[Case]) -> list[str]:
    return [f for case in every for f in journal.faults(connection, office.keys, case.ref)]


def _ledger(office: Office, connection: Connection) -> list[str]:
    """Every mail has an outcome and a reason, or waits; the lines of every day hang together."""
    rows = messages.listing(connection, office.keys)
    mute = [f"mail {r['number']} has no reason" for r in rows if r["outcome"] and not r["why"]]
    return mute + ledger.faults(connection, office.keys)


def kept_heads(office: Office, mail: bytes) -> Checked:
    """Whether the heads in a daily mail that somebody kept are still those of the chains.

    Lines cut off at the end leave a chain that hangs together: only a head outside tells.
    """
    found = dict.fromkeys(_HEAD.findall(_text_of(mail)))
    told = [(name.decode(), head.decode()) for name, head in found]
    days = [(name, head) for name, head in told if not name.startswith("MMX")]
    refs = [(CaseId(name), head) for name, head in told if name.startswith("MMX")]
    with office.store.begin() as connection:
        lost = ledger.unknown_heads(connection, days) + journal.unknown_heads(connection, refs)
    detail = "; ".join(lost[:5]) or f"{len(told)} heads are there"
    return {"name": "kept heads", "ok": bool(told) and not lost, "detail": detail}


def _text_of(mail: bytes) -> bytes:
    """The mail with its text decoded; lines copied out of one count too."""
    body = email.message_from_bytes(mail, policy=email.policy.default).get_body(("plain",))
    return mail + b"\n" + (body.get_content().encode() if body is not None else b"")


def _authorization(connection: Connection, every: list[Case]) -> list[str]:
    """Invariant 2: nothing was sent to a provider of a case without an accepted form."""
    accepted = {case.ref for case in every if case.authorization is not None}
    return [
        f"{row['ref']}: {row['letter']} without an authorization"
        for row in outbox.listing(connection, "sent")
        if row["to_role"] == "provider" and row["ref"] not in accepted
    ]


def _promise(office: Office, every: list[Case]) -> list[str]:
    """Invariant 3: the form is out by the tenth business day, or an alarm stands."""
    now = office.clock.now()
    return [
        f"{case.ref}: the form is overdue and no alarm stands"
        for case in every
        if case.state != State.CLOSED
        and case.form_issued_at is None
        and now > form_due_at(case.received_at, office.policy)
        and not any(task.name == TaskName.PROMISE for task in case.tasks)
        and not any(d.at <= now for d in deadlines(case, office.policy))
    ]


def _next_step(office: Office, every: list[Case]) -> list[str]:
    """Invariant 4; a due deadline that no beat has handled yet is no failure."""
    return [
        f"{case.ref}: nothing is due and nobody is asked"
        for case in every
        if case.state != State.CLOSED and not case.tasks and not deadlines(case, office.policy)
    ]


def _once(connection: Connection) -> list[str]:
    """Invariant 5: no two letters share a business key."""
    keys = [row["business_key"] for row in outbox.listing(connection)]
    return (
        [f"{key} twice" for key in {k for k in keys if keys.count(k) > 1}]
        if len(keys) != len(set(keys))
        else []
    )


def _closed(office: Office, connection: Connection, every: list[Case]) -> list[str]:
    """Invariant 6: after the closing only what it queued, and answers to a new mail.

    Records, news and answers that were decided before still go, unless the patient ended it.
    """
    closed = {case.ref: case for case in every if case.state == State.CLOSED}
    lines = {ref: journal.lines(connection, office.keys, ref) for ref in closed}
    return [
        f"{row['ref']}: {row['letter']} after the case was closed"
        for row in outbox.listing(connection, "waiting", "paused", "sending", "sent")
        if (ref := row["ref"]) in closed
        and row["to_role"] != "staff"
        and _out_of_place(row, lines[CaseId(str(ref))], closed[CaseId(str(ref))])
    ]


def _out_of_place(row: dict[str, object], lines: list[journal.JournalLine], case: Case) -> bool:
    """Whether a letter of a closed case waits or went out without a right to."""
    by = next((line for line in lines if line.at == row["created_at"]), None)
    closing = [line for line in lines if line.after == State.CLOSED and line.before != State.CLOSED]
    if by is None or not closing:
        return True
    if by.seq < closing[-1].seq:
        gone = row["state"] in {"sending", "sent"}
        if not gone and row["attempts"]:
            return False  # it was in hand when the case closed: the last look stops it
        went_at = row["data_at"] if gone else None
        late = not isinstance(went_at, datetime) or went_at > closing[-1].at
        name, role = LetterName(str(row["letter"])), Role(str(row["to_role"]))
        return late and outlived(case, name, role, by.at)
    asked = by.message is not None or by.actor in {"staff", "operator"}
    return by is not closing[-1] and not asked and row["letter"] != "provider_notice"


def _revoked(connection: Connection, every: list[Case]) -> list[str]:
    """Invariant 7: nothing waits for a provider of a revoked case but the notice."""
    revoked = {case.ref for case in every if case.result == Result.REVOKED}
    return [
        f"{row['ref']}: {row['letter']} waits"
        for row in outbox.listing(connection, "waiting", "paused")
        if row["ref"] in revoked
        and row["to_role"] == "provider"
        and row["letter"] != "provider_notice"
    ]


def _outbox(office: Office, connection: Connection) -> list[str]:
    since = outbox.oldest_waiting(connection, office.clock.now())
    late = since is not None and office.clock.now() - since > _LATE
    return ["a letter has waited for more than an hour"] if late else []
