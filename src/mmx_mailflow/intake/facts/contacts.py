"""Phones, mail addresses and postal addresses that a person offers as a contact."""

from __future__ import annotations

import re
from dataclasses import dataclass

import phonenumbers
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher

from mmx_mailflow.intake.facts.spelled import plain

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}")
_NOT_TO = re.compile(
    r"(?:(?<=[\s·|/])F[x.]?|\bFx\.?)\s*:?\s*$|\b(?:fax(?:ed)?(?: to| number| no\.?)?|conmutador|switchboard|main|toll[- ]free|ext(?:ension)?|not|no me|pager|nss|folio|ticket|policy|account|cuenta|p[oó]liza|expediente|mrn|invoice|rfc|curp|ssn|old number|ya no|antes era|instead of|gate|id|order|reservation|confirmation|case|claim|lote|lot|serial)\s*[:.#]?\s*(?:no\.?|number|n[uú]mero|is|was|es|era|at|al|to)?\s*[:#(]?\s*$",
    re.IGNORECASE,
)
_DEAD = re.compile(
    r"^[\s,.)]*(?:\(?fax\)?(?!\W*\d)|is the fax|no longer|ya no|is disconnected|no funciona|does not work|doesn['’]t work)",
    re.IGNORECASE,
)
_NOT_MAIL = re.compile(
    r"\b(?:not|don['’]?t|do not|no|instead of|wrong|old|cc (?:her|him|them)(?: at)?|please do not|por favor no|ya no)\b[^.\n]{0,25}$|\b(?:niece|nephew|neighbor|privacy|privacidad|notify|unsubscribe|inscripciones|aviso)\b[^.\n@]{0,22}[(<]?$|\b(?:from|de|to|para|cc)\s*:[^\n@]{0,30}[(<]?$",
    re.IGNORECASE,
)
_DO_NOT_AFTER = re.compile(
    r"^[)\s,.;]*(?:but|pero)?\s*(?:please\s+)?(?:do not|don['’]?t|no le|ya no|no la|not anymore|no longer|bounc)",
    re.IGNORECASE,
)
_STREET_KIND = r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Boulevard|Blvd|Drive|Dr|Way|Court|Ct|Circle|Cir|Place|Pl|Terrace|Ter|Trail|Trl|Parkway|Pkwy|Highway|Hwy|Loop|Row|Square|Sq|Crescent|Cres|Run|Path|Pike|Cove|Ridge|Bend|Alley|Plaza|Point|Commons)"
_ZIP = r"(?:\d{5}(?:-\d{4})?|[A-Z]\d[A-Z]\s?\d[A-Z]\d)"
_STATE_NAMES = r"Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming|Ontario|Quebec|British Columbia|Alberta|Manitoba|Nova Scotia"
_STATE = rf"(?:A[BKLRZ]|BC|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ABDEINOST]|N[BCDEHJLMSTVY]|O[HKNR]|P[AE]|QC|RI|S[CDK]|T[NX]|UT|V[AT]|W[AIVY]|YT|{_STATE_NAMES})"
_STATE_ZIP = re.compile(
    rf"\b(?:{_STATE}|(?i:{_STATE_NAMES}))\.?,?\s{{1,3}}{_ZIP}\b(?:,?\s(?:Canada|USA|U\.S\.A\.))?"
)
_HOUSE = re.compile(
    r"(?:\bP\.?\s?O\.?\s+Box\s+\d{1,6}|\b(?i:RR|RT|Rural Route|HC)\.?\s?\d+(?:,?\s+(?i:Site)\s+\d+)?(?:,?\s+(?i:Box)\s+\d+)?|\b(?i:Box)\s+\d+|(?<![\w/.-])\d{1,6}[A-Z]?(?:-\d{1,5})?(?=\s+(?:\d+(?:st|nd|rd|th)\b|[A-Za-zÁÉÍÓÚÑ])))"
)
_INSIDE = re.compile(
    r"(?:\b(?:apt|unit|suite|ste|no|num|int|depto|box|rr|floor|bldg)\.?|#)\s*$", re.IGNORECASE
)
_SHORT_NORTH = re.compile(
    rf"(?<![\w/.-])\d{{1,6}}\s(?:[NSEW]\.?\s)?(?:[A-Z0-9][\w.'-]{{0,20}}\s){{1,4}}{_STREET_KIND}\b\.?"
)
_MEXICAN = re.compile(
    r"\b(?i:Calle|C/|Avenida|Av\.?|Avda\.?|Ave\.|Blvd\.?|Bulevar|Boulevard|Calzada|Calz\.|Privada|Priv\.|Paseo|Callej[oó]n|Andador|Circuito|Cerrada|Prol\.|Prolongaci[oó]n|Carretera|Retorno|Rinconada)\s[^\n@:,]{2,60}?\s#?\d{1,5}\b"
)
_COLONIA = re.compile(
    r",\s*(?:\w{2,6}\.?\s\d{1,4}\s*,\s*)?(?:Col\.|Colonia|Fracc\.?|Fraccionamiento|Barrio)\s"
)
_STREET_BEFORE = re.compile(
    r"(?:[A-ZÁÉÍÓÚÑ][\wáéíóúñ.]*\s|(?:de|del|la|los|las|y)\s){1,7}(?:[Nn][uú]m(?:ero|\.)?\s|[Nn]o\.?\s)?#?\d{1,5}(?:[ -]?[A-Z]\b)?$"
)
_ENDS_THERE = re.compile(
    r"\n\s*\n|;|\s[yY]\s+(?:el|mi|en|mis|pueden|me)\b|(?<!Col)(?<!Fracc)(?<!Av)(?<!Int)(?<!Pte)(?<!Ote)(?<!Cd)(?<!Priv)\.\s+(?!(?:C\.?P|Col|[A-ZÁ][a-z]{0,3}\.|\d))|[.,]?\s*\b(?:[Tt]el|[Cc]el|CEL|TEL|[Pp]hone|[Mm][oó]vil|[Ww]hats[Aa]pp|[Ff]ax|[Ee]-?mail|[Cc]orreo|[Mm]i\s|[Cc]onmutador|[Gg]racias|[Aa]tte)|\n[^\n]*[@:]|\n(?:\W*\(?\d{2,3}\)?[\s.-]\d{3,4})|\)|\s[|·]\s|\n(?=(?:Saludos|Atentamente|Gracias|Quedo|Tel))"
)
_NOT_PART = re.compile(
    r"[,.\s]*\b(?:tel|cel|phone|m[oó]vil|whatsapp|fax|mi tel|y el|y mi|e-?mail|correo|cell|born|dob|i do|god|thank|gracias|conmutador|atte)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
NORTH = re.compile(
    r"\b(?:california|arizona|texas|nevada|new mexico|nuevo m[eé]xico|illinois|colorado|washington|oregon|florida|utah|georgia|fresno|houston|dallas|austin|san antonio|phoenix|tucson|yuma|los [aá]ngeles|san diego|chula vista|sacramento|las vegas|denver|chicago|el paso|mcallen|brownsville|nueva york|new york|canad[aá]|toronto|vancouver|calgary|winnipeg|estados unidos|ee\.?uu\.?)\b",
    re.IGNORECASE,
)
"""Places in the United States and Canada: a number that both plans know is probably theirs."""
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Phone:
    """A number with its place in the text."""

    number: str
    start: int
    end: int


def phones(text: str, *, mexican: bool) -> list[Phone]:
    """The numbers of a text as E.164; a fax, a switchboard and what is no contact are left out.

    A number that is valid in one country alone is that country's; where both can be, its
    grouping decides and then the writer's country. The old Mexican mobile prefix `+52 1` is
    written without the 1 (since 2019 it is not dialled).
    """
    changed = plain(text[:_LONGEST])
    words = re.sub(r"[–—‑‒]", "-", changed.text)
    words = re.sub(
        r"\+52([\s.-]*)\(?1\)?([\s.-]+)(?=\(?\d)",
        lambda m: "+52" + " " * (len(m.group()) - 3),
        words,
    )
    words = re.sub(r"(?<=\d) - (?=\d)", "-  ", words)
    words = _DATE.sub(lambda m: " " * (len(m.group()) - 1) + ";", words)
    found: dict[str, Phone] = {}
    for start, end, digits, raw in _numbers(words):
        number = _e164(digits, raw, mexican=mexican)
        before = words[max(0, start - 40) : start]
        if number is None or _NOT_TO.search(before) or _DEAD.match(words[end : end + 30]):
            continue
        begin, until = changed.span(start, end)
        found.setdefault(number, Phone(number, begin, until))
    return list(found.values())


_DATE = re.compile(r"(?<![\d-])\d{1,2}([/.-])\d{1,2}\1(?:\d{4}|\d\d)(?![\d.-])")
_RUN = re.compile(
    r"(?<![\w/$€#.,-])(?:\+\s?|00)?\(?\d(?:(?:[ \t()-]{0,3}|\.)\d){8,14}(?![\d/]|-\d)"
)


def _numbers(words: str) -> list[tuple[int, int, str, str]]:
    found = []
    for match in _RUN.finditer(words):
        raw = match.group()
        digits = re.sub(r"\D", "", raw)
        if re.search(r"\b(?:19|20)\d\d-\d\d-\d\d|\d{1,3}(?:\.\d{1,3}){3}\b", raw):
            continue
        if ("\n" in raw and len(digits) > 12) or re.search(r"\n\s*\n", raw):
            continue
        found.append((match.start(), match.end(), digits, raw))
    for region in ("US", "MX"):
        found = found or [
            (m.start, m.end, re.sub(r"\D", "", m.raw_string), m.raw_string)
            for m in PhoneNumberMatcher(words, region, leniency=Leniency.VALID, max_tries=50)
        ]
    return found


def _e164(digits: str, raw: str, *, mexican: bool) -> str | None:
    if raw.lstrip("( ").startswith(("+", "00")):
        return _valid("+" + digits.removeprefix("00"), None)
    if len(digits) == 12 and digits.startswith("52"):
        return _valid("+" + digits, None)
    if len(digits) == 13 and digits.startswith(("521", "044", "045")):
        return _valid("+52" + digits[3:], None)
    if len(digits) == 11 and digits.startswith("1"):
        return _valid("+" + digits, None)
    if len(digits) != 10:
        return None
    here, there = _valid(digits, "US"), _valid(digits, "MX")
    if here and there:
        by_two = re.search(r"^\(?\d\d\)?[\s.-]+\d{4}[\s.-]+\d{4}$", raw.strip()) is not None
        return there if mexican or by_two else here
    if there and not here:
        return there
    return here


def _valid(digits: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    return (
        phonenumbers.format_number(number, PhoneNumberFormat.E164)
        if phonenumbers.is_valid_number(number)
        else None
    )


def emails(text: str, ours: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The mail addresses that a text offers; the office's own domains do not count."""
    found: dict[str, None] = {}
    for match in _EMAIL.finditer(text[:_LONGEST]):
        address = match.group().lower().rstrip(".")
        before, after = (
            text[max(0, match.start() - 60) : match.start()],
            text[match.end() : match.end() + 40],
        )
        if (
            re.match(
                r"(?:privac|compliance|postmaster|no-?reply|abuse|webmaster|equity|unsubscribe|inscripci|mailer)",
                address,
            )
            or address.rpartition("@")[2] in ours
            or _NOT_MAIL.search(before)
            or _DO_NOT_AFTER.match(after)
        ):
            continue
        found[address] = None
    return tuple(found)


def postal_address(text: str) -> tuple[str, int, int] | None:
    """The first street address in a text, line breaks folded, with its place."""
    text = text[:_LONGEST]
    found = _northern(text) or _mexican(text)
    if found is None:
        short = _SHORT_NORTH.search(text)
        if short is None:
            return None
        end = _end(text, short.end(), 60)
        found = (short.start(), end)
    start, end = found
    folded = _NOT_PART.sub("", re.sub(r"\s+", " ", text[start:end])).strip(" ,.;")
    return (folded, start, end) if len(folded) > 8 else None


def _northern(text: str) -> tuple[int, int] | None:
    """From the house number to the code: looked for backwards from state and code."""
    for anchor in _STATE_ZIP.finditer(text):
        low = max(0, anchor.start() - 130)
        blank = text.rfind("\n\n", low, anchor.start())
        low = blank + 2 if blank >= 0 else low
        houses = [
            m
            for m in _HOUSE.finditer(text, low, anchor.start())
            if not _INSIDE.search(text[max(0, m.start() - 8) : m.start()])
        ]
        if houses:
            return houses[-1].start(), anchor.end()
    return None


def _mexican(text: str) -> tuple[int, int] | None:
    """From the street to the end of the phrase: found by its kind, or by the colonia after it."""
    street = _MEXICAN.search(text)
    if street is not None:
        return street.start(), _end(text, street.end(), 160)
    for anchor in _COLONIA.finditer(text):
        low = max(0, anchor.start() - 60)
        before = _STREET_BEFORE.search(text[low : anchor.start()])
        if before is not None:
            return low + before.start(), _end(text, anchor.end(), 130)
    return None


def _end(text: str, start: int, most: int) -> int:
    stop = _ENDS_THERE.search(text, start, min(len(text), start + most))
    return stop.start() if stop is not None else min(len(text), start + most)
