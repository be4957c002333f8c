"""What a message says: kind, language, who writes, the facts with their evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from mmx_mailflow.casework.facts import Evidence, FactName, Facts, Period, Reading, Requester
from mmx_mailflow.casework.values import Kind, Language
from mmx_mailflow.intake.facts import contacts, dates, names, places, wanted
from mmx_mailflow.intake.labels import Labelled, labelled
from mmx_mailflow.intake.language import language_of
from mmx_mailflow.intake.message import Message, RegionSort
from mmx_mailflow.intake.rules import REVOKES, Heard, header, machine_signs, sort

_FIRST_WORDS = 1_200
_OLDEST = 110
_LONG_SPAN = 100
_OLD_CARE = 20
"""A date in prose of more years ago is a birth that was not called one."""
_BIRTH = re.compile(
    r"\b(?:d\.?o\.?b\.?|date of birth|birth\s?date|birthday|born|f(?:echa)?\.?\s*(?:de\s+)?nac\w*\.?|nac[ií](?:do|da|ó|o|miento)?)\b[^\n\d]{0,40}$",
    re.IGNORECASE,
)
_NOT_CARE = re.compile(
    r"\b(?:flight|flew|fly|vuelo|volamos|passport|pasaporte|invoice|factura|wedding|boda|authoriz\w+|autorizaci[oó]n|birthday|cumplea[ñn]os|appointment|cita|due|deadline|by|antes del|para el|sent|wrote|emailed"
    r"|issued|expedid\w+|married|casad\w+|anniversary|aniversario|signed|firm[eé]|escrib[ií]|envi[eé])\b[^.\n]{0,40}$",
    re.IGNORECASE,
)
_CARE = re.compile(
    r"\b(?:treat\w*|surger\w+|operat\w+|procedure|admitted|hospital\w*|stay\w*|visit\w*|seen|surgeon|er|emergency|discharged|checked|procedure|appointment|care|clinic\w*|cl[ií]nica\w*|laborator\w+|test\w*|scan\w*|x-?rays?|implant\w*"
    r"|tratamiento|cirug[ií]a|oper\w+|intern\w+|ingres\w+|estuv\w+|atendi\w+|consulta\w*|estudios?|an[aá]lisis|urgencias|alta|pari\w*|parto|born|accident\w*|there|took|done|went)\b",
    re.IGNORECASE,
)
_EMERGENCY = re.compile(
    r"\b(?:(?:this is|it is|it's) an emergency|chest pain|can(?:'t|not) breathe|trouble breathing|bleeding (?:a lot|heavily|badly)|call 911|suicid\w+|kill myself|overdose|unconscious|having a (?:stroke|heart attack)"
    r"|es una emergencia|dolor (?:en el|de) pecho|no puedo respirar|sangr\w+ (?:mucho|demasiado)|suicid\w+|quitarme la vida|inconsciente|infarto ahora)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?://\S*(?:drive\.google|dropbox|onedrive|1drv\.ms|icloud|wetransfer|box\.com|docusign)\S*", re.IGNORECASE)  # fmt: skip
_SEVERAL = re.compile(
    r"\b(?:(?:my|our)\s+(?:wife|husband|spouse|son|daughter|mother|father|brother|sister)\s+and\s+(?:i|me|myself)\b|(?:both|each) of us|(?:for )?me and my (?:wife|husband|son|daughter)|mi (?:esposo|esposa|hijo|hija|mam[aá]|pap[aá]) y yo|"
    r"(?:los|las) dos (?:pacientes|expedientes)|patient (?:1|one|a)\b|paciente (?:1|uno)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a mail says, as a careful clerk would write it down."""

    kind: Kind
    language: str
    requester: Requester | None
    facts: Facts
    patients: int = 1
    may_answer: bool = True
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


