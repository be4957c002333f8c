"""The facts of the words that count: who, born when, treated when and where, what is wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date

from mmx_mailflow.casework.facts import Evidence, FactName, Facts, Period, Reading
from mmx_mailflow.casework.names import same_person
from mmx_mailflow.intake.facts import contacts, dates, names, places, wanted
from mmx_mailflow.intake.facts.dates import Dated
from mmx_mailflow.intake.facts.names import Named, Way
from mmx_mailflow.intake.facts.when import (
    Sort,
    When,
    can_be_birth,
    can_be_care,
    is_recent,
    sentence,
    sorted_out,
)
from mmx_mailflow.intake.labels import Labelled
from mmx_mailflow.intake.language import language_of
from mmx_mailflow.intake.stated import BLANK, Said

SEVERAL = re.compile(
    r"\b(?:(?:my|our)\s+(?:wife|husband|spouse|partner|son|daughter|mother|father|brother|sister)(?: \w+)? and (?:i|me|myself)\b|(?:both|each|two) of us|(?:for )?me and my (?:wife|husband|son|daughter|mother|mom|dad)|i and my (?:wife|husband)|mi (?:esposo|esposa|hijo|hija|mam[aá]|pap[aá]|herman[oa]|marido) y (?:yo|a m[ií]|m[ií]o?s?)\b|(?:yo|m[ií]) y (?:de )?mi (?:espos[oa]|hij[oa])"
    r"|(?:los|las) dos (?:pacientes|expedientes|ni[ñn][oa]s)|patient (?:1|one|a)\b|paciente (?:1|uno)\b|\btwins\b|gemel[oa]s|cuat(?:es|itas)|mis (?:dos |tres )?hij[oa]s\b|my (?:two |three |both )?(?:kids|children|sons|daughters)\b|nuestros hijos|our (?:two )?(?:kids|children|sons|daughters)|for both (?:of )?(?:my|the|them|kids|children)|mis pap[aá]s|my parents['’]? )",
    re.IGNORECASE,
)
_PROFESSIONAL = re.compile(
    r"\b(?:our client|my client|this (?:firm|office)|law (?:office|firm|group)|attorneys?|abogad[oa]s?|nuestr[oa] client[ea]|mi client[ea]|representad[oa]|under our care|our (?:mutual )?patient|nuestr[oa] paciente|LLP|paralegal|continuity of care|case manager|social worker|\bRN\b|nurse|PLLC|legal assistant|trabajador[a]? social|care coordinator)\b",
    re.IGNORECASE,
)
_DROPPED = re.compile(
    r"\b(?:not|no|wasn['’]?t|put(?!\s+in\b)|puse|pusieron|pusiste|wrote|said|says|decía|dice|had|instead of|rather than|en vez de|en lugar de|wrong|equivocad\w*|sali[oó] como)\s+(?:it was |was |in |en |on |el |fue |era |de |the |mi |my |a )*$",
    re.IGNORECASE,
)
_ALL_DIGITS = re.compile(
    r"\b(?:d\.?o\.?b\.?|born|birth\w*|nac\w*\.?|b-?day)\W{0,6}(?:is |es |el )?(?P<d>\d{6}|\d{8})(?!\d)",
    re.IGNORECASE,
)
_FIRST_NAME = re.compile(
    r"(?:\b(?i:me llamo|my name is|my name['’]s|mi nombre es|i am|i['’]m|soy|this is)\s+(?:(?i:la|el|doña|don|yo)\s+)*(?P<name>[A-ZÁÉÍÓÚÑ][a-záéíóúñ]+)\b)"
)
_LONG_SPAN, _ADULT = 100, 12


_MOST_DATES = 600
"""No letter has more; what follows them is kept and quoted like all the rest."""


@dataclass(slots=True)
class _Gathered:
    """Facts while they are put together."""

    values: dict[str, object] = field(default_factory=dict)
    ambiguous: set[FactName] = field(default_factory=set)
    readings: list[Reading] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who sends the mail, as its head tells."""

    address: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    ours: frozenset[str] = frozenset()
    representative: bool = False


