"""What the dark spots in a place are: writing, or dust, a crease, the rim of a cup, a stamp.

Ink alone says little: a crease is as dark as a faint initial. So pieces are told apart by their
shape, what is explained as no writing is left out, and only the remainder is measured.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from mmx_mailflow.forms.returned.sheet import SCALE

Field = NDArray[np.float64]
Mask = NDArray[np.bool_]
Spot = tuple[slice, ...]
"""Where a piece lies: rows, columns."""
_EIGHT = np.ones((3, 3), bool)
_LEAST, _SURE = 0.07, 4.2
"""How dark ink is at the least, and how many times darker than the paper varies."""
_STEP, _STRONG = 0.9, 1.5
"""How sharply a piece must stand out to be there, and to count: times what is dark at all."""
_RIM = 10.0
"""How far from the rim a bent frame may show in its place, in points."""
_BLOB = 5.5
"""The largest dust, in points."""
_LETTER = (3.6, 13.5)
"""How high the letters of a stamp stand, turned a little, in points."""
_CUP = (34.0, 150.0)
"""The radius of the rim of a cup, in points: it always comes in and goes out of a place."""
_STAMP = (24.0, 62.0)
"""The radius of a round stamp, in points."""
_APART = 15.0
"""How far from a stamp writing must stand to be no part of it, in points."""
_LONG = 15.0
"""How long a stroke is that is no part of a stamp's letter, in points."""
_TURNS = np.radians(np.arange(0, 180, 6))
_LEVEL = [n for n, turn in enumerate(range(0, 90, 6)) if min(turn, 90 - turn) <= 18]
_INKED = 0.4
"""How dark what belongs to a letter is at the least, against the darkest ink beside it."""
_SIDES = (16.0, 20.0)
"""How long the two sides at a corner of a stamp are at the least, in points."""
_UNBROKEN = 0.92
_LEANS = (0.14, 0.2)
"""How far creases lean, along and down the page."""
_THROUGH, _CREASE = 0.6, 1.8
"""How much of the place a crease runs through, and half its width in points."""
_SQUARE = (87.5, 90.0, 92.5, -87.5, -90.0, -92.5)
_LEAN = 28.0


@dataclass(frozen=True, slots=True)
class Marks:
    """What was measured inside a frame, in points; the verdict is `judged` from it."""

    contrast: float = 0.0
    """How dark the darkest writing is against the paper, 0 to 1."""
    length: float = 0.0
    """How long the strokes are together."""
    width: float = 0.0
    height: float = 0.0
    tallest: float = 0.0
    """How high the highest piece is."""
    bends: float = 0.0
    """How often strokes turn or cross: rows and columns that meet them three times, in points."""
    pieces: int = 0
    faint: float = 0.0
    """Length of what is too faint to count."""
    covered: float = 0.0
    """Share of the place that is dark."""
    letters: int = 0
    """Pieces as large as the letters of a stamp."""
    framed: bool = False
    """Two straight sides meet squarely, as the frame of a stamp does, or a circle is drawn."""
    tall: float = 0.0
    """How much of the height meets three strokes or more that are longer than a stamp's letters
    are high, in points: a frame or a ring is met twice at most."""
    square: float = 0.0
    """Share of the ink on such strokes that run one way or squarely across it, as rules do."""
    apart: bool = False
    """A piece that is writing by itself stands well away from all that is like a stamp."""


def measured_strokes(inside: Field, *, creases: bool = True) -> Marks:
    """Everything darker than the paper, told apart by its shape.

    Without `creases` straight lines from side to side are taken out first, whatever they cross.
    """
    smooth = ndimage.gaussian_filter(inside, 0.8)
    level = np.maximum(_LEAST, _SURE * _grain(smooth))
    dark = smooth > level
    labels, _ = ndimage.label(dark if creases else _without_creases(dark), _EIGHT)
    kept, faint = np.zeros(inside.shape, bool), np.zeros(inside.shape, bool)
    for number, spot in enumerate(ndimage.find_objects(labels), 1):
        mine = labels[spot] == number
        if _is_dust(mine) or _is_crease(mine, spot, inside.shape):
            continue
        step = _step(smooth, labels, number, spot)
        if step > _STEP * float(level[spot][mine].mean()):
            strong = step > _STRONG * float(level[spot][mine].mean())
            strong = strong and not _is_at_the_rim(spot, inside.shape)
            (kept if strong else faint)[spot] |= mine
    rim = _rim_of_a_cup(kept | faint)
    if rim is not None:
        kept, faint = _without(kept, rim), _without(faint, rim)
    return _measures(kept, faint, smooth)


