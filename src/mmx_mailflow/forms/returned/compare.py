"""A returned page beside the page that was issued: what was written on it, and what print is gone.

Both are laid over each other piece by piece, since paper bends and cameras distort; what is then
on one and not on the other was written by somebody, or taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mmx_mailflow.forms.returned.came import Rectangle, ReturnedFile, Sheet
from mmx_mailflow.forms.returned.files import opened
from mmx_mailflow.forms.returned.sheet import Grey
from mmx_mailflow.forms.shape import HEIGHT, MARGIN, QR, WIDTH, code_corners, mark_centres

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
Values = TypeVar("Values", Field, Mask)
_SCALE = 1.25
"""Pixels a point here: coarse enough to be quick, fine enough for a pen."""
_WIDE, _HIGH = round(WIDTH * _SCALE), round(HEIGHT * _SCALE)
_COLUMNS, _ROWS, _CELL = 12, 15, 64
_REACH = 6
"""How far a piece of the page may lie from where it was printed, in pixels."""
_DARK, _PRINT, _GONE = 0.3, 0.12, 0.14
_LIKE = 0.35
"""Pieces that are less alike than this tell nothing about where they lie."""
_MOST_UNLIKE = 0.12
_TICK_DARK, _TICKED = 0.25, 0.2
_LEAST = 14
"""Fewer dark pixels than this in a field are specks."""
_STRUCK, _VANISHED = 0.5, 0.6
_END_TO_END, _LETTERS_ALONE = 0.92, 0.72


@dataclass(frozen=True, slots=True)
class Blank:
    """One page as it was issued."""

    dark: Field = field(repr=False)
    boxes: dict[str, Rectangle]
    """Where its fields stand, in points from the lower left."""
    values: dict[str, str] = field(repr=False)
    """What the fields were prefilled with."""
    print: tuple[tuple[Rectangle, str], ...] = field(repr=False)
    """Its text, line by line, and where it stands."""
    pieces: tuple[str, ...] = field(repr=False)
    """The same in pieces of one font."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a page holds beyond the issued one."""

    written: tuple[str, ...] = ()
    """Fields with handwriting, boxes that were ticked by hand."""
    altered: tuple[str, ...] = ()
    """Printed pieces that are struck out or gone, by their first word."""
    beside: int = 0
    """How many pieces of writing stand where there is nothing to fill in."""


def issued_pages(content: bytes) -> tuple[Blank, ...]:
    """The pages of a form as it was issued; none when it cannot be opened."""
    return _pages(content) if content else ()


@lru_cache(maxsize=3)
def _pages(content: bytes) -> tuple[Blank, ...]:
    sheets, _ = opened([ReturnedFile(name="", content=content)])
    return tuple(
        Blank(
            dark=_darkness(np.asarray(sheet.picture)),
            boxes=sheet.boxes,
            values=sheet.fields,
            print=_lines(sheet.print),
            pieces=sheet.texts,
        )
        for sheet in sheets
    )


def _lines(pieces: Sequence[tuple[Rectangle, str]]) -> tuple[tuple[Rectangle, str], ...]:
    """Pieces that follow one another on a line, as one: a label and its sentence."""
    lines: list[tuple[Rectangle, str]] = []
    for place, words in pieces:
        if lines and _follows(lines[-1][0], place):
            before, said = lines[-1]
            whole = (before[0], min(before[1], place[1]), place[2], max(before[3], place[3]))
            lines[-1] = (whole, f"{said.rstrip()} {words}")
        else:
            lines.append((place, words))
    return tuple(lines)


def _follows(before: Rectangle, place: Rectangle) -> bool:
    near = -1 < place[0] - before[2] < 9
    level = min(before[3], place[3]) - max(before[1], place[1])
    found: bool = near and level > 0.5 * min(before[3] - before[1], place[3] - place[1])
    return found


def compared(page: Grey, blank: Blank) -> Compared | None:
    """What was written on a straightened page, or None when the two do not lie over each other."""
    here = _laid_over(_darkness(page), blank.dark)
    if here is None:
        return None
    extra = (here > _DARK) & ~(ndimage.maximum_filter(blank.dark, 5) > _PRINT)
    added = _strokes(extra)
    written = tuple(
        name for name, box in blank.boxes.items() if _filled(here, added, name, box, blank)
    )
    return Compared(
        written=written,
        altered=_altered(here, extra, blank),
        beside=_beside(added, blank),
    )


