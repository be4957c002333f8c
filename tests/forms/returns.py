"""A form that went out, and the programs of this world through which it may come back."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    StreamObject,
)

from mmx_mailflow.casework.returned import Returned, Signature
from mmx_mailflow.forms.packet import PacketFacts, issued_form, packet, words_from
from mmx_mailflow.forms.returned import ReturnedFile
from mmx_mailflow.forms.returned.look import inspect
from mmx_mailflow.forms.shape import places
from mmx_mailflow.settings import data_path

KEY, TODAY = b"k" * 32, date(2026, 11, 23)
TEXTS = {
    f"{lang}/form/words.toml": (data_path("templates") / lang / "form/words.toml").read_text(
        "utf-8"
    )
    for lang in ("en", "es")
}
WORDS = words_from(TEXTS)
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
NAME = "José Ejemplo Núñez"
LINE = tuple((BOX.x + 30 + 6 * n, BOX.y + 12 + (n * 37 % 17)) for n in range(25))
"""A scrawl over A13, in points from the lower left."""


def judged(*files: bytes) -> Returned:
    made = [ReturnedFile(name="x", content=content) for content in files]
    return inspect(made, key=KEY, issued=FORM, today=TODAY)


def signatures(*files: bytes) -> dict[str, Signature]:
    return {x.place: x.signature for p in judged(*files).pages for x in p.places}


def at_a13(*files: bytes) -> Signature | None:
    return signatures(*files).get("A13")


def saved(writer: PdfWriter) -> bytes:
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


@cache
def page_with_a13(pdf: bytes = PDF) -> bytes:
    """The one page as a PDF of its own."""
    writer = PdfWriter()
    writer.append(io.BytesIO(pdf), pages=(BOX.page - 1, BOX.page))
    return saved(writer)


@cache
def picture(*, pen: bool = False, scale: float = 2.0) -> Image.Image:
    """The page with A13 as a scanner sees it."""
    document = pypdfium2.PdfDocument(drawn() if pen else PDF)
    document.init_forms()
    image = document[BOX.page - 1].render(scale=scale).to_pil().convert("RGB")
    document.close()
    return image


def image_file(sort: str, image: Image.Image | None = None, **more: object) -> bytes:
    target = io.BytesIO()
    (image or picture(pen=True)).save(target, sort, **more)
    return target.getvalue()


# --- filling and drawing ---


@cache
def typed(name: str = NAME) -> bytes:
    """Filled by pypdf, as many web viewers do: with a picture of the value."""
    writer = PdfWriter(io.BytesIO(PDF))
    writer.update_page_form_field_values(
        writer.pages[BOX.page - 1], {"A13.signature": name}, auto_regenerate=False
    )
    return saved(writer)


def typed_by_pikepdf(*, appearance: bool) -> bytes:
    """Filled by pikepdf, that is qpdf: with a picture of the value, or with none at all."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        for item in pdf.pages[BOX.page - 1].Annots:
            if str(item.get("/T", "")) == "A13.signature":
                item.V = pikepdf.String(NAME)
                if "/AP" in item:
                    del item.AP
        if appearance:
            pdf.generate_appearance_streams()
        pdf.save(target)
    return target.getvalue()


@cache
def drawn() -> bytes:
    """A pen annotation over A13, drawn as viewers do: with a picture of its own."""
    left, low = (min(p[n] for p in LINE) - 3 for n in (0, 1))
    right, high = (max(p[n] for p in LINE) + 3 for n in (0, 1))
    path = " ".join(f"{x1} {y1} m {x2} {y2} l S" for (x1, y1), (x2, y2) in pairwise(LINE))
    writer = PdfWriter(io.BytesIO(PDF))
    look = StreamObject()
    look.set_data(f"q 1.6 w 0 0 0.4 RG {path} Q".encode())
    box = ArrayObject([FloatObject(v) for v in (left, low, right, high)])
    look.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): box,
        }
    )
    strokes = ArrayObject([FloatObject(v) for point in LINE for v in point])
    item = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/Ink"),
            NameObject("/Rect"): box,
            NameObject("/F"): NumberObject(4),
            NameObject("/InkList"): ArrayObject([strokes]),
            NameObject("/AP"): DictionaryObject({NameObject("/N"): writer._add_object(look)}),
        }
    )
    writer.pages[BOX.page - 1]["/Annots"].append(writer._add_object(item))
    return saved(writer)


# --- programs ---


def run(program: str, *words: str, given: dict[str, bytes], back: str) -> bytes:
    """Run a program on files in a folder of its own; skipped where it is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        for name, content in given.items():
            (Path(folder) / name).write_bytes(content)
        subprocess.run([program, *words], cwd=folder, check=True, capture_output=True, timeout=120)
        return (Path(folder) / back).read_bytes()


def flattened_by_qpdf(pdf: bytes) -> bytes:
    words = ("--generate-appearances", "--flatten-annotations=all", "in.pdf", "out.pdf")
    return run("qpdf", *words, given={"in.pdf": pdf}, back="out.pdf")


def flattened_by_ghostscript(pdf: bytes) -> bytes:
    words = ("-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pdfwrite", "-dPreserveAnnots=false")
    return run(
        "gs", *words, "-sOutputFile=out.pdf", "in.pdf", given={"in.pdf": pdf}, back="out.pdf"
    )


def printed_by_poppler(pdf: bytes) -> bytes:
    return run("pdftocairo", "-pdf", "in.pdf", "out.pdf", given={"in.pdf": pdf}, back="out.pdf")


def pictured_by_poppler(pdf: bytes) -> bytes:
    page = str(BOX.page)
    words = ("-png", "-r", "150", "-f", page, "-l", page, "-singlefile", "in.pdf", "out")
    return run("pdftocairo", *words, given={"in.pdf": pdf}, back="out.png")


def heic(image: Image.Image) -> bytes:
    given = {"in.png": image_file("PNG", image)}
    return run("heif-enc", "-q", "80", "-o", "out.heic", "in.png", given=given, back="out.heic")


def reader_of(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))
