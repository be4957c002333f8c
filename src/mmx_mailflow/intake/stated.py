"""What of a mail counts as said: one text with everything else blanked, places kept.

The text is the subject, an empty line, and the mail's text in which quotes, disclaimers and what
else does not count are spaces, so that every place in it leads back to the part it came from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from mmx_mailflow.casework.facts import Evidence, FactName
from mmx_mailflow.intake.message import Message, Region, RegionSort

BLANK = "\x00"
"""Stands for a character that does not count; no pattern takes it for a space."""
_FORWARDED_SUBJECT = re.compile(r"^\s*(?:fwd?|rv|reenv(?:iado|ío)?|fw)\s*:", re.IGNORECASE)
_ANSWERS_BELOW = re.compile(
    r"\b(?:answers?|replies|comments?|responses?|respuestas?|contest\w+|respond\w+|fill(?:ed)? (?:it |them )?in)\b[^.\n]{0,60}\b(?:below|in (?:red|blue|bold|caps|green)|inline|underneath|abajo|en (?:rojo|azul|negritas?|may[uú]sculas)|debajo|entre l[ií]neas|after each|line by line)\b"
    r"|\b(?:see|ver|vea|look)\b[^.\n]{0,20}\b(?:below|abajo|debajo)\b",
    re.IGNORECASE,
)
_SAME = re.compile(
    r"\bsame\s+(?:place|clinic|hospital|week|dates?|days?|doctor|lab|as (?:her|him|hers|his|them|mine))|\bmism[oa]s?\s+(?:lugar|cl[ií]nica|hospital|semana|fechas?|d[ií]as?|doctora?|laboratorio)",
    re.IGNORECASE,
)
_ORGANISATION = re.compile(
    r"(?:\bfax\b|\bmain\s*:|toll[ -]free|conmutador|\bext\.?\s*\d|www\.|\bS\.?A\.? de C\.?V|\bS\.C\.|\bInc\b|\bLLC\b|\bLLP\b|\bP\.C\.|\bAPLC\b|\bCorp\b|\bLtd\b|\bdirect\s*:|\boffice\s*:|\boficina\s*:|unsubscribe|\bLic\. #|\bCompany\b|\bBakery\b|\bRealty\b|\bProperties\b|\bUniversity\b|\bSchool District\b|\bGroup\b\s*$|\bS\. de R\.L\.|\bNotar[ií]a\b|\bGerente\b|\bDirector\w*\b|\boffice\s+\d|\bManager\b|\bOfficer\b|\bCoordinator\b|\bAgent\b|\bVentas\b|\bSenior\b|\bSupervisor\w*\b|\bRecursos Humanos\b|\bDepartamento\b|\bDepartment\b|\bDept\b)",
    re.IGNORECASE,
)
_HAS_CONTACT = re.compile(
    r"\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}|\d{2,3}[\s.-]\d{3,4}[\s.-]\d{4}|\b[A-Z]{2}\s+\d{5}\b|@|\bC\.?P\.?\s*\d{5}|\d{5}\s+[A-Z]",
    re.IGNORECASE,
)
_SEPARATED = re.compile(r"\s[|·•–]\s")
_AUTOMATIC = re.compile(
    r"\b(?:this e-?mail was sent from|este correo fue enviado|IP(?: address)?:? \d|UTC from \d|\d+\.\d+\.\d+\.\d+|copyright|©|all rights reserved|unsubscribe|virus|scanned)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """The words of a mail that count, with the way back to their places."""

    subject: str
    body: str
    office: tuple[tuple[int, int], ...] = ()
    """Stretches of `text` that are an employer's or a firm's block of contacts."""
    same_as_below: bool = False
    """The writer points at what a forwarded mail says: `same place, same week`."""

    @property
    def text(self) -> str:
        """Subject, empty line, body."""
        return f"{self.subject}\n\n{self.body}"

    @property
    def lead(self) -> int:
        """Where the body begins in `text`."""
        return len(self.subject) + 2

    def evidence(self, name: FactName, start: int, end: int) -> Evidence:
        """The words of a stretch of `text` as evidence of a fact."""
        words = self.text[start:end].strip()[:300]
        if start < self.lead:
            return Evidence(
                fact=name, words=words, part="subject", start=start, end=min(end, len(self.subject))
            )
        return Evidence(
            fact=name, words=words, part="text", start=start - self.lead, end=end - self.lead
        )

    def without_office(self) -> str:
        """The text with the blocks of an office blanked."""
        text = self.text
        for start, end in self.office:
            text = text[:start] + re.sub(r"[^\n]", BLANK, text[start:end]) + text[end:]
        return text


def answered_inside(message: Message) -> Message:
    """Where the answers stand in an unmarked quote, that quote is read as new."""
    if not _ANSWERS_BELOW.search(message.new_text) or len(message.new_text) > 400:
        return message
    marked = any(
        line.startswith(">")
        for r in message.regions
        if r.sort == RegionSort.QUOTE
        for line in message.text[r.start : r.end].split("\n")
    )
    if marked:
        return message
    regions = tuple(
        Region(RegionSort.NEW, r.start, r.end) if r.sort == RegionSort.QUOTE else r
        for r in message.regions
    )
    return replace(message, regions=regions)


def forwards(message: Message) -> bool:
    """Whether the subject or a heading says that a mail is passed on."""
    return _FORWARDED_SUBJECT.match(message.subject) is not None or any(
        r.sort == RegionSort.FORWARDED for r in message.regions
    )


_LONGEST = 30_000
"""Facts are looked for so far into a mail; no letter is longer, and every pattern stays fast."""
_OUTER = (RegionSort.NEW, RegionSort.SIGNATURE)


def said(message: Message, *, passed_on: bool = False) -> Said:
    """What the writer says; with `passed_on` also the mail that stands forwarded below."""
    sorts = (*_OUTER, RegionSort.FORWARDED, *((RegionSort.QUOTE,) if passed_on else ()))
    if not passed_on:
        sorts = _OUTER
    kept = bytearray(len(message.text))
    for region in message.regions:
        if region.sort in sorts:
            kept[region.start : region.end] = b"\1" * (region.end - region.start)
    body = "".join(c if k or c == "\n" else BLANK for c, k in zip(message.text, kept, strict=True))
    body = re.sub(
        r"\((?:for example|e\.g\.|por ejemplo|p\. ?ej\.)[^()\n]{0,80}\)",
        lambda m: BLANK * len(m.group()),
        body,
    )
    body = body[:_LONGEST]
    if passed_on:
        body = _unquoted(body)
    top = message.new_text
    subject = re.sub(
        r"^(?:\s*(?:re|rv|fwd?|fw|aw)\s*:)+",
        lambda m: " " * len(m.group()),
        message.subject,
        flags=re.IGNORECASE,
    )
    plain = Said(subject, body, same_as_below=_SAME.search(top) is not None)
    return replace(plain, office=_office(plain.text, plain.lead))


_HEAD_LINE = re.compile(
    r"^\W*(?:from|de|sent|enviado(?: el)?|date|fecha|to|para|cc|subject|asunto)\s*:.*$",
    re.IGNORECASE | re.MULTILINE,
)


def _unquoted(body: str) -> str:
    """Forwarded lines without their marks and headings, as long as before."""
    body = re.sub(r"(?m)^(?:> ?)+", lambda m: " " * len(m.group()), body)
    heads = list(
        re.finditer(
            r"(?m)(?:^\W*(?:from|de|sent|enviado(?: el)?|date|fecha|to|para|cc|subject|asunto)\W*:[^\n]*\n){3,}",
            body,
            re.IGNORECASE,
        )
    )
    for match in heads:
        body = body[: match.start()] + re.sub(r"[^\n]", BLANK, match.group()) + body[match.end() :]
    return body


def _office(text: str, lead: int) -> tuple[tuple[int, int], ...]:
    """Lines in the last part of a mail that give a firm's contacts, and the lines beside them."""
    lines: list[tuple[int, int, str]] = []
    place = 0
    for line in text.split("\n"):
        lines.append((place, place + len(line), line))
        place += len(line) + 1
    filled = [
        n for n, (start, _, line) in enumerate(lines) if line.strip(f"{BLANK} \t") and start >= lead
    ]
    blocks: list[tuple[int, int]] = []
    for n in filled[1:]:
        start, end, line = lines[n]
        if _AUTOMATIC.search(line):
            blocks.append((start, end))
            continue
        tail = n >= filled[-1] - 14
        if not tail or len(line) > 220:
            continue
        separated = bool(_SEPARATED.search(line)) and bool(
            _HAS_CONTACT.search(line) or _ORGANISATION.search(line)
        )
        firm = bool(_ORGANISATION.search(line)) and not re.search(
            r"\b(?:i|my|me|mi|mis)\b", line, re.IGNORECASE
        )
        if separated or firm:
            # The whole block of lines without an empty line between belongs to it.
            low = n
            while (
                low - 1 > filled[0]
                and lines[low - 1][2].strip(f"{BLANK} ")
                and len(lines[low - 1][2]) < 90
            ):
                low -= 1
            high = n
            while (
                high + 1 < len(lines)
                and lines[high + 1][2].strip(f"{BLANK} ")
                and len(lines[high + 1][2]) < 120
            ):
                high += 1
            blocks.append((lines[low][0], lines[high][1]))
    return tuple(blocks)
