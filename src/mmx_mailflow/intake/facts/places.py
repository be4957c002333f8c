"""Clinics, hospitals, laboratories and doctors that hold the records, as they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KIND = (
    r"(?:[Hh]ospital|HOSPITAL|[Cc]l[ií]nica|CL[IÍ]NICA|[Cc]linic|[Cc]entro|CENTRO|[Ll]aboratorios?|LABORATORIO|[Ss]anatorio|SANATORIO|[Ii]nstituto|INSTITUTO|Policl[ií]nica|Unidad(?= (?:M[eé]dica|de|Quir))|Consultorio|CONSULTORIO|Grupo(?= M[eé]dico)|M[eé]dica|Torre(?= M[eé]dica)"
    r"|Oftalmol[oó]gica|Oftalmolog[ií]a|Maternidad|MATERNIDAD|Ortopedia|Urolog[ií]a|Cardiolog[ií]a|Odontolog[ií]a|Dermatolog[ií]a|Traumatolog[ií]a|Fisioterapia|Rehabilitaci[oó]n|An[aá]lisis(?= Cl[ií]nicos)|Dental|Diagn[oó]sticos?|Imagenolog[ií]a|Radiolog[ií]a|Fertilidad|Imagen(?= Diag)|Biom[eé]dica|Derma|Odonto\w*|Urgencias|Visi[oó]n(?= [A-Z])|Cruz(?= (?:Roja|Azul|Verde))|Beneficencia|Star(?= M[eé]dica)|CHRISTUS|Christus|IMSS|ISSSTE|Bariatric|Smile|Sonrisa|Oasis|Est[eé]tica|Spa|Cirug[ií]a(?= (?:Pl[aá]stica|Est))|Dentistas?|Ortodoncia|Farmacia|Ultrasonido(?= [A-Z]))"
)
_CAP = r"(?:[A-ZÁÉÍÓÚÑ][\wáéíóúüñ'’&-]*|\d{1,2}\b(?= de [A-ZÁÉÍÓÚÑ]))"
_SMALL = r"(?:de|del|la|las|los|el|y|e|of|the|para|&|San|Santa|Nuestra)"
_NAMED = re.compile(
    rf"\b{_KIND}(?:(?![ \t\n](?:y|e|and|&)[ \t\n](?:(?:el|la|the|en)[ \t\n])?{_KIND})[ \t\n](?:{_SMALL}[ \t\n]){{0,3}}(?!(?:Dra?|DRA?|Doctora?)\b){_CAP}){{1,6}}"
)
_OF_DOCTOR = re.compile(
    rf"\b(?:[Cc]l[ií]nica|[Cc]onsultorio)(?:[ \t\n]+[a-záéíóúñ]+){{0,2}}[ \t\n]+(?:del|de la)[ \t\n]+(?:doctora?|[Dd]ra?\.?)[ \t\n]+{_CAP}(?:[ \t]+{_CAP}){{0,3}}"
)
_ENDS = re.compile(
    rf"\b{_CAP}(?:[ \t\n](?:{_SMALL}[ \t\n]){{0,2}}{_CAP}){{0,4}}[ \t\n](?:Hospital|Clinic|Medical (?:Center|Group|Tower|Centre)|Surgical Center|Surgery Center|Surgical|Surgery|Health(?:care)?|Wellness"
    rf"|Dental(?: (?:Care|Group|Clinic|Center|Studio|Office))?|Dentistry|Lab(?:s|oratory|oratories)?|Imaging|Institute|Bariatrics?|Orthopedics|Fertility|Center|Centre|Diagnostics|Solutions|Radiology|Smiles?|M[eé]dica|Spine|Vision|Eye)\b(?:[ \t](?:(?:of|de|del)[ \t])?(?:[A-Z][\wáéíóúñ]+)){{0,2}}"
)
_DOCTOR = re.compile(
    rf"\b(?:[Dd]r|[Dd]ra|DR|DRA|[Dd]octor|[Dd]octora|DOCTOR)\b\.?[ \t\n]+{_CAP}(?:[ \t\n](?:(?:de|del|la|los)[ \t]){{0,2}}{_CAP}){{0,3}}"
)
_CALLED = re.compile(
    r"\b(?i:place|clinic|hospital|lab|doctor|docter|surgeon|dentist|provider|office|cl[ií]nica|laboratorio|m[eé]dico|cirujan[oa]|dentista|doctora|consultorio|lugar|sanatorio|he|she|it|traumat[oó]logo|ginec[oó]log[oa]|cardi[oó]log[oa]|oftalm[oó]log[oa]|ort[oó]pedista|anesthesiologist)(?:['’]s)?\s+(?:name\s+)?(?:[a-zé]+\s+){0,2}?"
    r"(?i:is called|was called|called|named|is named|was named|name was|name is|is|was|se llama(?:ba)?|se apellida(?:ba)?|era|es|fue|llamad[oa]|of|at)\s+(?:el |la |the |a |un |una |en )?[\"“']?"
    rf"(?P<name>{_CAP}(?:[ \t\n](?:{_SMALL}[ \t\n]){{0,3}}{_CAP}){{0,5}})"
)
_AT = re.compile(
    rf"\b(?:at|@)\s+(?:the\s+)?(?P<name>{_CAP}(?:[ \t\n](?:{_SMALL}[ \t\n]){{0,2}}{_CAP}){{1,5}})"
)
_EN = re.compile(
    r"\b(?i:en|in)\s+(?:el\s+|la\s+|the\s+)?(?P<name>(?!Las|Los|San|Santa|El|La|New|Fort|North|South|West|East|Saint|St|Salt|Playa|Puerto|Ciudad|Cabo|Nuevo|Nueva)(?:[A-ZÁÉÍÓÚÑ]{2,}(?:[ \t][A-ZÁÉÍÓÚÑ][a-záéíóúñ]+){1,3}|[A-ZÁÉÍÓÚÑ][a-záéíóúñ]+(?:[ \t][A-ZÁÉÍÓÚÑ][a-záéíóúñ]+){1,3}))(?!\s*,?\s*(?:[A-Z]{2}\b|\d))"
)
_SMALL_DOCTOR = re.compile(
    r"\b(?P<name>(?:dra?|doctora?)\.? (?!who|que|me\b|wrote|put\b|did\b|gave|saw\b|took|has\b|had\b|does|can\b|es\b|le\b|se\b|lo\b|says|said|dijo|told|wants|here|asked|needs|at\b|in\b|en\b|de\b|del\b|is\b|was\b|and\b|y\b|for\b|visit|appointment|office|will|now|aqui|aquí|pide|nuevo|nueva)[a-záéíóúñ]{3,}(?: [a-záéíóúñ]{3,}){0,2}?)(?= (?:en|in|at|y|and|el|on|me|necesito|i|who|que|from|for|para|con|was|quiero|the|la|mi|my|soy)\b|\s*[,.;\n\d(]|$)"
)
_SMALL_LETTERS = re.compile(
    r"\b(?P<name>(?:hospital|cl[ií]nica|clinica|sanatorio|laboratorios?|centro m[eé]dico|centro|instituto|imagenolog[ií]a|maternidad|dental|ortopedia)(?: (?:de|del|la|los|san|santa)\b)*(?: (?!where|soy\b|mis\b|necesito|my\b|naci|three|two|last|this|ago|hace|ayer|donde|that|que|in\b|en\b|and\b|y\b|el\b|me\b|para|for|i\b|my|mi\b|to\b|me|is|was|fue|de\b|del\b|la\b|con\b|the|records?|stay|bill|me)[a-záéíóúñ]+(?: (?:de|del|la|los)\b(?= [a-záéíóúñ]))*){1,4}?)(?= (?:en|in|at|on|el|con|with|y|and|me|where|donde|para|for|del?|por|i|when|cuando|a|the|dr|dra)\b|\s*[,.;\n\d(]|$)"
)
_COMMA_TOWN = re.compile(
    rf"(?:^|[\s,;.])(?P<name>{_CAP}(?:[ \t](?:{_SMALL}[ \t]){{0,2}}{_CAP}){{1,4}})\s+in\s+[A-Z]"
)
_TOWNS = "Tijuana|Mexicali|Ensenada|Tecate|Rosarito|Los Algodones|Algodones|Guadalajara|Monterrey|Canc[uú]n|M[eé]rida|Mazatl[aá]n|Puerto Vallarta|Vallarta|Cabo San Lucas|Los Cabos|San Jos[eé] del Cabo|La Paz|Hermosillo|Nogales|Ju[aá]rez|Ciudad Ju[aá]rez|Chihuahua|Toluca|Durango|Puebla|Zapopan|Chapala|Quer[eé]taro|Le[oó]n|Aguascalientes|Saltillo|Torre[oó]n|Reynosa|Matamoros|Nuevo Progreso|Nuevo Laredo|Laredo|Playa del Carmen|Cozumel|Oaxaca|Veracruz|Culiac[aá]n|Obreg[oó]n|San Luis|Morelia|Acapulco|Cuernavaca|Pachuca|Tampico|Tepic|Villahermosa|Zacatecas|Colima|CDMX|Mexico City|Ciudad de M[eé]xico|M[eé]xico|Mexico|TJ|Tj|TIJUANA|MEXICALI|GUADALAJARA|Baja California|Sonora|Jalisco|Sinaloa|Nayarit"
_IN_TOWN = re.compile(rf"\s+(?:en|in|at|EN|IN)?\s*(?:{_TOWNS})\.?$")
_TOWN_ONLY = re.compile(
    rf"(?:{_TOWNS}|Kaiser.*|Medicare|Texas|California|Arizona|Chicago|Houston|Phoenix|San Diego|El Paso|Los Angeles|English|Spanish|Saturday|Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|MedicalMex.*|I|My|The|Google|Zoom|WhatsApp|January|February|March|April|May|June|July|August|September|October|November|December|Enero|Febrero|Marzo|Abril|Mayo|Junio|Julio|Agosto|Septiembre|Octubre|Noviembre|Diciembre)\b",
    re.IGNORECASE,
)
_AT_HOME = re.compile(
    r"\b(?:my|our|his|her|new|current|family|local|primary|mi|su|nuev[oa]|actual)\s+(?:[a-záéíóúñ-]+\s+){0,4}(?:doctor|physician|surgeon|cardi\w+|orthop\w+|ortop\w+|specialist|m[eé]dico|pcp|dentist\w*|oncolog\w+|onc[oó]log\w+|neurolog\w+|neur[oó]log\w+|gine\w+|gyn\w+|gastro\w+|rheum\w+|reumat\w+|pediatr\w+|provider|therapist|fisio\w+|physio)[^.\n]{0,25}$"
    r"|\b(?:doctor|dentist|surgeon|physician|specialist|cardiologist|m[eé]dico|dentista|doctora)\s+(?:down |back |over |at |up )*(?:here|home|aqu[ií]|ac[aá])\b[^.\n]{0,30}$|\bhere at home\b[^.\n]{0,10}$"
    r"|\b(?:send|fax|forward|bring|show|give|enviar|mandar|llevar\w*|ense[ñn]ar\w*|mostrar\w*)\b[^.\n]{0,40}\b(?:to|a|al)\s+(?:my\s+|mi\s+)?$|\b(?:see|seeing|appointment|cita)\s+(?:\w+\s+){0,3}(?:with|con)\s+(?:my\s+|mi\s+)?$|\bpara\s+(?:que\s+)?(?:el|la|mi)\s*$|\b(?:asked|asks|wants|requested by|needed by|required by|pide|solicita)\b[^.\n]{0,15}$",
    re.IGNORECASE,
)
_WANTS_IT = re.compile(
    r"^[^.\n]{0,45}\b(?:wants|asks|asked|needs|is asking|would like|wishes|requires|will see|me (?:los |las |la |lo )?pid\w+|quiere|necesita|solicita|is requesting|is waiting)\b",
    re.IGNORECASE,
)
_NOT_THERE = re.compile(
    r"\b(?:skip|except|excepto|salvo|menos|not|no(?:t)? (?:at|in|from)|no fue|no era|no me atendi\w+|instead of|rather than|wrong|en vez de|en lugar de|insured by|insurance|seguro|work(?:s|ed)? (?:at|for)|trabajo en|not the one)\s+(?:(?:at|in|en|el|la|the)\s+){0,2}$",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"^\W*(?:i\s+)?(?:do(?:n['’]?t| not)\s+(?:know|remember|recall)|not\s+sure|unknown|unsure|n/?a|no\s+(?:s[eé]|recuerdo|lo\s+s[eé]|me acuerdo|tengo|estoy segur)|desconozco|none|se desconoce|can['’]?t (?:remember|recall)|forgot|\?+)",
    re.IGNORECASE,
)
_LONGEST = 40_000


@dataclass(frozen=True, slots=True)
class Placed:
    """A provider of the text with its place."""

    name: str
    start: int
    end: int


def from_label(value: str) -> tuple[str, ...]:
    """The providers of a labelled answer; `I do not know` is none."""
    found = [p.name for p in in_text(value)]
    if found:
        first = value[: value.find(found[0])] if found[0] in value else ""
        lead = re.sub(
            r"[\s,(/;]+$", "", re.split(r",|\bwith\b|\bcon\b|\bthe\b|\(", first)[0]
        ).strip(" .:-")
        named = lead and lead[:1].isupper() and len(lead.split()) > 1 and not _TOWN_ONLY.match(lead)
        return (lead, *found) if named and not _UNKNOWN.match(value) else tuple(found)
    if _UNKNOWN.match(value) or re.match(
        r"(?:[áa]rea|departamento|archivo|records|a quien|to whom)\b", value, re.IGNORECASE
    ):
        return ()
    pieces = re.split(r"\s*(?:;|\band\b|\bat\b|\bwith\b|\bcon\b|/|\n|\b[yY] (?=[A-Z]))\s*", value)
    names = (
        re.sub(r"\s*(?:,|\(|\s[–—-]\s|\bin [A-Z]|\ben [A-Z]|\.\s).*$", "", p).strip(" .,*")
        for p in pieces
    )
    return tuple(
        n for n in names if 3 <= len(n) <= 90 and len(n.split()) < 9 and not _TOWN_ONLY.fullmatch(n)
    )


def in_text(text: str) -> list[Placed]:
    """The providers that a text names; the doctor at home who wants to see records is none."""
    text = text[:_LONGEST]
    found: list[Placed] = []
    for pattern in (_OF_DOCTOR, _NAMED, _ENDS, _DOCTOR, _CALLED, _AT):
        for match in pattern.finditer(text):
            start, end = match.span("name") if "name" in pattern.groupindex else match.span()
            _add(found, text, start, end, doctor=pattern is _DOCTOR)
    if not any(not p.name.lower().startswith(("dr", "doc")) for p in found):
        for match in _SMALL_LETTERS.finditer(text):
            _add(found, text, match.start("name"), match.end("name"), doctor=False)
    if not any(not p.name.lower().startswith(("dr", "doc")) for p in found):
        for match in (*_COMMA_TOWN.finditer(text), *_EN.finditer(text)):
            _add(found, text, match.start("name"), match.end("name"), doctor=False)
    if not any(p.name.lower().startswith(("dr", "doc")) for p in found):
        for match in _SMALL_DOCTOR.finditer(text):
            _add(found, text, match.start("name"), match.end("name"), doctor=True)
    found.sort(key=lambda p: p.start)
    return _distinct(found)


_AT_HOME_PLACE = re.compile(
    r"\b(?:my|mi|our|nuestr[oa])\s+(?:own\s+)?(?:\w+\s+){0,2}(?:gp|doctor|physician|dentist|pcp|m[eé]dico|doctora|specialist|surgeon|\w{4,}(?:ist|[oó]log[oa]))\b(?:[^.;\n]|(?<=\bDr)\.|(?<=\bDra)\.){0,40}\b(?:at|of|from|de|del|en)\s+(?:the\s+|la\s+|el\s+)?$",
    re.IGNORECASE,
)
_FULL_LINE = 50


def _wrapped_end(text: str, start: int, end: int) -> int:
    """A name goes over a line's end only where the line is full."""
    cut = text.index("\n", start, end)
    return end if cut - (text.rfind("\n", 0, start) + 1) >= _FULL_LINE else cut


