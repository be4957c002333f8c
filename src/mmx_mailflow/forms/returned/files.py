"""Opening what came back: pages as pictures, typed values, and what could not be opened."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pypdfium2
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject

from mmx_mailflow.casework.returned import Defect

MOST_PAGES = 30
_MOST_PIXELS = 60_000_000
_LARGEST_SIDE = 2_600
_MOST_UNZIPPED = 60_000_000
_DPI = 150
_MOST_WORDS, _MOST_ANNOTATIONS, _DEEPEST_FIELD = 5_000, 600, 8
_STUMBLES = (ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, RecursionError, MemoryError, OverflowError, AssertionError, NotImplementedError, SyntaxError, EOFError, RuntimeError, struct.error, zlib.error)  # fmt: skip
"""What the libraries raise on damaged files; none of their words is kept."""
_SEEN_OVER_THE_PAGE = frozenset(
    {"/Ink", "/Stamp", "/FreeText", "/Square", "/Circle", "/Line", "/PolyLine", "/Polygon", "/Highlight"}
)  # fmt: skip
_HIDDEN = 2 | 32
"""The flags of an annotation that nobody sees: Hidden and NoView."""
_RUBBER_STAMPS = ("/SH", "/SB", "/#", "/Approved", "/Experimental", "/NotApproved", "/AsIs", "/Expired", "/NotForPublicRelease", "/Confidential", "/Final", "/Sold", "/Departmental", "/ForComment", "/TopSecret", "/Draft", "/ForPublicRelease")  # fmt: skip
"""Names of ready-made stamps, such as "sign here"; a pasted signature has none of them."""
Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ReturnedFile:
    """A file that came back; its name says nothing and is not looked at."""

    name: str = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(slots=True)
class Sheet:
    """A page as it came: its picture, what was typed into it, what was drawn over it."""

    picture: Image.Image
    fields: dict[str, str] = field(default_factory=dict, repr=False)
    drawn: tuple[Rectangle, ...] = ()
    """Where somebody drew with a pen or pasted a picture, in points from the lower left."""
    laid_over: tuple[Rectangle, ...] = ()
    """Where anything else was laid over the page: typed notes, frames, lines, ready-made stamps."""
    print: tuple[tuple[Rectangle, str], ...] = field(default=(), repr=False)
    """The page's own text, piece by piece, and where it stands."""
    boxes: dict[str, Rectangle] = field(default_factory=dict)
    """Where its fillable fields stand, in points from the lower left."""
    signed: bool = False
    """A cryptographic signature field was filled; it is not validated here."""
    printed: bool = False
    """The page is a PDF page of the size that was issued: points are known without marks."""


def opened(files: Sequence[ReturnedFile]) -> tuple[list[Sheet], list[Defect]]:
    """Every page of every file, and the defects of files that could not be opened."""
    sheets: list[Sheet] = []
    defects: list[Defect] = []
    for file in files:
        room = MOST_PAGES - len(sheets)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                sheets += _opened(file.content, defects)[:room]
        except (*_STUMBLES, PyPdfError, pypdfium2.PdfiumError, UnidentifiedImageError, zipfile.BadZipFile, Image.DecompressionBombError):  # fmt: skip
            defects.append(Defect.UNREADABLE_FILE)
    return sheets, defects


def _opened(content: bytes, defects: list[Defect]) -> list[Sheet]:
    if content.startswith(b"%PDF-") or b"%PDF-" in content[:1024]:
        return _pdf(content, defects)
    if content.startswith(b"PK\x03\x04"):
        shown = (s for picture in _pictures_of_docx(content) for s in _images(picture))
        return list(islice(shown, MOST_PAGES))
    return list(_images(content))


def _images(content: bytes) -> Iterator[Sheet]:
    with Image.open(io.BytesIO(content)) as image:
        if image.width * image.height > _MOST_PIXELS:
            raise ValueError("too many pixels")
        for number, frame in enumerate(ImageSequence.Iterator(image)):
            if number >= MOST_PAGES:
                return
            yield Sheet(picture=_grey(ImageOps.exif_transpose(frame)))


def _grey(image: Image.Image) -> Image.Image:
    """In grey, on white where it was transparent, no side longer than needed."""
    if image.mode in {"RGBA", "LA", "P"}:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    image = image.convert("L")
    image.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
    return image


