"""Mails and letters inside files: winmail.dat, Outlook's .msg, PDF and Word letters.

Each reader takes bytes and promises text or nothing: a damaged file is an empty answer, never an
error. Sizes are bounded before anything is unpacked.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape

import olefile
import pypdfium2

from mmx_mailflow.intake.html import words_of

LONGEST = 40_000
"""Characters of a letter that are taken."""
LONGEST_LINE = 500
"""Characters of a subject or a sender that are taken."""
_MOST_PAGES, _MOST_FILES = 8, 40
_MOST_UNPACKED = 8_000_000
_STUMBLES = (ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, RecursionError, MemoryError, OverflowError, EOFError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile, UnicodeError)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwrapped:
    """What was inside: words, and files with their names."""

    subject: str = field(default="", repr=False)
    sender: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)


MailIn = Callable[[bytes], Unwrapped]
"""From a .msg file to the mail in it."""


def closed(_: bytes) -> Unwrapped:
    """For who has no need of the mails in files: they stay closed."""
    return Unwrapped()


# --- winmail.dat: TNEF, MS-OXTNEF ---

_SIGNATURE = b"\x78\x9f\x3e\x22"
_BODY, _TITLE, _DATA, _SUBJECT = 0x800C, 0x8010, 0x800F, 0x8004


def tnef(content: bytes) -> Unwrapped:
    """Text and files of a winmail.dat (MS-OXTNEF section 2.1): attributes one after the other."""
    if not content.startswith(_SIGNATURE):
        return Unwrapped()
    place, text, subject, title = 6, "", "", ""
    files: list[tuple[str, bytes]] = []
    while place + 9 <= len(content):
        identity, length = struct.unpack_from("<HxxI", content, place + 1)
        data = content[place + 9 : place + 9 + length]
        place += 11 + length
        if len(data) < length:
            break
        if identity == _BODY:
            text = _ansi(data)
        elif identity == _SUBJECT:
            subject = _ansi(data)
        elif identity == _TITLE:
            title = _ansi(data)
        elif identity == _DATA and len(files) < _MOST_FILES:
            files.append((title, data))
            title = ""
    return Unwrapped(subject=subject[:LONGEST_LINE], text=text[:LONGEST], files=tuple(files))


def _ansi(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("cp1252", "replace").replace("\r\n", "\n")


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


def is_letter(media_type: str) -> bool:
    """Whether files of this type may be letters."""
    return media_type == "application/pdf" or "wordprocessingml" in media_type


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
