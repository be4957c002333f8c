"""A returned page beside the issued one: what was written, what was changed, and the checks."""

from __future__ import annotations

import io
from datetime import date, timedelta

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFilter
from pypdf import PdfReader, PdfWriter

from mmx_mailflow.casework.returned import CheckResult, Defect, Verdict
from mmx_mailflow.forms.packet import PacketFacts, issued_form, packet, words_from
from mmx_mailflow.forms.returned import ReturnedFile, merge
from mmx_mailflow.forms.returned.compare import issued_pages
from mmx_mailflow.forms.returned.look import inspect, look
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
    date_of_birth=date(1980, 3, 4),
    emails=("jose@gmail.com",),
    providers=("Hospital Faro del Mar",),
    records=("operative report",),
)
PASS, FAIL, UNSURE = CheckResult.PASS, CheckResult.FAIL, CheckResult.UNSURE
SCALE = 150 / 72
ALL = ("A13", "A12.6", "B2.1")


class Form:
    """A form that went out, and what is done to its pages."""

    def __init__(self, facts: PacketFacts = FACTS) -> None:
        self.facts = facts
        self.pdf = packet(facts, WORDS, key=KEY)
        self.issued = issued_form(facts, WORDS)
        self.boxes = places(self.issued.roles)
        self.blank = issued_pages(self.pdf)

    def page_of(self, name: str) -> int:
        return next(n for n, page in enumerate(self.blank, 1) if name in page.boxes)

    def box(self, name: str) -> tuple[float, float, float, float]:
        return self.blank[self.page_of(name) - 1].boxes[name]

    def judged(self, *files: bytes, today: date = TODAY):
        made = [ReturnedFile(name="x", content=content) for content in files]
        return inspect(made, key=KEY, issued=self.issued, blank=self.pdf, today=today)

    def photo(self, page: int, *writing, gone=(), turn: float = 1.0, blur: float = 0.8) -> bytes:
        """The page on paper, with lines of a pen (points from the lower left), as a photo."""
        document = pypdfium2.PdfDocument(self.pdf)
        document.init_forms()
        image = document[page - 1].render(scale=SCALE).to_pil().convert("RGB")
        document.close()
        brush = ImageDraw.Draw(image)
        for left, low, right, high in gone:
            corners = [left * SCALE, (792 - high) * SCALE, right * SCALE, (792 - low) * SCALE]
            brush.rectangle(corners, fill="white")
        for line in writing:
            points = [(x * SCALE, (792 - y) * SCALE) for x, y in line]
            brush.line(points, fill=(25, 25, 95), width=3)
        image = image.rotate(
            turn, expand=True, fillcolor=(150, 140, 130), resample=Image.Resampling.BILINEAR
        )
        target = io.BytesIO()
        image.filter(ImageFilter.GaussianBlur(blur)).save(target, "JPEG", quality=70)
        return target.getvalue()

    def signed_photos(self) -> dict[int, bytes]:
        wanted = self.issued.pages_wanted
        return {n: photographed(self.pdf, self.boxes, n, sign=ALL) for n in wanted}


FORM = Form()


