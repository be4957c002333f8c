"""What stands in a place to sign: nothing, ink, or something that a person must look at.

The place's printed frame is found first, side by side, so that a bent sheet is read right; a
frame that is not found means `unsure`. Inside it only what has the shape of writing counts.
"""

from __future__ import annotations

import base64
import io
import itertools

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mmx_mailflow.casework.returned import Signature
from mmx_mailflow.forms.returned.sheet import SCALE, Grey
from mmx_mailflow.forms.returned.strokes import Field, Marks, measured_strokes
from mmx_mailflow.forms.shape import HEIGHT, PlaceBox, date_of

_MARGIN = 20.0
"""How much around a place is looked at, in points."""
_COARSE, _FINE = 13.0, 4.0
"""How far the frame may have moved as a whole, and each piece of a side beyond that."""
_PIECE = 22.0
_CELL = 6
"""Pixels a side of the cells from which the paper is told."""
_INSET = 2.6
_PRINT = 3
"""Pieces like letters that make a stamp."""
_TALL, _TALLER = 10.0, 26.0
"""Points of height in which three tall strokes are met: no stamp alone, no stamp with letters."""
_SQUARE, _RULED = 0.5, 0.92
"""Share of ink on square strokes that may be a frame with words on it, and one without."""
_CREASED = 0.7
"""The share from which creases may be what is square."""
_RIM, _SHOWN = 6.0, 110 / 72
"""How much around a place is shown to a person, in points, and pixels for a point."""


def signature_in(page: Grey, box: PlaceBox) -> Signature:
    """None, ink, or unsure; `page` is straightened."""
    inside = _seen(page, box)
    return Signature.UNSURE if inside is None else signature_of(inside)


def signature_of(inside: Field) -> Signature:
    """The same of the darkness inside a frame.

    Creases that cross a stamp look like writing: where there may be both, it must stand without
    them too.
    """
    marks = measured_strokes(inside)
    found = judged(marks)
    if found == Signature.INK and (marks.letters or marks.framed or marks.square > _CREASED):
        again = judged(measured_strokes(inside, creases=False))
        return found if again == found else Signature.UNSURE
    return found


def judged(marks: Marks) -> Signature:
    """What the measures of a place amount to; two bands, and between them nobody decides."""
    if marks.covered > 0.45:
        return Signature.UNSURE
    if marks.length < 5 and marks.faint < 14:
        return Signature.NONE
    written = marks.length > 28 and marks.width > 9 and marks.tallest > 14 and marks.bends > 3
    return Signature.INK if written and _is_by_hand(marks) else Signature.UNSURE


def _is_by_hand(marks: Marks) -> bool:
    """Whether writing is no stamp: apart from its letters, or taller than they can be.

    A frame, a ring or a rule with words on it is met twice at most; a ruled frame and creases that
    cross are met more often, and are square all over.
    """
    stamped = marks.letters >= _PRINT or marks.framed
    if stamped and marks.apart:
        return True
    if marks.square > _RULED:
        return False
    if marks.letters >= _PRINT:
        return marks.tall > _TALLER and marks.square < _SQUARE
    if marks.tall > _TALL:
        return True
    small = marks.letters < _PRINT - 1 and marks.square < _SQUARE
    return not marks.framed and (small or marks.tall > 2)


def measured(page: Grey, box: PlaceBox) -> Marks | None:
    """The strokes inside the frame of a place, or None when its frame is not found."""
    inside = _seen(page, box)
    return None if inside is None else measured_strokes(inside)


def dated(page: Grey, box: PlaceBox) -> bool | None:
    """Whether something is written in a place for a date; None when that is not certain."""
    marks = measured(page, box)
    if marks is None:
        return None
    if marks.length < 5 and marks.faint < 14:
        return False
    return True if marks.length > 14 and marks.height > 4 else None


