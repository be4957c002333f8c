"""Mails that the server lists and does not give: they hold up nobody, and none is forgotten."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from mmx_mailflow.casework.values import Outcome
from mmx_mailflow.office import Office, tell_staff
from mmx_mailflow.store import messages
from mmx_mailflow.store.engine import Connection
from mmx_mailflow.transport.errors import NotGivenError
from mmx_mailflow.transport.imap import Arrived, Mailbox

BATCH_BYTES = 8_000_000
log = structlog.get_logger()


def rows_of(office: Office, batch: Iterable[Arrived]) -> list[messages.Fetched]:
    """What is entered of mails as they came; old ones have an outcome at once."""
    return [
        messages.Fetched(
            uid=mail.uid,
            received_at=min(mail.received_at, office.clock.now()),
            size=mail.size,
            raw=mail.raw,
            outcome=Outcome.BEFORE_START if mail.raw is None else None,
            why="received before answer_since" if mail.raw is None else "",
        )
        for mail in batch
    ]


def enter_withheld(
    office: Office, mailbox: Mailbox, uidvalidity: int, missed: NotGivenError
) -> None:
    """Give a mail that did not come a row without bytes, so that the mark goes past it."""
    name, folder, now = mailbox.address.name, mailbox.address.folder, office.clock.now()
    received_at = min(missed.received_at or now, now)
    row = messages.Fetched(uid=missed.uid, received_at=received_at, size=0, raw=None)
    with office.store.begin() as connection:
        if messages.keep(connection, office.keys, name, folder, uidvalidity, [row], now):
            number = messages.number_of(connection, name, folder, uidvalidity, missed.uid)
            _strike(office, connection, number)


def ask_again(office: Office, mailbox: Mailbox, uidvalidity: int) -> int:
    """Fetch what was withheld, one by one; return how many came.

    The third failure parks a mail and tells staff, as does its absence from the server;
    `parked replay` has it asked for again. Raises NotGivenError.
    """
    name, folder = mailbox.address.name, mailbox.address.folder
    with office.store.begin() as connection:
        missing = messages.withheld(connection, name, folder, office.clock.now())
    return sum(_one_more_time(office, mailbox, uidvalidity, row) for row in missing)


def _one_more_time(
    office: Office, mailbox: Mailbox, uidvalidity: int, row: messages.Withheld
) -> bool:
    uids = [row.uid] if row.uidvalidity == uidvalidity else []
    try:
        batches = list(
            mailbox.fetch(
                uids,
                since=office.answer_since,
                batch_bytes=BATCH_BYTES,
                max_bytes=office.max_message_bytes,
            )
        )
    except NotGivenError:
        with office.store.begin() as connection:
            _strike(office, connection, row.number)
        raise
    came = [mail for batch in batches for mail in rows_of(office, batch)]
    with office.store.begin() as connection:
        if came:
            messages.given(connection, office.keys, row.number, came[0], office.clock.now())
        else:
            _park(office, connection, row.number, "it left the server before it was given")
    return bool(came)


def _strike(office: Office, connection: Connection, number: int) -> None:
    why = "the server did not give it, three times"
    if messages.failed(connection, number, why, office.clock.now()):
        _tell(office, connection, number)
    log.warning("a mail was not given", message=number)


def _park(office: Office, connection: Connection, number: int, why: str) -> None:
    settled = messages.Settled(outcome=Outcome.PARKED, why=why)
    messages.settle(connection, office.keys, number, settled, office.clock.now())
    _tell(office, connection, number)


def _tell(office: Office, connection: Connection, number: int) -> None:
    tell_staff(office, connection, "withheld", f"withheld-{number}", f"message {number}")
