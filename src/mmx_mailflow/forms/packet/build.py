"""Laying out the packet: English and Spanish side by side, fields and lines between."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
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
from mmx_mailflow.forms.packet.facts import (
    VERSION,
    FormWords,
    PacketFacts,
    PlaceBox,
    day_in_words,
)
from mmx_mailflow.forms.packet.fields import SignatureBox, TextField, Tick, text_fields
from mmx_mailflow.forms.packet.page import (
    BOLD,
    BOTTOM,
    FONT,
    HEIGHT,
    MARGIN,
    TOP,
    WIDTH,
    draw_page,
    use_fonts,
)

_ROOM = WIDTH - 2 * MARGIN
_GAP = 10.0
_FITS_THE_LINE = 60
_RULE = Color(0.75, 0.75, 0.75)
_SAFE_KEY = b"\0" * 32
"""Stands in while pages are only counted: a code's length does not depend on the key."""


@dataclass(slots=True)
class _Layout:
    """One run over the pages: what is drawn, and where the places to sign came to stand."""

    facts: PacketFacts
    words: FormWords
    key: bytes
    total: int = 1
    boxes: list[PlaceBox] = field(default_factory=list)
    last_to_fill: int = 1

    def said(self, block: str) -> tuple[str, str]:
        """The sentence of a block in both languages, with the office's own words in it."""
        facts = self.facts
        values = {
            "organisation": facts.organisation,
            "records_address": facts.records_address,
            "agent": facts.agent_name or "____________________",
            "expires": facts.expires_on.isoformat(),
        }
        pair = (self.words.en[block], self.words.es[block])
        en, es = (text.format(**values) if "{" in text else text for text in pair)
        if block == "A10":
            english, _, spanish = day_in_words(facts.expires_on).partition(" / ")
            en = en.replace(facts.expires_on.isoformat(), english)
            es = es.replace(facts.expires_on.isoformat(), spanish)
        return en, es


def packet(facts: PacketFacts, words: FormWords, *, key: bytes) -> bytes:
    """The packet as PDF; equal values give equal bytes."""
    first = _run(_Layout(facts, words, _SAFE_KEY))[1]
    return _run(_Layout(facts, words, key, total=first.total))[0]


@lru_cache(maxsize=64)
def _measured(
    facts: PacketFacts, en: tuple[tuple[str, str], ...], es: tuple[tuple[str, str], ...]
) -> _Layout:
    return _run(_Layout(facts, FormWords(en=dict(en), es=dict(es)), _SAFE_KEY))[1]


def _layout(facts: PacketFacts, words: FormWords) -> _Layout:
    return _measured(facts, tuple(words.en.items()), tuple(words.es.items()))


def issued_form(facts: PacketFacts, words: FormWords) -> IssuedForm:
    """How many pages the packet has, and which of them must come back."""
    layout = _layout(facts, words)
    return IssuedForm(
        ref=CaseId(facts.ref),
        issue=facts.issue,
        issued_on=facts.issued_on,
        expires_on=facts.expires_on,
        pages=layout.total,
        pages_wanted=tuple(range(1, layout.last_to_fill + 1)),
        version=VERSION,
    )


def places(facts: PacketFacts, words: FormWords) -> tuple[PlaceBox, ...]:
    """Where the places to sign stand on the pages."""
    return tuple(_layout(facts, words).boxes)


def _run(layout: _Layout) -> tuple[bytes, _Layout]:
    use_fonts()
    target = io.BytesIO()

    def on_page(canvas: Canvas, _: object) -> None:
        draw_page(
            canvas, layout.facts, layout.words, canvas.getPageNumber(), layout.total, layout.key
        )

    frame = Frame(MARGIN, BOTTOM, _ROOM, HEIGHT - TOP - BOTTOM, 0, 0, 0, 0)
    document = BaseDocTemplate(
        target,
        pagesize=(WIDTH, HEIGHT),
        pageTemplates=[PageTemplate(frames=[frame], onPage=on_page)],
        title=f"{VERSION} {layout.facts.ref}",
        author=layout.facts.organisation,
        invariant=1,
    )
    document.build(_story(layout))
    layout.total = document.page
    return target.getvalue(), layout


