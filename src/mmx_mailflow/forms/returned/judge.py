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
    Returned,
    Signature,
    Verdict,
)
from mmx_mailflow.forms.code import read_page_code
from mmx_mailflow.forms.returned.days import typed_day
from mmx_mailflow.forms.returned.files import ReturnedFile
from mmx_mailflow.forms.returned.look import Seen, look
from mmx_mailflow.forms.shape import wanted

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
    blank: bytes = b"",
    today: date,
) -> Returned:
    """Recognise returned files; never raises, and `signed` is never said of a blank place."""
    return judge(look(files, blank=blank), key=key, issued=issued, today=today)


def judge(
    seen: Seen, *, key: bytes | None, issued: IssuedForm | None = None, today: date
) -> Returned:
    """What was seen amounts to this, for the form that was issued if that is known.

    Without a key codes are read and stay unverified.
    """
    pages = tuple(
        _ours(page, words, key, issued) for page, words in zip(seen.pages, seen.codes, strict=True)
    )
    return _judged(pages, seen.defects, issued, today)


def _ours(page: Page, words: str, key: bytes | None, issued: IssuedForm | None) -> Page:
    """The page with its code verified; of another form nothing counts that was filled in."""
    code = read_page_code(words, key) if words else None
    if code is None or issued is None:
        return page.model_copy(update={"code": code})
    mine = code.ref == issued.ref and code.issue == issued.issue
    return page.model_copy(update={"code": code} if mine else {"code": code, "places": ()})


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
