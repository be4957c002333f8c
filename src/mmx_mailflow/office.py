"""What the line works with, and how a decision becomes rows: composing and recording."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Literal, TypeVar

from mmx_mailflow.casework.case import Case, Decision
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import Event
from mmx_mailflow.casework.letters import (
    Attachment,
    KeptPagesAttachment,
    Letter,
    LetterName,
    PacketAttachment,
    PictureAttachment,
)
from mmx_mailflow.casework.pages import ours, places
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import IssuedForm
from mmx_mailflow.casework.values import Role
from mmx_mailflow.forms.packet import FormWords, issued_form, only_pages, packet
from mmx_mailflow.intake.directory import Directory
from mmx_mailflow.intake.match import patient_key
from mmx_mailflow.intake.read import part_of
from mmx_mailflow.letters.compose import Attached, Templates, compose
from mmx_mailflow.letters.packet import packet_facts
from mmx_mailflow.settings import Retention
from mmx_mailflow.store import cases, messages, outbox, wrapping
from mmx_mailflow.store.engine import Connection, Store
from mmx_mailflow.store.vault import Keys
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.worker import Worker

Work = TypeVar("Work")
_PROBED = "tags"
"""Set once a letter to our address with a tag came back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Everything that stays the same from mail to mail."""

    store: Store
    keys: Keys = field(repr=False)
    policy: Policy
    templates: Templates = field(repr=False)
    words: FormWords = field(repr=False)
    directory: Directory = field(repr=False)
    clock: Clock
    trusted_ids: tuple[str, ...] = ()
    staff_proof: str = "dmarc"
    protected: frozenset[str] = frozenset()
    web_form_senders: frozenset[str] = frozenset()
    answer_since: datetime
    max_message_bytes: int = 40_000_000
    own_copy: str = "envelope"
    unknown_answers_per_hour: int = 60
    """First answers within an hour, beyond which senders that nobody vouches for must wait."""
    code_overlap: timedelta = timedelta(days=400)
    """How long codes count after the next key of codes took over."""
    plus: Literal["auto", "on", "off"] = "off"
    """Whether Reply-To bears a tag; auto: once a probe to our address with a tag came back."""
    retention: Retention = field(default_factory=Retention)
    agent_signature: bytes | None = field(default=None, repr=False)
    """The picture to print where the agent accepts the carta poder; None: the place stays."""
    worker: Worker = field(default_factory=Worker, repr=False)
    """Opens returned files; its process starts with the first one."""
    stopping: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set once the service is to stop: no further mail or letter is taken in hand."""

    def today(self) -> date:
        """The day where the office is."""
        return self.clock.now().astimezone(self.policy.zone()).date()

    def code_keys(self) -> tuple[bytes, ...]:
        """The keys whose codes count today."""
        return self.keys.code_keys(self.today(), self.code_overlap)

    def until_stopped(self, work: Iterable[Work]) -> Iterator[Work]:
        """One after the other, as long as the service is not told to stop."""
        return takewhile(lambda _: not self.stopping.is_set(), work)

    def close(self) -> None:
        """End what is open: the process for files, then the database."""
        self.worker.close()
        self.store.close()


def handle(
    office: Office,
    connection: Connection,
    stored: cases.Stored,
    event: Event,
    *,
    actor: str,
    message: int | None = None,
    files: tuple[str, ...] = (),
) -> Decision:
    """Let `event` happen to the case: decide (7), compose (8) and record (9) in one commit."""
    decision = decide(stored.case, event, office.policy, office.clock.now())
    record(office, connection, stored, event, decision, actor=actor, message=message, files=files)
    return decision


def record(
    office: Office,
    connection: Connection,
    before: cases.Stored | None,
    event: Event,
    decision: Decision,
    *,
    actor: str,
    message: int | None = None,
    files: tuple[str, ...] = (),
) -> None:
    """Compose the letters (8) and write everything together (9)."""
    case = _with_pages(office, decision.case)
    decision = replace(decision, case=case)
    letters = [_composed(office, connection, letter, case) for letter in decision.letters]
    recording = cases.Recording(
        before=before,
        event=event,
        decision=decision,
        letters=letters,
        actor=actor,
        message=message,
        patient_key=office.keys.lookup("patient", patient_key(case.facts)),
        files=files,
    )
    cases.record(connection, office.keys, recording, office.policy, office.clock.now())


def _with_pages(office: Office, case: Case) -> Case:
    """How many pages a new issue has is known once it is laid out."""
    if case.form is None or case.form.pages:
        return case
    laid_out = issued_form(packet_facts(case, case.form, office.policy), office.words)
    return replace(case, form=laid_out)


def issued_packet(office: Office, case: Case, form: IssuedForm | None = None) -> bytes:
    """The packet of a form of a case, or of the one it has, to the byte as it was issued.

    The wording and the agent's picture are those of now.
    """
    form = form or case.form
    assert form is not None
    facts = packet_facts(case, form, office.policy)
    signed = facts.model_copy(update={"agent_signature": office.agent_signature})
    return packet(signed, office.words, key=office.keys.code_key(form.issued_on))


