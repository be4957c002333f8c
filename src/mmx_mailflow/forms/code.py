"""The code on every page: which case, issue and page it is, signed, nothing personal.

It names the kinds of all pages of the form too, so that one page tells what belongs to it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

from mmx_mailflow.casework.codes import ALPHABET, check_character, read_reference
from mmx_mailflow.casework.returned import PageCode

_PROOF = "[0-9A-HJKMNP-TV-Z]{16}"
_CODE = re.compile(
    rf"MMX1\.(MMX-[0-9A-Z]{{4}}-[0-9A-Z]{{3}})\.(\d{{1,4}})\.(\d{{1,3}})\.([FKSP]{{1,60}})\.({_PROOF})"
)
_TYPED = re.compile(
    r"MMX-?([0-9A-Z]{4})-?([0-9A-Z]{3})\s*[-–—.·]?\s*(\d{1,4})\s*[-–—.·]\s*(\d{1,3})\s*[-–—.·]\s*([FKSP]{1,60})"
    r"\s+((?:[0-9A-Z]{4}[\s-]*){4})\s*([0-9A-Z])(?![0-9A-Z])",
    re.IGNORECASE,
)
_ALIKE = str.maketrans("OIL", "011")


def _proof(key: bytes, ref: str, issue: int, page: int, roles: str) -> str:
    words = f"form\0{ref}\0{issue}\0{page}\0{roles}".encode()
    number = int.from_bytes(hmac.digest(key, words, hashlib.sha256)[:10], "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(16))


def page_code(key: bytes, ref: str, issue: int, page: int, roles: str) -> str:
    """What the square code of a page holds: 80 bits of HMAC-SHA256 prove it."""
    return f"MMX1.{ref}.{issue}.{page}.{roles}.{_proof(key, ref, issue, page, roles)}"


def typed_code(code: str) -> str:
    """A page's code as a person can type it: groups of four, the last character checks them."""
    _, ref, issue, page, roles, proof = code.split(".")
    groups = " ".join(proof[n : n + 4] for n in range(0, 16, 4))
    return f"{ref}-{issue}-{page}-{roles} {groups} {_check(proof, issue, page)}"


def _check(proof: str, issue: str, page: str) -> str:
    return check_character(f"{proof}{int(issue)}{int(page)}")


def read_page_code(text: str, keys: Sequence[bytes] | None) -> PageCode | None:
    """The code that `text` is, verified when one of `keys` made it; None: it is only read."""
    found = _CODE.fullmatch(text.strip())
    if found is None:
        return None
    ref, issue, page, roles, proof = found.groups()
    return _read(ref, int(issue), int(page), roles, proof, keys)


def read_typed_code(text: str, keys: Sequence[bytes] | None) -> PageCode | None:
    """The code printed in letters somewhere in `text`, when its check character agrees.

    Look-alikes are read as in a reference. Of several, the first that agrees counts.
    """
    for found in _TYPED.finditer(text[:20_000]):
        first, last, issue, page, roles, groups, check = found.groups()
        proof = re.sub(r"[\s-]", "", groups).upper().translate(_ALIKE)
        if set(proof) - set(ALPHABET):
            continue
        if _check(proof, issue, page) == check.upper().translate(_ALIKE):
            ref = f"MMX-{first}-{last}".upper()
            return _read(ref, int(issue), int(page), roles.upper(), proof, keys)
    return None


def _read(
    ref: str, issue: int, page: int, roles: str, proof: str, keys: Sequence[bytes] | None
) -> PageCode | None:
    case = read_reference(ref)
    if case is None or not 1 <= page <= len(roles):
        return None
    verified = None
    if keys is not None:
        made = (_proof(key, case, issue, page, roles) for key in keys)
        verified = any(hmac.compare_digest(one, proof) for one in made)
    return PageCode(ref=case, issue=issue, page=page, verified=verified, roles=roles)
