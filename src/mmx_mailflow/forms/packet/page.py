"""What stands on every page: corner marks, machine code, reference, page number."""

from __future__ import annotations

from pathlib import Path

import reportlab
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import letter
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from mmx_mailflow.forms.code import page_code
from mmx_mailflow.forms.packet.facts import VERSION, FormWords, PacketFacts

WIDTH, HEIGHT = letter
MARGIN = 46.0
MARK = 13.0
MARK_INSET = 22.0
QR = 56.0
TOP = 92.0
BOTTOM = 50.0
FONT, BOLD = "Vera", "VeraBd"


def use_fonts() -> None:
    """Register the embedded fonts (Bitstream Vera, free licence, shipped with reportlab)."""
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in (FONT, BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))


def mark_centres() -> tuple[tuple[float, float], ...]:
    """The centres of the corner marks: lower left, lower right, upper left, upper right."""
    low, left = MARK_INSET, MARK_INSET
    high, right = HEIGHT - MARK_INSET, WIDTH - MARK_INSET
    return ((left, low), (right, low), (left, high), (right, high))


def draw_page(
    canvas: Canvas, facts: PacketFacts, words: FormWords, page: int, pages: int, key: bytes
) -> None:
    """Draw everything that belongs to the page and not to its text."""
    canvas.saveState()
    canvas.setFillGray(0)
    for x, y in mark_centres():
        canvas.rect(x - MARK / 2, y - MARK / 2, MARK, MARK, stroke=0, fill=1)
    code = page_code(key, facts.ref, facts.issue, page)
    _draw_code(canvas, code)
    canvas.setFont(BOLD, 9)
    canvas.drawString(MARGIN, HEIGHT - 50, f"{facts.organisation}  {facts.ref}")
    canvas.setFont(FONT, 8)
    canvas.drawString(
        MARGIN, HEIGHT - 62, f"{VERSION}-{facts.issue}   {facts.issued_on.isoformat()}"
    )
    numbers = " / ".join(
        text["page"].format(page=page, pages=pages) for text in (words.en, words.es)
    )
    canvas.drawString(MARGIN, HEIGHT - 74, numbers)
    canvas.setFont(FONT, 7)
    canvas.drawCentredString(WIDTH / 2, 30, f"{facts.ref}  {VERSION}-{facts.issue}  {page}/{pages}")
    canvas.restoreState()


def _draw_code(canvas: Canvas, code: str) -> None:
    widget = QrCodeWidget(code, barLevel="M", barBorder=0)
    x1, y1, x2, y2 = widget.getBounds()
    scale = QR / (x2 - x1)
    drawing = Drawing(QR, QR, transform=[scale, 0, 0, QR / (y2 - y1), 0, 0])
    drawing.add(widget)
    renderPDF.draw(drawing, canvas, WIDTH - MARGIN - QR, HEIGHT - 24 - QR)
    canvas.setFont(FONT, 6)
    canvas.drawRightString(WIDTH - MARGIN - QR - 4, HEIGHT - 36, code.rpartition(".")[2])
