"""Returned pages as they really come: signed or not, then folded, stamped, photographed, faxed.

Everything is drawn from a seeded generator, in grey; sizes are in points of a letter page.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

from mmx_mailflow.forms.shape import HEIGHT, WIDTH, PlaceBox

Chance = np.random.Generator
Points = list[tuple[float, float]]
Plane = NDArray[np.float64]
DPI = 200
SCALE = DPI / 72
_OVER = 2
"""Pens are drawn at twice the size and made smaller: their rims are soft."""


@dataclass(frozen=True, slots=True)
class Pen:
    """Width in points and grey of the ink, 0 is black."""

    width: float = 1.3
    grey: int = 45


# --- writing -------------------------------------------------------------


def _cursive(chance: Chance, wide: float, high: float) -> list[Points]:
    """Loops that run along a line, as a written name does."""
    n = 160
    t = np.linspace(0, 1, n)
    loops = chance.uniform(4, 9)
    phase = 2 * np.pi * loops * t
    tall = np.interp(t, np.linspace(0, 1, 7), chance.uniform(0.25, 1, 7))
    tall[: n // 8] = 1
    x = t * wide + np.cos(phase) * wide / loops * chance.uniform(0.2, 0.55)
    y = np.sin(phase + chance.uniform(-0.6, 0.6)) * tall * high / 2
    y += np.cumsum(chance.normal(0, 0.06, n))
    strokes = [list(zip(x, y, strict=True))]
    if chance.random() < 0.4:  # a line under the name
        low = high * chance.uniform(0.45, 0.6)
        strokes.append([(wide * v, low + 2 * np.sin(3 * v)) for v in np.linspace(-0.05, 1.05, 20)])
    return strokes


def _initials(chance: Chance, wide: float, high: float) -> list[Points]:
    """Two or three letters, each of a few bends."""
    strokes = []
    count = int(chance.integers(2, 4))
    for letter in range(count):
        left = wide * letter / count
        room = wide / count
        knots = chance.uniform(0, 1, (int(chance.integers(4, 7)), 2))
        knots[0], knots[-1] = (0.1, 1), (0.9, chance.uniform(0, 1))
        at = np.linspace(0, len(knots) - 1, 40)
        xs, ys = (
            ndimage.spline_filter1d(knots[:, axis], order=3, mode="nearest") for axis in (0, 1)
        )
        x = ndimage.map_coordinates(xs, [at], order=3, prefilter=False, mode="nearest")
        y = ndimage.map_coordinates(ys, [at], order=3, prefilter=False, mode="nearest")
        strokes.append(
            [(left + a * room * 0.9, (b - 0.5) * high) for a, b in zip(x, y, strict=True)]
        )
    return strokes


def _zigzag(chance: Chance, wide: float, high: float) -> list[Points]:
    """A quick up and down that gets flatter, as hurried people sign."""
    n = int(chance.integers(7, 16))
    xs = np.sort(chance.uniform(0, wide, n))
    fade = np.linspace(1, chance.uniform(0.2, 0.8), n)
    ys = np.where(np.arange(n) % 2, 0.5, -0.5) * high * fade * chance.uniform(0.6, 1, n)
    return [list(zip(xs, ys, strict=True))]


_HANDS: tuple[Callable[[Chance, float, float], list[Points]], ...] = (_cursive, _cursive, _initials, _zigzag)  # fmt: skip


def _strokes(chance: Chance, box: PlaceBox) -> list[Points]:
    """A signature somewhere in its place, now and then over its rim."""
    wide = chance.uniform(0.14, 0.75) * box.width
    high = chance.uniform(0.35, 1.05) * box.height
    hand = _HANDS[int(chance.integers(len(_HANDS)))]
    if hand is _initials:
        wide = chance.uniform(24, 70)
    left = box.x + 8 + chance.uniform(0, max(1.0, box.width - wide - 16))
    middle = box.y + box.height * chance.uniform(0.42, 0.6)
    lean = chance.uniform(-0.12, 0.12)
    return [
        [(left + x, middle - y + lean * x) for x, y in stroke]
        for stroke in hand(chance, wide, high)
    ]


def draw(page: Image.Image, strokes: list[Points], pen: Pen, chance: Chance) -> Image.Image:
    """Strokes of a pen whose pressure varies; `page` at SCALE."""
    spots = [spot for stroke in strokes for spot in stroke]
    if not spots:
        return page
    rim = 3 * pen.width + 2
    left = max(0, int((min(x for x, _ in spots) - rim) * SCALE))
    top = max(0, int((HEIGHT - max(y for _, y in spots) - rim) * SCALE))
    right = min(page.width, int((max(x for x, _ in spots) + rim) * SCALE))
    low = min(page.height, int((HEIGHT - min(y for _, y in spots) + rim) * SCALE))
    layer = Image.new("L", ((right - left) * _OVER, (low - top) * _OVER), 0)
    brush = ImageDraw.Draw(layer)
    for stroke in strokes:
        press = np.clip(1 + np.cumsum(chance.normal(0, 0.05, len(stroke))), 0.55, 1.5)
        for (a, b), (c, d), weight in zip(stroke, stroke[1:], press[1:], strict=False):
            wide = max(1, round(pen.width * weight * SCALE * _OVER))
            line = [
                ((x * SCALE - left) * _OVER, ((HEIGHT - y) * SCALE - top) * _OVER)
                for x, y in ((a, b), (c, d))
            ]
            brush.line(line, fill=255, width=wide)
            for x, y in line:
                brush.ellipse((x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2), fill=255)
    cover = layer.resize((right - left, low - top), Image.Resampling.BOX)
    inked = page.copy()
    inked.paste(pen.grey, (left, top), cover)
    return inked


def signed(page: Image.Image, boxes: list[PlaceBox], pen: Pen, chance: Chance) -> Image.Image:
    """The page with a signature in each of the places."""
    return draw(page, signature_strokes(chance, boxes), pen, chance)


def signature_strokes(chance: Chance, boxes: list[PlaceBox]) -> list[Points]:
    """The strokes of a signature in each of the places, in points from the lower left."""
    return [stroke for box in boxes for stroke in _strokes(chance, box)]


def random_pen(chance: Chance) -> Pen:
    """Blue or black, ball pen or felt."""
    return Pen(float(chance.uniform(0.9, 2.2)), int(chance.integers(25, 95)))


def faint_pen(chance: Chance) -> Pen:
    """A thin or a dying pen."""
    return Pen(float(chance.uniform(0.55, 1.0)), int(chance.integers(90, 150)))


# --- marks that are no signatures ------------------------------------------


def folded(page: Image.Image, chance: Chance) -> Image.Image:
    """One to three creases: a dark line, a lighter one beside it, a change of light across it."""
    grid = np.asarray(page, np.float32).copy()
    ys = np.arange(grid.shape[0], dtype=np.float32)[:, None]
    xs = np.arange(grid.shape[1], dtype=np.float32)[None, :]
    for _ in range(int(chance.integers(1, 4))):
        angle = float(chance.choice([0.0, np.pi / 2]) + chance.normal(0, 0.06))
        across, down = (float(v) for v in chance.uniform(0.1, 0.9, 2))
        through = (across * grid.shape[1], down * grid.shape[0])
        far = (xs - through[0]) * math.sin(angle) - (ys - through[1]) * math.cos(angle)
        wide = float(chance.uniform(0.3, 1.2) * SCALE)
        deep = float(chance.uniform(0.15, 0.65))
        light = 1 - 0.10 / (1 + np.exp(np.clip(-far / (6 * SCALE), -30, 30)))
        light *= 1 + 0.08 * np.exp(-(((far - 2.5 * wide) / wide) ** 2))
        light *= 1 - deep * np.exp(-((far / wide) ** 2))
        grid *= light
    return Image.fromarray(np.clip(grid, 0, 255).astype(np.uint8))


def _letters(chance: Chance, count: int) -> str:
    return "".join(chance.choice(list("ABCDEFGHIJKLMNOPRSTUVZ0123456789"), count))


def stamped(page: Image.Image, chance: Chance, near: PlaceBox | None = None) -> Image.Image:
    """A rubber stamp: a ring or a frame with words in it; `near` puts it over a place."""
    wide, high = chance.uniform(70, 150), chance.uniform(30, 90)
    ring = chance.random() < 0.5
    if ring:
        high = wide = chance.uniform(55, 110)
    x = chance.uniform(60, WIDTH - 60 - wide)
    y = chance.uniform(60, HEIGHT - 60 - high)
    if near is not None:
        x = chance.uniform(near.x, near.x + near.width - wide * 0.6)
        y = chance.uniform(near.y - high * 0.4, near.y + near.height - high * 0.4)
    layer = Image.new("L", page.size, 0)
    brush = ImageDraw.Draw(layer)
    frame = [x * SCALE, (HEIGHT - y - high) * SCALE, (x + wide) * SCALE, (HEIGHT - y) * SCALE]
    (brush.ellipse if ring else brush.rectangle)(
        frame, outline=255, width=round(chance.uniform(1, 2.4) * SCALE)
    )
    size = chance.uniform(8, 14)
    font = ImageFont.load_default(size * SCALE)
    for line in range(2):
        words = _letters(chance, int(chance.integers(5, 11)))
        at = ((x + wide * 0.15) * SCALE, (HEIGHT - y - high * 0.7 + line * size * 1.3) * SCALE)
        brush.text(at, words, fill=255, font=font)
    layer = layer.rotate(
        float(chance.uniform(-25, 25)),
        center=((x + wide / 2) * SCALE, (HEIGHT - y - high / 2) * SCALE),
    )
    worn = ndimage.gaussian_filter(
        chance.normal(0, 1, (page.height // 4 + 1, page.width // 4 + 1)), 2
    )
    rub = np.where(worn > -0.15, np.float32(0.9), np.float32(0.35)).repeat(4, 0).repeat(4, 1)
    rub = rub[: page.height, : page.width]
    cover = Image.fromarray((np.asarray(layer) * rub).astype(np.uint8))
    ink = Image.new("L", page.size, int(chance.integers(60, 120)))
    return Image.composite(ink, page, cover)


def scribbled_outside(page: Image.Image, boxes: list[PlaceBox], chance: Chance) -> Image.Image:
    """Notes and doodles beside, above and below the places, never inside the frames."""
    strokes: list[Points] = []
    for box in boxes:
        for _ in range(int(chance.integers(1, 4))):
            side = int(chance.integers(3))
            if side == 0:  # above, over the printed words
                spot = replace(box, x=box.x + 20, y=box.y + box.height + 8, width=260, height=22)
            elif side == 1:  # over the margin at the left
                spot = replace(box, x=4, y=box.y - 30, width=34, height=80)
            else:  # below
                spot = replace(box, x=box.x + 40, y=box.y - 30, width=260, height=18)
            wide, high = spot.width * 0.7, spot.height * 0.7
            strokes += [
                [(spot.x + x * 0.9, spot.y + spot.height / 2 - y * 0.7) for x, y in stroke]
                for stroke in _HANDS[int(chance.integers(len(_HANDS)))](chance, wide, high)
            ]
    kept = [_outside(s, boxes) for s in strokes]
    return draw(
        page, [s for group in kept for s in group if len(s) > 1], random_pen(chance), chance
    )


def _outside(stroke: Points, boxes: list[PlaceBox]) -> list[Points]:
    """The parts of a stroke that stay off every frame by three points."""
    runs: list[Points] = [[]]
    for x, y in stroke:
        inside = any(
            b.x - 3 < x < b.x + b.width + 3 and b.y - 3 < y < b.y + b.height + 3 for b in boxes
        )
        if inside:
            runs.append([])
        else:
            runs[-1].append((x, y))
    return runs


def dirty(page: Image.Image, chance: Chance) -> Image.Image:
    """Dust, hairs, toner streaks and grey blotches of an office scanner."""
    grid = np.asarray(page, np.float32).copy()
    high, wide = grid.shape
    for _ in range(int(chance.integers(80, 400))):
        x, y, r = chance.uniform(0, wide), chance.uniform(0, high), chance.uniform(0.3, 1.4) * SCALE
        a, b = max(0, int(y - r)), max(0, int(x - r))
        grid[a : int(y + r) + 1, b : int(x + r) + 1] *= chance.uniform(0.2, 0.8)
    for _ in range(int(chance.integers(0, 4))):  # a streak down the sheet
        x = int(chance.uniform(0, wide - 6))
        grid[:, x : x + int(chance.integers(1, 5))] *= chance.uniform(0.5, 0.85)
    blot = ndimage.zoom(chance.normal(0, 1, (high // 200 + 2, wide // 200 + 2)), 200, order=1)
    grid *= 1 - 0.12 * np.clip(blot[:high, :wide].astype(np.float32), 0, 1)
    image = Image.fromarray(np.clip(grid, 0, 255).astype(np.uint8))
    brush = ImageDraw.Draw(image)
    for _ in range(int(chance.integers(0, 6))):  # hairs
        x, y = chance.uniform(0, wide), chance.uniform(0, high)
        bend = chance.normal(0, 12 * SCALE, 2)
        brush.arc(
            [x, y, x + 14 * SCALE + abs(bend[0]), y + 10 * SCALE + abs(bend[1])],
            0,
            float(chance.uniform(60, 150)),
            fill=110,
            width=2,
        )
    return image


def ringed(page: Image.Image, near: PlaceBox, chance: Chance) -> Image.Image:
    """The rim of a cup."""
    grid = np.asarray(page, np.float32)
    ys = np.arange(grid.shape[0], dtype=np.float32)[:, None]
    xs = np.arange(grid.shape[1], dtype=np.float32)[None, :]
    x = float((near.x + chance.uniform(0, near.width)) * SCALE)
    y = float((HEIGHT - near.y - chance.uniform(-20, 60)) * SCALE)
    r = float(chance.uniform(50, 110) * SCALE)
    deep, wide = float(chance.uniform(0.15, 0.5)), float(chance.uniform(0.8, 3) * SCALE)
    far = np.hypot(xs - x, ys - y) - r
    grid = grid * (1 - deep * np.exp(-((far / wide) ** 2)))
    return Image.fromarray(grid.astype(np.uint8))


# --- paper, light and camera ------------------------------------------------


def coloured(page: Image.Image, chance: Chance) -> Image.Image:
    """Paper that is not white."""
    tone = chance.uniform(0.55, 0.9)
    return page.point(lambda v: int(v * tone))


def bent(page: Image.Image, chance: Chance) -> Image.Image:
    """A sheet that does not lie flat: one long curve across or along it."""
    high, wide = page.height, page.width
    across = chance.random() < 0.5
    along = np.linspace(0, 1, high if across else wide, dtype=np.float32)
    reach, start = float(chance.uniform(0.7, 1.4)), float(chance.uniform(0, 1))
    bow = np.sin(np.pi * along * reach + start)
    bow = bow[:, None] if across else bow[None, :]
    amount = float(chance.uniform(3, 11) * SCALE)
    light = 1 - 0.15 * (bow - bow.mean())
    xs, ys = _grid_of(wide, high)
    turn = np.sin(np.pi * (ys / high if across else xs / wide) * reach + start) * amount
    moved = _moved(page, xs + turn, ys) if across else _moved(page, xs, ys + turn)
    return _lit(moved, light)


_CELL = 20
"""Pixels between the points of a bent sheet; between them it is drawn straight."""


def _grid_of(wide: int, high: int) -> tuple[Plane, Plane]:
    xs, ys = np.arange(0, wide + _CELL, _CELL), np.arange(0, high + _CELL, _CELL)
    across, down = np.meshgrid(np.minimum(xs, wide), np.minimum(ys, high))
    return across.astype(np.float64), down.astype(np.float64)


def _moved(page: Image.Image, xs: Plane, ys: Plane) -> Image.Image:
    """The page with each point of the grid taken from elsewhere."""
    across, down = _grid_of(page.width, page.height)
    mesh = []
    for n in range(xs.shape[0] - 1):
        for m in range(xs.shape[1] - 1):
            here = (across[n, m], down[n, m], across[n + 1, m + 1], down[n + 1, m + 1])
            if here[0] == here[2] or here[1] == here[3]:
                continue
            quad = [v for a, b in ((n, m), (n + 1, m), (n + 1, m + 1), (n, m + 1)) for v in (xs[a, b], ys[a, b])]  # fmt: skip
            mesh.append((tuple(int(v) for v in here), tuple(float(v) for v in quad)))
    return page.transform(page.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR, fillcolor=255)  # fmt: skip


def _lit(page: Image.Image, light: NDArray[np.float32]) -> Image.Image:
    return Image.fromarray(np.clip(np.asarray(page, np.float32) * light, 0, 255).astype(np.uint8))


def crumpled(page: Image.Image, chance: Chance) -> Image.Image:
    """A sheet that was crumpled and smoothed by hand: facets that tilt and shift the print.

    Facets of one to two centimetres tilt by three to ten degrees; seen from aside (15 degrees, and
    what the lens adds off its middle) what is on them shifts by their height times the tangent of that angle, and a facet that tilts
    gets shorter and lighter or darker; the ridges between them are lines of wear.
    """
    wide, high = page.width, page.height
    xs, ys = _grid_of(wide, high)
    step = int(chance.integers(4, 9))
    coarse = chance.normal(0, 1, (xs.shape[0] // step + 3, xs.shape[1] // step + 3))
    level = ndimage.zoom(coarse, step, order=1)[: xs.shape[0], : xs.shape[1]]
    level *= chance.uniform(0.04, 0.12) * step * _CELL
    lean = np.tan(np.radians(chance.uniform(-18, 18, 2)))
    tilt = np.stack(np.gradient(level, _CELL))
    shorter = 1 - 1 / np.sqrt(1 + tilt**2)
    dx = level * lean[0] + np.cumsum(shorter[1] - shorter[1].mean(), axis=1) * _CELL
    dy = level * lean[1] + np.cumsum(shorter[0] - shorter[0].mean(), axis=0) * _CELL
    moved = _moved(page, xs + dx, ys + dy)
    lamp = chance.normal(0, 1, 2)
    lamp *= chance.uniform(0.4, 1.2) / np.hypot(*lamp)
    shade = 1 + np.clip(lamp[0] * tilt[0] + lamp[1] * tilt[1], -0.35, 0.25)
    ridge = np.abs(np.gradient(tilt[0], axis=0)) + np.abs(np.gradient(tilt[1], axis=1))
    shade -= np.clip(ridge * chance.uniform(0, 0.5), 0, 0.25)
    light = Image.fromarray(shade.astype(np.float32)).resize((wide, high), Image.Resampling.BILINEAR)  # fmt: skip
    return _lit(moved, np.asarray(light))


def photographed(page: Image.Image, chance: Chance, *, tilt: float, turn: float) -> Image.Image:
    """The sheet on a table, seen by a camera that is tilted by up to `tilt` degrees."""
    pitch, yaw = np.radians(chance.uniform(-tilt, tilt, 2))
    roll = np.radians(chance.uniform(-turn, turn))
    w, h = page.width / 2, page.height / 2
    corners = np.array([[-w, -h, 0], [w, -h, 0], [w, h, 0], [-w, h, 0]])
    rx = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    ry = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    rz = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    seen = corners @ (rz @ ry @ rx).T
    away = 2.6 * page.height
    flat = seen[:, :2] * (away / (away + seen[:, 2:3]))
    low, high = flat.min(axis=0), flat.max(axis=0)
    rim = 0.04 * page.height
    flat = flat - low + rim
    size = tuple(int(v) for v in high - low + 2 * rim)
    data = _perspective(
        flat, [(0, 0), (page.width, 0), (page.width, page.height), (0, page.height)]
    )
    table = int(chance.integers(40, 200))
    return page.transform(size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BILINEAR, fillcolor=table)  # fmt: skip


def _perspective(source: NDArray[np.float64], target: Points) -> tuple[float, ...]:
    rows, right = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return tuple(float(v) for v in np.linalg.solve(np.array(rows), np.array(right)))


def shadowed(page: Image.Image, chance: Chance) -> Image.Image:
    """A hand or a phone between lamp and sheet."""
    grid = np.asarray(page, np.float32)
    high, wide = grid.shape
    small = Image.new("L", (wide // 8, high // 8), 0)
    brush = ImageDraw.Draw(small)
    middle = chance.uniform(0, 1, 2) * (wide // 8, high // 8)
    angles = np.sort(chance.uniform(0, 2 * np.pi, 7))
    reach = chance.uniform(0.25, 0.7, 7) * high / 8
    brush.polygon(
        [
            (middle[0] + r * np.cos(a), middle[1] + r * np.sin(a))
            for a, r in zip(angles, reach, strict=True)
        ],
        fill=255,
    )
    soft = small.filter(ImageFilter.GaussianBlur(float(chance.uniform(1.5, 14)))).resize(
        (wide, high)
    )
    dark = float(chance.uniform(0.2, 0.55))
    return Image.fromarray(
        (grid * (1 - dark * np.asarray(soft, np.float32) / 255)).astype(np.uint8)
    )


_GRAIN = 1024
"""Pixels a side of the noise that is drawn; it is laid side by side."""


def captured(
    page: Image.Image,
    chance: Chance,
    *,
    dpi: tuple[float, float],
    blur: float,
    noise: float,
    quality: tuple[int, int],
) -> bytes:
    """What the camera saves: size, focus, noise, JPEG."""
    factor = chance.uniform(*dpi) / DPI
    size = (max(1, int(page.width * factor)), max(1, int(page.height * factor)))
    small = page.resize(size, Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC)
    small = small.filter(ImageFilter.GaussianBlur(float(chance.uniform(0, blur))))
    grid = np.asarray(small, np.float32) * np.float32(chance.uniform(0.75, 1.0))
    grain = chance.standard_normal((_GRAIN, _GRAIN), np.float32)
    grain *= np.float32(chance.uniform(0, noise))
    for top in range(0, grid.shape[0], _GRAIN):
        for left in range(0, grid.shape[1], _GRAIN):
            part = grid[top : top + _GRAIN, left : left + _GRAIN]
            part += grain[: part.shape[0], : part.shape[1]]
    target = io.BytesIO()
    Image.fromarray(np.clip(grid, 0, 255).astype(np.uint8)).save(
        target, "JPEG", quality=int(chance.integers(*quality))
    )
    return target.getvalue()


def faxed(page: Image.Image, chance: Chance) -> bytes:
    """Group 4 TIFF at 204 by 98 dots an inch, a little askew."""
    turned = page.rotate(float(chance.uniform(-1.5, 1.5)), Image.Resampling.BILINEAR, fillcolor=255)
    small = turned.resize((round(WIDTH / 72 * 204), round(HEIGHT / 72 * 98)), Image.Resampling.BOX)
    target = io.BytesIO()
    small.point(lambda v: 255 * (v > 150)).convert("1").save(
        target, "TIFF", compression="group4", dpi=(204, 98)
    )
    return target.getvalue()


def cropped(page: Image.Image, chance: Chance) -> Image.Image:
    """A photo that misses a rim: a corner mark or two may be gone."""
    left, right, low = chance.uniform(0, 36 * SCALE, 3) * (chance.random(3) < 0.5)
    top = chance.uniform(0, 18 * SCALE)
    return page.crop((int(left), int(top), int(page.width - right), int(page.height - low)))
