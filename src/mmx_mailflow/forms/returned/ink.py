"""Finding the page in a picture and the ink in its places; when not sure, it says so.

A place counts as signed only when the page was straightened by its corner marks and the ink
there forms strokes: a fold or a shadow is one line from edge to edge.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image

from mmx_mailflow.casework.returned import Signature
from mmx_mailflow.forms.packet.facts import PlaceBox
from mmx_mailflow.forms.packet.page import HEIGHT, MARGIN, MARK, QR, WIDTH, mark_centres

Grey = NDArray[np.uint8]
_SCALE = 2.5
"""Pixels for a point after straightening: 180 dpi."""
_NO_INK, _INK = 0.0012, 0.008
_LINE_OFF = 2.4
_SMALLEST_MARK, _LARGEST_MARK = 0.45, 2.2


def codes(picture: Image.Image) -> list[tuple[str, tuple[tuple[float, float], ...]]]:
    """The square codes in a picture with their four corners, upper left first."""
    found = zxingcpp.read_barcodes(
        np.asarray(picture), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    )
    result = []
    for code in found[:10]:
        p = code.position
        corners = tuple(
            (float(c.x), float(c.y))
            for c in (p.top_left, p.top_right, p.bottom_right, p.bottom_left)
        )
        result.append((code.text, corners))
    return result


def straightened(picture: Image.Image, corners: Sequence[tuple[float, float]]) -> Grey | None:
    """The page with its four marks where they were printed, or None when they are not found."""
    guess = _from_code(corners)
    pixels = np.asarray(picture)
    found = [_mark_near(pixels, _at(guess, x, y), _unit(corners)) for x, y in mark_centres()]
    good = [f for f in found if f is not None]
    if len(good) < 4:  # noqa: PLR2004  all four, or nothing is sure
        return None
    target = [(x * _SCALE, (HEIGHT - y) * _SCALE) for x, y in mark_centres()]
    return _warped(picture, target, good)


def _unit(corners: Sequence[tuple[float, float]]) -> float:
    """Pixels for a point, from the size of the code."""
    (x1, y1), (x2, y2) = corners[0], corners[1]
    return float(np.hypot(x2 - x1, y2 - y1)) / QR


def code_corners() -> list[tuple[float, float]]:
    """Where the code's corners were printed, in points from the lower left."""
    right, high = WIDTH - MARGIN, HEIGHT - 24.0
    left, low = right - QR, high - QR
    return [(left, high), (right, high), (right, low), (left, low)]


