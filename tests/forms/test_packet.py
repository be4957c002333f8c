"""The packet that goes out: what must stand on it, how large, where, and the same every time."""

from __future__ import annotations

import io
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pypdf import PdfReader
from tests.letters.examples import FACTS as FACTS_OF_A_CASE
from tests.letters.examples import FORM, NOW, new_case

from mmx_mailflow.cli.main import main
from mmx_mailflow.forms.code import read_page_code, read_typed_code
from mmx_mailflow.forms.packet import (
    PacketFacts,
    issued_form,
    packet,
    signature_picture,
    words_from,
)
from mmx_mailflow.forms.packet.blocks import Layout
from mmx_mailflow.forms.shape import (
    BOTTOM,
    HEIGHT,
    KEEP,
    MARGIN,
    TOP,
    VERSION,
    WIDTH,
    code_corners,
    date_of,
    mark_centres,
    places,
)
from mmx_mailflow.office import Office, _with_pages, issued_packet
from mmx_mailflow.ops.opening import agent_signature, form_words, open_office, template_texts
from mmx_mailflow.settings import ConfigError, data_path, load
from mmx_mailflow.transport.clock import Clock

KEY, TODAY = b"k" * 32, date(2026, 11, 23)
TEXTS = template_texts(None)
WORDS = words_from(TEXTS)
BLANK = PacketFacts(
    ref="MMX-53S6-6H7",
    issue=1,
    issued_on=TODAY,
    expires_on=date(2027, 11, 23),
    organisation="MedicalMex",
    records_address="records@medicalmex.example",
)
FACTS = BLANK.model_copy(
    update={
        "agent_name": "Ana Ejemplo",
        "patient_name": "José Ejemplo Núñez",
        "date_of_birth": date(1980, 3, 4),
        "emails": ("jose@gmail.com",),
        "providers": ("Hospital Faro del Mar", "Clínica Misión"),
        "treatment": ("June 2024",),
        "records": ("operative report",),
    }
)
LONG = FACTS.model_copy(
    update={
        "patient_name": "María de los Ángeles Guadalupe Fernández de Córdoba y Villaseñor-Montgomery de la Torre",
        "providers": tuple(
            f"Hospital General y Centro Médico de Especialidades Quirúrgicas Número {n}, Tijuana, B.C."
            for n in range(1, 6)
        ),
        "postal_address": "Calle de la Constitución de 1917 núm. 12345, interior 6, Fraccionamiento Playas, 22500 Tijuana, B.C.",
        "phones": ("+52 664 123 4567", "+1 619 555 0123"),
        "treatment": ("from March 2019 until about the end of the summer of 2024",),
        "records": (("every note and image of the stay, " * 59).strip(), "W" * 140),
    }
)
KINDS = {
    "usual": FACTS,
    "large": FACTS.model_copy(update={"large_print": True}),
    "long": LONG,
    "long and large": LONG.model_copy(update={"large_print": True}),
    "blank": BLANK,
    "US only": FACTS.model_copy(update={"mexican": False}),
    "representative": FACTS.model_copy(update={"representative": True}),
    "long office": FACTS.model_copy(
        update={
            "organisation": "MedicalMex Servicios S.A. de C.V.",
            "agent_name": "María Guadalupe Ejemplo de la Torre",
        }
    ),
}
each_kind = pytest.mark.parametrize("kind", KINDS)
each_language = pytest.mark.parametrize("language", ["en", "es"])


@cache
def made(kind: str) -> bytes:
    return packet(KINDS[kind], WORDS, key=KEY)


@cache
def roles(kind: str) -> str:
    return issued_form(KINDS[kind], WORDS).roles


