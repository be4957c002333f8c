"""Signing a form as people do: print it, write on it, photograph or scan it."""

from __future__ import annotations

import io

import pypdfium2
from PIL import Image, ImageDraw, ImageFilter

from mmx_mailflow.forms.shape import PlaceBox, date_of

SCALE = 2.0
_HEIGHT = 792
STROKES = (0, -14, 10, -20, 8, -6, 16, -18, 4)


def photographed(
    pdf: bytes, boxes: tuple[PlaceBox, ...], page: int, *, sign: tuple[str, ...], tilt: float = 1.5
) -> bytes:
    """A page as a JPEG, with signatures and dates in ink at the places named."""
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    image = document[page - 1].render(scale=SCALE).to_pil().convert("RGB")
    document.close()
    pen = ImageDraw.Draw(image)
    for box in (b for b in boxes if b.page == page and b.place in sign):
        day = date_of(box)
        for place, count in ((box, 28), (day, 9)):
            x, y = place.x * SCALE + 40, (_HEIGHT - place.y - 15) * SCALE
            step = min(6, (place.width * SCALE - 80) / count)
            line = [(x + step * n, y + STROKES[n % len(STROKES)]) for n in range(count)]
            pen.line(line, fill=(20, 20, 90), width=3)
    image = image.rotate(tilt, expand=True, fillcolor="white", resample=Image.Resampling.BILINEAR)
    target = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(0.6)).save(target, "JPEG", quality=70)
    return target.getvalue()
