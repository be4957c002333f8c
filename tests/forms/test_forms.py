"""What comes back of the packet: photographed, typed into, damaged, forged."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pypdf import PdfWriter

from mmx_mailflow.casework.returned import Defect, Signature, Verdict
from mmx_mailflow.forms.code import page_code, read_page_code
from mmx_mailflow.forms.packet import (
    PacketFacts,
    issued_form,
    packet,
    words_from,
)
from mmx_mailflow.forms.returned import ReturnedFile, merge
from mmx_mailflow.forms.returned.look import inspect
from mmx_mailflow.forms.shape import places
from mmx_mailflow.sandbox.pen import photographed
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
    date_of_birth=date(1980, 3, 4),
    emails=("jose@gmail.com",),
    providers=("Hospital Faro del Mar", "Clínica Misión"),
    treatment=("June 2024",),
    records=("operative report",),
)
PDF = packet(FACTS, WORDS, key=KEY)
FORM = issued_form(FACTS, WORDS)
BOXES = places(FORM.roles)
ALL = ("A13", "A12.6", "B2.1")


def judged(*files: bytes, key: bytes = KEY):
    made = [ReturnedFile(name="x", content=content) for content in files]
    return inspect(made, key=key, issued=FORM, today=TODAY)


def photos(sign: tuple[str, ...] = ALL, *, tilt: float = 1.5) -> list[bytes]:
    return [photographed(PDF, BOXES, n, sign=sign, tilt=tilt) for n in FORM.pages_wanted]


def test_signed_photos_are_signed_and_blank_ones_unsigned() -> None:
    signed, blank = judged(*photos()), judged(*photos(()))

    assert (signed.verdict, signed.defects) == (Verdict.SIGNED, ())
    assert blank.verdict == Verdict.UNSIGNED
    assert Defect.UNSIGNED in blank.defects


@pytest.mark.parametrize("tilt", [-4, 0, 3, 90, 180])
def test_a_page_is_straightened_however_it_lies(tilt: float) -> None:
    assert judged(*photos(tilt=tilt)).verdict == Verdict.SIGNED
    assert judged(*photos((), tilt=tilt)).verdict == Verdict.UNSIGNED


def test_the_untouched_file_is_unsigned() -> None:
    assert judged(PDF).verdict == Verdict.UNSIGNED


def test_a_fold_or_a_shadow_over_the_line_is_never_a_signature() -> None:
    for line in (((0, 900), (1224, 905)), ((0, 1285), (1224, 1290)), ((700, 0), (705, 1584))):
        pages = []
        for raw in photos((), tilt=0):
            image = Image.open(io.BytesIO(raw)).convert("RGB")
            ImageDraw.Draw(image).line(line, fill=(120, 120, 120), width=5)
            target = io.BytesIO()
            image.save(target, "JPEG")
            pages.append(target.getvalue())

        assert judged(*pages).verdict in {Verdict.UNSIGNED, Verdict.UNSURE}


def test_a_typed_name_counts_as_typed_and_is_named() -> None:
    writer = PdfWriter(io.BytesIO(PDF))
    for page in writer.pages:
        writer.update_page_form_field_values(
            page, {"A13.signature": "José Ejemplo", "A9.risk": "JE"}
        )
    target = io.BytesIO()
    writer.write(target)
    back = judged(target.getvalue())

    assert Defect.TYPED_ONLY in back.defects
    signatures = {x.place: x.signature for p in back.pages for x in p.places}
    assert signatures["A13"] == Signature.TYPED
    assert any(p.fields.get("A9.risk") == "JE" for p in back.pages)


def test_the_signed_page_alone_is_signed_with_pages_missing() -> None:
    page = next(b.page for b in BOXES if b.place == "A13")
    back = judged(photographed(PDF, BOXES, page, sign=ALL))

    assert back.verdict == Verdict.SIGNED
    assert Defect.PAGE_MISSING in back.defects


def test_pages_that_come_in_several_mails_are_one_return() -> None:
    first, *rest = photos()
    whole = merge(judged(first), judged(*rest), FORM)

    assert (whole.verdict, whole.defects) == (Verdict.SIGNED, ())


def test_a_forged_code_or_another_case_is_never_signed() -> None:
    other = FORM.model_copy(update={"ref": "MMX-0000-000"})
    files = [ReturnedFile(name="x", content=c) for c in photos()]
    theirs = inspect(files, key=KEY, issued=other, today=TODAY)

    assert judged(*photos(), key=b"z" * 32).defects == (Defect.WRONG_FORM,)
    assert theirs.verdict == Verdict.NOT_THE_FORM
    assert theirs.defects == (Defect.OTHER_CASE,)


def test_an_encrypted_file_and_a_bomb_are_named_defects() -> None:
    writer = PdfWriter(io.BytesIO(PDF))
    writer.encrypt("secret", algorithm="RC4-128")
    locked, bomb = io.BytesIO(), io.BytesIO()
    writer.write(locked)
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")

    assert judged(locked.getvalue()).defects == (Defect.PASSWORD,)
    assert judged(bomb.getvalue()).defects == (Defect.UNREADABLE_FILE,)


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, len(PDF)), noise=st.binary(max_size=40))
def test_damaged_files_get_a_verdict_and_are_never_signed(cut: int, noise: bytes) -> None:
    assert judged(PDF[:cut] + noise).verdict != Verdict.SIGNED


@given(text=st.text(max_size=60))
def test_no_text_is_taken_for_a_code_of_ours(text: str) -> None:
    found = read_page_code(text, [KEY])

    assert found is None or found.verified is False
    assert read_page_code(page_code(KEY, FACTS.ref, 3, 2, "FKSP"), [KEY]).page == 2
