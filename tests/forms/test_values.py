"""What patients write is held by the form in full, whatever its letters and however long."""

from __future__ import annotations

import io
from datetime import date

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from mmx_mailflow.forms.packet import PacketFacts, issued_form, packet, words_from
from mmx_mailflow.forms.packet.fields import TextField, shown
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
)


def held(field: str, pdf: bytes) -> str:
    fields = PdfReader(io.BytesIO(pdf)).get_fields()
    parts = [field, *(f"{field}.{n}" for n in range(2, 40))]
    return "".join(str(fields[name].get("/V", "")) for name in parts if name in fields)


def made(**values: object) -> bytes:
    return packet(FACTS.model_copy(update=values), WORDS, key=KEY)


@pytest.mark.parametrize(
    "name",
    [
        "Siobhán O’Brien",
        "Łukasz Wałęsa",
        "Ненад Петровић",
        "李小龙",
        "José 😀",
        "100% (a\\) %s",
        "A — “B” … €",
    ],
)
def test_every_letter_of_a_name_is_held(name: str) -> None:
    assert held("A2.1", made(patient_name=name)) == name


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("Łukasz Wałęsa", "Łukasz Wałęsa"),
        ("O’Brien", "O’Brien"),
        ("Ненад", "Ненад"),
        ("ｆull", "full"),
        ("李", ""),
    ],
)
def test_a_letter_the_font_lacks_is_drawn_by_its_base(name: str, drawn: str) -> None:
    assert shown(name) == drawn


@settings(max_examples=25, deadline=None)
@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=80))
def test_no_words_of_a_patient_stop_the_packet(text: str) -> None:
    assert made(patient_name=text, records=(text,), providers=(text,)).startswith(b"%PDF-")


@pytest.mark.parametrize("length", [150, 900, 14_000])
def test_a_long_value_is_held_and_goes_on_over_the_pages(length: int) -> None:
    long = ("notes of the stay, " * 1_000)[:length].strip()

    assert held("A2.5", made(postal_address=long, phones=(), emails=())) == long
    assert held("A6.records", made(records=(long,))) == long


@pytest.mark.parametrize("length", [20, 110, 400, 3_000])
def test_every_line_that_is_drawn_fits_its_field(length: int) -> None:
    field = TextField("x", ("several words of it " * 200)[:length])
    _, height = field.wrap(500, 700)

    assert "".join("".join(field.drawn).split()) == "".join(field.value.split())
    assert len(field.drawn) * field.size * 1.2 <= height
    assert all(len(line) * field.size * 0.3 < 500 for line in field.drawn)


def test_an_empty_field_is_a_line_without_a_frame() -> None:
    document = pypdfium2.PdfDocument(made())
    picture = document[0].render(scale=2, may_draw_forms=False).to_pil().convert("L")
    document.close()
    left_rim = picture.crop((90, 250, 94, 1400))

    assert sum(left_rim.point(lambda v: v < 200).histogram()[1:]) < 0.25 * 4 * 1150


def test_only_the_pages_with_something_to_write_on_must_come_back() -> None:
    form = issued_form(FACTS.model_copy(update={"records": ("x " * 9_000,)}), WORDS)

    assert form.roles.endswith("KSPK")
    assert form.pages_wanted == tuple(n for n, r in enumerate(form.roles, 1) if r != "K")