def even(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@cache
def pages(kind: str) -> tuple[str, ...]:
    return tuple(even(p.extract_text()) for p in PdfReader(io.BytesIO(made(kind))).pages)


def whole(kind: str) -> str:
    return " ".join(pages(kind))


def said(kind: str, block: str, language: str) -> str:
    layout = Layout(KINDS[kind], WORDS, KEY, roles=roles(kind))
    return even(layout.said(block)[language == "es"])


@cache
def characters(kind: str) -> tuple[np.ndarray, ...]:
    """Of each page: left, low, right, high and size of every printed character, in points."""
    document = pypdfium2.PdfDocument(made(kind))
    found = []
    for page in document:
        text = page.get_textpage()
        words = text.get_text_range()
        found.append(
            np.array(
                [
                    (*text.get_charbox(n), pdfium.FPDFText_GetFontSize(text, n))
                    for n in range(len(words))
                    if not words[n].isspace()
                ]
            )
        )
    document.close()
    return tuple(found)


@cache
def rectangles(kind: str) -> tuple[dict[str, tuple[float, ...]], ...]:
    return tuple(
        {str(a["/T"]): tuple(map(float, a["/Rect"])) for a in page.get("/Annots", ())}
        for page in PdfReader(io.BytesIO(made(kind))).pages
    )


def fields(kind: str) -> dict[str, dict]:
    return PdfReader(io.BytesIO(made(kind))).get_fields()


# --- what must stand on it ---

FEDERAL = {
    "(c)(1)(i) what": (
        "What may be released: dates of service, or all dates",
        "Qué puede entregarse: fechas de atención, o todas",
    ),
    "(c)(1)(ii) by whom": (
        "Who may release it: name, facility, city",
        "Quién puede entregarla: nombre, clínica, ciudad",
    ),
    "(c)(1)(ii) by a class of persons": (
        "and any physician, hospital, clinic, laboratory or imaging center that took part in the care described",
        "y cualquier médico, hospital, clínica, laboratorio o gabinete que haya participado en la atención descrita",
    ),
    "(c)(1)(iii) to whom": (
        "Who may request and receive the information: MedicalMex (records@medicalmex.example), through Ana Ejemplo, and I myself.",
        "Quién puede solicitar y recibir la información: MedicalMex (records@medicalmex.example), por conducto de Ana Ejemplo, y el propio paciente.",
    ),
    "(c)(1)(iv) purpose": (
        "at my request / a solicitud del titular",
        "at my request / a solicitud del titular",
    ),
    "(c)(1)(v) expiry": (
        "This authorization expires on 23 November 2027, and never later than 12 months after I sign it, or when the records described have been delivered",
        "Esta autorización vence el 23 de noviembre de 2027, sin exceder nunca 12 meses a partir de mi firma, o al concluir la entrega",
    ),
    "(c)(1)(vi) signature": (
        "A13 Signature of the patient or representative",
        "Firma del paciente o representante",
    ),
    "(c)(1)(vi) date": ("Date (month in letters)", "Fecha (mes con letra)"),
    "(c)(1)(vi) authority": (
        "Authority (parent, guardian, executor …), document attached",
        "Carácter (padre, tutor, albacea …), documento anexo",
    ),
    "(c)(2)(i) right to revoke": (
        "I may revoke this authorization at any time by writing to records@medicalmex.example.",
        "Puedo revocar esta autorización en cualquier momento por escrito a records@medicalmex.example.",
    ),
    "(c)(2)(i)(A) exceptions": (
        "That does not undo what was already done in reliance on it.",
        "La revocación no afecta lo ya actuado con base en ella.",
    ),
    "(c)(2)(ii) no conditions": (
        "No provider may make treatment, payment, enrollment or eligibility for benefits depend on my signing.",
        "Ningún prestador podrá condicionar el tratamiento, el pago, la inscripción o el derecho a beneficios a que yo firme.",
    ),
    "(c)(2)(iii) redisclosure": (
        "may be redisclosed by whoever receives it and may then no longer be protected by federal privacy law.",
        "podría volver a divulgarse por quien la reciba y dejar entonces de estar protegida por la ley federal de privacidad.",
    ),
    "(c)(4) copy": (
        "I will receive a copy of the signed form.",
        "Recibiré una copia del formulario firmado.",
    ),
    "psychotherapy notes": (
        "Psychotherapy notes are NOT covered.",
        "Las notas de psicoterapia NO están incluidas.",
    ),
}


@pytest.mark.parametrize("kind", ["usual", "large", "long", "US only"])
@pytest.mark.parametrize("element", FEDERAL)
def test_every_element_and_statement_of_45_cfr_164_508_is_printed(element: str, kind: str) -> None:
    for sentence in FEDERAL[element]:
        assert sentence in whole(kind)


BLOCKS = {
    "A1": ("A1",), "A2": ("A2.1", "A2.2", "A2.3", "A2.4", "A2.5", "A2.6"), "A3": ("A3", "A3.proof"),
    "A4": ("A4", "A4.class"), "A5": ("A5",), "A6": ("A6", *(b for b in WORDS.en if b.startswith("A6."))),
    "A7": ("A7", "A7.hiv", "A7.substance", "A7.mental", "A7.genetic", "A7.reproductive"),
    "A8": ("A8", *(b for b in WORDS.en if b.startswith("A8."))),
    "A9": ("A9", "A9.4", "A9.risk", "A9.me", "A9.office", "A9.pdf", "A9.link", "A9.disc", "A9.paper"),
    "A10": ("A10",), "A11": ("A11",), "A12.1": ("A12.1",), "A12.2": ("A12.2",), "A12.3": ("A12.3",),
    "A12.4": ("A12.4",), "A12.5": ("A12.5", "A12.5.control", "A12.5.time", "A12.5.first"),
    "A12.6": ("A12.6", "A12.6.sign"), "A13": ("A13", "A13.said", "date", "sign.name", "sign.place"),
    "B1": ("title_b", "B1.place", "B1.date", "B1.to", "B1", "B1.basis", "B1.limits"),
    "B2": ("B2.1", "B2.2", "date.short"), "B3": ("B3.1", "B3.2", "sign.id", "sign.address"),
    "B4": ("B4", "B4.grantor", "B4.agent", "B4.witnesses", "B4.representation"),
    "C": ("title_c", *(b for b in WORDS.en if b.startswith("C."))),
    "Z": ("Z", "Z.received", "Z.id", "Z.verified", "Z.compared", "Z.result"),
}  # fmt: skip


@each_language
@pytest.mark.parametrize("kind", ["usual", "large", "long", "blank"])
@pytest.mark.parametrize("block", BLOCKS)
def test_each_block_is_printed_in_both_languages(block: str, kind: str, language: str) -> None:
    assert [b for b in BLOCKS[block] if said(kind, b, language) not in whole(kind)] == []


def test_no_sentence_of_the_wording_is_forgotten() -> None:
    printed = {b for blocks in BLOCKS.values() for b in blocks}

    assert set(WORDS.en) - printed == {
        "title_a",
        "title_a2",
        "agent",
        "page",
        "specimen",
        "B1.represented",
    }


def test_every_block_has_its_reason_beside_it_in_the_source() -> None:
    for language in ("en", "es"):
        source = TEXTS[f"{language}/form/words.toml"]
        head, *parts = re.split(r"^# ", source, flags=re.MULTILINE)

        assert head == ""
        assert len([p for p in parts if re.search("CFR|NOM|LFPDPPP|CCF|pol", p)]) > 20


POLICY = {
    "P1": ("facilitator and is not the legal custodian", "facilitador y no es el custodio legal"),
    "P7": ("Nothing is submitted to a provider before this form is signed and returned", "Nada se presenta a un prestador antes de que este formulario esté firmado y devuelto"),
    "P9": ("Processing may take up to 30 days or longer", "El trámite puede tardar hasta 30 días o más"),
    "P10": ("keep their own timelines, legal requirements and procedures", "tienen sus propios plazos, requisitos legales y procedimientos"),
    "P11": ("no time for an answer can be guaranteed", "no puede garantizarse un plazo de respuesta"),
    "P12": ("decide whether, when and how to release them", "deciden si los entregan, cuándo y cómo"),
    "P13": ("has no authority to compel or hurry them", "no tiene facultad para obligarlos ni apresurarlos"),
    "P16b": ("Retrieval depends on the cooperation of the providers", "La obtención depende de la cooperación de los prestadores"),
    "P16d": ("cannot guarantee that the records requested exist or are complete", "No puede garantizar que lo solicitado exista ni que esté completo"),
}  # fmt: skip


@pytest.mark.parametrize("statement", POLICY)
def test_the_statements_of_the_policy_are_printed(statement: str) -> None:
    assert [s for s in POLICY[statement] if s not in whole("usual")] == []


def test_the_carta_poder_has_the_words_that_archives_look_for() -> None:
    page = pages("usual")[roles("usual").index("P")]

    for words in (
        "A quien corresponda:",
        "Por la presente otorgo a Ana Ejemplo, de MedicalMex, poder especial, amplio, cumplido y bastante",
        "a mi nombre y representación",
        "NOM-004-SSA3-2012, numerales 5.4, 5.5.1 y 5.6",
        "Otorgante (paciente)",
        "Acepto el poder",
        "Testigo 1",
        "Testigo 2",
    ):
        assert words in page


def test_both_documents_have_title_signature_and_date_of_their_own() -> None:
    for kind in ("usual", "large", "long"):
        first, other = roles(kind).index("S"), roles(kind).index("P")
        titles = [n for n, p in enumerate(pages(kind)) if said(kind, "title_b", "es") in p]

        assert first < other
        assert said(kind, "title_a", "en") in pages(kind)[0]
        assert titles == [other - (kind == "large")]
        assert {"A13.signature", "A13.date", "A12.6.signature", "A12.6.date"} <= set(
            rectangles(kind)[first]
        )
        assert {"B2.1.signature", "B2.1.date", "B3.2.signature"} <= set(rectangles(kind)[other])
        assert "Autorizo a los indicados en A4" not in pages(kind)[other]


def test_without_a_provider_in_mexico_there_is_no_carta_poder() -> None:
    assert set(roles("US only")) == {"F", "K", "S"}
    assert not re.search("poder simple|B2.1|B3.1|witness", whole("US only"))
    assert not [name for name in fields("US only") if name.startswith("B")]


def test_the_expiry_on_the_form_is_at_most_twelve_months_away() -> None:
    assert KINDS["usual"].expires_on - TODAY <= timedelta(days=366)
    assert "until 23 November 2027." in pages("usual")[roles("usual").index("S")]


# --- pages ---


def test_the_usual_packet_has_five_pages_and_three_to_write_on() -> None:
    form = issued_form(FACTS, WORDS)

    assert (form.pages, form.roles, form.pages_wanted) == (5, "FKSPK", (1, 3, 4))
    assert "Send back pages 1, 3 and 4" in whole("usual")
    assert "Devuelva las hojas 1, 3 y 4" in whole("usual")


@pytest.mark.parametrize("kind", ["blank", "representative", "US only", "long office"])
def test_other_usual_packets_have_at_most_six_pages_and_three_to_write_on(kind: str) -> None:
    assert len(roles(kind)) <= 6
    assert len(roles(kind).replace(KEEP, "")) <= 3


def test_large_print_takes_nine_pages_and_five_to_write_on() -> None:
    assert roles("large") == "FFKKSFPKK"


@each_kind
def test_a_page_to_keep_has_no_field_and_every_other_has_one(kind: str) -> None:
    for role, page in zip(roles(kind), rectangles(kind), strict=True):
        assert (role == KEEP) == (not page)


@each_kind
def test_every_page_says_which_it_is(kind: str) -> None:
    count = len(roles(kind))
    document = pypdfium2.PdfDocument(made(kind))
    for n, text in enumerate(pages(kind), 1):
        picture = np.asarray(document[n - 1].render(scale=2).to_pil().convert("L"))
        [code] = zxingcpp.read_barcodes(picture)
        read, typed = read_page_code(code.text, [KEY]), read_typed_code(text, [KEY])

        assert (read.ref, read.issue, read.page, read.roles) == (FACTS.ref, 1, n, roles(kind))
        assert read.verified
        assert typed == read
        assert read_page_code(code.text, [b"z" * 32]).verified is False
        assert f"{VERSION}-1 2026-11-23 page {n} of {count} / página {n} de {count}" in text
        for x, y in ((round(2 * a), round(1584 - 2 * b)) for a, b in mark_centres()):
            assert picture[y - 6 : y + 6, x - 6 : x + 6].max() < 60
            assert picture[y - 18 : y + 18, x - 18 : x + 18].mean() > 100
    document.close()


# --- size and place ---


@each_kind
def test_what_must_be_read_is_large_enough(kind: str) -> None:
    least = 14 if KINDS[kind].large_print else 11
    for role, found in zip(roles(kind), characters(kind), strict=True):
        low, high, size = found[:, 1], found[:, 3], found[:, 4]
        office = (role == "S") & (high < 67)

        assert size[(high < HEIGHT - TOP) & (low > BOTTOM - 4) & ~office].min() >= least - 0.01
        assert size.min() >= 8.99


@each_kind
def test_what_is_filled_in_is_drawn_as_large_and_whole(kind: str) -> None:
    least = 14 if KINDS[kind].large_print else 11
    reader = PdfReader(io.BytesIO(made(kind)))
    for page in reader.pages:
        for field in (a.get_object() for a in page.get("/Annots", ())):
            if field["/FT"] != "/Tx" or not field.get("/V"):
                continue
            look = field["/AP"]["/N"]
            drawn = look.get_data().decode("latin-1")
            sizes = [float(n) for n in re.findall(r"/F\d\S* (\S+) Tf", drawn)]
            heights = [float(n) for n in re.findall(r"1 0 0 1 \S+ (\S+) Tm", drawn)]

            assert sizes
            assert min(sizes[1:] or sizes) >= least
            assert min(heights) >= 2
            assert max(heights) + least * 0.75 <= float(look["/BBox"][3])


@each_kind
def test_nothing_leaves_the_page_even_when_it_is_printed_on_a4(kind: str) -> None:
    left, right = 20.5, 583.0
    corners = (*code_corners(), *((x + d, y) for x, y in mark_centres() for d in (-6.5, 6.5)))

    assert all(left < x < right for x, _ in corners)
    for found, fields_ in zip(characters(kind), rectangles(kind), strict=True):
        assert found[:, 0].min() > MARGIN - 1
        assert found[:, 2].max() < WIDTH - MARGIN + 1
        assert found[:, 1].min() > 18
        for x1, y1, x2, y2 in fields_.values():
            assert MARGIN - 1 <= x1 < x2 <= WIDTH - MARGIN + 1
            assert BOTTOM - 1 <= y1 < y2 <= HEIGHT - TOP + 1


def overlaps(a: np.ndarray, b: np.ndarray, slack: float) -> np.ndarray:
    across = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    along = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    return (across > slack) & (along > slack)


@each_kind
def test_nothing_is_printed_over_anything_else(kind: str) -> None:
    for found, fields_ in zip(characters(kind), rectangles(kind), strict=True):
        boxes = np.array([*fields_.values()] or np.zeros((0, 4)))

        assert np.triu(overlaps(found, found, 1.0), 1).sum() == 0
        assert overlaps(found, boxes, 0.8).sum() == 0
        assert np.triu(overlaps(boxes, boxes, 0.8), 1).sum() == 0


@each_kind
def test_the_places_to_sign_stand_where_the_shape_says(kind: str) -> None:
    for box in places(roles(kind)):
        for frame, name in ((box, f"{box.place}.signature"), (date_of(box), date_of(box).place)):
            x1, y1, x2, y2 = rectangles(kind)[box.page - 1][name]

            assert frame.x < x1 < x2 < frame.x + frame.width
            assert frame.y < y1 < y2 < frame.y + frame.height


# --- fields ---


@each_kind
def test_fields_follow_each_other_as_they_are_read(kind: str) -> None:
    for page in rectangles(kind):
        middles = [((y1 + y2) / 2, x1, y2 - y1) for x1, y1, _, y2 in page.values()]
        for (above, left, high), (below, right, _) in itertools.pairwise(middles):
            assert below < above + high / 2 + 1 or right > left


def test_every_field_tells_its_question_in_both_languages() -> None:
    found = fields("usual")
    silent = [n for n, f in found.items() if " / " not in f.get("/TU", "") and n != "A8.legal"]

    assert silent == []
    assert "Date of birth" in found["A2.3"]["/TU"]
    assert "Fecha de nacimiento" in found["A2.3"]["/TU"]
    assert found["A6.complete"]["/TU"].startswith(
        "A6.complete complete clinical record / expediente"
    )


def test_no_field_demands_an_answer() -> None:
    assert [n for n, f in fields("usual").items() if int(f.get("/Ff", 0)) & 2] == []


def test_the_document_tells_its_language_and_title_and_nothing_of_the_patient() -> None:
    reader = PdfReader(io.BytesIO(made("usual")))
    metadata = str(reader.metadata) + str(reader.xmp_metadata)

    assert reader.trailer["/Root"]["/Lang"] == "en-US"
    assert reader.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == f"{WORDS.en['title_a']} {VERSION} {FACTS.ref}"
    assert not re.search("José|Ejemplo|Faro|1980|gmail|operative", metadata)


def test_the_fonts_of_what_is_printed_are_embedded() -> None:
    reader = PdfReader(io.BytesIO(made("usual")))
    for page in reader.pages:
        looks = [
            a["/AP"]["/N"] for a in page.get("/Annots", ()) if a.get("/V") and a["/FT"] == "/Tx"
        ]
        for holder in (page, *looks):
            used = set(
                re.findall(
                    r"(/F\d\S*) \S+ Tf",
                    (holder.get_contents() if holder is page else holder)
                    .get_data()
                    .decode("latin-1"),
                )
            )
            fonts = holder["/Resources"]["/Font"]
            for name in used - {"/F1"}:
                assert "/FontFile2" in fonts[name]["/FontDescriptor"]


def test_blanks_stay_blank() -> None:
    filled = {
        n: f["/V"] for n, f in fields("blank").items() if f.get("/V") not in {"", None, "/Off"}
    }

    assert filled == dict.fromkeys(("A8.request", "A9.me", "A9.office", "A9.pdf"), "/Yes")


def test_a_representative_writes_a_name_of_its_own() -> None:
    found = fields("representative")

    assert found["A2.1"]["/V"] == FACTS.patient_name
    assert not found["A13.name"].get("/V")
    assert not found["B2.1.name"].get("/V")
    for language in ("en", "es"):
        assert said("representative", "B1.represented", language) in whole("representative")
    assert "como representante de José Ejemplo Núñez, otorgo" in whole("representative")
    assert "íntegra de mi expediente" not in whole("representative")


def test_long_values_flow_on_and_nothing_is_cut() -> None:
    found = fields("long")

    assert found["A2.1"]["/V"] == LONG.patient_name
    assert [found[f"A4.{n}"]["/V"] for n in range(1, 6)] == list(LONG.providers)
    assert found["A6.records"]["/V"] == "; ".join(LONG.records)
    assert found["A2.5"]["/V"] == "; ".join((LONG.postal_address, *LONG.phones, *LONG.emails))
    assert roles("long").count("S") == 1


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=120)


