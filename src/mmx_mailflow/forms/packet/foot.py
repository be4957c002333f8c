"""The foot of a page with signatures: framed places that stand at the same points of every form."""

from __future__ import annotations

import io
from collections.abc import Callable

from reportlab.lib.utils import ImageReader, simpleSplit
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable
from typing_extensions import override

from mmx_mailflow.forms.packet.fields import framed_field, line_field
from mmx_mailflow.forms.packet.page import BOLD, FONT
from mmx_mailflow.forms.shape import (
    MARGIN,
    POWER,
    ROOM,
    SIGN,
    PlaceBox,
    date_of,
    places_on,
)

Said = Callable[[str], tuple[str, str]]
_SMALLEST = 8.0
_LABELS = {"A12.6": "A12.6.sign"}
"""A place whose own block is a sentence has a label of its own."""
_ROW = 36.0


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
    for box in places_on(SIGN, page):
        _place(canvas, box, said, size)
    half = (ROOM - 10) / 2
    for block, x, value in (("A13.name", MARGIN, name), ("A13.place", MARGIN + half + 10, "")):
        line_field(canvas, block, PlaceBox(page, block, x, 104, half, 17), said(block)[0], value)
        _line(canvas, x, 92, half, " / ".join(said(block)), size, FONT)
    en, es = said("Z")
    _line(canvas, MARGIN, 76, ROOM, f"Z  {en} / {es}", size, FONT)
    canvas.line(MARGIN, 50, MARGIN + ROOM, 50)


def draw_power(
    canvas: Canvas, page: int, said: Said, size: float, agent_signature: bytes | None
) -> None:
    """The foot of document B: the grantor, the agent, two witnesses."""
    for box in places_on(POWER, page):
        raised = 26.0 if box.place.startswith("B3") else 0.0
        _place(canvas, box, said, size, raised=raised)
        if raised:
            name = f"{box.place}.name"
            where = PlaceBox(page, name, box.x, box.y + box.height + 9, ROOM, 16)
            line_field(canvas, name, where, said(box.place)[0])
        if box.place == "B2.2" and agent_signature:
            picture = ImageReader(io.BytesIO(agent_signature))
            canvas.drawImage(
                picture, box.x + 8, box.y + 4, box.width - 16, box.height - 8,
                preserveAspectRatio=True, mask="auto",
            )  # fmt: skip


def _place(canvas: Canvas, box: PlaceBox, said: Said, size: float, *, raised: float = 0) -> None:
    """A framed place to sign and one to date, with their words in both languages above."""
    day = date_of(box)
    low = box.y + box.height + raised
    leading = (_ROW - 4) / 2
    for frame, words in ((box, said(_LABELS.get(box.place, box.place))), (day, said("date"))):
        mark = f"{box.place}  " if frame is box else ""
        _line(canvas, frame.x, low + leading + 4, frame.width, mark + words[0], size, BOLD)
        _line(canvas, frame.x, low + 4, frame.width, words[1], size, FONT)
    framed_field(canvas, f"{box.place}.signature", box, " / ".join(said(box.place)))
    framed_field(canvas, day.place, day, " / ".join(said("date")))


def _line(
    canvas: Canvas, x: float, y: float, room: float, words: str, size: float, font: str
) -> None:
    """One line of words, smaller when it would not fit; cut at no word that would still fit."""
    while size > _SMALLEST and canvas.stringWidth(words, font, size) > room:
        size -= 0.25
    canvas.setFont(font, size)
    canvas.setFillGray(0)
    fits = simpleSplit(words, font, size, room)
    canvas.drawString(x, y, fits[0] if fits else "")
