"""Opening files that hold files: Word and Writer documents, zip folders, forwarded mails.

Sizes are added up from the directory of an archive before anything is unpacked.
"""

from __future__ import annotations

import email
import email.policy
import io
import re
import zipfile
from collections.abc import Iterator

from PIL import Image

from mmx_mailflow.forms.returned.came import STUMBLES, LockedError, Sheet, TooLargeError
from mmx_mailflow.forms.returned.pictures import images
from mmx_mailflow.forms.returned.platforms import names_our_title, references
from mmx_mailflow.forms.returned.sheet import codes

MOST_UNZIPPED = 60_000_000
_MOST_MEMBERS, _MOST_OPENED = 1_000, 60
_HIGHEST_RATIO = 400
"""A text of one letter shrinks a thousand times, a photo or a scan never by this much."""
_SMALL = 1_000_000
"""What unpacks to no more than this is no bomb, whatever its ratio."""
_LOCKED = 1
_MEDIA = ("word/media/", "Pictures/", "media/")
_WORDS = ("word/document.xml", "content.xml")
_TAG = re.compile(r"<[^>]{0,5000}>")
_PARAGRAPH = re.compile(r"</(?:w:p|text:p|text:h|w:tab|w:br)>|<(?:w:br|w:tab|text:line-break)/>")
_LONGEST_WORDS = 4_000_000
_MAIL = re.compile(
    rb"\A(?:[A-Za-z][A-Za-z-]{1,40}: ?[^\n]{0,900}\r?\n(?:[ \t][^\n]{0,900}\r?\n)*){2,}", re.ASCII
)
_MAIL_HEADERS = re.compile(rb"^(?:Content-Type|MIME-Version):", re.IGNORECASE | re.MULTILINE)


def is_document(content: bytes) -> bool:
    """Whether an archive is a document of a word processor."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()[:_MOST_MEMBERS]
    return any(name.startswith(("word/", "Pictures/")) or name in _WORDS for name in names)


def document(content: bytes) -> tuple[list[Sheet], bool]:
    """The pictures pasted into a document, and whether the form was typed again in it.

    A form in words that no picture of its page goes with has been written by somebody else.
    """
    sheets: list[Sheet] = []
    words = ""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for item in _members(archive):
            if item.filename.startswith(_MEDIA):
                sheets += _picture(archive.read(item))
            elif item.filename in _WORDS:
                words = _text(archive.read(item))
    ours = names_our_title(words) or bool(references(words))
    coded = any(text.startswith("MMX1.") for sheet in sheets for text, _ in codes(sheet.picture))
    retyped = ours and not coded
    if retyped and not sheets:
        sheets.append(Sheet(picture=Image.new("L", (612, 792), 255)))
    return sheets, retyped


def _picture(content: bytes) -> list[Sheet]:
    """The pages of a picture; drawings in formats of a word processor's own hold none."""
    try:
        return list(images(content))
    except TooLargeError:
        raise
    except STUMBLES:
        return []


def _text(raw: bytes) -> str:
    xml = raw[:_LONGEST_WORDS].decode("utf-8", errors="replace")
    return _TAG.sub("", _PARAGRAPH.sub(" ", xml)).replace("&apos;", "'").replace("&amp;", "&")


def members(content: bytes) -> Iterator[bytes]:
    """The files of a zip folder; raises `LockedError`, `TooLargeError`."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = [item for item in _members(archive) if not _hidden(item.filename)]
        if any(item.flag_bits & _LOCKED for item in found):
            raise LockedError("a password is needed")
        for item in found[:_MOST_OPENED]:
            yield archive.read(item)


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    found = [item for item in archive.infolist() if not item.is_dir()]
    if len(found) > _MOST_MEMBERS or sum(item.file_size for item in found) > MOST_UNZIPPED:
        raise TooLargeError("too much in an archive")
    for item in found:
        if item.file_size > max(_SMALL, _HIGHEST_RATIO * item.compress_size):
            raise TooLargeError("unpacks to too much")
    return found


def _hidden(name: str) -> bool:
    """What a computer adds by itself: resource forks and thumbnails."""
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def is_mail(content: bytes) -> bool:
    """Whether a file is a mail that somebody attached."""
    head = content[:20_000]
    return bool(_MAIL.match(head)) and bool(_MAIL_HEADERS.search(head))


def attached(content: bytes) -> Iterator[bytes]:
    """The files attached to a mail."""
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    parts = (part for part in message.walk() if not part.is_multipart())
    for number, part in enumerate(parts):
        if number >= _MOST_OPENED:
            return
        if part.get_content_maintype() == "text":
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes) and payload:
            yield payload