def _composed(
    office: Office, connection: Connection, letter: Letter, case: Case
) -> outbox.Composed:
    files = [_attached(office, connection, item, case) for item in letter.attachments]
    plus = tags_work(office, connection)
    return _written(office, letter, case, [f for f in files if f is not None], plus=plus)


def _attached(
    office: Office,
    connection: Connection,
    item: Attachment,
    case: Case,
) -> Attached | None:
    if isinstance(item, PictureAttachment):
        return _picture(item.place, case)
    if isinstance(item, PacketAttachment):
        content = issued_packet(office, case)
        return Attached(f"{case.ref}-authorization", "application/pdf", content)
    if isinstance(item, KeptPagesAttachment):
        return _kept_pages(office, case)
    number, _, index = item.file.partition(".")
    kept = messages.load(connection, office.keys, int(number))
    part = part_of(kept.raw, int(index)) if kept else None
    return Attached(item.name, part.media_type, part.content) if part else None


def _kept_pages(office: Office, case: Case) -> Attached | None:
    """The pages of the accepted form that its patient kept, as they were issued."""
    given = case.authorization
    if given is None or given.form is None or not given.kept:
        return None
    content = only_pages(issued_packet(office, case, given.form), given.kept)
    return Attached(f"{case.ref}-authorization-kept-pages", "application/pdf", content)


def _picture(place: str, case: Case) -> Attached | None:
    """A place to sign of the form that came back last."""
    if case.form is None or not case.returns:
        return None
    found = places(ours(case.returns[-1].returned, case.form)).get(place)
    if found is None or not found.picture:
        return None
    content = base64.b64decode(found.picture)
    return Attached(f"{case.ref}-place-{place}.png", "image/png", content, place=place)


def _written(
    office: Office,
    letter: Letter,
    case: Case | None,
    files: Sequence[Attached] = (),
    *,
    plus: bool = False,
) -> outbox.Composed:
    made = compose(
        letter,
        case,
        office.policy,
        draw=office.clock.draw(16),
        now=office.clock.now(),
        code_key=office.keys.code_key(office.today()),
        send_key=office.keys.send_key,
        templates=office.templates,
        attachments=files,
        plus_addressing=plus,
    )
    return outbox.Composed(
        message_id=made.message_id,
        business_key=made.business_key,
        letter=letter.name,
        to_role=letter.to_role,
        provider=letter.provider,
        occasion=letter.occasion,
        recipient=made.recipient,
        reply_code=made.reply_code,
        raw=made.raw,
        shows=letter.shows,
        not_before=letter.not_before,
    )


def plain_letter(
    office: Office, name: LetterName, to: str, role: Role, occasion: str, words: dict[str, object]
) -> Letter:
    """A letter that belongs to no case, in the language of the office."""
    language = office.policy.staff_language
    return Letter.model_validate(
        {"name": name, "to_role": role, "to": to, "occasion": occasion, "language": language,
         "words": words}
    )  # fmt: skip


def queue_plain(office: Office, connection: Connection, letters: Sequence[Letter]) -> int:
    """Queue letters that belong to no case."""
    written = [_written(office, letter, None) for letter in letters]
    return outbox.queue(connection, office.keys, None, written, office.clock.now())


def tags_work(office: Office, connection: Connection) -> bool:
    """Whether answers may be asked for at our address with a tag behind a plus sign."""
    came = office.plus == "auto" and wrapping.value(connection, _PROBED) == _ours(office)
    return came or office.plus == "on"


def probe_tags(office: Office) -> None:
    """Write to our own address with a tag, once a day: what worked may have ceased to work."""
    now = office.clock.now()
    local, _, domain = office.policy.records_address.partition("@")
    with office.store.begin() as connection:
        occasion = f"probe-{now.date()}"
        if office.plus == "auto" and not outbox.has_occasion(connection, occasion):
            to = f"{local}+probe@{domain}"
            letter = plain_letter(office, LetterName.PROBE, to, Role.OPERATOR, occasion, {})
            queue_plain(office, connection, [letter])


def note_tags(office: Office, connection: Connection, *, work: bool) -> None:
    """From now on answers are asked for at the address with a tag, or no longer."""
    if work:
        wrapping.put(connection, _PROBED, _ours(office))
    else:
        wrapping.drop(connection, _PROBED)


def _ours(office: Office) -> bytes:
    """What the flag is bound to: another address is another server."""
    return office.keys.lookup("address", office.policy.records_address).encode()


def tell_staff(
    office: Office, connection: Connection, alarm: str, occasion: str, details: str
) -> None:
    """An alarm without personal data to everyone who is to be notified, once an occasion."""
    if outbox.has_occasion(connection, occasion):
        return
    words: dict[str, object] = {"alarm": alarm, "details": details, "days": 0}
    queue_plain(
        office,
        connection,
        [
            plain_letter(office, LetterName.ALARM, to, Role.STAFF, occasion, words)
            for to in office.policy.notify
        ],
    )
