"""What came back, as values: files as they were sent, and pages as they were opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import Field

from mmx_mailflow.casework.returned import Defect, Page
from mmx_mailflow.casework.values import Value

if TYPE_CHECKING:
    from PIL import Image

MOST_PAGES = 30
LARGEST_SIDE = 2_600
"""No page is looked at in more pixels than this on its longer side."""
MOST_PIXELS = 60_000_000
LONGEST_SIDE = 20_000
"""What a picture may hold before it is decoded: a phone's largest, and no more."""
Rectangle = tuple[float, float, float, float]


class TooLargeError(ValueError):
    """Refused by its size before anything was decoded."""


class LockedError(ValueError):
    """Nobody without its password can open it."""


@dataclass(frozen=True, slots=True)
class ReturnedFile:
    """A file that came back; its name says nothing and is not looked at."""

    name: str = field(repr=False)
    content: bytes = field(repr=False)


class Seen(Value):
    """What was seen in the files of one return; codes are not verified yet."""

    pages: tuple[Page, ...] = ()
    codes: tuple[str, ...] = Field(default=(), repr=False)
    """The words of each page's square code, empty where none was found."""
    defects: tuple[Defect, ...] = ()
    """Of files that could not be opened."""


class SealState(StrEnum):
    """What became of a cryptographic signature."""

    INTACT = "intact"
    """It holds, and nothing was changed since but further signatures."""
    BROKEN = "broken"
    """It does not hold, or something was changed since."""
    UNKNOWN = "unknown"
    """It could not be looked at."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A cryptographic signature in a file; who made it is not asked and not trusted."""

    state: SealState
    page: int | None = None
    """The page on which it shows, counted from 0; None: it shows nowhere."""
    at: Rectangle | None = None
    whole: bool = False
    """It covers the file to its last byte."""


@dataclass(slots=True)
class Sheet:
    """A page as it came: its picture, what was typed into it, what was drawn over it."""

    picture: Image.Image
    fields: dict[str, str] = field(default_factory=dict, repr=False)
    drawn: tuple[Rectangle, ...] = ()
    """Where somebody drew with a pen or pasted a picture, in points from the lower left."""
    laid_over: tuple[Rectangle, ...] = ()
    """Where anything else was laid over the page: typed notes, frames, lines, ready-made stamps."""
    words: tuple[Rectangle, ...] = ()
    """Where the page's own text stands."""
    texts: tuple[str, ...] = field(default=(), repr=False)
    """The page's own text, one for each rectangle of `words`."""
    boxes: dict[str, Rectangle] = field(default_factory=dict)
    """Where its fillable fields stand, in points from the lower left."""
    pictures: tuple[Rectangle, ...] = ()
    """Where pictures stand that are a part of the page."""
    signed: bool = False
    """A cryptographic signature field on this page was filled, and nobody could look at it."""
    printed: bool = False
    """The page is a PDF page of the size that was issued: points are known without marks."""
    seals: tuple[Seal, ...] = ()
    """The cryptographic signatures of the file; those of other pages without their places."""
    sealed: bool = False
    """The whole file is signed to its last byte, and every signature in it holds."""
    broken: bool = False
    """A cryptographic signature in the file does not hold any more."""
    audits: tuple[str, ...] = field(default=(), repr=False)
    """The text of pages of the same file on which a platform tells who signed."""

    @property
    def print(self) -> tuple[tuple[Rectangle, str], ...]:
        """The page's own text, piece by piece, and where it stands."""
        return tuple(zip(self.words, self.texts, strict=True))


STUMBLES = (ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, RecursionError, MemoryError, OverflowError, AssertionError, NotImplementedError, SyntaxError, EOFError, RuntimeError, ArithmeticError)  # fmt: skip
"""What the libraries raise on damaged files; none of their words is kept."""