def hand(box: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    """A few up and down strokes in a field."""
    left, low, _, high = box
    return [(left + 10 + 4 * n, low + 2 + (high - low - 3) * (n * 5 % 7) / 6) for n in range(14)]


def tick(box: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    left, low, right, high = box
    return [(left + 2, low + 5), (left + 4, low + 2), (right + 1, high + 1)]


def page(returned, number: int):
    return next(p for p in returned.pages if p.code.page == number)


def results(returned) -> dict[int, CheckResult]:
    return {c.check: c.result for c in returned.checks}


# --- what was filled in ---


def test_an_untouched_photo_holds_the_printed_values_and_nothing_else() -> None:
    back = page(FORM.judged(FORM.photo(1)), 1)

    assert (back.compared, back.written, back.altered, back.beside) == (True, (), (), 0)
    assert back.fields["A2.1"] == "José Ejemplo Núñez"


@pytest.mark.parametrize("turn", [-3.0, 0.0, 2.0])
def test_a_box_ticked_by_hand_and_a_line_written_by_hand_are_seen(turn: float) -> None:
    back = FORM.judged(FORM.photo(1, tick(FORM.box("A4.class")), hand(FORM.box("A2.2")), turn=turn))

    assert set(page(back, 1).written) == {"A4.class", "A2.2"}
    assert page(back, 1).altered == ()


def test_a_name_written_over_the_printed_one_is_for_a_person_to_read() -> None:
    left, low, right, high = FORM.box("A2.1")
    back = FORM.judged(FORM.photo(1, hand((left + 200, low, right, high))))

    assert "A2.1" not in page(back, 1).fields
    assert results(back)[3] == UNSURE


def test_a_typed_value_that_became_print_is_read_again() -> None:
    writer = PdfWriter(io.BytesIO(FORM.pdf))
    for sheet in writer.pages:
        writer.update_page_form_field_values(sheet, {"A2.2": "Pepe Ejemplo"}, flatten=True)
    writer.remove_annotations(subtypes="/Widget")
    target = io.BytesIO()
    writer.write(target)
    assert not PdfReader(target).pages[0].get("/Annots")

    assert page(FORM.judged(target.getvalue()), 1).fields["A2.2"] == "Pepe Ejemplo"


# --- what was changed ---


def test_a_struck_line_is_an_alteration_that_a_person_must_judge() -> None:
    number, (place, word) = next(
        (n, (p, w))
        for n, blank in enumerate(FORM.blank, 1)
        for p, w in blank.print
        if w.startswith("A7")
    )
    middle = (place[1] + place[3]) / 2
    back = FORM.judged(FORM.photo(number, [(place[0] - 4, middle), (place[2] + 4, middle + 1)]))

    assert page(back, number).altered == (word.split()[0],)
    assert results(back)[13] == UNSURE


def test_print_that_was_covered_is_an_alteration() -> None:
    number = FORM.page_of("A7.hiv")
    rows = [p for p, w in FORM.blank[number - 1].print if w.startswith(("A7", "A8"))]
    back = FORM.judged(FORM.photo(number, gone=rows[:1]))

    assert len(page(back, number).altered) == 1


def test_writing_beside_the_fields_is_shown_to_a_person() -> None:
    note = [(80 + 4 * n, 50 + 14 * (n * 5 % 7) / 6) for n in range(40)]
    back = FORM.judged(FORM.photo(1, note))

    assert page(back, 1).beside == 1
    assert results(back)[14] == UNSURE


def test_reworded_print_in_a_pdf_is_certainly_altered() -> None:
    changed = WORDS.model_copy(
        update={"en": {**WORDS.en, "A12.2": "Signing is a duty and cannot be refused by anybody."}}
    )
    other = packet(FACTS, changed, key=KEY)
    back = FORM.judged(other)

    assert Defect.ALTERED in back.defects
    assert results(back)[13] == FAIL


# --- the checks ---


def test_a_complete_return_passes_what_paper_can_tell() -> None:
    back = FORM.judged(*FORM.signed_photos().values())
    found = results(back)

    assert {n for n, result in found.items() if result == FAIL} == set()
    assert {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14} <= {
        n for n, result in found.items() if result == PASS
    }
    assert all(c.evidence and c.evidence_es for c in back.checks if c.result != "n/a")


def test_another_name_typed_over_the_printed_one_is_a_mismatch() -> None:
    writer = PdfWriter(io.BytesIO(FORM.pdf))
    for sheet in writer.pages:
        writer.update_page_form_field_values(
            sheet, {"A2.1": "Pedro Muestra", "A2.3": "5 March 1980"}
        )
    target = io.BytesIO()
    writer.write(target)
    back = FORM.judged(target.getvalue())

    assert {Defect.NAME_MISMATCH, Defect.DOB_MISMATCH} <= set(back.defects)
    assert (results(back)[3], results(back)[4]) == (FAIL, FAIL)


def test_a_form_without_providers_or_records_says_so_only_when_every_page_is_here() -> None:
    bare = Form(FACTS.model_copy(update={"providers": (), "records": ()}))
    photos = bare.signed_photos()
    whole, part = bare.judged(*photos.values()), bare.judged(photos[1])

    assert {Defect.NO_PROVIDER, Defect.NO_SCOPE} <= set(whole.defects)
    assert not {Defect.NO_PROVIDER, Defect.NO_SCOPE} & set(part.defects)
    assert results(part)[5] == UNSURE


def test_records_that_only_initials_release_are_asked_about() -> None:
    asked = Form(FACTS.model_copy(update={"records": ("all HIV test results",)}))
    photos = asked.signed_photos()
    without = asked.judged(*photos.values())
    number = asked.page_of("A7.hiv")
    photos[number] = asked.photo(number, hand(asked.box("A7.hiv")))
    given = asked.judged(*photos.values())

    assert (results(without)[7], results(given)[7]) == (UNSURE, PASS)


def test_an_expired_form_fails_its_check() -> None:
    late = FORM.judged(*FORM.signed_photos().values(), today=TODAY + timedelta(days=400))

    assert results(late)[9] == FAIL
    assert Defect.EXPIRED in late.defects


def test_the_better_copy_of_a_page_counts_whatever_comes_first() -> None:
    number = next(b.page for b in FORM.boxes if b.place == "A13")
    signed, blank = FORM.signed_photos()[number], FORM.photo(number)

    assert FORM.judged(signed, blank).verdict == Verdict.SIGNED
    assert FORM.judged(blank, signed).verdict == Verdict.SIGNED


def test_what_was_recognised_is_evidence_and_no_value() -> None:
    left, low, right, high = FORM.box("A2.1")
    photo = FORM.photo(1, hand((left + 200, low, right, high)))
    seen = look(
        [ReturnedFile(name="", content=photo)], blank=FORM.pdf, read_text=lambda _: "J0SE EJEMPL0"
    )

    assert seen.pages[0].read["A2.1"] == "J0SE EJEMPL0"
    assert "A2.1" not in seen.pages[0].fields


def test_noise_is_not_laid_over_the_form() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1600, 1240), np.uint8)
    target = io.BytesIO()
    Image.fromarray(noise).save(target, "PNG")

    assert FORM.judged(target.getvalue()).verdict == Verdict.NOT_THE_FORM


def test_a_printed_value_that_was_covered_does_not_count_any_more() -> None:
    left, low, _, high = FORM.box("A2.1")
    back = page(FORM.judged(FORM.photo(1, gone=[(left, low + 2, left + 200, high)])), 1)

    assert "A2.1" in back.written
    assert "A2.1" not in back.fields


def test_what_was_altered_stays_altered_when_more_pages_come() -> None:
    photos = FORM.signed_photos()
    first, *rest = photos.values()
    earlier = FORM.judged(first).model_copy(update={"defects": (Defect.ALTERED,)})
    whole = merge(earlier, FORM.judged(*rest), FORM.issued, TODAY)

    assert Defect.ALTERED in whole.defects
