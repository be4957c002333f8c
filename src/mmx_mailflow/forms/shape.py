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
MARK, MARK_INSET = 13.0, 28.0
QR, QR_TOP = 60.0, 26.0

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


SIGN_WIDTH, DATE_WIDTH = 352.0, ROOM - 352.0 - 10.0
BOX_HEIGHT = 44.0
_ROWS = {
    SIGN: {"A13": 126.0, "A12.6": 212.0},
    POWER: {"B3.2": 52.0, "B3.1": 162.0, "B2.2": 272.0, "B2.1": 358.0},
}
FOOT = {SIGN: 294.0 - BOTTOM, POWER: 440.0 - BOTTOM}
"""How much of the page's foot the signatures of a kind of page take."""


def places_on(role: str, page: int) -> tuple[PlaceBox, ...]:
    """The places to sign on a page of this kind."""
    rows = _ROWS.get(role, {})
    return tuple(PlaceBox(page, n, MARGIN, y, SIGN_WIDTH, BOX_HEIGHT) for n, y in rows.items())


def date_of(box: PlaceBox) -> PlaceBox:
    """The place for the date beside a place to sign."""
    x = MARGIN + SIGN_WIDTH + 10.0
    return PlaceBox(box.page, f"{box.place}.date", x, box.y, DATE_WIDTH, BOX_HEIGHT)


def places(roles: str) -> tuple[PlaceBox, ...]:
    """The places to sign of a whole form, whose pages have these kinds in their order."""
    return tuple(box for n, role in enumerate(roles, 1) for box in places_on(role, n))


def wanted(roles: str) -> tuple[int, ...]:
    """The pages with something to write on: only these must come back."""
    return tuple(n for n, role in enumerate(roles, 1) if role != KEEP)


def mark_centres() -> tuple[tuple[float, float], ...]:
    """The centres of the corner marks: lower left, lower right, upper left, upper right."""
    low, left = MARK_INSET, MARK_INSET
    high, right = HEIGHT - MARK_INSET, WIDTH - MARK_INSET
    return ((left, low), (right, low), (left, high), (right, high))


def code_corners() -> tuple[tuple[float, float], ...]:
    """The corners of the square code: upper left, upper right, lower right, lower left."""
    right, high = WIDTH - MARGIN, HEIGHT - QR_TOP
    left, low = right - QR, high - QR
    return ((left, high), (right, high), (right, low), (left, low))
