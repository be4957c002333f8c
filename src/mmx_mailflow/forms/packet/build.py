"""From the values to the bytes: how many pages there are, of which kinds, and then the PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

from pypdf import PdfWriter
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from mmx_mailflow.casework.returned import IssuedForm
from mmx_mailflow.casework.values import CaseId
from mmx_mailflow.forms.packet.blocks import Layout
from mmx_mailflow.forms.packet.facts import FormWords, PacketFacts
from mmx_mailflow.forms.packet.page import draw_page, draw_specimen, use_fonts
from mmx_mailflow.forms.packet.story import story
from mmx_mailflow.forms.shape import (
    BOTTOM,
    HEIGHT,
    KEEP,
    MARGIN,
    ROOM,
    TOP,
    VERSION,
    WIDTH,
    wanted,
)

_SAFE_KEY = b"\0" * 32
"""Stands in while pages are only counted: a code's length does not depend on the key."""
_MOST_RUNS = 4
"""The pages name each other, so they are laid out until their kinds stay the same."""


def packet(facts: PacketFacts, words: FormWords, *, key: bytes) -> bytes:
    """The packet as PDF; equal values give equal bytes."""
    return _run(Layout(facts, words, key, roles=_roles(facts, words)), drawn=True)[0]


def only_pages(content: bytes, numbers: Sequence[int]) -> bytes:
    """A PDF of these pages of a packet alone; the first is 1."""
    writer = PdfWriter()
    writer.append(io.BytesIO(content), pages=[n - 1 for n in numbers], import_outline=False)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def issued_form(facts: PacketFacts, words: FormWords) -> IssuedForm:
    """How many pages the packet has, and which of them must come back."""
    roles = _roles(facts, words)
    return IssuedForm(
        ref=CaseId(facts.ref),
        issue=facts.issue,
        issued_on=facts.issued_on,
        expires_on=facts.expires_on,
        pages=len(roles),
        pages_wanted=wanted(roles),
        version=VERSION,
        roles=roles,
        printed=facts.model_dump(mode="json", exclude={"agent_signature"}),
    )


def _roles(facts: PacketFacts, words: FormWords) -> str:
    drawn = facts.model_copy(update={"agent_signature": None})
    return _counted(drawn, tuple(words.en.items()), tuple(words.es.items()))


@lru_cache(maxsize=64)
def _counted(
    facts: PacketFacts, en: tuple[tuple[str, str], ...], es: tuple[tuple[str, str], ...]
) -> str:
    roles = KEEP
    for _ in range(_MOST_RUNS):
        layout = Layout(facts, FormWords(en=dict(en), es=dict(es)), _SAFE_KEY, roles=roles)
        before, roles = roles, _run(layout)[1]
        if roles == before:
            break
    return roles


def _run(layout: Layout, *, drawn: bool = False) -> tuple[bytes, str]:
    """The PDF, and the kinds that its pages turned out to have.

    What stands around the text takes no part in the layout; only a PDF that leaves is `drawn`.
    """
    use_fonts()
    target = io.BytesIO()

    def on_page(canvas: Canvas, _: object) -> None:
        if not drawn:
            return
        page = canvas.getPageNumber()
        roles = layout.roles if page <= len(layout.roles) else KEEP * page
        canvas.setViewerPreference("DisplayDocTitle", "true")
        draw_page(canvas, layout.facts, layout.words, page, roles, layout.key)

    def on_page_end(canvas: Canvas, _: object) -> None:
        if drawn and layout.facts.specimen:
            draw_specimen(canvas, layout.words)

    frame = Frame(MARGIN, BOTTOM, ROOM, HEIGHT - TOP - BOTTOM, 0, 0, 0, 0)
    document = BaseDocTemplate(
        target,
        pagesize=(WIDTH, HEIGHT),
        pageTemplates=[PageTemplate(frames=[frame], onPage=on_page, onPageEnd=on_page_end)],
        title=f"{layout.words.en['title_a']} {VERSION} {layout.facts.ref}",
        author=layout.facts.organisation,
        lang="en-US",
        invariant=1,
    )
    document.build(story(layout))
    pages = range(1, document.page + 1)
    return target.getvalue(), "".join(layout.noted.get(n, KEEP) for n in pages)
