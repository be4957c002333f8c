"""Cryptographic signatures in a PDF: do they hold, and was anything changed since.

Nothing is fetched and nobody is trusted: a signature that holds says that these bytes were signed
with some key, not whose key that is. Who signed is for the certificate's reader, a person.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from mmx_mailflow.forms.returned.came import STUMBLES, Rectangle, Seal, SealState
from mmx_mailflow.forms.returned.over import values

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import HistoricalResolver
    from pyhanko.sign.diff_analysis import DiffPolicy, FormUpdatingRule
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

Shown = Mapping[str, Sequence[tuple[int, Rectangle | None]]]
"""Where each filled signature field shows, by its full name."""
_MOST_SEALS = 12
_WHOLE, _REVISION = "ENTIRE_FILE", "ENTIRE_REVISION"
_ADDITIONS = frozenset({"NONE", "LTA_UPDATES", "FORM_FILLING"})
"""What may follow a signature, in pyHanko's words: proofs of time, and filled fields."""
_DETACHED = frozenset({"/adbe.pkcs7.detached", "/ETSI.CAdES.detached"})
_SOUND_DIGESTS = frozenset({"sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "shake256"})  # fmt: skip


def seals(content: bytes, shown: Shown) -> tuple[Seal, ...]:
    """Every cryptographic signature of a file; UNKNOWN where the extra `sign` is not installed."""
    # The range that a signature covers stands in the file as it is, never compressed.
    if not shown and b"/ByteRange" not in content:
        return ()
    try:
        return _looked_at(content, shown)
    except ImportError:
        return _unknown(shown)


def _unknown(shown: Shown) -> tuple[Seal, ...]:
    places = [place for found in shown.values() for place in found]
    return tuple(Seal(SealState.UNKNOWN, page, at) for page, at in places) or (
        Seal(SealState.UNKNOWN),
    )


def _looked_at(content: bytes, shown: Shown) -> tuple[Seal, ...]:
    from pyhanko.pdf_utils.misc import PdfError  # noqa: PLC0415  an extra
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415  an extra

    try:
        reader = PdfFileReader(io.BytesIO(content), strict=False)
        if reader.encrypted:
            reader.decrypt(b"")
        found = list(reader.embedded_regular_signatures)[: _MOST_SEALS + 1]
    except (PdfError, *STUMBLES):
        return _unknown(shown)
    if not found or len(found) > _MOST_SEALS:
        return _unknown(shown)
    named = {signature.field_name for signature in found}
    stray = {name: places for name, places in shown.items() if name not in named}
    return (*(_seal(one, content, shown) for one in found), *(_unknown(stray) if stray else ()))


def _seal(signature: EmbeddedPdfSignature, content: bytes, shown: Shown) -> Seal:
    from pyhanko.pdf_utils.misc import PdfError  # noqa: PLC0415  an extra

    places = shown.get(signature.field_name, ())
    page, at = places[0] if len(places) == 1 else (None, None)
    if at is None:
        page = None
    try:
        state = _state(signature, content)
    except (PdfError, PyPdfError, *STUMBLES):
        state = SealState.UNKNOWN
    whole = _covers(signature) == _WHOLE
    return Seal(state, page, at, whole=whole and state == SealState.INTACT)


def _state(signature: EmbeddedPdfSignature, content: bytes) -> SealState:
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity  # noqa: PLC0415

    if (
        str(signature.sig_object.get("/SubFilter")) not in _DETACHED
        or signature.md_algorithm not in _SOUND_DIGESTS
    ):
        return SealState.UNKNOWN
    signature.compute_integrity_info(_policy())  # type: ignore[no-untyped-call]
    intact, valid = validate_sig_integrity(
        signature.signer_info,
        signature.signer_cert,
        expected_content_type="data",
        actual_digest=signature.compute_digest(),
    )
    if not (intact and valid):
        return SealState.BROKEN
    if _covers(signature) == _WHOLE:
        return SealState.INTACT
    return SealState.INTACT if _only_signed_again(signature, content) else SealState.BROKEN


def _covers(signature: EmbeddedPdfSignature) -> str:
    """How much of the file it covers, once its integrity was looked at."""
    return str(getattr(signature.coverage, "name", ""))


def _only_signed_again(signature: EmbeddedPdfSignature, content: bytes) -> bool:
    """Whether what was added after a signature is further signatures, and no value was changed."""
    level = getattr(getattr(signature.diff_result, "modification_level", None), "name", "")
    if (
        _covers(signature) != _REVISION
        or level not in _ADDITIONS
        or not signature.summarise_integrity_info()["docmdp_ok"]
    ):
        return False
    signed = content[: int(signature.byte_range[2]) + int(signature.byte_range[3])]
    return values(PdfReader(io.BytesIO(signed))) == values(PdfReader(io.BytesIO(content)))


def _policy() -> DiffPolicy:
    """The judgement of pyHanko itself on later changes, able to read the names of our fields."""
    from pyhanko.sign.diff_analysis import (  # noqa: PLC0415  an extra
        DEFAULT_DIFF_POLICY as STANDARD,
    )
    from pyhanko.sign.diff_analysis import StandardDiffPolicy  # noqa: PLC0415  an extra

    assert isinstance(STANDARD, StandardDiffPolicy)
    assert STANDARD.form_rule is not None
    rule = _Named(STANDARD.form_rule)
    return StandardDiffPolicy(STANDARD.global_rules, rule)  # type: ignore[arg-type]


class _Named:
    """A rule for the fields of a form whose names hold full stops.

    ISO 32000-1, 12.7.3.2 keeps that sign for whole names and pyHanko refuses it: in memory, and
    not in the bytes that are digested, names get another one in the old and the new revision.
    """

    def __init__(self, rule: FormUpdatingRule) -> None:
        self._rule = rule

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterator[object]:
        """What the rule says of both revisions."""
        for revision in (old, new):
            _rename(revision)
        yield from self._rule.apply(old, new)


def _rename(revision: HistoricalResolver) -> None:
    from pyhanko.pdf_utils import generic  # noqa: PLC0415  an extra

    try:
        fields = revision.root["/AcroForm"]["/Fields"]
    except (KeyError, TypeError):
        return
    for reference in fields if isinstance(fields, generic.ArrayObject) else ():
        item = reference.get_object()
        if isinstance(item, generic.DictionaryObject) and "." in str(item.get("/T", "")):
            name = generic.TextStringObject(str(item["/T"]).replace(".", "\u00b7"))
            # Both revisions of a field are compared by the bytes of its name too.
            name.autodetected_encoding = generic.TextStringEncoding.UTF16BE
            item["/T"] = name
