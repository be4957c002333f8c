"""What a page is put together from: sentences in two columns, questions, boxes to tick, initials."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from reportlab.lib.colors import Color
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table

from mmx_mailflow.forms.packet.facts import FormWords, PacketFacts, day_in_words
from mmx_mailflow.forms.packet.fields import TextField, Tick, text_fields
from mmx_mailflow.forms.packet.page import BOLD, FONT
from mmx_mailflow.forms.shape import FILL, GAP, ROOM, wanted

_RULE = Color(0.75, 0.75, 0.75)
_SIZE, _LARGE = 11.0, 14.0
_LEADING = 1.15
_TIGHT = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5), ("VALIGN", (0, 0), (-1, -1), "TOP")]  # fmt: skip
_RULED = ("LINEABOVE", (0, 0), (-1, 0), 0.4, _RULE)
_INITIALS, _TICK = 46.0, 15.0
_BLANK = "____________________"


@dataclass(slots=True)
class Layout:
    """One run over the pages: what is drawn, and what kind each page turned out to be."""

    facts: PacketFacts
    words: FormWords
    key: bytes
    roles: str = ""
    noted: dict[int, str] = field(default_factory=dict)

    @property
    def size(self) -> float:
        """How large words are that must be read, in points."""
        return _LARGE if self.facts.large_print else _SIZE

    def fills(self, page: int) -> None:
        """Something on this page is to be filled in."""
        self.noted.setdefault(page, FILL)

    def said(self, block: str) -> tuple[str, str]:
        """The sentence of a block in both languages, with the office's own words in it."""
        pages = [str(n) for n in wanted(self.roles)]
        days = day_in_words(self.facts.expires_on).split(" / ")
        return (
            self._filled(self.words.en, block, days[0], pages, "and"),
            self._filled(self.words.es, block, days[1], pages, "y"),
        )

    def _filled(
        self, words: dict[str, str], block: str, expires: str, pages: list[str], join: str
    ) -> str:
        text = words[block]
        if "{" not in text:
            return text
        facts = self.facts
        nobody = _BLANK if block.startswith("B") else words["agent"]
        *most, last = pages or ["1"]
        return text.format(
            organisation=facts.organisation,
            records_address=facts.records_address,
            agent=facts.agent_name or nobody,
            expires=expires,
            patient=facts.patient_name or _BLANK,
            wanted=f"{', '.join(most)} {join} {last}" if most else last,
        )

    def tip(self, block: str) -> str:
        """What a reading machine says of a field: its block in both languages."""
        return " / ".join(dict.fromkeys((*self.said(block),)))

    def body(self) -> ParagraphStyle:
        """How sentences look."""
        size = self.size
        return ParagraphStyle("body", fontName=FONT, fontSize=size, leading=size * _LEADING)

    def head(self) -> ParagraphStyle:
        """How titles look."""
        size = self.size + 1.5
        return ParagraphStyle("head", fontName=BOLD, fontSize=size, leading=size * _LEADING)


def both(layout: Layout, block: str, label: str = "") -> Paragraph:
    """Both languages of a short label in one paragraph."""
    mark = f"<b>{label}</b> " if label else ""
    return Paragraph(mark + html.escape(layout.tip(block)), layout.body())


def pair(
    layout: Layout,
    block: str,
    *,
    label: str = "",
    title: bool = False,
    ruled: bool = True,
    room: float = ROOM,
) -> Table:
    """A block's sentence, English left and Spanish right."""
    style = layout.head() if title else layout.body()
    mark = f"<b>{label}</b> " if label else ""
    cells = [Paragraph(mark + html.escape(text), style) for text in layout.said(block)]
    column = (room - GAP) / 2
    table = Table([[cells[0], "", cells[1]]], colWidths=[column, GAP, column])
    table.setStyle([*_TIGHT, *([_RULED] if ruled and not title else [])])
    return table


def told(layout: Layout, block: str, value: str) -> Table:
    """A label in both languages with a value that is not to be changed, on one line."""
    words = f"<b>{block}</b> {html.escape(layout.tip(block))}: <b>{html.escape(value)}</b>"
    return stack([Paragraph(words, layout.body())], ruled=True)


