"""The pages of a returned form: which are here, which must come again, what stands to be signed."""

from __future__ import annotations

from collections.abc import Iterator

from mmx_mailflow.casework.returned import Page, Place, Returned


def coded(returned: Returned) -> Iterator[tuple[int, Page]]:
    """The pages of a form of ours with their numbers, in the order in which they came."""
    return ((p.code.page, p) for p in returned.pages if p.code is not None and not _forged(p))


def _forged(page: Page) -> bool:
    return page.code is not None and page.code.verified is False


def places(returned: Returned) -> dict[str, Place]:
    """What stands in each place to be signed; of a place that came twice, the last."""
    return {place.place: place for _, page in coded(returned) for place in page.places}


def without_pictures(returned: Returned) -> Returned:
    """The same findings without the pictures of the places."""
    return returned.model_copy(update={"pages": tuple(plain(page) for page in returned.pages)})


def plain(page: Page) -> Page:
    """A page without the pictures of its places, as pages are compared."""
    found = tuple(place.model_copy(update={"picture": ""}) for place in page.places)
    return page.model_copy(update={"places": found})
