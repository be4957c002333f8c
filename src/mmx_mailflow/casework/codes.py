"""References that name a case and codes that prove a thread.

A reference `MMX-XXXX-XXC` is weak: seven characters of Crockford's alphabet and a Luhn mod 32
check. A reply code is 80 bits of HMAC-SHA256 bound to case, role and recipient, 16 characters.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

from mmx_mailflow.casework.values import Address, CaseId, Role

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALIKE = str.maketrans("OIL", "011")
_REFERENCE = re.compile(r"\bMMX[-\s_]?([0-9A-Z]{4})[-\s_]?([0-9A-Z]{3})\b", re.IGNORECASE)
_REPLY_CODE = re.compile(
    r"(?<![0-9A-Z])([0-9A-Z]{4})[-\s]?([0-9A-Z]{4})[-\s]?([0-9A-Z]{4})[-\s]?([0-9A-Z]{4})"
    r"(?![0-9A-Z])",
    re.IGNORECASE,
)


def check_character(body: str) -> str:
    """Luhn mod 32 over the characters of `body` (ISO/IEC 7812-1 annex B, other base)."""
    total = 0
    for index, character in enumerate(reversed(body)):
        value = ALPHABET.index(character) * (2 if index % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]


def reference(chance: bytes) -> CaseId:
    """The reference drawn from at least five bytes of `chance`."""
    number = int.from_bytes(chance[:5], "big")
    body = "".join(ALPHABET[number >> 5 * place & 31] for place in range(6))
    body += check_character(body)
    return CaseId(f"MMX-{body[:4]}-{body[4:]}")


def read_reference(text: str) -> CaseId | None:
    """The reference that `text` is, read tolerantly, or None when the check is wrong."""
    found = _REFERENCE.fullmatch(text.strip())
    if found is None:
        return None
    body = "".join(found.groups()).upper().translate(_ALIKE)
    if set(body) - set(ALPHABET) or check_character(body[:-1]) != body[-1]:
        return None
    return CaseId(f"MMX-{body[:4]}-{body[4:]}")


def references(text: str) -> tuple[CaseId, ...]:
    """Every valid reference in `text`, in order, without repeats."""
    found = (read_reference(match.group()) for match in _REFERENCE.finditer(text))
    return tuple(dict.fromkeys(ref for ref in found if ref is not None))


def reply_code(key: bytes, ref: CaseId | str, role: Role, recipient: Address) -> str:
    """The 16 characters that prove a letter about `ref` to `recipient` in this role."""
    words = f"reply\x00{ref}\x00{role.value}\x00{recipient.lower()}".encode()
    number = int.from_bytes(hmac.digest(key, words, hashlib.sha256)[:10], "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(16))


def code_in(message_id: str) -> str:
    """The reply code in a Message-ID of ours, `<chance.code@domain>`."""
    return message_id.partition("@")[0].rpartition(".")[2]


def is_proven(
    code: str, keys: Iterable[bytes], ref: CaseId | str, role: Role, recipient: Address
) -> bool:
    """Whether one of the keys made this code."""
    made = (reply_code(key, ref, role, recipient) for key in keys)
    return any(hmac.compare_digest(one, code) for one in made)


def read_reply_code(text: str) -> str | None:
    """The code that `text` is, read tolerantly (case, hyphens, look-alikes), or None."""
    found = _REPLY_CODE.fullmatch(text.strip())
    if found is None:
        return None
    code = "".join(found.groups()).upper().translate(_ALIKE)
    return None if set(code) - set(ALPHABET) else code


def reply_codes(text: str) -> tuple[str, ...]:
    """Everything in `text` that may be a reply code, at most 40 of them."""
    codes: dict[str, None] = {}
    for match in _REPLY_CODE.finditer(text):
        code = read_reply_code(match.group())
        if code is not None:
            codes[code] = None
        if len(codes) == 40:  # noqa: PLR2004  a bound against texts made of codes
            break
    return tuple(codes)


def grouped(code: str) -> str:
    """A reply code as people read it: groups of four."""
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))