@settings(max_examples=15)
@given(
    name=TEXT,
    born=st.dates(),
    address=TEXT,
    providers=st.lists(TEXT, max_size=7),
    records=st.lists(TEXT, max_size=4),
    large=st.booleans(),
    mexican=st.booleans(),
)
def test_whatever_is_known_stands_in_the_fields(
    name: str,
    born: date,
    address: str,
    providers: list[str],
    records: list[str],
    large: bool,
    mexican: bool,
) -> None:
    facts = BLANK.model_copy(
        update={
            "patient_name": name, "date_of_birth": born, "postal_address": address,
            "providers": tuple(providers), "records": tuple(records), "large_print": large,
            "mexican": mexican,
        }
    )  # fmt: skip
    found = PdfReader(io.BytesIO(packet(facts, WORDS, key=KEY))).get_fields()

    assert found["A2.1"].get("/V", "") == name
    assert str(born.year) in found["A2.3"]["/V"]
    assert found["A2.5"].get("/V", "") == address
    assert [found[f"A4.{n}"].get("/V", "") for n, _ in enumerate(providers, 1)] == providers
    assert found["A6.records"].get("/V", "") == "; ".join(records)


# --- the same every time ---

AGAIN = """
import sys
from tests.forms.test_packet import KINDS, KEY, WORDS, packet
for facts in KINDS.values():
    sys.stdout.buffer.write(packet(facts, WORDS, key=KEY))
"""


