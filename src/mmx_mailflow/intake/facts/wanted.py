"""Which records are wanted, in the person's own words."""

from __future__ import annotations

import re

_NOUN = (
    r"(?:(?:operative|surgical|surgery|op|pathology|lab(?:oratory)?|radiology|imaging|biopsy|er|emergency(?: room)?|consult(?:ation)?|progress|anesthesia|discharge|admission|"
    r"nursing|clinical|medical|dental|test|blood|treatment|implant|endoscopy|colonoscopy|cardiology|x-?ray|mri|ct|ekg|ecg|echo)\s+)*"
    r"(?:reports?|results?|notes?|summar(?:y|ies)|images?|films?|scans?|x-?rays?|mris?|cts?|ultrasounds?|mammograms?|records?|charts?|slides|tests?|panel|panels|history|files?|"
    r"labs|bloodwork|ekg|ecg|echocardiogram|angiogram|myelogram|prescriptions?|invoices?|implant\s+(?:cards?|stickers?|labels?)|stickers?|photos?)"
)
_SUSTANTIVO = (
    r"(?:expedientes?|historia(?:l)?|res[uú]men(?:es)?|notas?|reportes?|resultados?|estudios?|radiograf[ií]as?|placas?|tomograf[ií]as?|resonancias?|ultrasonidos?|"
    r"an[aá]lisis|biopsias?|hojas?|im[aá]genes|recetas?|copias?|interpretaci[oó]n|patolog[ií]a|registros?|informes?|electrocardiograma|mastograf[ií]a|laboratorios?|certificado|etiquetas?)"
)
_KEY = re.compile(rf"\b(?:{_NOUN}|{_SUSTANTIVO})\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:need|needs|want|would like|request(?:ing)?|send(?: me)?|obtain|get|receive|asking for|asks? for|looking for|copy of|copies of|wants?"
    r"|necesito|necesita|necesitamos|quisiera|quiero|solicit[oa](?:r|mos)?|pido|piden?|requiero|env[ií]en(?:me)?|manden|mandar|obtener|copia (?:de|del)|copias? de|me hace[n]? falta|ocupo)\b",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\b(?:(?:all|entire|complete|full|whole)\s+(?:of\s+)?(?:the\s+|my\s+|his\s+|her\s+)?(?:medical\s+|clinical\s+)?(?:records?|file|chart|history)"
    r"|(?:tod[oa]s?\s+)?(?:mi|el|su|mis|los|sus)?\s*(?:expediente|historial)(?:\s+(?:m[eé]dico|cl[ií]nico))?\s+(?:completo|[ií]ntegro)|todo\s+(?:mi|el|su)\s+(?:expediente|historial)"
    r"|tod[oa]s\s+(?:mis|los|las|sus)\s+(?:registros|estudios|documentos|papeles|expedientes))\b",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"^(?:(?:a|any|some|the|my|his|her|our|your|un[ao]?|el|la|mi|mis|su|sus|los|las)\s+)*(?:copy|copies|copias?)?\s*(?:of|de|del)?\s*(?:(?:the|my|his|her|el|la|mi|mis|su|sus|los)\s+)*"
    r"(?:medical|clinical|health)?\s*(?:records?|files?|charts?|expedientes?|historial|registros?|copias?|copies|copy|papeles|documentos)(?:\s+(?:m[eé]dic[oa]s?|cl[ií]nic[oa]s?))?$",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^\s*(?:(?:and|y|e|or|o|also|tambi[eé]n|plus|including|incluyendo|please|por favor|the|a|an|any|some|my|his|her|copy of|copies of|copia de|copias de|el|la|los|las|mi|mis|su|sus|un|una)\s+)+",
    re.IGNORECASE,
)
_LONGEST_PIECE, _MOST = 140, 12


def from_label(value: str) -> tuple[str, ...]:
    """The pieces of a labelled description; `my records` alone is no description."""
    value = re.sub(r"\s+", " ", value).strip(" .")
    if not value or _is_bare(value):
        return ()
    pieces = (p.strip(" .") for p in re.split(r"\s*[,;]\s*(?:and\s+|y\s+)?", value))
    kept = tuple(p for p in pieces if p)
    return kept[:_MOST]


def in_prose(text: str) -> tuple[str, ...]:
    """The descriptions in sentences that ask for something."""
    found: dict[str, None] = {}
    for sentence in _sentences(text):
        asks = _ASKS.search(sentence)
        whole = _ALL.search(sentence)
        if whole is not None:
            found[whole.group().strip()] = None
        if asks is None:
            continue
        for piece in re.split(
            r"\s*(?:[,;:]|\band\b|\by\b|\bplus\b|\bas well as\b|\bas[ií] como\b)\s*",
            sentence[asks.end() :],
        ):
            words = _LEAD.sub("", piece).strip(" .?!")
            if _KEY.search(words) and not _is_bare(words) and len(words) <= _LONGEST_PIECE:
                found[words] = None
    return tuple(found)[:_MOST]


def _is_bare(words: str) -> bool:
    """`My records`, with no word on which kind or that all are meant."""
    return _BARE.match(words.strip()) is not None and _ALL.search(words) is None


def _sentences(text: str) -> list[str]:
    folded = re.sub(r"[ \t]*\n[ \t]*(?=[a-záéíóúñ(\d])", " ", text[:20_000])
    return [s.strip() for s in re.split(r"(?<=[.!?])\s+(?=[A-ZÁÉÍÓÚ¿¡])|\n+", folded) if s.strip()][
        :400
    ]
