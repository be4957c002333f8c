"""Mails and letters inside files: what is in a winmail.dat, and what openers of others promise.

A winmail.dat is a container like MIME, and cut apart here; other files are opened by libraries
(`intake/opened.py`), which the service leaves to a limited process.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST = 40_000
"""Characters of a letter that are taken."""
LONGEST_LINE = 500
"""Characters of a subject or a sender that are taken."""
OLE = "application/x-ole-storage"
"""The media type of Outlook's .msg files (MS-CFB)."""
_MOST_FILES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwrapped:
    """What was inside: words, and files with their names."""

    subject: str = field(default="", repr=False)
    sender: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    raw: bytes = field(default=b"", repr=False)
    """A mail as it was sent, which is still to be read."""


MailIn = Callable[[bytes], Unwrapped]
"""From a .msg file to the mail in it."""
LetterIn = Callable[[str, bytes], str]
"""From a media type and a file to the words of a letter; empty when it is none."""


def closed(_: bytes) -> Unwrapped:
    """For who has no need of the mails in files: they stay closed."""
    return Unwrapped()


def closed_letter(_: str, __: bytes) -> str:
    """For who has no need of letters in files."""
    return ""


def is_letter(media_type: str) -> bool:
    """Whether files of this type may be letters."""
    return media_type == "application/pdf" or "wordprocessingml" in media_type


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