def test_the_same_values_give_the_same_bytes_in_any_process() -> None:
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", AGAIN], env=env, capture_output=True, check=True
        )

        assert done.stdout == b"".join(made(kind) for kind in KINDS)


# --- the agent's signature ---


def signature(size: tuple[int, int] = (400, 120), kind: str = "PNG") -> bytes:
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).line([(10, 10), (size[0] - 10, size[1] - 10)], fill="navy", width=8)
    target = io.BytesIO()
    picture.save(target, kind)
    return target.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_agents_picture_is_printed_where_the_power_is_accepted(kind: str) -> None:
    signed = FACTS.model_copy(update={"agent_signature": signature_picture(signature(kind=kind))})
    document = pypdfium2.PdfDocument(packet(signed, WORDS, key=KEY))
    [box] = [b for b in places(roles("usual")) if b.place == "B2.2"]
    picture = document[box.page - 1].render(scale=1).to_pil().convert("RGB")
    place = (box.x + 2, HEIGHT - box.y - box.height + 2, box.x + box.width - 2, HEIGHT - box.y - 2)
    blue, _, red = (np.asarray(picture.crop(tuple(map(round, place))))[..., n] for n in (2, 1, 0))
    document.close()

    assert ((blue.astype(int) - red) > 60).sum() > 50
    assert issued_form(signed, WORDS) == issued_form(FACTS, WORDS)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no whole PNG"),
        (b"%PDF-1.4", "no whole PNG"),
        (signature()[:300], "no whole PNG"),
        (signature((5000, 300)), "5000 x 300 pixels"),
        (signature((30, 12)), "30 x 12 pixels"),
        (signature() + b"\0" * 2_000_000, "larger than 2 MB"),
    ],
)
def test_a_picture_that_cannot_be_printed_stops_the_start(
    content: bytes, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "signature.png"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=f"service.agent_signature_file: .*{why}"):
        agent_signature(path)


