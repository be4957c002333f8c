"""What a message says: kind, language, who writes, the facts with their evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from mmx_mailflow.casework.facts import Facts, Requester
from mmx_mailflow.casework.names import same_person
from mmx_mailflow.casework.values import Kind, Language
from mmx_mailflow.intake.facts import names
from mmx_mailflow.intake.facts.wanted import NOUN, WANT
from mmx_mailflow.intake.gather import SEVERAL, Writer, facts_of
from mmx_mailflow.intake.labels import Labelled, labelled
from mmx_mailflow.intake.language import language_of
from mmx_mailflow.intake.machines import header, sign_of
from mmx_mailflow.intake.message import Message
from mmx_mailflow.intake.regions import regions_of
from mmx_mailflow.intake.rules import REVOKES, Heard, looks_absent, sort, speaks_for_itself
from mmx_mailflow.intake.stated import BLANK, Said, answered_inside, forwards, said
from mmx_mailflow.intake.wrapped import LetterIn, closed_letter, is_letter

_FIRST_WORDS, _MOST_WORDS = 1_200, 20_000
_EMERGENCY = re.compile(
    r"\b(?:(?:this is|it is|it's) an emergency|chest pain|can(?:'t|not) breathe|trouble breathing|bleeding (?:a lot|heavily|badly)|call 911|suicid\w+|kill myself|overdose|unconscious|having a (?:stroke|heart attack)"
    r"|es una emergencia|dolor (?:en el|de) pecho|no puedo respirar|sangr\w+ (?:mucho|demasiado)|suicid\w+|quitarme la vida|inconsciente|infarto ahora)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?://\S*(?:drive\.google|dropbox|onedrive|1drv\.ms|icloud|wetransfer|box\.com|docusign)\S*", re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a mail says, as a careful clerk would write it down."""

    kind: Kind
    language: str
    requester: Requester | None
    facts: Facts
    patients: int = 1
    may_answer: bool = True
    sign: str = ""
    """The sign of a program that it bears, if any."""
    why: tuple[str, ...] = ()
    urgent: bool = False
    revokes: bool = False
    claims_form: bool = False
    has_link_only: bool = False
    first_words: str = field(default="", repr=False)

    @property
    def reply_language(self) -> Language:
        """The language to answer in: that of the larger part."""
        return Language.ES if self.language in {"es", "mixed-es"} else Language.EN


def understand(
    message: Message,
    received_at: datetime,
    *,
    taken_for: Kind | None = None,
    words_in: LetterIn = closed_letter,
) -> Understood:
    """Read a mail as a clerk would; `received_at` stands in where it has no date of its own.

    `taken_for` is the kind that a person says it is. `words_in` opens attached letters: the
    service has a limited process do it.
    """
    source = answered_inside(_source(message, words_in))
    today = (source.date or message.date or received_at).date()
    heard = _heard(message, source, today)
    rule = sort(heard)
    sign = sign_of(message)
    kind = taken_for or rule.kind
    stated = heard.facts if kind in {Kind.REQUEST, Kind.FOLLOWUP} else Facts()
    new = _new_words(source)
    return Understood(
        kind=kind,
        language=_language(new or source.stated_text, message.subject),
        requester=_requester(kind, representative=heard.representative),
        facts=stated,
        patients=2 if kind == Kind.REQUEST and SEVERAL.search(new) else 1,
        may_answer=not sign
        and kind not in {Kind.BOUNCE, Kind.AUTO_REPLY, Kind.JUNK}
        and (speaks_for_itself(heard, kind) or not looks_absent(heard)),
        sign=sign,
        why=(rule.because, f"rule {rule.name}"),
        urgent=_EMERGENCY.search(heard.words) is not None,
        revokes=REVOKES.search(heard.words) is not None,
        claims_form=kind == Kind.FORM_RETURN,
        has_link_only=not message.parts and _LINK.search(message.text) is not None,
        first_words=(message.new_text or source.stated_text).strip()[:_FIRST_WORDS],
    )


_A_SENTENCE = 40
"""A shorter text, such as `Confirmo`, may lack the small words: its subject says more."""


def _language(words: str, subject: str) -> str:
    return language_of(words if len(words.strip()) >= _A_SENTENCE else f"{words}\n{subject}")


def _source(message: Message, words_in: LetterIn) -> Message:
    """The mail that holds the request: a nested one when the outer only passes it on."""
    long_enough = 400
    if len(message.new_text) > long_enough or message.delivery_report is not None:
        return message
    if message.nested:
        return max(message.nested, key=lambda m: len(m.text))
    return _attached_letter(message, words_in) or message


_A_FORM = re.compile(r"authoriz|autorizaci[oó]n|carta poder|hipaa|\bMMX-", re.IGNORECASE)
_FEWEST_WORDS, _MOST_LETTERS = 25, 3


def _attached_letter(message: Message, words_in: LetterIn) -> Message | None:
    """A request in a PDF or Word letter, as a mail of the same writer; a form is none."""
    for part in [p for p in message.parts if not p.inline][:_MOST_LETTERS]:
        words = words_in(part.media_type, part.content) if is_letter(part.media_type) else ""
        wish = WANT.search(words) is not None and NOUN.search(words) is not None
        if wish and len(words.split()) >= _FEWEST_WORDS and not _A_FORM.search(words):
            return replace(message, text=words, regions=regions_of(words), nested=(), parts=())
    return None


