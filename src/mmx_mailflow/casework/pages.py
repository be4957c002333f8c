"""The pages of a returned form: which are here, which must come again, what stands to be signed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from mmx_mailflow.casework.returned import Defect, IssuedForm, Page, Place, Returned

_OF_THE_PATIENT = frozenset(
    {
        Defect.UNSIGNED,
        Defect.UNDATED,
        Defect.DATE_FUTURE,
        Defect.DATE_BEFORE_ISSUE,
        Defect.TYPED_ONLY,
        Defect.WRONG_PERSON,
        Defect.CONSENT_UNSIGNED,
        Defect.INITIALS_MISSING,
    }
)
_OF_THE_POWER = frozenset({Defect.POWER_UNSIGNED, Defect.WITNESS_MISSING})
_OF_WHAT_IS_FILLED_IN = frozenset(
    {
        Defect.NAME_MISMATCH,
        Defect.DOB_MISMATCH,
        Defect.NO_SCOPE,
        Defect.NO_PROVIDER,
    }
)
_OF_EVERYTHING = frozenset(
    {
        Defect.WRONG_FORM,
        Defect.OTHER_CASE,
        Defect.OLD_VERSION,
        Defect.EXPIRED,
        Defect.EXPIRY_MISSING,
        Defect.INFECTED,
        Defect.DUPLICATE,
        Defect.REVOKED,
    }
)
_NOT_LEGIBLE = frozenset({Defect.CROPPED, Defect.ILLEGIBLE})


def ours(returned: Returned, form: IssuedForm) -> tuple[Page, ...]:
    """The pages of this very form: of this case and issue, with no forged code."""
    return tuple(
        page
        for page in returned.pages
        if page.code is not None
        and page.code.verified is not False
        and (page.code.ref, page.code.issue) == (form.ref, form.issue)
    )


def here(returned: Returned, form: IssuedForm) -> frozenset[int]:
    """The numbers of the pages of this form that came."""
    return frozenset(page.code.page for page in ours(returned, form) if page.code is not None)


def kept(returned: Returned, form: IssuedForm) -> tuple[int, ...]:
    """The pages of the signed documents that the patient keeps and did not send along.

    What is signed refers to them (45 CFR 164.508(c)(2)), so whoever acts on it must see them.
    """
    last = max(form.pages_wanted, default=0)
    return tuple(n for n in range(1, last) if n not in {*form.pages_wanted, *here(returned, form)})


def places(pages: Sequence[Page]) -> dict[str, Place]:
    """What stands in each place to be signed; of a place that came twice, the last."""
    return {place.place: place for page in pages for place in page.places}


def again(returned: Returned, form: IssuedForm, defects: Collection[Defect]) -> tuple[int, ...]:
    """The pages that must come again for these defects, and those that never came."""
    pages = ours(returned, form)
    missing = set(form.pages_wanted) - here(returned, form)
    concerned = {p.code.page for p in _concerned(pages, set(defects)) if p.code is not None}
    return tuple(sorted(missing | concerned))


def _concerned(pages: Sequence[Page], found: set[Defect]) -> Iterator[Page]:
    """The pages that one of the defects is of; where that cannot be told, all of them."""
    if found & _OF_EVERYTHING:
        yield from pages
    if Defect.ALTERED in found:
        yield from [page for page in pages if page.altered] or pages
    if found & _NOT_LEGIBLE:
        yield from [page for page in pages if not page.legible] or pages
    yield from (page for page in pages if found & _defects_of(page))


def _defects_of(page: Page) -> frozenset[Defect]:
    """What can be wrong with what is filled in on a page of this kind."""
    signed = {place.place for place in page.places}
    if "A13" in signed:
        return _OF_THE_PATIENT
    return _OF_THE_POWER if "B2.1" in signed else _OF_WHAT_IS_FILLED_IN


def without(returned: Returned, form: IssuedForm, numbers: Collection[int]) -> Returned:
    """The return without the pages of these numbers: what was refused can never count."""
    gone = {id(p) for p in ours(returned, form) if p.code is not None and p.code.page in numbers}
    kept = tuple(page for page in returned.pages if id(page) not in gone)
    return returned.model_copy(update={"pages": kept})


def without_pictures(returned: Returned) -> Returned:
    """The same findings without the pictures of the places."""
    return returned.model_copy(update={"pages": tuple(plain(page) for page in returned.pages)})


def plain(page: Page) -> Page:
    """A page without the pictures of its places, as pages are compared."""
    found = tuple(place.model_copy(update={"picture": ""}) for place in page.places)
    return page.model_copy(update={"places": found})
