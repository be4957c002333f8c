"""What lies in a place to sign is told by its shape: creases, dust, rims and stamps are no writing."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from datetime import date
from functools import cache

import numpy as np
import pypdfium2
import pytest
from benchmarks import damage
from benchmarks.forms import KEY, printed
from PIL import Image, ImageDraw, ImageFont

from mmx_mailflow.casework.returned import Place, Signature
from mmx_mailflow.forms.returned import ReturnedFile
from mmx_mailflow.forms.returned.files import opened
from mmx_mailflow.forms.returned.look import inspect
from mmx_mailflow.forms.returned.place import dated, measured, signature_in
from mmx_mailflow.forms.returned.sheet import SCALE, codes
from mmx_mailflow.forms.returned.unbend import unbent
from mmx_mailflow.forms.shape import HEIGHT, QR, QR_SIDE, SIGN, WIDTH, date_of, places_on

BOX = next(b for b in places_on(SIGN, 1) if b.place == "A13")
NOT_SIGNED = {Signature.NONE, Signature.UNSURE}
Draw = Callable[[ImageDraw.ImageDraw], None]


@cache
def blank(page: int = 0) -> Image.Image:
    """The page with A13 of an issued form, or another page, as it is printed."""
    document = pypdfium2.PdfDocument(printed(0)[0])
    image = document[(page or printed(0)[1]) - 1].render(scale=SCALE).to_pil().convert("L")
    document.close()
    return image


def at(x: float, y: float) -> tuple[float, float]:
    """A point of the place, from its lower left corner, as a pixel."""
    return (BOX.x + x) * SCALE, (HEIGHT - BOX.y - y) * SCALE


def with_marks(*marks: Draw) -> Image.Image:
    image = blank().copy()
    for mark in marks:
        mark(ImageDraw.Draw(image))
    return image


def judged(*marks: Draw) -> Signature:
    return signature_in(np.asarray(with_marks(*marks)), BOX)


def signature(left: float = 30, *, ink: int = 60) -> Draw:
    """A winding line of loops."""
    t = np.linspace(0, 1, 200)
    xs = left + 80 * t + 7 * np.cos(40 * t)
    ys = 22 + 13 * np.sin(40 * t)
    line = [at(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    return lambda pen: pen.line(line, fill=ink, width=3, joint="curve")


def fold(pen: ImageDraw.ImageDraw) -> None:
    pen.line([at(60, -20), at(64, 70)], fill=120, width=4)


def rim(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse([*at(60, 30), *at(200, -110)], outline=150, width=7)


def dust(pen: ImageDraw.ImageDraw) -> None:
    for n in range(25):
        x, y = at(10 + 13 * n, 5 + n * 17 % 34)
        pen.rectangle([x, y, x + 5, y + 5], fill=60)


def framed_stamp(pen: ImageDraw.ImageDraw) -> None:
    """The lower part of a stamp whose letters run into its frame."""
    pen.line([at(200, 44), at(200, 14), at(290, 14), at(290, 44)], fill=60, width=5)
    font = ImageFont.load_default(11 * SCALE)
    pen.text(at(212, 21), "GR9T4M", fill=60, font=font)


def round_stamp(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse([*at(222, 62), *at(274, 10)], outline=60, width=4)


def words(pen: ImageDraw.ImageDraw) -> None:
    pen.text(at(220, 36), "RECEIVED 24", fill=60, font=ImageFont.load_default(11 * SCALE))


def test_a_blank_place_is_unsigned() -> None:
    assert judged() == Signature.NONE


@pytest.mark.parametrize("mark", [fold, rim, dust])
def test_creases_rims_and_dust_leave_a_place_unsigned(mark: Draw) -> None:
    assert judged(mark) == Signature.NONE


@pytest.mark.parametrize("mark", [fold, rim, dust])
def test_creases_rims_and_dust_hide_no_signature(mark: Draw) -> None:
    assert judged(mark, signature(100)) == Signature.INK


@pytest.mark.parametrize("stamp", [framed_stamp, round_stamp, words])
def test_a_stamp_is_never_a_signature(stamp: Draw) -> None:
    assert judged(stamp) == Signature.UNSURE


@pytest.mark.parametrize("stamp", [framed_stamp, round_stamp])
def test_the_frame_of_a_stamp_is_known_by_its_corner_or_its_ring(stamp: Draw) -> None:
    found = measured(np.asarray(with_marks(stamp)), BOX)
    other = measured(np.asarray(with_marks(signature())), BOX)

    assert (found and found.framed, other and other.framed) == (True, False)


def underlined(pen: ImageDraw.ImageDraw) -> None:
    """Loops on a straight line that the first stroke meets squarely."""
    signature(40)(pen)
    pen.line([at(34, 36), at(34, 6)], fill=60, width=4)
    pen.line([at(30, 7), at(135, 7)], fill=60, width=4)


def zigzag(pen: ImageDraw.ImageDraw) -> None:
    corners = [(40, 38), (49, 8), (62, 36), (70, 10), (88, 31), (95, 12), (125, 24)]
    pen.line([at(x, y) for x, y in corners], fill=60, width=4)


@pytest.mark.parametrize("mark", [underlined, zigzag])
def test_straight_strokes_by_hand_are_a_signature(mark: Draw) -> None:
    assert judged(mark) == Signature.INK


def ruled(pen: ImageDraw.ImageDraw) -> None:
    """A stamp with boxes for a date, still empty."""
    for x in (200, 230, 260, 290):
        pen.line([at(x, 38), at(x, 8)], fill=60, width=4)
    for y in (38, 8):
        pen.line([at(200, y), at(290, y)], fill=60, width=4)


def crossed_out(pen: ImageDraw.ImageDraw) -> None:
    """Words that run into one worn side of a frame, cut off above."""
    pen.line([at(210, 46), at(330, 12)], fill=60, width=6)
    font = ImageFont.load_default(13 * SCALE)
    for n, letter in enumerate("GZMLCSIM"):
        pen.text(at(222 + 11 * n, 45 - 3.1 * n), letter, fill=60, font=font)


def crossing_folds(pen: ImageDraw.ImageDraw) -> None:
    for x, y, far, low in ((90, -30, 84, 80), (200, -30, 206, 80), (-30, 42, 390, 22), (-30, 20, 390, 12)):  # fmt: skip
        pen.line([at(x, y), at(far, low)], fill=140, width=3)


def folded_stamp(pen: ImageDraw.ImageDraw) -> None:
    framed_stamp(pen)
    crossing_folds(pen)


@pytest.mark.parametrize("mark", [crossing_folds, folded_stamp])
def test_folds_that_cross_are_for_a_person(mark: Draw) -> None:
    assert judged(mark) in NOT_SIGNED


@pytest.mark.parametrize("stamp", [ruled, crossed_out])
def test_frames_with_rules_or_words_on_them_are_for_a_person(stamp: Draw) -> None:
    assert judged(stamp) == Signature.UNSURE


def test_writing_well_away_from_a_stamp_is_a_signature() -> None:
    assert judged(words, signature(30)) == Signature.INK


def test_writing_that_runs_into_a_stamp_is_for_a_person() -> None:
    assert judged(words, signature(180)) == Signature.UNSURE


def test_writing_that_is_taller_than_a_stamp_is_seen_through_it() -> None:
    t = np.linspace(0, 1, 300)
    xs, ys = 180 + 150 * t + 6 * np.cos(56 * t), 22 + 18 * np.sin(56 * t)
    large = [at(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]

    assert judged(words, lambda pen: pen.line(large, fill=60, width=3)) == Signature.INK


@pytest.mark.parametrize("seed", range(30))
def test_no_stamp_that_is_set_on_a_place_signs_it(seed: int) -> None:
    chance = np.random.default_rng(seed)
    large = blank().resize((1700, 2200), Image.Resampling.BICUBIC)
    stamped = damage.stamped(large, chance, BOX).resize(blank().size, Image.Resampling.BILINEAR)

    assert signature_in(np.asarray(stamped), BOX) in NOT_SIGNED


def test_a_place_whose_frame_is_cut_off_is_for_a_person() -> None:
    def cut(pen: ImageDraw.ImageDraw) -> None:
        pen.rectangle([0, at(0, 12)[1], 5_000, 5_000], fill=255)

    assert judged(cut) == Signature.UNSURE
    assert judged(signature(), cut) == Signature.UNSURE


def test_a_date_is_seen_and_not_seen() -> None:
    x = date_of(BOX).x - BOX.x
    font = ImageFont.load_default(14 * SCALE)
    page = with_marks(lambda pen: pen.text(at(x + 12, 30), "24 NOV 2026", fill=60, font=font))

    assert dated(np.asarray(page), date_of(BOX)) is True
    assert dated(np.asarray(blank()), date_of(BOX)) is False


# --- whole pages ---


def saved(image: Image.Image, form: str = "JPEG", **how: object) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **how)
    return target.getvalue()


def a13(content: bytes) -> list[Place]:
    back = inspect([ReturnedFile("", content)], key=KEY, today=date(2026, 11, 24))
    return [x for p in back.pages for x in p.places if x.place == "A13"]


def test_a_fax_with_half_as_many_lines_is_read_as_it_was_sent() -> None:
    for marks, said in (((), Signature.NONE), ((signature(),), Signature.INK)):
        low = with_marks(*marks).resize((1734, 1078), Image.Resampling.BOX)
        fax = low.point(lambda v: 255 * (v > 150)).convert("1")

        content = saved(fax, "TIFF", compression="group4", dpi=(204, 98))
        seen = opened([ReturnedFile("", content)])[0][0].picture

        assert seen.height / seen.width == pytest.approx(11 / 8.5, rel=0.01)
        assert a13(content)[0].signature == said


def test_two_pages_in_one_picture_are_two_pages() -> None:
    page, other = with_marks(signature()), blank(1)
    both = Image.new("L", (page.width * 2, page.height), 255)
    both.paste(other, (0, 0))
    both.paste(page, (page.width, 0))
    content = saved(both.resize((2400, round(both.height * 2400 / both.width))))
    back = inspect([ReturnedFile("", content)], key=KEY, today=date(2026, 11, 24))

    assert sorted(p.code.page for p in back.pages if p.code) == [1, printed(0)[1]]
    assert [x.signature for x in a13(content)] == [Signature.INK]


def _through(quad: tuple[float, ...], size: tuple[int, int]) -> tuple[float, ...]:
    """The mapping under which the corners of a picture show these points of the page."""
    wide, high = size
    rows, right = [], []
    for (x, y), (u, v) in zip(
        ((0, 0), (0, high), (wide, high), (wide, 0)),
        zip(quad[::2], quad[1::2], strict=True),
        strict=True,
    ):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return tuple(float(v) for v in np.linalg.solve(np.array(rows), np.array(right)))


@pytest.mark.parametrize("marks", [(), (signature(),)])
def test_frames_stand_in_where_the_lower_marks_are_cut_off(marks: tuple[Draw, ...]) -> None:
    page = with_marks(*marks)
    wide, high = page.size
    tilted = (-0.01 * wide, 0, -0.05 * wide, 1.06 * high, 1.05 * wide, 1.06 * high, 1.01 * wide, 0)
    seen = page.transform(page.size, Image.Transform.PERSPECTIVE, _through(tilted, page.size), Image.Resampling.BILINEAR, fillcolor=255)  # fmt: skip
    cut = seen.crop((0, 0, wide, round(0.89 * high)))

    assert a13(saved(cut))[0].signature == (Signature.INK if marks else Signature.NONE)


def test_a_code_on_bowed_paper_is_bent_back() -> None:
    pixels = np.asarray(blank())
    rows, columns = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    bow = 4.6 * np.sin(np.pi * (rows / SCALE - 26) / 60) * (rows < 90 * SCALE)
    bowed = pixels[rows, np.clip(columns + np.round(bow).astype(int), 0, pixels.shape[1] - 1)]

    assert codes(Image.fromarray(bowed))


def test_a_code_whose_print_moved_with_the_paper_is_bent_back() -> None:
    pixels = np.asarray(blank())
    rows, columns = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    down, across = rows / SCALE - 26, columns / SCALE - (WIDTH - QR_SIDE - QR)
    facets = np.interp(down, [0, 22, 40, 60], [0, 4, -4, 0])
    facets += np.interp(across, [0, 25, 60], [0, 1.5, 0])
    from_columns = np.clip(columns + np.round(facets).astype(int), 0, pixels.shape[1] - 1)
    crumpled = pixels[rows, from_columns]
    flat, bent = codes(Image.fromarray(pixels)), codes(Image.fromarray(crumpled))

    assert [words for words, _ in bent] == [words for words, _ in flat]


def test_what_only_looks_like_a_code_is_never_read() -> None:
    noise = np.random.default_rng(7).integers(0, 2, (29, 29)).repeat(5, 0).repeat(5, 1) * 255
    square = np.pad(noise.astype(np.uint8), 25, constant_values=255)

    assert list(unbent(square, 25 / 195)) == []


def test_staff_see_the_place_as_a_small_picture() -> None:
    place = a13(saved(with_marks(signature())))[0]
    raw = base64.b64decode(place.picture)
    shown = Image.open(io.BytesIO(raw)).convert("L")

    assert len(raw) < 8_000
    assert (shown.width, shown.height) == pytest.approx((813, 86), abs=3)
    assert np.asarray(shown).min() < 90
    assert place.dated is False