def _from_code(corners: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """A first guess from points to pixels, by the code alone.

    Affine: the code is small, and a perspective taken from it points far astray.
    """
    source = np.array([[x, y, 1.0] for x, y in code_corners()])
    solved = np.linalg.lstsq(source, np.array(corners, float), rcond=None)[0]
    return np.vstack([solved.T, [0.0, 0.0, 1.0]])


def _homography(
    source: Sequence[tuple[float, float]], target: Sequence[tuple[float, float]]
) -> NDArray[np.float64]:
    rows, right = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    solved = np.linalg.lstsq(np.array(rows, float), np.array(right, float), rcond=None)[0]
    return np.append(solved, 1.0).reshape(3, 3)


def _at(matrix: NDArray[np.float64], x: float, y: float) -> tuple[float, float]:
    u, v, w = matrix @ np.array([x, y, 1.0])
    return float(u / w), float(v / w)


def _mark_near(pixels: Grey, guess: tuple[float, float], unit: float) -> tuple[float, float] | None:
    """The dark square nearest to a guess; the guess is worse the farther it is from the code."""
    reach = int(70 * unit)
    x, y = (round(v) for v in guess)
    left, top = max(0, x - reach), max(0, y - reach)
    window = pixels[top : y + reach, left : x + reach]
    if window.size == 0:
        return None
    dark = window < (int(np.median(window)) * 0.55)
    side = MARK * unit
    best: tuple[float, tuple[float, float]] | None = None
    for cells in _blobs(dark):
        ys, xs = cells[:, 0], cells[:, 1]
        wide, high = float(np.ptp(xs)) + 1, float(np.ptp(ys)) + 1
        solid = len(cells) / (wide * high)
        fits = (
            _SMALLEST_MARK < wide / side < _LARGEST_MARK
            and _SMALLEST_MARK < high / side < _LARGEST_MARK
        )
        if not fits or solid < 0.62 or not 0.6 < wide / high < 1.7:  # noqa: PLR2004  a square, tilted
            continue
        centre = (left + float(xs.mean()), top + float(ys.mean()))
        far = float(np.hypot(centre[0] - guess[0], centre[1] - guess[1]))
        if best is None or far < best[0]:
            best = (far, centre)
    return best[1] if best else None


def _blobs(dark: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Connected dark areas, by runs of rows that touch; bounded."""
    labels = np.zeros(dark.shape, np.int32)
    parent = [0]

    def root(label: int) -> int:
        while parent[label] != label:
            parent[label] = parent[parent[label]]
            label = parent[label]
        return label

    for row in range(dark.shape[0]):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], dark[row].view(np.int8), [0]))))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            above = set(labels[row - 1, start:end].tolist()) - {0} if row else set()
            if above:
                label = min(root(a) for a in above)
                for a in above:
                    parent[root(a)] = label
            else:
                label = len(parent)
                parent.append(label)
            labels[row, start:end] = label
    ys, xs = np.nonzero(labels)
    if len(ys) == 0 or len(parent) > 60_000:  # noqa: PLR2004  noise, not marks
        return []
    roots = np.array([root(n) for n in range(len(parent))])[labels[ys, xs]]
    order = np.argsort(roots, kind="stable")
    cuts = np.flatnonzero(np.diff(roots[order])) + 1
    cells = np.stack([ys, xs], axis=1)[order]
    return [group for group in np.split(cells, cuts) if len(group) > 12]  # noqa: PLR2004  specks


def _warped(
    picture: Image.Image,
    target: Sequence[tuple[float, float]],
    source: Sequence[tuple[float, float]],
) -> Grey:
    matrix = _homography(target, source)
    size = (round(WIDTH * _SCALE), round(HEIGHT * _SCALE))
    data = tuple(float(v) for v in (matrix / matrix[2, 2]).ravel()[:8])
    page = picture.transform(
        size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BILINEAR, fillcolor=255
    )
    return np.asarray(page)


def flat(picture: Image.Image) -> Grey:
    """A PDF page of the issued size needs no marks."""
    size = (round(WIDTH * _SCALE), round(HEIGHT * _SCALE))
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR))


def signature_in(page: Grey, box: PlaceBox) -> Signature:
    """What stands in a place: none, ink, or unsure."""
    left, right = round((box.x + 4) * _SCALE), round((box.x + box.width - 4) * _SCALE)
    top, low = (
        round((HEIGHT - box.y - box.height + 4) * _SCALE),
        round((HEIGHT - box.y - 5) * _SCALE),
    )
    area = page[top:low, left:right].astype(np.float64)
    if area.size == 0:
        return Signature.UNSURE
    paper = np.percentile(area, 80)
    if paper < 70:  # noqa: PLR2004  too dark to tell
        return Signature.UNSURE
    dark = area < paper * 0.62
    share = float(dark.mean())
    if share < _NO_INK:
        return Signature.NONE
    if share < _INK or share > 0.4 or not _looks_written(dark):  # noqa: PLR2004  a shadow
        return Signature.UNSURE
    return Signature.INK if _line_in_place(page, box) else Signature.UNSURE


def _line_in_place(page: Grey, box: PlaceBox) -> bool:
    """Whether the printed line stands below the place: else the page lies otherwise than thought.

    What was printed above or below would then be taken for ink.
    """
    row = round((HEIGHT - box.y) * _SCALE)
    left, right = round((box.x + 4) * _SCALE), round((box.x + box.width - 4) * _SCALE)
    near = round(_LINE_OFF * _SCALE)
    far = near + round(2 * _SCALE)
    band = page[row - far : row + far + 1, left:right].astype(np.float64)
    if band.shape[0] < 2 * far + 1:
        return False
    around = np.percentile(band, 70, axis=0)
    darker = band[far - near : far + near + 1].min(axis=0) < around * 0.93
    profile = np.median(band, axis=1)
    return bool(darker.mean() > 0.6 and abs(int(profile.argmin()) - far) <= near)  # noqa: PLR2004  most of the line


def _looks_written(dark: NDArray[np.bool_]) -> bool:
    """Strokes bend and cover width and height; a fold or a rule is one straight line."""
    groups = [g for g in _blobs(dark) if len(g) > 40]  # noqa: PLR2004  specks
    if not groups:
        return False
    cells = np.concatenate(groups)
    wide, high = float(np.ptp(cells[:, 1])), float(np.ptp(cells[:, 0]))
    if high < 6 * _SCALE or wide < 12 * _SCALE:
        return False
    largest = max(groups, key=len).astype(np.float64)
    spread = np.linalg.svd(largest - largest.mean(axis=0), compute_uv=False)
    straight = len(largest) > 8 and spread[1] / max(spread[0], 1e-9) < 0.03  # noqa: PLR2004  a line
    columns = np.unique(cells[:, 1] // round(4 * _SCALE))
    return not straight and len(columns) >= 4 and _turns(cells, dark.shape)  # noqa: PLR2004  more than a tick


def _turns(cells: NDArray[np.int64], shape: tuple[int, ...]) -> bool:
    """Writing goes up and down: many a row meets it three times; a stain's rim only twice."""
    mask = np.zeros(shape, np.int8)
    mask[cells[:, 0], cells[:, 1]] = 1
    met = (np.diff(np.pad(mask, ((0, 0), (1, 1))), axis=1) == 1).sum(axis=1)
    return int((met >= 3).sum()) >= round(3 * _SCALE)  # noqa: PLR2004  three strokes, over three points
