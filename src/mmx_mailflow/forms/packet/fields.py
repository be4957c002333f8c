"""Things on a page that can be filled in: typed into the PDF, or by hand on the line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from reportlab.lib.colors import Color, black, white
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfdoc import PDFString
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph
from typing_extensions import override

from mmx_mailflow.forms.shape import PlaceBox

_LINE = Color(0.35, 0.35, 0.35)
_TYPE = "Helvetica"
_TEXT, _SMALLEST, _RUNNING = 11.0, 9.0, 10.0
_LEADING = 1.2
_INSET = 6.0
_TICK = 15.0
_MOST_LINES = 40
"""More lines than this continue in a field of their own, so that a page can be turned."""
_LIKE = str.maketrans("ŁłĐđĦħı‘’“”„–—\t", 'LlDdHhi\'\'"""-- ')


def shown(value: str) -> str:
    """What a field's own picture can show of `value`; the field itself keeps every character.

    The fonts of fillable fields know Western letters only: others are drawn by their base letter,
    and what has none is left out.
    """
    drawn: list[str] = []
    for character in value.translate(_LIKE):
        near = character
        if not _drawable(near):
            near = "".join(c for c in unicodedata.normalize("NFKD", character) if _drawable(c))
        drawn.append(near)
    return "".join(drawn).strip()


def _drawable(character: str) -> bool:
    return character == "\n" or (character.isprintable() and ord(character) < 256)  # noqa: PLR2004  Latin-1


def text_fields(
    name: str,
    value: str,
    *,
    lines: int = 1,
    title: str = "",
    noted: Callable[[int], None] | None = None,
) -> list[TextField]:
    """Fields that hold all of `value`: one, or more where it is longer than a part of a page."""
    most = 80 * _MOST_LINES
    parts = [value[start : start + most] for start in range(0, len(value), most)] or [""]
    names = [name, *(f"{name}.{number}" for number in range(2, len(parts) + 1))]
    return [
        TextField(part_name, part, lines=lines, title=title, noted=noted)
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
        noted: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__()
        self.name, self.value, self.lines, self.title = name, value, lines, title
        self.noted = noted

    @override
    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The room it takes."""
        self.size, self.drawn = self._set(width - _INSET)
        count = max(self.lines, len(self.drawn))
        self.multiline = count > 1
        tall = 16.0 if count == 1 else max(16.0 * self.lines, _RUNNING * _LEADING * count + 4)
        self.width, self.height = width, tall + 3
        return self.width, self.height

    def _set(self, room: float) -> tuple[float, list[str]]:
        """The size and the lines that the value is drawn in."""
        words = shown(self.value)
        if self.lines == 1 and "\n" not in words:
            natural = stringWidth(words, _TYPE, _TEXT)
            if natural <= room:
                return _TEXT, [words]
            if natural * _SMALLEST / _TEXT <= room:
                return _TEXT * room / natural - 0.05, [words]
        return _RUNNING, _broken(words, room)

    def draw(self) -> None:
        """Draw field and line."""
        if self.noted:
            self.noted(self.canv.getPageNumber())
        form = self.canv.acroForm
        drawn = "\n".join(self.drawn)
        form.textfield(
            name=self.name,
            tooltip=self.title or self.name,
            value=drawn,
            x=0,
            y=2,
            width=int(self.width),
            height=int(self.height - 3),
            fontName=_TYPE,
            fontSize=self.size,
            borderWidth=0,
            borderColor=None,
            fillColor=None,
            textColor=black,
            relative=True,
            fieldFlags="multiline" if self.multiline else "",
            maxlen=0,
        )
        if drawn != self.value:
            held = self.canv._doc.idToObject[form.fields[-1].name]  # type: ignore[attr-defined]  # noqa: SLF001  reportlab draws what it holds, nothing else
            held.dict["V"] = held.dict["DV"] = PDFString(self.value)
        self.canv.setStrokeColor(_LINE)
        self.canv.line(0, 1, self.width, 1)


def _broken(words: str, room: float) -> list[str]:
    """Lines no wider than `room`; a word that is wider is broken within."""
    lines: list[str] = []
    for line in simpleSplit(words, _TYPE, _RUNNING, room):
        rest = line
        while stringWidth(rest, _TYPE, _RUNNING) > room:
            fits = next(
                n
                for n in range(len(rest) - 1, 0, -1)
                if n == 1 or stringWidth(rest[:n], _TYPE, _RUNNING) <= room
            )
            lines.append(rest[:fits])
            rest = rest[fits:]
        lines.append(rest)
    return lines or [""]


class Tick(Flowable):
    """A box to tick with its words beside it."""

    def __init__(
        self, name: str, words: Paragraph, noted: Callable[[int], None], *, ticked: bool
    ) -> None:
        super().__init__()
        self.name, self.words, self.noted, self.ticked = name, words, noted, ticked

    @override
    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The room it takes."""
        _, tall = self.words.wrap(width - _TICK, height)
        self.width, self.height = width, max(tall, 13.0) + 1
        return self.width, self.height

    def draw(self) -> None:
        """Draw box and words."""
        self.noted(self.canv.getPageNumber())
        self.canv.acroForm.checkbox(
            name=self.name,
            tooltip=self.name,
            checked=self.ticked,
            x=0,
            y=int(self.height - 12),
            size=10,
            buttonStyle="check",
            borderWidth=1,
            fillColor=white,
            borderColor=_LINE,
            textColor=black,
            forceBorder=True,
            relative=True,
        )
        self.words.drawOn(self.canv, _TICK, self.height - self.words.height)


def framed_field(canvas: Canvas, name: str, box: PlaceBox, title: str) -> None:
    """A framed place with a field in it: to sign or to date, typed or by hand."""
    canvas.setStrokeColor(_LINE)
    canvas.setLineWidth(0.9)
    canvas.rect(box.x, box.y, box.width, box.height, stroke=1, fill=0)
    canvas.acroForm.textfield(
        name=name,
        tooltip=title,
        x=int(box.x + 3),
        y=int(box.y + 3),
        width=int(box.width - 6),
        height=int(box.height - 6),
        fontName=_TYPE,
        fontSize=12,
        borderWidth=0,
        borderColor=None,
        fillColor=None,
        textColor=black,
    )


def line_field(canvas: Canvas, name: str, box: PlaceBox, title: str, value: str = "") -> None:
    """A field above a line, at a fixed place."""
    canvas.acroForm.textfield(
        name=name,
        tooltip=title,
        value=shown(value),
        x=int(box.x),
        y=int(box.y + 1),
        width=int(box.width),
        height=int(box.height - 1),
        fontName=_TYPE,
        fontSize=_TEXT,
        borderWidth=0,
        borderColor=None,
        fillColor=None,
        textColor=black,
    )
    canvas.setStrokeColor(_LINE)
    canvas.setLineWidth(0.8)
    canvas.line(box.x, box.y, box.x + box.width, box.y)
