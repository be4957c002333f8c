"""What lies over a PDF page: values typed into fields, drawings, notes, signature fields."""

from __future__ import annotations

from dataclasses import dataclass, field

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    NullObject,
    StreamObject,
)

from mmx_mailflow.forms.returned.came import Rectangle

_MOST_ANNOTATIONS, _DEEPEST_FIELD, _LONGEST = 600, 8, 2_000
_MOST_PAGES_WITH_VALUES = 100
_SEEN_OVER_THE_PAGE = frozenset(
    {"/Ink", "/Stamp", "/FreeText", "/Square", "/Circle", "/Line", "/PolyLine", "/Polygon", "/Highlight"}
)  # fmt: skip
_HIDDEN = 2 | 32
"""The flags of an annotation that nobody sees: Hidden and NoView."""
_RUBBER_STAMPS = ("/SH", "/SB", "/#", "/Approved", "/Experimental", "/NotApproved", "/AsIs", "/Expired", "/NotForPublicRelease", "/Confidential", "/Final", "/Sold", "/Departmental", "/ForComment", "/TopSecret", "/Draft", "/ForPublicRelease")  # fmt: skip
"""Names of ready-made stamps, such as "sign here"; a pasted signature has none of them."""


@dataclass(slots=True)
class Over:
    """What lies over a page."""

    fields: dict[str, str] = field(default_factory=dict)
    boxes: dict[str, Rectangle] = field(default_factory=dict)
    drawn: list[Rectangle] = field(default_factory=list)
    laid_over: list[Rectangle] = field(default_factory=list)
    signatures: list[tuple[str, Rectangle | None]] = field(default_factory=list)
    """Signature fields that are filled: their names, and where they show, if they do."""


def over_page(reader: PdfReader, number: int) -> Over:
    """Typed values by field name, what was drawn over the page, and filled signature fields."""
    page = reader.pages[number]
    found = page.get("/Annots", ArrayObject()).get_object()
    if not isinstance(found, ArrayObject):
        return Over()
    over = Over()
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
    found = item["/Rect"]
    if not isinstance(found, ArrayObject):
        raise TypeError("/Rect")
    left, low, right, high = (float(v) for v in found)
    return (min(left, right), min(low, high), max(left, right), max(low, high))


def _by_hand(item: DictionaryObject) -> bool:
    """Whether an annotation can be a signature: visible, drawn, and not a ready-made stamp."""
    if int(item.get("/F", 0)) & _HIDDEN or "/AP" not in item:
        return False
    if item.get("/Subtype") == "/Stamp":
        return not str(item.get("/Name", "")).startswith(_RUBBER_STAMPS)
    return item.get("/Subtype") == "/Ink" and bool(item.get("/InkList"))


def _field(item: DictionaryObject, over: Over) -> None:
    """The value counts, not its appearance: many programs leave that out or forget to renew it."""
    name, value = _full_name(item), _inherited(item, "/V")
    if _inherited(item, "/FT") == "/Sig":
        if isinstance(value, DictionaryObject):
            over.signatures.append((name, _shown_at(item)))
        return
    words = _words(value)
    if name:
        over.boxes[name] = _corners(item)
    if name and words not in {"", "/Off"}:
        over.fields[name] = words[:_LONGEST]


def _shown_at(item: DictionaryObject) -> Rectangle | None:
    """Where a signature can be seen: many have no size, or are hidden."""
    left, low, right, high = _corners(item)
    hidden = int(item.get("/F", 0)) & _HIDDEN
    return None if hidden or right - left < 1 or high - low < 1 else (left, low, right, high)


def values(reader: PdfReader) -> dict[str, str]:
    """The values of all pages, as far as `over_page` reads them."""
    found: dict[str, str] = {}
    for number in range(min(len(reader.pages), _MOST_PAGES_WITH_VALUES)):
        found |= over_page(reader, number).fields
    return found


def _words(value: object) -> str:
    """A value as text: a string, a name, or a stream (ISO 32000-1, 12.7.4.3)."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, StreamObject):
        value = value.get_data()
    if isinstance(value, (bytes, ByteStringObject)):
        wide = value.startswith((b"\xfe\xff", b"\xff\xfe"))
        return value.decode("utf-16" if wide else "utf-8", errors="replace")
    return ""


def _full_name(item: DictionaryObject) -> str:
    """The partial names from the root of the field down, with points between."""
    names: list[str] = []
    for _ in range(_DEEPEST_FIELD):
        if item.get("/T"):
            names.append(str(item["/T"]))
        above = _parent(item)
        if above is None:
            break
        item = above
    return ".".join(reversed(names))


def _inherited(item: DictionaryObject, key: str) -> object:
    """What a field or the field it is a part of says."""
    for _ in range(_DEEPEST_FIELD):
        found = item.get(key)
        found = found.get_object() if found is not None else None
        if found is not None and not isinstance(found, NullObject):
            return found
        above = _parent(item)
        if above is None:
            return None
        item = above
    return None


def _parent(item: DictionaryObject) -> DictionaryObject | None:
    parent = item.get("/Parent")
    parent = parent.get_object() if parent is not None else None
    return parent if isinstance(parent, DictionaryObject) else None