def facts_of(said: Said, labels: list[Labelled], today: date, writer: Writer) -> Facts:
    """Every fact that the words state, each with its evidence."""
    text = said.text
    by_name = {n: [x for x in labels if x.name == n] for n in FactName}
    found = dates.found(text, today)[:_MOST_DATES]
    when = sorted_out(text, found)
    got = _Gathered()
    providers = [
        p for p in places.in_text(said.without_office()) if not _is_senders(p.name, writer.address)
    ]
    births = _births(text, when, by_name[FactName.DATE_OF_BIRTH], today, writer)
    named = _names(said, by_name[FactName.PATIENT_NAME], found, providers, writer)
    if not births:
        births = _unsaid_births(text, when, named, today)
    several = SEVERAL.search(text) is not None
    _set_birth(said, births, got)
    _set_name(said, named, by_name[FactName.PATIENT_NAME], writer, got, several=several)
    _set_treatment(said, when, births, by_name[FactName.TREATMENT_DATES], today, got)
    _set_providers(said, providers, by_name[FactName.PROVIDERS], got)
    _set_records(said, by_name[FactName.RECORDS], got)
    _set_contacts(said, by_name[FactName.POSTAL_ADDRESS], writer, got)
    return Facts.model_validate(
        got.values
        | {
            "ambiguous": frozenset(got.ambiguous),
            "readings": tuple(got.readings),
            "evidence": tuple(got.evidence),
        }
    )


def _is_senders(name: str, address: str) -> bool:
    """Whether an organisation is the one that the mail comes from."""
    domain = re.sub(r"[^a-z]", "", address.rpartition("@")[2])
    words = [
        w
        for w in re.findall(r"[a-z]{5,}", name.lower())
        if w not in {"hospital", "clinic", "health", "medical", "center"}
    ]
    return bool(words) and words[0] in domain


def _inside(labels: list[Labelled], dated: Dated) -> bool:
    return any(x.start < dated.end and dated.start < x.end for x in labels)


def _births(
    text: str, when: list[When], labels: list[Labelled], today: date, writer: Writer
) -> list[Dated]:
    """Dates that are said to be a birth: in a labelled answer, or after the word for it."""
    birthday = [w for w in when if _inside(labels, w.dated) and can_be_birth(w.dated, today)][:1]
    told = [w for w in when if w.sort == Sort.BIRTH and can_be_birth(w.dated, today)]
    if writer.representative:
        others = [w for w in told if not w.own]
        told = others or ([] if birthday else [w for w in told if _quoted(text, w.dated.start)])
        told = birthday or told
    else:
        subject = [w for w in told if w.dated not in [b.dated for b in birthday]]
        told = birthday + [w for w in subject if not _of_relative(text, w.dated.start)]
    kept = [w.dated for w in told]
    if len({d.readings for d in kept}) > 1:
        right = [
            d
            for d in kept
            if not _DROPPED.search(text[max(0, d.start - 40) : d.start]) or len(d.readings) > 1
        ]
        kept = right or kept
    for match in _ALL_DIGITS.finditer(text):
        kept += _from_digits(match["d"], match.start("d"), match.end("d"), today)
    return _put_together(kept)


def _put_together(births: list[Dated]) -> list[Dated]:
    """`My birthday is July 6, I am from 1990`: a day and a year that make one date."""
    days = [d for d in births if d.needs_year and len(d.readings) == 1]
    years = [d for d in births if d.sort == "year"]
    if len(births) != 2 or len(days) != 1 or len(years) != 1:  # a day, a year
        return births
    year = years[0].readings[0][0].year
    start = days[0].readings[0][0]
    try:
        whole = start.replace(year=year)
    except ValueError:
        return births
    return [replace(days[0], readings=((whole, whole),), year_told=True)]


def _quoted(text: str, place: int) -> bool:
    """Whether a place stands within quotation marks: words dictated by another."""
    before = text[:place]
    return (before.count('"') % 2 == 1) or before.rfind("“") > before.rfind("”")


_RELATIVE_BEFORE = re.compile(
    r"\b(?:my|mi)\s+(?:late |own )?(?:son|daughter|mother|father|wife|husband|brother|sister|hij[oa]|espos[oa]|mam[aá]|pap[aá]|niet[oa]|grandson|granddaughter|beb[eé]|baby)\b[^.\n]{0,50}$",
    re.IGNORECASE,
)


def _of_relative(text: str, place: int) -> bool:
    return _RELATIVE_BEFORE.search(text[max(0, place - 80) : place]) is not None