def _grain(smooth: Field) -> Field:
    """How much the paper varies here and there: noise is stronger in a shadow."""
    usual = 1.4826 * float(np.median(np.abs(smooth - np.median(smooth))))
    capped = np.clip(smooth, -3 * usual, 3 * usual) ** 2
    found: Field = np.sqrt(np.maximum(ndimage.uniform_filter(capped, 48, mode="nearest"), 0))
    return found


def _step(smooth: Field, labels: NDArray[np.signedinteger], number: int, spot: Spot) -> float:
    """How much darker a piece is than what lies around it: shades have no edge."""
    rim = round(3.0 * SCALE)
    part = tuple(slice(max(0, s.start - rim), s.stop + rim) for s in spot)
    mine = labels[part] == number
    near = ndimage.binary_dilation(mine, _EIGHT, iterations=2)
    around = ndimage.binary_dilation(near, _EIGHT, iterations=rim - 2) & (labels[part] == 0) & ~near
    if not around.any():
        return 0.0
    return float(np.percentile(smooth[part][mine], 85) - np.mean(smooth[part][around]))


def _measures(kept: Mask, faint: Mask, smooth: Field) -> Marks:
    rows, columns = np.nonzero(kept)
    pale = _length(faint)
    if not len(rows):
        return Marks(faint=pale)
    core = kept & (smooth > _INKED * _peak(kept, smooth))
    letters = _letters(core)
    long, square = _long_strokes(core)
    labels, count = ndimage.label(kept, _EIGHT)
    spots = ndimage.find_objects(labels)
    pieces = [labels[spot] == n for n, spot in enumerate(spots, 1)]
    framed = [_is_frame(piece) for piece in pieces]
    stamp = [*letters, *(spot for spot, is_frame in zip(spots, framed, strict=True) if is_frame)]
    return Marks(
        contrast=float(np.percentile(smooth[kept], 80)),
        length=_length(kept),
        width=float(np.percentile(columns, 98) - np.percentile(columns, 2)) / SCALE,
        height=float(np.percentile(rows, 98) - np.percentile(rows, 2)) / SCALE,
        tallest=max(spot[0].stop - spot[0].start for spot in spots) / SCALE,
        bends=_bends(kept),
        pieces=int(count),
        faint=pale,
        covered=float(kept.mean()),
        letters=sum(max(1, round((spot[1].stop - spot[1].start) / SCALE / 9)) for spot in letters),
        framed=any(framed),
        tall=float((_met(long, 1) > 2).sum()) / SCALE,
        square=square,
        apart=any(
            _is_writing(piece) and all(_is_far(spot, other) for other in stamp)
            for spot, piece in zip(spots, pieces, strict=True)
        ),
    )


# --- what is no writing --------------------------------------------------


def _without_creases(dark: Mask) -> Mask:
    """The mask without straight lines that come in at one side and go out at the other."""
    left = _without_lines(dark, _LEANS[0], step=4)
    rest: Mask = _without_lines(left.T, _LEANS[1], step=2).T
    return rest


def _without_lines(dark: Mask, lean: float, step: int) -> Mask:
    """Without lines that run from the first to the last column, or as far as they are inside."""
    high, wide = dark.shape
    near = ndimage.binary_dilation(dark, _EIGHT)
    columns = np.arange(0, wide, step)
    starts = np.arange(-lean * wide, high + lean * wide, 2.0)
    rest = dark.copy()
    for slope in np.linspace(-lean, lean, round(lean * wide) | 1):
        rows = np.round(starts[:, None] + slope * columns).astype(int)
        inside = (rows >= 0) & (rows < high)
        met = (near[np.clip(rows, 0, high - 1), columns] & inside).sum(axis=1)
        seen = inside.sum(axis=1)
        for start in starts[(seen > _THROUGH * len(columns)) & (met > _UNBROKEN * seen)]:
            line = np.arange(high)[:, None] - start - slope * np.arange(wide)[None, :]
            rest &= np.abs(line) > _CREASE * SCALE
    return rest


def _is_dust(mine: Mask) -> bool:
    """A speck: small, or a compact blot no larger than dust."""
    high, wide = mine.shape
    if max(high, wide) < 3.2 * SCALE or mine.sum() < 9:
        return True
    return max(high, wide) < _BLOB * SCALE and float(mine.mean()) > 0.4


