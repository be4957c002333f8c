"""The checks of a returned form that paper alone can tell; what needs the case is added there.

Numbers are those of a reviewer's list. `pass` is only said of what was seen to be so; where a
person wrote by hand, or a page could not be compared with the issued one, it is `unsure`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain

from mmx_mailflow.casework.names import plain, same_person
from mmx_mailflow.casework.returned import (
    Check,
    CheckResult,
    Defect,
    IssuedForm,
    Page,
    Place,
    Signature,
)
from mmx_mailflow.forms.returned.days import typed_day

PATIENT_PLACE = "A13"
SIGNED = frozenset(set(Signature) - {Signature.NONE, Signature.UNSURE})
PASS, FAIL, UNSURE = CheckResult.PASS, CheckResult.FAIL, CheckResult.UNSURE
_YEAR = timedelta(days=366)
_HOW_MANY = 20
_SENSITIVE = {
    "A7.hiv": ("hiv", "aids", "vih", "sida"),
    "A7.substance": ("alcohol", "drug treatment", "rehab", "adiccion", "drogas"),
    "A7.mental": ("psychiatr", "mental health", "psiquiatr", "salud mental", "psicolog"),
    "A7.genetic": ("genetic", "genetica"),
    "A7.reproductive": ("abortion", "fertility", "ivf", "aborto", "fertilidad"),
}
"""Words in the description of the records that ask for what only initials release."""

Result = tuple[CheckResult, str, str]
"""How a check came out, with its evidence in English and in Spanish."""
NOT_LOOKED: Result = (CheckResult.NOT_APPLICABLE, "", "")


@dataclass(frozen=True, slots=True)
class Paper:
    """What the pages of one form hold together."""

    pages: tuple[Page, ...]
    """Those of this form; of a page that came twice both."""
    missing: tuple[int, ...]
    defects: tuple[Defect, ...]
    issued: IssuedForm | None
    today: date | None
    places: Mapping[str, Place] = field(init=False, repr=False)
    fields: Mapping[str, str] = field(init=False, repr=False)
    written: frozenset[str] = field(init=False)
    read: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Lay the pages' findings together; the later page counts."""
        put = object.__setattr__
        put(self, "places", {x.place: x for p in self.pages for x in p.places})
        put(self, "fields", {k: v for p in self.pages for k, v in p.fields.items() if v.strip()})
        put(self, "written", frozenset(chain.from_iterable(p.written for p in self.pages)))
        put(self, "read", {k: v for p in self.pages for k, v in p.read.items()})

    def printed(self, name: str) -> str:
        """What the form was prefilled with, as far as that is known here."""
        value = self.issued.printed.get(name) if self.issued else None
        return value if isinstance(value, str) else ""

    def filled(self, prefix: str) -> list[str]:
        """The fields of a block that hold something, typed, printed or by hand."""
        names = {*self.fields, *self.written}
        return sorted(n for n in names if n == prefix or n.startswith(f"{prefix}."))

    @property
    def complete(self) -> bool:
        """Every page that must come back is here and was compared with the issued one."""
        return not self.missing and all(p.compared for p in self.pages)


def checks(paper: Paper) -> tuple[Check, ...]:
    """The twenty checks in their order; those that need the case are n/a here."""
    return tuple(
        Check(check=n, result=result, evidence=en, evidence_es=es)
        for n in range(1, _HOW_MANY + 1)
        for result, en, es in [_CHECKS[n](paper) if n in _CHECKS else NOT_LOOKED]
    )


def paper_defects(paper: Paper) -> Iterator[Defect]:
    """What is certainly wrong with what was filled in."""
    found = {n: _CHECKS[n](paper)[0] for n in (3, 4, 5, 6)}
    table = {
        3: Defect.NAME_MISMATCH,
        4: Defect.DOB_MISMATCH,
        5: Defect.NO_PROVIDER,
        6: Defect.NO_SCOPE,
    }
    yield from (table[n] for n, result in found.items() if result == FAIL)
    if any(not p.legible for p in paper.pages):
        yield Defect.CROPPED
    if any(p.reworded for p in paper.pages):
        yield Defect.ALTERED


# --- one function a check --------------------------------------------------


def _form(paper: Paper) -> Result:
    wrong = {Defect.WRONG_FORM, Defect.OTHER_CASE, Defect.OLD_VERSION} & set(paper.defects)
    if not paper.pages:
        return FAIL, "no page of this form", "ninguna página de este formulario"
    if wrong:
        return FAIL, "a page of another form or issue", "una página de otro formulario o emisión"
    if any(p.code is not None and p.code.verified is None for p in paper.pages):
        return UNSURE, "the codes were not verified", "los códigos no se verificaron"
    return PASS, "the codes of the pages are ours", "los códigos de las páginas son nuestros"


