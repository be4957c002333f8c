"""Laying out the packet: English and Spanish side by side, fields and lines between."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from reportlab.lib.colors import Color
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from mmx_mailflow.casework.returned import IssuedForm
from mmx_mailflow.casework.values import CaseId
from mmx_mailflow.forms.packet.facts import FormWords, PacketFacts, day_in_words
from mmx_mailflow.forms.packet.fields import TextField, Tick, text_fields
from mmx_mailflow.forms.packet.foot import Foot, draw_power, draw_sign
from mmx_mailflow.forms.packet.page import BOLD, FONT, draw_page, use_fonts
from mmx_mailflow.forms.shape import (
    BOTTOM,
    FILL,
    FOOT,
    HEIGHT,
    KEEP,
    MARGIN,
    POWER,
    ROOM,
    SIGN,
    TOP,
    VERSION,
    WIDTH,
    wanted,
)

_GAP = 10.0
_RULE = Color(0.75, 0.75, 0.75)
_SAFE_KEY = b"\0" * 32
"""Stands in while pages are only counted: a code's length does not depend on the key."""
_SIZE, _LARGE = 11.0, 14.0
_TIGHT = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1), ("VALIGN", (0, 0), (-1, -1), "TOP")]  # fmt: skip
_RECORDS = ("A6.complete", "A6.summary", "A6.operative", "A6.discharge", "A6.laboratory", "A6.imaging", "A6.images", "A6.implants", "A6.bill", "A6.other")  # fmt: skip
_SENSITIVE = ("A7.hiv", "A7.substance", "A7.mental", "A7.genetic", "A7.reproductive")
_PURPOSES = ("A8.request", "A8.care", "A8.personal", "A8.insurance", "A8.legal", "A8.other")
_WAYS = ("A9.me", "A9.office", "A9.pdf", "A9.paper")
_STATEMENTS = ("A5", "A9.4", "A10", "A11", "A12.1", "A12.2", "A12.3", "A12.4", "A12.5")
_STEPS = ("C1", "C2", "C3", "C4", "C5", "C6", "C7")


@dataclass(slots=True)
class _Layout:
    """One run over the pages: what is drawn, and what kind each page turned out to be."""

    facts: PacketFacts
    words: FormWords
    key: bytes
    roles: str = ""
    noted: dict[int, str] = field(default_factory=dict)

    def fills(self, page: int) -> None:
        """Something on this page is to be filled in."""
        self.noted.setdefault(page, FILL)

    def said(self, block: str) -> tuple[str, str]:
        """The sentence of a block in both languages, with the office's own words in it."""
        facts = self.facts
        values = {
            "organisation": facts.organisation,
            "records_address": facts.records_address,
            "agent": facts.agent_name or "____________________",
            "expires": "{expires}",
        }
        pair = (self.words.en[block], self.words.es[block])
        en, es = (text.format(**values) if "{" in text else text for text in pair)
        english, _, spanish = day_in_words(facts.expires_on).partition(" / ")
        return en.replace("{expires}", english), es.replace("{expires}", spanish)


def packet(facts: PacketFacts, words: FormWords, *, key: bytes) -> bytes:
    """The packet as PDF; equal values give equal bytes."""
    return _run(_Layout(facts, words, key, roles=_roles(facts, words)))[0]


def issued_form(facts: PacketFacts, words: FormWords) -> IssuedForm:
    """How many pages the packet has, and which of them must come back."""
    roles = _roles(facts, words)
    return IssuedForm(
        ref=CaseId(facts.ref),
        issue=facts.issue,
        issued_on=facts.issued_on,
        expires_on=facts.expires_on,
        pages=len(roles),
        pages_wanted=wanted(roles),
        version=VERSION,
        roles=roles,
        printed=facts.model_dump(mode="json", exclude={"agent_signature"}),
    )


def _roles(facts: PacketFacts, words: FormWords) -> str:
    return _counted(facts, tuple(words.en.items()), tuple(words.es.items()))


@lru_cache(maxsize=64)
def _counted(
    facts: PacketFacts, en: tuple[tuple[str, str], ...], es: tuple[tuple[str, str], ...]
) -> str:
    layout = _run(_Layout(facts, FormWords(en=dict(en), es=dict(es)), _SAFE_KEY, roles=KEEP))[1]
    return layout.roles


