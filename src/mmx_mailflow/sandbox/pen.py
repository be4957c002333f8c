"""Signing a form as people do: print it, write on it, photograph or scan it."""

from __future__ import annotations

import io

import pypdfium2
from PIL import Image, ImageDraw, ImageFilter

from mmx_mailflow.forms.shape import PlaceBox

SCALE = 2.0
_HEIGHT = 792
STROKES = (0, -14, 10, -20, 8, -6, 16, -18, 4)


def photographed(
    pdf: bytes, boxes: tuple[PlaceBox, ...], page: int, *, sign: tuple[str, ...], tilt: float = 1.5
) -> bytes:
    """A page as a JPEG, with ink in the places named."""
    document = pypdfium2.PdfDocument(pdf)
    image = document[page - 1].render(scale=SCALE).to_pil().convert("RGB")
    document.close()
    pen = ImageDraw.Draw(image)
    for box in (b for b in boxes if b.page == page and b.place in sign):
        x, y = box.x * SCALE + 40, (_HEIGHT - box.y - 15) * SCALE
        line = [(x + 6 * n, y + STROKES[n % len(STROKES)]) for n in range(28)]
        pen.line(line, fill=(20, 20, 90), width=3)
    image = image.rotate(tilt, expand=True, fillcolor="white", resample=Image.Resampling.BILINEAR)
    target = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(0.6)).save(target, "JPEG", quality=70)
    return target.getvalue()