def _is_crease(mine: Mask, spot: Spot, shape: tuple[int, ...]) -> bool:
    """A line that comes in and goes out, nearly straight: a fold, the streak of a scanner.

    A bent fold and the rim of a cup that passes are lines too.
    """
    ys, xs = (v.astype(float) for v in np.nonzero(mine))
    rows, columns = spot
    upright = mine.shape[0] > mine.shape[1]
    along, across = (ys, xs) if upright else (xs, ys)
    if len(along) < 3 or np.ptp(along) < 3 * SCALE:
        return False
    middle = along - along.mean()
    bent = across - np.polyval(np.polyfit(middle, across, 2), middle)
    straight = across - np.polyval(np.polyfit(middle, across, 1), middle)
    ends = [rows.start <= 2, rows.stop >= shape[0] - 2, columns.start <= 2, columns.stop >= shape[1] - 2]  # fmt: skip
    through = (ends[0] and ends[1]) if upright else (ends[2] and ends[3])
    wide = np.percentile(np.abs(bent), 97) / SCALE
    if through and wide < max(1.6, min(4.5, 0.08 * np.ptp(along) / SCALE)):
        return bool(_thick(mine) > 0.5 * wide)
    narrow = np.percentile(np.abs(straight), 97) / SCALE
    if narrow > 1.3:
        return False
    long = float(np.ptp(along)) / SCALE
    return sum(ends) >= 2 or long > 60 or (narrow < 0.8 and sum(ends) >= 1 and long > 12)


def _thick(mine: Mask) -> float:
    """Half of how thick a piece is, in points."""
    deep = ndimage.distance_transform_cdt(np.pad(mine, 1), "chessboard")
    return float(np.percentile(deep[deep > 0], 90)) / SCALE


def _is_at_the_rim(spot: Spot, shape: tuple[int, ...]) -> bool:
    """Whether a piece only reaches in a little: a bent sheet shows its printed frame so."""
    rows, columns = spot
    reach = [rows.stop, shape[0] - rows.start, columns.stop, shape[1] - columns.start]
    at = [rows.start <= 2, rows.stop >= shape[0] - 2, columns.start <= 2, columns.stop >= shape[1] - 2]  # fmt: skip
    return any(edge and far < _RIM * SCALE for edge, far in zip(at, reach, strict=True))


def _rim_of_a_cup(dark: Mask) -> Mask | None:
    """The ring on which most of what is dark lies, when it is the rim of a cup."""
    ring = _ring(dark, (9.0, 6.0, 5.0, 4.5), _CUP)
    if ring is None or _drawn_round(dark, ring, 4.5) < 0.85:
        return None
    return _off(dark.shape, ring) < 5.5


Ring = tuple[float, float, float]
"""A circle in cells: across, down, radius."""


def _ring(dark: Mask, widths: tuple[float, ...], radii: tuple[float, float]) -> Ring | None:
    """The circle on which more than half of what is dark lies, nearer and nearer."""
    ys, xs = (v.astype(float) for v in np.nonzero(dark))
    take = np.ones(len(xs), bool)
    ring = None
    for wide in widths:
        if take.sum() < 60 or take.mean() < 0.5:
            return None
        ring = _circle(xs[take], ys[take])
        if ring is None:
            return None
        take = np.abs(np.hypot(xs - ring[0], ys - ring[1]) - ring[2]) < wide * SCALE
    if ring is None or take.mean() < 0.5 or not radii[0] < ring[2] / SCALE < radii[1]:
        return None
    return ring


def _off(shape: tuple[int, ...], ring: Ring) -> Field:
    """How far each cell lies from the circle, in points."""
    columns, rows = np.arange(shape[1])[None, :], np.arange(shape[0])[:, None]
    far: Field = np.abs(np.hypot(columns - ring[0], rows - ring[1]) - ring[2]) / SCALE
    return far


def _circle(xs: Field, ys: Field) -> tuple[float, float, float] | None:
    """The circle through these cells, least squares."""
    if len(xs) < 20:
        return None
    middle = xs.mean(), ys.mean()
    u, v = xs - middle[0], ys - middle[1]
    a = np.column_stack([u, v, np.ones(len(u))])
    solved = np.linalg.lstsq(a, u**2 + v**2, rcond=None)[0]
    radius = solved[2] + (solved[0] ** 2 + solved[1] ** 2) / 4
    if radius <= 0:
        return None
    x, y = solved[0] / 2 + middle[0], solved[1] / 2 + middle[1]
    return float(x), float(y), float(np.sqrt(radius))


