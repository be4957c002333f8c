"""What stands on the packet, in its order: document A, document B, document C."""

from __future__ import annotations

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, PageBreak

from mmx_mailflow.forms.packet.blocks import (
    Layout,
    agreed,
    beside,
    fields,
    grid,
    initialled,
    initials,
    pair,
    question,
    row,
    stack,
    tick,
    ticks,
    told,
)
from mmx_mailflow.forms.packet.facts import day_in_words
from mmx_mailflow.forms.packet.fields import Square
from mmx_mailflow.forms.packet.foot import Foot, draw_power, draw_sign
from mmx_mailflow.forms.shape import FOOT, GAP, POWER, ROOM, SIGN, VERSION

_RECORDS = ("A6.complete", "A6.history", "A6.operative", "A6.implants", "A6.summary", "A6.discharge", "A6.laboratory", "A6.pathology", "A6.imaging", "A6.images", "A6.nursing", "A6.consents", "A6.bill", "A6.other")  # fmt: skip
_SENSITIVE = (("A7.hiv", "A7.mental", "A7.genetic"), ("A7.reproductive", "A7.substance"))
_PURPOSES = ("A8.request", "A8.care", "A8.legal", "A8.personal", "A8.insurance")
_WAYS = ("A9.me", "A9.office", "A9.paper", "A9.pdf", "A9.link", "A9.disc")
_STATEMENTS = ("A5", "A9.4", "A10", "A11", "A12.1", "A12.2", "A12.3", "A12.4")
_POLICY = ("A12.5", "A12.5.control", "A12.5.time", "A12.5.first")
_ATTACHED = ("B4.grantor", "B4.agent", "B4.witnesses", "B4.representation")
_STEPS = ("C.read", "C.sign", "C.power", "C.send", "C.photo", "C.id", "C.short", "C.soon", "C.next", "C.person")  # fmt: skip
_CHECKS = ("C.check.name", "C.check.where", "C.check.what", "C.check.sign", "C.check.power", "C.check.pages", "C.check.id")  # fmt: skip


def story(layout: Layout) -> list[Flowable]:
    """Everything that is printed, page after page."""
    parts = [*_asked(layout), PageBreak(), *_stated(layout), PageBreak(), *_granted(layout)]
    if layout.facts.mexican:
        parts += [PageBreak(), *_document_b(layout)]
    return [*parts, PageBreak(), *_document_c(layout)]


def _asked(layout: Layout) -> list[Flowable]:
    """Document A, who and what: the values, prefilled or blank."""
    facts = layout.facts
    born = day_in_words(facts.date_of_birth) if facts.date_of_birth else ""
    contact = "; ".join(x for x in (facts.postal_address, *facts.phones, *facts.emails) if x)
    return [
        pair(layout, "title_a", title=True),
        told(layout, "A1", f"{facts.ref}, {VERSION}, {facts.issued_on.isoformat()}"),
        question(layout, "A2.1", facts.patient_name or ""),
        row(layout, [("A2.2", "A2.2", ""), ("A2.6", "A2.6", "")]),
        row(layout, [("A2.3", "A2.3", born), ("A2.4", "A2.4", "")]),
        question(layout, "A2.5", contact),
        row(layout, [("A3", "A3", ""), ("A3.proof", "", "")]),
        *_providers(layout),
        *_scope(layout),
        *(_limits(layout) if facts.large_print else ()),
    ]


def _providers(layout: Layout) -> list[Flowable]:
    """A line for each provider and one more, and the clause that covers a class of them."""
    tip = layout.tip("A4")
    names = (*(layout.facts.providers or ("",)), "")
    rows = [x for n, name in enumerate(names, 1) for x in fields(layout, f"A4.{n}", name, tip=tip)]
    return [
        KeepTogether([pair(layout, "A4", label="A4", ruled=False), rows[0]]),
        *rows[1:],
        agreed(layout, "A4.class", "A4.class"),
    ]