def _run(layout: _Layout) -> tuple[bytes, _Layout]:
    use_fonts()
    target = io.BytesIO()

    def on_page(canvas: Canvas, _: object) -> None:
        page = canvas.getPageNumber()
        roles = layout.roles if page <= len(layout.roles) else KEEP * page
        draw_page(canvas, layout.facts, layout.words, page, roles, layout.key)

    frame = Frame(MARGIN, BOTTOM, ROOM, HEIGHT - TOP - BOTTOM, 0, 0, 0, 0)
    document = BaseDocTemplate(
        target,
        pagesize=(WIDTH, HEIGHT),
        pageTemplates=[PageTemplate(frames=[frame], onPage=on_page)],
        title=f"{VERSION} {layout.facts.ref}",
        author=layout.facts.organisation,
        invariant=1,
    )
    document.build(_story(layout))
    layout.roles = "".join(layout.noted.get(n, KEEP) for n in range(1, document.page + 1))
    return target.getvalue(), layout


def _size(layout: _Layout) -> float:
    return _LARGE if layout.facts.large_print else _SIZE


def _styles(layout: _Layout) -> tuple[ParagraphStyle, ParagraphStyle]:
    size = _size(layout)
    body = ParagraphStyle("body", fontName=FONT, fontSize=size, leading=size * 1.16)
    head = ParagraphStyle("head", fontName=BOLD, fontSize=size + 1.5, leading=(size + 1.5) * 1.16)
    return body, head


def _paragraph(layout: _Layout, block: str) -> Paragraph:
    """Both languages of a short label in one paragraph."""
    en, es = layout.said(block)
    body, _ = _styles(layout)
    both = en if en == es else f"{en} / {es}"
    return Paragraph(html.escape(both), body)


def _labelled(layout: _Layout, block: str) -> Paragraph:
    label = _paragraph(layout, block)
    return Paragraph(f"<b>{block}</b> {label.text}", label.style)


def _pair(
    layout: _Layout,
    block: str,
    *,
    title: bool = False,
    label: str = "",
    room: float = ROOM,
    value: str = "",
) -> Table:
    """A block's sentence, English left and Spanish right."""
    body, head = _styles(layout)
    style = head if title else body
    mark = f"<b>{label}</b> " if label else ""
    told = f": <b>{html.escape(value)}</b>" if value else ""
    cells = [Paragraph(mark + html.escape(text) + told, style) for text in layout.said(block)]
    column = (room - _GAP) / 2
    table = Table([[cells[0], "", cells[1]]], colWidths=[column, _GAP, column])
    line = [] if title else [("LINEABOVE", (0, 0), (-1, 0), 0.4, _RULE)]
    table.setStyle([*_TIGHT, *line])
    return table


def _field(
    layout: _Layout, block: str, value: str = "", *, lines: int = 1, name: str = ""
) -> Flowable:
    """A question in both languages with a field below it, kept together."""
    en, es = layout.said(block)
    found = text_fields(name or block, value, lines=lines, title=f"{en} / {es}", noted=layout.fills)
    return KeepTogether([_pair(layout, block, label=block), *found])


def _grid(rows: Sequence[Sequence[Flowable]], columns: int) -> Table:
    width = ROOM / columns
    filled = [[*row, *[Spacer(1, 1)] * (columns - len(row))] for row in rows]
    table = Table(filled, colWidths=[width] * columns)
    table.setStyle([*_TIGHT, ("RIGHTPADDING", (0, 0), (-1, -1), 8)])
    return table


def _ticks(
    layout: _Layout, blocks: Sequence[str], ticked: frozenset[str], columns: int = 2
) -> Table:
    """Boxes to tick, some in a row, both languages beside each."""
    cells = [
        Tick(b, _paragraph(layout, b), layout.fills, title=b, ticked=b in ticked) for b in blocks
    ]
    rows = [cells[n : n + columns] for n in range(0, len(cells), columns)]
    return _grid(rows, columns)


def _cell(layout: _Layout, block: str, value: str = "") -> Table:
    """A label in both languages with its field below, as a cell of a row."""
    found = TextField(block, value, title=layout.words.en[block], noted=layout.fills)
    label = _paragraph(layout, block) if block.startswith("B") else _labelled(layout, block)
    table = Table([[label], [found]])
    table.setStyle(_TIGHT)
    return table


def _initials(layout: _Layout) -> Table:
    """A short line for initials before each kind of sensitive information."""
    cells = [_initialled(layout, name) for name in _SENSITIVE]
    return _grid([cells[n : n + 2] for n in range(0, len(cells), 2)], 2)


