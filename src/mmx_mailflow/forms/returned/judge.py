"""What a return amounts to: pages, places, checks, defects, verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import cast

from pydantic import JsonValue
from pydantic.main import IncEx

from mmx_mailflow.casework.returned import (
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
from mmx_mailflow.forms.returned.came import Seen
from mmx_mailflow.forms.returned.checks import (
    PATIENT_PLACE,
    SIGNED,
    Paper,
    checks,
    paper_defects,
    signed_on,
)
from mmx_mailflow.forms.shape import wanted

_DATE = f"{PATIENT_PLACE}.date"
_NOT_PRINTED = cast(
    "IncEx",
    {
        "pages": {"__all__": {"places": {"__all__": {"picture"}}, "code": {"roles"}}},
        "checks": {"__all__": {"evidence_es"}},
    },
)


def judge(
    seen: Seen, *, keys: Sequence[bytes] | None, issued: IssuedForm | None = None, today: date
) -> Returned:
    """What was seen amounts to this, for the form that was issued if that is known.

    Without keys codes are read and stay unverified.
    """
    pages = tuple(
        _ours(page, words, keys, issued) for page, words in zip(seen.pages, seen.codes, strict=True)
    )
    return _judged(pages, seen.defects, issued, today)


def _ours(page: Page, words: str, keys: Sequence[bytes] | None, issued: IssuedForm | None) -> Page:
    """The page with its code verified; of another form nothing counts that was filled in."""
    code = read_page_code(words, keys) if words else None
    if code is None or issued is None:
        return page.model_copy(update={"code": code})
    mine = code.ref == issued.ref and code.issue == issued.issue
    return page.model_copy(update={"code": code} if mine else {"code": code, "places": ()})


def merge(
    earlier: Returned, later: Returned, issued: IssuedForm | None, today: date | None = None
) -> Returned:
    """Both returns as one: of a page that came twice the better one counts."""
    pages = tuple(_best((*earlier.pages, *later.pages)))
    kept = {Defect.PASSWORD, Defect.UNREADABLE_FILE, Defect.EXPIRED}
    defects = [d for d in later.defects if d in kept]
    if Defect.ALTERED in (*earlier.defects, *later.defects):
        defects.append(Defect.ALTERED)  # not to be told from the pages alone: a broken seal
    if any(
        Defect.DATE_FUTURE in part.defects and _typed_day(part.pages) == _typed_day(pages)
        for part in (earlier, later)
    ):
        defects.append(Defect.DATE_FUTURE)
    return _judged(pages, tuple(defects), issued, today)


def _best(pages: Sequence[Page]) -> list[Page]:
    """Of a page that came more than once the better copy, in the order in which they came."""
    best: dict[object, Page] = {}
    for page in pages:
        place = (page.code.ref, page.code.issue, page.code.page) if page.code else id(page)
        if place not in best or _worth(page) >= _worth(best[place]):
            best[place] = page
    return list(best.values())


def _typed_day(pages: Sequence[Page]) -> str | None:
    """The words of the date at A13, as far as it was typed."""
    return next((p.fields[_DATE] for p in pages if p.fields.get(_DATE)), None)


def _worth(page: Page) -> int:
    return sum(place.signature in SIGNED for place in page.places) + page.legible


def _judged(
    pages: tuple[Page, ...],
    broken: tuple[Defect, ...],
    issued: IssuedForm | None,
    today: date | None,
) -> Returned:
    ours = _best([p for p in pages if p.code is not None and _is_ours(p.code, issued)])
    here = {p.code.page for p in ours if p.code is not None}
    missing = tuple(n for n in _wanted(ours, issued) if n not in here)
    paper = Paper(tuple(ours), missing, (), issued, today)
    patient = paper.places[PATIENT_PLACE].signature if PATIENT_PLACE in paper.places else None
    defects = [*broken, *_foreign(pages, issued)]
    if ours and missing:
        defects.append(Defect.PAGE_MISSING)
    if patient is not None:
        defects += _signature_defects(paper)
        defects += _date_defects(paper)
    if ours:
        defects += paper_defects(paper)
    found = tuple(dict.fromkeys(defects))
    return Returned(
        pages=pages,
        verdict=_verdict(pages, ours, patient, broken),
        defects=found,
        checks=checks(replace(paper, defects=found)),
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


def _signature_defects(paper: Paper) -> list[Defect]:
    found: list[Defect] = []
    place = paper.places[PATIENT_PLACE]
    if place.signature == Signature.NONE:
        found.append(Defect.UNSIGNED)
    if place.signature == Signature.TYPED:
        found.append(Defect.TYPED_ONLY)
    if place.signature in SIGNED and _undated(paper, place):
        found.append(Defect.UNDATED)
    for name, defect in (("A12.6", Defect.CONSENT_UNSIGNED), ("B2.1", Defect.POWER_UNSIGNED)):
        if name in paper.places and paper.places[name].signature == Signature.NONE:
            found.append(defect)
    return found


def _undated(paper: Paper, place: Place) -> bool:
    """Nothing stands in the place for the date; a typed form keeps its dates in fields."""
    if place.date or f"{place.place}.date" in paper.fields:
        return False
    return place.dated is False or place.signature == Signature.TYPED


def _date_defects(paper: Paper) -> list[Defect]:
    """What is certainly wrong with the typed date, or with the day on which the form came back."""
    signed, issued, today = signed_on(paper), paper.issued, paper.today
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
    return Verdict.SIGNED if patient in SIGNED and verified else Verdict.UNSURE


def returned_json(file: str, returned: Returned) -> dict[str, JsonValue]:
    """What `inspect-form` prints for a file."""
    value: dict[str, JsonValue] = returned.model_dump(mode="json", exclude=_NOT_PRINTED)
    return {"file": file} | value