def _drawn_round(dark: Mask, ring: Ring, wide: float) -> float:
    """How much of the circle, as far as it lies in the place, is drawn: from rim to rim."""
    ys, xs = np.nonzero(dark & (_off(dark.shape, ring) < wide))
    turns = np.arctan2(ys - ring[1], xs - ring[0])
    drawn = np.zeros(360, bool)
    drawn[((turns + np.pi) / (2 * np.pi) * 360).astype(int) % 360] = True
    angle = (np.arange(360) + 0.5) / 360 * 2 * np.pi - np.pi
    x, y = ring[0] + ring[2] * np.cos(angle), ring[1] + ring[2] * np.sin(angle)
    inside = (x > 3) & (x < dark.shape[1] - 3) & (y > 3) & (y < dark.shape[0] - 3)
    return float(drawn[inside].mean()) if inside.sum() > 30 else 0.0


def _without(mask: Mask, ring: Mask) -> Mask:
    """The pieces that do not lie on the ring, whole."""
    labels, count = ndimage.label(mask, _EIGHT)
    if not count:
        return mask
    share = ndimage.mean(ring, labels, np.arange(1, count + 1))
    keep = np.concatenate([[False], np.asarray(share) < 0.9])
    rest: Mask = keep[labels]
    return rest


# --- what is like a stamp ------------------------------------------------


def _letters(mask: Mask) -> list[Spot]:
    """The pieces that are as large as letters, or as two that touch."""
    labels, _ = ndimage.label(mask, _EIGHT)
    low, most = _LETTER
    found: list[Spot] = []
    for spot in ndimage.find_objects(labels):
        high, wide = ((s.stop - s.start) / SCALE for s in spot)
        if low < high < most and low / 2 < wide < 1.6 * most:
            found.append(spot)
    return found


def _long_strokes(mask: Mask) -> tuple[Mask, float]:
    """What lies on nearly straight strokes longer than a stamp's letters, whatever their lean.

    And the share of the ink that lies on those that run one way or squarely across it, along and
    down the page as far as stamps and folds do: a zigzag goes up and down steeply.
    """
    columns = np.nonzero(mask.any(axis=0))[0]
    part = slice(columns[0], columns[-1] + 1) if len(columns) else slice(0)
    ways = np.array([_along(mask[:, part], turn) for turn in _TURNS])
    near = ways | np.roll(ways, 1, axis=0) | np.roll(ways, -1, axis=0)
    half = len(_TURNS) // 2
    square = (near[:half] | near[half:])[_LEVEL].sum(axis=(1, 2)).max()
    long = np.zeros(mask.shape, bool)
    long[:, part] = ways.any(axis=0)
    return long, float(square / max(1, mask.sum()))


def _along(mask: Mask, turn: float) -> Mask:
    """The cells that a line of `_LONG` points at this angle covers when all of it is inked."""
    reach = round(_LONG * SCALE)
    steps = np.arange(reach)[:, None] * (np.sin(turn), np.cos(turn))
    high, wide = mask.shape
    places = [
        (slice(y, y + high), slice(x, x + wide)) for y, x in reach + steps.round().astype(int)
    ]
    dark = np.pad(mask, reach)
    starts = np.logical_and.reduce([dark[place] for place in places])
    covered = np.zeros(dark.shape, bool)
    if starts.any():
        for place in places:
            covered[place] |= starts
    found: Mask = covered[reach : reach + high, reach : reach + wide]
    return found


def _is_writing(piece: Mask) -> bool:
    """Whether a piece is long and winding enough to be a signature without the others.

    Frames and rings are hollow: a row or a column meets one twice at most, a winding line thrice.
    """
    high, wide = (n / SCALE for n in piece.shape)
    if min(high, wide) < 12 or _length(piece) < 60:
        return False
    return sum(float((_met(piece, axis) > 2).sum()) for axis in (0, 1)) / SCALE > 9


def _is_far(spot: Spot, other: Spot) -> bool:
    """Whether two pieces stand well apart, along or down the page."""
    gaps = (max(a.start - b.stop, b.start - a.stop) for a, b in zip(spot, other, strict=True))
    return bool(max(gaps) > _APART * SCALE)


