"""Which of the dates of a mail is the birth, which are care, and which are neither.

Each date belongs to the nearest word that says what happened then, in the same sentence; words
before it count more than words after it, and another date between weakens the tie.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from mmx_mailflow.intake.facts.dates import Dated


class Sort(StrEnum):
    """What happened on a date."""

    BIRTH = "birth"
    CARE = "care"
    ELSE = "else"
    UNSAID = "unsaid"


@dataclass(frozen=True, slots=True)
class When:
    """A date with what happened then, and whether the writer speaks of themselves."""

    dated: Dated
    sort: Sort
    own: bool = False


_CUES: tuple[tuple[Sort, re.Pattern[str]], ...] = tuple(
    (sort, re.compile(rf"\b(?:{words})(?!\w)", re.IGNORECASE))
    for sort, words in (
        (
            Sort.BIRTH,
            r"d\.?\s?o\.?\s?b\.?|b\.?o\.?d\.|date of birth|birth[- ]?(?:date|day)|b-?day|b[ri]{2}th\s?da(?:te|y)|birth|born|came into th(?:is|e) world"
            r"|f(?:echa)?\.?\s*(?:de\s+)?nac\w*\.?|f\.?\s?d?\.?\s?n\.?:|nac\.|nac[ií]|nac(?:ido|ida|ió|io|imiento)|nasc?[ií]|cumplea[ñn]os|vine al mundo|soy del(?:\s+año)?|es del año|modelo",
        ),
        (
            Sort.ELSE,
            r"fl(?:ight|ew|y|ies|ying)\b[^.,;]{0,15}|drove (?:down|home)|vuelos?|vol(?:amos|é|ar)|viaj\w+|travel\w*|passport|pasaporte|expir\w+|venc\w+|invoic\w+|factur\w+|recibo|receipt|wedding|married|marriage|boda|me casé|casad[oa]|divorc\w+"
            r"|letter|carta|dated|authoriz\w+|autorizaci[oó]n|power of attorney|poder notarial|tutela|custody|deadline|due|before|by|antes del?|para el|por el|vence"
            r"|sent|e-?mailed|wrote|called|mailed|mand[eéo]\w*|envi[eéo]\w*|escrib[ií]\w*|llam[eéó]\w*|filed|form|signed|firm[eéó]\w*|turned|cumpl(?:ió|í|e)|aniversario|anniversary|mov(?:ed|ing)|mud\w+|me cambi[oóé]|salgo|regres\w+|away|vacation|vacaciones|founded|fundad\w+|paid|pagu?[eéó]\w*|charged|cobr\w+|deposit|anticipo"
            r"|copyright|rev|retired|jubil\w+|polic\w+|p[oó]liza|issued|expedid\w+|expedición|newsletter|recall|published|version|updated|law|ley|norma|hired|contract|contrato|graduat\w+|died|passed away|falleci\w+|muri[oó]|until|starting|next|pr[oó]xim\w+|upcoming|will|voted",
        ),
        (
            Sort.CARE,
            r"treat\w*|surger\w+|sugery|surgical|operat\w+|procedures?|admi(?:tted|ssion)|admit|hospital\w*|stay(?:ed)?|visit\w*|seen|saw|surgeon|er|e\.r\.|emergency|discharged?|check(?:ed)?[- ]?(?:up|in|ed)|examin\w+|exams?|care|clinic\w*|cl[ií]nicas?|laborator\w+|lab|labs|tests?|tested|scans?|mri|ct|x-?rays?|implant\w*|placed|removed|repair\w*|replac\w+|deliver\w+|c-section|consult\w*"
            r"|d\.?o\.?s\.?|dates? of (?:service|treatment|care|visit|surgery|stay)|there|done|did|had|got|went(?: back| in)?|took|sewed|put in|crowns?|biops\w+|transplant\w*|bypass|sleeve|lasik|colonoscop\w+|endoscop\w+|dr|dra|doctor\w*|patient|dentist|dental|infusion|chemo\w*|therapy|accident|hurt|broke|fell|was in|were in|in and out|approximate dates?|dates?|when|around|during|posts|it was"
            r"|tratamientos?|tratad[oa]|trat[óoé]\w*|cirug[ií]as?|oper\w+|intervenci[oó]n|interven\w+|intern\w+|ingres\w+|entr[óoéeé]\w*|estuv\w+|atend\w+|atenci[oó]n|atienden?|atiendo|consultas?|cita|citas|estudios?|an[aá]lisis|urgencias|alta|egres\w+|pari\w*|parto|ces[aá]rea|accident\w*|choque|ca[ií]|cay[oó]|hice|hicieron|hizo|tom(?:aron|é|ó)|sac(?:aron|ó)|pus(?:ieron|o)|coloc\w+|quit(?:aron|ó)|extra\w+|revis\w+|quimio\w*|radioterapia|di[aá]lisis|vieron|vio|fui|fue|fuimos|llev(?:aron|é|ó)|fecha|fechas|per[ií]odo|cu[aá]ndo|tuve|hospitaliz\w+|aplicaron|implant\w+|ultrasonido|resonancia",
        ),
    )
)
_CLOSE = frozenset(
    {
        "by",
        "before",
        "due",
        "por el",
        "para el",
        "antes de",
        "antes del",
        "next",
        "until",
        "starting",
    }
)
_ONLY_BEFORE = frozenset({"by", "before", "until", "will", "por el", "form", "next", "starting"})
_CLOSE_BY = 14
"""These words speak of a date only right before it."""
_INSIDE = re.compile(
    r"\b(?:treated|discharged|admitted|hospitali[sz]ed|operated|alta|egres\w+|ingres\w+|sal[ií]|salió|atend\w+|stayed)(?!\w)",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\b(?:i|i['’]m|me|my|mine|my own|yo|m[ií]o?|mis|nac[ií]|soy|estuve|tuve|myself|parent writing|\(mom\)|\(mother\)|\(dad\)|\(father\)|\(mam[aá]\)|\(pap[aá]\))(?!\w)",
    re.IGNORECASE,
)
_RELATION = re.compile(
    r"\b(?:my|mi|our|nuestr[oa])\s+(?:\w+\s+)?(?:son|daughter|mother|mom|mum|father|dad|wife|husband|brother|sister|child|client|patient|grand\w+|aunt|uncle|partner|hij[oa]|mam[aá]|madre|pap[aá]|padre|espos[oa]|marido|mujer|herman[oa]|abuel[oa]|t[ií][oa]|client[ea]|poderdante|beb[eé]|baby|menor|representad[oa]|paciente|suegr[oa]|niet[oa]|sobrin[oa])(?:['’]s)?|\b(?:mam[aá]|madre|pap[aá]|padre|mother|mom|father|dad|tutora?|guardian|hij[oa]|espos[oa]|wife|husband|son|daughter) (?:de|of) (?-i:[A-ZÁÉÍÓÚÑ])",
    re.IGNORECASE,
)
_OTHERS_DAY = re.compile(
    r"\b(?:my|mi)\s+(?:daughter|son|wife|husband|hij[oa]|espos[oa])\b[^.]{0,60}\b(?:turned|birthday|cumpl\w+)",
    re.IGNORECASE,
)
_END = re.compile(
    r"(?<!\bDr)(?<!\bDra)(?<!\bSt)(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bSr)(?<!\bSra)(?<!\bNo)(?<!\bvs)(?<!\b[A-Z])(?<!\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Oct|Nov|Dec|Tel|Cel|Col|Ext|Ste|Apt|Ave))(?<!\bSept)[.!?]+[\"'”]?\s+|\n\s*\n|;\s",
    re.UNICODE,
)
_BEFORE, _AFTER, _BEHIND, _OTHER_DATE = 130, 70, 25, 50


def sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around a stretch of text, at most some hundred characters of it."""
    low, high = max(0, start - 300), min(len(text), end + 300)
    begin = low
    for match in _END.finditer(text, low, start):
        begin = match.end()
    after = _END.search(text, end, high)
    return begin, after.start() if after is not None else high