def _pictures_of_docx(content: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        total = 0
        for item in archive.infolist()[:500]:
            total += item.file_size
            if total > _MOST_UNZIPPED:
                raise ValueError("too large")
            if item.filename.startswith("word/media/"):
                yield archive.read(item)


def _pdf(content: bytes, defects: list[Defect]) -> list[Sheet]:
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        defects.append(Defect.PASSWORD)
        return []
    document = pypdfium2.PdfDocument(content)
    try:
        document.init_forms()
        return [_page(document, reader, number) for number in range(min(len(document), MOST_PAGES))]
    finally:
        document.close()


def _page(document: pypdfium2.PdfDocument, reader: PdfReader, number: int) -> Sheet:
    page = document[number]
    width, height = page.get_size()
    scale = min(_DPI / 72, _LARGEST_SIDE / max(width, height, 1))
    picture = page.render(scale=scale, may_draw_forms=True).to_pil().convert("L")
    over = _annotations(reader, number)
    return Sheet(
        picture=picture,
        fields=over.fields,
        drawn=tuple(over.drawn),
        laid_over=tuple(over.laid_over),
        print=_print(page),
        boxes=over.boxes,
        signed=over.signed,
        printed=not page.get_rotation() and abs(width - 612) < 3 and abs(height - 792) < 3,
    )


def _print(page: pypdfium2.PdfPage) -> tuple[tuple[Rectangle, str], ...]:
    text = page.get_textpage()
    try:
        places = [text.get_rect(n) for n in range(min(text.count_rects(), _MOST_WORDS))]
        return tuple((place, text.get_text_bounded(*place)) for place in places)
    finally:
        text.close()


@dataclass(slots=True)
class _Over:
    """What lies over a page."""

    fields: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, Rectangle] = field(default_factory=dict)
    drawn: list[Rectangle] = field(default_factory=list)
    laid_over: list[Rectangle] = field(default_factory=list)
    signed: bool = False


def _annotations(reader: PdfReader, number: int) -> _Over:
    """Typed values by field name, what was drawn over the page, and filled signature fields."""
    page = reader.pages[number]
    found = page.get("/Annots", ArrayObject()).get_object()
    if not isinstance(found, ArrayObject):
        return _Over()
    over = _Over()
    for reference in list(found)[:_MOST_ANNOTATIONS]:
        item = reference.get_object()
        if not isinstance(item, DictionaryObject):
            continue
        sort = item.get("/Subtype")
        if sort == "/Widget":
            _field(item, over)
        elif sort in _SEEN_OVER_THE_PAGE:
            (over.drawn if _by_hand(item) else over.laid_over).append(_corners(item))
    return over


def _corners(item: DictionaryObject) -> Rectangle:
    left, low, right, high = (float(v) for v in _array(item, "/Rect"))
    return min(left, right), min(low, high), max(left, right), max(low, high)


def _array(item: DictionaryObject, key: str) -> ArrayObject:
    found = item[key]
    if not isinstance(found, ArrayObject):
        raise TypeError(key)
    return found


def _by_hand(item: DictionaryObject) -> bool:
    """Whether an annotation can be a signature: visible, drawn, and not a ready-made stamp."""
    if int(item.get("/F", 0)) & _HIDDEN or "/AP" not in item:
        return False
    if item.get("/Subtype") == "/Stamp":
        return not str(item.get("/Name", "")).startswith(_RUBBER_STAMPS)
    return item.get("/Subtype") == "/Ink" and bool(item.get("/InkList"))


def _field(item: DictionaryObject, over: _Over) -> None:
    name, value = str(_inherited(item, "/T") or ""), _inherited(item, "/V")
    over.signed = over.signed or (_inherited(item, "/FT") == "/Sig" and bool(value))
    if name:
        over.boxes[name] = _corners(item)
    if name and isinstance(value, str) and value not in {"", "/Off"}:
        over.fields[name] = str(value)[:2_000]


def _inherited(item: DictionaryObject, key: str) -> object:
    """What a field or the field it is a part of says."""
    for _ in range(_DEEPEST_FIELD):
        if key in item:
            return item[key]
        parent = item.get("/Parent")
        parent = parent.get_object() if parent is not None else None
        if not isinstance(parent, DictionaryObject):
            return None
        item = parent
    return None
