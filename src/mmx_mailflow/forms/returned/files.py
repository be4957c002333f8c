"""Opening what came back: pages as pictures, typed values, and what could not be opened."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

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
_STUMBLES = (ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, RecursionError, MemoryError, OverflowError, AssertionError, NotImplementedError, SyntaxError, EOFError)  # fmt: skip
"""What the libraries raise on damaged files; none of their words is kept."""
_ANNOTATIONS = frozenset({"/Ink", "/Stamp", "/FreeText", "/Square", "/Line", "/PolyLine"})


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
    drawn: tuple[tuple[float, float, float, float], ...] = ()
    """Rectangles of annotations in points from the lower left corner."""
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
        return [s for picture in _pictures_of_docx(content) for s in _images(picture)]
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
    fields, drawn, signed = _annotations(reader, number)
    return Sheet(
        picture=picture,
        fields=fields,
        drawn=drawn,
        signed=signed,
        printed=abs(width - 612) < 3 and abs(height - 792) < 3,  # noqa: PLR2004  letter in points
    )


def _annotations(
    reader: PdfReader, number: int
) -> tuple[dict[str, str], tuple[tuple[float, float, float, float], ...], bool]:
    """Typed values by field name, what was drawn over the page, and filled signature fields."""
    found = reader.pages[number].get("/Annots", ArrayObject())
    fields: dict[str, str] = {}
    drawn: list[tuple[float, float, float, float]] = []
    signed = False
    for reference in list(found)[:600]:
        item = reference.get_object()
        if not isinstance(item, DictionaryObject):
            continue
        sort = item.get("/Subtype")
        if sort in _ANNOTATIONS:
            left, low, right, high = (float(v) for v in item.get("/Rect", (0, 0, 0, 0)))
            drawn.append((left, low, right, high))
        elif sort == "/Widget":
            name, value = str(item.get("/T", "")), item.get("/V", "")
            signed = signed or (item.get("/FT") == "/Sig" and bool(value))
            if name and isinstance(value, str) and value not in {"", "/Off"}:
                fields[name] = str(value)[:2_000]
    return fields, tuple(drawn), signed
