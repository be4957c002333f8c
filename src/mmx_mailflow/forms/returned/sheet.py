"""Finding the page in a picture: by its square code, then by its corner marks.

The code alone gives a rough guess; each mark that is found makes it better for the next. Where
marks are missing, the printed frames of the places stand in. What is still bent afterwards is
for those frames to tell (`place.py`).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps
from scipy import ndimage

from mmx_mailflow.forms.returned.unbend import unbent
from mmx_mailflow.forms.shape import (
    HEIGHT,
    MARK,
    QR,
    WIDTH,
    PlaceBox,
    code_corners,
    date_of,
    mark_centres,
)

Grey = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Point = tuple[float, float]
Points = Sequence[Point]
SCALE = 2.5
"""Pixels for a point after straightening: 180 dpi."""
_REACH = (34.0, 90.0, 90.0, 70.0)
"""How far from the guess each mark is looked for, in points: the nearest to the code first."""
_FEWEST_MARKS = 2
_ASTRAY = 9.0
"""How far from their places the code's corners may come to lie, in points, on a bent sheet."""
_QUIET = 10.0
"""White around the code, in points."""
_MOST_BENT = 3
"""How many codes that cannot be read are bent back."""
_SMALL = 1.25
"""Pixels for a point where marks are looked for."""
_AROUND = 36.0
"""How far around a frame is looked for it, in points."""


# --- the code ------------------------------------------------------------


def codes(picture: Image.Image) -> list[tuple[str, Points]]:
    """The square codes in a picture with their four corners, upper left first.

    A picture without one is looked at again, a few times: larger, smaller, sharper, evenly lit;
    one that is there and cannot be read, on crumpled paper, is bent back (`unbend.py`).
    """
    tried: list[Points] = []
    for changed, scale in _looks(picture):
        found = _read(changed, broken=True)
        good = [(code.text, _corners(code.position, scale)) for code in found if code.valid]
        if good:
            return good[:10]
        for corners in (_corners(code.position, scale) for code in found):
            if len(tried) < _MOST_BENT and _is_square(corners) and not _is_near(corners, tried):
                tried.append(corners)
                words = _unbent(picture, corners)
                if words:
                    return [(words, corners)]
    return []


def _read(pixels: Image.Image | Grey, *, broken: bool = False) -> list[zxingcpp.Barcode]:
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found: list[zxingcpp.Barcode] = zxingcpp.read_barcodes(
        np.asarray(pixels), formats=formats, return_errors=broken
    )
    return found


def _unbent(picture: Image.Image, corners: Points) -> str:
    """The words of a code whose print has moved with the paper, or nothing."""
    left, high = code_corners()[0]
    whole = QR + 2 * _QUIET
    room = PlaceBox(0, "", left - _QUIET, high - QR - _QUIET, whole, whole)
    seen = _warped(picture, _homography(code_corners(), corners), room)
    for flat_code in unbent(seen, _QUIET / whole):
        found = _read(flat_code)
        if found:
            return found[0].text
    return ""


def _looks(picture: Image.Image) -> Iterator[tuple[Image.Image, float]]:
    """The picture as it is, then changed, with the scale of each."""
    yield picture, 1.0
    even = _evenly_lit(picture)
    for change, scale in _CHANGES:
        size = (round(picture.width * scale), round(picture.height * scale))
        if min(size) < 100 or max(size) > 4_000:
            continue
        resized = even if scale == 1 else even.resize(size, Image.Resampling.BICUBIC)
        yield change(resized), scale


_CHANGES: tuple[tuple[Callable[[Image.Image], Image.Image], float], ...] = (
    (lambda even: even, 1.0),
    (lambda even: even.filter(ImageFilter.GaussianBlur(1.2)), 1.0),
    (lambda even: even, 0.6),
    (lambda even: even.filter(ImageFilter.UnsharpMask(3, 200, 0)), 1.5),
    (lambda even: even.filter(ImageFilter.GaussianBlur(1.5)), 2.0),
)