def sorted_out(text: str, dates: list[Dated]) -> list[When]:
    """What happened on each date of the text."""
    found: list[When] = []
    for place, dated in enumerate(dates):
        begin, end = sentence(text, dated.start, dated.end)
        last = found[-1] if found else None
        sort = _sort(text, dates, place, begin, end)
        tied = (
            last is not None
            and sort in {Sort.UNSAID, last.sort}
            and last.dated.end > begin
            and len(text[last.dated.end : dated.start]) < _BEFORE
        )
        if sort == Sort.UNSAID and tied and last is not None and last.sort == Sort.CARE:
            sort = last.sort
        said = text[begin : dated.start]
        found.append(When(dated, sort, own=_speaks_of_self(said)))
    return found


def _speaks_of_self(said: str) -> bool:
    """Whether the last person named before a date is the writer."""
    own = max((m.end() for m in _OWN.finditer(said)), default=-1)
    other = max((m.end() for m in _RELATION.finditer(said)), default=-1)
    other = max(
        other,
        *(m.end() for m in re.finditer(r"\b(?:she|he|his|her|él|ella|su)\b", said, re.IGNORECASE)),
        -1,
    )
    return own > other


def _sort(text: str, dates: list[Dated], place: int, begin: int, end: int) -> Sort:
    """The sort whose word stands nearest; a word of care within the date outweighs the rest."""
    dated = dates[place]
    others = [d for n, d in enumerate(dates) if n != place]
    ties = [*_before(text, others, dated, begin), *_after(text, others, dated, end)]
    best = min(ties, default=(0.0, Sort.UNSAID), key=lambda tie: tie[0])[1]
    if best in {Sort.ELSE, Sort.UNSAID} and _INSIDE.search(text, dated.start, dated.end):
        return Sort.CARE
    return best


