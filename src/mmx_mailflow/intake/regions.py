"""Whose words are whose: new text, quotes, signatures, disclaimers, forwarded parts."""

from __future__ import annotations

import re

from mmx_mailflow.intake.message import Region, RegionSort

_HEAD_LINES = 4
"""A quote's heading may be broken over so many lines."""
_WROTE = re.compile(
    r"^\s*(?:>?\s*)(?:on|el|le|em|am)\b.{5,300}\b(?:wrote|escribi[oó]|va escriure|schrieb)\s*:\s*$",
    re.IGNORECASE,
)
_WROTE_NAME = re.compile(
    r"^\s*.{0,120}<[^<>\s]+@[^<>\s]+>.{0,80}\b(?:wrote|escribi[oó])\s*:\s*$", re.IGNORECASE
)
_DIVIDER = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|mensaje original|reply message|mensaje de respuesta)\s*-{2,}"
    r"|_{20,}|-{2,}\s*original\s*-{2,})\s*$",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"^\s*(?:-{2,}\s*(?:forwarded message|mensaje reenviado|forwarded by.{0,80})\s*-{2,}"
    r"|begin forwarded message:|inicio del mensaje reenviado:)\s*$",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"^\s*\*?(?:from|de|sent|enviado(?: el)?|date|fecha|to|para|cc|subject|asunto)\*?\s*:\s*\S",
    re.IGNORECASE,
)
_FROM = re.compile(r"^\s*\*?(?:from|de)\*?\s*:\s*\S", re.IGNORECASE)
_SIGNATURE = re.compile(
    r"^(?:-- ?|—|sent from my .{1,60}|enviado desde mi .{1,60}|get outlook for .{1,20}"
    r"|obtener outlook para .{1,20}|sent from (?:yahoo|proton|samsung|outlook|mail for).{0,60}"
    r"|enviado (?:desde|con) (?:yahoo|proton|outlook|el correo).{0,60})\s*$",
    re.IGNORECASE,
)
_CLIENT = re.compile(r"^(?:sent|enviado|get|obtener)\b", re.IGNORECASE)
_DISCLAIMER = re.compile(
    r"^\s*(?:\*{0,3}\s*)(?:confidentiality notice|CONFIDENTIAL\b|this (?:electronic|transmission)\b.{0,160}\b(?:protected|unauthorized|privileged|confidential)|misdirected\b|unauthorized\b|confidentiality|disclaimer|aviso de confidencialidad"
    r"|this (?:e-?mail|message|communication)\b.{0,120}\b(?:confidential|intended|privileged)"
    r"|este (?:mensaje|correo)\b.{0,120}\b(?:confidencial|destinatario)"
    r"|la informaci[oó]n contenida en este|the information contained in this"
    r"|aviso de privacidad|please consider the environment|antes de imprimir)",
    re.IGNORECASE,
)


def regions_of(text: str) -> tuple[Region, ...]:
    """Cut the whole text into regions, in order; every character belongs to one."""
    lines = text.split("\n")
    sorts = _sorts(lines)
    regions: list[Region] = []
    place = 0
    for line, sort in zip(lines, sorts, strict=True):
        end = min(place + len(line) + 1, len(text))
        if regions and regions[-1].sort == sort:
            regions[-1] = Region(sort, regions[-1].start, end)
        else:
            regions.append(Region(sort, place, end))
        place = end
    return tuple(r for r in regions if r.end > r.start)


def _sorts(lines: list[str]) -> list[RegionSort]:
    sorts: list[RegionSort] = []
    now = RegionSort.NEW
    number = 0
    while number < len(lines):
        line = lines[number]
        head = _quote_head(lines, number)
        if now != RegionSort.FORWARDED and head:
            answered_below = _has_answers(lines, number + head)
            sorts += [RegionSort.QUOTE] * head
            now = RegionSort.NEW if answered_below else RegionSort.QUOTE
            number += head
            continue
        now = _next(now, line, lines, number)
        inside = RegionSort.QUOTE if line.startswith(">") and now == RegionSort.NEW else now
        sorts.append(inside)
        number += 1
    return sorts


def _next(now: RegionSort, line: str, lines: list[str], number: int) -> RegionSort:
    """The region that a line begins, or the one that goes on."""
    if _FORWARD.match(line):
        return RegionSort.FORWARDED
    if now == RegionSort.NEW and _DISCLAIMER.match(line):
        return RegionSort.DISCLAIMER
    if now in {RegionSort.NEW, RegionSort.SIGNATURE} and _SIGNATURE.match(line.strip() or " "):
        return RegionSort.DISCLAIMER if _CLIENT.match(line.strip()) else RegionSort.SIGNATURE
    if now == RegionSort.SIGNATURE and _DISCLAIMER.match(line):
        return RegionSort.DISCLAIMER
    return now


def _quote_head(lines: list[str], number: int) -> int:
    """How many lines a quote's heading takes here, 0 when none begins."""
    line = lines[number]
    if _DIVIDER.match(line) and any(_FROM.match(x) for x in lines[number + 1 : number + 4]):
        fields = 1
        while number + fields < len(lines) and (
            _FIELD.match(lines[number + fields]) or not lines[number + fields].strip()
        ):
            fields += 1
        return fields
    if _FROM.match(line):
        fields = sum(1 for x in lines[number : number + 6] if _FIELD.match(x))
        return fields if fields >= 3 else 0
    if re.match(r"\s*>?\s*(?:on|el|le)\b|.{0,120}<", line[:140], re.IGNORECASE):
        for count in range(1, _HEAD_LINES + 1):
            joined = " ".join(x.strip() for x in lines[number : number + count])[:500]
            if _WROTE.match(joined) or _WROTE_NAME.match(joined):
                return count
    return 0


def _has_answers(lines: list[str], start: int) -> bool:
    """Whether the quote below is marked line by line, so that other lines are answers."""
    below = [line for line in lines[start : start + 400] if line.strip()]
    return any(line.startswith(">") for line in below)
