"""Opening pictures: by what they hold, not by their names; too large ones are refused unseen."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

import numpy as np
from PIL import ExifTags, Image, ImageSequence

from mmx_mailflow.forms.returned.came import (
    LARGEST_SIDE,
    LONGEST_SIDE,
    MOST_PAGES,
    MOST_PIXELS,
    Sheet,
    TooLargeError,
)
from mmx_mailflow.forms.returned.kinds import AVIF, HEIC, brands

_SMALLEST_PAGE = 300
"""A picture with no longer side than this is a logo: no code could be read in it."""
_FORMATS = ("JPEG", "PNG", "TIFF", "GIF", "WEBP", "BMP", "AVIF", "JPEG2000", "PPM")
"""No others are tried: some of those that the imaging library knows start programs."""
_PAGED_FORMATS = frozenset({"TIFF"})
"""Formats of which each frame is a page; of a moving picture only the first one counts."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn a picture with each orientation that a camera notes (Exif 2.32, 4.6.4)."""


def images(content: bytes) -> Iterator[Sheet]:
    """The pages of a picture file; raises what the libraries raise."""
    if brands(content) & HEIC and not brands(content) & AVIF:
        yield from _heic(content)
        return
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        pages = image.format in _PAGED_FORMATS
        for number, frame in enumerate(ImageSequence.Iterator(image)):
            if number >= (MOST_PAGES if pages else 1):
                return
            refuse_too_large(frame.size)
            if max(frame.size) >= _SMALLEST_PAGE:
                turn = _TURNS.get(frame.getexif().get(ExifTags.Base.Orientation, 1))
                grey = _square(_grey(_smaller(frame)), frame.info)
                yield Sheet(picture=grey if turn is None else grey.transpose(turn))


def refuse_too_large(size: tuple[int, int]) -> None:
    """Raise `TooLargeError` for a picture that nobody would send of a page."""
    if size[0] * size[1] > MOST_PIXELS or max(size) > LONGEST_SIDE:
        raise TooLargeError("too many pixels")


def _heic(content: bytes) -> Iterator[Sheet]:
    """The first picture, already turned as its own box says; raises OSError without the extra."""
    try:
        import pi_heif  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415  an extra
    except ImportError as error:
        raise OSError("the extra heic is not installed") from error
    file = pi_heif.open_heif(content)
    refuse_too_large(file.size)
    if max(file.size) >= _SMALLEST_PAGE:
        yield Sheet(picture=_grey(file.to_pillow()))


def _smaller(image: Image.Image) -> Image.Image:
    """A very large JPEG is decoded at a half or a quarter: less to hold in memory."""
    image.draft(image.mode, (LARGEST_SIDE, LARGEST_SIDE))
    return image


def _grey(image: Image.Image) -> Image.Image:
    """In grey, on white where it was transparent, no side longer than needed."""
    if image.mode.startswith("I"):
        deep = np.asarray(image).astype(np.uint32)
        image = Image.fromarray(np.clip(deep >> 8, 0, 255).astype(np.uint8))
    if image.mode in {"RGBA", "LA", "P", "PA", "La", "RGBa"}:
        image = image.convert("RGBA")
        image.thumbnail((2 * LARGEST_SIDE, 2 * LARGEST_SIDE))
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    image = image.convert("L")
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return image


def _square(image: Image.Image, info: Mapping[str | tuple[int, int], object]) -> Image.Image:
    """A fax has twice as many dots across as down: as wide and as high as on paper."""
    dots = info.get("dpi")
    if not isinstance(dots, tuple) or len(dots) != 2:
        return image
    across, down = float(dots[0]), float(dots[1])
    if across == down or not (30 < across < 2_000 and 30 < down < 2_000):
        return image
    longer = max(across, down)
    wide, high = image.width * longer / across, image.height * longer / down
    if max(wide, high) > LARGEST_SIDE:
        return image
    return image.resize((round(wide), round(high)), Image.Resampling.BILINEAR)
