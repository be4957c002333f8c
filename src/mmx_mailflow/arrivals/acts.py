"""What a mail may lead to: an event of its case, a receipt, an answer to whoever wrote it."""

from __future__ import annotations

from mmx_mailflow.arrivals.arrived import Arrived
from mmx_mailflow.casework.case import Decision
from mmx_mailflow.casework.events import Event, FormReturned
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Language, Outcome, Role, Trust
from mmx_mailflow.office import Office, handle, plain_letter, queue_plain, tell_staff
from mmx_mailflow.store import cases, messages
from mmx_mailflow.store.engine import Connection


def happen(
    office: Office,
    connection: Connection,
    stored: cases.Stored,
    event: Event,
    actor: str,
    arrived: Arrived,
) -> Decision:
    """Let an event that the mail is happen to its case."""
    files = arrived.read.sha256 if isinstance(event, FormReturned) else ()
    return handle(
        office, connection, stored, event, actor=actor, message=arrived.number, files=files
    )


def held(office: Office, connection: Connection, arrived: Arrived, why: str) -> messages.Settled:
    """A person must decide; staff hear of an emergency at once."""
    found = arrived.read
    receipt(office, connection, arrived)
    if found.understood.urgent:
        tell_staff(office, connection, "emergency", f"emergency-{arrived.number}", "")
    return messages.Settled(
        outcome=Outcome.HELD, why=why or "no thread", kind=found.understood.kind
    )


def receipt(office: Office, connection: Connection, arrived: Arrived) -> None:
    """The writer of a held mail gets one neutral receipt a day, or what to do in an emergency."""
    found = arrived.read
    if found.may_answer and found.trust != Trust.FAILED:
        name = LetterName.EMERGENCY if found.understood.urgent else LetterName.RECEIPT
        to_sender(office, connection, arrived, name, office.today().isoformat(), {})


def to_sender(
    office: Office,
    connection: Connection,
    arrived: Arrived,
    name: LetterName,
    occasion: str,
    words: dict[str, object],
) -> None:
    """Answer whoever wrote, in their language, with a letter of no case."""
    letter = plain_letter(office, name, arrived.read.sender, Role.PATIENT, occasion, words)
    language = Language(arrived.read.understood.reply_language)
    answers = arrived.message.message_id
    queue_plain(
        office, connection, [letter.model_copy(update={"language": language, "answers": answers})]
    )
