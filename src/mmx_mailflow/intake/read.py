"""From raw bytes to a Message: never raises, bounded in time and memory."""

from __future__ import annotations

import codecs
import email.message
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message as Mime
from email.utils import getaddresses, parsedate_to_datetime

import mailparser

from mmx_mailflow.casework.values import ascii_address
from mmx_mailflow.intake.html import words_of
from mmx_mailflow.intake.message import Message, Part
from mmx_mailflow.intake.regions import regions_of
from mmx_mailflow.intake.wrapped import OLE, MailIn, Unwrapped, closed, tnef

_MOST_PARTS, _MOST_NESTED, _DEEPEST = 400, 10, 8
_MOST_OPENED = 3
_LONGEST_TEXT = 400_000
_MOST_HEADERS = 500
_LONGEST_HEADER = 20_000
_ID = re.compile(r"<[^<>\s]{1,900}>")
_ADDRESS = re.compile(r"[^@\s<>,;\"()]+@[^@\s<>,;\"()]+")
_RECIPIENTS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_STUMBLES = (ValueError, LookupError, TypeError, AttributeError, MessageError, RecursionError)
"""What the libraries raise on mails that are none."""
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})
"""Codecs of Python that mean no mail: they escape, always fail, or take a minute for a megabyte."""
_SLOW_WORD = re.compile(rb"=\?[^?=]{0,40}(?:punycode|idna)[^?=]{0,40}\?", re.IGNORECASE)
"""The beginning of an encoded word that takes a second for each 100 KB, and names no charset."""
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0", OLE),
)
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def read(raw: bytes, mail_in: MailIn = closed) -> Message:
    """Read a mail; what cannot be read is named in `defects`, nothing is thrown away.

    `mail_in` opens attached .msg files, a few of a mail: the service has a limited process do it.
    """
    mime, defects = _parsed(_SLOW_WORD.sub(b"=?x-unknown?", raw))
    return _message(mime, defects, _a_few(mail_in), 0)


def _a_few(mail_in: MailIn) -> MailIn:
    """Opens the first files that it is given, and leaves the others closed."""
    left = iter(range(_MOST_OPENED))

    def opened(content: bytes) -> Unwrapped:
        return closed(content) if next(left, None) is None else mail_in(content)

    return opened


def _parsed(raw: bytes) -> tuple[Mime, list[str]]:
    """The MIME tree; mail-parser reads it, its tree is what we use (its texts lose bytes)."""
    try:
        return mailparser.parse_from_bytes(raw).message, []
    except (*_STUMBLES, mailparser.exceptions.MailParserError):
        pass
    try:
        head = re.split(rb"\r?\n\r?\n", raw[:1_000_000], maxsplit=1)[0]
        return email.message_from_bytes(head + b"\r\n\r\n", policy=email.policy.compat32), [
            "body not readable"
        ]
    except _STUMBLES:
        return Mime(), ["not readable"]


def _message(mime: Mime, defects: list[str], mail_in: MailIn, depth: int) -> Message:
    headers = _headers(mime)
    texts: list[str] = []
    parts: list[Part] = []
    nested: list[Message] = []
    report: bytes | None = None
    for number, part in enumerate(_walk(mime)):
        if number >= _MOST_PARTS:
            defects.append("too many parts")
            break
        sort = part.get_content_type()
        if sort in _REPORTS:
            report = _report(part)
        elif sort == "message/rfc822":
            if len(nested) < _MOST_NESTED and depth < _DEEPEST:
                nested += [_message(inner, [], mail_in, depth + 1) for inner in _within(part, 1)]
            else:
                defects.append("too deeply nested")
        elif _is_text(part):
            texts.append(_text(part))
        elif (content := _bytes(part)) is not None:
            parts.append(_part(part, len(parts) + 1, content))
    parts, inner = _unwrapped(parts, mail_in)
    nested += [_nested(i, headers, mail_in, depth) for i in inner][: _MOST_NESTED - len(nested)]
    text = _best(mime, texts)
    if not text.strip():
        text = next((i.text for i in inner if not i.sender and i.text.strip()), text)
    subject = _first(headers, "subject")
    senders = _addresses(headers.get("from", ()))
    return Message(
        headers=headers,
        from_addresses=tuple(address for _, address in senders),
        from_count=len(headers.get("from", ())),
        from_name=senders[0][0] if senders else "",
        reply_to=next((a for _, a in _addresses(headers.get("reply-to", ()))), ""),
        to=tuple(a for n in _RECIPIENTS for _, a in _addresses(headers.get(n, ()))),
        subject=_clean(subject)[:500],
        message_id=next(iter(_ID.findall(_first(headers, "message-id"))), ""),
        in_reply_to=tuple(_ID.findall(_first(headers, "in-reply-to"))[:20]),
        references=tuple(_ID.findall(_first(headers, "references"))[-50:]),
        date=_date(_first(headers, "date")),
        text=text,
        regions=regions_of(text),
        parts=tuple(parts),
        nested=tuple(nested),
        delivery_report=report,
        defects=tuple(defects),
    )


