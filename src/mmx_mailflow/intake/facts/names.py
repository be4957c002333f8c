"""Names of people: the patient's full legal name, or why it cannot be told."""

from __future__ import annotations

import re

_WORD = r"(?:[A-ZÁÉÍÓÚÜÑÇÖ]\.|(?:Jr|Sr|St)\.|[A-ZÁÉÍÓÚÜÑÇÖ][\wáéíóúüñç'’-]*)"
_PARTICLE = r"(?:de|del|la|las|los|y|da|dos|van|von|der|den|ter|bin|al|el|di|le|st\.)"
_NAME = rf"{_WORD}(?:\s+(?:{_PARTICLE}\s+){{0,2}}{_WORD}){{1,5}}"
FULL_NAME = re.compile(_NAME)
_SELF = re.compile(
    r"(?:\b[Ff]ull\s+(?:legal\s+)?name:?|\b[Nn]ombre\s+completo:?|\b[Mm]y\s+(?:full\s+|legal\s+|complete\s+)*name\s+is|\b[Mm]e\s+llamo|\b[Mm]i\s+nombre"
    r"(?:\s+completo|\s+legal)*\s+es|\bI\s+am(?=\s+[A-Z])|\bI['’]m(?=\s+[A-Z])|\b[Ss]oy(?=\s+[A-ZÁÉÍÓÚ])"
    r"|\b[Pp]atient\s+is(?:\s+myself,?)?|\b[Yy]o,|\b[Ee]l\s+suscrito,?|\b[Ll]a\s+suscrita,?)\s+"
    rf"(?P<name>{_NAME})"
)
_OTHER = re.compile(
    r"(?:\b(?:my|our)\s+(?:late\s+)?(?:son|daughter|mother|mom|father|dad|wife|husband|spouse|partner|brother"
    r"|sister|grandmother|grandfather|aunt|uncle|client|patient|child|mother-in-law|father-in-law)"
    r"|\b(?:mi|nuestr[oa])\s+(?:hij[oa]|mam[aá]|madre|pap[aá]|padre|espos[oa]|marido|mujer|herman[oa]"
    r"|abuel[oa]|t[ií][oa]|client[ea]|paciente|suegr[oa]|cuñad[oa])"
    r"|\b[Pp]atient(?:\s+name)?(?:\s+is|:)?|\b[Ll]a?\s+paciente|\b[Ee]l\s+paciente|\b[Pp]aciente:?)"
    rf"[,:]?\s+(?:is\s+|es\s+|se\s+llama\s+)?(?P<name>{_NAME})"
)
REPRESENTATIVE = re.compile(
    r"\b(?:on behalf of|en nombre de|en representaci[oó]n de|attorney for|abogad[oa] de|power of attorney"
    r"|we represent|representamos a|i represent|our client|mi client[ea]|nuestr[oa] client[ea]"
    r"|(?:my|our)\s+(?:late\s+)?(?:son|daughter|mother|mom|mum|father|dad|wife|husband|brother|sister|child"
    r"|grandmother|grandfather|grandma|grandpa|aunt|uncle|father-in-law|mother-in-law|patient)(?:['’]s|\s+(?!had|drove|took|came|was there|and i))"
    r"|(?:i am|i'm) (?:his|her|the) (?:mother|father|wife|husband|son|daughter|guardian)"
    r"|soy (?:su|la|el) (?:mam[aá]|madre|pap[aá]|padre|espos[oa]|hij[oa]|tutor[a]?)"
    r"|(?:expediente|estudios|registros|papeles|documentos) de mi (?:hij[oa]|mam[aá]|madre|pap[aá]|padre|espos[oa]|abuel[oa]|herman[oa])"
    r"|mi (?:hij[oa]|mam[aá]|madre|pap[aá]|padre|espos[oa]|abuel[oa]) (?:fue|estuvo|se|me pidi[oó]))",
    re.IGNORECASE,
)
_TITLE = re.compile(r"^(?:mr|mrs|ms|miss|dr|dra|sr|sra|srta|lic|ing|prof)\.?\s+", re.IGNORECASE)
_AFTER = re.compile(
    r"\s*(?:[(\[;:|]|,\s*(?!(?:jr|sr|ii|iii|iv)\b)|\s[-–—]\s|\b(?:born|dob|d\.o\.b|nacid[oa]|naci|nac|aka|a\.k\.a"
    r"|formerly|née|nee|legal|as in|as on|como aparece|tal como|and i|y nac)\b).*$",
    re.IGNORECASE | re.DOTALL,
)
_NOT_NAMES = frozenset(
    ["hospital", "clinic", "clinica", "clínica", "centro", "center", "laboratorio", "medical", "records", "record", "request", "dear", "hello", "hi", "thank", "thanks", "gracias", "saludos", "atentamente", "regards", "best", "sincerely", "sent", "from", "enviado", "date", "fecha", "medicalmex", "english", "spanish", "mexico", "méxico", "tijuana", "january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december", "unknown", "please", "por", "favor", "buenas", "buenos", "estimados"]
)  # fmt: skip
_GREETING = re.compile(
    r"^(?:thanks?(?: you)?(?: (?:so|very) much)?|thank you(?: in advance)?|(?:best|kind|warm)?\s*(?:regards|wishes)|sincerely|cordially|best|cheers"
    r"|respectfully|yours(?: truly)?|(?:muchas |mil )?gracias(?: de antemano| por su (?:ayuda|atenci[oó]n|apoyo))?|atentamente|atte\.?|saludos(?: cordiales)?|cordialmente"
    r"|un saludo|quedo (?:atent[oa]|al pendiente|en espera).{0,40})\s*[,.!]*$",
    re.IGNORECASE,
)


