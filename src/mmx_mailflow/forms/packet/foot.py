"""The foot of a page with signatures: framed places that stand at the same points of every form."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable
from typing_extensions import override

from mmx_mailflow.forms.packet.fields import LINE, framed_field, line_field
from mmx_mailflow.forms.packet.page import BOLD, FONT
from mmx_mailflow.forms.shape import (
    DATE_WIDTH,
    GAP,
    HALF,
    MARGIN,
    POWER,
    ROOM,
    SIGN,
    PlaceBox,
    date_of,
    places_on,
)

Said = Callable[[str], tuple[str, str]]
_SMALL = 9.0
_LABELS = {"A12.6": "A12.6.sign"}
"""A place whose own block is a sentence has a label of its own."""
_WITNESS, _ALONE = ("name", "id", "address"), ("name",)
_PITCH, _WORDS = 31.0, 16.0
"""From one line of a witness to the next, and how much of that the words below a line take."""
_OFFICE = ("Z.received", "Z.id", "Z.verified", "Z.compared", "Z.result")


class Foot(Flowable):
    """A sentence with the signatures below it, at the foot of the page that has room for both."""

    def __init__(
        self, above: Flowable, height: float, drawn: Callable[[Canvas, int], None]
    ) -> None:
        super().__init__()
        self.above, self.foot, self.drawn = above, height, drawn

    @override
    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """All the room that is left, or more than that when it does not suffice."""
        _, tall = self.above.wrapOn(self.canv, width, height)
        self.tall = tall
        return width, max(height, tall + self.foot)

    def draw(self) -> None:
        """The sentence right above the places, the places where they always stand."""
        self.above.drawOn(self.canv, 0, self.foot)
        canvas = self.canv
        canvas.saveState()
        x, y = canvas.absolutePosition(0, 0)
        canvas.translate(-x, -y)
        self.drawn(canvas, canvas.getPageNumber())
        canvas.restoreState()


def draw_sign(canvas: Canvas, page: int, said: Said, size: float, name: str) -> None:
    """The foot of document A: consent, signature, name and place, office use."""
    for box in sorted(places_on(SIGN, page), key=lambda box: -box.y):
        _place(canvas, box, said, size)
    for part, x, value in (("name", MARGIN, name), ("place", MARGIN + HALF + GAP, "")):
        _named(canvas, PlaceBox(page, f"A13.{part}", x, 110, HALF, LINE), part, said, size, value)
    _office(canvas, said)


def draw_power(
    canvas: Canvas, page: int, said: Said, size: float, names: Mapping[str, str], picture: bytes
) -> None:
    """The foot of document B: the grantor and the agent, two witnesses, side by side as is usual.

    `names` are those known of who signs, `picture` the agent's signature, empty for none.
    """
    for box in sorted(places_on(POWER, page), key=lambda box: (-box.y, box.x)):
        _place(canvas, box, said, size)
        if box.place == "B2.2" and picture:
            canvas.drawImage(
                ImageReader(io.BytesIO(picture)), box.x + 6, box.y + 3, box.width - 12,
                box.height - 6, preserveAspectRatio=True, mask="auto",
            )  # fmt: skip
        for n, part in enumerate(_WITNESS if box.place.startswith("B3") else _ALONE):
            y = box.y - LINE - 5 - _PITCH * n
            high = LINE if n == 0 else _PITCH - _WORDS
            at = PlaceBox(page, f"{box.place}.{part}", box.x, y, HALF, high)
            _named(canvas, at, part, said, size, names.get(at.place, ""))


def _named(
    canvas: Canvas, at: PlaceBox, part: str, said: Said, size: float, value: str = ""
) -> None:
    """A line to write on with its words in both languages below."""
    words = " / ".join(said(f"sign.{part}"))
    line_field(canvas, at, f"{at.place} {words}", value, size)
    _line(canvas, at.x, at.y - min(size, 12.0), words, size, FONT)


def _place(canvas: Canvas, box: PlaceBox, said: Said, size: float) -> None:
    """A framed place to sign and one to date, with their words in both languages above."""
    day = date_of(box)
    low = box.y + box.height + 5
    words = said(_LABELS.get(box.place, box.place))
    _line(canvas, box.x, low + 16, f"{box.place}  {words[0]}", size, BOLD)
    _line(canvas, box.x, low, words[1], size, FONT)
    when = said("date")
    if day.width == DATE_WIDTH:
        _line(canvas, day.x, low + 16, when[0], size, BOLD)
        _line(canvas, day.x, low, when[1], size, FONT)
    else:
        _line(canvas, day.x, low, " / ".join(said("date.short")), size, FONT)
    framed_field(canvas, f"{box.place}.signature", box, f"{box.place} {' / '.join(words)}")
    framed_field(canvas, day.place, day, f"{box.place} {' / '.join(when)}")


def _office(canvas: Canvas, said: Said) -> None:
    """A row of short lines that staff fill in; nobody else needs to read their small words."""
    width = ROOM / (len(_OFFICE) + 1)
    for n, block in enumerate(("Z", *_OFFICE)):
        x = MARGIN + n * width
        en, es = said(block)
        if block == "Z":
            en = f"Z  {en}"
        else:
            line_field(canvas, PlaceBox(0, block, x, 68, width - 8, LINE), f"Z {en} / {es}")
        for y, words in ((58, en), (48, es)):
            _line(canvas, x, y, words, _SMALL, BOLD if block == "Z" else FONT)


def _line(canvas: Canvas, x: float, y: float, words: str, size: float, font: str) -> None:
    canvas.setFont(font, size)
    canvas.setFillGray(0)
    canvas.drawString(x, y, words)