def _peak(kept: Mask, smooth: Field) -> Field:
    """How dark the ink is around here: letters that run into one another are parted by it."""
    size = round(6 * SCALE)
    found: Field = ndimage.grey_dilation(np.where(kept, smooth, 0.0), size=(size, size))
    return found


def _is_frame(mine: Mask) -> bool:
    """Whether a piece has two straight sides that meet squarely, or lies on a circle."""
    if max(mine.shape) < _SIDES[0] * SCALE:
        return False
    ring = _ring(mine, (4.0, 3.0, 2.5), _STAMP)
    if ring is not None and _drawn_round(mine, ring, 2.5) > 0.7:
        return float((_off(mine.shape, ring)[mine] < 2.5).mean()) > 0.8
    wider = np.pad(mine, 3)
    hull = _hull(wider)
    for here, there in itertools.pairwise([*hull, hull[0]] if len(hull) else []):
        side = there - here
        if np.hypot(*side) < _SIDES[0] * SCALE or not _level(side):
            continue
        if _drawn(wider, here, there) < _UNBROKEN:
            continue
        ends = itertools.product((here, there), _SQUARE)
        if any(_drawn(wider, end, end + _turned(side, turn)) > _UNBROKEN for end, turn in ends):
            return True
    return False


def _hull(mine: Mask) -> NDArray[np.float64]:
    """The corners around a piece, those between sides that run on the same way left out."""
    cells = np.argwhere(mine & ~ndimage.binary_erosion(mine)).astype(float)
    try:
        hull = cells[ConvexHull(cells).vertices]
    except QhullError:
        return np.zeros((0, 2))
    while len(hull) > 3:
        before, after = hull - np.roll(hull, 1, axis=0), np.roll(hull, -1, axis=0) - hull
        turn = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0])
        base = np.hypot(*(np.roll(hull, -1, axis=0) - np.roll(hull, 1, axis=0)).T)
        off = turn / np.maximum(base, 1e-9)
        if off.min() > 1.5:
            break
        hull = np.delete(hull, int(off.argmin()), axis=0)
    return hull


def _level(side: NDArray[np.float64]) -> bool:
    """Whether a side runs along or down the page, as far as stamps are set straight."""
    lean = np.degrees(np.arctan2(*np.abs(side))) % 90
    return bool(min(lean, 90 - lean) < _LEAN)


def _turned(side: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """A side of the least length that stands to this one at so many degrees."""
    turn = np.radians(degrees)
    unit = side / np.hypot(*side)
    c, s = np.cos(turn), np.sin(turn)
    return np.array([c * unit[0] - s * unit[1], s * unit[0] + c * unit[1]]) * _SIDES[1] * SCALE


def _drawn(mine: Mask, here: NDArray[np.float64], there: NDArray[np.float64]) -> float:
    """How much of a side is inked, a little to one side or the other of it at best."""
    steps = np.linspace(0.04, 0.96, 40)[:, None]
    line = here + steps * (there - here)
    across = np.array([there[1] - here[1], here[0] - there[0]]) / np.hypot(*(there - here))
    best = 0.0
    for off in (-4, -2.5, -1, 0, 1, 2.5, 4):
        cells = np.round(line + off * across).astype(int)
        inside = ((cells >= 0) & (cells < mine.shape)).all(axis=1)
        kept = np.clip(cells, 0, np.array(mine.shape) - 1)
        best = max(best, float((mine[kept[:, 0], kept[:, 1]] & inside).mean()))
    return best


# --- measures ------------------------------------------------------------


def _length(mask: Mask) -> float:
    """About how long the strokes of a mask are, in points: area over their width."""
    area = float(mask.sum())
    if not area:
        return 0.0
    deep = ndimage.distance_transform_cdt(np.pad(mask, 1), "chessboard")
    width = max(1.5, 4 * float(deep[deep > 0].mean()) - 2)
    return area / width / SCALE


def _bends(mask: Mask) -> float:
    """How much of the place is crossed three times and more, by rows and by columns, in points."""
    down, along = _met(mask, 0), _met(mask, 1)
    return float((down > 1).sum() * 0.5 + (along > 2).sum()) / SCALE


def _met(mask: Mask, axis: int) -> NDArray[np.int64]:
    """How many strokes each column, or each row, meets."""
    found: NDArray[np.int64] = (np.diff(np.pad(mask, 1).astype(np.int8), axis=axis) == 1).sum(axis)
    return found