def _before(
    text: str, others: list[Dated], dated: Dated, begin: int
) -> Iterator[tuple[float, Sort]]:
    """The words before a date, each with how far it is away."""
    for sort, pattern in _CUES:
        for match in pattern.finditer(text, max(begin, dated.start - _BEFORE), dated.start):
            between = _between(others, match.end(), dated.start)
            far = dated.start - match.end() + between
            idle = match.group().lower() in _CLOSE and far > _CLOSE_BY
            if idle or (between and sort == Sort.BIRTH and not _goes_on(text, others, dated)):
                continue
            yield far, sort


def _after(text: str, others: list[Dated], dated: Dated, end: int) -> Iterator[tuple[float, Sort]]:
    """The words after a date, which count less, those of a birth least."""
    for sort, pattern in _CUES:
        for match in pattern.finditer(text, dated.end, min(end, dated.end + _AFTER)):
            if match.group().lower() in _ONLY_BEFORE:
                continue
            far = _BEHIND + match.start() - dated.end + _between(others, dated.end, match.start())
            yield far + (_BEHIND if sort == Sort.BIRTH else 0), sort


_AND_ANOTHER = re.compile(
    r"\s*,?\s*(?:y|and|e|or|o)\s+(?:\w+\s+){0,4}(?:el\s+|on\s+|the\s+)?", re.IGNORECASE
)


def _goes_on(text: str, others: list[Dated], dated: Dated) -> bool:
    """`He was born on … and I on …`: the word for the one date counts for the next."""
    last = max((d.end for d in others if d.end <= dated.start), default=0)
    return _AND_ANOTHER.fullmatch(text[last : dated.start]) is not None


def _between(others: list[Dated], start: int, end: int) -> int:
    return _OTHER_DATE * sum(1 for d in others if d.start >= start and d.end <= end)


_OLDEST, _OLD_CARE, _YOUNGEST_RECORD = 115, 20, 1940


def can_be_birth(dated: Dated, today: date) -> bool:
    """A person is alive and was born before today."""
    return all(today.year - _OLDEST <= a.year and a <= today for a, _ in dated.readings)


def can_be_care(dated: Dated, today: date) -> bool:
    """Care lies in the past, and in the time of which records are kept."""
    return all(a <= today and a.year > _YOUNGEST_RECORD for a, _ in dated.readings)


def is_recent(dated: Dated, today: date) -> bool:
    """Recent enough to be care though no word says so."""
    return all(today.year - a.year <= _OLD_CARE for a, _ in dated.readings)
