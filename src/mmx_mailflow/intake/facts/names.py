"""Names of people: the patient's full legal name, or why it cannot be told.

Every full name of a mail is found with the way it is spoken of; `Way` is in the order of worth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

_UP = "A-ZÁÉÍÓÚÜÑÇÖÄÈÊÔÂ"
_WORD = rf"(?:[{_UP}]\.|(?:Jr|Sr|St|Ma|Ma\.)\.?(?!\w)|(?:[OD]['’])?[{_UP}][\wáéíóúüñçöäèê'’]*(?:-[\w]+)*)"
_PARTICLE = r"(?:de|del|la|las|los|y|e|da|dos|van|von|der|den|ter|bin|al|el|di|le|du|st\.)"
NAME = rf"{_WORD}(?:[ \t]+(?:{_PARTICLE}\s+){{0,3}}{_WORD}|\s(?:{_PARTICLE}\s+){{1,3}}{_WORD}|,?[ \t]+(?:Jr|Sr|II|III|IV)\b\.?){{1,6}}"
_NICK = r"(?:\s+[\"“(][^\W\d_]{2,12}[\"”)](?=\s+[A-ZÁÉÍÓÚÑ]))?"
_WRAPPED = (
    rf"{_WORD}{_NICK}(?:\s+(?:{_PARTICLE}\s+){{0,3}}{_WORD}|,?\s+(?:Jr|Sr|II|III|IV)\b\.?){{1,6}}"
)
_LOWER = r"[a-záéíóúüñ][\wáéíóúüñ'’-]+(?:\s+[a-záéíóúüñ][\wáéíóúüñ'’-]*\.?){1,4}"
FULL_NAME = re.compile(NAME)


class Way(IntEnum):
    """How a name is spoken of; the lower the better."""

    LEGAL = 1
    LABEL = 2
    OTHER = 3
    BORN = 5
    SELF = 4
    LINE = 6
    SIGNED = 7


@dataclass(frozen=True, slots=True)
class Named:
    """A full name of the text with its place."""

    name: str
    way: Way
    start: int
    end: int


_TITLED = r"(?:(?:Mr|Mrs|Ms|Miss|Sr|Sra|Srta|[Dd]oña|[Dd]on|[Ll]a [Ss]ra|[Ee]l [Ss]r|señora?|la señora|el señor|C)\.?\s+)?"
_LEGAL = re.compile(
    r"(?:\b(?i:full(?: legal)? name|legal name|complete name|whole name|real name|name (?:exactly )?(?:as|on)|nombre (?:va )?(?:legal|completo|de pila|verdadero)|name legal|nombre y apellidos?|birth certificate|acta de nacimiento|passport|pasaporte|green card|INE|acta|medicare card|driver'?s license|social security|legally|legalmente))\b"
    rf"(?:[^.\n:;]|\n(?!\s*\n)|\.(?=\w)){{0,90}}?(?::|,|\b(?:is|es|as|como|that is)\b)?\s*{_TITLED}(?P<name>{_WRAPPED})"
)
_SELF = re.compile(
    r"(?:\b(?i:my name(?: is|['’]s)?|name['’]?s|me llamo|mi nombre es|mi name es|this is|i am|i['’]m|soy|yo soy|le escribe|les escribe|it['’]s|the name is|firma:|my details:|apellido es[^.,\n]{0,30},|mis datos(?: son)?:|details:|datos:|el que suscribe,?|la que suscribe,?|quien suscribe,?|a nombre de|patient is(?: myself,?)?|yo,|el suscrito,?|la suscrita,?|habla|les habla))\s+(?:[Ll]a\s+|[Ee]l\s+)?"
    rf"(?:(?:Mr|Mrs|Ms|Dr|Sr|Sra|Lic|Ing)\.?\s+)?(?P<name>{_WRAPPED})(?!['’]s\b)"
)
_RELATIVE = (
    r"(?:son|daughter|mother|mom|mum|mama|father|dad|papa|wife|husband|spouse|partner|brother|sister|grandmother|grandfather|grandma|grandpa|aunt|uncle|client|patient|child|niece|nephew|mother-in-law|father-in-law|fiancée?"
    r"|hij[oa]|mam[aá]|madre|pap[aá]|padre|espos[oa]|marido|mujer|herman[oa]|abuelit[oa]|abuel[oa]|t[ií][oa]|client[ea]|paciente|suegr[oa]|cuñad[oa]|niet[oa]|sobrin[oa]|representad[oa]|poderdante|bebé)"
)
_OTHER = re.compile(
    rf"(?:\b(?i:my|our|mi|nuestr[oa]|his|her|su|the|el|la)\s+(?:[a-zñáéíóú]+\s+){{0,2}}?(?i:{_RELATIVE})|\b(?i:patient(?: name)?|paciente)(?:\s+is|:)?|\b(?i:on behalf of|apoderad[oa] (?:legal )?del?|representante (?:legal )?del?|represents?|representing|representa(?:ción de|mos a)?|retained by|regarding|records (?:for|of)|expediente de|a favor de|en nombre de|(?:él|ella|she|he) (?:is|es)|se llama|llamad[oa]|(?:her|his|su) (?:full |legal )*(?:name|nombre)(?: completo| legal)*(?: is| es)?))"
    rf"[,:]?\s+(?i:is\s+|es\s+|se\s+llama\s+|named\s+|llamad[oa]\s+|called\s+|is called\s+|name is\s+)?(?:[,(]\s*)?{_TITLED}(?P<name>{_WRAPPED})"
)
_BORN_AFTER = re.compile(
    rf"(?P<name>{_WRAPPED})(?:['’]s)?[\s,;:(–—-]{{1,4}}(?:(?i:is|was|es|fue|y)\s+)?(?i:born|b\.|dob|d\.o\.b|date of birth|birthdate|birthday|nacid[oa]|naci[oó]|nac[ií]|nac\.|fecha de nac|f\.? ?n\.|fn\b|f\.? ?nac|bday)"
)
_DATE_AFTER = re.compile(
    rf"(?P<name>{_WRAPPED})[\s,;:(–—-]{{1,4}}(?=\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{2,4}})"
)
_ALIAS = re.compile(
    r"\b(?:go(?:es)? by|call(?:ed|s)? (?:me|her|him)|known as|know (?:me|her|him) as|(?:me|la|lo) conoc\w+|conocid[oa] como|registr\w+ como|registered (?:as|under)|under|sign (?:my \w+|as)|a\.?k\.?a\.?|nick ?name\w*|apodo|alias|married name|maiden name|nombre de casada|formerly|née|de soltera|de casada|le dicen|me dicen|used to be|instead of|not|no es|pusieron|wrong(?:ly)?|ask for|pregunt\w+ por|thank|coordinator|coordinadora|atendi[oó]|dentist|surgeon|nurse|enfermera)\s+(?:(?:as|como|to|under|the|la|el|name|doña|don|é?l)\s+){0,3}[\"“']?$",
    re.IGNORECASE,
)
REPRESENTATIVE = re.compile(
    rf"\b(?:on (?:her|his|their) behalf|on behalf of (?!myself)|a nombre de mi|en nombre de (?:mi|la|el)|en representaci[oó]n de|attorney for|abogad[oa] de|power of attorney for|apoderad[oa] (?:de|legal)|we represent|this (?:firm|office) (?:represents|has been retained)|representamos|i represent|our (?:client|patient)\b|mi client[ea]|nuestr[oa] client[ea]|under our care|our mutual patient|the above[- ](?:named )?patient"
    rf"|(?:records?|papers?|files?|chart|x-?rays?|results?|scans?|images?|notes|reports?|copies|labs?|studies|documents?|paperwork|request|visit|surgery|history)\b[^.\n]{{0,40}}\b(?:for|of|on|from|about)\s+(?:my|our)\s+(?:\w+\s+)?{_RELATIVE}\b(?!\s+and\s+(?:i|me|myself)\b)"
    rf"|(?:my|our)\s+(?:late |elderly |little |older |younger |oldest |youngest |\d+[- ]year[- ]old )?{_RELATIVE}['’]s\s+(?:\w+\s+){{0,3}}(?:records?|chart|x-?rays?|surgery|results?|scans?|visit|stay|file|treatment|papers|er\b|request|medical|birthday|name|operation|history|labs?)\b"
    rf"|(?:writing|asking|requesting|request|helping|i need|this is)\b[^.\n]{{0,40}}\b(?:for|about)\s+my\s+(?:\w+\s+)?{_RELATIVE}\b"
    rf"|my (?:late )?{_RELATIVE},?\s+(?:(?-i:[A-Z])[\w.'-]*,?\s+){{0,5}}(?:was (?:treated|seen|admitted|hospitalized|operated|a patient|in)|had (?:a |an |his |her |the )?\w+|broke|got (?:sick|hurt)|needs|stayed|spent|passed|cannot|can['’]?t|does(?:n['’]t| not))"
    rf"|my (?:late )?{_RELATIVE} (?:fell|hurt|cut|broke|underwent|was (?:seen|treated))|(?:his|her) (?:full |legal )*name is|(?:his|her) (?:birthday|dob|date of birth) is|su nombre (?:completo )?es|(?:él|ella) (?:se llama|naci[oó]|es (?-i:[A-Z]))|(?:our|my) (?:office|firm) (?:acts|represents)|the patient named|(?:nurse|coordinator|manager|paralegal|assistant|attorney|worker) for (?-i:[A-Z])|nuestr[oa] paciente|my baby['’]s|mi poderdante|apoderad[oa]|los tr[aá]mites de mi"
    r"|(?:i am|i['’]m) (?:his|her|their|the patient'?s?) (?:legal |older |younger |only )?(?:mother|mom|father|dad|wife|husband|son|daughter|guardian|sister|brother|caregiver|attorney|niece|nephew|grand\w+|power of attorney|aunt|uncle|poa|spouse|partner)"
    r"|['’]s (?:mother|mom|father|wife|husband|son|daughter|guardian|sister|brother|caregiver)\b(?:,| and| writing|\.)"
    r"|soy (?:yo )?(?:su|la|el) (?:mam[aá]|madre|pap[aá]|padre|espos[oa]|hij[oa]|tutora?|herman[oa]|niet[oa]|sobrin[oa]|abogad[oa]|niet[oa]|nuera|yerno)\b|hermana? y tutora?"
    rf"|(?:expediente|estudios|registros|records|papeles|documentos|resultados|historial|notas?|copias?|tr[aá]mite|solicitud|datos|radiograf[ií]as|placas|an[aá]lisis|cirug[ií]a|operaci[oó]n)\b[^.\n]{{0,40}}\b(?:de|para|del|por)\s+(?:mi|nuestr[oa]|mis|nuestr[oa]s)\s+(?:\w+\s+)?{_RELATIVE}"
    rf"|mi (?:\w+ )?{_RELATIVE},?\s+(?:(?-i:[A-ZÁÉÍÓÚÑ])[\w.'-]*,?\s+){{0,5}}(?:fue|estuvo|me pidi[oó]|naci[oó]|no puede|ya no|necesita|quiere|se (?:oper|intern|atend|trat|cay|enferm|encuentra)\w*|tuvo|est[aá]|ingres\w+|no)\b"
    rf"|(?:le|lo|la|les|los|las) (?:operaron|atendieron|internaron|hicieron|pusieron|tomaron|trataron|vieron|intervinieron) (?:de \w+ )?a mi|a mi (?:\w+ )?{_RELATIVE},? (?:(?-i:[A-ZÁÉÍÓÚÑ])\w+ )*(?:le|lo|la)\b"
    rf"|(?:writing|escrib\w+|pido|solicito|request\w*)\b[^.\n]{{0,30}}\b(?:for|por|para|de parte de)\s+(?:my|mi)\s+(?:\w+\s+)?{_RELATIVE}|(?:she|he|ella|él) asked me|me pidió que yo|mam[aá] de\b|mother of\b|father of\b|pap[aá] de\b|guardian of\b|signed by my|firmad[oa] por mi)",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"^(?:mr|mrs|ms|miss|dr|dra|sr|sra|srta|lic|ing|prof|c|doña|don|señora?)\.?\s+(?=\S+\s)",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\s*(?:[(\[;:|/]|,\s*(?!(?:jr|sr|ii|iii|iv)\b)|\s[-–—]\s|\b(?:born|dob|d\.o\.b|nacid[oa]|naci|nac|aka|a\.k\.a"
    r"|formerly|née|nee|legal|as in|as on|como aparece|tal como|and i|y nac|goes by|but)\b).*$",
    re.IGNORECASE | re.DOTALL,
)
_NOT_NAMES = frozenset(
    [
        "i'm",
        "i’m",
        "im",
        "is",
        "god",
        "bless",
        "cumpleaños",
        "birthday",
        "jubilado",
        "jubilada",
        "pensionado",
        "clinic's",
        "smith's",
        "firma",
        "here",
        "again",
        "hospital",
        "clinic",
        "clinica",
        "clínica",
        "centro",
        "center",
        "centre",
        "laboratorio",
        "lab",
        "medical",
        "records",
        "record",
        "request",
        "dear",
        "hello",
        "hi",
        "hola",
        "thank",
        "thanks",
        "gracias",
        "saludos",
        "atentamente",
        "regards",
        "best",
        "sincerely",
        "sent",
        "from",
        "enviado",
        "date",
        "fecha",
        "medicalmex",
        "english",
        "spanish",
        "mexico",
        "méxico",
        "tijuana",
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
        "unknown",
        "please",
        "por",
        "favor",
        "buenas",
        "buenos",
        "estimados",
        "estimado",
        "instituto",
        "sanatorio",
        "hipaa",
        "galaxy",
        "iphone",
        "android",
        "outlook",
        "yahoo",
        "gmail",
        "proton",
        "patient",
        "paciente",
        "the",
        "my",
        "our",
        "this",
        "i",
        "we",
        "yo",
        "and",
        "or",
        "for",
        "with",
        "provider",
        "doctor",
        "dr",
        "dra",
        "avenue",
        "street",
        "road",
        "drive",
        "ave",
        "blvd",
        "suite",
        "apt",
        "col",
        "calle",
        "phone",
        "cell",
        "tel",
        "dob",
        "birth",
        "birthdate",
        "born",
        "nombre",
        "name",
        "full",
        "legal",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "lunes",
        "martes",
        "miércoles",
        "jueves",
        "viernes",
        "sábado",
        "domingo",
        "surgery",
        "date",
        "dates",
        "also",
        "can",
        "could",
        "would",
        "if",
        "when",
        "what",
        "where",
        "how",
        "llc",
        "inc",
        "llp",
        "corp",
        "department",
        "health",
        "care",
        "smith's",
        "any",
        "no",
        "not",
        "sir",
        "madam",
        "folks",
        "everyone",
        "team",
        "equipo",
        "señores",
        "muy",
        "mrs",
        "services",
        "office",
        "firm",
        "law",
        "kind",
        "warm",
        "many",
        "cheers",
        "yours",
        "truly",
        "respectfully",
        "cordialmente",
        "send",
        "need",
        "sorry",
        "good",
        "morning",
        "afternoon",
        "evening",
        "day",
        "días",
        "tardes",
        "noches",
        "se",
        "es",
        "el",
        "la",
        "los",
        "las",
        "un",
        "una",
        "en",
        "al",
        "con",
        "que",
        "de",
        "del",
        "copia",
        "solicitud",
        "expediente",
        "mis",
        "mi",
        "soy",
        "adjunto",
        "reference",
        "subject",
        "re",
        "fwd",
        "fw",
        "rv",
        "assistant",
        "coordinator",
        "manager",
        "director",
    ]
)
_GREETING = re.compile(
    r"^(?:thanks?(?: you)?\b.{0,40}|(?:best|kind|warm)?\s*(?:regards|wishes)|sincerely(?: yours)?|cordially|best|cheers|blessings|god bless.{0,10}|take care|xo+|love"
    r"|respectfully(?: yours)?|(?:very )?(?:yours|truly)(?: truly| yours| faithfully| sincerely)?|with (?:gratitude|thanks|appreciation).{0,40}|many thanks.{0,20}|(?:muchas |mil |muchísimas )?gracias\b.{0,60}|atentamente|atte\.?|att\.?|(?:un )?saludos?(?: cordial(?:es)?)?|cordialmente|bendiciones|que dios.{0,30}"
    r"|quedo (?:atent[oa]|al pendiente|en espera|a sus órdenes).{0,40}|sin otro particular.{0,40}|les saluda.{0,30}|un abrazo|respetuosamente)\s*[,.!]*$",
    re.IGNORECASE,
)


def cleaned(value: str) -> str | None:
    """A name as written in natural order and case, without title and what follows it."""
    value = re.sub(r"^(?:doña|don)\s+", "", value.strip(), flags=re.IGNORECASE)
    value = re.sub(r"\s+", " ", value.strip(" \t*_.,;:\"'“”<>")).strip()
    value = re.sub(r"\s*\((?=[^\W\d_]{2,12}\)\s+[A-Z])[^)]+\)\s*", " ", value)
    value = re.sub(r"\s*[\"“”«][^\"“”»]{1,30}[\"”»]\s*", " ", value)
    turned = re.fullmatch(
        rf"([{_UP}ÀÈ][{_UP}' .-]{{1,40}}),\s*([{_UP}][\w.'ÁÉÍÓÚÑÜáéíóúñ -]{{1,40}})", value
    )
    if turned and not re.fullmatch(r"(?i:jr|sr|ii|iii|iv|md|esq)\.?", turned.group(2)):
        value = f"{turned.group(2)} {turned.group(1)}"
    value = _TITLE.sub("", _AFTER.sub("", value).strip(" .,;"))
    if len(value.split()) > 3:
        value = re.sub(r"\s+[A-Z]$", "", value)
    value = re.sub(r"\s+(?:MD|M\.D\.|Esq\.?|RN|PhD|CPA|DDS)$", "", value)
    if re.search(r"\d|@", value) or not 2 <= len(value) <= 90:
        return None
    letters = [w for w in value.split() if len(w.strip(".")) > 1]
    if value.isupper() or value.islower() or all(w.isupper() for w in letters):
        value = _cased(value)
    return value


def _cased(value: str) -> str:
    """Natural case for a name all in capitals or all in small letters."""
    small = {"de", "del", "la", "las", "los", "y", "van", "von", "der"}
    roman = {"ii", "iii", "iv"}
    return " ".join(
        w.lower()
        if w.lower() in small and n
        else w.upper()
        if w.lower() in roman
        else "-".join("'".join(q.capitalize() for q in p.split("'")) for p in w.split("-"))
        for n, w in enumerate(value.split())
    )


def is_full(name: str) -> bool:
    """Whether this is more than a first name or a nickname."""
    words = [w for w in name.split() if w.strip(".")]
    real = [
        w
        for w in words
        if len(w.strip(".")) > 1
        and w.lower()
        not in {"de", "del", "la", "los", "las", "el", "y", "jr.", "sr.", "jr", "sr", "iii", "ii"}
    ]
    return (
        len(words) >= 2
        and len(real) >= 2
        and not any(w.lower().strip(".,") in _NOT_NAMES for w in real)
    )


_OF_RELATIVE = re.compile(rf"(?P<name>{_WRAPPED})['’]s\s+(?i:{_RELATIVE})\b")
_BEFORE_LEGAL = re.compile(
    rf"(?P<name>{_WRAPPED}),?\s+(?i:(?:and )?(?:that['’]?s (?:what['’]?s )?|which is |as |as it is |como )?(?:on|in|is|en|aparece en|dice)\s+(?:my|the|mi|el)\s+(?:\w+\s+)?(?:passport|birth certificate|id|ine|license|pasaporte|acta|medicare card|green card|full name|legal name|nombre completo))"
)
_HERE = re.compile(
    rf"(?:^|[.!?\n]\s*)(?:(?:Mrs?|Ms|MRS?|MS)\.?\s+)?(?P<name>{_WRAPPED})\s+(?i:here|speaking|again|writing|por aquí|de nuevo)\b"
)
_SELF_LOWER = re.compile(
    r"\b(?i:my name is|my names|name is|name|me llamo|mi nombre es|mi nombre completo es|i am|i['’]?m|soy|nombre)[ \t]+(?:(?:la|el)\s+)?(?P<name>[^\W\d_][\wáéíóúüñ'’-]+(?:\s(?:de|del|la|los|van|von)\b)*(?:\s[^\W\d_][\wáéíóúüñ'’.-]*(?:\s(?:de|del|la|los|van|von)\b)*){1,4}?)(?=\s*(?:[,.;\n]|$|\d|(?i:naci|nací|nacid[oa]|born|dob|d\.o\.b|date of birth|fecha|and|y|i|i am|bday|birthday|tengo|coma)\b))"
)
_NO_NAME_WORDS = frozenset(
    [
        "años",
        "año",
        "casa",
        "doña",
        "don",
        "the",
        "a",
        "an",
        "in",
        "on",
        "at",
        "to",
        "for",
        "from",
        "with",
        "writing",
        "trying",
        "looking",
        "sorry",
        "going",
        "having",
        "here",
        "not",
        "just",
        "so",
        "also",
        "very",
        "new",
        "old",
        "your",
        "my",
        "his",
        "her",
        "their",
        "patient",
        "paciente",
        "un",
        "una",
        "en",
        "con",
        "para",
        "por",
        "que",
        "desde",
        "muy",
        "ya",
        "no",
        "si",
        "me",
        "te",
        "se",
        "lo",
        "le",
        "asking",
        "happy",
        "glad",
        "waiting",
        "needing",
        "currently",
        "still",
        "mexico",
        "sending",
        "requesting",
        "in'need",
        "sure",
        "able",
        "there",
        "back",
        "of",
        "and",
        "y",
        "el",
        "su",
        "mi",
        "from",
        "completo",
        "complete",
        "legal",
        "full",
        "is",
        "es",
    ]
)


def _in_small_letters(text: str) -> list[Named]:
    """Names that are written without capitals, after words that announce one."""
    found = []
    for match in _SELF_LOWER.finditer(text[:20_000]):
        words = match["name"].split()
        if (
            len(words) < 2
            or words[0].lower() in {"de", "del", "la", "los"}
            or {w.lower() for w in words} & (_NO_NAME_WORDS | (_NOT_NAMES - {"de", "del", "la"}))
        ):
            continue
        name = cleaned(
            " ".join(
                w if w.lower() in {"de", "del", "la", "los", "van", "von"} else _cased(w)
                for w in words
            )
        )
        if name:
            found.append(Named(name, Way.SELF, match.start("name"), match.end("name")))
    return found


def in_text(text: str, births: list[int], providers: list[tuple[int, int]]) -> list[Named]:
    """Full names of a text by the way they are spoken of; aliases and providers are left out."""
    found: list[Named] = []
    for way, pattern in (
        (Way.LEGAL, _LEGAL),
        (Way.LEGAL, _BEFORE_LEGAL),
        (Way.SELF, _HERE),
        (Way.OTHER, _OF_RELATIVE),
        (Way.OTHER, _OTHER),
        (Way.BORN, _BORN_AFTER),
        (Way.BORN, _DATE_AFTER),
        (Way.SELF, _SELF),
    ):
        for match in pattern.finditer(text[:40_000]):
            if pattern is _OTHER and re.search(
                r"(?:\bi['’]?m|\bi am|\bsoy|\byo)\s*$",
                text[max(0, match.start() - 8) : match.start()],
                re.IGNORECASE,
            ):
                continue
            if pattern is _DATE_AFTER and not any(
                match.end() <= b <= match.end() + 3 for b in births
            ):
                continue
            _add(found, text, way, match.start("name"), match.end("name"), providers)
    subject = text.split("\n", 1)[0]
    for match in re.finditer(rf"(?:^|[-–/,:|]\s)\s*(?P<name>{NAME})\s*(?=$|[-–/,|])", subject):
        _add(found, text, Way.LINE, match.start("name"), match.end("name"), providers)
    for match in re.finditer(
        rf"(?m)^[ \t>*•-]*(?P<name>{NAME})[ \t]*[.,]?[ \t]*(?:\([^\n]*)?$", text[:40_000]
    ):
        _add(found, text, Way.LINE, match.start("name"), match.end("name"), providers)
    return found or _in_small_letters(text)


def _add(
    found: list[Named], text: str, way: Way, start: int, end: int, providers: list[tuple[int, int]]
) -> None:
    if any(a < end and start < b for a, b in providers):
        return
    if _ALIAS.search(text[max(0, start - 60) : start]):
        return
    words = text[start:end].split()
    while words and words[0].lower().strip(".,") in _NOT_NAMES:
        words.pop(0)
    for place, word in enumerate(words):
        if word.lower().strip(".,") in _NOT_NAMES and word.lower() not in {
            "de",
            "del",
            "la",
            "las",
            "los",
            "y",
            "el",
        }:
            words = words[:place]
            break
    while words and words[-1].lower() in {"de", "del", "la", "las", "los", "y", "el", "e"}:
        words.pop()
    name = cleaned(" ".join(words)) if len(words) > 1 else None
    if name and is_full(name):
        found.append(Named(name, way, start, end))


def signed(text: str) -> str | None:
    """The full name under the text, when one stands there."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for place, line in enumerate(lines):
        near_end = place >= len(lines) - 8
        after_greeting = any(_GREETING.match(x) for x in lines[max(0, place - 2) : place])
        last = place >= len(lines) - 2
        piece = re.sub(
            r"^(?:(?:best|kind|warm)?\s*regards|thanks|thank you|gracias|saludos|sincerely|respectfully|cordially|yours|xo+|love|firma:|atte\.?|atentamente|cordialmente)[,:]?\s+",
            "",
            line,
            flags=re.IGNORECASE,
        ).strip(" ,.-–—")
        piece = re.sub(r"^(?:Sra?|Mrs?|Ms|Lic|Ing|Profr?a?|C)\.\s+", "", piece)
        if (
            near_end
            and (after_greeting or last or piece != line.strip(" ,.-–—"))
            and FULL_NAME.fullmatch(piece)
        ):
            name = cleaned(piece)
            if name and is_full(name) and len(piece) < 60:
                return name
    return None