def _scope(layout: Layout) -> list[Flowable]:
    facts = layout.facts
    ticked = frozenset({"A6.other"} if facts.records else ())
    dates = fields(layout, "A6.dates", "; ".join(facts.treatment), tip=layout.tip("A6"))
    records = fields(
        layout, "A6.records", "; ".join(facts.records), tip=layout.tip("A6.other"), lines=2
    )
    return [
        KeepTogether([pair(layout, "A6", label="A6"), dates[0]]),
        *dates[1:],
        KeepTogether([ticks(layout, _RECORDS, ticked), records[0]]),
        *records[1:],
    ]


def _stated(layout: Layout) -> list[Flowable]:
    """Document A, what is agreed: nothing to write."""
    return [
        pair(layout, "title_a2", title=True),
        *(pair(layout, block, label=block) for block in _STATEMENTS),
        *(
            pair(layout, b, label="A12.5" if b == "A12.5" else "", ruled=b == "A12.5")
            for b in _POLICY
        ),
    ]


def _granted(layout: Layout) -> list[Flowable]:
    """Document A, what is granted, and the signatures at the foot."""
    chosen = frozenset({"A9.me", "A9.office", "A9.pdf"})
    facts = layout.facts

    def drawn(canvas: Canvas, page: int) -> None:
        layout.noted[page] = SIGN
        name = "" if facts.representative else facts.patient_name or ""
        draw_sign(canvas, page, layout.said, layout.size, name)

    risk = pair(layout, "A9.risk", ruled=False, room=ROOM - 46)
    return [
        *(() if facts.large_print else _limits(layout)),
        KeepTogether([pair(layout, "A9", label="A9"), ticks(layout, _WAYS, chosen, 3)]),
        stack([initialled(layout, "A9.risk", risk, ROOM)], ruled=True),
        pair(layout, "A13.said", label="A13"),
        Foot(agreed(layout, "A12.6", "A12.6.agree", label="A12.6", ruled=True), FOOT[SIGN], drawn),
    ]


def _limits(layout: Layout) -> list[Flowable]:
    """Sensitive information and purpose; in large print they fill up the page before."""
    purposes = [tick(layout, x, ticked=x == "A8.request") for x in _PURPOSES]
    return [
        KeepTogether([pair(layout, "A7", label="A7"), *(initials(layout, x) for x in _SENSITIVE)]),
        KeepTogether([pair(layout, "A8", label="A8"), grid([*purposes, _other(layout)], 3)]),
    ]


def _other(layout: Layout) -> Flowable:
    """Another purpose, with a line to name it."""
    [which] = fields(layout, "A8.which", tip=layout.tip("A8.other"))
    return tick(layout, "A8.other", beside(layout, "A8.other", which, (ROOM - 2 * GAP) / 3 - 15))


def _document_b(layout: Layout) -> list[Flowable]:
    """The carta poder: a document of its own, signed and dated on its own."""
    facts = layout.facts
    names = {
        "B2.1.name": "" if facts.representative else facts.patient_name or "",
        "B2.2.name": facts.agent_name,
    }

    def drawn(canvas: Canvas, page: int) -> None:
        layout.noted[page] = POWER
        picture = facts.agent_signature or b""
        draw_power(canvas, page, layout.said, layout.size, names, picture)

    power = "B1.represented" if facts.representative else "B1"
    attached = stack([pair(layout, "B4", label="B4"), ticks(layout, _ATTACHED, frozenset())])
    return [
        pair(layout, "title_b", title=True),
        row(layout, [("B1.place", "", ""), ("B1.date", "", "")]),
        pair(layout, "B1.to", ruled=False),
        pair(layout, power, label="B1", ruled=False),
        pair(layout, "B1.basis", ruled=False),
        pair(layout, "B1.limits", ruled=False),
        Foot(attached, FOOT[POWER], drawn),
    ]


def _document_c(layout: Layout) -> list[Flowable]:
    """The instructions, and a list to go through before sending."""
    power = layout.facts.mexican
    steps = [block for block in _STEPS if power or block != "C.power"]
    checks = [block for block in _CHECKS if power or block != "C.check.power"]
    squares = [Square(pair(layout, block, ruled=False, room=ROOM - 15)) for block in checks]
    return [
        pair(layout, "title_c", title=True),
        *(pair(layout, block, label=f"{n}.") for n, block in enumerate(steps, 1)),
        pair(layout, "C.check", label=f"{len(steps) + 1}."),
        *squares,
    ]