def _evenly_lit(picture: Image.Image) -> Image.Image:
    """Paper white and ink black, whatever the light."""
    paper = np.asarray(_paper(picture, 12), np.uint16)
    lit = np.asarray(picture, np.uint16) * 255 // np.maximum(paper, 20)
    return ImageOps.autocontrast(Image.fromarray(np.minimum(lit, 255).astype(np.uint8)), 1)


def _paper(picture: Image.Image, cell: int) -> Image.Image:
    """The sheet without what is on it: dark spots smaller than six cells are gone."""
    coarse = picture.reduce(cell).filter(ImageFilter.MaxFilter(7)).filter(ImageFilter.MinFilter(7))
    return coarse.resize(picture.size, Image.Resampling.BILINEAR)


def _corners(position: zxingcpp.Position, scale: float) -> Points:
    p = position
    return tuple(
        (c.x / scale, c.y / scale) for c in (p.top_left, p.top_right, p.bottom_right, p.bottom_left)
    )


def _is_square(corners: Points) -> bool:
    """Whether these can be the corners of a code that is seen, not only of a mistake."""
    sides = np.hypot(*np.diff(np.array([*corners, corners[0]], float), axis=0).T)
    return bool(sides.min() > 0.4 * QR and sides.max() < 1.5 * sides.min())


def _is_near(corners: Points, others: Sequence[Points]) -> bool:
    """Whether these are the corners of one of the others, about."""
    near = 0.15 * QR * pixels_a_point(corners)
    return any(float(np.abs(np.subtract(corners, other)).max()) < near for other in others)


def pixels_a_point(corners: Points) -> float:
    """How many pixels of the picture a point has, from the size of the code."""
    sides = np.diff(np.array([*corners, corners[0]], float), axis=0)
    return float(np.hypot(sides[:, 0], sides[:, 1]).mean()) / QR


# --- the page ------------------------------------------------------------


def straightened(
    picture: Image.Image, corners: Points, boxes: Sequence[PlaceBox] = ()
) -> Grey | None:
    """The page as it was printed, or None when too little of it is found.

    Where corner marks are missing, the frames of the `boxes` to sign and to date stand in.
    """
    if pixels_a_point(corners) < 0.4:
        return None
    points: list[Point] = list(code_corners())
    seen: list[Point] = list(corners)
    marks = _marks(picture, corners)
    if len(marks) == len(mark_centres()):
        return _warped(picture, _homography(list(marks), list(marks.values())))
    points += marks
    seen += marks.values()
    matrix = _homography(points, seen) if len(marks) > _FEWEST_MARKS else _affine(points, seen)
    held = 0
    # From the code downwards: each frame that is found makes the guess for the next one better.
    frames = [*boxes, *map(date_of, boxes)]
    for box in sorted(frames, key=lambda box: (-box.y, -box.x)):
        known = _frame(picture, matrix, box)
        if known:
            points += known
            seen += known.values()
            matrix = _homography(points, seen)
            held += 1
    if len(marks) + held < _FEWEST_MARKS:
        return None
    return _warped(picture, matrix)


def flat(picture: Image.Image) -> Grey:
    """A PDF page of the issued size needs no marks."""
    size = (round(WIDTH * SCALE), round(HEIGHT * SCALE))
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR))


def _affine(points: Points, seen: Points) -> Matrix:
    """From points to pixels without perspective: one taken from the small code points astray."""
    source = np.array([[x, y, 1.0] for x, y in points])
    solved = np.linalg.lstsq(source, np.array(seen, float), rcond=None)[0]
    return np.vstack([solved.T, [0.0, 0.0, 1.0]])


