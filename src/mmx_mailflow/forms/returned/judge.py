"""What a return amounts to: pages, places, checks, defects, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import JsonValue

from mmx_mailflow.casework.returned import (
    Check,
    CheckResult,
    Defect,
    IssuedForm,
    Page,
    PageCode,
    Place,
    Returned,
    Signature,
    Verdict,
)
from mmx_mailflow.forms.code import read_page_code
from mmx_mailflow.forms.packet.facts import PlaceBox
from mmx_mailflow.forms.returned import ink
from mmx_mailflow.forms.returned.files import ReturnedFile, Sheet, opened

PATIENT_PLACE = "A13"
_SIGNED = frozenset(
    {
        Signature.INK,
        Signature.DRAWN,
        Signature.TYPED,
        Signature.PLATFORM,
        Signature.CRYPTOGRAPHIC,
        Signature.THUMBPRINT,
    }
)
_CHECKS = range(1, 21)


def inspect(
    files: Sequence[ReturnedFile],
    *,
    key: bytes | None,
    issued: IssuedForm | None = None,
    boxes: Sequence[PlaceBox] = (),
    today: date,
) -> Returned:
    """Recognise returned files; never raises, and `signed` is never said of a blank place."""
    sheets, defects = opened(files)
    pages = tuple(_page(sheet, key, issued, boxes) for sheet in sheets)
    return _judged(pages, tuple(defects), issued, today)


def merge(earlier: Returned, later: Returned, issued: IssuedForm | None) -> Returned:
    """Both returns as one: of a page that came twice the better one counts."""
    best: dict[tuple[str, int, int], Page] = {}
    loose: list[Page] = []
    for page in (*earlier.pages, *later.pages):
        if page.code is None:
            loose.append(page)
            continue
        place = (page.code.ref, page.code.issue, page.code.page)
        if place not in best or _worth(page) >= _worth(best[place]):
            best[place] = page
    kept = {Defect.PASSWORD, Defect.UNREADABLE_FILE}
    defects = tuple(d for d in later.defects if d in kept)
    return _judged((*best.values(), *loose), defects, issued, None)


def _worth(page: Page) -> int:
    return sum(place.signature in _SIGNED for place in page.places) + page.legible


def _page(
    sheet: Sheet, key: bytes | None, issued: IssuedForm | None, boxes: Sequence[PlaceBox]
) -> Page:
    found = [(read_page_code(text, key), corners) for text, corners in ink.codes(sheet.picture)]
    good = [(code, corners) for code, corners in found if code is not None]
    if not good:
        return Page(code=None, legible=False, fields=sheet.fields)
    code, corners = good[0]
    mine = issued is not None and code.ref == issued.ref and code.issue == issued.issue
    places = _places(sheet, code, corners, boxes) if mine else ()
    return Page(code=code, legible=True, fields=sheet.fields, places=places)


def _places(
    sheet: Sheet,
    code: PageCode,
    corners: Sequence[tuple[float, float]],
    boxes: Sequence[PlaceBox],
) -> tuple[Place, ...]:
    wanted = [box for box in boxes if box.page == code.page]
    if not wanted:
        return ()
    pixels = ink.flat(sheet.picture) if sheet.printed else ink.straightened(sheet.picture, corners)
    if sheet.printed and not _upright(corners, sheet):
        pixels = ink.straightened(sheet.picture, corners)
    return tuple(
        Place(
            place=box.place,
            signature=_signature(sheet, box, pixels),
            date=sheet.fields.get(f"{box.place}.date"),
        )
        for box in wanted
    )


def _upright(corners: Sequence[tuple[float, float]], sheet: Sheet) -> bool:
    """Whether the code stands where it was printed, so that the page is not a scan."""
    wide, high = sheet.picture.size
    expected = [(x / 612 * wide, (792 - y) / 792 * high) for x, y in ink.code_corners()]
    return all(
        abs(u - x) < 0.012 * wide and abs(v - y) < 0.012 * wide
        for (u, v), (x, y) in zip(corners, expected, strict=True)
    )


def _signature(sheet: Sheet, box: PlaceBox, pixels: ink.Grey | None) -> Signature:
    """Typed, drawn over the page, ink on it, or not to be told."""
    if sheet.fields.get(f"{box.place}.signature", "").strip():
        return Signature.TYPED
    middle = (box.x + box.width / 2, box.y + box.height / 2)
    for left, low, right, high in sheet.drawn:
        overlaps = (
            left < box.x + box.width and right > box.x and low < box.y + box.height and high > box.y
        )
        if (
            overlaps
            and (right - left) < 2 * box.width
            and abs((low + high) / 2 - middle[1]) < box.height * 1.5
        ):
            return Signature.DRAWN
    if sheet.signed:
        return Signature.UNSURE
    return Signature.UNSURE if pixels is None else ink.signature_in(pixels, box)


def _judged(
    pages: tuple[Page, ...],
    broken: tuple[Defect, ...],
    issued: IssuedForm | None,
    today: date | None,
) -> Returned:
    ours = [p for p in pages if p.code is not None and _is_ours(p.code, issued)]
    defects = [*broken, *_foreign(pages, issued)]
    places = {place.place: place.signature for p in ours for place in p.places}
    patient = places.get(PATIENT_PLACE)
    here = {p.code.page for p in ours if p.code is not None}
    missing = [n for n in issued.pages_wanted if n not in here] if issued else []
    if ours and missing:
        defects.append(Defect.PAGE_MISSING)
    if patient is not None:
        defects += _signature_defects(ours, places)
    verdict = _verdict(pages, ours, patient, broken)
    return Returned(
        pages=pages,
        verdict=verdict,
        defects=tuple(dict.fromkeys(defects)),
        checks=_checks(pages, ours, places, defects, missing),
    )


def _is_ours(code: PageCode, issued: IssuedForm | None) -> bool:
    if code.verified is False:
        return False
    return issued is None or (code.ref == issued.ref and code.issue == issued.issue)


def _foreign(pages: Sequence[Page], issued: IssuedForm | None) -> list[Defect]:
    """Codes that are forged, of another case, or of an older issue."""
    found: list[Defect] = []
    for code in (p.code for p in pages if p.code is not None):
        if code.verified is False:
            found.append(Defect.WRONG_FORM)
        elif issued is not None and code.ref != issued.ref:
            found.append(Defect.OTHER_CASE)
        elif issued is not None and code.issue != issued.issue:
            found.append(Defect.OLD_VERSION)
    return found


def _signature_defects(ours: Sequence[Page], places: dict[str, Signature]) -> list[Defect]:
    found: list[Defect] = []
    patient = places[PATIENT_PLACE]
    if patient == Signature.NONE:
        found.append(Defect.UNSIGNED)
    if patient == Signature.TYPED:
        found.append(Defect.TYPED_ONLY)
    typed_dates = {name for p in ours for name, value in p.fields.items() if value.strip()}
    if patient == Signature.TYPED and f"{PATIENT_PLACE}.date" not in typed_dates:
        found.append(Defect.UNDATED)
    if places.get("A12.6") == Signature.NONE:
        found.append(Defect.CONSENT_UNSIGNED)
    if places.get("B2.1") == Signature.NONE:
        found.append(Defect.POWER_UNSIGNED)
    return found


def _verdict(
    pages: Sequence[Page], ours: Sequence[Page], patient: Signature | None, broken: Sequence[Defect]
) -> Verdict:
    if not ours:
        if not pages:
            return Verdict.UNREADABLE if broken else Verdict.NOT_THE_FORM
        return Verdict.NOT_THE_FORM
    if patient is None:
        return Verdict.INCOMPLETE
    if patient == Signature.NONE:
        return Verdict.UNSIGNED
    verified = all(p.code is not None and p.code.verified is not False for p in ours)
    return Verdict.SIGNED if patient in _SIGNED and verified else Verdict.UNSURE


def _checks(
    pages: Sequence[Page],
    ours: Sequence[Page],
    places: dict[str, Signature],
    defects: Sequence[Defect],
    missing: Sequence[int],
) -> tuple[Check, ...]:
    """The twenty checks of a returned form; what was not looked at is n/a or unsure."""
    signature = places.get(PATIENT_PLACE)
    results: dict[int, tuple[CheckResult, str]] = {
        1: _said(bool(ours) and not {Defect.WRONG_FORM, Defect.OTHER_CASE, Defect.OLD_VERSION} & set(defects), "codes of the pages"),
        2: _said(not missing and bool(ours), f"missing: {', '.join(map(str, missing))}" if missing else "all pages are here"),
        10: _signature_check(signature),
        12: (CheckResult.UNSURE, "a written date is read by a person"),
        16: _witnesses(places),
        17: _agent(places),
    }  # fmt: skip
    typed = {name: value for p in pages for name, value in p.fields.items()}
    if PATIENT_PLACE + ".date" in typed:
        results[12] = (CheckResult.PASS, "a date was typed")
    return tuple(
        Check(check=n, result=results[n][0], evidence=results[n][1])
        if n in results
        else Check(check=n, result=CheckResult.NOT_APPLICABLE)
        for n in _CHECKS
    )


def _said(holds: bool, evidence: str) -> tuple[CheckResult, str]:
    return (CheckResult.PASS if holds else CheckResult.FAIL), evidence


def _signature_check(signature: Signature | None) -> tuple[CheckResult, str]:
    if signature is None:
        return CheckResult.FAIL, "the page with A13 is not here"
    if signature == Signature.UNSURE:
        return CheckResult.UNSURE, "something stands at A13"
    return _said(signature in _SIGNED, f"at A13: {signature.value}")


def _witnesses(places: dict[str, Signature]) -> tuple[CheckResult, str]:
    marks = [places[p] for p in ("B3.1", "B3.2") if p in places]
    if not marks:
        return CheckResult.NOT_APPLICABLE, ""
    signed = sum(m in _SIGNED for m in marks)
    return (CheckResult.PASS if signed == len(marks) else CheckResult.UNSURE), f"{signed} of 2"


def _agent(places: dict[str, Signature]) -> tuple[CheckResult, str]:
    if "B2.2" not in places:
        return CheckResult.NOT_APPLICABLE, ""
    signed = places["B2.2"] in _SIGNED
    return (CheckResult.PASS if signed else CheckResult.UNSURE), "the agent signs at the office"


def returned_json(file: str, returned: Returned) -> dict[str, JsonValue]:
    """What `inspect-form` prints for a file."""
    value: dict[str, JsonValue] = returned.model_dump(mode="json")
    return {"file": file} | value
