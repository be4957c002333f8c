"""From a decision to bytes: the letter exactly as it will be sent, the same each time."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import policy as mail_policy
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.utils import format_datetime

from typing_extensions import override

from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.codes import reply_code
from mmx_mailflow.casework.letters import Letter
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.values import Address, Role, ascii_address
from mmx_mailflow.letters.render import Picture, rendered
from mmx_mailflow.letters.subjects import subject
from mmx_mailflow.letters.templates import Templates, broken, templates_from

__all__ = [
    "Attached",
    "Composed",
    "Templates",
    "UnsendableError",
    "broken",
    "business_key",
    "compose",
    "templates_from",
]

# Lines of 76 for what is encoded (RFC 2045 section 6.7, RFC 2047 section 2).
_PARTS = mail_policy.SMTP.clone(max_line_length=76, cte_type="7bit")
_IN_WORDS = frozenset({"from", "subject"})


class _ThreadsWhole(mail_policy.EmailPolicy):
    """Folds what is in words; a folded Message-ID would become an encoded word none can match."""

    @override
    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in _IN_WORDS:
            return _PARTS.fold_binary(name, value)
        return super().fold_binary(name, value)


_WHOLE = _ThreadsWhole(max_line_length=998, cte_type="7bit", linesep="\r\n")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,900}>")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_MEDIA_TYPE = re.compile(r"(application|audio|image|text|video)/([a-z0-9][a-z0-9.+-]{0,80})")
_ENDINGS = {
    "application/pdf": ".pdf",
    "application/msword": ".doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/zip": ".zip",
    "application/dicom": ".dcm",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
    "text/plain": ".txt",
}
_DRAWN = 16


class UnsendableError(ValueError):
    """A letter that cannot be written; the message names the field and never its value."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes with a letter, under a neutral name; an ending is added where absent."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    place: str = ""
    """Of a picture: the place to sign that it shows; it stands within the page, not beside it."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A letter as bytes, and what the outbox keeps beside them."""

    message_id: str
    raw: bytes = field(repr=False)
    reply_code: str = field(repr=False)
    recipient: Address = field(repr=False)
    """The one recipient, its domain in ASCII, for the envelope."""
    business_key: str


def compose(
    letter: Letter,
    case: Case | None,
    policy: Policy,
    *,
    draw: bytes,
    now: datetime,
    code_key: bytes,
    send_key: bytes,
    templates: Templates,
    attachments: Sequence[Attached] = (),
    plus_addressing: bool = False,
) -> Composed:
    """The letter with CRLF and in 7 bits; equal arguments give equal bytes.

    `draw` are at least 16 random bytes from the shell: the Message-ID must not be guessable,
    because an answer's In-Reply-To finds the case. Raises `UnsendableError` for an address or
    a file name that cannot stand in a header.
    """
    if len(draw) < _DRAWN:
        raise UnsendableError("compose letter: fewer than 16 bytes were drawn")
    recipient = _mailable(letter.to)
    office = _mailable(policy.records_address)
    local, _, domain = office.rpartition("@")
    code = reply_code(code_key, case.ref if case else "", letter.to_role, recipient)
    name = draw[:_DRAWN].hex()
    message_id = f"<{name}.{code}@{domain}>"
    pictures = {f"{f.place.lower()}.{name}@{domain}": f for f in attachments if f.place}
    text, html = rendered(
        letter,
        case,
        policy,
        now=now,
        code=code,
        templates=templates,
        pictures=[Picture(file.place, content_id) for content_id, file in pictures.items()],
    )

    message = EmailMessage(policy=_PARTS)
    message["From"] = _sender(policy.organisation, office)
    message["To"] = MailAddress(addr_spec=recipient)
    message["Reply-To"] = MailAddress(
        addr_spec=f"{local}+{code}@{domain}" if plus_addressing else office
    )
    message["Subject"] = subject(letter, case)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    _set_thread(message, letter)
    _set_content(message, text, html, pictures, [f for f in attachments if not f.place])
    _set_boundaries(message, name)
    # Only now: headers of content would have moved into the first part.
    both = letter.to_role == Role.PROVIDER
    message["Content-Language"] = "es, en" if both else letter.language.value
    return Composed(
        message_id=message_id,
        raw=message.as_bytes(policy=_WHOLE),
        reply_code=code,
        recipient=recipient,
        business_key=business_key(letter, case, send_key=send_key),
    )


def business_key(letter: Letter, case: Case | None, *, send_key: bytes) -> str:
    """`ref/letter/recipient/occasion`: what makes a send the only one of its sort.

    The recipient stands there as its role and a keyed hash, since the key is shown to operators.
    """
    words = f"recipient\x00{letter.to.lower()}".encode()
    who = hmac.digest(send_key, words, hashlib.sha256).hex()[:12]
    about = f"-{letter.provider}" if letter.provider else ""
    ref = case.ref if case else "none"
    return f"{ref}/{letter.name.value}/{letter.to_role.value}{about}-{who}/{letter.occasion}"


def _mailable(address: Address) -> Address:
    found = ascii_address(address)
    if found is None:
        raise UnsendableError("compose letter: an address cannot stand in a header")
    return found


def _sender(organisation: str, office: Address) -> MailAddress:
    if not organisation.isprintable():
        raise UnsendableError("compose letter: the organisation cannot stand in a header")
    return MailAddress(display_name=organisation, addr_spec=office)


def _set_thread(message: EmailMessage, letter: Letter) -> None:
    """Threading, and what keeps machines from answering (RFC 3834 section 5)."""
    answers = letter.answers if _MESSAGE_ID.fullmatch(letter.answers) else ""
    if answers:
        message["In-Reply-To"] = answers
        message["References"] = answers
    if letter.automatic:
        message["Auto-Submitted"] = "auto-replied" if answers else "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"


def _set_content(
    message: EmailMessage,
    text: str,
    html: str,
    pictures: Mapping[str, Attached],
    attachments: Sequence[Attached],
) -> None:
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    *_, page = message.iter_parts()
    assert isinstance(page, EmailMessage)
    for content_id, file in pictures.items():
        main, sub, name = _named(file)
        page.add_related(
            file.content,
            maintype=main,
            subtype=sub,
            filename=name,
            cid=f"<{content_id}>",
            disposition="inline",
        )
    for file in attachments:
        main, sub, name = _named(file)
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=name)


def _named(file: Attached) -> tuple[str, str, str]:
    """The two halves of a file's type, and its name with an ending."""
    found = _MEDIA_TYPE.fullmatch(file.media_type.lower())
    main, sub = found.groups() if found else ("application", "octet-stream")
    name = file.name if "." in file.name else file.name + _ENDINGS.get(f"{main}/{sub}", "")
    if not _FILE_NAME.fullmatch(name):
        raise UnsendableError("compose letter: the name of a file cannot stand in a header")
    return main, sub, name


def _set_boundaries(message: EmailMessage, name: str) -> None:
    """Boundaries that depend on the letter alone: chance would change the bytes each time."""
    for number, part in enumerate(p for p in message.walk() if p.is_multipart()):
        seed = hashlib.sha256(f"boundary\x00{name}\x00{number}".encode()).hexdigest()[:24]
        part.set_boundary(f"=_{seed}")
