"""The daily letters: counts for the desk, the holding pen and the junk list for the members."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue

from mmx_mailflow.casework.case import Case, State
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.values import Outcome, Role
from mmx_mailflow.intake.read import read
from mmx_mailflow.office import Office, plain_letter
from mmx_mailflow.pen import guessed, shown
from mmx_mailflow.store import cases, journal, ledger, messages, outbox, retention
from mmx_mailflow.store.engine import Connection

DAILY_HOUR = 8
_MOST_LISTED = 50
_WORDS = 200
_DAILY = (LetterName.DIGEST, LetterName.HOLDING_PEN, LetterName.JUNK_LIST)
_DAYS_TOLD = 7
"""Over a weekend and holidays no letter goes; every closed day is told in some letter."""


def daily_letters(office: Office, connection: Connection, now: datetime) -> list[Letter]:
    """The letters of this day; lists that are empty are not sent."""
    occasion = f"day-{now.date()}"
    last = outbox.last_written(connection, _DAILY)
    every = cases.listing(connection, office.keys)
    digest = _digest(office, connection, every, now)
    letters = [
        plain_letter(office, LetterName.DIGEST, to, Role.STAFF, occasion, digest)
        for to in office.policy.notify
    ]
    pen = _listed(office, connection, Outcome.HELD, now - timedelta(days=30), every)
    junk = _listed(office, connection, Outcome.JUNK, last or now - timedelta(days=_DAYS_TOLD))
    for name, mails in ((LetterName.HOLDING_PEN, pen), (LetterName.JUNK_LIST, junk)):
        letters += [
            plain_letter(office, name, to, Role.STAFF, occasion, {"mails": mails}).model_copy(
                update={"shows": shown(mails)}
            )
            for to in office.policy.staff_members
            if mails
        ]
    return letters


def _digest(
    office: Office, connection: Connection, every: Sequence[Case], now: datetime
) -> dict[str, object]:
    running = [case for case in every if case.state not in {State.CLOSED, State.PURGED}]
    tomorrow = now + timedelta(days=1)
    due: list[JsonValue] = []
    tasks: list[JsonValue] = []
    for case in running:
        soon = [d for d in deadlines(case, office.policy) if d.at <= tomorrow]
        if soon:
            due.append({"ref": case.ref, "state": case.state.value, "due": soon[0].at.isoformat()})
        tasks += [
            {"ref": case.ref, "task": t.name.value, "age_days": (now - t.opened_at).days}
            for t in case.tasks
        ]
    counts: dict[str, JsonValue] = {f"mail_{k}": n for k, n in messages.counts(connection).items()}
    counts["open_cases"] = len(running)
    counts["due_for_purge"] = len(retention.due(connection, office.keys, office.retention, now))
    chains = [*ledger.heads(connection, _DAYS_TOLD), *journal.heads(connection)]
    heads: list[JsonValue] = [{"ref": name, "head": head[:16]} for name, head in chains]
    return {"counts": counts, "due": due, "tasks": tasks, "chain_heads": heads}


def _listed(
    office: Office,
    connection: Connection,
    outcome: Outcome,
    since: datetime,
    guess_among: Sequence[Case] = (),
) -> list[JsonValue]:
    """Mails of an outcome since a moment that belong to no case, with what is needed to decide."""
    rows = [
        row
        for row in messages.listing(connection, office.keys, outcome=outcome)
        if row["ref"] is None and row["handled_at"] >= since  # type: ignore[operator]
    ]
    today = office.clock.now().date()
    listed: list[JsonValue] = []
    for row in rows[-_MOST_LISTED:]:
        kept = messages.load(connection, office.keys, int(str(row["number"])))
        if kept is None:
            continue
        message = read(kept.raw)
        listed.append(
            {
                "number": kept.number,
                "sender": message.from_addresses[0] if message.from_addresses else "",
                "received": kept.received_at.isoformat(),
                "first_words": message.new_text[:_WORDS],
                "why": str(row["why"]),
                "guesses": guessed(message, guess_among, today),
            }
        )
    return listed
