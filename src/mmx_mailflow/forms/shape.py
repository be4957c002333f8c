"""The shape of the pages of a form: what kinds there are, and where the places to sign stand.

The places stand at the same points of every form of a version, whatever is printed above them, so
that a page that came back can be read without knowing what was on it.
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "MMX-AUTH-1"
WIDTH, HEIGHT = 612.0, 792.0
MARGIN = 46.0
TOP, BOTTOM = 90.0, 46.0
ROOM = WIDTH - 2 * MARGIN
# Printed on A4 at full size, in the middle or from the left, a page loses what lies beyond 583 pt.
MARK, MARK_SIDE, MARK_INSET = 13.0, 36.0, 28.0
"""A mark's side, and how far its middle lies from the page's sides and from its top and foot."""
QR, QR_TOP, QR_SIDE = 60.0, 26.0, 56.0

FILL, KEEP, SIGN, POWER = "F", "K", "S", "P"
"""Kinds of page: to fill in, to keep, signatures of document A, of document B."""
ROLES = frozenset({FILL, KEEP, SIGN, POWER})


@dataclass(frozen=True, slots=True)
class PlaceBox:
    """A place to sign or to date: points from the lower left corner of a letter page."""

    page: int
    place: str
    x: float
    y: float
    width: float
    height: float


GAP = 10.0
SIGN_WIDTH, DATE_WIDTH = 352.0, ROOM - 352.0 - GAP
HALF = (ROOM - GAP) / 2
SHORT_DATE = 98.0
BOX_HEIGHT = 44.0
_LEFT, _RIGHT = MARGIN, MARGIN + HALF + GAP
_HALF_SIGN = HALF - SHORT_DATE - GAP
_ROWS: dict[str, dict[str, tuple[float, float, float]]] = {
    SIGN: {"A13": (MARGIN, 132.0, SIGN_WIDTH), "A12.6": (MARGIN, 216.0, SIGN_WIDTH)},
    POWER: {
        "B3.1": (_LEFT, 146.0, _HALF_SIGN),
        "B3.2": (_RIGHT, 146.0, _HALF_SIGN),
        "B2.1": (_LEFT, 266.0, _HALF_SIGN),
        "B2.2": (_RIGHT, 266.0, _HALF_SIGN),
    },
}
"""Where the frame of each place begins, and how wide it is; its date stands to the right of it."""
FOOT = {SIGN: 298.0 - BOTTOM, POWER: 348.0 - BOTTOM}
"""How much of the page's foot the signatures of a kind of page take."""


def places_on(role: str, page: int) -> tuple[PlaceBox, ...]:
    """The places to sign on a page of this kind."""
    rows = _ROWS.get(role, {})
    return tuple(PlaceBox(page, n, x, y, wide, BOX_HEIGHT) for n, (x, y, wide) in rows.items())


def date_of(box: PlaceBox) -> PlaceBox:
    """The place for the date beside a place to sign."""
    x = box.x + box.width + GAP
    width = DATE_WIDTH if box.width == SIGN_WIDTH else SHORT_DATE
    return PlaceBox(box.page, f"{box.place}.date", x, box.y, width, BOX_HEIGHT)


def places(roles: str) -> tuple[PlaceBox, ...]:
    """The places to sign of a whole form, whose pages have these kinds in their order."""
    return tuple(box for n, role in enumerate(roles, 1) for box in places_on(role, n))


def wanted(roles: str) -> tuple[int, ...]:
    """The pages with something to write on: only these must come back."""
    return tuple(n for n, role in enumerate(roles, 1) if role != KEEP)


def mark_centres() -> tuple[tuple[float, float], ...]:
    """The centres of the corner marks: lower left, lower right, upper left, upper right."""
    low, left = MARK_INSET, MARK_SIDE
    high, right = HEIGHT - MARK_INSET, WIDTH - MARK_SIDE
    return ((left, low), (right, low), (left, high), (right, high))


def code_corners() -> tuple[tuple[float, float], ...]:
    """The corners of the square code: upper left, upper right, lower right, lower left."""
    right, high = WIDTH - QR_SIDE, HEIGHT - QR_TOP
    left, low = right - QR, high - QR
    return ((left, high), (right, high), (right, low), (left, low))