def test_a_missing_picture_is_named_and_none_is_none(tmp_path: Path) -> None:
    assert agent_signature(None) is None
    with pytest.raises(ConfigError, match="agent_signature_file: the file cannot be read"):
        agent_signature(tmp_path / "none.png")


def test_a_specimen_is_marked_on_every_page() -> None:
    marked = packet(FACTS.model_copy(update={"specimen": True}), WORDS, key=KEY)
    found = [even(p.extract_text()) for p in PdfReader(io.BytesIO(marked)).pages]

    assert [("SPECIMEN / MUESTRA" in text) for text in found] == [True] * 5
    assert "SPECIMEN" not in whole("usual")


def test_the_wording_of_both_languages_has_the_same_blocks() -> None:
    with pytest.raises(ValueError, match="A13"):
        words_from({**TEXTS, "es/form/words.toml": 'A1 = "x"\n'})
    assert Path(data_path("templates")).is_dir()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("Signing is voluntary.", "{organization}", "A12.2 has an unknown word in braces"),
        ("Signing is voluntary.", "{", "A12.2: "),
        ('A13 = "Signature of the patient or representative"', "A13 = 1", "A13 is not a sentence"),
        ('A8 = "Purpose"', "", "the languages differ in blocks: A8"),
        ('A8 = "Purpose"', 'A8 = "', "cannot be printed"),
    ],
)
def test_wording_that_cannot_be_printed_stops_the_start(old: str, new: str, why: str) -> None:
    own = TEXTS["en/form/words.toml"].replace(old, new)

    with pytest.raises(ConfigError, match=re.escape(why)):
        form_words({**TEXTS, "en/form/words.toml": own})


