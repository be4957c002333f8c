"""What stands in a place to sign: nothing, ink, or something that a person must look at.

The place's printed frame is found first, side by side, so that a bent sheet is read right; a
frame that is not found means `unsure`. Inside it only what has the shape of writing counts.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mmx_mailflow.casework.returned import Signature
from mmx_mailflow.forms.returned.sheet import SCALE, Grey
from mmx_mailflow.forms.shape import HEIGHT, PlaceBox

Field = NDArray[np.float64]
_MARGIN = 20.0
"""How much around a place is looked at, in points."""
_COARSE, _FINE = 13.0, 4.0
"""How far the frame may have moved as a whole, and each piece of a side beyond that."""
_PIECE = 22.0
_INSET = 2.6
_EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True, slots=True)
class Marks:
    """What was measured inside a frame, in points; the verdict is `judged` from it."""

    contrast: float
    """How dark the darkest writing is against the paper, 0 to 1."""
    length: float
    """How long the strokes are together."""
    width: float
    height: float
    bends: float
    """How often strokes turn or cross: rows and columns that meet them three times, in points."""
    pieces: int
    faint: float
    """Length of what is too faint, too small or too straight to count."""
    covered: float
    """Share of the place that is dark."""
    noise: float
    strange: bool = False
    """Looks like a ring, a frame or rows of print."""


def signature_in(page: Grey, box: PlaceBox) -> Signature:
    """None, ink, or unsure; `page` is straightened."""
    marks = measured(page, box)
    return Signature.UNSURE if marks is None else judged(marks)


def judged(marks: Marks) -> Signature:
    """What the measures of a place amount to; two bands, and between them nobody decides."""
    if marks.covered > 0.45:
        return Signature.UNSURE
    if marks.length < 5 and marks.faint < 14:
        return Signature.NONE
    written = (
        marks.length > 28
        and marks.width > 9
        and marks.height > 7
        and marks.bends > 3
        and not marks.strange
    )
    return Signature.INK if written else Signature.UNSURE


def measured(page: Grey, box: PlaceBox) -> Marks | None:
    """The strokes inside the frame of a place, or None when its frame is not found."""
    around = _cut(page, box)
    if around is None:
        return None
    dark, noise = _darkness(around)
    inside = _inside(dark, box)
    if inside is None:
        return None
    return _strokes(inside, noise)


def dated(page: Grey, box: PlaceBox) -> bool | None:
    """Whether something is written in a place for a date; None when that is not certain."""
    marks = measured(page, box)
    if marks is None:
        return None
    if marks.length < 5 and marks.faint < 14:
        return False
    return True if marks.length > 14 and marks.height > 4 else None


def _cut(page: Grey, box: PlaceBox) -> Field | None:
    left, right = (box.x - _MARGIN) * SCALE, (box.x + box.width + _MARGIN) * SCALE
    top, low = (HEIGHT - box.y - box.height - _MARGIN) * SCALE, (HEIGHT - box.y + _MARGIN) * SCALE
    part = page[round(top) : round(low), round(left) : round(right)].astype(np.float64)
    return part if part.size and np.percentile(part, 75) > 25 else None


def _darkness(part: Field) -> tuple[Field, float]:
    """How dark each pixel is against the paper around it, and how much the paper itself varies."""
    small = ndimage.zoom(part, 0.25, order=1)
    paper = ndimage.percentile_filter(small, 65, size=(11, 15))
    paper = ndimage.gaussian_filter(paper, 3)
    full = ndimage.zoom(
        paper, (part.shape[0] / paper.shape[0], part.shape[1] / paper.shape[1]), order=1
    )
    ratio = 1 - part / np.maximum(full, 8)
    middle = np.median(ratio)
    noise = 1.4826 * float(np.median(np.abs(ratio - middle)))
    return ratio - middle, noise


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


# --- the strokes ---------------------------------------------------------


def _strokes(inside: Field, noise: float) -> Marks:
    """Everything darker than the paper, told apart by its shape."""
    smooth = ndimage.gaussian_filter(inside, 0.8)
    level = max(0.085, 3.2 * noise * 0.45)
    labels, _ = ndimage.label(smooth > level, _EIGHT)
    strong = max(0.17, 1.6 * level)
    total = np.zeros_like(inside, bool)
    faint = 0.0
    pieces = 0
    for number, spot in enumerate(ndimage.find_objects(labels), 1):
        mine = labels[spot] == number
        values = smooth[spot][mine]
        kind = _kind(mine, spot, inside.shape)
        if kind == "speck":
            continue
        if kind == "line" or float(np.percentile(values, 90)) < strong:
            faint += _length(mine) if kind != "line" else 0.0
            continue
        total[spot] |= mine
        pieces += 1
    rows, columns = np.nonzero(total)
    if not len(rows):
        return Marks(0, 0, 0, 0, 0, 0, faint, 0, noise)
    return Marks(
        contrast=float(np.percentile(smooth[total], 80)),
        length=_length(total),
        width=float(np.percentile(columns, 98) - np.percentile(columns, 2)) / SCALE,
        height=float(np.percentile(rows, 98) - np.percentile(rows, 2)) / SCALE,
        bends=_bends(total),
        pieces=pieces,
        faint=faint,
        covered=float(total.mean()),
        noise=noise,
        strange=_strange(total),
    )


def _kind(mine: NDArray[np.bool_], spot: tuple[slice, ...], shape: tuple[int, ...]) -> str:
    """A speck, a straight line that comes in and goes out, or a stroke."""
    high, wide = mine.shape
    if max(high, wide) < 3.2 * SCALE or mine.sum() < 9:
        return "speck"
    ys, xs = np.nonzero(mine)
    cells = np.column_stack([xs - xs.mean(), ys - ys.mean()])
    spread = np.linalg.svd(cells.T @ cells / len(cells), compute_uv=False)
    thin = np.sqrt(max(float(spread[1]), 0.0)) * 2
    long = np.sqrt(float(spread[0])) * 3.4
    rows, columns = spot
    touches = (
        (rows.start <= 2)
        + (rows.stop >= shape[0] - 2)
        + (columns.start <= 2)
        + (columns.stop >= shape[1] - 2)
    )
    straight = thin < max(1.6 * SCALE, 0.035 * long)
    if straight and (touches >= 2 or long > 60 * SCALE):
        return "line"
    if straight and thin < 0.9 * SCALE and touches >= 1 and long > 12 * SCALE:
        return "line"
    return "stroke"


def _length(mask: NDArray[np.bool_]) -> float:
    """About how long the strokes of a mask are, in points: area over their width."""
    area = float(mask.sum())
    if not area:
        return 0.0
    deep = ndimage.distance_transform_cdt(np.pad(mask, 1), "chessboard")
    width = max(1.5, 4 * float(deep[deep > 0].mean()) - 2)
    return area / width / SCALE


def _bends(mask: NDArray[np.bool_]) -> float:
    """How much of the place is crossed three times and more, by rows and by columns, in points."""
    met = [
        (np.diff(np.pad(mask, 1).astype(np.int8), axis=axis) == 1).sum(axis=axis) for axis in (0, 1)
    ]
    return float((met[0] >= 2).sum() * 0.5 + (met[1] >= 3).sum()) / SCALE


def _strange(mask: NDArray[np.bool_]) -> bool:
    """Rows of print, or long straight sides: a stamp."""
    labels, count = ndimage.label(mask, _EIGHT)
    boxes = ndimage.find_objects(labels)
    tall = np.array([b[0].stop - b[0].start for b in boxes]) / SCALE
    letters = (tall > 3.5) & (tall < 14)
    if count < 7 or letters.sum() < 7:
        return False
    return bool(np.std(tall[letters]) < 0.22 * np.mean(tall[letters]))
