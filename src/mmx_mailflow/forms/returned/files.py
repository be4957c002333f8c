"""Opening what came back: pages as pictures, typed values, and what could not be opened.

A file is known by what it holds; its name and the type it was sent with say nothing.
"""

from __future__ import annotations

import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from itertools import islice

import pypdfium2
from PIL import Image, UnidentifiedImageError
from pypdf.errors import PyPdfError

from mmx_mailflow.casework.returned import Defect
from mmx_mailflow.forms.returned import archives, pdf
from mmx_mailflow.forms.returned.came import (
    MOST_PAGES,
    STUMBLES,
    LockedError,
    ReturnedFile,
    Sheet,
)
from mmx_mailflow.forms.returned.kinds import COMPOUND, ENCRYPTED, may_hold_pages
from mmx_mailflow.forms.returned.pictures import images

_CANNOT = (*STUMBLES, struct.error, zlib.error, PyPdfError, pypdfium2.PdfiumError, UnidentifiedImageError, zipfile.BadZipFile, Image.DecompressionBombError)  # fmt: skip


def opened(files: Sequence[ReturnedFile], *, deep: bool = True) -> tuple[list[Sheet], list[Defect]]:
    """Every page of every file, and the defects of files that could not be opened.

    Without `deep` cryptographic signatures are not validated. Never raises.
    """
    sheets: list[Sheet] = []
    defects: list[Defect] = []
    for file in files:
        found = _safely(file.content, defects, deep=deep, depth=0)
        sheets += found[: MOST_PAGES - len(sheets)]
    if any(sheet.broken for sheet in sheets):
        defects.append(Defect.ALTERED)
    return sheets, defects


def _safely(content: bytes, defects: list[Defect], *, deep: bool, depth: int) -> list[Sheet]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _opened(content, defects, deep=deep, depth=depth)
    except LockedError:
        defects.append(Defect.PASSWORD)
    except _CANNOT:
        defects.append(Defect.UNREADABLE_FILE)
    return []


def _opened(content: bytes, defects: list[Defect], *, deep: bool, depth: int) -> list[Sheet]:
    if b"%PDF-" in content[:1024]:
        return pdf.pages(content, deep=deep)
    if content.startswith(b"PK\x03\x04"):
        if archives.is_document(content):
            sheets, retyped = archives.document(content)
            defects += [Defect.ALTERED] if retyped else []
            return sheets[:MOST_PAGES]
        return _inside(archives.members(content), defects, deep=deep, depth=depth)
    if content.startswith(COMPOUND):
        if ENCRYPTED in content:
            raise LockedError("a password is needed")
        raise ValueError("an old document")
    if archives.is_mail(content):
        return _inside(archives.attached(content), defects, deep=deep, depth=depth)
    if b"<svg" in content[:2_000].lower():
        return []  # A drawing in a mail is a logo.
    return list(islice(images(content), MOST_PAGES))


def _inside(
    files: Iterable[bytes], defects: list[Defect], *, deep: bool, depth: int
) -> list[Sheet]:
    """The pages of the files in a file; a folder in a folder is not opened."""
    if depth:
        raise ValueError("a folder in a folder")
    sheets: list[Sheet] = []
    for content in files:
        if may_hold_pages(content) and len(sheets) < MOST_PAGES:
            sheets += _safely(content, defects, deep=deep, depth=depth + 1)
    return sheets