def test_wording_without_a_block_stops_the_start() -> None:
    without = {
        name: re.sub(r'^"A12.2" = .*$', "", text, flags=re.MULTILINE)
        for name, text in TEXTS.items()
    }

    with pytest.raises(ConfigError, match=r"blocks are missing: A12\.2"):
        form_words(without)


def test_a_changed_sentence_is_printed() -> None:
    own = TEXTS["en/form/words.toml"].replace("Signing is voluntary.", "Nobody has to sign.")
    text = packet(FACTS, words_from({**TEXTS, "en/form/words.toml": own}), key=KEY)

    assert "Nobody has to sign." in even(PdfReader(io.BytesIO(text)).pages[1].extract_text())


# --- as it was issued ---


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    Path("signature.png").write_bytes(signature())
    monkeypatch.setenv("MMX_SERVICE__AGENT_SIGNATURE_FILE", "signature.png")
    opened = open_office(load(Path("config.toml"), os.environ), Clock(NOW))
    yield opened
    opened.store.close()


def test_a_form_is_drawn_again_as_it_was_issued_whatever_is_learnt_since(office: Office) -> None:
    new = FORM.model_copy(update={"pages": 0, "pages_wanted": (), "roles": ""})
    issued = _with_pages(office, new_case(form=new, form_names=("Hospital Faro",)))
    first = issued_packet(office, issued)
    facts = FACTS_OF_A_CASE.model_copy(update={"patient_name": "Somebody Else", "records": ()})
    later = replace(issued, facts=facts, form_names=("Clínica Misión",), confirmed=False)
    policy = office.policy.model_copy(update={"agent_name": "Other", "large_print": True})

    assert issued.form.pages == len(PdfReader(io.BytesIO(first)).pages)
    assert issued_packet(replace(office, policy=policy), later) == first
    assert issued_packet(office, _with_pages(office, later)) == first


def test_the_agents_picture_reaches_the_packet_of_a_case(office: Office) -> None:
    issued = _with_pages(office, new_case(form=FORM.model_copy(update={"pages": 0})))
    plain = issued_packet(replace(office, agent_signature=None), issued)

    assert office.agent_signature == signature_picture(signature())
    assert issued_packet(office, issued) != plain


def test_a_broken_picture_ends_the_program_with_2(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("signature.png").write_bytes(b"no picture")

    assert main(["cases"]) == 2
    assert "service.agent_signature_file: cannot be printed" in capsys.readouterr().err


def test_the_specimen_is_written_without_a_configuration(tmp_path: Path) -> None:
    assert main(["form", "--specimen", "--out", str(tmp_path / "x.pdf")]) == 0
    assert len(PdfReader(tmp_path / "x.pdf").pages) == 5
