"""A mail without its files: what is left when copies of documents were kept long enough."""

from __future__ import annotations

import email
from email import policy
from email.message import Message

_SAID = "This file was kept long enough and is gone.\n"


def without_files(raw: bytes) -> bytes:
    """The mail with its words and headers alone; in the place of every file stands a line."""
    message = email.message_from_bytes(raw, policy=policy.compat32)
    for part in message.walk():
        if not part.is_multipart() and _is_file(part):
            for name in [name for name in part if name.lower().startswith("content-")]:
                del part[name]
            part["Content-Type"] = "text/plain; charset=us-ascii"
            part.set_payload(_SAID)
    return message.as_bytes()


def _is_file(part: Message) -> bool:
    return (
        part.get_content_maintype() != "text"
        or part.get_content_disposition() == "attachment"
        or part.get_filename() is not None
    )