def _from_digits(digits: str, start: int, end: int, today: date) -> list[Dated]:
    """A birth date without separators: `030480`, `03041980`."""
    cut = f"{digits[:2]}/{digits[2:4]}/{digits[4:]}"
    return [
        Dated(start, end, digits, d.readings, d.sort)
        for d in dates.found(cut, today)
        if can_be_birth(d, today)
    ]


def _unsaid_births(text: str, when: list[When], named: list[Named], today: date) -> list[Dated]:
    """Nobody says `born`: the date right after a name, or an old day alone on its line."""
    free = [
        w.dated
        for w in when
        if w.sort in {Sort.UNSAID, Sort.CARE}
        and all(a == b for a, b in w.dated.readings)
        and can_be_birth(w.dated, today)
    ]
    after = [
        d
        for d in free
        for n in named
        if re.fullmatch(r"[\s,;:(–—*-]{1,5}", text[n.end : d.start] or "x")
    ]
    if after:
        return after
    alone = [
        d
        for d in free
        if all(today.year - a.year >= _ADULT for a, _ in d.readings)
        and not text[text.rfind("\n", 0, d.start) + 1 : d.start].strip(" *•-\t")
        and not text[d.end : (text + "\n").find("\n", d.end)].strip(" .,;")
    ]
    old = [d for d in free if all(today.year - a.year >= 21 for a, _ in d.readings)]
    return alone[:1] or (old if len(old) == 1 else [])


def _set_birth(said: Said, births: list[Dated], got: _Gathered) -> None:
    """One day is a value; two readings, two days or a year alone are a question."""
    days = list(dict.fromkeys(span for d in births for span in d.readings))
    if not days:
        return
    got.evidence += [said.evidence(FactName.DATE_OF_BIRTH, d.start, d.end) for d in births[:4]]
    if len(days) == 1 and days[0][0] == days[0][1] and births[0].year_told:
        got.values["date_of_birth"] = days[0][0]
        return
    got.ambiguous.add(FactName.DATE_OF_BIRTH)
    got.readings += [
        Reading(fact=FactName.DATE_OF_BIRTH, value=a.isoformat()) for a, b in days[:4] if a == b
    ]


def _names(
    said: Said,
    labels: list[Labelled],
    found: list[Dated],
    providers: list[places.Placed],
    writer: Writer,
) -> list[Named]:
    """The full names that can be the patient's, the best first."""
    text = said.text
    labelled = [
        Named(n, Way.LABEL, x.start, x.end)
        for x in labels
        if (n := names.cleaned(x.value)) and names.is_full(n)
    ]
    spoken = names.in_text(text, [d.start for d in found], [(p.start, p.end) for p in providers])
    selves = [(n.start, n.end) for n in spoken if n.way == Way.SELF and not _quoted(text, n.start)]
    mine = names.signed(said.body)
    everyone = [*labelled, *spoken]
    if writer.representative:
        own = (
            [text[a:b] for a, b in selves]
            + ([mine] if mine else [])
            + ([writer.name] if writer.name else [])
        )
        everyone = [
            n
            for n in everyone
            if n.way == Way.LABEL
            or (
                not any(a <= n.start < b for a, b in selves)
                and n.way not in {Way.LINE, Way.SIGNED}
                and not any(same_person(n.name, o) or same_person(o, n.name) for o in own)
            )
        ]
        lines = [
            n
            for n in spoken
            if n.way == Way.LINE
            and not any(same_person(n.name, o) or same_person(o, n.name) for o in own)
        ]
        everyone = everyone or lines[:1]
    else:
        if mine:
            place = text.rfind(mine.split()[0])
            everyone.append(Named(mine, Way.SIGNED, max(place, 0), max(place, 0) + len(mine)))
        rank = {Way.OTHER: Way.SIGNED}
        everyone = [Named(n.name, rank.get(n.way, n.way), n.start, n.end) for n in everyone]
    return sorted(everyone, key=lambda n: n.way)


