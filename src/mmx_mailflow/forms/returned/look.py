"""Looking at what came back: pages, their codes, what was filled in and what stands to be signed.

This is the part that opens files; `transport/worker` runs it in a process of its own. It knows no
key and no case: `judge.py` says what the findings amount to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from mmx_mailflow.casework.returned import (
    IssuedForm,
    Page,
    PageCode,
    Place,
    Returned,
    Signature,
)
from mmx_mailflow.forms.code import read_page_code
from mmx_mailflow.forms.returned import sheet as paper
from mmx_mailflow.forms.returned.came import Rectangle, ReturnedFile, Seen, Sheet
from mmx_mailflow.forms.returned.compare import (
    Blank,
    compared,
    issued_pages,
    reworded,
    typed_over,
)
from mmx_mailflow.forms.returned.days import typed_day
from mmx_mailflow.forms.returned.files import opened
from mmx_mailflow.forms.returned.judge import judge
from mmx_mailflow.forms.returned.place import dated, picture_of, signature_in
from mmx_mailflow.forms.returned.platforms import name_in, on_a_platform, sealed_as
from mmx_mailflow.forms.shape import PlaceBox, code_corners, date_of, places_on

ReadText = Callable[[bytes], str]
"""Reads the print of a picture (PNG): optical character recognition, where it is installed."""
_READ = ("A2.1", "A2.3", "A13.name")
"""Fields of which every character helps a reviewer."""
_RIM = 3.0
_EXACT = 1.5 / 612
"""How far the code of a page that was never on paper may stand from its place: 1.5 points."""
_NO_NAMES = frozenset({"na", "no", "none", "ninguno", "ninguna", "nada", "pending", "pendiente", "signature", "firma", "sign here", "firme aquí", "signature of patient", "tbd", "xx", "xxx"})  # fmt: skip


def look(
    files: Sequence[ReturnedFile],
    *,
    blank: bytes = b"",
    deep: bool = True,
    read_text: ReadText | None = None,
) -> Seen:
    """Look at every page of every file; never raises.

    `blank` is the form as it was issued, to compare with; without `deep` only codes are read.
    """
    sheets, defects = opened(files, deep=deep)
    pages = issued_pages(blank) if deep else ()
    seen = [page for sheet in sheets for page in _pages(sheet, pages, read_text, deep=deep)]
    return Seen(
        pages=tuple(page for page, _ in seen),
        codes=tuple(words for _, words in seen),
        defects=tuple(dict.fromkeys(defects)),
    )


def inspect(
    files: Sequence[ReturnedFile],
    *,
    key: bytes | None,
    issued: IssuedForm | None = None,
    blank: bytes = b"",
    today: date,
) -> Returned:
    """Recognise returned files; never raises, and `signed` is never said of a blank place."""
    keys = None if key is None else (key,)
    return judge(look(files, blank=blank), keys=keys, issued=issued, today=today)


def _pages(
    sheet: Sheet, blanks: Sequence[Blank], read_text: ReadText | None, *, deep: bool
) -> list[tuple[Page, str]]:
    """The page of a sheet, or the pages where a picture shows several, each with its code."""
    found = [(read_page_code(text, None), text, at) for text, at in paper.codes(sheet.picture)]
    return [
        (
            _page(sheet, code, corners, blanks, read_text)
            if deep
            else Page(code=code, legible=True, fields=sheet.fields),
            text,
        )
        for code, text, corners in found
        if code is not None
    ] or [(Page(code=None, legible=False, fields=sheet.fields), "")]


def _page(
    sheet: Sheet,
    code: PageCode,
    corners: paper.Points,
    blanks: Sequence[Blank],
    read_text: ReadText | None,
) -> Page:
    boxes = places_on(code.roles[code.page - 1], code.page)
    exact = sheet.printed and _upright(corners, sheet)
    pixels = (
        paper.flat(sheet.picture) if exact else paper.straightened(sheet.picture, corners, boxes)
    )
    page = Page(
        code=code,
        legible=pixels is not None,
        fields=sheet.fields,
        places=_places(sheet, code, pixels, exact=exact),
    )
    blank = blanks[code.page - 1] if code.page <= len(blanks) == len(code.roles) else None
    if blank is None or pixels is None:
        return page
    filled = _filled(page, sheet, pixels, blank, exact=exact)
    return _with_text(filled, pixels, blank, read_text) if read_text else filled


def _filled(page: Page, sheet: Sheet, pixels: paper.Grey, blank: Blank, *, exact: bool) -> Page:
    """The page with what was filled in and what of its print was changed."""
    if exact and sheet.boxes:
        over = (*sheet.drawn, *sheet.laid_over)
        boxes, words = blank.boxes.items(), reworded(sheet, blank)
        touched = [n for n, box in boxes if any(_meets(rectangle, box) for rectangle in over)]
        update: dict[str, object] = {
            "written": tuple(n for n in touched if not n.endswith((".signature", ".date"))),
            "altered": words,
            "reworded": bool(words),
            "compared": True,
        }
        return page.model_copy(update=update)
    typed, words = (typed_over(sheet, blank), reworded(sheet, blank)) if exact else ({}, ())
    found = compared(pixels, blank)
    if found is None:
        return page.model_copy(update={"fields": {**page.fields, **typed}})
    written = tuple(name for name in found.written if name not in typed)
    as_printed = {k: v for k, v in blank.values.items() if k not in written}
    update = {
        "fields": {**as_printed, **page.fields, **typed},
        "written": written,
        "altered": tuple(dict.fromkeys((*found.altered, *words))),
        "reworded": bool(words),
        "beside": found.beside,
        "compared": True,
    }
    return page.model_copy(update=update)


def _meets(over: Rectangle, box: Rectangle) -> bool:
    return over[0] < box[2] and over[2] > box[0] and over[1] < box[3] and over[3] > box[1]


def _with_text(page: Page, pixels: paper.Grey, blank: Blank, read_text: ReadText) -> Page:
    """The page with what character recognition reads of the fields that matter most."""
    wanted = [n for n in _READ if n in blank.boxes and (n in page.written or not page.compared)]
    wanted += [f"{x.place}.date" for x in page.places if x.dated is not False and not x.date]
    read: dict[str, str] = {}
    for name in wanted:
        if name in blank.boxes:
            words = " ".join(read_text(paper.cut_out(pixels, blank.boxes[name])).split())[:300]
            read |= {name: words} if words else {}
    places = tuple(
        x.model_copy(update={"date": day.isoformat()})
        if not x.date and (day := typed_day(read.get(f"{x.place}.date", "")))
        else x
        for x in page.places
    )
    return page.model_copy(update={"read": read, "places": places})


def _places(
    sheet: Sheet, code: PageCode, pixels: paper.Grey | None, *, exact: bool
) -> tuple[Place, ...]:
    boxes = places_on(code.roles[code.page - 1], code.page)
    return tuple(
        Place(
            place=box.place,
            signature=_sealed(sheet, box, boxes, code.ref, pixels, exact=exact),
            date=_date(sheet.fields.get(f"{box.place}.date", "")),
            dated=_dated(sheet, box, pixels),
            picture=picture_of(pixels, box) if pixels is not None else "",
        )
        for box in boxes
    )


def _dated(sheet: Sheet, box: PlaceBox, pixels: paper.Grey | None) -> bool | None:
    if sheet.fields.get(f"{box.place}.date", "").strip():
        return True
    return None if pixels is None else dated(pixels, date_of(box))


def _date(typed: str) -> str | None:
    day = typed_day(typed)
    return day.isoformat() if day else typed.strip() or None


def _upright(corners: paper.Points, sheet: Sheet) -> bool:
    """Whether the code stands exactly where it was printed, so that the page is not a scan."""
    wide, high = sheet.picture.size
    expected = [(x / 612 * wide, (792 - y) / 792 * high) for x, y in code_corners()]
    return all(
        abs(u - x) < _EXACT * wide and abs(v - y) < _EXACT * wide
        for (u, v), (x, y) in zip(corners, expected, strict=True)
    )


def _sealed(
    sheet: Sheet,
    box: PlaceBox,
    boxes: Sequence[PlaceBox],
    ref: str,
    pixels: paper.Grey | None,
    *,
    exact: bool,
) -> Signature:
    """What stands in a place, with the signatures of platforms and certificates taken in."""
    found = _signature(sheet, box, pixels, exact=exact)
    if not exact:
        return sealed_as(sheet, found, (), stray=bool(sheet.seals), patient=box.place == "A13")
    said = [t for at, t in zip(sheet.words, sheet.texts, strict=True) if _touches(at, box)]
    pictured = any(_within(at, box) for at in sheet.pictures)
    named = _is_a_name(name_in(said))
    if on_a_platform(sheet, ref, found, said, pictured=pictured, named=named):
        return Signature.PLATFORM
    own = [seal for seal in sheet.seals if seal.at is not None and _within(seal.at, box)]
    return sealed_as(sheet, found, own, stray=_strays(sheet, boxes), patient=box.place == "A13")


def _strays(sheet: Sheet, boxes: Sequence[PlaceBox]) -> bool:
    """Whether a signature shows in none of the places of the page, or nowhere."""
    return any(
        seal.at is None or not any(_within(seal.at, box) for box in boxes) for seal in sheet.seals
    )


def _signature(sheet: Sheet, box: PlaceBox, pixels: paper.Grey | None, *, exact: bool) -> Signature:
    """Typed, drawn over the page, ink on it, or not to be told."""
    typed = sheet.fields.get(f"{box.place}.signature", "").strip()
    if typed:
        return Signature.TYPED if _is_a_name(typed) else Signature.UNSURE
    if exact and any(_within(over, box) for over in sheet.drawn):
        return Signature.DRAWN
    if sheet.signed or pixels is None:
        return Signature.UNSURE
    found = signature_in(pixels, box)
    strange = (
        *sheet.drawn,
        *sheet.laid_over,
        *(place for place, _ in (sheet.print if exact else ())),
    )
    if any(_touches(over, box) for over in strange):
        return Signature.UNSURE
    return found


def _is_a_name(typed: str) -> bool:
    letters = "".join(c for c in typed.casefold() if c.isalpha() or c == " ").strip()
    return len(letters) > 1 and letters not in _NO_NAMES


def _within(over: Rectangle, box: PlaceBox) -> bool:
    """Whether something drawn belongs to a place: its middle stands there, and it is no speck."""
    left, low, right, high = over
    middle = ((left + right) / 2, (low + high) / 2)
    return (
        box.x < middle[0] < box.x + box.width
        and box.y - 2 < middle[1] < box.y + box.height + 2
        and 12 <= right - left < 1.3 * box.width
        and 4 <= high - low < 3 * box.height
    )


def _touches(over: Rectangle, box: PlaceBox) -> bool:
    """Whether something reaches into a place by more than its rim."""
    left, low, right, high = over
    return (
        left < box.x + box.width - _RIM
        and right > box.x + _RIM
        and low < box.y + box.height - _RIM
        and high > box.y + _RIM
    )