def _elsewhere(text: str, start: int, end: int, *, doctor: bool) -> bool:
    """Whether a provider is denied, or is the one at home who wants to see the records."""
    before = text[max(0, start - 90) : start]
    if _NOT_THERE.search(before):
        return True
    if not doctor:
        return _AT_HOME_PLACE.search(before) is not None
    return bool(_AT_HOME.search(before) or _WANTS_IT.match(text[end : end + 70]))


def _add(found: list[Placed], text: str, start: int, end: int, *, doctor: bool) -> None:
    if any(start < p.end and p.start < end for p in found):
        return
    if doctor and "\n" in text[start:end]:
        end = _wrapped_end(text, start, end)
    words = re.sub(r"\s+", " ", text[start:end]).strip(" .,'\"")
    cut = _IN_TOWN.sub("", words)
    if " de " + words[len(cut) :].strip() not in words and len(cut.split()) > 1:
        words = cut
    words = (
        re.split(
            r"\s+(?:I|My|Mi|Want|Full|Name|Patient|DOB|Dob|Phone|Paciente|Nombre|Fecha|WAS|IT|DR|DRA)\b(?=\s|$)(?!\s+(?:DR|Dr)\b)",
            words,
        )[0]
        if not doctor
        else re.split(r"\s+(?:I|WAS|IT|MY|The|My|El|La|En|Y|Phone|Tel|Me|Mi)\b", words)[0]
    )
    if words.isupper() and not doctor:
        words = re.split(
            r"\s+(?:LAST|AND|THEY|THE|FOR|WHERE|THAT|THIS|ON|IN|WITH|Y|ME|NO|EN|CON|PARA|POR|QUE|DESDE|HACE|DONDE|EL|I|HE|SHE|WE|DR|DRA|DOCTOR)\b",
            words,
        )[0]
    if "\n" in text[start:end] and text[end : end + 1] == ":":
        words = re.sub(r"\s+", " ", text[start:end].rpartition("\n")[0]).strip(" .,")
    if re.fullmatch(
        rf"(?:{_KIND}|P\.?O\.?(?: Box)?|Box|RR|DOCTOR \w+|[ÁA]rea.*|ÁREA.*)", words
    ) or re.match(r"(?:P\.?O\.? Box|I['’]m)", words):
        return
    if len(words) < 3 or _TOWN_ONLY.fullmatch(words):
        return
    if _elsewhere(text, start, end, doctor=doctor):
        return
    found.append(Placed(words, start, end))


def _distinct(found: list[Placed]) -> list[Placed]:
    """Each provider once, by its fullest name."""
    kept: list[Placed] = []
    for place in found:
        words = _key(place.name)
        same = next(
            (n for n, k in enumerate(kept) if words <= _key(k.name) or _key(k.name) <= words), None
        )
        if same is None:
            kept.append(place)
        elif len(words) > len(_key(kept[same].name)):
            kept[same] = place
    return kept


def distinct(found: list[str]) -> list[str]:
    """Each name once, the fullest form of it."""
    return [p.name for p in _distinct([Placed(n, 0, 0) for n in found])]


_TITLES = frozenset(["dr", "dra", "doctor", "doctora", "de", "del", "la", "el", "the"])


def _key(name: str) -> frozenset[str]:
    return frozenset(w.strip(".") for w in name.lower().split()) - _TITLES