def _initialled(layout: _Layout, block: str, room: float = ROOM / 2 - 8) -> Table:
    found = TextField(block, title=layout.words.en[block], noted=layout.fills)
    table = Table([[found, _paragraph(layout, block)]], colWidths=[56, room - 56])
    table.setStyle(
        [*_TIGHT, ("RIGHTPADDING", (0, 0), (0, 0), 8), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    )
    return table


def _risk(layout: _Layout) -> Table:
    found = TextField("A9.risk", title=layout.words.en["A9.risk"], noted=layout.fills)
    pair = _pair(layout, "A9.risk", room=ROOM - 70)
    table = Table([[found, pair]], colWidths=[70, ROOM - 70])
    table.setStyle(
        [*_TIGHT, ("RIGHTPADDING", (0, 0), (0, 0), 8), ("VALIGN", (0, 0), (0, 0), "BOTTOM")]
    )
    return table


def _story(layout: _Layout) -> list[Flowable]:
    story = [*_asked(layout), PageBreak(), *_stated(layout), PageBreak(), *_granted(layout)]
    if layout.facts.mexican:
        story += [PageBreak(), *_document_b(layout)]
    return [*story, PageBreak(), *_document_c(layout)]


def _asked(layout: _Layout) -> list[Flowable]:
    """Document A, who and what: the values, prefilled or blank."""
    facts = layout.facts
    born = day_in_words(facts.date_of_birth) if facts.date_of_birth else ""
    contact = "; ".join(x for x in (facts.postal_address, *facts.phones, *facts.emails) if x)
    rows = [
        row
        for n, name in enumerate((*(facts.providers or ("",)), ""), 1)
        for row in text_fields(f"A4.{n}", name, noted=layout.fills, title=layout.words.en["A4"])
    ]
    told = f"{facts.ref}, {VERSION}, {facts.issued_on.isoformat()}"
    return [
        _pair(layout, "title_a", title=True),
        _pair(layout, "A1", label="A1", value=told),
        _field(layout, "A2.1", facts.patient_name or ""),
        _field(layout, "A2.2"),
        _grid([[_cell(layout, "A2.3", born), _cell(layout, "A2.6")]], 2),
        _field(layout, "A2.4"),
        _field(layout, "A2.5", contact),
        _field(layout, "A3"),
        KeepTogether([_pair(layout, "A4", label="A4"), *rows]),
        _class_clause(layout),
        *_scope(layout),
    ]


def _class_clause(layout: _Layout) -> Flowable:
    body = _pair(layout, "A4.class", room=ROOM - 16)
    box = Tick("A4.class", Paragraph(""), layout.fills, title="A4.class")
    table = Table([[box, body]], colWidths=[16, ROOM - 16])
    table.setStyle(_TIGHT)
    return table


def _scope(layout: _Layout) -> list[Flowable]:
    facts = layout.facts
    ticked = frozenset({"A6.other"} if facts.records else ())
    dates = text_fields("A6.dates", "; ".join(facts.treatment), noted=layout.fills)
    records = text_fields("A6.records", "; ".join(facts.records), lines=2, noted=layout.fills)
    return [
        KeepTogether([_pair(layout, "A6", label="A6"), *dates]),
        KeepTogether([_ticks(layout, _RECORDS, ticked), records[0]]),
        *records[1:],
    ]


def _stated(layout: _Layout) -> list[Flowable]:
    """Document A, what is agreed: nothing to write."""
    return [
        _pair(layout, "title_a2", title=True),
        *(_pair(layout, block, label=block) for block in _STATEMENTS),
    ]


def _granted(layout: _Layout) -> list[Flowable]:
    """Document A, what is granted, and the signatures at the foot."""
    chosen = frozenset({"A8.request", "A9.me", "A9.office", "A9.pdf"})
    facts = layout.facts

    def drawn(canvas: Canvas, page: int) -> None:
        layout.noted[page] = SIGN
        draw_sign(canvas, page, layout.said, _size(layout), facts.patient_name or "")

    return [
        KeepTogether([_pair(layout, "A7", label="A7"), _initials(layout)]),
        KeepTogether([_pair(layout, "A8", label="A8"), _ticks(layout, _PURPOSES, chosen, 3)]),
        KeepTogether([_pair(layout, "A9", label="A9"), _ticks(layout, _WAYS, chosen)]),
        _risk(layout),
        Foot(_pair(layout, "A12.6", label="A12.6"), FOOT[SIGN], drawn),
    ]


def _document_b(layout: _Layout) -> list[Flowable]:
    """The carta poder: a document of its own, signed and dated on its own."""
    facts = layout.facts

    def drawn(canvas: Canvas, page: int) -> None:
        layout.noted[page] = POWER
        draw_power(
            canvas,
            page,
            layout.said,
            _size(layout),
            {"B2.1.name": facts.patient_name or "", "B2.2.name": facts.agent_name},
            facts.agent_signature or b"",
        )

    return [
        _pair(layout, "title_b", title=True),
        _grid([[_cell(layout, "B1.place"), _cell(layout, "B1.date")]], 2),
        _pair(layout, "B1.to"),
        _pair(layout, "B1", label="B1"),
        Foot(_pair(layout, "B4", label="B4"), FOOT[POWER], drawn),
    ]


def _document_c(layout: _Layout) -> list[Flowable]:
    return [
        _pair(layout, "title_c", title=True),
        *(_pair(layout, b, label=f"{b[1]}.") for b in _STEPS),
    ]