def cleaned(value: str) -> str | None:
    """A name as written, without title and without what follows it; None when it is none."""
    value = re.sub(r"\s+", " ", value.strip(" \t*_.,;:\"'“”")).strip()
    value = re.sub(r"[\"“”][^\"“”]{1,30}[\"“”]\s*", "", value)
    value = _AFTER.sub("", value).strip(" .,;")
    value = _TITLE.sub("", value)
    if re.search(r"\d|@", value) or not 2 <= len(value) <= 90:  # noqa: PLR2004  no name is longer
        return None
    if value.isupper() or value.islower():
        value = _cased(value)
    return value


def _cased(value: str) -> str:
    """Natural case for a name all in capitals or all in small letters."""
    small = {"de", "del", "la", "las", "los", "y"}
    return " ".join(
        w.lower() if w.lower() in small and n else "-".join(p.capitalize() for p in w.split("-"))
        for n, w in enumerate(value.split())
    )


def is_full(name: str) -> bool:
    """Whether this is more than a first name or a nickname."""
    words = [w for w in name.split() if len(w.strip(".")) > 0]
    return len(words) >= 2 and not any(w.lower() in _NOT_NAMES for w in words)  # noqa: PLR2004  first and last


_BEFORE_BIRTH = re.compile(
    rf"(?P<name>{_NAME})[,(\s]{{1,4}}(?:is\s+|es\s+)?(?:[Bb]orn|DOB|D\.O\.B|dob|[Dd]ate of birth|[Nn]acid[oa]|[Ff]echa de nac|F\.? ?[Nn]ac)"
)


def in_prose(text: str) -> list[str]:
    """Full names that the writer gives as their own, or that stand before a birth date."""
    return [*_found(_SELF, text), *_found(_BEFORE_BIRTH, text)]


def of_others(text: str) -> list[str]:
    """Full names of the person that somebody writes for."""
    return _found(_OTHER, text)


def _found(pattern: re.Pattern[str], text: str) -> list[str]:
    names = (cleaned(m.group("name")) for m in pattern.finditer(text[:20_000]))
    return list(dict.fromkeys(n for n in names if n and is_full(n)))


def signed(text: str) -> str | None:
    """The full name under the text, when one stands there."""
    lines = [line.strip() for line in text.splitlines() if line.strip()][-8:]
    for place, line in enumerate(lines):
        after_greeting = any(_GREETING.match(x) for x in lines[max(0, place - 2) : place])
        last = place >= len(lines) - 2
        if (after_greeting or last) and FULL_NAME.fullmatch(line.strip(" ,.-")):
            name = cleaned(line)
            if name and is_full(name) and len(line) < 60:  # noqa: PLR2004  a name, no sentence
                return name
    return None