def _set_name(
    said: Said,
    named: list[Named],
    labels: list[Labelled],
    writer: Writer,
    got: _Gathered,
    *,
    several: bool,
) -> None:
    """The best name, in its fullest form; a first name or two patients are a question."""
    text = said.text
    born = {n.name for n in named if n.way == Way.BORN}
    if several and len({n.name for n in named if n.way in {Way.LABEL, Way.LEGAL}}) != 1:
        got.ambiguous.add(FactName.PATIENT_NAME)
        got.readings += [Reading(fact=FactName.PATIENT_NAME, value=n) for n in sorted(born)[:3]]
        return
    if not named:
        partial = any(x.value.strip() for x in labels)
        lone = _FIRST_NAME.search(text) is not None or _signed_first_name(said.body)
        if partial or (lone and not writer.representative):
            got.ambiguous.add(FactName.PATIENT_NAME)
        return
    best = named[0]
    fuller = [
        n
        for n in named
        if len(n.name) > len(best.name) and same_person(n.name, best.name) and n.way <= Way.LINE
    ]
    chosen = (
        min(fuller, key=lambda n: (n.way, -len(n.name)))
        if fuller and best.way != Way.LEGAL
        else best
    )
    got.values["patient_name"] = chosen.name
    got.evidence.append(said.evidence(FactName.PATIENT_NAME, chosen.start, chosen.end))


def _signed_first_name(body: str) -> bool:
    lines = [line.strip(" ,.-–—~") for line in body.splitlines() if line.strip()]
    return (
        any(re.fullmatch(r"[A-ZÁÉÍÓÚÑ][a-záéíóúñ]+(?:\s[A-Z]\.?)?", line) for line in lines[-2:])
        and len(lines) > 1
    )


def _set_treatment(
    said: Said,
    when: list[When],
    births: list[Dated],
    labels: list[Labelled],
    today: date,
    got: _Gathered,
) -> None:
    """The times of care: of a labelled answer, else of the sentences that speak of care."""
    text = said.text
    taken = [(d.start, d.end) for d in births]
    free = [
        w
        for w in when
        if not any(a < w.dated.end and w.dated.start < b for a, b in taken)
        and can_be_care(w.dated, today)
        and not _DROPPED.search(text[max(0, w.dated.start - 40) : w.dated.start])
        and not _OWN_CARE.search(text[slice(*sentence(text, w.dated.start, w.dated.end))])
        and not _CORRECTED.match(text[w.dated.end : w.dated.end + 30])
        and not (w.dated.readings[0] == (today, today) and w.dated.sort != "yesterday")
    ]
    chosen = [w.dated for w in free if _inside(labels, w.dated)]
    if not chosen:
        chosen = [w.dated for w in free if w.sort == Sort.CARE and is_recent(w.dated, today)]
    if not chosen:
        chosen = [
            w.dated
            for w in free
            if w.sort == Sort.UNSAID
            and w.dated.sort != "year"
            and is_recent(w.dated, today)
            and w.dated.year_told
        ]
    chosen = [d for d in chosen if not _idle_month(d, chosen)]
    if len(chosen) > 1 and not labels and any(_is_day(d) for d in chosen):
        chosen = [d for d in chosen if d.sort != "year" or d.relative]
    born = {span for d in births for span in d.readings}
    chosen = [
        d for d in chosen if not _only_frames(d, chosen) and not any(r in born for r in d.readings)
    ]
    got.evidence += [said.evidence(FactName.TREATMENT_DATES, d.start, d.end) for d in chosen[:6]]
    doubtful = [d for d in chosen if len(d.readings) > 1]
    if doubtful:
        got.ambiguous.add(FactName.TREATMENT_DATES)
        got.readings += [
            Reading(fact=FactName.TREATMENT_DATES, value=a.isoformat())
            for a, _ in doubtful[0].readings
        ]
        return
    periods = {d.readings[0]: d for d in chosen}
    got.values["treatment_dates"] = tuple(
        Period(start=a, end=b, text=d.text, relative=d.relative) for (a, b), d in periods.items()
    )


_OWN_CARE = re.compile(
    r"\bhad my own\b|\bmine is\b|\bla m[ií]a es\b|\byo tambi[eé]n me\b", re.IGNORECASE
)
_CORRECTED = re.compile(
    r"\s*[,(]?\s*(?:debe decir|should (?:be|read|say)|no,|sino|pero (?:fue|era)|but it was)",
    re.IGNORECASE,
)


def _idle_month(dated: Dated, others: list[Dated]) -> bool:
    """`in January` without a year, beside full dates, unless it goes on right after one."""
    start, end = dated.readings[0]
    whole = (end - start).days > 26
    full = [o for o in others if not o.needs_year]
    near = any(0 <= dated.start - o.end < _SAME_BREATH for o in full)
    return dated.needs_year and dated.sort == "part" and whole and bool(full) and not near


