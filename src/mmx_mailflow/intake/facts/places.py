"""Clinics, hospitals, laboratories and doctors that hold the records, as they are written."""

from __future__ import annotations

import re

_KIND = (
    r"(?:Hospital|Cl[ií]nica|Clinic|Centro|Laboratorios?|Sanatorio|Instituto|Policl[ií]nica|Unidad|Consultorio"
    r"|Grupo M[eé]dico|Medical Center|M[eé]dica|Torre M[eé]dica|Oftalmol[oó]gica)"
)
_CAP = r"[A-ZÁÉÍÓÚÑ][\wáéíóúüñ'’&-]*"
_SMALL = r"(?:de|del|la|las|los|el|y|e|para|San|Santa)"
_NAMED = re.compile(
    rf"\b{_KIND}(?:[ \t]+(?:{_SMALL}[ \t]+){{0,3}}(?!{_KIND}\b|Dra?\b){_CAP}){{1,6}}"
)
_ENDS = re.compile(
    rf"\b{_CAP}(?:[ \t]+(?:{_SMALL}[ \t]+){{0,2}}{_CAP}){{0,4}}[ \t]+(?:Hospital|Clinic|Medical Center|Surgical Center"
    r"|Dental|Medical Group|Lab(?:oratory)?|Imaging|Institute)\b"
)
_DOCTOR = re.compile(
    rf"\b(?:[Dd]r|[Dd]ra|[Dd]octor|[Dd]octora)\.?[ \t]+{_CAP}(?:[ \t]+(?:{_SMALL}[ \t]+){{0,2}}{_CAP}){{0,3}}"
)
_AT_HOME = re.compile(
    r"\b(?:my|our|his|her|new|current|family|local|mi|su|nuev[oa])\s+(?:[a-z]+\s+){0,3}(?:doctor|physician|surgeon|cardi\w+|orthop\w+|specialist"
    r"|m[eé]dico|pcp|dentist|oncolog\w+|neurolog\w+)[^.\n]{0,25}$"
    r"|\b(?:send|fax|forward|copy|enviar|mandar)\b[^.\n]{0,40}\bto\s*$|\bpara\s+(?:el|la|mi)\s*$",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"^\W*(?:i\s+)?(?:do(?:n['’]?t| not)\s+(?:know|remember)|not\s+sure|unknown|n/?a|no\s+(?:s[eé]|recuerdo|lo\s+s[eé])|desconozco|none|se desconoce|\?+)",
    re.IGNORECASE,
)


def from_label(value: str) -> tuple[str, ...]:
    """The providers of a labelled answer; `I do not know` is none."""
    if _UNKNOWN.match(value):
        return ()
    found = in_prose(value)
    if found:
        return found
    pieces = re.split(r"\s*(?:;|\band\b|\by\b|/|\n)\s*", value)
    names = (re.sub(r"\s*(?:,|\().*$", "", p).strip(" .,*") for p in pieces)
    return tuple(n for n in names if 3 <= len(n) <= 90)  # noqa: PLR2004  a name


def in_prose(text: str) -> tuple[str, ...]:
    """The providers that a text names; the doctor at home who wants to see records is none."""
    found: dict[str, None] = {}
    taken: list[tuple[int, int]] = []
    for pattern in (_NAMED, _ENDS, _DOCTOR):
        for match in pattern.finditer(text[:20_000]):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            if pattern is _DOCTOR and _AT_HOME.search(
                text[max(0, match.start() - 80) : match.start()]
            ):
                continue
            taken.append(match.span())
            found[re.sub(r"\s+", " ", match.group()).strip(" .,")] = None
    return tuple(sorted(found, key=lambda name: text.find(name.split()[0])))
