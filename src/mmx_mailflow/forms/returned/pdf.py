"""Opening a PDF: its pages as pictures, what was typed and drawn, who signed it.

pdfium draws, pypdf reads what lies over the pages, pyHanko looks at signatures. When only pdfium
can read a file its pages are shown, and nothing on them is certain.
"""

from __future__ import annotations

import ctypes
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pypdfium2
import pypdfium2.raw as pdfium
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import DictionaryObject

from mmx_mailflow.forms.returned.came import (
    LARGEST_SIDE,
    MOST_PAGES,
    STUMBLES,
    LockedError,
    Rectangle,
    Seal,
    SealState,
    Sheet,
    TooLargeError,
)
from mmx_mailflow.forms.returned.over import Over, over_page
from mmx_mailflow.forms.returned.pictures import refuse_too_large
from mmx_mailflow.forms.returned.platforms import is_audit_page
from mmx_mailflow.forms.returned.sealed import seals

_DPI = 150
_MOST_WORDS, _MOST_PICTURES, _LONGEST_TEXT = 5_000, 200, 20_000
_MOST_SEARCHED = 600
"""Of a longer file only this many pages are searched for words of ours."""
_FROM_THE_END = 10
_DEEPEST = 4


def pages(content: bytes, *, deep: bool = True) -> list[Sheet]:
    """The pages worth looking at, in their order; raises what the libraries raise.

    Without `deep` signatures are not validated.
    """
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}:
            raise LockedError("a password is needed") from error
        raise
    try:
        document.init_forms()
        return _sheets(_File(document, _reader(content)), content, deep=deep)
    finally:
        document.close()


def _reader(content: bytes) -> PdfReader | None:
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            return None
        _ = len(reader.pages)
    except (PyPdfError, *STUMBLES):
        return None
    return reader


