"""Things on a page that can be filled in: typed into the PDF, or by hand on the line."""

from __future__ import annotations

from collections.abc import Callable

from reportlab.lib.colors import Color, black, white
from reportlab.platypus import Flowable
from typing_extensions import override

from mmx_mailflow.forms.packet.facts import PlaceBox
from mmx_mailflow.forms.packet.page import FONT

_LINE = Color(0.35, 0.35, 0.35)
_TEXT = 9.5


class TextField(Flowable):
    """A fillable field above a line, as wide as its column."""

    def __init__(self, name: str, value: str = "", *, lines: int = 1, title: str = "") -> None:
        super().__init__()
        self.name, self.value, self.lines, self.title = name, value, lines, title

    @override
    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The room it takes."""
        self.width, self.height = width, 15.0 * self.lines + 3
        return self.width, self.height

    def draw(self) -> None:
        """Draw field and line."""
        self.canv.acroForm.textfield(
            name=self.name,
            tooltip=self.title or self.name,
            value=self.value,
            x=0,
            y=2,
            width=int(self.width),
            height=int(self.height - 3),
            fontName="Helvetica",
            fontSize=_TEXT if self.lines == 1 else 8.5,
            borderWidth=0,
            fillColor=white,
            textColor=black,
            forceBorder=True,
            relative=True,
            fieldFlags="multiline" if self.lines > 1 else "",
            maxlen=2_000,
        )
        self.canv.setStrokeColor(_LINE)
        self.canv.line(0, 1, self.width, 1)


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
            fillColor=white,
            textColor=black,
            forceBorder=True,
            relative=True,
        )
        self.canv.setStrokeColor(_LINE)
        self.canv.line(0, 12, self.width, 12)
        self.canv.setFont(FONT, 6.6)
        self.canv.drawString(0, 3, f"{self.place}  {self.words}")
