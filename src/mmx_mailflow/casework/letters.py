"""What we can write: the names of the letters, what each needs, and to whom it goes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from mmx_mailflow.casework.values import Address, Language, Role, Value


class LetterName(StrEnum):
    """The letters; each is a folder of templates in both languages."""

    # to the patient
    ACKNOWLEDGE = "acknowledge"
    """First answer. words: form_attached (bool), repeat_values (bool: trust verified),
    form_due (ISO date by which the form is issued)."""
    ASK = "ask"
    """What is still missing or ambiguous. words: note (staff's own question or ""),
    repeat_values (bool), form_due (ISO date)."""
    SEND_FORM = "send_form"
    """The form. words: blanks (list of fact names to fill in by hand), again (bool)."""
    RENEW_FORM = "renew_form"
    """The authorization ends while providers are still asked; the next form. words: expires_on
    (ISO date), expired (bool)."""
    REMIND_FORM = "remind_form"
    """The form has not come back. words: number (1...)."""
    LAST_NOTICE = "last_notice"
    """The case closes on a day unless the form comes. words: closes_on (ISO date)."""
    FORM_PAGES = "form_pages"
    """Which pages are here. words: here (list of int), wanted (list of int)."""
    FORM_DEFECTS = "form_defects"
    """Every defect with how to mend it; the form again. words: codes (list), note (str),
    again (list of int: pages that must come again), here (list of int: good pages)."""
    FORM_ACCEPTED = "form_accepted"
    """The form is accepted; a copy is attached. words: providers (names written to now),
    unsettled (names that staff must still find)."""
    STATUS = "status"
    """Where things stand, on request. words: none beyond the case."""
    STATUS_NOTE = "status_note"
    """Fourteen days brought no news. words: days (int)."""
    DAY_THIRTY = "day_thirty"
    """Thirty days since the first submission. words: none."""
    PROVIDER_NEEDS = "provider_needs"
    """A provider wants something of the patient. words: provider (name), need
    (fee|own_form|id|witnesses|formality|clarify|pickup), details (str)."""
    PROVIDER_NEWS = "provider_news"
    """A provider gave a final answer. words: provider (name), state (no_record|denied|...)."""
    DELIVERY = "delivery"
    """Records are attached. words: provider (name), files (int), last (bool)."""
    CLOSED = "closed"
    """The result. words: outcome (str)."""
    WITHDRAWAL_CONFIRMED = "withdrawal_confirmed"
    """Closed at the person's wish. words: providers_told_after (ISO date or "")."""
    REVOCATION_RECEIVED = "revocation_received"
    """Everything is paused; please confirm by a reply. words: none."""
    GOES_ON = "goes_on"
    """The patient declined to stop: the request goes on. words: none."""
    ADDRESS_ASKED = "address_asked"
    """To the address that the case has: somebody wants us to write to another one. words:
    address, agreed (bool: it came with proof from this one)."""
    ADDRESS_CHECK = "address_check"
    """To the new address, once the old one agreed: please reply. words: none."""
    ADDRESS_CHANGED = "address_changed"
    """To the old address, when the new one replied. words: none."""
    REVOCATION_CONFIRMED = "revocation_confirmed"
    """Final. words: providers_told (bool)."""
    FOR_WHOM = "for_whom"
    """Two patients in one mail: for whom is it? words: none."""
    EMERGENCY = "emergency"
    """We cannot give medical help. words: none."""
    RECEIPT = "receipt"
    """A neutral receipt: a person will look at it. words: none."""
    PROVE_ADDRESS = "prove_address"
    """To be told anything, reply to one of our letters. words: none."""
    TOO_LARGE = "too_large"
    """Please send it in parts. words: megabytes (int)."""
    REOPENED = "reopened"
    """The case goes on. words: none."""
    PATIENT_WORDS = "patient_words"
    """Staff's own words. words: text (str)."""
    # to a provider
    SUBMISSION = "submission"
    """The request with the signed authorization. words: provider (name)."""
    RECEIPT_CHECK = "receipt_check"
    """Please confirm receipt. words: provider, sent_on (ISO date)."""
    FOLLOW_UP = "follow_up"
    """How far is it? words: provider, sent_on (ISO date), number (int)."""
    PROVIDER_WORDS = "provider_words"
    """Staff's own words to a provider. words: provider, text."""
    PROVIDER_NOTICE = "provider_notice"
    """Please stop. words: provider, sent_on (ISO date), why (withdrawn|revoked)."""
    # to staff and the operator
    STAFF_REVIEW = "staff_review"
    """A returned form: checks, providers with exact addresses, the words to reply with.
    words: verdict, defects (list), checks (list of {number, check, result, evidence,
    evidence_es}), places (list of {place, signature, date}: what stands to be signed),
    providers (list of {n, name, address, exact, candidates: [{k, name, address}]}),
    pages (list of int), sender (str), sender_is_first (bool), failed_checks (bool).
    Its pictures are `PictureAttachment`s."""
    STAFF_TASK = "staff_task"
    """Something needs a person. words: task (TaskName), n (int: task number), sender (str or
    ""), first_words (str), provider (name or ""), number (provider n or 0), details (str),
    files (list of {id, type, kb}), commands (list of lines to reply with), candidates (list
    of {k, name, address}: directory entries that a provider's name may mean)."""
    STAFF_ANSWER = "staff_answer"
    """The result of a command mail. words: lines (list of {text, result: done|refused|unknown|
    waiting, why, nearest}), show (list of [label, value] or []), undo_until (ISO datetime or
    ""), sent_to_patient (bool), preview (str)."""
    HOLDING_PEN = "holding_pen"
    """Held mails. words: mails (list of {number, sender, received, first_words, why, guesses
    (list of {k, ref, initials, because (list of names)})})."""
    JUNK_LIST = "junk_list"
    """Junk of the day. words: mails (list of {number, sender, received, first_words})."""
    DIGEST = "digest"
    """Counts and references only. words: counts (dict), due (list of {ref, state, due}),
    tasks (list of {ref, task, age_days}), chain_heads (list of {ref, head})."""
    PROBE = "probe"
    """To our own address with a tag behind a plus sign: does such mail come? words: none."""
    ALARM = "alarm"
    """Something is wrong. words: alarm (str: promise|form_unsent|provider_unreachable|
    parked|balance|mailbox|smtp|caps|manual_send), details (str: no personal data), days (int)."""


WHILE_OPEN = frozenset(
    {
        LetterName.ACKNOWLEDGE, LetterName.ASK, LetterName.SEND_FORM, LetterName.RENEW_FORM,
        LetterName.REMIND_FORM, LetterName.LAST_NOTICE, LetterName.FORM_PAGES,
        LetterName.FORM_DEFECTS, LetterName.STATUS_NOTE, LetterName.DAY_THIRTY,
        LetterName.PROVIDER_NEEDS, LetterName.REVOCATION_RECEIVED, LetterName.FOR_WHOM,
        LetterName.GOES_ON, LetterName.ADDRESS_ASKED, LetterName.ADDRESS_CHECK,
        LetterName.REOPENED,
    }
)  # fmt: skip
"""What holds for a patient only while the case is open; records, news and answers hold longer."""


class PacketAttachment(Value):
    """The authorization packet, made anew from the case (same bytes each time)."""

    sort: Literal["packet"] = "packet"
    issue: int


class FileAttachment(Value):
    """A part of a kept message, named neutrally."""

    sort: Literal["file"] = "file"
    file: str
    name: str


class PictureAttachment(Value):
    """A place to sign as it came back last, shown within the letter."""

    sort: Literal["picture"] = "picture"
    place: str


class KeptPagesAttachment(Value):
    """The pages of the accepted form that its patient keeps, made anew."""

    sort: Literal["kept"] = "kept"


Attachment = PacketAttachment | FileAttachment | PictureAttachment | KeptPagesAttachment


class Letter(Value):
    """A letter that a decision asks for; `compose` makes the bytes."""

    name: LetterName
    to_role: Role
    to: Address = Field(repr=False)
    occasion: str
    """What makes it the only one of its name to this recipient: part of the business key."""
    language: Language
    provider: int = 0
    """Number of the provider in the case, 0 when it is not about one."""
    words: dict[str, JsonValue] = Field(default_factory=dict, repr=False)
    attachments: tuple[Attachment, ...] = ()
    not_before: datetime | None = None
    automatic: bool = True
    """RFC 3834: automatic letters say so; those that staff released do not."""
    shows: tuple[str, ...] = Field(default=(), repr=False)
    """What staff see in it and may release by a reply: `file:ID`, `address:N:ADDRESS`,
    `NUMBER.K=REF` (a guess of a held mail)."""
    answers: str = ""
    """Message-ID of the message that it answers, with angle brackets, or empty."""
