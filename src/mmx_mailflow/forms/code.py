"""The machine code on every page: which case, issue and page it is, signed, nothing personal."""

from __future__ import annotations

import hashlib
import hmac
import re

from mmx_mailflow.casework.codes import ALPHABET, read_reference
from mmx_mailflow.casework.returned import PageCode

_CODE = re.compile(r"MMX1\.(MMX-[0-9A-Z]{4}-[0-9A-Z]{3})\.(\d{1,4})\.(\d{1,3})\.([0-9A-Z]{16})")


def _proof(key: bytes, ref: str, issue: int, page: int) -> str:
    words = f"form\0{ref}\0{issue}\0{page}".encode()
    number = int.from_bytes(hmac.digest(key, words, hashlib.sha256)[:10], "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(16))


def page_code(key: bytes, ref: str, issue: int, page: int) -> str:
    """What the square code of a page holds: 80 bits of HMAC-SHA256 prove it."""
    return f"MMX1.{ref}.{issue}.{page}.{_proof(key, ref, issue, page)}"


def read_page_code(text: str, key: bytes | None) -> PageCode | None:
    """The code that `text` is; without a key it is read and not verified."""
    found = _CODE.fullmatch(text.strip())
    ref = read_reference(found.group(1)) if found else None
    if found is None or ref is None:
        return None
    issue, page = int(found.group(2)), int(found.group(3))
    verified = None
    if key is not None:
        verified = hmac.compare_digest(_proof(key, ref, issue, page), found.group(4))
    return PageCode(ref=ref, issue=issue, page=page, verified=verified)
