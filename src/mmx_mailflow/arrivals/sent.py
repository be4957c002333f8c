"""What staff sent by hand from the shared mailbox."""

from __future__ import annotations

import hashlib

from mmx_mailflow.casework.events import StaffWroteByHand
from mmx_mailflow.casework.values import Kind, Outcome
from mmx_mailflow.intake.read import read
from mmx_mailflow.office import Office, handle
from mmx_mailflow.store import cases, messages, outbox


def note_sent_by_hand(office: Office, place: tuple[str, str, int], uid: int, head: bytes) -> None:
    """A mail in the Sent folder: the case of its thread or its recipient learns of it."""
    message = read(head + b"\r\n")
    now = office.clock.now()
    with office.store.begin() as connection:
        messages.mark(connection, *place, uid, now)
        if outbox.by_message_ids(connection, office.keys, [message.message_id]):
            return
        known = [f for to in message.to for f in cases.by_sender(connection, office.keys, to)]
        refs = {f.ref for f in known if f.closed_at is None}
        stored = cases.load(connection, office.keys, refs.pop()) if len(refs) == 1 else None
        if stored is None:
            return
        mail = messages.Fetched(
            uid=uid,
            received_at=now,
            size=len(head),
            raw=head,
            outcome=Outcome.HANDLED,
            why=messages.BY_HAND,
        )
        messages.keep(connection, office.keys, *place, [mail], now)
        number = messages.number_of(connection, *place, uid)
        digest = hashlib.sha256(head).hexdigest()
        messages.identify(connection, office.keys, number, message.message_id, digest)
        there = next(f for f in known if f.ref == stored.case.ref)
        event = StaffWroteByHand(message=number, to_role=there.role, provider=there.provider)
        handle(office, connection, stored, event, actor="staff", message=number)
        settled = messages.Settled(
            outcome=Outcome.HANDLED,
            why=messages.BY_HAND,
            kind=Kind.OTHER,
            ref=stored.case.ref,
        )
        messages.settle(connection, office.keys, number, settled, now)
        messages.filed(connection, [number], now)