_SAME_BREATH = 150


def _is_day(dated: Dated) -> bool:
    start, end = dated.readings[0]
    return (end - start).days < 31


def _only_frames(dated: Dated, others: list[Dated]) -> bool:
    """A whole year, or a month, beside a day within it only says which one is meant."""
    start, end = dated.readings[0]
    if dated.sort not in {"year", "years", "this", "month", "part"} or (
        dated.sort in {"month", "part"} and (end - start).days > 31
    ):
        return False
    return any(
        o is not dated
        and o.readings != dated.readings
        and start <= o.readings[0][0]
        and o.readings[0][1] <= end
        for o in others
    )


def _set_providers(
    said: Said, spoken: list[places.Placed], labels: list[Labelled], got: _Gathered
) -> None:
    told = [n for x in labels for n in places.from_label(x.value)]
    free = [p for p in spoken if not any(x.start < p.end and p.start < x.end for x in labels)]
    kept = places.distinct([*told, *(p.name for p in free)])
    got.values["providers"] = tuple(kept)[:12]
    got.evidence += [
        said.evidence(FactName.PROVIDERS, p.start, p.end) for p in spoken if p.name in kept
    ][:12]
    if not spoken:
        got.evidence += [said.evidence(FactName.PROVIDERS, x.start, x.end) for x in labels[:3]]


def _set_records(said: Said, labels: list[Labelled], got: _Gathered) -> None:
    told = [r for x in labels for r in wanted.from_label(x.value)]
    records = told or list(wanted.in_text(said.without_office()))
    got.values["records"] = tuple(dict.fromkeys(records))[:12]
    if told:
        got.evidence += [said.evidence(FactName.RECORDS, x.start, x.end) for x in labels]
        return
    for record in records[:12]:
        place = said.text.find(record)
        if place >= 0:
            got.evidence.append(said.evidence(FactName.RECORDS, place, place + len(record)))


_THIS_ADDRESS = re.compile(
    r"\b(?:this (?:e-?mail|address)|(?:mi |este (?:mismo )?)correo (?:o\b|es [eé]ste|y)|my e-?mail or|reply here or|en este (?:mismo )?correo|a mi correo o)",
    re.IGNORECASE,
)


def _set_contacts(said: Said, labels: list[Labelled], writer: Writer, got: _Gathered) -> None:
    office = writer.representative and _PROFESSIONAL.search(said.text) is not None
    text = said.text if office else said.without_office()
    ours = {a.partition(".")[0] for a in writer.ours if a}
    text = "\n".join(
        BLANK * len(x) if "+" in x and any(o in x.lower() for o in ours) else x
        for x in text.split("\n")
    )
    stated = contacts.emails(text, writer.ours)
    if stated and writer.address and _THIS_ADDRESS.search(text):
        stated = tuple(dict.fromkeys((writer.address, *stated)))
    address = contacts.postal_address(text)
    labelled = next((x for x in labels if re.search(r"\d", x.value)), None)
    north = contacts.NORTH.search(said.body) is not None or bool(
        address and re.search(r"\b[A-Z]{2},?\s+\d{5}", address[0])
    )
    at_home = (
        address is not None and re.search(r"\b[A-Z]{2},?\s+\d{5}|[A-Z]\d[A-Z]", address[0]) is None
    )
    mexican = language_of(said.body) == "es" and (at_home or not north)
    masked = text
    if address is not None:
        masked = (
            text[: address[1]]
            + re.sub(r"[^\n]", BLANK, text[address[1] : address[2]])
            + text[address[2] :]
            if not re.search(r"\d{3}[\s.-]\d{4}", text[address[1] : address[2]])
            else text
        )
    phones = contacts.phones(masked, mexican=mexican)
    got.values |= {
        "phones": tuple(p.number for p in phones)[:6],
        "emails": (stated or ((writer.address,) if writer.address else ()))[:6],
        "postal_address": labelled.value if labelled else address[0] if address else None,
    }
    got.evidence += [said.evidence(FactName.PHONES, p.start, p.end) for p in phones[:6]]
    if labelled is not None:
        got.evidence.append(said.evidence(FactName.POSTAL_ADDRESS, labelled.start, labelled.end))
    elif address is not None:
        got.evidence.append(said.evidence(FactName.POSTAL_ADDRESS, address[1], address[2]))
