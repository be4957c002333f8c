"""What stands on every page: corner marks, machine code, reference, page number."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import font_source_sans_pro
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from mmx_mailflow.forms.code import page_code, typed_code
from mmx_mailflow.forms.packet.facts import FormWords, PacketFacts
from mmx_mailflow.forms.shape import (
    HEIGHT,
    MARGIN,
    MARK,
    QR,
    VERSION,
    WIDTH,
    code_corners,
    mark_centres,
)

FONT, STRONG, BOLD = (f"SourceSansPro-{face}" for face in ("Regular", "Semibold", "Bold"))


def use_fonts() -> None:
    """Register the embedded fonts (Source Sans, SIL Open Font License)."""
    folder = Path(font_source_sans_pro.__file__).parent / "files"
    for name in (FONT, STRONG, BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(FONT, FONT, BOLD, FONT, BOLD)


def draw_page(
    canvas: Canvas, facts: PacketFacts, words: FormWords, page: int, roles: str, key: bytes
) -> None:
    """Draw everything that belongs to the page and not to its text."""
    canvas.saveState()
    canvas.setFillGray(0)
    for x, y in mark_centres():
        canvas.rect(x - MARK / 2, y - MARK / 2, MARK, MARK, stroke=0, fill=1)
    code = page_code(key, facts.ref, facts.issue, page, roles)
    _draw_code(canvas, code)
    canvas.setFont(BOLD, 12)
    canvas.drawString(MARGIN, HEIGHT - 46, f"{facts.organisation}   {facts.ref}")
    canvas.setFont(FONT, 11)
    numbers = " / ".join(
        text["page"].format(page=page, pages=len(roles)) for text in (words.en, words.es)
    )
    version = f"{VERSION}-{facts.issue}   {facts.issued_on.isoformat()}   {numbers}"
    canvas.drawString(MARGIN, HEIGHT - 61, version)
    canvas.setFont(FONT, 10)
    canvas.drawString(MARGIN, HEIGHT - 75, typed_code(code))
    canvas.setFont(FONT, 9)
    canvas.drawCentredString(
        WIDTH / 2, 25, f"{facts.ref}   {VERSION}-{facts.issue}   {page}/{len(roles)}"
    )
    canvas.restoreState()


def draw_specimen(canvas: Canvas, words: FormWords) -> None:
    """Say across the page that nobody may use it."""
    canvas.saveState()
    canvas.translate(WIDTH / 2, HEIGHT / 2)
    canvas.rotate(52)
    canvas.setFillColorRGB(0.75, 0.1, 0.1, alpha=0.16)
    canvas.setFont(BOLD, 72)
    canvas.drawCentredString(0, -20, " / ".join(w["specimen"] for w in (words.en, words.es)))
    canvas.restoreState()


def _draw_code(canvas: Canvas, code: str) -> None:
    """Draw the modules row by row, neighbours as one bar, all in one path."""
    square = QRCode(None, QRErrorCorrectLevel.Q)
    square.addData(code)
    square.make()
    rows = square.modules
    left, low = code_corners()[3]
    size = QR / len(rows)
    path = canvas.beginPath()
    for number, row in enumerate(rows, 1):
        start = 0
        for dark, bar in groupby(row):
            width = len(list(bar))
            if dark:
                path.rect(left + start * size, low + QR - number * size, width * size, size)
            start += width
    canvas.drawPath(path, stroke=0, fill=1)
