"""A report that a letter of ours did not arrive, or did."""

from __future__ import annotations

from mmx_mailflow.arrivals.acts import happen
from mmx_mailflow.arrivals.arrived import Arrived
from mmx_mailflow.casework.events import LetterBounced
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.turn import goes_to
from mmx_mailflow.casework.values import Kind, Outcome, Role
from mmx_mailflow.intake.bounces import Fate, Report, read_bounce
from mmx_mailflow.office import Office, note_tags, tell_staff
from mmx_mailflow.store import cases, messages, outbox
from mmx_mailflow.store.engine import Connection


def bounced(office: Office, connection: Connection, arrived: Arrived) -> messages.Settled:
    """A report on a letter of ours counts for the address that this letter went to, else not."""
    bounce = read_bounce(arrived.kept.raw, arrived.message)
    ours = outbox.by_message_ids(connection, office.keys, bounce.originals)
    named = ((letter, bounce.about(letter.recipient)) for letter in ours)
    letter, said = next(((o, r) for o, r in named if r is not None), (None, None))
    if letter is None or said is None:
        why = "a bounce of no letter of ours"
        why = "a bounce of another address than our letter's" if ours else why
    elif said.fate == Fate.DELIVERED:
        why = "a server says that it delivered a letter"
    else:
        why = _returned(office, connection, arrived, letter, said)
    return messages.Settled(
        outcome=Outcome.MACHINE, why=why, kind=Kind.BOUNCE, ref=ours[0].ref if ours else None
    )


def _returned(
    office: Office, connection: Connection, arrived: Arrived, letter: outbox.Ours, said: Report
) -> str:
    """The case of the letter learns of it; of a letter to staff without a case the desk does."""
    stored = cases.load(connection, office.keys, letter.ref) if letter.ref else None
    if letter.letter == LetterName.PROBE and said.fate == Fate.FAILED:
        note_tags(office, connection, work=False)
    if stored is None:
        if letter.to_role == Role.STAFF and said.fate == Fate.FAILED:
            who = office.keys.lookup("address", letter.recipient)[:12]
            day = office.clock.now().date()
            tell_staff(office, connection, "staff_bounce", f"bounced-{who}-{day}", "")
        return "a letter of no case bounced"
    if not goes_to(stored.case, letter.to_role, letter.provider, letter.recipient):
        return "a letter bounced from an address that is not the case's now"
    event = LetterBounced(
        letter=letter.letter,
        to_role=letter.to_role,
        provider=letter.provider,
        permanent=said.fate == Fate.FAILED,
        code=said.code,
        message=arrived.number,
    )
    happen(office, connection, stored, event, "mail", arrived)
    return "it names the letter that bounced"
