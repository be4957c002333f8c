"""Things on a page that can be filled in: typed into the PDF, or by hand on the line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from reportlab.lib.colors import Color, black, white
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFObjectReference, PDFString, xObjectName
from reportlab.pdfbase.pdfmetrics import getFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph
from typing_extensions import override

from mmx_mailflow.forms.packet.page import STRONG
from mmx_mailflow.forms.shape import PlaceBox

_RULE, _FAINT = Color(0.35, 0.35, 0.35), Color(0.7, 0.7, 0.7)
_TYPED = "Helvetica"
"""What a viewer types in; what was filled in beforehand is drawn in the embedded font."""
LINE = 17.0
"""How high a line to write on is, in points: 6 mm."""
_LEADING = 1.2
_INSET = 4.0
_TICK = 15.0
_MOST_LINES = 40
"""More lines than this continue in a field of their own, so that a page can be turned."""


def shown(value: str) -> str:
    """What can be drawn of `value`; the field itself keeps every character.

    The embedded font knows Latin, Greek and Cyrillic letters: others are drawn by their base
    letter, and what has none is left out.
    """
    drawn: list[str] = []
    for character in value.replace("\t", " "):
        near = character
        if not _drawable(near):
            near = "".join(c for c in unicodedata.normalize("NFKD", character) if _drawable(c))
        drawn.append(near)
    return "".join(drawn).strip()


def _drawable(character: str) -> bool:
    font = getFont(STRONG)
    assert isinstance(font, TTFont)
    return character == "\n" or (
        character.isprintable() and ord(character) in font.face.charToGlyph
    )


def text_fields(
    name: str,
    value: str,
    *,
    lines: int = 1,
    title: str = "",
    size: float = 11.0,
    noted: Callable[[int], None] | None = None,
) -> list[TextField]:
    """Fields that hold all of `value`: one, or more where it is longer than a part of a page."""
    most = round(800 / size) * _MOST_LINES
    parts = [value[start : start + most] for start in range(0, len(value), most)] or [""]
    names = [name, *(f"{name}.{number}" for number in range(2, len(parts) + 1))]
    return [
        TextField(part_name, part, lines=lines, title=title, size=size, noted=noted)
        for part_name, part in zip(names, parts, strict=True)
    ]


class TextField(Flowable):
    """A fillable field above a line, as wide as its column and as high as its value needs."""

    def __init__(
        self,
        name: str,
        value: str = "",
        *,
        lines: int = 1,
        title: str = "",
        size: float = 11.0,
        noted: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__()
        self.name, self.value, self.lines, self.title = name, value, lines, title
        self.size, self.noted = size, noted

    @override
    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The room it takes."""
        self.drawn = broken(shown(self.value), width - _INSET, self.size)
        line = LINE if self.size < LINE - 4 else LINE + 3
        needed = self.size * _LEADING * len(self.drawn) + 4
        self.width, self.height = width, max(line * self.lines, needed) + 2
        return self.width, self.height

    def draw(self) -> None:
        """Draw field and line, and a faint line for each further row of an empty field."""
        if self.noted:
            self.noted(self.canv.getPageNumber())
        canvas = self.canv
        x, y = canvas.absolutePosition(0, 0)
        box = PlaceBox(0, self.name, x, y + 1, self.width, self.height - 2)
        several = len(self.drawn) > 1 or self.lines > 1
        fill_in(canvas, box, self.title, self.value, size=self.size, lines=self.drawn, several=several)  # fmt: skip
        canvas.setLineWidth(0.8)
        canvas.setStrokeColor(_RULE)
        canvas.line(0, 1, self.width, 1)
        canvas.setStrokeColor(_FAINT)
        for n in range(1, self.lines if not self.value else 1):
            row = 1 + n * (self.height - 2) / self.lines
            canvas.line(0, row, self.width, row)


def fill_in(
    canvas: Canvas,
    box: PlaceBox,
    title: str,
    value: str = "",
    *,
    size: float = 11.0,
    lines: list[str] | None = None,
    several: bool = False,
) -> None:
    """A field named as its box, whose value is drawn in the embedded font, the last line lowest."""
    form = canvas.acroForm
    form.textfield(
        name=box.place,
        tooltip=title or box.place,
        x=round(box.x),
        y=round(box.y),
        width=int(box.width),
        height=int(box.height),
        fontName=_TYPED,
        fontSize=size,
        borderWidth=0,
        borderColor=None,
        fillColor=None,
        textColor=black,
        fieldFlags="multiline" if several else "",
        maxlen=0,
    )
    if not value:
        return
    document = canvas._doc  # type: ignore[attr-defined]  # noqa: SLF001  reportlab draws what it holds in fonts that are not embedded
    held = document.idToObject[form.fields[-1].name].dict
    held["V"] = held["DV"] = PDFString(value)
    _picture(canvas, box, lines or [shown(value)], size)
    held["AP"] = PDFDictionary({"N": PDFObjectReference(xObjectName(box.place))})


