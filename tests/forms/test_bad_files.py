"""Files that are broken, huge or hostile: a verdict and defects, no exception, never signed."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject
from tests.forms.returns import (
    BOX,
    PDF,
    at_a13,
    drawn,
    image_file,
    judged,
    page_with_a13,
    picture,
    saved,
    typed,
)
from tests.forms.sealing import page_of, sealed

from mmx_mailflow.casework.returned import Defect, Signature, Verdict
from mmx_mailflow.forms.returned import ReturnedFile
from mmx_mailflow.forms.returned.files import opened
from mmx_mailflow.forms.returned.look import look
from mmx_mailflow.forms.returned.pdf import MOST_PAGES

SCAN = image_file("JPEG")
UNREADABLE = (Defect.UNREADABLE_FILE,)


def folder(*members: tuple[str, bytes], locked: bool = False) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    raw = bytearray(target.getvalue())
    if locked:
        raw[6] |= 1
        raw[raw.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


def png_that_says(width: int, height: int) -> bytes:
    """A picture with a large size in its header and next to nothing behind it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def white(width: int, height: int) -> bytes:
    """A picture that could be decoded, if anybody did."""
    return image_file("PNG", Image.new("1", (width, height), 1))


def pdf_with_a_picture_that_says(width: int, height: int) -> bytes:
    small = image_file("PDF", Image.new("L", (64, 64), 255))
    return small.replace(b"/Width 64", b"/Width %d" % width).replace(
        b"/Height 64", b"/Height %d" % height
    )


def folder_that_says(size: int) -> bytes:
    """A folder whose directory announces another size than what lies in it."""
    raw = bytearray(folder(("a.jpg", SCAN)))
    at = raw.rfind(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(raw)


BAD: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "noise": lambda: bytes(range(256)) * 40,
    "words": lambda: b"I agree and sign.",
    "a PDF of one line": lambda: b"%PDF-1.7\n",
    "a PDF with its middle gone": lambda: PDF[:9_000] + PDF[-9_000:],
    "a picture of 40,000 by 40,000 pixels": lambda: png_that_says(40_000, 40_000),
    "a whole picture of 40,000 by 100 pixels": lambda: white(40_000, 100),
    "a whole picture of 9,000 by 9,000 pixels": lambda: white(9_000, 9_000),
    "a picture of nothing": lambda: png_that_says(0, 0),
    "a PDF with a picture of 40,000 by 40,000": lambda: pdf_with_a_picture_that_says(
        40_000, 40_000
    ),
    "a folder that unpacks to too much": lambda: folder(("a.jpg", b"\xff\xd8" + bytes(70_000_000))),
    "a folder of many files that are too much together": lambda: folder(
        ("a.jpg", SCAN), *[(f"{n}.txt", bytes(1_000_000)) for n in range(61)]
    ),
    "a folder with a file that shrank too much": lambda: folder(("a.jpg", bytes(5_000_000))),
    "a folder that understates": lambda: folder_that_says(10),
    "a folder that overstates": lambda: folder_that_says(0xFFFFFFF0),
    "a folder in a folder": lambda: folder(("b.zip", folder(("a.jpg", SCAN)))),
    "a folder of a thousand and one": lambda: folder(*[(f"{n}.jpg", b"") for n in range(1_001)]),
    "a Word file that unpacks to too much": lambda: folder(
        ("word/document.xml", bytes(70_000_000))
    ),
    "an old Word file": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000),
    "a GIF without its end": lambda: image_file("GIF", picture())[:3_000],
    "a drawing that would start a program": lambda: image_file("EPS", picture()),
    "a JPEG without its end": lambda: SCAN[: len(SCAN) // 3],
    "a TIFF that points to itself": lambda: b"II*\0\x08\0\0\0\0\0\x08\0\0\0" * 3,
    "a HEIC photo of nothing": lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_unreadable(what: str) -> None:
    back = judged(BAD[what]())

    assert back.verdict == Verdict.UNREADABLE
    assert back.defects == UNREADABLE


LOCKED: dict[str, Callable[[], bytes]] = {
    "a folder with a password": lambda: folder(("a.jpg", SCAN), locked=True),
    "a Word file with a password": lambda: (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000) + "EncryptedPackage".encode("utf-16-le")
    ),
}


@pytest.mark.parametrize("what", LOCKED)
def test_a_locked_file_asks_for_the_form_without_a_password(what: str) -> None:
    assert judged(LOCKED[what]()).defects == (Defect.PASSWORD,)


def test_too_large_is_refused_before_anything_is_unpacked() -> None:
    bombs = [ReturnedFile("", BAD[what]()) for what in BAD if "000 by" in what or "folder" in what]
    tracemalloc.start()
    opened(bombs)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 60_000_000


def long_file(at: int, count: int = 500) -> bytes:
    """Five hundred pages of somebody else's, with ours among them."""
    writer = PdfWriter()
    other = io.BytesIO(page_of(("An invoice",)))
    for number in range(count):
        if number == at:
            writer.append(io.BytesIO(page_with_a13(drawn())))
        else:
            writer.append(other)
    return saved(writer)


@pytest.mark.slow
@pytest.mark.parametrize("at", [0, 250, 499])
def test_our_page_is_found_in_five_hundred(at: int) -> None:
    back = judged(long_file(at))

    assert len(back.pages) == MOST_PAGES
    assert back.verdict == Verdict.SIGNED


def test_of_a_long_scan_both_ends_are_looked_at() -> None:
    blank = Image.new("L", (612, 792), 255)
    others = [blank] * 60
    first = image_file("PDF", picture(pen=True), save_all=True, append_images=others)
    last = image_file(
        "PDF", blank.copy(), save_all=True, append_images=[*others, picture(pen=True)]
    )

    assert judged(first).verdict == Verdict.SIGNED
    assert judged(last).verdict == Verdict.SIGNED


def test_one_page_that_cannot_be_shown_does_not_spoil_the_others() -> None:
    writer = PdfWriter()
    writer.append(io.BytesIO(pdf_with_a_picture_that_says(40_000, 40_000)))
    writer.append(io.BytesIO(typed()))

    assert judged(saved(writer)).verdict == Verdict.SIGNED


def test_one_bad_file_does_not_spoil_the_others() -> None:
    back = judged(b"noise", image_file("PNG"), png_that_says(40_000, 40_000))

    assert back.verdict == Verdict.SIGNED
    assert Defect.UNREADABLE_FILE in back.defects


def test_what_lies_over_a_page_that_cannot_be_read_makes_nothing_certain() -> None:
    """One reader shows the page, the other one stumbles over a frame without corners."""
    writer = PdfWriter(io.BytesIO(drawn()))
    frame = DictionaryObject({NameObject("/Subtype"): NameObject("/Square")})
    writer.pages[BOX.page - 1]["/Annots"].append(writer._add_object(frame))

    assert at_a13(saved(writer)) == Signature.UNSURE


STARTS = {"the form": PDF, "typed": typed(), "a seal": sealed(), "a scan": SCAN, "a folder": folder(("a.jpg", SCAN))}  # fmt: skip


@pytest.mark.parametrize("start", STARTS)
@settings(max_examples=12)
@given(data=st.data())
def test_damage_raises_nothing_and_signs_nothing(start: str, data: st.DataObject) -> None:
    content = bytearray(STARTS[start])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    unsigned = start == "the form"
    seen = look([ReturnedFile("", cut)])

    for place in (place for page in seen.pages for place in page.places):
        assert not (unsigned and place.signature in {"ink", "drawn", "cryptographic", "platform"})
    assert len(seen.pages) == len(seen.codes)
