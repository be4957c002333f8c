"""A square code on crumpled paper, read where its modules really lie and drawn again, flat.

A reader lays a straight grid over a code. On a sheet that was crumpled the print has moved with
the facets of the paper, by a module or two. So the grid is bent until what every code of its size
shows (ISO/IEC 18004: the finders, the timing lines, the alignment pattern, white around it) lies
where it should, and all other cells are as plainly dark or white as they can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

Field = NDArray[np.float64]
_SIZES = (29, 33)
"""Modules a side of a form's code: those of versions 3 and 4."""
_KNOTS = (4, 7)
"""How finely the grid bends: nodes a side, one after the other."""
_STAGES = ((0.4, 0.6, 2.4), (0.35, 0.6, 1.2), (0.25, 0.9, 0.6))
"""How much is smoothed, in modules; what plain cells count for; what bending costs."""
_STEPS = 40
_WINDOW = 6
"""Modules within which there are surely both dark and white ones."""
_FITS = 0.9
"""Share of the known modules that must come out right for the rest to be worth reading."""


def unbent(seen: NDArray[np.uint8], quiet: float) -> Iterator[NDArray[np.uint8]]:
    """Pictures of the code in `seen`, flat, the likeliest first.

    `seen` is a square with the code in its middle, `quiet` the share of its side that is white
    on each side of the code.
    """
    for size in _SIZES:
        module = seen.shape[0] * (1 - 2 * quiet) / size
        dark = _darkness(seen.astype(np.float64), module)
        known = _known(size)
        for knots in _KNOTS:
            found = _sampled(dark, _grid(known, knots, module, seen.shape[0] * quiet))
            if ((found > 0) == (known > 0))[known != 0].mean() < _FITS:
                break
            flat = np.where(known == 0, found, known) <= 0
            yield np.pad(flat, 4, constant_values=True).repeat(5, 0).repeat(5, 1) * np.uint8(255)
        else:
            return


def _darkness(seen: Field, module: float) -> Field:
    """From -1, white, to 1, black, whatever the light."""
    soft = ndimage.gaussian_filter(seen, module / 4)
    window = round(_WINDOW * module)
    low = ndimage.gaussian_filter(ndimage.minimum_filter(soft, window), 2 * module)
    high = ndimage.gaussian_filter(ndimage.maximum_filter(soft, window), 2 * module)
    dark: Field = np.clip(1 - 2 * (seen - low) / np.maximum(high - low, 20), -1, 1)
    return dark


def _known(size: int) -> Field:
    """What every code of this size shows: 1 dark, -1 white, 0 unknown."""
    code = np.zeros((size, size))
    finder = -np.ones((8, 8))
    finder[:7, :7] = _rings(7)
    code[:8, :8], code[:8, -8:], code[-8:, :8] = finder, finder[:, ::-1], finder[::-1]
    middle = size - 7
    code[middle - 2 : middle + 3, middle - 2 : middle + 3] = _rings(5)
    timing = np.where(np.arange(8, size - 8) % 2, -1, 1)
    code[6, 8 : size - 8] = code[8 : size - 8, 6] = timing
    code[size - 8, 8] = 1
    return code


def _rings(size: int) -> Field:
    """A dark square around a white one around a dark one."""
    far = np.abs(np.arange(size) - size // 2)
    ring = size // 2 - np.maximum(far[:, None], far[None, :])
    return np.where(ring == 1, -1.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Grid:
    """The middles of the modules and of a white rim around them, and how they may move."""

    size: int
    module: float
    """Pixels a module."""
    middles: Field
    """Rows and columns of the cells, in pixels."""
    known: Field
    share: Field
    """How much each knot moves each cell."""
    bends: Field
    """The second differences of the knots, along and down."""

    def places(self, moved: Field) -> Field:
        """Where the cells lie when the knots have moved so many modules down and across."""
        found: Field = self.middles + moved.reshape(2, -1) @ self.share.T * self.module
        return found


def _grid(known: Field, knots: int, module: float, start: float) -> _Grid:
    size = len(known)
    at = np.arange(-1, size + 1) + 0.5
    hats = _hats(np.clip(at, 0, size), knots, size)
    once = np.diff(np.eye(knots), 2, axis=0)
    return _Grid(
        size,
        module,
        np.stack([np.repeat(at, size + 2), np.tile(at, size + 2)]) * module + start - 0.5,
        np.pad(known, 1, constant_values=-1.0).ravel(),
        np.einsum("ni,mj->nmij", hats, hats).reshape(-1, knots**2),
        np.vstack([np.kron(np.eye(knots), once), np.kron(once, np.eye(knots))]),
    )


def _sampled(dark: Field, grid: _Grid) -> Field:
    """How dark each module is on the grid as it fits best."""
    moved = np.zeros(2 * grid.share.shape[1])
    for blur, share, stiff in _STAGES:
        smooth = ndimage.gaussian_filter(dark, blur * grid.module)
        rise = [smooth, *(slope * grid.module for slope in np.gradient(smooth))]
        moved = optimize.minimize(
            _misfit,
            moved,
            args=(rise, grid, share, stiff),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": _STEPS},
        ).x
    sharp = ndimage.gaussian_filter(dark, 0.2 * grid.module)
    found = _read_at(sharp, grid.places(moved))
    return found.reshape(grid.size + 2, grid.size + 2)[1:-1, 1:-1]


def _misfit(
    moved: Field, rise: list[Field], grid: _Grid, share: float, stiff: float
) -> tuple[float, Field]:
    """What a grid costs: cells that are wrong or grey, and bending; and its slope."""
    places = grid.places(moved)
    value, down, across = (_read_at(field, places) for field in rise)
    plain = np.sqrt(value**2 + 0.01)
    unknown = grid.known == 0
    gain = np.where(unknown, share * plain, grid.known * value)
    slope = np.where(unknown, share * value / plain, grid.known)
    bent = moved.reshape(2, -1) @ grid.bends.T
    pull = 2 * stiff * bent @ grid.bends - np.stack([slope * down, slope * across]) @ grid.share
    return float(stiff * (bent**2).sum() - gain.sum()), pull.ravel()


def _read_at(field: Field, places: Field) -> Field:
    found: Field = ndimage.map_coordinates(field, list(places), order=1, mode="nearest")
    return found


def _hats(at: Field, knots: int, length: float) -> Field:
    """How much each knot counts at each place: straight from one knot to the next."""
    step = length / (knots - 1)
    hats: Field = np.clip(1 - np.abs(at[:, None] / step - np.arange(knots)[None, :]), 0, None)
    return hats
