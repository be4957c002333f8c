"""Signing platforms: the page on which they tell who signed, and whether it speaks of this form.

A mark counts as a platform's only when three things agree: such a page stands in the same file, it
names this form, and the file is signed to its last byte by an intact signature. Otherwise the mark
stays what it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmx_mailflow.casework.returned import Signature
from mmx_mailflow.forms.code import read_typed_code
from mmx_mailflow.forms.returned.came import Seal, SealState, Sheet

_HEADING = re.compile(
    r"certificate of completion|certificado de finalizaci[oó]n|audit trail|final audit report"
    r"|informe de auditor[ií]a|registro de auditor[ií]a|pista de auditor[ií]a|historial de auditor[ií]a"
    r"|signature certificate|signing certificate|certificado de firma|document history"
    r"|historial del documento|document completion certificate",
    re.IGNORECASE,
)
_LABEL = (
    r"(?:envelope|document|transaction|agreement|reference|invite|sobre|documento|transacci[oó]n|acuerdo)"
    r"\s*(?:id|ref|number|identifier|n[uú]mero)?\.?\s*(?:de\s+\w+)?\s*[:#]\s*"
)
_ID = re.compile(
    _LABEL + r"([A-Za-z0-9][A-Za-z0-9_-]{14,63})"
    r"|(?:id|identificador) (?:de|del) (?:sobre|documento|acuerdo|transacci[oó]n)\s*:?\s*([A-Za-z0-9][A-Za-z0-9_-]{14,63})",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\b(?:signed|completed|e-signed|firmado|completado|firmad[oa] electr[oó]nicamente)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,200}\.\w{2,}")
_REFERENCE = re.compile(r"\bMMX-[0-9A-Z]{4}-[0-9A-Z]{3}\b")
_CAPTIONS = re.compile(
    r"(?:docu)?signed (?:by|with)\b|e-?signed|digitally signed by\b|firmado (?:por|digitalmente por|electr[oó]nicamente por)\b"
    r"|docusign|adobe|dropbox|hellosign|pandadoc|signnow|verified|[0-9A-F]{12,}\.*|\(?[A-Z]{3} \d.*|\b\d[\d/.:-]*\b",
    re.IGNORECASE,
)
TITLES = (
    "Authorization to Act on Patient's Behalf and to Release Health Information",
    "Autorización para actuar en nombre del paciente y entregar información de salud",
    "Simple power of attorney letter (the Spanish text prevails)",
    "Carta poder simple para prestadores de servicios de salud en México",
)
"""The titles of the documents of the form, as its wording has them."""
_MOST_WORDS = 60_000


def plain(words: str) -> str:
    """Words with single spaces and straight quotes, to look for a title in them."""
    return " ".join(words[:_MOST_WORDS].replace("’", "'").split()).casefold()


def names_our_title(words: str) -> bool:
    """Whether the title of one of the form's documents stands in a text."""
    text = plain(words)
    return any(title.casefold() in text for title in TITLES)


def references(words: str) -> frozenset[str]:
    """The references of cases that a text names."""
    return frozenset(_REFERENCE.findall(words[:_MOST_WORDS]))


def is_audit_page(words: str) -> bool:
    """Whether a platform tells on this page who signed; never a page of our own form."""
    words = words[:_MOST_WORDS]
    if not _HEADING.search(words) or read_typed_code(words, None) is not None:
        return False
    return bool(_WHEN.search(words)) and bool(_ID.search(words) or _ADDRESS.search(words))


def belongs(audit: str, ref: str, page: str) -> bool:
    """Whether a platform's page speaks of the form with this reference.

    A page that names another reference never does; else it must name this one, or carry the same
    number of the envelope as the page of the form.
    """
    named = references(audit)
    if named:
        return named == {ref}
    return bool(_ids(audit) & _ids(page))


def _ids(words: str) -> frozenset[str]:
    found = (a or b for a, b in _ID.findall(words[:_MOST_WORDS]))
    return frozenset(x.upper() for x in found if any(c.isdigit() for c in x))


def on_a_platform(
    sheet: Sheet, ref: str, found: Signature, said: Sequence[str], *, pictured: bool, named: bool
) -> bool:
    """Whether what stands in a place is a platform's signature of this form.

    `said` is the page's own text in the place, `named` whether a name is left of it, `pictured`
    whether a picture was set into the place.
    """
    if not sheet.sealed or sheet.broken or found in {Signature.NONE, Signature.TYPED}:
        return False
    page = "\n".join(sheet.texts)
    if not any(belongs(audit, ref, page) for audit in sheet.audits):
        return False
    if said:
        return named or pictured
    return found in {Signature.INK, Signature.DRAWN}


def name_in(said: Sequence[str]) -> str:
    """What is left of the words in a place without a platform's captions, numbers and times."""
    return _CAPTIONS.sub(" ", " ".join(said)).strip()


def sealed_as(
    sheet: Sheet, found: Signature, own: Sequence[Seal], *, stray: bool, patient: bool
) -> Signature:
    """What stands in a place with the cryptographic signatures of its file taken in.

    `own` are those that show in the place; with `stray` another one is in none of the places. Only
    an intact one that shows in the place makes it signed; one that shows elsewhere or nowhere
    leaves the patient's empty place to a person, as does a broken one whatever stands there.
    """
    states = {seal.state for seal in own}
    if sheet.broken:
        nothing = found == Signature.NONE and not own and not patient
        return Signature.NONE if nothing else Signature.UNSURE
    if states:
        return Signature.CRYPTOGRAPHIC if states == {SealState.INTACT} else Signature.UNSURE
    if stray and patient and found == Signature.NONE:
        return Signature.UNSURE
    return found
