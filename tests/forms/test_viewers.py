"""What different viewers make of one form: each typed into, drawn on, and left unsigned."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.forms.returns import (
    NAME,
    PDF,
    at_a13,
    drawn,
    flattened_by_ghostscript,
    flattened_by_qpdf,
    judged,
    pictured_by_poppler,
    printed_by_poppler,
    typed,
    typed_by_pikepdf,
)

from mmx_mailflow.casework.returned import Defect, Signature, Verdict

pytestmark = pytest.mark.servers  # programs that a build machine has; elsewhere they are skipped

FILLED: dict[str, Callable[[], bytes]] = {
    "pypdf": typed,
    "pikepdf with appearances": lambda: typed_by_pikepdf(appearance=True),
    "pikepdf without appearances": lambda: typed_by_pikepdf(appearance=False),
}
FLATTENED: dict[str, Callable[[bytes], bytes]] = {
    "qpdf flattens": flattened_by_qpdf,
    "Ghostscript pdfwrite flattens": flattened_by_ghostscript,
    "poppler pdftocairo prints to PDF": printed_by_poppler,
    "poppler pdftocairo makes a PNG": pictured_by_poppler,
}


@pytest.mark.parametrize("viewer", FILLED)
def test_a_name_that_a_viewer_typed_is_typed(viewer: str) -> None:
    back = judged(FILLED[viewer]())

    assert (back.verdict, Defect.TYPED_ONLY in back.defects) == (Verdict.SIGNED, True)
    assert NAME in [p.fields.get("A13.signature") for p in back.pages]


def test_a_pen_drawing_of_a_viewer_is_drawn() -> None:
    assert at_a13(drawn()) == Signature.DRAWN


@pytest.mark.parametrize("viewer", FLATTENED)
def test_a_pen_drawing_that_a_viewer_flattened_is_ink(viewer: str) -> None:
    assert at_a13(FLATTENED[viewer](drawn())) == Signature.INK


@pytest.mark.parametrize("viewer", FLATTENED)
def test_a_typed_name_that_a_viewer_flattened_is_for_a_person(viewer: str) -> None:
    """Nobody can tell any more in which field it was typed."""
    back = judged(FLATTENED[viewer](typed()))

    assert back.verdict == Verdict.UNSURE


@pytest.mark.parametrize("viewer", FLATTENED)
def test_an_unsigned_form_through_a_viewer_is_unsigned(viewer: str) -> None:
    back = judged(FLATTENED[viewer](PDF))

    assert back.verdict == Verdict.UNSIGNED
    assert Defect.UNSIGNED in back.defects


def test_a_value_that_qpdf_lost_while_flattening_is_not_made_up() -> None:
    """Without a picture of the value nothing of it is left in the flat page."""
    back = judged(flattened_by_qpdf(typed_by_pikepdf(appearance=False)))

    assert back.verdict == Verdict.UNSIGNED