def _unwrapped(parts: list[Part], mail_in: MailIn) -> tuple[list[Part], list[Unwrapped]]:
    """Files with those inside a winmail.dat beside them, and the mails that files hold."""
    kept: list[Part] = []
    mails: list[Unwrapped] = []
    for part in parts:
        kept.append(replace(part, index=len(kept) + 1))
        if part.media_type == "application/ms-tnef":
            inside = tnef(part.content)
            mails.append(inside)
            kept += [
                Part(
                    index=len(kept) + n,
                    media_type=_media_type("application/octet-stream", content, name),
                    size=len(content),
                    content=content,
                    file_name=_clean(name)[:200],
                )
                for n, (name, content) in enumerate(inside.files, 1)
            ]
        elif part.media_type == OLE:
            mails.append(mail_in(part.content))
        elif part.file_name.lower().endswith(".eml"):
            mails.append(Unwrapped(raw=part.content))
    return kept, [m for m in mails if m.text.strip() or m.raw]


def _nested(
    inside: Unwrapped, headers: dict[str, tuple[str, ...]], mail_in: MailIn, depth: int
) -> Message:
    """A mail from within a file; one without a sender was written by who sent the file."""
    if inside.raw and depth < _DEEPEST:
        mime, defects = _parsed(inside.raw)
        return _message(mime, defects, mail_in, depth + 1)
    senders = _addresses((inside.sender,) if inside.sender else headers.get("from", ()))
    text = _narrow(inside.text)
    return Message(
        headers={},
        from_addresses=tuple(address for _, address in senders),
        from_name="" if inside.sender else next((n for n, _ in senders), ""),
        subject=_clean(inside.subject),
        date=_date(_first(headers, "date")),
        text=text,
        regions=regions_of(text),
    )


def _walk(mime: Mime) -> Iterator[Mime]:
    """Leaves in the order a person reads; nested mails are not entered."""
    stack = [(mime, 0)]
    while stack:
        part, depth = stack.pop()
        whole = part.get_content_type() in {"message/rfc822", *_REPORTS}
        if whole or not part.is_multipart():
            yield part
        elif depth < 40:
            stack += [(p, depth + 1) for p in reversed(_within(part, 2_000))]


def _within(part: Mime, most: int) -> list[Mime]:
    """The first parts that a part is made of.

    A leaf is not asked: `get_payload` would decode it, and stumble over charsets that are none.
    """
    payload = part.get_payload() if part.is_multipart() else None
    return [p for p in payload[:most] if isinstance(p, Mime)] if isinstance(payload, list) else []


def _headers(mime: Mime) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in list(mime.raw_items())[:_MOST_HEADERS]:
        # A server's word has no encoded words (RFC 8601 section 2.2): one that has is forged, and
        # the server that strips forged ones did not recognise it.
        judged = str(name).lower() == "authentication-results"
        word = str(value)[:_LONGEST_HEADER]
        found.setdefault(str(name).lower(), []).append(
            _clean(_unfolded(word)) if judged else _decoded(word)
        )
    return {name: tuple(values) for name, values in found.items()}


def _unfolded(value: str) -> str:
    """A header on one line, raw bytes as UTF-8 or else cp1252."""
    value = re.sub(r"\r?\n[ \t]+", " ", value)
    raw = value.encode("ascii", "surrogateescape")
    return _words(raw, "utf-8") if any(byte > 127 for byte in raw) else value


def _decoded(value: str) -> str:
    """A header in words, on one line (RFC 2047)."""
    value = _unfolded(value)
    if "=?" not in value:
        return _clean(value)
    try:
        return _clean(str(make_header(decode_header(value))))
    except _STUMBLES:
        return _clean(value)


def _clean(value: str) -> str:
    """Without what could end a header or move a cursor."""
    return "".join(c if c.isprintable() else " " for c in value).strip()


def _first(headers: dict[str, tuple[str, ...]], name: str) -> str:
    return headers.get(name, ("",))[0]


def _addresses(values: tuple[str, ...]) -> list[tuple[str, str]]:
    """Names and addresses; what cannot be written to is no address."""
    try:
        found = getaddresses([v[:2_000] for v in values[:20]])
    except _STUMBLES:
        found = []
    if values and not any(_ADDRESS.fullmatch(a.strip()) for _, a in found):
        # An address torn out of a longer one, as out of "a@b"@c, is nobody's.
        torn = _ADDRESS.findall(values[0][:2_000])
        found = [("", a) for a in torn[:5]] if values[0].count("@") == len(torn) else []
    clean = [(name, address.strip().lower()) for name, address in found]
    return [(n, a) for n, a in clean if _ADDRESS.fullmatch(a) and ascii_address(a)]


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value) if value else None
    except (*_STUMBLES, OverflowError):
        return None
    if moment is None or not 1990 <= moment.year <= 2100:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def arrived(message: Message) -> datetime | None:
    """When a server took the mail in, by its trace headers (RFC 5321 section 4.4)."""
    lines = message.headers.get("received", ())
    return next((d for line in lines if (d := _date(line.rpartition(";")[2].strip()))), None)