def _whole(paper: Paper) -> Result:
    if paper.missing or not paper.pages:
        pages = ", ".join(map(str, paper.missing))
        return FAIL, f"missing: {pages}", f"faltan: {pages}"
    cut = [str(p.code.page) for p in paper.pages if not p.legible and p.code is not None]
    if cut:
        return (
            FAIL,
            f"cut off or hard to read: {', '.join(cut)}",
            f"cortadas o ilegibles: {', '.join(cut)}",
        )
    return PASS, "all pages are here", "están todas las páginas"


def _name(paper: Paper) -> Result:
    issued, typed = paper.printed("patient_name"), paper.fields.get("A2.1", "")
    if "A2.1" in paper.written:
        read = paper.read.get("A2.1", "")
        return UNSURE, f"written by hand{_shown(read)}", f"escrito a mano{_shown(read)}"
    if not typed:
        return _unknown(paper, "A2.1")
    if not issued:
        return UNSURE, "filled in by the sender", "lo llenó el remitente"
    if plain(typed) == plain(issued):
        return PASS, "as printed", "como se imprimió"
    if same_person(issued, typed) or same_person(typed, issued):
        return UNSURE, "in other words than printed", "distinto de lo impreso"
    return FAIL, "another name than printed", "otro nombre que el impreso"


def _birth(paper: Paper) -> Result:
    issued, typed = paper.printed("date_of_birth"), paper.fields.get("A2.3", "")
    if "A2.3" in paper.written:
        read = paper.read.get("A2.3", "")
        return UNSURE, f"written by hand{_shown(read)}", f"escrita a mano{_shown(read)}"
    if not typed:
        return _unknown(paper, "A2.3")
    day = typed_day(typed.partition(" / ")[0])
    if not issued or day is None:
        return UNSURE, "filled in by the sender", "la llenó el remitente"
    if day.isoformat() == issued:
        return PASS, "as printed", "como se imprimió"
    return FAIL, "another date than printed", "otra fecha que la impresa"


def _providers(paper: Paper) -> Result:
    named = paper.filled("A4")
    if named:
        clause = "A4.class" in named
        rest = len(named) - clause
        return (
            PASS,
            f"{rest} named{', the box for all others is ticked' if clause else ''}",
            f"{rest} nombrados{', casilla para los demás marcada' if clause else ''}",
        )
    return _empty(paper, "A4.1", "no provider is named", "no se nombra ningún prestador")


def _scope(paper: Paper) -> Result:
    chosen = [n for n in paper.filled("A6") if n not in {"A6.dates", "A6.other"}]
    if chosen:
        names = ", ".join(n.removeprefix("A6.") for n in chosen)
        return PASS, f"chosen: {names}", f"elegido: {names}"
    return _empty(paper, "A6.other", "no records are chosen", "no se eligió qué documentos")


def _initials(paper: Paper) -> Result:
    given = paper.filled("A7")
    words = plain(" ".join(v for k, v in paper.fields.items() if k.startswith("A6.records")))
    asked = [
        k for k, signs in _SENSITIVE.items() if any(s in words for s in signs) and k not in given
    ]
    if asked:
        names = ", ".join(asked)
        return UNSURE, f"asked for, without initials: {names}", f"se pide, sin iniciales: {names}"
    if given:
        return PASS, f"initials at {', '.join(given)}", f"iniciales en {', '.join(given)}"
    if paper.complete:
        return PASS, "none: sensitive records stay out", "ninguna: lo sensible queda fuera"
    return UNSURE, "not to be seen on these pages", "no se ve en estas páginas"


def _purpose(paper: Paper) -> Result:
    chosen = paper.filled("A8")
    if chosen:
        names = ", ".join(n.removeprefix("A8.") for n in chosen)
        return PASS, f"chosen: {names}", f"elegida: {names}"
    return _empty(paper, "A8.request", "no purpose is chosen", "no se eligió finalidad")


def _expiry(paper: Paper) -> Result:
    issued, today = paper.issued, paper.today
    if issued is None or today is None:
        return NOT_LOOKED
    if today > issued.expires_on:
        return FAIL, "the printed date has passed", "la fecha impresa ya pasó"
    if issued.expires_on - issued.issued_on > _YEAR:
        return FAIL, "more than twelve months", "más de doce meses"
    if any("A10" in p.altered for p in paper.pages):
        return UNSURE, "something is written over A10", "hay algo escrito sobre A10"
    return (
        PASS,
        f"printed: {issued.expires_on.isoformat()}",
        f"impresa: {issued.expires_on.isoformat()}",
    )


def _signature(paper: Paper) -> Result:
    place = paper.places.get(PATIENT_PLACE)
    if place is None:
        return FAIL, "the page with A13 is not here", "falta la página con A13"
    kind = place.signature
    if kind == Signature.UNSURE:
        return UNSURE, "please look at A13", "por favor vea A13"
    said = f"at A13: {kind.value}", f"en A13: {_KINDS[kind]}"
    return PASS if kind in SIGNED else FAIL, *said


