"""Where a person wants to be written to from now on."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}")
_MAIL = r"(?:e-?mails?|mail|addresse?s?|correos?(?: electr[oó]nicos?)?|direcci[oó]n(?:es)?)"
_NEW = re.compile(
    rf"\b(?:new|nuev[ao])\s+(?:\w+\s+)?{_MAIL}\b|\b{_MAIL}\s+nuev[ao]\b", re.IGNORECASE
)
_MOVES = re.compile(
    rf"\b(?:chang|updat|switch|replac)\w*\s+(?:\w+\s+){{0,3}}{_MAIL}\b"
    rf"|\b{_MAIL}\s+(?:has |is |have )?(?:changed|now\b|cambi[oó])"
    r"|\b(?:write|send|mail|reply|use)\b[^\n]{0,120}\b(?:from now on|instead|in future|there)\b"
    rf"|\bcambi\w*\s+(?:\w+\s+){{0,3}}{_MAIL}\b"
    r"|\b(?:escr[ií]b|env[ií][ae]|mand|us[ae]|respond)\w*\b[^\n]{0,120}"
    r"\b(?:en adelante|a partir de (?:hoy|ahora)|en lugar|de ahora en|en vez)\b",
    re.IGNORECASE,
)
_MINE = re.compile(
    rf"\b(?:my|our|mi|nuestr[oa])\s+(?:new|nuev[oa])\s+(?:\w+\s+)?{_MAIL}\b"
    rf"|\b(?:my|our|mi|nuestr[oa])\s+{_MAIL}\s+(?:has|is|nuev|cambi)",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(?:hospital|clinic|cl[ií]nica|doctora?|dra?\b|physician|m[eé]dic[oa]|provider|proveedor"
    r"|lawyer|attorney|abogad[oa]|insur\w+|aseguradora|laborator\w+|fax)",
    re.IGNORECASE,
)
"""Whose address may be meant as well: then only `my new address` counts."""
_LONGEST = 20_000


def new_address(words: str, sender: str, ours: str) -> str:
    """The one other address that a mail asks us to use; the sender's where it says `my new one`.

    Empty when the words ask for nothing of the sort, or when it could be one of several.
    """
    words = words[:_LONGEST]
    if not (_NEW.search(words) or _MOVES.search(words)):
        return ""
    if _OTHERS.search(words) and not _MINE.search(words):
        return ""
    domain = ours.rpartition("@")[2]
    named: set[str] = {a.lower().rstrip(".") for a in _ADDRESS.findall(words)}
    others = sorted(a for a in named if a != sender and a.rpartition("@")[2] != domain)
    if len(others) == 1:
        return others[0]
    return sender if not others and _NEW.search(words) else ""
