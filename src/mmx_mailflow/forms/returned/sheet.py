"""Finding the page in a picture: by its square code, then by its corner marks.

The code alone gives a rough guess; each mark that is found makes it better for the next. What
is still bent afterwards is for the frames of the places to tell (`place.py`).
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mmx_mailflow.forms.shape import HEIGHT, MARK, QR, WIDTH, code_corners, mark_centres

Grey = NDArray[np.uint8]
Points = Sequence[tuple[float, float]]
SCALE = 2.5
"""Pixels for a point after straightening: 180 dpi."""
_REACH = (34.0, 90.0, 90.0, 70.0)
"""How far from the guess each mark is looked for, in points: the nearest to the code first."""
_LIKE_A_MARK = (0.5, 1.9)
_FEWEST_MARKS = 2


def codes(picture: Image.Image) -> list[tuple[str, Points]]:
    """The square codes in a picture with their four corners, upper left first."""
    found = zxingcpp.read_barcodes(
        np.asarray(picture), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    )
    result: list[tuple[str, Points]] = []
    for code in found[:10]:
        p = code.position
        corners = tuple(
            (float(c.x), float(c.y))
            for c in (p.top_left, p.top_right, p.bottom_right, p.bottom_left)
        )
        result.append((code.text, corners))
    return result


def straightened(picture: Image.Image, corners: Points) -> Grey | None:
    """The page as it was printed, or None when too few of its marks are found."""
    pixels = np.asarray(picture)
    lower_left, lower_right, upper_left, upper_right = mark_centres()
    points: list[tuple[float, float]] = list(code_corners())
    seen: list[tuple[float, float]] = list(corners)
    matrix = _affine(points, seen)
    marks = 0
    for mark, reach in zip((upper_right, upper_left, lower_right, lower_left), _REACH, strict=True):
        found = _mark_near(pixels, matrix, mark, reach)
        if found is not None:
            points.append(mark)
            seen.append(found)
            marks += 1
            # A perspective taken from the code and marks of one side points astray too.
            matrix = _homography(points, seen) if marks > 2 else _affine(points, seen)
    if marks < _FEWEST_MARKS:
        return None
    if marks == len(mark_centres()):
        matrix = _homography(points[-marks:], seen[-marks:])
    elif marks == _FEWEST_MARKS:
        matrix = _homography(points, seen)
    return _warped(picture, matrix)


def flat(picture: Image.Image) -> Grey:
    """A PDF page of the issued size needs no marks."""
    size = (round(WIDTH * SCALE), round(HEIGHT * SCALE))
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR))


def _affine(points: Points, seen: Points) -> NDArray[np.float64]:
    """From points to pixels without perspective: one taken from the small code points astray."""
    source = np.array([[x, y, 1.0] for x, y in points])
    solved = np.linalg.lstsq(source, np.array(seen, float), rcond=None)[0]
    return np.vstack([solved.T, [0.0, 0.0, 1.0]])


def _homography(points: Points, seen: Points) -> NDArray[np.float64]:
    """From points to pixels with perspective, least squares in balanced units."""
    source, target = np.array(points, float), np.array(seen, float)
    to, back = _balance(source), _balance(target)
    rows = []
    for (x, y), (u, v) in zip(_moved(to, source), _moved(back, target), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y, -u], [0, 0, 0, x, y, 1, -v * x, -v * y, -v]]
    solved = np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)
    whole: NDArray[np.float64] = np.linalg.inv(back) @ solved @ to
    whole /= whole[2, 2]
    return whole


def _balance(points: NDArray[np.float64]) -> NDArray[np.float64]:
    middle, spread = points.mean(axis=0), max(float(points.std()), 1e-9)
    return np.array(
        [[1 / spread, 0, -middle[0] / spread], [0, 1 / spread, -middle[1] / spread], [0, 0, 1]]
    )


def _moved(matrix: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    whole = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    moved: NDArray[np.float64] = whole[:, :2] / whole[:, 2:]
    return moved


def _mark_near(
    pixels: Grey, matrix: NDArray[np.float64], mark: tuple[float, float], reach: float
) -> tuple[float, float] | None:
    """The solid dark square nearest to where a mark should be."""
    here, right, up = _moved(
        matrix, np.array([mark, (mark[0] + MARK, mark[1]), (mark[0], mark[1] + MARK)])
    )
    side = float(np.hypot(*(right - here)) + np.hypot(*(up - here))) / 2
    span = int(reach * side / MARK)
    if not 2 < side < max(pixels.shape):
        return None
    x, y = (round(float(v)) for v in here)
    left, top = max(0, x - span), max(0, y - span)
    window = pixels[top : max(0, y + span), left : max(0, x + span)]
    if window.size == 0:
        return None
    best: tuple[float, tuple[float, float]] | None = None
    for centre in _squares(window, side):
        spot = (left + centre[0], top + centre[1])
        far = float(np.hypot(spot[0] - here[0], spot[1] - here[1]))
        if far <= span and (best is None or far < best[0]):
            best = (far, spot)
    return best[1] if best else None


def _squares(window: Grey, side: float) -> list[tuple[float, float]]:
    """The centres of dark solid squares of about this side, whatever the light."""
    paper = ndimage.percentile_filter(window[::4, ::4], 80, size=max(3, int(side))).astype(float)
    paper = np.kron(paper, np.ones((4, 4)))[: window.shape[0], : window.shape[1]]
    labels, count = ndimage.label(window < paper * 0.6)
    if not 0 < count < 20_000:
        return []
    found = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        wide, high = columns.stop - columns.start, rows.stop - rows.start
        low, most = _LIKE_A_MARK
        if not (low < wide / side < most and low < high / side < most and 0.6 < wide / high < 1.7):
            continue
        mine = labels[rows, columns] == number
        if mine.mean() < 0.55 or mine.sum() < 0.35 * side * side:
            continue
        ys, xs = np.nonzero(mine)
        found.append((columns.start + float(xs.mean()), rows.start + float(ys.mean())))
    return found


def _warped(picture: Image.Image, matrix: NDArray[np.float64]) -> Grey:
    """The picture seen straight: the inverse mapping that the imaging library wants."""
    size = (round(WIDTH * SCALE), round(HEIGHT * SCALE))
    unflip = np.array([[1 / SCALE, 0, 0], [0, -1 / SCALE, HEIGHT], [0, 0, 1]])
    data = matrix @ unflip
    data = data / data[2, 2]
    page = picture.transform(
        size,
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


def pixels_a_point(corners: Points) -> float:
    """How many pixels of the picture a point has, from the size of the code."""
    (x1, y1), (x2, y2) = corners[0], corners[1]
    return float(np.hypot(x2 - x1, y2 - y1)) / QR