def _homography(points: Points, seen: Points) -> Matrix:
    """From points to pixels with perspective, least squares in balanced units."""
    source, target = np.array(points, float), np.array(seen, float)
    to, back = _balance(source), _balance(target)
    rows = []
    for (x, y), (u, v) in zip(_moved(to, source), _moved(back, target), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y, -u], [0, 0, 0, x, y, 1, -v * x, -v * y, -v]]
    solved = np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)
    whole: Matrix = np.linalg.inv(back) @ solved @ to
    whole /= whole[2, 2]
    return whole


def _balance(points: NDArray[np.float64]) -> Matrix:
    middle, spread = points.mean(axis=0), max(float(points.std()), 1e-9)
    return np.array(
        [[1 / spread, 0, -middle[0] / spread], [0, 1 / spread, -middle[1] / spread], [0, 0, 1]]
    )


def _moved(matrix: Matrix, points: NDArray[np.float64]) -> NDArray[np.float64]:
    whole = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    moved: NDArray[np.float64] = whole[:, :2] / whole[:, 2:]
    return moved


def _warped(picture: Image.Image, matrix: Matrix, part: PlaceBox | None = None) -> Grey:
    """The page seen straight, or a part of it."""
    left, high = (part.x, part.y + part.height) if part else (0.0, HEIGHT)
    wide, tall = (part.width, part.height) if part else (WIDTH, HEIGHT)
    unflip = np.array([[1 / SCALE, 0, left], [0, -1 / SCALE, high], [0, 0, 1]])
    # The inverse mapping is what the imaging library wants.
    data = matrix @ unflip
    data = data / data[2, 2]
    page = picture.transform(
        (round(wide * SCALE), round(tall * SCALE)),
        Image.Transform.PERSPECTIVE,
        tuple(float(v) for v in data.ravel()[:8]),
        Image.Resampling.BILINEAR,
        fillcolor=255,
    )
    return np.asarray(page)


def cut_out(page: Grey, box: tuple[float, float, float, float]) -> bytes:
    """A part of a straightened page, in points, as a picture for reading (PNG)."""
    left, low, right, high = box
    edges = (left * SCALE, (HEIGHT - high) * SCALE, right * SCALE, (HEIGHT - low) * SCALE)
    part = Image.fromarray(page).crop(edges)
    target = io.BytesIO()
    part.resize((part.width * 2, part.height * 2), Image.Resampling.BICUBIC).save(target, "PNG")
    return target.getvalue()


# --- marks and frames ----------------------------------------------------


def _marks(picture: Image.Image, corners: Points) -> dict[Point, Point]:
    """The corner marks that are found, each with where it is; none that disagrees with the code."""
    spots = _squares(picture, corners)
    code, side = code_corners(), pixels_a_point(corners)
    lower_left, lower_right, upper_left, upper_right = mark_centres()
    found: dict[Point, Point] = {}
    for mark, reach in zip((upper_right, upper_left, lower_right, lower_left), _REACH, strict=True):
        points, seen = [*code, *found], [*corners, *found.values()]
        # A perspective taken from the code and marks of one side points astray too.
        matrix = _homography(points, seen) if len(found) > _FEWEST_MARKS else _affine(points, seen)
        guess = _moved(matrix, np.array([mark]))[0]
        far = [float(np.hypot(*(guess - spot))) for spot in spots]
        if far and min(far) < reach * side:
            found[mark] = spots[int(np.argmin(far))]
    if len(found) < len(mark_centres()) or _agree(found, corners):
        return found
    fewer = [{m: s for m, s in found.items() if m != left} for left in found]
    return next((rest for rest in fewer if _agree(rest, corners)), {})


def _agree(found: dict[Point, Point], corners: Points) -> bool:
    """Whether the code stands where the marks say, and no mark was taken for two."""
    points, seen = list(found), list(found.values())
    if len(set(seen)) < len(seen):
        return False
    code = np.array(code_corners())
    if len(found) < len(mark_centres()):
        points, seen = [*points, *code_corners()], [*seen, *corners]
    off = _moved(_homography(points, seen), code) - np.array(corners)
    return float(np.hypot(off[:, 0], off[:, 1]).max()) < _ASTRAY * pixels_a_point(corners)