def _styles(layout: _Layout) -> tuple[ParagraphStyle, ParagraphStyle]:
    size = 14.0 if layout.facts.large_print else 8.3
    body = ParagraphStyle("body", fontName=FONT, fontSize=size, leading=size * 1.22)
    head = ParagraphStyle("head", fontName=BOLD, fontSize=9.5, leading=12)
    return body, head


def _pair(
    layout: _Layout,
    block: str,
    *,
    title: bool = False,
    label: str = "",
    room: float = _ROOM,
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
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            *([("LINEABOVE", (0, 0), (-1, 0), 0.4, _RULE)] if not title else []),
        ]
    )
    return table


def _field(
    layout: _Layout, block: str, value: str = "", *, lines: int = 1, name: str = ""
) -> Flowable:
    """A question in both languages with a field below it, kept together."""
    found = text_fields(name or block, value, lines=lines, title=layout.words.en[block])
    return KeepTogether([_pair(layout, block, label=block), *found])


def _row(cells: list[Flowable], widths: list[float], *, side: str = "BOTTOM") -> Table:
    table = Table([cells], colWidths=widths)
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), side),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 8),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ]
    )
    return table


def _ticks(layout: _Layout, blocks: tuple[str, ...], ticked: frozenset[str]) -> Table:
    """Boxes to tick, two in a row, both languages in one line each."""
    cells = [
        Tick(b, f"{layout.words.en[b]} / {layout.words.es[b]}", ticked=b in ticked) for b in blocks
    ]
    rows = [
        cells[n : n + 2] + [Spacer(1, 1)] * (2 - len(cells[n : n + 2]))
        for n in range(0, len(cells), 2)
    ]
    table = Table(rows, colWidths=[_ROOM / 2, _ROOM / 2])
    table.setStyle(
        [
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
        ]
    )
    return table


def _labelled(layout: _Layout, block: str, name: str, value: str = "") -> Table:
    """A short label in both languages above a field of its own."""
    style = ParagraphStyle("small", fontName=FONT, fontSize=6.6, leading=8)
    words = f"{layout.words.en[block]} / {layout.words.es[block]}"
    table = Table([[TextField(name, value)], [Paragraph(html.escape(words), style)]])
    table.setStyle(
        [
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
        ]
    )
    return table


def _sign(layout: _Layout, block: str, place: str) -> Flowable:
    """A place to sign with its date, noted for the recognition of what comes back."""

    def noted(box: PlaceBox) -> None:
        layout.boxes.append(box)
        layout.last_to_fill = max(layout.last_to_fill, box.page)

    en, es = layout.said(block) if block in layout.words.en else ("", "")
    words = (
        f"{en} / {es}"
        if len(en) < _FITS_THE_LINE
        else f"{layout.words.en['signature']} / {layout.words.es['signature']}"
    )
    box = SignatureBox(place, words[:120], noted)
    return _row([box, _labelled(layout, "date", f"{place}.date")], [_ROOM * 0.66, _ROOM * 0.34])


def _story(layout: _Layout) -> list[Flowable]:
    story = [*_document_a(layout)]
    if layout.facts.mexican:
        story += [PageBreak(), *_document_b(layout)]
    return [*story, PageBreak(), *_document_c(layout)]


