"""An unsigned form is never called signed, whatever lies over or beside the place to sign."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from functools import cache
from itertools import pairwise

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageDraw
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)
from reportlab.pdfgen.canvas import Canvas

from mmx_mailflow.casework.returned import CheckResult, Defect, Signature, Verdict
from mmx_mailflow.forms.packet import PacketFacts, issued_form, packet, words_from
from mmx_mailflow.forms.returned import ReturnedFile, merge
from mmx_mailflow.forms.returned.days import typed_day
from mmx_mailflow.forms.returned.look import inspect
from mmx_mailflow.forms.shape import places
from mmx_mailflow.sandbox.pen import photographed
from mmx_mailflow.settings import data_path

KEY, TODAY = b"k" * 32, date(2026, 11, 23)
WORDS = words_from(
    {
        f"{lang}/form/words.toml": (data_path("templates") / lang / "form/words.toml").read_text(
            "utf-8"
        )
        for lang in ("en", "es")
    }
)
FACTS = PacketFacts(
    ref="MMX-53S6-6H7",
    issue=1,
    issued_on=TODAY,
    expires_on=date(2027, 11, 23),
    organisation="MedicalMex",
    records_address="records@medicalmex.example",
    agent_name="Ana Ejemplo",
    patient_name="José Ejemplo Núñez",
    emails=("jose@gmail.com",),
    providers=("Hospital Faro del Mar",),
)
PDF = packet(FACTS, WORDS, key=KEY)
FORM = issued_form(FACTS, WORDS)
BOXES = places(FORM.roles)
BOX = next(b for b in BOXES if b.place == "A13")
DPI = 150 / 72
STROKES = [(BOX.x + 30 + 6 * n, 792 - BOX.y - 12 - (n * 37 % 17)) for n in range(25)]


def judged(*files: bytes, today: date = TODAY):
    made = [ReturnedFile(name="x", content=content) for content in files]
    return inspect(made, key=KEY, issued=FORM, today=today)


def at_a13(*files: bytes) -> Signature:
    return next(x.signature for p in judged(*files).pages for x in p.places if x.place == "A13")


def saved(writer: PdfWriter) -> bytes:
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


@cache
def printed() -> Image.Image:
    document = pypdfium2.PdfDocument(PDF)
    image = document[BOX.page - 1].render(scale=DPI).to_pil().convert("RGB")
    document.close()
    return image


def scanned(*, right: float = 0, down: float = 0, strokes: bool = False) -> bytes:
    """The page as an office scanner makes it: a letter-size PDF with a picture that lies askew."""
    image = printed().copy()
    if strokes:
        line = [(x * DPI, y * DPI) for x, y in STROKES]
        ImageDraw.Draw(image).line(line, fill=(20, 20, 90), width=3)
    sheet = Image.new("RGB", image.size, "white")
    sheet.paste(image, (round(right * DPI), round(down * DPI)))
    target = io.BytesIO()
    sheet.save(target, "PDF", resolution=150)
    return target.getvalue()


# --- scans and stains ---


@pytest.mark.parametrize("right", [-6, 0, 6])
@pytest.mark.parametrize("down", [-9, -5, -4, 0, 4, 5, 9])
def test_a_blank_scan_that_lies_askew_is_not_signed(right: float, down: float) -> None:
    assert judged(scanned(right=right, down=down)).verdict != Verdict.SIGNED


@pytest.mark.parametrize("down", [-6, 0, 6])
def test_a_signed_scan_that_lies_askew_is_signed(down: float) -> None:
    assert judged(scanned(right=4, down=down, strokes=True)).verdict == Verdict.SIGNED


def test_the_rim_of_a_cup_is_not_a_signature() -> None:
    image = printed().copy()
    wide, high = image.size
    ring = (wide * 0.2, high * 0.65, wide * 0.6, high * 0.85)
    ImageDraw.Draw(image).ellipse(ring, outline=(120, 90, 50), width=5)
    target = io.BytesIO()
    image.save(target, "JPEG", quality=70)

    assert at_a13(target.getvalue()) in {Signature.UNSURE, Signature.NONE}


@pytest.mark.parametrize("off", [(-30, 0), (-8, 0), (0, 15), (0, -30)])
def test_a_blot_taken_for_a_corner_mark_makes_nobody_sign(off: tuple[int, int]) -> None:
    image = printed().copy()
    pen = ImageDraw.Draw(image)
    for x, y, ink in ((22, 770, "white"), (22 + off[0] + 8, 770 + off[1] - 8, "black")):
        pen.rectangle([(x - 7) * DPI, (y - 7) * DPI, (x + 7) * DPI, (y + 7) * DPI], fill=ink)
    target = io.BytesIO()
    image.save(target, "JPEG", quality=80)

    assert judged(target.getvalue()).verdict != Verdict.SIGNED


# --- what lies over the page ---


def laid(sort: str, rect: tuple[float, ...], **more: object) -> bytes:
    """The untouched file with an annotation over the page with A13."""
    writer = PdfWriter(io.BytesIO(PDF))
    item = DictionaryObject(
        {
            NameObject("/Subtype"): NameObject(sort),
            NameObject("/Rect"): ArrayObject([FloatObject(v) for v in rect]),
            NameObject("/AP"): DictionaryObject(),
            NameObject("/InkList"): ArrayObject([ArrayObject([FloatObject(1), FloatObject(2)])]),
        }
    )
    for name, value in more.items():
        item[NameObject(f"/{name}")] = value
    writer.pages[BOX.page - 1]["/Annots"].append(writer._add_object(item))
    return saved(writer)


ON_IT = (BOX.x + 20, BOX.y + 2, BOX.x + 140, BOX.y + 26)
NOT_SIGNATURES = {
    "a date beside it, reaching in": (
        "/FreeText",
        (BOX.x + BOX.width - 5, BOX.y, BOX.x + BOX.width + 90, BOX.y + 20),
    ),
    "a printed name below it, reaching in": (
        "/Ink",
        (BOX.x, BOX.y - 38, BOX.x + 150, BOX.y + 2),
    ),
    "a typed note": ("/FreeText", ON_IT),
    "a frame around it": ("/Square", (BOX.x, BOX.y, BOX.x + BOX.width, BOX.y + BOX.height)),
    "a line through it": ("/Line", ON_IT),
    "a marker over it": ("/Highlight", ON_IT),
}


@pytest.mark.parametrize("what", NOT_SIGNATURES)
def test_what_is_laid_over_the_place_is_not_a_signature(what: str) -> None:
    assert at_a13(laid(*NOT_SIGNATURES[what])) in {Signature.UNSURE, Signature.NONE}


def test_a_pen_drawing_or_a_pasted_picture_is_drawn() -> None:
    assert at_a13(laid("/Ink", ON_IT)) == Signature.DRAWN
    assert at_a13(laid("/Stamp", ON_IT)) == Signature.DRAWN


@pytest.mark.parametrize("name", ["/SHSignHere", "/Approved", "/SBRejected", "/#Draft"])
def test_a_ready_made_stamp_is_not_a_signature(name: str) -> None:
    assert at_a13(laid("/Stamp", ON_IT, Name=NameObject(name))) == Signature.UNSURE


@pytest.mark.parametrize("flag", [2, 32])
def test_a_drawing_that_nobody_sees_is_not_a_signature(flag: int) -> None:
    assert at_a13(laid("/Ink", ON_IT, F=NumberObject(flag))) == Signature.UNSURE


def test_words_set_into_the_page_are_not_taken_for_ink() -> None:
    over = io.BytesIO()
    canvas = Canvas(over, pagesize=(612, 792))
    canvas.drawString(BOX.x + 20, BOX.y + 8, "Sign here please, José")
    canvas.save()
    writer = PdfWriter(io.BytesIO(PDF))
    writer.pages[BOX.page - 1].merge_page(PdfReader(io.BytesIO(over.getvalue())).pages[0])

    assert at_a13(saved(writer)) == Signature.UNSURE


def test_strokes_under_the_field_of_a_filled_file_are_seen() -> None:
    over = io.BytesIO()
    canvas = Canvas(over, pagesize=(612, 792))
    canvas.setLineWidth(1.5)
    for (x1, y1), (x2, y2) in pairwise(STROKES):
        canvas.line(x1, 792 - y1, x2, 792 - y2)
    canvas.save()
    writer = PdfWriter(io.BytesIO(PDF))
    writer.pages[BOX.page - 1].merge_page(PdfReader(io.BytesIO(over.getvalue())).pages[0])

    assert at_a13(saved(writer)) == Signature.INK


# --- typed ---


def typed(value: str, day: str = "", *, how: str = "plain") -> bytes:
    writer = PdfWriter(io.BytesIO(PDF))
    page = writer.pages[BOX.page - 1]
    for item in (reference.get_object() for reference in page["/Annots"]):
        text = {"A13.signature": value, "A13.date": day}.get(item.get("/T"))
        if not text:
            continue
        item[NameObject("/V")] = TextStringObject(text)
        if how == "indirect":
            item[NameObject("/V")] = writer._add_object(TextStringObject(text))
        if how == "parent":
            held = {NameObject(k): item.pop(k) for k in ("/T", "/V", "/FT")}
            item[NameObject("/Parent")] = writer._add_object(DictionaryObject(held))
    return saved(writer)


@pytest.mark.parametrize("how", ["plain", "indirect", "parent"])
def test_a_typed_name_is_typed_however_the_file_holds_it(how: str) -> None:
    back = judged(typed("José Ejemplo", how=how))

    assert (back.verdict, Defect.TYPED_ONLY in back.defects) == (Verdict.SIGNED, True)


@pytest.mark.parametrize("words", ["-", "N/A", "x", "pendiente", "None", "..."])
def test_words_that_are_no_name_are_not_a_signature(words: str) -> None:
    assert judged(typed(words)).verdict == Verdict.UNSURE


DAYS = {
    "2030-01-01": (Defect.DATE_FUTURE, CheckResult.FAIL),
    "1 de enero de 2020": (Defect.DATE_BEFORE_ISSUE, CheckResult.FAIL),
    "23 November 2026": (None, CheckResult.PASS),
    "04/05/2026": (None, CheckResult.UNSURE),
    "soon": (None, CheckResult.UNSURE),
}


@pytest.mark.parametrize("day", DAYS)
def test_a_typed_date_is_checked_as_far_as_it_is_certain(day: str) -> None:
    back = judged(typed("José Ejemplo", day))
    defect, result = DAYS[day]
    found = {Defect.DATE_FUTURE, Defect.DATE_BEFORE_ISSUE} & set(back.defects)

    assert found == ({defect} if defect else set())
    assert next(c.result for c in back.checks if c.check == 12) == result


def test_a_date_to_come_is_still_wrong_when_more_pages_arrive() -> None:
    first = photographed(PDF, BOXES, 1, sign=())
    whole = merge(judged(typed("José Ejemplo", "2030-01-01")), judged(first), FORM)

    assert Defect.DATE_FUTURE in whole.defects


def test_a_form_that_comes_back_after_its_last_day_is_expired() -> None:
    assert Defect.EXPIRED in judged(PDF, today=date(2027, 11, 24)).defects
    assert Defect.EXPIRED not in judged(PDF, today=date(2027, 11, 23)).defects


READ = {
    "2026-03-04": date(2026, 3, 4),
    "March 4, 2026": date(2026, 3, 4),
    "4 mar 2026": date(2026, 3, 4),
    "4 de marzo del 2026": date(2026, 3, 4),
    "25/03/2026": date(2026, 3, 25),
    "03/25/2026": date(2026, 3, 25),
    "03/04/2026": None,
    "31 February 2026": None,
    "0 mar 2026": None,
    "": None,
}


@pytest.mark.parametrize("words", READ)
def test_a_typed_day_is_read_when_it_has_one_meaning(words: str) -> None:
    assert typed_day(words) == READ[words]


# --- files that are damaged on purpose ---


def document(*, damaged: bool = False, locked: bool = False) -> bytes:
    """A Word file with a pasted picture."""
    target = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (40, 40), dtype=np.uint8)
    picture = io.BytesIO()
    Image.fromarray(noise).save(picture, "PNG")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/image1.png", picture.getvalue())
    raw = bytearray(target.getvalue())
    if damaged:
        raw[60:90] = b"\xff" * 30
    if locked:
        raw[6] |= 1
        raw[raw.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


def test_a_damaged_or_locked_word_file_is_unreadable() -> None:
    assert judged(document()).verdict == Verdict.NOT_THE_FORM
    assert judged(document(damaged=True)).defects == (Defect.UNREADABLE_FILE,)
    assert judged(document(locked=True)).defects == (Defect.UNREADABLE_FILE,)