def picture_of(page: Grey, box: PlaceBox) -> str:
    """The place with that for its date, for a person to look at: a small PNG in base64."""
    date = date_of(box)
    left, right = (box.x - _RIM) * SCALE, (date.x + date.width + _RIM) * SCALE
    top, low = (HEIGHT - box.y - box.height - _RIM) * SCALE, (HEIGHT - box.y + _RIM) * SCALE
    part = Image.fromarray(page[round(top) : round(low), round(left) : round(right)])
    shown = part.resize(
        (round(part.width * _SHOWN / SCALE), round(part.height * _SHOWN / SCALE)),
        Image.Resampling.BOX,
    )
    white = max(16, int(np.percentile(np.asarray(shown), 70)))
    levels = shown.point([min(15, v * 16 // white) for v in range(256)], "P")
    levels.putpalette([v * 17 for v in range(16) for _ in range(3)])
    target = io.BytesIO()
    levels.save(target, "PNG", optimize=True, bits=4)
    return base64.b64encode(target.getvalue()).decode()


def _seen(page: Grey, box: PlaceBox) -> Field | None:
    """The darkness inside the frame, or None when it is not found."""
    around = _cut(page, box)
    return None if around is None else _inside(_darkness(around), box)


def _cut(page: Grey, box: PlaceBox) -> Field | None:
    left, right = (box.x - _MARGIN) * SCALE, (box.x + box.width + _MARGIN) * SCALE
    top, low = (HEIGHT - box.y - box.height - _MARGIN) * SCALE, (HEIGHT - box.y + _MARGIN) * SCALE
    part = page[round(top) : round(low), round(left) : round(right)].astype(np.float64)
    return part if part.size and np.percentile(part, 75) > 25 else None


def _darkness(part: Field) -> Field:
    """How dark each pixel is against the paper around it."""
    rows, columns = (n // _CELL for n in part.shape)
    cells = part[: rows * _CELL, : columns * _CELL].reshape(rows, _CELL, columns, _CELL)
    small = cells.mean(axis=(1, 3))
    paper = ndimage.gaussian_filter(ndimage.percentile_filter(small, 65, size=(7, 9)), 2)
    full = ndimage.zoom(
        paper, (part.shape[0] / paper.shape[0], part.shape[1] / paper.shape[1]), order=1
    )
    ratio = 1 - part / np.maximum(full, 8)
    dark: Field = ratio - np.median(ratio)
    return dark


# --- the frame -----------------------------------------------------------


def _inside(dark: Field, box: PlaceBox) -> Field | None:
    """The darkness inside the frame, made straight, or None without a frame."""
    wide, high = round(box.width * SCALE), round(box.height * SCALE)
    moved = _whole(dark, wide, high)
    if moved is None:
        return None
    down, right = moved
    top = _side(dark, down, right, right + wide)
    low = _side(dark, down + high, right, right + wide)
    first = _side(dark.T, right, down, down + high)
    last = _side(dark.T, right + wide, down, down + high)
    if top is None or low is None or first is None or last is None:
        return None
    inset = _INSET * SCALE
    across = np.linspace(0, 1, wide)[None, :]
    along = np.linspace(0, 1, high)[:, None]
    rows = top[None, :] + inset + along * (low - top - 2 * inset)[None, :]
    columns = first[:, None] + inset + across * (last - first - 2 * inset)[:, None]
    seen: Field = ndimage.map_coordinates(dark, [rows, columns], order=1, mode="nearest")
    return seen


def _whole(dark: Field, wide: int, high: int) -> tuple[int, int] | None:
    """How far the frame lies from the corner of the cut-out: rows, then columns."""
    capped = np.clip(dark, 0, 0.5)
    reach, start = round(_COARSE * SCALE), round(_MARGIN * SCALE)
    low, most = start - reach, start + reach + 1
    best: tuple[float, int, int] = (0.0, start, start)
    thick = ndimage.uniform_filter1d(capped, 3, axis=0)
    rows = {n: thick[n] for n in range(max(0, low), min(dark.shape[0], most + high))}
    lines = np.array([rows[n][max(0, low) : most + wide].mean() for n in rows])
    keys = list(rows)
    upright = ndimage.uniform_filter1d(capped, 3, axis=1)
    scores = []
    for down in range(max(0, low), most):
        if down + high >= dark.shape[0]:
            break
        pair = lines[keys.index(down)] + lines[keys.index(down + high)]
        scores.append((pair, down))
    if not scores:
        return None
    for pair, down in sorted(scores, reverse=True)[:14]:
        columns = upright[down : down + high].mean(axis=0)
        for right in range(max(0, low), most):
            if right + wide >= dark.shape[1]:
                break
            score = float(pair + 0.35 * (columns[right] + columns[right + wide]))
            if score > best[0]:
                best = (score, down, right)
    return (best[1], best[2]) if best[0] > 0 else None


def _side(dark: Field, at: int, start: int, end: int) -> Field | None:
    """Where one side of the frame runs: a row for each column from `start` to `end`.

    The side is followed piece by piece; what crosses it here and there does not count.
    """
    reach = round(_FINE * SCALE)
    low, high = at - reach, at + reach + 1
    if low < 2 or high + 2 > dark.shape[0] or start < 0 or end > dark.shape[1]:
        return None
    pieces = max(3, round((end - start) / (_PIECE * SCALE)))
    cuts = np.linspace(start, end, pieces + 1).round().astype(int)
    band = np.clip(dark[low - 2 : high + 2], -0.2, 0.6)
    ridge = (
        ndimage.uniform_filter1d(band, 3, axis=0)
        - 0.5 * (np.roll(band, 5, axis=0) + np.roll(band, -5, axis=0))
    )[2:-2]
    profile = np.array(
        [np.median(ridge[:, a - start + start : b], axis=1) for a, b in itertools.pairwise(cuts)]
    )
    path = _path(profile)
    strength = profile[np.arange(pieces), path]
    if (strength > 0.05).mean() < 0.6:
        return None
    middles = (cuts[:-1] + cuts[1:]) / 2
    keep = strength > 0.03
    bend = np.polyfit(middles[keep], (low + path)[keep], min(2, int(keep.sum()) - 1))
    smooth = np.polyval(bend, middles)
    rows = np.where(keep & (np.abs(low + path - smooth) < 2 * SCALE), low + path, smooth)
    found: Field = np.interp(np.arange(start, end), middles, ndimage.uniform_filter1d(rows, 3))
    return found


def _path(profile: Field) -> NDArray[np.int64]:
    """The row of the line in each piece: dark, and near that of the pieces beside it."""
    pieces, rows = profile.shape
    step = 0.02 * np.abs(np.arange(rows)[:, None] - np.arange(rows)[None, :])
    total = profile[0].copy()
    came = np.zeros((pieces, rows), np.int64)
    for n in range(1, pieces):
        choices = total[None, :] - step
        came[n] = choices.argmax(axis=1)
        total = profile[n] + choices.max(axis=1)
    path = np.zeros(pieces, np.int64)
    path[-1] = int(total.argmax())
    for n in range(pieces - 1, 0, -1):
        path[n - 1] = came[n, path[n]]
    return path
