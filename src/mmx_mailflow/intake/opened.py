"""Letters and mails in files, opened: PDF, Word, Outlook's .msg.

Each reader takes bytes and promises text or nothing: a damaged file is an empty answer, never an
error. Sizes are bounded before anything is unpacked. Only the limited process of the service
imports this.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from html import unescape

import olefile
import pypdfium2

from mmx_mailflow.intake.html import words_of
from mmx_mailflow.intake.wrapped import LONGEST, LONGEST_LINE, Unwrapped, is_letter

_MOST_PAGES = 8
_MOST_UNPACKED = 8_000_000
_STUMBLES = (ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, RecursionError, MemoryError, OverflowError, EOFError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile, UnicodeError)  # fmt: skip

# --- .msg: MS-OXMSG, a compound file with one stream a property ---

_MSG_SUBJECT, _MSG_BODY, _MSG_HTML, _MSG_FROM, _MSG_SMTP = "0037", "1000", "1013", "0C1F", "5D01"


def msg(content: bytes) -> Unwrapped:
    """Subject, sender and text of an Outlook message."""
    try:
        if not olefile.isOleFile(io.BytesIO(content)):
            return Unwrapped()
        with olefile.OleFileIO(io.BytesIO(content)) as box:
            return _message(box)
    except (*_STUMBLES, olefile.olefile.OleFileError):
        return Unwrapped()


def _message(box: olefile.OleFileIO) -> Unwrapped:
    text = _property(box, _MSG_BODY)
    if not text.strip() and box.exists(f"__substg1.0_{_MSG_HTML}0102"):
        text = words_of(_stream(box, f"__substg1.0_{_MSG_HTML}0102").decode("utf-8", "replace"))
    sender = _property(box, _MSG_SMTP) or _property(box, _MSG_FROM)
    return Unwrapped(
        subject=_property(box, _MSG_SUBJECT)[:LONGEST_LINE],
        sender=sender[:LONGEST_LINE],
        text=text.replace("\r\n", "\n")[:LONGEST],
    )


def _stream(box: olefile.OleFileIO, name: str) -> bytes:
    return bytes(box.openstream(name).read(_MOST_UNPACKED))


def _property(box: olefile.OleFileIO, number: str) -> str:
    for sort, charset in (("001F", "utf-16-le"), ("001E", "cp1252")):
        name = f"__substg1.0_{number}{sort}"
        if box.exists(name):
            return _stream(box, name).decode(charset, "replace").rstrip("\0")
    return ""


# --- letters ---


def letter(media_type: str, content: bytes) -> str:
    """The words of a PDF or Word letter; empty for scans and for what cannot be read."""
    try:
        if not is_letter(media_type):
            return ""
        return _of_pdf(content) if media_type == "application/pdf" else _of_word(content)
    except (*_STUMBLES, pypdfium2.PdfiumError):
        return ""


def _of_pdf(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    try:
        if len(document) > _MOST_PAGES:
            return ""
        pages = [document[n].get_textpage().get_text_range() for n in range(len(document))]
    finally:
        document.close()
    return "\n".join(pages).replace("\r\n", "\n")[:LONGEST]


_PARAGRAPH = re.compile(r"</w:p>|<w:br\s*/>")
_TAB = re.compile(r"<w:tab\s*/>|</w:tc>")
_TAG = re.compile(r"<[^>]{0,2000}>")


def _of_word(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as box:
        inside = box.getinfo("word/document.xml")
        if inside.file_size > _MOST_UNPACKED:
            return ""
        with box.open(inside) as stream:
            xml = stream.read(_MOST_UNPACKED).decode("utf-8", "replace")
    words = _TAG.sub("", _TAB.sub("\t", _PARAGRAPH.sub("\n", xml)))
    return unescape(words)[:LONGEST]