def question(layout: Layout, block: str, value: str = "") -> Flowable:
    """A question in both languages with a field below it, kept together."""
    found = fields(layout, block, value, tip=layout.tip(block))
    return KeepTogether([pair(layout, block, label=block, ruled=False), *found])


def fields(
    layout: Layout, name: str, value: str = "", *, tip: str, lines: int = 1
) -> list[TextField]:
    """The fields that hold all of a value, one below the other."""
    title = f"{name} {tip}"
    return text_fields(name, value, lines=lines, title=title, size=layout.size, noted=layout.fills)


def grid(cells: Sequence[Flowable], columns: int) -> Table:
    """Cells side by side in rows, in columns that stand below those of the sentences."""
    width = (ROOM - GAP * (columns - 1)) / columns
    rows = [list(cells[n : n + columns]) for n in range(0, len(cells), columns)]
    spread = [
        [part for cell in _full(row, columns) for part in (cell, Spacer(1, 1))][:-1] for row in rows
    ]
    table = Table(spread, colWidths=([width, GAP] * columns)[:-1])
    table.setStyle(_TIGHT)
    return table


def _full(row: list[Flowable], columns: int) -> list[Flowable]:
    return [*row, *(Spacer(1, 1) for _ in range(columns - len(row)))]


def stack(parts: Iterable[Flowable], *, room: float = ROOM, ruled: bool = False) -> Table:
    """Things one below the other that stay together."""
    table = Table([[part] for part in parts], colWidths=[room])
    inner = ("TOPPADDING", (0, 1), (-1, -1), 0)
    table.setStyle([*_TIGHT, inner, *([_RULED] if ruled else [])])
    return table


def row(layout: Layout, cells: Sequence[tuple[str, str, str]]) -> Table:
    """Questions side by side: block, label and value of each; the fields stand on one line."""
    width = (ROOM - GAP * (len(cells) - 1)) / len(cells)
    labels: list[Flowable] = [both(layout, block, label) for block, label, _ in cells]
    boxes: list[Flowable] = [
        stack(fields(layout, block, value, tip=layout.tip(block)), room=width)
        for block, _, value in cells
    ]
    return grid([*labels, *boxes], len(cells))


def ticks(layout: Layout, blocks: Sequence[str], ticked: frozenset[str], columns: int = 2) -> Table:
    """Boxes to tick, some in a row, both languages beside each."""
    return grid([tick(layout, block, ticked=block in ticked) for block in blocks], columns)


def tick(
    layout: Layout, block: str, words: Flowable | None = None, *, ticked: bool = False
) -> Tick:
    """A box to tick with its words."""
    title = f"{block} {layout.tip(block)}"
    return Tick(block, words or both(layout, block), layout.fills, title=title, ticked=ticked)


def agreed(layout: Layout, block: str, name: str, *, label: str = "", ruled: bool = False) -> Table:
    """A sentence in both languages behind a box to tick."""
    words = pair(layout, block, label=label, ruled=False, room=ROOM - _TICK)
    title = f"{name} {layout.tip(block)}"
    return stack([Tick(name, words, layout.fills, title=title)], ruled=ruled)


def beside(layout: Layout, block: str, found: Flowable, room: float) -> Table:
    """A short label with a line to write on to its right."""
    label = stringWidth(layout.tip(block), FONT, layout.size) + 6
    table = Table([[both(layout, block), found]], colWidths=[label, room - label])
    table.setStyle([*_TIGHT, ("TOPPADDING", (0, 0), (-1, -1), 0)])  # fmt: skip
    return table


def initials(layout: Layout, blocks: Sequence[str]) -> Table:
    """A short line for initials before each kind of information, all of them in a row."""
    columns = len(blocks)
    width = (ROOM - GAP * (columns - 1)) / columns
    return grid([initialled(layout, b, both(layout, b), width) for b in blocks], columns)


def initialled(layout: Layout, block: str, words: Flowable, room: float) -> Table:
    """A short line for initials, and the words that they stand for."""
    [found] = fields(layout, block, tip=layout.tip(block))
    table = Table([[found, words]], colWidths=[_INITIALS, room - _INITIALS])
    table.setStyle([*_TIGHT, ("RIGHTPADDING", (0, 0), (0, 0), 6), ("VALIGN", (0, 0), (0, 0), "MIDDLE"), ("VALIGN", (1, 0), (1, 0), "MIDDLE")])  # fmt: skip
    return table