def _squares(picture: Image.Image, corners: Points) -> list[Point]:
    """The centres of the dark solid squares as large as a mark, whatever the light."""
    scale = min(1.0, _SMALL / pixels_a_point(corners))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    paper = np.asarray(_paper(small, 6), np.float32)
    labels, count = ndimage.label(np.asarray(small) < paper * 0.6)
    if not 0 < count < 20_000:
        return []
    side = MARK * pixels_a_point(corners) * scale
    found: list[Point] = []
    for number, spot in enumerate(ndimage.find_objects(labels), 1):
        high, wide = (s.stop - s.start for s in spot)
        if not 0.45 * side < min(high, wide) <= max(high, wide) < 2.2 * side:
            continue
        ys, xs = np.nonzero(labels[spot] == number)
        if not _solid(xs, ys, side):
            continue
        x, y = spot[1].start + float(xs.mean()) + 0.5, spot[0].start + float(ys.mean()) + 0.5
        found.append((x * picture.width / size[0], y * picture.height / size[1]))
    return found


def _solid(xs: NDArray[np.int64], ys: NDArray[np.int64], side: float) -> bool:
    """Whether these cells are a filled square, however it is turned."""
    if not 0.4 < len(xs) / side**2 < 1.8:
        return False
    spread = np.linalg.eigvalsh(np.cov(np.stack([xs, ys])))
    return bool(spread[1] < 2.6 * spread[0] and len(xs) > 0.82 * 12 * np.sqrt(spread.prod()))


def _frame(picture: Image.Image, matrix: Matrix, box: PlaceBox) -> dict[Point, Point]:
    """Where the corners of a printed frame lie; empty when it is not found whole."""
    around = PlaceBox(
        box.page,
        box.place,
        box.x - _AROUND,
        box.y - _AROUND,
        box.width + 2 * _AROUND,
        box.height + 2 * _AROUND,
    )
    seen = _warped(picture, matrix, around)
    paper = np.asarray(_paper(Image.fromarray(seen), 5), np.float32)
    labels, _ = ndimage.label(ndimage.binary_dilation(seen < paper * 0.8, np.ones((3, 3), bool)))
    for number, spot in enumerate(ndimage.find_objects(labels), 1):
        high, wide = ((s.stop - s.start) / SCALE for s in spot)
        if not (0.85 < wide / box.width < 1.2 and 0.8 < high / box.height < 1.6):
            continue
        ys, xs = np.nonzero(labels[spot] == number)
        local = _hook(xs + spot[1].start, ys + spot[0].start)
        if not _is_box(local, box):
            continue
        page = [(around.x + x / SCALE, around.y + around.height - y / SCALE) for x, y in local]
        right, high = box.x + box.width, box.y + box.height
        true = [(box.x, high), (right, high), (right, box.y), (box.x, box.y)]
        there = _moved(matrix, np.array(page))
        return {t: (float(x), float(y)) for t, (x, y) in zip(true, there, strict=True)}
    return {}


def _hook(xs: NDArray[np.int64], ys: NDArray[np.int64]) -> list[Point]:
    """The outermost cells: upper left, upper right, lower right, lower left."""
    places = [int(np.argmin(v)) for v in (xs + ys, ys - xs, -xs - ys, xs - ys)]
    return [(float(xs[n]), float(ys[n])) for n in places]


def _is_box(corners: list[Point], box: PlaceBox) -> bool:
    """Whether the sides are as long as those of the frame and stand across one another."""
    ring = np.array([*corners, corners[0]])
    sides = np.diff(ring, axis=0) / SCALE
    long = np.hypot(sides[:, 0], sides[:, 1]) / [box.width, box.height, box.width, box.height]
    turn = abs(float(sides[0] @ sides[1])) / (box.width * box.height)
    return bool(long.min() > 0.85 and long.max() < 1.18 and turn < 0.15)
