"""Labelled answers: `Date of birth: …`, a numbered list, or text under a quoted question."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmx_mailflow.casework.facts import FactName
from mmx_mailflow.intake.message import Message, RegionSort

_LABELS: tuple[tuple[FactName, str], ...] = (
    (
        FactName.DATE_OF_BIRTH,
        r"(?:patient'?s?\s+)?(?:date\s+of\s+birth|birth\s*-?date|d\.?o\.?b\.?|birthday|born(?:\s+on)?"
        r"|fecha\s+de\s+nacimiento|f\.?\s*(?:de\s+)?nac(?:imiento)?\.?|nacimiento|naci[oó]|nac[ií])",
    ),
    (
        FactName.TREATMENT_DATES,
        r"(?:approx(?:imate|\.)?\s+)?(?:dates?|when|fechas?|per[ií]odo|cu[aá]ndo)"
        r"(?:\s+\(?(?:approx\w*|aprox\w*)\)?)?"
        r"(?:\s+(?:of|de|del|en que|when|i was)?\s*(?:the\s+|la\s+|el\s+|mi\s+)?"
        r"(?:treatments?|visits?|services?|care|surgery|stay|procedure|treated|appointment"
        r"|tratamientos?|atenci[oó]n|visitas?|consultas?|cirug[ií]a|estancia|servicios?"
        r"|internamiento|hospitalizaci[oó]n|operaci[oó]n)(?:\s+\(?aprox\w*\)?)?)?",
    ),
    (
        FactName.PROVIDERS,
        r"(?:name\s+of\s+(?:the\s+)?)?(?:medical\s+|healthcare\s+)?(?:providers?|clinics?|hospitals?|facility|facilities|where|doctors?"
        r"|laborator(?:y|io)|lab|proveedor(?:es)?|cl[ií]nicas?|m[eé]dicos?|d[oó]nde|instituci[oó]n"
        r"|nombre\s+(?:del|de\s+la|de)\s+(?:hospital|cl[ií]nica|proveedor|m[eé]dico|doctor)[^:\n]{0,30})"
        r"(?:\s*(?:/|or|and|o|y|u)\s*(?:name of\s+)?(?:clinics?|hospitals?|providers?|doctors?|cl[ií]nicas?|hospital(?:es)?|m[eé]dicos?|facility))*"
        r"(?:\s+name)?(?:\s*\([^)\n]{0,30}\))?",
    ),
    (
        FactName.RECORDS,
        r"(?:description(?:\s+of\s+(?:the\s+)?records?)?(?:\s+(?:being\s+)?(?:requested|needed))?"
        r"|(?:medical\s+)?records?(?:\s+(?:being\s+)?(?:requested|needed|wanted))?|what(?:\s+i\s+need)?|documents?(?:\s+(?:requested|needed))?"
        r"|i\s+need|descripci[oó]n(?:\s+de(?:l|\s+los|\s+lo)?\s+(?:expedientes?|registros|documentos|solicitado|que\s+solicit[oa]))?"
        r"|documentos?(?:\s+(?:solicitados?|que\s+(?:necesito|solicito)))?|expedientes?(?:\s+solicitados?)?"
        r"|registros(?:\s+solicitados)?|qu[eé](?:\s+necesito)?|lo\s+que\s+(?:necesito|solicito)|estudios)",
    ),
    (
        FactName.POSTAL_ADDRESS,
        r"(?:mailing\s+|postal\s+|home\s+|street\s+)?(?:address|domicilio|direcci[oó]n(?:\s+postal)?)",
    ),
    (
        FactName.PHONES,
        r"(?:contact(?:\s+information|\s+info|\s+details)?|(?:cell\s*|mobile\s*|home\s*)?(?:phone|tel[eé]fono|celular|tel|cel|cell|mobile)"
        r"(?:\s+number)?\.?|datos\s+de\s+contacto|contacto|informaci[oó]n\s+de\s+contacto|whatsapp)",
    ),
    (FactName.EMAILS, r"(?:e-?mail(?:\s+address)?|correo(?:\s+electr[oó]nico)?)"),
    (
        FactName.PATIENT_NAME,
        r"(?:(?:patient|paciente)(?:'?s)?(?:\s*(?:is|es|=))?\s*(?:full\s+|legal\s+|complete\s+)*(?:name)?"
        r"|(?:my\s+|full\s+|legal\s+|complete\s+)*name(?:\s+of\s+(?:the\s+)?patient)?(?:\s+\(?legal\)?)?"
        r"|nombre(?:\s+(?:completo|legal|y\s+apellidos?))*(?:\s+del?\s+(?:la\s+)?(?:el\s+)?paciente)?(?:\s+completo)?"
        r"|qui[eé]n|who|titular)",
    ),
)
_LONGEST_ANSWER = 600
_BULLET = r"^[\s>*•·▪◦–—-]*(?:\(?\d{1,2}[.)]\s*|[a-h][.)]\s+)?[*_]{0,2}"
_COMPILED = tuple(
    (
        name,
        re.compile(rf"{_BULLET}{words}\s*(?:/\s*[^\n:/]{{1,30}})?(?:\([^)\n]{{0,60}}\))?\s*[*_]{{0,2}}\s*[:=\t–—][*_]{{0,2}}[ \t]*(?P<value>.*)$", re.IGNORECASE),
        re.compile(rf"{_BULLET}{words}\s*(?:\([^)\n]{{0,60}}\))?\s*[:?]\s*[*_]{{0,2}}\s*$", re.IGNORECASE),
    )
    for name, words in _LABELS
)  # fmt: skip
_ANY_LABEL = re.compile(r"^[\s>*•·-]*(?:\(?\d{1,2}[.)])?\s*[^\W\d_][\w\s/().'-]{1,60}:\s")


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answer to one of the six items, and where it stands in `Message.text`."""

    name: FactName
    value: str
    start: int
    end: int