def understand(message: Message, received_at: datetime) -> Understood:
    """Read a mail as a clerk would; `received_at` stands in where it has no date of its own."""
    source = _source(message)
    today = (source.date or message.date or received_at).date()
    ours = frozenset(a.rpartition("@")[2] for a in message.to[:1])
    labels = labelled(source)
    spoken = _spoken(source)
    representative = names.REPRESENTATIVE.search(spoken) is not None
    facts = _facts(source, labels, spoken, today, ours, representative=representative)
    words = f"{message.subject}\n{message.new_text or source.stated_text}"
    heard = Heard(message=message, words=words, facts=facts, labels=len({x.name for x in labels}))
    rule = sort(heard)
    stated = facts if rule.kind in {Kind.REQUEST, Kind.FOLLOWUP} else Facts()
    return Understood(
        kind=rule.kind,
        language=language_of(source.new_text or source.stated_text or message.subject),
        requester=_requester(rule.kind, representative=representative),
        facts=stated,
        patients=2 if rule.kind == Kind.REQUEST and _SEVERAL.search(spoken) else 1,
        may_answer=not machine_signs(message)
        and rule.kind not in {Kind.BOUNCE, Kind.AUTO_REPLY, Kind.JUNK},
        why=(rule.because, f"rule {rule.name}"),
        urgent=_EMERGENCY.search(words) is not None,
        revokes=REVOKES.search(words) is not None,
        claims_form=rule.kind == Kind.FORM_RETURN,
        has_link_only=not message.parts and _LINK.search(message.text) is not None,
        first_words=(message.new_text or source.stated_text).strip()[:_FIRST_WORDS],
    )


def _source(message: Message) -> Message:
    """The mail that holds the request: a nested one when the outer only passes it on."""
    long_enough = 400
    if message.nested and len(message.new_text) < long_enough and message.delivery_report is None:
        return max(message.nested, key=lambda m: len(m.text))
    return message


def _spoken(message: Message) -> str:
    return message.words_in(RegionSort.NEW, RegionSort.SIGNATURE, RegionSort.FORWARDED)


def _requester(kind: Kind, *, representative: bool) -> Requester | None:
    if kind in {Kind.PROVIDER_REPLY, Kind.AUTO_REPLY, Kind.BOUNCE, Kind.JUNK}:
        return None
    return Requester.REPRESENTATIVE if representative else Requester.PATIENT


def _facts(
    message: Message,
    labels: list[Labelled],
    spoken: str,
    today: date,
    ours: frozenset[str],
    *,
    representative: bool,
) -> Facts:
    by_name = {n: [x for x in labels if x.name == n] for n in FactName}
    text = f"{message.subject}\n{spoken}"
    found = dates.found(text, today)
    births = _births(text, found, by_name[FactName.DATE_OF_BIRTH], today)
    values: dict[str, object] = {}
    ambiguous: set[FactName] = set()
    readings: list[Reading] = []
    _set_birth(births, values, ambiguous, readings)
    _set_name(
        message,
        by_name[FactName.PATIENT_NAME],
        spoken,
        values,
        ambiguous,
        representative=representative,
    )
    _set_treatment(
        text, found, births, by_name[FactName.TREATMENT_DATES], today, values, ambiguous, readings
    )
    _set_rest(message, by_name, spoken, ours, values)
    evidence = tuple(
        Evidence(fact=x.name, words=x.value[:300], part="text", start=x.start, end=x.end)
        for x in labels
    )
    return Facts.model_validate(
        values
        | {"ambiguous": frozenset(ambiguous), "readings": tuple(readings), "evidence": evidence}
    )


def _births(
    text: str, found: list[dates.Dated], labels: list[Labelled], today: date
) -> list[dates.Dated]:
    """Dates that are said to be a birth: in a labelled answer, or after the word for it."""
    settled = {d.text: d for d in found}
    births = []
    for label in labels:
        inside = (
            list(dates.days_of(dates.found(label.value, today)))[:1]
            or dates.found(label.value, today)[:1]
        )
        births += [settled.get(d.text, d) for d in inside]
    births += [d for d in found if _BIRTH.search(text[max(0, d.start - 60) : d.start])]
    past = [
        d
        for d in births
        if all(today.year - _OLDEST <= a.year and a <= today for a, _ in d.readings)
    ]
    return list({d.text: d for d in past}.values())


def _set_birth(
    births: list[dates.Dated],
    values: dict[str, object],
    ambiguous: set[FactName],
    readings: list[Reading],
) -> None:
    """One day is a value; two readings, two days or a year alone are a question."""
    days = list(dict.fromkeys(span for d in births for span in d.readings))
    if not days:
        return
    if len(days) == 1 and days[0][0] == days[0][1] and not births[0].needs_year:
        values["date_of_birth"] = days[0][0]
        return
    ambiguous.add(FactName.DATE_OF_BIRTH)
    readings += [
        Reading(fact=FactName.DATE_OF_BIRTH, value=a.isoformat()) for a, b in days[:4] if a == b
    ]