def _signer(paper: Paper) -> Result:
    if PATIENT_PLACE not in paper.places or not paper.pages:
        return NOT_LOOKED
    if paper.filled("A3"):
        return (
            UNSURE,
            "a representative signs: see A3 and its document",
            "firma un representante: vea A3 y su documento",
        )
    typed = paper.fields.get("A13.name", "")
    issued = paper.printed("patient_name")
    if typed and issued and not same_person(issued, typed) and not same_person(typed, issued):
        return UNSURE, "another name beside the signature", "otro nombre junto a la firma"
    if paper.complete:
        return PASS, "no representative is named", "no se nombra representante"
    return UNSURE, "compare the signature with the ID", "compare la firma con la identificación"


def signed_on(paper: Paper) -> date | None:
    """The day at A13, where it was typed."""
    return typed_day(paper.fields.get(f"{PATIENT_PLACE}.date", ""))


def _day(paper: Paper) -> Result:
    place = paper.places.get(PATIENT_PLACE)
    if place is None:
        return FAIL, "the page with A13 is not here", "falta la página con A13"
    wrong = {Defect.DATE_FUTURE, Defect.DATE_BEFORE_ISSUE, Defect.UNDATED} & set(paper.defects)
    if wrong:
        names = ", ".join(sorted(wrong))
        return FAIL, f"at A13: {names}", f"en A13: {names}"
    day = signed_on(paper)
    if day is not None:
        return PASS, f"typed: {day.isoformat()}", f"escrita: {day.isoformat()}"
    return UNSURE, f"by hand{_shown(place.date or '')}", f"a mano{_shown(place.date or '')}"


def _altered(paper: Paper) -> Result:
    found = {
        f"{p.code.page}: {', '.join(p.altered[:5])}" for p in paper.pages if p.altered and p.code
    }
    if found:
        where = "; ".join(sorted(found))
        sure = any(p.reworded for p in paper.pages)
        return (
            FAIL if sure else UNSURE,
            f"print changed on page {where}",
            f"texto cambiado en página {where}",
        )
    if paper.complete:
        return PASS, "the print is as it was issued", "el texto es el emitido"
    return UNSURE, "not every page could be compared", "no se pudieron comparar todas las páginas"


def _beside(paper: Paper) -> Result:
    pages = sorted({p.code.page for p in paper.pages if p.beside and p.code is not None})
    if pages:
        where = ", ".join(map(str, pages))
        return (
            UNSURE,
            f"writing beside the fields, page {where}",
            f"escritura fuera de los campos, página {where}",
        )
    if paper.complete:
        return PASS, "nothing beside the fields", "nada fuera de los campos"
    return UNSURE, "not every page could be compared", "no se pudieron comparar todas las páginas"


def _witnesses(paper: Paper) -> Result:
    marks = [paper.places[p].signature for p in ("B3.1", "B3.2") if p in paper.places]
    if not marks:
        return NOT_LOOKED
    signed = sum(m in SIGNED for m in marks)
    return (
        PASS if signed == len(marks) else UNSURE,
        f"{signed} of 2 signed",
        f"{signed} de 2 firmaron",
    )


def _agent(paper: Paper) -> Result:
    if "B2.2" not in paper.places:
        return NOT_LOOKED
    if paper.places["B2.2"].signature in SIGNED:
        return PASS, "signed at B2.2", "firmado en B2.2"
    return UNSURE, "to be signed at the office", "se firma en la oficina"


_CHECKS: dict[int, Callable[[Paper], Result]] = {
    1: _form, 2: _whole, 3: _name, 4: _birth, 5: _providers, 6: _scope, 7: _initials,
    8: _purpose, 9: _expiry, 10: _signature, 11: _signer, 12: _day, 13: _altered, 14: _beside,
    16: _witnesses, 17: _agent,
}  # fmt: skip
_KINDS = {
    Signature.NONE: "nada",
    Signature.TYPED: "nombre tecleado",
    Signature.DRAWN: "firma dibujada",
    Signature.INK: "tinta",
    Signature.THUMBPRINT: "huella",
    Signature.PLATFORM: "firma de plataforma",
    Signature.CRYPTOGRAPHIC: "firma criptográfica",
    Signature.UNSURE: "dudoso",
}


def _shown(read: str) -> str:
    return f" ({read})" if read else ""


def _has_page_of(paper: Paper, role: str) -> bool:
    return any(
        p.compared and p.code is not None and p.code.roles[p.code.page - 1 :][:1] == role
        for p in paper.pages
    )


def _unknown(paper: Paper, name: str) -> Result:
    if _has_page_of(paper, "F") and not paper.missing:
        return UNSURE, f"{name} is blank", f"{name} está en blanco"
    return UNSURE, "not to be seen on these pages", "no se ve en estas páginas"


def _empty(paper: Paper, name: str, en: str, es: str) -> Result:
    """Blank for certain only when every page was here and compared."""
    if paper.complete and paper.issued is not None:
        return FAIL, en, es
    return UNSURE, "not to be seen on these pages", "no se ve en estas páginas"
