"""Things on a page that can be filled in: typed into the PDF, or by hand on the line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from reportlab.lib.colors import Color, black, white
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfdoc import PDFString
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable
from typing_extensions import override

from mmx_mailflow.forms.packet.facts import PlaceBox
from mmx_mailflow.forms.packet.page import FONT

_LINE = Color(0.35, 0.35, 0.35)
_TYPE = "Helvetica"
_TEXT, _SMALLEST, _RUNNING = 9.5, 7.5, 8.5
_LEADING = 1.2
_INSET = 6.0
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


def text_fields(name: str, value: str, *, lines: int = 1, title: str = "") -> list[TextField]:
    """Fields that hold all of `value`: one, or more where it is longer than a part of a page."""
    most = 95 * _MOST_LINES
    parts = [value[start : start + most] for start in range(0, len(value), most)] or [""]
    names = [name, *(f"{name}.{number}" for number in range(2, len(parts) + 1))]
    return [
        TextField(part_name, part, lines=lines, title=title)
        for part_name, part in zip(names, parts, strict=True)
    ]


class TextField(Flowable):
    """A fillable field above a line, as wide as its column and as high as its value needs."""

    def __init__(self, name: str, value: str = "", *, lines: int = 1, title: str = "") -> None:
        super().__init__()
        self.name, self.value, self.lines, self.title = name, value, lines, title

    @override
    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The room it takes."""
        self.size, self.drawn = self._set(width - _INSET)
        count = max(self.lines, len(self.drawn))
        self.multiline = count > 1
        tall = 15.0 if count == 1 else max(15.0 * self.lines, _RUNNING * _LEADING * count + 4)
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

    def __init__(self, name: str, words: str, *, ticked: bool = False) -> None:
        super().__init__()
        self.name, self.words, self.ticked = name, words, ticked

    @override
    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The room it takes."""
        self.width, self.height = width, 13.0
        return self.width, self.height

    def draw(self) -> None:
        """Draw box and words."""
        self.canv.acroForm.checkbox(
            name=self.name,
            tooltip=self.name,
            checked=self.ticked,
            x=0,
            y=1,
            size=10,
            buttonStyle="check",
            borderWidth=1,
            fillColor=white,
            borderColor=_LINE,
            textColor=black,
            forceBorder=True,
            relative=True,
        )
        size = 7.6
        while self.canv.stringWidth(self.words, FONT, size) > self.width - 15 and size > 5:  # noqa: PLR2004  still readable
            size -= 0.2
        self.canv.setFont(FONT, size)
        self.canv.drawString(14, 3, self.words)


class SignatureBox(Flowable):
    """A place to sign; it tells `noted` where it came to stand."""

    def __init__(self, place: str, words: str, noted: Callable[[PlaceBox], None]) -> None:
        super().__init__()
        self.place, self.words, self.noted = place, words, noted

    @override
    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The room it takes."""
        self.width, self.height = width, 44.0
        return self.width, self.height

    def draw(self) -> None:
        """Draw the line, the words below it, and the field."""
        x, y = self.canv.absolutePosition(0, 12)
        page = self.canv.getPageNumber()
        self.noted(PlaceBox(page, self.place, x, y, self.width, self.height - 14))
        self.canv.acroForm.textfield(
            name=f"{self.place}.signature",
            tooltip=self.words,
            x=0,
            y=13,
            width=int(self.width),
            height=int(self.height - 16),
            fontName="Helvetica",
            fontSize=12,
            borderWidth=0,
            borderColor=None,
            fillColor=None,
            textColor=black,
            relative=True,
        )
        self.canv.setStrokeColor(_LINE)
        self.canv.line(0, 12, self.width, 12)
        self.canv.setFont(FONT, 6.6)
        self.canv.drawString(0, 3, f"{self.place}  {self.words}")