def _set_name(
    message: Message, labels: list[Labelled], spoken: str, values: dict[str, object], ambiguous: set[FactName],
    *, representative: bool,
) -> None:  # fmt: skip
    """A labelled name, one said in a sentence, or the signature of a patient."""
    given = [n for n in (names.cleaned(x.value) for x in labels) if n]
    full = [n for n in given if names.is_full(n)]
    if not full:
        full = names.of_others(spoken) if representative else names.in_prose(spoken)
    if not full and not representative:
        mine = names.signed(message.words_in(RegionSort.NEW, RegionSort.SIGNATURE))
        full = [mine] if mine else []
    if full:
        values["patient_name"] = full[0]
    elif given:
        ambiguous.add(FactName.PATIENT_NAME)


def _set_treatment(
    text: str, found: list[dates.Dated], births: list[dates.Dated], labels: list[Labelled], today: date,
    values: dict[str, object], ambiguous: set[FactName], readings: list[Reading],
) -> None:  # fmt: skip
    """The times of care: of a labelled answer, else of the sentences that speak of care."""
    settled = {d.text: d for d in found}
    chosen = [settled.get(d.text, d) for x in labels for d in dates.found(x.value, today)]
    if not chosen:
        taken = {d.text for d in births}
        free = [
            d
            for d in found
            if d.text not in taken and not _NOT_CARE.search(text[max(0, d.start - 60) : d.start])
        ]
        chosen = [
            d
            for d in free
            if _CARE.search(_sentence(text, d))
            and all(today.year - a.year <= _OLD_CARE for a, _ in d.readings)
        ]
    chosen = [d for d in chosen if all(a <= today and a.year > 1940 for a, _ in d.readings)]  # noqa: PLR2004  records are not older
    chosen = [d for d in chosen if not _only_frames(d, chosen)]
    doubtful = [d for d in chosen if len(d.readings) > 1]
    if doubtful:
        ambiguous.add(FactName.TREATMENT_DATES)
        readings += [
            Reading(fact=FactName.TREATMENT_DATES, value=a.isoformat())
            for a, _ in doubtful[0].readings
        ]
        return
    periods = {d.readings[0]: d for d in chosen}
    values["treatment_dates"] = tuple(
        Period(start=a, end=b, text=d.text, relative=d.relative) for (a, b), d in periods.items()
    )


def _only_frames(dated: dates.Dated, others: list[dates.Dated]) -> bool:
    """`This year` beside a day of this year only says which year is meant."""
    start, end = dated.readings[0]
    if not dated.relative or (end - start).days < _LONG_SPAN:
        return False
    return any(
        o is not dated and start <= o.readings[0][0] and o.readings[0][1] <= end for o in others
    )


def _sentence(text: str, dated: dates.Dated) -> str:
    start = max(
        text.rfind(". ", 0, dated.start), text.rfind("\n\n", 0, dated.start), dated.start - 220, 0
    )
    ends = [e for e in (text.find(". ", dated.end), text.find("\n\n", dated.end)) if e >= 0]
    return text[start : min([*ends, dated.end + 160])]


def _set_rest(
    message: Message, by_name: dict[FactName, list[Labelled]], spoken: str, ours: frozenset[str],
    values: dict[str, object],
) -> None:  # fmt: skip
    providers = [p for x in by_name[FactName.PROVIDERS] for p in places.from_label(x.value)]
    if not by_name[FactName.PROVIDERS]:
        providers = list(places.in_prose(spoken))
    records = [r for x in by_name[FactName.RECORDS] for r in wanted.from_label(x.value)]
    if not by_name[FactName.RECORDS]:
        records = list(wanted.in_prose(spoken))
    mexican = language_of(spoken) == "es" or "+52" in spoken
    stated = contacts.emails(spoken, ours)
    sender = message.reply_to if header(message, "x-mailer").startswith("phpmailer") else ""
    sender = sender or (message.from_addresses[0] if message.from_addresses else "")
    values |= {
        "providers": tuple(dict.fromkeys(providers))[:12],
        "records": tuple(dict.fromkeys(records))[:12],
        "phones": contacts.phones(spoken, "MX" if mexican else "US")[:6],
        "emails": (stated or ((sender,) if sender else ()))[:6],
        "postal_address": next(
            (x.value for x in by_name[FactName.POSTAL_ADDRESS] if re.search(r"\d", x.value)), None
        )
        or contacts.postal_address(spoken),
    }