def _is_text(part: Mime) -> bool:
    if part.get_content_type() not in {"text/plain", "text/html"}:
        return False
    try:
        return part.get_content_disposition() != "attachment" and not part.get_filename()
    except _STUMBLES:
        return True


def _bytes(part: Mime) -> bytes | None:
    try:
        content = part.get_payload(decode=True)
    except _STUMBLES:
        return None
    return content if isinstance(content, bytes) and content else None


def _words(raw: bytes, charset: str) -> str:
    """The declared charset, then UTF-8, then cp1252, which says something for every byte."""
    for name in (charset, "utf-8"):
        try:
            if codecs.lookup(name).name in _NO_CHARSETS:
                continue
            text = raw.decode(name)
        except (LookupError, ValueError):
            continue
        # UTF-8 read as a one-byte charset shows as these pairs.
        if name.lower() not in {"utf-8", "utf8"} and re.search("Ã[\x80-\xbf©­±³º¡]", text):
            continue
        return text
    return raw.decode("cp1252", "replace")


def _text(part: Mime) -> str:
    raw = (_bytes(part) or b"")[: 2 * _LONGEST_TEXT]
    charset = part.get_content_charset() or "utf-8"
    text = _words(raw, "cp1252" if charset in {"iso-8859-1", "us-ascii"} else charset)
    if part.get_content_type() == "text/html":
        text = words_of(text)
    elif str(part.get_param("format") or "").lower() == "flowed":
        text = _unflowed(text, delete=str(part.get_param("delsp") or "").lower() == "yes")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").replace("\x00", "")
    return _narrow(text[:_LONGEST_TEXT])


def _narrow(text: str) -> str:
    """Without the padding of tables and pages: patterns over spaces stay fast."""
    text = "\n".join(line if line == "-- " else line.rstrip(" \t") for line in text.split("\n"))
    return re.sub(r"\n{5,}", "\n\n\n\n", re.sub(r"[ \t]{5,}", "    ", text))


def _unflowed(text: str, *, delete: bool) -> str:
    """RFC 3676: a line that ends in a space goes on in the next one."""
    lines: list[str] = []
    joining = False
    for line in text.replace("\r\n", "\n").split("\n"):
        quoted = line.startswith(">")
        words = line if quoted else line.removeprefix(" ")
        soft = line.endswith(" ") and line != "-- " and not quoted
        if joining and not quoted and line != "-- ":
            lines[-1] += words
        else:
            lines.append(words)
        joining = soft
        if soft and delete:
            lines[-1] = lines[-1][:-1]
    return "\n".join(lines)


def _best(mime: Mime, texts: list[str]) -> str:
    """Of a plain and an HTML body the fuller one; else all texts one below the other."""
    if len(texts) == 2 and _is_alternative(mime):
        plain, html = texts
        return plain if len(plain.split()) * 2 > len(html.split()) else html
    return "\n".join(texts)[:_LONGEST_TEXT]


def _is_alternative(mime: Mime) -> bool:
    stack, seen = [mime], 0
    while stack and seen < 50:
        part, seen = stack.pop(), seen + 1
        if part.get_content_type() == "multipart/alternative":
            return True
        stack += _within(part, 10)
    return False


def _report(part: Mime) -> bytes:
    try:
        return b"\n".join(p.as_bytes() for p in _within(part, 50))[:50_000]
    except _STUMBLES:
        return b""


def _part(part: Mime, index: int, content: bytes) -> Part:
    try:
        name = _clean(_decoded(part.get_filename() or ""))[:200]
        inline = part.get_content_disposition() == "inline"
    except _STUMBLES:
        name, inline = "", False
    return Part(
        index=index,
        media_type=_media_type(part.get_content_type(), content, name),
        size=len(content),
        content=content,
        file_name=name,
        inline=inline,
    )


def _media_type(declared: str, content: bytes, name: str) -> str:
    """What the content is; the name and the label are believed only where that is silent."""
    if content[4:8] == b"ftyp" and content[8:12] in {b"heic", b"heix", b"mif1", b"hevc"}:
        return "image/heic"
    found = next((sort for magic, sort in _MAGIC if content.startswith(magic)), declared)
    if found == "application/zip" and b"word/" in content[:4_000]:
        return _DOCX
    return found


def part_of(raw: bytes, index: int) -> Part | None:
    """One file of a mail again, by the index that `read` gave it."""
    return next((part for part in read(raw).parts if part.index == index), None)