def labelled(message: Message) -> list[Labelled]:
    """The labelled answers of a mail in the order of the text."""
    found: list[Labelled] = []
    asked: FactName | None = None
    open_item: int | None = None
    for line, place, new in _lines(message):
        text = line.strip()
        if not new:
            asked, open_item = (
                _label_only(text.lstrip("> ")) or (asked if not text.strip("> ") else None),
                None,
            )
            continue
        match = _match(line)
        if match is not None:
            name, value, offset = match
            found.append(Labelled(name, value, place + offset, place + offset + len(value)))
            open_item, asked = len(found) - 1, None if value else name
        elif not text:
            open_item = None
        elif asked is not None:
            found.append(Labelled(asked, text, place, place + len(line)))
            open_item, asked = len(found) - 1, None
        elif (
            open_item is not None
            and not _ANY_LABEL.match(line)
            and len(found[open_item].value) < _LONGEST_ANSWER
        ):
            last = found[open_item]
            found[open_item] = Labelled(
                last.name, f"{last.value} {text}".strip(), last.start, place + len(line)
            )
    return [item for item in found if item.value.strip()] or _in_policy_order(message)


_NUMBERED = re.compile(r"^\s*(\d)\s*[.):-]\s+(\S.*)$")
_ORDER = (
    FactName.PATIENT_NAME,
    FactName.DATE_OF_BIRTH,
    FactName.TREATMENT_DATES,
    FactName.PROVIDERS,
    FactName.RECORDS,
    FactName.PHONES,
)


def _in_policy_order(message: Message) -> list[Labelled]:
    """Five or six numbered answers without labels follow the policy's six items."""
    numbered = [
        (int(match.group(1)), match.group(2).strip(), place, line)
        for line, place, new in _lines(message)
        if new and (match := _NUMBERED.match(line))
    ]
    if [n for n, *_ in numbered] not in ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]):
        return []
    return [
        Labelled(_ORDER[n - 1], value, place, place + len(line))
        for n, value, place, line in numbered
    ]


def _lines(message: Message) -> list[tuple[str, int, bool]]:
    """Lines with their place and whether the writer says them now."""
    said = {RegionSort.NEW, RegionSort.SIGNATURE, RegionSort.FORWARDED}
    lines = []
    for region in message.regions:
        place = region.start
        for line in message.text[region.start : region.end].split("\n"):
            lines.append((line[:2_000], place, region.sort in said))
            place += len(line) + 1
    return lines[:3_000]


def _match(line: str) -> tuple[FactName, str, int] | None:
    for name, pattern, _ in _COMPILED:
        found = pattern.match(line)
        if found is not None:
            return name, found.group("value").strip(), found.start("value")
    return None


def _label_only(line: str) -> FactName | None:
    return next((name for name, _, alone in _COMPILED if alone.match(line)), None)