@dataclass(slots=True)
class _File:
    """One PDF, opened twice."""

    document: pypdfium2.PdfDocument
    reader: PdfReader | None
    shown: dict[str, list[tuple[int, Rectangle | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    audits: list[str] = field(default_factory=list)


def _sheets(file: _File, content: bytes, *, deep: bool) -> list[Sheet]:
    numbers = _worth_looking_at(file)
    sheets = {number: sheet for number in numbers if (sheet := _page(file, number))}
    if numbers and not sheets:
        raise TooLargeError("no page can be shown")
    found = seals(content, file.shown) if deep else ()
    return [_with_seals(sheet, number, found, file) for number, sheet in sheets.items()]


def _with_seals(sheet: Sheet, number: int, found: Sequence[Seal], file: _File) -> Sheet:
    mine = tuple(seal if seal.page == number else replace(seal, at=None) for seal in found)
    return replace(
        sheet,
        seals=mine,
        signed=any(s.state == SealState.UNKNOWN and s.page in {None, number} for s in found),
        sealed=any(seal.whole for seal in found)
        and all(seal.state == SealState.INTACT for seal in found),
        broken=any(seal.state == SealState.BROKEN for seal in found),
        audits=tuple(file.audits),
    )


def _worth_looking_at(file: _File) -> list[int]:
    """Which pages are opened of a long file: those that say whose they are, then both ends."""
    count = len(file.document)
    if count <= MOST_PAGES:
        return list(range(count))
    ours = [n for n in range(min(count, _MOST_SEARCHED)) if _speaks_of_us(file, n)]
    ends = [*range(MOST_PAGES - _FROM_THE_END), *range(count - _FROM_THE_END, count)]
    return sorted(list(dict.fromkeys([*ours, *ends, *range(count)]))[:MOST_PAGES])


def _speaks_of_us(file: _File, number: int) -> bool:
    try:
        page = file.document[number]
    except pypdfium2.PdfiumError:
        return False
    try:
        return "MMX-" in _text(page)
    finally:
        page.close()


def _text(page: pypdfium2.PdfPage) -> str:
    text = page.get_textpage()
    try:
        said: str = text.get_text_range(0, min(text.count_chars(), _LONGEST_TEXT))
    finally:
        text.close()
    return said


def _page(file: _File, number: int) -> Sheet | None:
    """One page, or None when it cannot be shown: the others may be."""
    over = _over(file, number)
    try:
        for size in _picture_sizes(file.reader, number):
            refuse_too_large(size)
        page = file.document[number]
    except (TooLargeError, pypdfium2.PdfiumError):
        return None
    try:
        return _shown(file, page, number, over)
    finally:
        page.close()


def _shown(file: _File, page: pypdfium2.PdfPage, number: int, over: Over | None) -> Sheet:
    width, height = page.get_size()
    scale = min(_DPI / 72, LARGEST_SIDE / max(width, height, 1))
    if is_audit_page(_text(page)):
        file.audits.append(_text(page))
    words, texts = _words(page)
    everywhere = ((-1e6, -1e6, 1e6, 1e6),)
    sheet = Sheet(
        picture=page.render(scale=scale, may_draw_forms=True).to_pil().convert("L"),
        fields=over.fields if over else {},
        boxes=over.boxes if over else {},
        drawn=tuple(over.drawn) if over else (),
        laid_over=tuple(over.laid_over) if over else everywhere,
        words=words,
        texts=texts,
        pictures=tuple(_pictures(page)),
        printed=_as_issued(page),
    )
    for name, at in over.signatures if over else ():
        file.shown[name].append((number, at))
    return sheet


def _as_issued(page: pypdfium2.PdfPage) -> bool:
    """Whether points on the page are points of the form: a letter page, upright, from its corner."""
    width, height = page.get_size()
    left, low = page.get_cropbox()[:2]
    upright = not page.get_rotation() and abs(left) < 1 and abs(low) < 1
    return upright and abs(width - 612) < 3 and abs(height - 792) < 3


def _over(file: _File, number: int) -> Over | None:
    """What lies over a page, or None when that cannot be read."""
    if file.reader is None:
        return None
    try:
        return over_page(file.reader, number)
    except (PyPdfError, *STUMBLES):
        return None


def _words(page: pypdfium2.PdfPage) -> tuple[tuple[Rectangle, ...], tuple[str, ...]]:
    text = page.get_textpage()
    try:
        count = min(text.count_rects(), _MOST_WORDS)
        places = tuple(text.get_rect(n) for n in range(count))
        return places, tuple(text.get_text_bounded(*place)[:500] for place in places)
    finally:
        text.close()


def _pictures(page: pypdfium2.PdfPage) -> Iterator[Rectangle]:
    found = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST)
    for number, item in enumerate(found):
        if number >= _MOST_PICTURES:
            return
        try:
            left, low, right, high = item.get_bounds()
        except (pypdfium2.PdfiumError, ctypes.ArgumentError):
            continue
        yield left, low, right, high


def _picture_sizes(reader: PdfReader | None, number: int) -> Iterator[tuple[int, int]]:
    """The sizes that a page's pictures say they have, before any is decoded."""
    if reader is None:
        return
    try:
        resources = reader.pages[number].get("/Resources")
        yield from _sizes_in(resources.get_object() if resources is not None else None, 0)
    except TooLargeError:
        raise
    except (PyPdfError, *STUMBLES):
        return


def _sizes_in(resources: object, depth: int) -> Iterator[tuple[int, int]]:
    if not isinstance(resources, DictionaryObject) or depth > _DEEPEST:
        return
    items = resources.get("/XObject")
    items = items.get_object() if items is not None else None
    if not isinstance(items, DictionaryObject):
        return
    for name in list(items)[:_MOST_PICTURES]:
        item = items[name]
        if not isinstance(item, DictionaryObject):
            continue
        if item.get("/Subtype") == "/Image":
            yield int(item.get("/Width", 0)), int(item.get("/Height", 0))
        elif item.get("/Subtype") == "/Form":
            inner = item.get("/Resources")
            yield from _sizes_in(inner.get_object() if inner is not None else None, depth + 1)