def _new_words(source: Message) -> str:
    """The words written now; those of a forwarded mail where there are hardly any."""
    few = 60
    new = said(source).body.replace(BLANK, "")
    if len(new.strip()) > few or not forwards(source):
        return new
    return said(source, passed_on=True).body.replace(BLANK, "")


def _heard(message: Message, source: Message, today: date) -> Heard:
    """Facts of the new words; of the forwarded mail too, where the new words name nobody."""
    ours = frozenset(a.rpartition("@")[2] for a in message.to[:1])
    sender = source.from_addresses[0] if source.from_addresses else ""
    if header(message, "x-mailer").startswith("phpmailer") or sender.rpartition("@")[2] in ours:
        sender = source.reply_to or sender
    writer = Writer(address=sender, name=source.from_name, ours=ours)
    outer = said(source)
    passed_by_other = (
        source is not message and message.from_addresses[:1] != source.from_addresses[:1]
    )
    facts, labels, acts_for = _read(source, outer, today, writer)
    words = f"{message.subject}\n{message.new_text or source.stated_text}"[:_MOST_WORDS]
    everything = words
    other = _forwarded_sender(source) if forwards(source) else ""
    if other and other != sender and other.rpartition("@")[2] not in ours:
        inner = said(source, passed_on=True)
        inner = replace(inner, body=_only_below(inner.body, outer.body), office=())
        facts, labels, _ = _read(source, inner, today, replace(writer, address=other, name=""))
        everything, acts_for = inner.text, True
        if outer.same_as_below:
            own, labels, acts_for = _read(source, outer, today, writer)
            facts = own.model_copy(
                update={
                    "treatment_dates": own.treatment_dates or facts.treatment_dates,
                    "providers": own.providers or facts.providers,
                }
            )
    elif forwards(source):
        inner = said(source, passed_on=True)
        whole, more, acts_for_inner = _read(source, inner, today, writer)
        everything = inner.text
        if facts.patient_name is None and facts.date_of_birth is None:
            facts, labels, acts_for = whole, more, acts_for or acts_for_inner
    return Heard(
        message=message,
        words=words,
        everything=everything,
        facts=facts,
        labels=len({x.name for x in labels}),
        representative=acts_for or passed_by_other,
    )


_INNER_FROM = re.compile(r"(?m)^\W*(?:From|De)\W*:[^\n]*?([\w.+-]+@[\w-]+(?:\.[\w-]+)+)")


def _forwarded_sender(source: Message) -> str:
    """The address of who wrote the mail that is passed on."""
    found = _INNER_FROM.search(source.text)
    address = found.group(1).lower() if found is not None else ""
    return "" if re.match(r"(?:postmaster|mailer-daemon|no-?reply)", address) else address


def _only_below(inner: str, outer: str) -> str:
    """The forwarded words alone, at their places."""
    return "".join(
        BLANK if o not in {"\n", BLANK} and i == o else i for i, o in zip(inner, outer, strict=True)
    )


def _read(
    source: Message, spoken: Said, today: date, writer: Writer
) -> tuple[Facts, list[Labelled], bool]:
    labels = labelled(_lines(source, spoken))
    shifted = [replace(x, start=x.start + spoken.lead, end=x.end + spoken.lead) for x in labels]
    acts_for = _acts_for(spoken, shifted)
    facts = facts_of(spoken, shifted, today, replace(writer, representative=acts_for))
    return facts, shifted, acts_for


def _lines(source: Message, spoken: Said) -> list[tuple[str, int, bool]]:
    """Each line of the mail with its place, and whether its words count."""
    lines: list[tuple[str, int, bool]] = []
    place = 0
    for written, counted in zip(source.text.split("\n"), spoken.body.split("\n"), strict=False):
        new = bool(counted.strip(f"{BLANK} \t")) or not written.strip()
        lines.append(((counted.replace(BLANK, " ") if new else written)[:2_000], place, new))
        place += len(written) + 1
    return lines[:3_000]


def _acts_for(spoken: Said, labels: list[Labelled]) -> bool:
    """Whether the writer asks for somebody else: said, or another name is labelled as the patient's."""
    text = spoken.text
    both = SEVERAL.search(text)
    if both is not None and re.search(
        r"\b(?:yo|m[ií]|i|me|myself|us)\b", both.group(), re.IGNORECASE
    ):
        return False
    if names.REPRESENTATIVE.search(text):
        return True
    mine = [n.name for n in names.in_text(text, [], []) if n.way == names.Way.SELF]
    patient = [
        c
        for x in labels
        if x.name == "patient_name" and (c := names.cleaned(x.value)) and names.is_full(c)
    ]
    return (
        bool(mine and patient)
        and mine[0].split()[0].lower() != patient[0].split()[0].lower()
        and not same_person(patient[0], mine[0])
    )


def _requester(kind: Kind, *, representative: bool) -> Requester | None:
    if kind in {Kind.PROVIDER_REPLY, Kind.AUTO_REPLY, Kind.BOUNCE, Kind.JUNK}:
        return None
    return Requester.REPRESENTATIVE if representative else Requester.PATIENT