def _picture(canvas: Canvas, box: PlaceBox, lines: list[str], size: float) -> None:
    """How a filled field looks, as a drawing of its own."""
    canvas.beginForm(box.place, 0, 0, int(box.width), int(box.height))
    code: list[str] = canvas._code  # type: ignore[attr-defined]  # noqa: SLF001  marks have no other way in
    code.append("/Tx BMC")
    canvas.setFont(STRONG, size)
    canvas.setFillGray(0)
    low = 4.0 + size * _LEADING * (len(lines) - 1)
    if len(lines) > 1 or box.height > 2 * size * _LEADING:
        low = max(low, box.height - size)
    for n, line in enumerate(lines):
        canvas.drawString(_INSET / 2, low - n * size * _LEADING, line)
    code.append("EMC")
    canvas.endForm()


def broken(words: str, room: float, size: float) -> list[str]:
    """Lines no wider than `room`; a word that is wider is broken within."""
    lines: list[str] = []
    for line in simpleSplit(words, STRONG, size, room):
        rest = line
        while stringWidth(rest, STRONG, size) > room:
            fits = next(
                n
                for n in range(len(rest) - 1, 0, -1)
                if n == 1 or stringWidth(rest[:n], STRONG, size) <= room
            )
            lines.append(rest[:fits])
            rest = rest[fits:]
        lines.append(rest)
    return lines or [""]


class Tick(Flowable):
    """A box to tick with its words beside it."""

    def __init__(
        self,
        name: str,
        words: Flowable,
        noted: Callable[[int], None],
        *,
        title: str,
        ticked: bool = False,
    ) -> None:
        super().__init__()
        self.name, self.words, self.noted = name, words, noted
        self.title, self.ticked = title, ticked

    @override
    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The room it takes."""
        _, self.tall = self.words.wrapOn(self.canv, width - _TICK, height)
        self.width, self.height = width, max(self.tall, 13.0) + 1
        return self.width, self.height

    def draw(self) -> None:
        """Draw box and words."""
        self.noted(self.canv.getPageNumber())
        first = self.words.style.leading if isinstance(self.words, Paragraph) else 14.0
        self.canv.acroForm.checkbox(
            name=self.name,
            tooltip=self.title,
            checked=self.ticked,
            x=0,
            y=round(self.height - first / 2 - 6),
            size=10,
            buttonStyle="check",
            borderWidth=1,
            fillColor=white,
            borderColor=_RULE,
            textColor=black,
            forceBorder=True,
            relative=True,
            fieldFlags="",
        )
        self.words.drawOn(self.canv, _TICK, self.height - self.tall)


class Square(Flowable):
    """A box to tick by hand, with its words beside it: nothing that must come back."""

    def __init__(self, words: Flowable) -> None:
        super().__init__()
        self.words = words

    @override
    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The room it takes."""
        _, self.tall = self.words.wrapOn(self.canv, width - _TICK, height)
        self.width, self.height = width, self.tall
        return self.width, self.height

    def draw(self) -> None:
        """Draw box and words."""
        self.canv.setStrokeColor(_RULE)
        self.canv.setLineWidth(0.8)
        self.canv.rect(0, self.height - 13, 10, 10)
        self.words.drawOn(self.canv, _TICK, 0)


def framed_field(canvas: Canvas, name: str, box: PlaceBox, title: str) -> None:
    """A framed place with a field in it: to sign or to date, typed or by hand."""
    canvas.setStrokeColor(_RULE)
    canvas.setLineWidth(0.9)
    canvas.rect(box.x, box.y, box.width, box.height, stroke=1, fill=0)
    fill_in(canvas, PlaceBox(box.page, name, box.x + 3, box.y + 3, box.width - 6, box.height - 6), title)  # fmt: skip


def line_field(
    canvas: Canvas, box: PlaceBox, title: str, value: str = "", size: float = 11.0
) -> None:
    """A field above a line, at a fixed place; a value that does not fit is left to be written."""
    fits = stringWidth(shown(value), STRONG, size) <= box.width - _INSET
    fill_in(canvas, box, title, value if fits else "", size=size)
    canvas.setStrokeColor(_RULE)
    canvas.setLineWidth(0.8)
    canvas.line(box.x, box.y, box.x + box.width, box.y)
