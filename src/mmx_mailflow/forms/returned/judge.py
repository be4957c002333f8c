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
from mmx_mailflow.forms.returned import sheet as paper
from mmx_mailflow.forms.returned.days import typed_day
from mmx_mailflow.forms.returned.files import Rectangle, ReturnedFile, Sheet, opened
from mmx_mailflow.forms.returned.place import signature_in
from mmx_mailflow.forms.shape import PlaceBox, code_corners, places_on, wanted

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
_RIM = 3.0
_EXACT = 1.5 / 612
"""How far the code of a page that was never on paper may stand from its place: 1.5 points."""
_NO_NAMES = frozenset({"na", "no", "none", "ninguno", "ninguna", "nada", "pending", "pendiente", "signature", "firma", "sign here", "firme aquí", "signature of patient", "tbd", "xx", "xxx"})  # fmt: skip


def inspect(
    files: Sequence[ReturnedFile],
    *,
    key: bytes | None,
    issued: IssuedForm | None = None,
    today: date,
) -> Returned:
    """Recognise returned files; never raises, and `signed` is never said of a blank place."""
    sheets, defects = opened(files)
    pages = tuple(_page(sheet, key, issued) for sheet in sheets)
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
    pages = (*best.values(), *loose)
    kept = {Defect.PASSWORD, Defect.UNREADABLE_FILE, Defect.EXPIRED}
    defects = [d for d in later.defects if d in kept]
    if any(
        Defect.DATE_FUTURE in part.defects and _signed_on(part.pages) == _signed_on(pages)
        for part in (earlier, later)
    ):
        defects.append(Defect.DATE_FUTURE)
    return _judged(pages, tuple(defects), issued, None)


def _signed_on(pages: Sequence[Page]) -> str | None:
    """The date at A13, as far as it was typed."""
    return next((x.date for p in pages for x in p.places if x.place == PATIENT_PLACE), None)


def _worth(page: Page) -> int:
    return sum(place.signature in _SIGNED for place in page.places) + page.legible


def _page(sheet: Sheet, key: bytes | None, issued: IssuedForm | None) -> Page:
    found = [(read_page_code(text, key), corners) for text, corners in paper.codes(sheet.picture)]
    good = [(code, corners) for code, corners in found if code is not None]
    if not good:
        return Page(code=None, legible=False, fields=sheet.fields)
    code, corners = good[0]
    mine = issued is None or (code.ref == issued.ref and code.issue == issued.issue)
    places = _places(sheet, code, corners) if mine else ()
    return Page(code=code, legible=True, fields=sheet.fields, places=places)


def _places(sheet: Sheet, code: PageCode, corners: paper.Points) -> tuple[Place, ...]:
    boxes = places_on(code.roles[code.page - 1], code.page)
    if not boxes:
        return ()
    exact = sheet.printed and _upright(corners, sheet)
    pixels = paper.flat(sheet.picture) if exact else paper.straightened(sheet.picture, corners)
    return tuple(
        Place(
            place=box.place,
            signature=_signature(sheet, box, pixels, exact=exact),
            date=_date(sheet.fields.get(f"{box.place}.date", "")),
        )
        for box in boxes
    )


def _date(typed: str) -> str | None:
    day = typed_day(typed)
    return day.isoformat() if day else typed.strip() or None


def _upright(corners: paper.Points, sheet: Sheet) -> bool:
    """Whether the code stands exactly where it was printed, so that the page is not a scan."""
    wide, high = sheet.picture.size
    expected = [(x / 612 * wide, (792 - y) / 792 * high) for x, y in code_corners()]
    return all(
        abs(u - x) < _EXACT * wide and abs(v - y) < _EXACT * wide
        for (u, v), (x, y) in zip(corners, expected, strict=True)
    )


def _signature(sheet: Sheet, box: PlaceBox, pixels: paper.Grey | None, *, exact: bool) -> Signature:
    """Typed, drawn over the page, ink on it, or not to be told."""
    typed = sheet.fields.get(f"{box.place}.signature", "").strip()
    if typed:
        return Signature.TYPED if _is_a_name(typed) else Signature.UNSURE
    if exact and any(_within(over, box) for over in sheet.drawn):
        return Signature.DRAWN
    if sheet.signed or pixels is None:
        return Signature.UNSURE
    found = signature_in(pixels, box)
    strange = (*sheet.drawn, *sheet.laid_over, *(sheet.words if exact else ()))
    if any(_touches(over, box) for over in strange):
        return Signature.UNSURE
    return found


def _is_a_name(typed: str) -> bool:
    letters = "".join(c for c in typed.casefold() if c.isalpha() or c == " ").strip()
    return len(letters) > 1 and letters not in _NO_NAMES


def _within(over: Rectangle, box: PlaceBox) -> bool:
    """Whether something drawn belongs to a place: its middle stands there, and it is no speck."""
    left, low, right, high = over
    middle = ((left + right) / 2, (low + high) / 2)
    return (
        box.x < middle[0] < box.x + box.width
        and box.y - 2 < middle[1] < box.y + box.height + 2
        and 12 <= right - left < 1.3 * box.width
        and 4 <= high - low < 3 * box.height
    )


def _touches(over: Rectangle, box: PlaceBox) -> bool:
    """Whether something reaches into a place by more than its rim."""
    left, low, right, high = over
    return (
        left < box.x + box.width - _RIM
        and right > box.x + _RIM
        and low < box.y + box.height - _RIM
        and high > box.y + _RIM
    )


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
    missing = [n for n in _wanted(ours, issued) if n not in here]
    if ours and missing:
        defects.append(Defect.PAGE_MISSING)
    if patient is not None:
        defects += _signature_defects(ours, places)
        defects += _date_defects(ours, issued, today)
    verdict = _verdict(pages, ours, patient, broken)
    return Returned(
        pages=pages,
        verdict=verdict,
        defects=tuple(dict.fromkeys(defects)),
        checks=_checks(pages, ours, places, defects, missing),
    )


def _wanted(ours: Sequence[Page], issued: IssuedForm | None) -> tuple[int, ...]:
    """The pages that must come back: known of the case, else told by the code of any page."""
    if issued is not None:
        return issued.pages_wanted
    return next((wanted(p.code.roles) for p in ours if p.code is not None), ())


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


def _date_defects(
    ours: Sequence[Page], issued: IssuedForm | None, today: date | None
) -> list[Defect]:
    """What is certainly wrong with the typed date, or with the day on which the form came back."""
    signed = typed_day(_signed_on(ours) or "")
    found: list[Defect] = []
    if signed and today and signed > today:
        found.append(Defect.DATE_FUTURE)
    if signed and issued and signed < issued.issued_on:
        found.append(Defect.DATE_BEFORE_ISSUE)
    if issued and today and today > issued.expires_on:
        found.append(Defect.EXPIRED)
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
        12: _date_check(ours, defects),
        16: _witnesses(places),
        17: _agent(places),
    }  # fmt: skip
    if Defect.EXPIRED in defects:
        results[9] = (CheckResult.FAIL, "the printed date has passed")
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


def _date_check(ours: Sequence[Page], defects: Sequence[Defect]) -> tuple[CheckResult, str]:
    if {Defect.DATE_FUTURE, Defect.DATE_BEFORE_ISSUE, Defect.UNDATED} & set(defects):
        return CheckResult.FAIL, "the date at A13"
    if typed_day(_signed_on(ours) or ""):
        return CheckResult.PASS, "a date was typed"
    return CheckResult.UNSURE, "a written date is read by a person"


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
