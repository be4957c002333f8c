"""English, Spanish or both: told by the small words that every sentence needs."""

from __future__ import annotations

import re

_EN = frozenset(
    [
        "the",
        "and",
        "to",
        "of",
        "my",
        "i",
        "is",
        "was",
        "for",
        "in",
        "on",
        "you",
        "your",
        "please",
        "have",
        "had",
        "this",
        "that",
        "with",
        "are",
        "at",
        "me",
        "would",
        "from",
        "we",
        "it",
        "as",
        "be",
        "not",
        "his",
        "her",
        "our",
        "they",
        "an",
        "been",
        "will",
        "can",
        "by",
        "or",
        "if",
        "any",
        "so",
        "do",
        "am",
        "when",
    ]
)
_ES = frozenset(
    [
        "el",
        "la",
        "los",
        "las",
        "de",
        "del",
        "y",
        "en",
        "que",
        "mi",
        "por",
        "para",
        "con",
        "un",
        "una",
        "se",
        "su",
        "al",
        "es",
        "no",
        "me",
        "lo",
        "fue",
        "les",
        "como",
        "este",
        "esta",
        "pero",
        "más",
        "mis",
        "gracias",
        "favor",
        "quiero",
        "solicito",
        "necesito",
        "ha",
        "he",
        "sus",
        "le",
        "desde",
        "cuando",
        "muy",
        "ya",
        "si",
        "nos",
        "estoy",
        "soy",
    ]
)
_SHARE_OF_BOTH = 0.26
_FEWEST = 4


def language_of(text: str) -> str:
    """`en`, `es` or `mixed`; `mixed` when the smaller part has content of its own."""
    words = re.findall(r"[a-záéíóúñü]+", text.lower()[:20_000])
    english = sum(word in _EN for word in words)
    spanish = sum(word in _ES for word in words)
    less, more = sorted((english, spanish))
    if less >= _FEWEST and less / max(more, 1) > _SHARE_OF_BOTH:
        return "mixed"
    return "es" if spanish > english else "en"
