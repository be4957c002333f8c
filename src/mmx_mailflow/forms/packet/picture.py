"""The agent's signature as a picture, made ready for printing."""

from __future__ import annotations

import io

from PIL import Image, ImageOps, UnidentifiedImageError

_MOST_BYTES = 2_000_000
_NARROWEST, _LOWEST, _MOST_SIDE = 40, 15, 4000
_PRINTED = (1200, 400)
"""More pixels than these do not show at the place's size."""


def signature_picture(content: bytes) -> bytes:
    """The picture upright as PNG, without anything else that its file told.

    Raises ValueError with the reason when it is no PNG or JPEG of a sane size.
    """
    if len(content) > _MOST_BYTES:
        raise ValueError("it is larger than 2 MB")
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if (
                max(picture.size) > _MOST_SIDE
                or picture.width < _NARROWEST
                or picture.height < _LOWEST
            ):
                raise ValueError(f"it has {picture.width} x {picture.height} pixels, not 40 x 15 to 4000 x 4000")  # fmt: skip
            turned = ImageOps.exif_transpose(picture).convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError("it is no whole PNG or JPEG picture") from error
    turned.thumbnail(_PRINTED)
    plain = Image.new("RGBA", turned.size)
    plain.paste(turned)
    target = io.BytesIO()
    plain.save(target, "PNG")
    return target.getvalue()