def _document_a(layout: _Layout) -> list[Flowable]:
    facts = layout.facts
    born = day_in_words(facts.date_of_birth) if facts.date_of_birth else ""
    contact = "; ".join(x for x in (facts.postal_address, *facts.phones, *facts.emails) if x)
    wanted = "; ".join((*facts.treatment, *facts.records))
    providers = facts.providers or ("",)
    return [
        _pair(layout, "title_a", title=True),
        _pair(layout, "A1", label="A1", value=f"{facts.ref}, {VERSION}, {facts.issued_on.isoformat()}"),
        _field(layout, "A2.1", facts.patient_name or ""),
        _field(layout, "A2.2"),
        _field(layout, "A2.3", born),
        _field(layout, "A2.4"),
        _field(layout, "A2.5", contact),
        _field(layout, "A2.6"),
        _field(layout, "A3"),
        KeepTogether([
            _pair(layout, "A4", label="A4"),
            *(f for n, name in enumerate((*providers, ""), 1) for f in text_fields(f"A4.{n}", name)),
        ]),
        _row([Tick("A4.class", ""), _pair(layout, "A4.class", room=_ROOM - 18)], [18, _ROOM - 18]),
        _pair(layout, "A5", label="A5"),
        KeepTogether([
            _pair(layout, "A6", label="A6"),
            _ticks(layout, ("A6.complete", "A6.summary", "A6.operative", "A6.discharge", "A6.laboratory", "A6.imaging", "A6.other"), frozenset({"A6.other"} if wanted else ())),
            *text_fields("A6.records", wanted, lines=2),
        ]),
        KeepTogether([_pair(layout, "A7", label="A7"), *_initials(layout)]),
        KeepTogether([
            _pair(layout, "A8", label="A8"),
            _ticks(layout, ("A8.request", "A8.care", "A8.insurance", "A8.legal"), frozenset({"A8.request"})),
        ]),
        _pair(layout, "A9", label="A9"),
        KeepTogether([_pair(layout, "A9.risk"), _row([TextField("A9.risk")], [_ROOM * 0.3])]),
        _pair(layout, "A9.4", label="A9.4"),
        *(_pair(layout, b, label=b) for b in ("A10", "A11", "A12.1", "A12.2", "A12.3", "A12.4", "A12.5")),
        KeepTogether([_pair(layout, "A12.6", label="A12.6"), _sign(layout, "signature", "A12.6")]),
        KeepTogether([
            _pair(layout, "A13", label="A13"),
            _sign(layout, "A13", "A13"),
            _row([_labelled(layout, "name", "A13.name"), _labelled(layout, "place", "A13.place")], [_ROOM / 2, _ROOM / 2]),
            _pair(layout, "Z", label="Z"),
        ]),
    ]  # fmt: skip


def _initials(layout: _Layout) -> list[Flowable]:
    names = ("A7.hiv", "A7.substance", "A7.mental", "A7.genetic", "A7.reproductive")
    style = ParagraphStyle("small", fontName=FONT, fontSize=6.4, leading=7.6)
    cells: list[Flowable] = []
    for name in names:
        words = html.escape(f"{layout.words.en[name]} / {layout.words.es[name]}")
        cell = Table([[TextField(name)], [Paragraph(words, style)]], colWidths=[_ROOM / 5 - 8])
        cell.setStyle(
            [
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
            ]
        )
        cells.append(cell)
    return [_row(cells, [_ROOM / 5] * 5, side="TOP")]


def _document_b(layout: _Layout) -> list[Flowable]:
    """The carta poder: a document of its own, signed and dated on its own."""
    signs: tuple[tuple[str, Callable[[_Layout, str, str], Flowable]], ...] = tuple(
        (place, _sign) for place in ("B2.1", "B2.2", "B3.1", "B3.2")
    )
    return [
        _pair(layout, "title_b", title=True),
        _row([_labelled(layout, "place", "B1.place"), _labelled(layout, "date", "B1.date")], [_ROOM / 2, _ROOM / 2]),
        _pair(layout, "B1.to"),
        _pair(layout, "B1", label="B1"),
        *(
            KeepTogether([
                _pair(layout, place, label=place),
                *([TextField(f"{place}.name")] if place.startswith("B3") else []),
                sign(layout, "signature", place),
            ])
            for place, sign in signs
        ),
        _pair(layout, "B4", label="B4"),
    ]  # fmt: skip


def _document_c(layout: _Layout) -> list[Flowable]:
    return [
        _pair(layout, "title_c", title=True),
        *(_pair(layout, b, label=f"{b[1]}.") for b in ("C1", "C2", "C3", "C4", "C5", "C6")),
    ]