def typed_over(sheet: Sheet, blank: Blank) -> dict[str, str]:
    """The values that became print when a filled form was flattened, by field."""
    found: dict[str, str] = {}
    for name, box in blank.boxes.items():
        pieces = [words for place, words in sheet.print if _middle_in(place, box)]
        words = " ".join(" ".join(pieces).split())
        if words:
            found[name] = words[:2_000]
    return found


def reworded(sheet: Sheet, blank: Blank) -> tuple[str, ...]:
    """Printed lines of the issued page that a file with text does not hold any more."""
    if not sheet.print:
        return ()
    there = _letters(" ".join(words for _, words in sheet.print))
    if len(there) < 0.3 * len(_letters(" ".join(blank.pieces))):
        return ()  # a scan with a few words laid over it
    gone = [w for w in blank.pieces if len(_letters(w)) > 5 and _letters(w) not in there]
    return tuple(dict.fromkeys(_first_word(words) for words in gone))


def _letters(words: str) -> str:
    return "".join(c for c in words if c.isalnum())


def _first_word(words: str) -> str:
    return words.split(maxsplit=1)[0][:24]


def _middle_in(place: Rectangle, box: Rectangle) -> bool:
    x, y = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
    inside: bool = box[0] <= x <= box[2] and box[1] - 1 <= y <= box[3] + 1
    return inside


# --- laying one page over the other ----------------------------------------


def _darkness(page: Grey) -> Field:
    """How dark each pixel is against the paper around it, 0 to 1, at this module's scale."""
    image = Image.fromarray(page).resize((_WIDE, _HIGH), Image.Resampling.BOX)
    grey = np.asarray(image, np.float32)
    paper = ndimage.percentile_filter(grey[::4, ::4], 70, size=9)
    paper = ndimage.gaussian_filter(paper, 2)
    full = np.kron(paper, np.ones((4, 4), np.float32))[:_HIGH, :_WIDE]
    dark: Field = np.clip(1 - grey / np.maximum(full, 16), 0, 1).astype(np.float32)
    return dark


