"""Every way in which a form comes back: pictures, documents, folders, seals and platforms."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from email.message import EmailMessage

import pikepdf
import pytest
from PIL import ExifTags, Image
from pypdf import PdfWriter
from tests.forms.returns import (
    BOX,
    BOXES,
    FACTS,
    FORM,
    NAME,
    PDF,
    TEXTS,
    at_a13,
    drawn,
    heic,
    image_file,
    judged,
    page_with_a13,
    picture,
    saved,
    signatures,
    typed,
)
from tests.forms.sealing import AUDIT, changed, over_a13, page_of, sealed, with_pages

from mmx_mailflow.casework.returned import Defect, Signature, Verdict
from mmx_mailflow.forms.code import page_code, typed_code
from mmx_mailflow.forms.returned import may_hold_pages
from mmx_mailflow.forms.returned.platforms import TITLES, belongs, is_audit_page

SIGNED = frozenset(Signature) - {Signature.NONE, Signature.UNSURE}

# --- pictures ---

PICTURES: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG": lambda image: image_file("JPEG", image, quality=70),
    "PNG": lambda image: image_file("PNG", image),
    "PNG with a clear background": lambda image: image_file("PNG", clear(image)),
    "PNG of 16 bits": lambda image: image_file("PNG", deep(image)),
    "TIFF": lambda image: image_file("TIFF", image),
    "TIFF in black and white": lambda i: image_file("TIFF", i.convert("1"), compression="group4"),
    "GIF": lambda image: image_file("GIF", image),
    "WebP": lambda image: image_file("WEBP", image),
    "BMP": lambda image: image_file("BMP", image),
    "AVIF": lambda image: image_file("AVIF", image),
    "PDF from a scanner": lambda image: image_file("PDF", image, resolution=144),
}


def clear(image: Image.Image) -> Image.Image:
    """Ink on nothing, as drawing programs save it."""
    ink = image.convert("L").point(lambda v: 255 - v)
    made = Image.new("RGBA", image.size, (0, 0, 0, 0))
    made.putalpha(ink)
    return made


def deep(image: Image.Image) -> Image.Image:
    return image.convert("L").convert("I").point(lambda v: v * 257).convert("I;16")


@pytest.mark.parametrize("sort", PICTURES)
def test_a_picture_is_opened_and_its_signature_seen(sort: str) -> None:
    assert at_a13(PICTURES[sort](picture(pen=True))) == Signature.INK
    assert at_a13(PICTURES[sort](picture())) == Signature.NONE


@pytest.mark.servers
def test_a_heic_photo_is_known_by_what_it_holds() -> None:
    pytest.importorskip("pi_heif", reason="the extra heic is not installed")

    assert at_a13(heic(picture(pen=True))) == Signature.INK
    assert at_a13(heic(picture())) == Signature.NONE


def test_without_the_extra_a_heic_photo_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    content = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)

    assert judged(content).defects == (Defect.UNREADABLE_FILE,)


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_photo_is_turned_as_the_camera_noted(turn: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = picture(pen=True)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    stored = image.transpose(undo[turn]) if turn > 1 else image

    assert at_a13(image_file("JPEG", stored, exif=exif)) == Signature.INK


def test_each_page_of_a_tiff_counts_and_only_the_first_of_a_moving_picture() -> None:
    pages = [picture(), picture().rotate(180), picture()]
    tiff = image_file("TIFF", pages[0], save_all=True, append_images=pages[1:])
    moving = image_file("GIF", pages[0], save_all=True, append_images=pages[1:])

    assert len(judged(tiff).pages) == 3
    assert len(judged(moving).pages) == 1


def test_a_fax_with_oblong_dots_is_as_high_as_its_paper() -> None:
    image = picture(pen=True).convert("1")
    fax = image.resize((1728, round(1728 * 11 / 8.5 * 98 / 204)))

    assert at_a13(image_file("TIFF", fax, compression="group4", dpi=(204, 98))) in {
        Signature.INK,
        Signature.UNSURE,
    }


def test_a_logo_in_a_mail_is_no_page() -> None:
    logo = image_file("PNG", Image.new("RGB", (240, 80), "navy"))

    assert judged(logo).pages == ()
    assert judged(logo, page_with_a13()).verdict == Verdict.UNSIGNED


HOLDS_PAGES = {
    "a PDF": (PDF, True),
    "a JPEG": (b"\xff\xd8\xff\xe0", True),
    "a HEIC photo": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", True),
    "a film": (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", False),
    "a sound": (b"RIFF\0\0\0\0WAVEfmt ", False),
    "a note": (b"BMW is for sale", False),
    "an old sheet": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), False),
}


@pytest.mark.parametrize("sort", HOLDS_PAGES)
def test_a_file_of_unknown_type_is_opened_when_it_may_hold_pages(sort: str) -> None:
    content, holds = HOLDS_PAGES[sort]

    assert may_hold_pages(content) == holds


def test_a_drawn_logo_is_no_page_and_no_defect() -> None:
    assert judged(b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>').defects == ()


# --- PDF ---


def test_a_file_without_a_user_password_is_opened() -> None:
    writer = PdfWriter(io.BytesIO(typed()))
    writer.encrypt("", "owner", algorithm="AES-256")

    assert at_a13(saved(writer)) == Signature.TYPED


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
def test_a_file_with_a_password_is_named(algorithm: str) -> None:
    writer = PdfWriter(io.BytesIO(typed()))
    writer.encrypt("secret", algorithm=algorithm)

    assert judged(saved(writer)).defects == (Defect.PASSWORD,)


def test_a_field_that_was_split_by_the_full_stop_in_its_name_is_read() -> None:
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        for item in pdf.pages[BOX.page - 1].Annots:
            if str(item.get("/T", "")) == "A13.signature":
                parent = pdf.make_indirect(pikepdf.Dictionary(T="A13", Kids=[item]))
                item.T, item.V, item.Parent = "signature", pikepdf.String(NAME), parent
        pdf.save(target)

    assert at_a13(target.getvalue()) == Signature.TYPED


def test_a_form_of_xfa_is_read_by_its_plain_fields() -> None:
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(typed())) as pdf:
        pdf.Root.AcroForm.XFA = pdf.make_stream(b"<xdp><A13>other</A13></xdp>")
        pdf.save(target)

    assert at_a13(target.getvalue()) == Signature.TYPED


def test_pages_of_others_before_and_after_do_no_harm() -> None:
    writer = PdfWriter()
    for part in (page_of(("A letter",)), typed(), page_of(("An invoice",))):
        writer.append(io.BytesIO(part))
    back = judged(saved(writer))

    assert back.verdict == Verdict.SIGNED
    assert len(back.pages) == FORM.pages + 2


def test_of_a_page_that_came_twice_neither_copy_makes_the_other_signed_by_mistake() -> None:
    assert judged(page_with_a13(), page_with_a13()).verdict == Verdict.UNSIGNED
    assert judged(page_with_a13(drawn()), page_with_a13(drawn())).verdict == Verdict.SIGNED


def test_pages_in_several_files_are_one_return() -> None:
    parts = []
    for number in FORM.pages_wanted:
        writer = PdfWriter()
        writer.append(io.BytesIO(drawn()), pages=(number - 1, number))
        parts.append(saved(writer))
    back = judged(*parts)

    assert back.verdict == Verdict.SIGNED
    assert Defect.PAGE_MISSING not in back.defects


# --- documents and folders ---


def archive(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return target.getvalue()


def word(words: str = "Here is my form.", *pictures: bytes) -> bytes:
    text = "".join(f"<w:p><w:r><w:t>{x}</w:t></w:r></w:p>" for x in words.splitlines())
    media = {f"word/media/image{n}.png": content for n, content in enumerate(pictures)}
    return archive(**{"word/document.xml": f"<w:body>{text}</w:body>".encode()}, **media)


def writer_file(*pictures: bytes) -> bytes:
    media = {f"Pictures/{n}.png": content for n, content in enumerate(pictures)}
    return archive(**{"content.xml": b"<text:p>Hello</text:p>"}, **media)


@pytest.mark.parametrize("made", [word, writer_file], ids=["Word", "Writer"])
def test_a_picture_pasted_into_a_document_is_a_page(made: Callable[..., bytes]) -> None:
    signed = image_file("PNG")
    content = made("", signed) if made is word else made(signed)

    assert at_a13(content) == Signature.INK


RETYPED = {
    "by its reference": f"My reference is {FACTS.ref}\nSigned: José",
    "by its English title": f"{TITLES[0]}\nSigned: José",
    "by its Spanish title": f"{TITLES[1]}\nFirma: José",
}


@pytest.mark.parametrize("known", RETYPED)
def test_a_form_typed_again_in_word_is_altered_and_not_signed(known: str) -> None:
    scrawl = image_file("PNG", picture(pen=True).crop((60, 1200, 860, 1350)))
    for content in (word(RETYPED[known]), word(RETYPED[known], scrawl)):
        back = judged(content)

        assert back.verdict == Verdict.NOT_THE_FORM
        assert Defect.ALTERED in back.defects


def test_words_beside_a_picture_of_the_page_alter_nothing() -> None:
    back = judged(word(f"For {FACTS.ref}, signed", image_file("PNG")))

    assert back.verdict == Verdict.SIGNED
    assert Defect.ALTERED not in back.defects


def test_the_titles_are_those_that_are_printed() -> None:
    printed = {language: TEXTS[f"{language}/form/words.toml"] for language in ("en", "es")}

    assert [t for t in TITLES[::2] if t not in printed["en"]] == []
    assert [t for t in TITLES[1::2] if t not in printed["es"]] == []


def test_a_folder_of_pages_is_opened_and_what_is_no_page_passed_over() -> None:
    content = archive(
        **{
            "IMG_1.jpg": image_file("JPEG"),
            "__MACOSX/._IMG_1.jpg": b"\xff\xd8junk",
            "note.txt": b"signed!",
            "more/form.docx": word("", image_file("PNG")),
        }
    )
    back = judged(content)

    assert (back.verdict, len(back.pages)) == (Verdict.SIGNED, 2)
    assert Defect.UNREADABLE_FILE not in back.defects


def test_a_form_attached_to_an_attached_mail_is_found() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "jose@home.example", "form"
    message.set_content("here")
    message.add_attachment(image_file("JPEG"), maintype="image", subtype="jpeg")

    assert at_a13(message.as_bytes()) == Signature.INK


# --- certificates ---


@pytest.mark.parametrize("pades", [True, False], ids=["PAdES", "adbe.pkcs7.detached"])
def test_an_intact_signature_that_shows_at_the_place_is_cryptographic(*, pades: bool) -> None:
    found = signatures(sealed(pades=pades))

    assert found["A13"] == Signature.CRYPTOGRAPHIC
    assert SIGNED & {found[x] for x in found if x != "A13"} == frozenset()


def test_a_typed_name_below_a_signature_takes_nothing_from_it() -> None:
    assert at_a13(sealed(typed())) == Signature.CRYPTOGRAPHIC


ELSEWHERE = {"nowhere": None, "higher up on the page": (60, 500, 200, 540)}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_signature_that_shows_elsewhere_leaves_the_empty_place_to_a_person(where: str) -> None:
    back = judged(sealed(at=ELSEWHERE[where]))

    assert (back.verdict, at_a13(sealed(at=ELSEWHERE[where]))) == (Verdict.UNSURE, Signature.UNSURE)


def test_what_was_typed_or_drawn_stays_so_in_a_file_signed_as_a_whole() -> None:
    assert at_a13(sealed(typed(), at=None)) == Signature.TYPED
    assert at_a13(sealed(drawn(), at=None)) == Signature.DRAWN


def test_a_second_signature_leaves_the_first_one_intact() -> None:
    power = next(b for b in BOXES if b.place == "B2.1")
    at = (power.x + 6, power.y + 4, power.x + power.width - 6, power.y + power.height - 6)
    both = sealed(sealed(), at=at, page=power.page - 1, field="Signature2")
    found = signatures(both)

    assert (found["A13"], found["B2.1"]) == (Signature.CRYPTOGRAPHIC, Signature.CRYPTOGRAPHIC)


def flipped(pdf: bytes) -> bytes:
    """One byte of what was signed is another."""
    at = pdf.index(b"/Subtype /Widget") + 4
    return pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]


BROKEN: dict[str, Callable[[], bytes]] = {
    "a byte was changed": lambda: flipped(sealed()),
    "a provider was added afterwards": lambda: changed(sealed(), "A4.2", "Hospital Grande"),
    "a name was typed afterwards": lambda: changed(sealed(), "A13.signature", NAME),
    "a page was drawn over afterwards": lambda: over_a13(sealed(), pen=True),
    "a drawn form was changed afterwards": lambda: changed(sealed(drawn(), at=None), "A4.2", "X"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_file_that_was_changed_after_signing_is_altered_and_never_signed(how: str) -> None:
    back = judged(BROKEN[how]())

    assert back.verdict == Verdict.UNSURE
    assert Defect.ALTERED in back.defects


def test_without_the_extra_a_signature_is_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    content = sealed()
    for name in [name for name in sys.modules if name.startswith("pyhanko.")]:
        monkeypatch.setitem(sys.modules, name, None)
    back = judged(content)

    assert back.verdict == Verdict.UNSURE
    assert Defect.ALTERED not in back.defects


def test_signatures_are_looked_at_without_any_network(socket_disabled: None) -> None:
    assert at_a13(sealed()) == Signature.CRYPTOGRAPHIC


# --- platforms ---

AUDITS = {
    "DocuSign": AUDIT,
    "DocuSign in Spanish": (
        "Certificado de finalización",
        "Identificador del sobre: 3F2504E0-4F89-11D3-9A0C-0305E82C3301",
        f"Asunto: Complete con DocuSign: {FACTS.ref}-authorization.pdf",
        "Pepita Ejemplo pepita@home.example Firmado: 24/11/2026 10:12",
    ),
    "Adobe Sign": (
        f"{FACTS.ref}-authorization",
        "Final Audit Report",
        "Created: 2026-11-24 By: Pepita Ejemplo (pepita@home.example) Status: Signed",
        "Transaction ID: CBJCHBCAABAAq1w2e3r4t5y6u7i8o9p0",
    ),
    "Dropbox Sign": (
        "Audit trail",
        f"File name {FACTS.ref}-authorization.pdf",
        "Document ID: 0f1e2d3c4b5a69788796a5b4c3d2e1f000112233",
        "Signed by Pepita Ejemplo (pepita@home.example) IP: 192.0.2.7",
    ),
    "PandaDoc": (
        "Signature Certificate",
        f"Reference number: XKZQ7-PLMN4-RTYU8-QWER2 {FACTS.ref}",
        "Signed with PandaDoc pepita@home.example",
    ),
}
FOREIGN = tuple(line.replace(FACTS.ref, "MMX-0000-000") for line in AUDIT)
NAMELESS = tuple(line for line in AUDIT if FACTS.ref not in line)


@pytest.mark.parametrize("platform", AUDITS)
def test_the_page_of_a_platform_is_known_and_belongs_to_its_form(platform: str) -> None:
    words = "\n".join(AUDITS[platform])

    assert is_audit_page(words)
    assert belongs(words, FACTS.ref, "")


@pytest.mark.parametrize("how", ["a name in a script", "strokes"])
def test_a_mark_in_a_sealed_file_with_its_page_is_a_platforms(how: str) -> None:
    marked = over_a13(words="Pepita Ejemplo", size=18) if "name" in how else over_a13(pen=True)

    assert at_a13(sealed(with_pages(marked, AUDIT), at=None)) == Signature.PLATFORM


def test_the_number_of_the_envelope_on_the_page_ties_both_together() -> None:
    tied = over_a13(pen=True, header=NAMELESS[1])

    assert at_a13(sealed(with_pages(tied, NAMELESS), at=None)) == Signature.PLATFORM


LACKING: dict[str, Callable[[], bytes]] = {
    "the seal": lambda: with_pages(over_a13(pen=True), AUDIT),
    "the page of the platform": lambda: sealed(over_a13(pen=True), at=None),
    "a page that names this form": lambda: sealed(
        with_pages(over_a13(pen=True), NAMELESS), at=None
    ),
    "a page of this form": lambda: sealed(with_pages(over_a13(pen=True), FOREIGN), at=None),
    "a seal to the last byte": lambda: sealed(
        with_pages(sealed(over_a13(pen=True), at=None), AUDIT), at=None, field="other"
    ),
}


@pytest.mark.parametrize("what", LACKING)
def test_a_mark_stays_what_it_looks_like_without(what: str) -> None:
    assert at_a13(LACKING[what]()) in {Signature.INK, Signature.UNSURE}


@pytest.mark.parametrize(
    "words", ["", "Sign here", "Firme aquí", "DocuSigned by:", "3F2504E04F8911D3"]
)
def test_a_place_without_a_name_is_not_signed_by_any_page_of_a_platform(words: str) -> None:
    content = sealed(with_pages(over_a13(words=words), AUDIT), at=None)

    assert at_a13(content) == Signature.UNSURE


def test_a_page_of_ours_is_never_taken_for_a_platforms() -> None:
    printed = typed_code(page_code(b"k" * 32, FACTS.ref, 1, 3, "FKSPK"))
    words = "\n".join((*AUDIT, printed))

    assert is_audit_page("\n".join(AUDIT))
    assert not is_audit_page(words)
