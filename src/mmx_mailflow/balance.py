"""The balance: what the mail server shows against what the ledger has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mmx_mailflow.office import Office, tell_staff
from mmx_mailflow.store import messages
from mmx_mailflow.transport.imap import Mailbox

EVERY = timedelta(hours=1)
_IN_HAND = timedelta(minutes=10)
"""A mail that was handled this recently may be on its way to its folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Where the server and the ledger do not agree, for one folder under one UIDVALIDITY."""

    uidvalidity: int
    without_row: tuple[int, ...]
    """UIDs on the server, not above the last one seen, that no row knows."""
    gone: tuple[int, ...]
    """Numbers of mails that were to lie there still and do not."""


def differences(office: Office, mailbox: Mailbox) -> Differences:
    """Compare a watched folder with its rows; changes nothing."""
    name, folder = mailbox.address.name, mailbox.address.folder
    validity = mailbox.select(folder).uidvalidity
    before = office.clock.now() - _IN_HAND
    with office.store.begin() as connection:
        last = messages.last_uid(connection, name, folder, validity)
        unfiled = messages.unfiled(connection, name, folder, validity, before)
    there = mailbox.uids(folder)
    with office.store.begin() as connection:
        entered = messages.entered_uids(connection, name, folder, validity)
    here = set(there)
    return Differences(
        uidvalidity=validity,
        without_row=tuple(uid for uid in there if uid <= last and uid not in entered),
        gone=tuple(number for number, uid in unfiled if uid not in here),
    )


def balance(office: Office, mailbox: Mailbox) -> Differences:
    """Note what is gone, fetch again what has no row, and tell staff of either."""
    found = differences(office, mailbox)
    if not found.without_row and not found.gone:
        return found
    name, folder = mailbox.address.name, mailbox.address.folder
    now = office.clock.now()
    with office.store.begin() as connection:
        if found.without_row:
            before = min(found.without_row) - 1
            messages.mark(connection, name, folder, found.uidvalidity, before, now)
        messages.filed(connection, found.gone, now, vanished=True)
        tell_staff(office, connection, "balance", _occasion(name, found), _details(name, found))
    return found


def _occasion(name: str, found: Differences) -> str:
    first = min(found.without_row, default=0)
    return f"balance-{name}-{found.uidvalidity}-{first}-{min(found.gone, default=0)}"


def _details(name: str, found: Differences) -> str:
    """Numbers only: UIDs of the server, numbers of the ledger."""
    lost = f"{len(found.without_row)} mails without a row {_some(found.without_row)}"
    gone = f"{len(found.gone)} gone before they were filed {_some(found.gone)}"
    return f"{name}: {lost}, {gone}"


def _some(numbers: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, numbers[:5]))})" if numbers else ""