def _laid_over(page: Field, blank: Field) -> Field | None:
    """The page moved piece by piece onto the issued one, first roughly, then finely."""
    rough, alike = _moves(page[::2, ::2], blank[::2, ::2], _REACH // 2)
    moved = _moved(page, [2 * move for move in rough], alike)
    fine, alike = _moves(moved, blank, 2)
    printed = _cells(blank, _CELL) > 40
    if (alike[printed] < _LIKE).mean() > _MOST_UNLIKE:
        return None
    return _moved(moved, fine, alike)


def _moved(page: Field, moves: Sequence[Field], alike: Field) -> Field:
    """The page with each cell moved; cells that tell nothing go with those around them."""
    weight = np.where(alike > _LIKE, alike, 1e-3)
    smooth = [
        ndimage.gaussian_filter(move * weight, 0.7) / ndimage.gaussian_filter(weight, 0.7)
        for move in moves
    ]
    ys, xs = np.mgrid[0:_HIGH, 0:_WIDE].astype(np.float32)
    down, right = (_spread(s) for s in smooth)
    moved: Field = ndimage.map_coordinates(page, [ys + down, xs + right], order=1, mode="nearest")
    return moved


def _spread(cells: NDArray[np.floating]) -> Field:
    """A value a cell, drawn out to a value a pixel; the foot goes with the last row."""
    size = (_COLUMNS * _CELL, _ROWS * _CELL)
    drawn = np.asarray(
        Image.fromarray(cells.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
    )
    found: Field = np.pad(drawn, ((0, _HIGH - size[1]), (0, 0)), mode="edge")[:, :_WIDE]
    return found


def _moves(page: Field, blank: Field, reach: int) -> tuple[tuple[Field, Field], Field]:
    """For each cell the shift that makes it most like the issued one, and how alike it is then."""
    cell = _CELL * page.shape[0] // _HIGH
    soft, print_ = ndimage.gaussian_filter(page, 1.0), ndimage.gaussian_filter(blank, 1.0)
    steps = sorted(range(-reach, reach + 1), key=abs)
    size = _cells(print_**2, cell)
    best = np.full((_ROWS, _COLUMNS), -1.0, np.float32)
    downs, rights = np.zeros_like(best), np.zeros_like(best)
    for down in steps:
        for right in steps:
            there = np.roll(soft, (-down, -right), (0, 1))
            score = _cells(there * print_, cell) / np.sqrt(size * _cells(there**2, cell) + 1e-3)
            better = score > best + 1e-6
            best[better], downs[better], rights[better] = score[better], down, right
    return (downs, rights), best


def _cells(values: Field, cell: int) -> Field:
    """The sum of each cell; what is left at the foot belongs to the last row."""
    high, wide = values.shape
    padded = np.zeros(((_ROWS + 1) * cell, _COLUMNS * cell), np.float32)
    padded[:high, :wide] = values[: (_ROWS + 1) * cell, : _COLUMNS * cell]
    blocks = padded.reshape(_ROWS + 1, cell, _COLUMNS, cell).sum(axis=(1, 3))
    blocks[_ROWS - 1] += blocks[_ROWS]
    found: Field = blocks[:_ROWS]
    return found


def _strokes(extra: Mask) -> Mask:
    """What somebody may have written of what is dark and was not printed: no specks, no creases."""
    labels, count = ndimage.label(extra, np.ones((3, 3), bool))
    keep = np.zeros(count + 1, bool)
    for number, spot in enumerate(ndimage.find_objects(labels), 1):
        keep[number] = not _speck_or_line(labels[spot] == number)
    kept: Mask = keep[labels]
    return kept


def _speck_or_line(mine: Mask) -> bool:
    """Too small to be written, or long and straight from end to end."""
    high, wide = mine.shape
    if mine.sum() < 6 or max(high, wide) < 2.4 * _SCALE:
        return True
    if max(high, wide) < 30 * _SCALE:
        return False
    cells = np.argwhere(mine).astype(np.float32)
    cells -= cells.mean(axis=0)
    spread = np.linalg.svd(cells.T @ cells / len(cells), compute_uv=False)
    thin: bool = bool(np.sqrt(spread[1]) < 1.6)
    return thin


# --- what that tells --------------------------------------------------------


def _cut(values: Values, box: Rectangle, grow: float = 0) -> Values:
    left, low, right, high = box
    rows = slice(
        max(0, round((HEIGHT - high - grow) * _SCALE)),
        max(0, round((HEIGHT - low + grow) * _SCALE)),
    )
    columns = slice(max(0, round((left - grow) * _SCALE)), max(0, round((right + grow) * _SCALE)))
    return values[rows, columns]


def _filled(here: Field, added: Mask, name: str, box: Rectangle, blank: Blank) -> bool:
    """Whether a person wrote into a field; a box that was ticked in print stays as it is."""
    if name.endswith((".signature", ".date")):
        return False  # the places to sign are judged on their own
    if _is_box(box):
        return name not in blank.values and _ticked(here, blank.dark, box)
    return _written(_cut(added, box, 1.5)) or (name in blank.values and _gone(here, blank, box))


def _gone(here: Field, blank: Blank, box: Rectangle) -> bool:
    """Whether most of what was printed there is not there any more."""
    print_ = _cut(blank.dark, box) > 0.5
    if print_.sum() < _LEAST:
        return False
    near = ndimage.maximum_filter(_cut(here, box), 5)
    return bool((near[print_] < _GONE).mean() > _VANISHED)


def _ticked(here: Field, blank: Field, box: Rectangle) -> bool:
    """Whether something stands inside a box, whose frame is looked for anew right around it."""
    frame = _cut(blank, box, 2)
    left, low, right, high = box
    best, found = -1.0, box
    for down in range(-4, 5):
        for aside in range(-4, 5):
            x, y = aside / _SCALE, -down / _SCALE
            there = (left + x, low + y, right + x, high + y)
            part = _cut(here, there, 2)
            score = float((part * frame).sum()) if part.shape == frame.shape else -1.0
            if score > best:
                best, found = score, there
    return bool((_cut(here, found, -2.4) > _TICK_DARK).mean() > _TICKED)


def _written(part: Mask) -> bool:
    """Strokes of a hand: neither spots nor a streak that runs down through the field."""
    labels, _ = ndimage.label(part, np.ones((3, 3), bool))
    strokes = 0
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        high, wide = rows.stop - rows.start, columns.stop - columns.start
        streak = wide < 3 * _SCALE and high > 0.8 * part.shape[0]
        if max(high, wide) >= 4.5 * _SCALE and not streak:
            strokes += int((labels[rows, columns] == number).sum())
    return strokes >= _LEAST


def _is_box(box: Rectangle) -> bool:
    return box[2] - box[0] < 14 and box[3] - box[1] < 14


def _altered(here: Field, extra: Mask, blank: Blank) -> tuple[str, ...]:
    """Printed pieces that a stroke runs through, or that are not there any more."""
    found = []
    for place, words in blank.print:
        if place[2] - place[0] < 40 or place[1] < MARGIN:
            continue
        gone = _gone(here, blank, place)
        struck = _struck(here, blank.dark, place) and not _crease(extra, place)
        if gone or struck:
            found.append(_first_word(words))
    return tuple(dict.fromkeys(found))


def _struck(here: Field, blank: Field, place: Rectangle) -> bool:
    """Whether a stroke joins the letters of a printed piece, over half of it at least."""
    now, before = _cut(here, place), _cut(blank, place)
    step = round(24 * _SCALE)
    starts = range(0, now.shape[1] - step // 2, step)
    joined = [
        _joined(now[:, a : a + step]) > _END_TO_END
        and _joined(before[:, a : a + step]) < _LETTERS_ALONE
        for a in starts
    ]
    return len(joined) > 0 and sum(joined) / len(joined) > _STRUCK


def _joined(part: Field) -> float:
    """The share of its darkest row that is dark: letters alone leave gaps."""
    rows = ndimage.maximum_filter1d(part, 2, axis=0) > _DARK
    return float(rows.mean(axis=1).max(initial=0))


def _along(extra: Mask, place: Rectangle) -> float:
    """The share of a printed piece along which something dark runs."""
    part = _cut(extra, place, -1).any(axis=0)
    return float(part.mean()) if part.size else 0.0


def _crease(extra: Mask, place: Rectangle) -> bool:
    """Whether what runs through a piece goes on to the rims of the paper, as a fold does."""
    _, low, _, high = place
    rims = [(14.0, low - 6, 38.0, high + 6), (WIDTH - 38, low - 6, WIDTH - 14, high + 6)]
    return any(_along(extra, rim) > _STRUCK for rim in rims)


def _beside(added: Mask, blank: Blank) -> int:
    """Pieces of writing outside the fields, the places and the rims of the page."""
    free = added.copy()
    free[: round(18 * _SCALE)] = free[-round(18 * _SCALE) :] = False
    free[:, : round(18 * _SCALE)] = free[:, -round(18 * _SCALE) :] = False
    corners = code_corners()
    marks = [(x - 16, y - 16, x + 16, y + 16) for x, y in mark_centres()]
    code = (corners[0][0] - 8, corners[3][1] - 8, corners[0][0] + QR + 8, corners[0][1] + 8)
    for box in (*blank.boxes.values(), *marks, code):
        _cut(free, box, 16)[...] = False
    joined = ndimage.binary_dilation(free, iterations=5)
    labels, count = ndimage.label(joined)
    if count == 0:
        return 0
    ink = ndimage.sum_labels(free, labels, np.arange(1, count + 1))
    boxes = ndimage.find_objects(labels)
    return sum(
        1
        for size, (rows, columns) in zip(ink, boxes, strict=True)
        if size >= 60 and _is_writing(rows, columns)
    )


def _is_writing(rows: slice, columns: slice) -> bool:
    """Neither a thin line nor a shadow's rim across the page."""
    high, wide = rows.stop - rows.start - 10, columns.stop - columns.start - 10
    size: bool = 4 * _SCALE < high < 90 * _SCALE and 12 * _SCALE < wide < 400 * _SCALE
    return size
