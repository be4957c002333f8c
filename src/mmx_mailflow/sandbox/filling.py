"""Filling in a form on a screen as people do: typed into its fields, signed with a finger."""

from __future__ import annotations

import io
from collections.abc import Mapping

from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    StreamObject,
)

from mmx_mailflow.forms.shape import PlaceBox

_STROKES = (0, 9, -4, 12, 3, 15, -6, 10, 1, 13, -2, 8)
_STEP, _WIDTH, _PRINTED = 11.0, 1.6, 4


def filled(
    pdf: bytes, boxes: tuple[PlaceBox, ...], *, sign: tuple[str, ...], typed: Mapping[str, str]
) -> bytes:
    """The form as one PDF: values in its fields, and strokes over the places to sign."""
    writer = PdfWriter(io.BytesIO(pdf))
    for page in writer.pages:
        names = {str(item.get_object().get("/T", "")) for item in page.get("/Annots", ())}
        values = {name: value for name, value in typed.items() if name in names}
        if values:
            writer.update_page_form_field_values(page, values, auto_regenerate=False)
    for box in (b for b in boxes if b.place in sign):
        note = writer._add_object(_strokes(writer, box))  # noqa: SLF001  pypdf knows no ink
        notes = writer.pages[box.page - 1]["/Annots"].get_object()
        assert isinstance(notes, ArrayObject)
        notes.append(note)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def _strokes(writer: PdfWriter, box: PlaceBox) -> DictionaryObject:
    """A drawing in a place, as programs store what a finger drew (ISO 32000-1 12.5.6.13)."""
    left, middle = box.x + 30.0, box.y + 12.0
    points = [(left + n * _STEP, middle + up) for n, up in enumerate(_STROKES)]
    around = _numbers(left - 4, middle - 10, left + _STEP * len(_STROKES), middle + 20)
    look = StreamObject()
    look.set_data(_drawing(points))
    look[NameObject("/Type")], look[NameObject("/Subtype")] = _names("/XObject", "/Form")
    look[NameObject("/BBox")] = around
    return DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Ink"),
            NameObject("/F"): NumberObject(_PRINTED),
            NameObject("/Rect"): around,
            NameObject("/InkList"): ArrayObject([_numbers(*(v for p in points for v in p))]),
            NameObject("/AP"): DictionaryObject(
                {NameObject("/N"): writer._add_object(look)}  # noqa: SLF001  as above
            ),
        }
    )


def _drawing(points: list[tuple[float, float]]) -> bytes:
    first, *rest = (f"{x:.1f} {y:.1f}" for x, y in points)
    lines = "".join(f" {point} l" for point in rest)
    return f"0.05 0.05 0.4 RG {_WIDTH} w 1 J 1 j {first} m{lines} S".encode()


def _numbers(*values: float) -> ArrayObject:
    return ArrayObject([FloatObject(value) for value in values])


def _names(*values: str) -> tuple[NameObject, ...]:
    return tuple(NameObject(value) for value in values)
