"""What the person wants copies of, in their own words."""

from __future__ import annotations

import re

from mmx_mailflow.intake.facts.when import sentence

NOUN = re.compile(
    r"\b(?:records?|recods|expedientes?|historial(?:es)?|chart|files?|x[- ]?rays?|xrays|radiograf\w+|placas?|films?|images?|imaging|im[aá]gene?s?|pictures?|photos?|photographs?|fotos?|fotograf\w+|video|mri|mris|resonancias?|ct|cat|tac|tomograf\w+|scans?|ultrasounds?|ultrasonidos?|ecograf\w+|eco|echo\w*|ekg|ecg|electro\w+|mammogram\w*|mamograf\w+|dexa|densitometr\w+|angio\w+"
    r"|reports?|reportes?|informes?|results?|resultados?|labs?|laboratorios?|lab ?work|bloodwork|blood (?:work|tests?|panel)|tests?|an[aá]lisis|estudios?|pruebas|biometr\w+|hemogram\w*|qu[ií]mica|perfil\w*|panel|a1c|cultures?|cultivos?|semen|patholog\w+|patolog\w+|path|histo\w+|biops\w+|cytolog\w+|citolog\w+|papanicola\w+|pap|slides|laminillas"
    r"|notes?|notas?|summar\w+|res[uú]men\w*|discharge|epicrisis|egreso|hojas?|alta|ingreso|op(?:erative)? (?:report|notes?)|records|consult\w*|chart|prescriptions?|recetas?|medications?|medicamentos|medicinas|meds|immuni\w+|vaccin\w+|vacunas?|cartilla|cards?|stickers?|etiquetas?|implants?|implantes?|serial|lot numbers?|n[uú]meros?|brand|marca|model|modelo|certificates?|certificados?|constancias?|letters?|cartas?|plans?|planes?|audiogram\w*|colonoscop\w+|endoscop\w+|tracings?|strips|myelogram\w*|measurements?|maps|sheets?|settings|acuity|protocols?|protocolos?|bills?|billing|statements?|invoices?|factura|receipts?|recibos?|itemized|list|lista|consent|consentimiento|documents?|documentos?|documentaci[oó]n|papers?|paperwork|papeles|copies|copy|copias?|cd|disc|disk|discos?|evaluaci[oó]n\w*|evaluations?|valoraci[oó]n\w*|diagn[oó]sti\w+|diagnosis|diagnoses|histor\w+|flow ?sheets|slip|tarjetas?|gammagrama\w*|marcador\w*|interpretaci[oó]n\w*|audiometr\w+|bit[aá]cora|cariotipo|niveles|levels|creatinine\w*|cross-?match\w*|dicom|logs?|diagram|stills?|instructions?|indicaciones|forms?|dictamen|sheets?|drops?|pics|molds?|impressions?|panor[aá]mica|ortopantomograf\w+|periapical|cbct|espirometr\w+|spirometry|holter|stress test|prueba de esfuerzo|cateterismo|name of the|lo que (?:escribi\w+|pus\w+)|whatever|everything|todo)\b",
    re.IGNORECASE,
)
WANT = re.compile(
    r"\b(?:(?:i|we|he|she|they|dr\.?|doctor|\w+ist|insurance|lawyer|school)?\s*(?:still |also |only |just |really |now )*(?:need(?:s|ed)?|nead|wants?|wanted|wish(?:es)?|require[sd]?)(?: to (?:get|have|see|obtain|request|order|look at|ask for))?|would (?:also )?(?:like|love|appreciate)(?: to (?:get|have|request|receive|obtain|see|ask for|order))?|i['’]d (?:also )?(?:like|love|appreciate)(?: to (?:get|have|request|receive|obtain|see|ask for))?|(?:am |['’]m )?(?:requesting|request|asking(?: you)? for|after|looking for|seeking|chasing)|asks? for|asked (?:me )?for|(?:is|are) asking (?:me )?for"
    r"|(?:please|pls|plz|kindly)\s+(?:also\s+)?(?:send|get|forward|add|include|provide|mail|email|obtain|request|find|release)(?: me| us| over| along| to)*|send (?:me|us|over|along)|get me|get (?:hold of|ahold of|a hold of)|(?:can|could|would|will) (?:you|u|someone|somebody) (?:please |pls )?(?:get|send|help me (?:get|obtain|with)|obtain|mail|email|request|track down|pull|find)(?: me| us)?|trying? to (?:get|obtain|find|track down)|to (?:obtain|request|collect)|what (?:i|we) (?:want|need)(?: is| are)?|(?:to )?(?:furnish|provide|supply) (?:them|him|her|me) with|include|help (?:me )?(?:get|getting|obtain)"
    r"|(?:yo )?(?:necesito|necesitamos|necesita|nesesito|nesecito|quiero|queremos|quiere|quieren|quisi(?:era|éramos|eramos)|solicito|solicitamos|solicita(?:n|r)?|pido|pedimos|pide|piden|pedir(?:les|le)?|ocupo|ocupamos|ocupan?|requiero|requerimos|requiere|deseo|busco|me gustar[ií]a|me urgen?|me hace(?:n)? falta|(?:me )?faltan?)(?: (?:que )?(?:me )?(?:mand\w+|env\w+|consig\w+|obten\w+|tener|pedir|solicitar|ped\w+|ayud\w+ (?:a|con)(?: conseguir| obtener)?))?"
    r"|(?:mand|envi|env[ií]|consegu|consig|agregu|inclu|anex|fac?ilit|proporcion)\w*(?:me|nos|les|lo)?|(?:se )?(?:pide|solicita)n?|copias? (?:de|del|simple de|certificada de)|cop(?:y|ies) of)\b",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"\s*(?:,|;|—|-{2}|\()?\s*\b(?:because|becuase|bc|cuz|since (?:i|my|the|he|she)|so (?:that|my|i|he|she|the|we)|in order to|for my (?:new |own |family |primary )?(?:doctor|primary|insurance|dentist|physician|\w+ist\b|lawyer|files|surgeon|pcp)|for the insurance|as soon as|thank|call me|my (?:phone|cell|number|name|birthday|dob)|i (?:was|had|am)\b|soy|me llamo|mi nombre|naci|nací|porque|xq|por ?que|ya que|para (?:que|mi|mis|el|la|mostrar|llev\w+|pod\w+|un[ao]?|seguir|continuar|los|las)|pues|debido|gracias|por favor|from (?:when|my (?:stay|visit|time)|hospital|cl[ií]nica|dr\.?|dra\.?|instituto|centro|sanatorio|the (?:clinic|hospital))|at (?:hospital|cl[ií]nica|instituto|centro|sanatorio|the (?:hospital|clinic))|sent to me|as\s?ap|mi (?:cel|tel|n[uú]mero|correo|nombre|m[eé]dico|doctora?|cardi\w+)|mi # )\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_NOT = re.compile(
    r"\b(?:not|no|don['’]?t|do not|without|except|excepto|ni|sin|nothing|already have|ya (?:la|lo|los|las|no) ?teng\w*|skip|drop|quit\w+|never mind|no necesito|no quiero|nor|just not|isn['’]t|leave out|me llegaron|no hace falta)\b",
    re.IGNORECASE,
)
_GENERIC = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "my",
        "our",
        "his",
        "her",
        "their",
        "your",
        "any",
        "some",
        "copy",
        "copies",
        "record",
        "records",
        "medical",
        "health",
        "papers",
        "paperwork",
        "papeles",
        "expediente",
        "expedientes",
        "clinico",
        "clínico",
        "clinicos",
        "médico",
        "medico",
        "médicos",
        "medicos",
        "mi",
        "mis",
        "su",
        "sus",
        "de",
        "del",
        "la",
        "el",
        "los",
        "las",
        "copia",
        "copias",
        "documentos",
        "documents",
        "documento",
        "documentacion",
        "documentación",
        "file",
        "files",
        "chart",
        "historial",
        "information",
        "info",
        "información",
        "and",
        "y",
        "or",
        "to",
        "for",
        "from",
        "me",
        "us",
        "please",
        "por",
        "favor",
        "hospital",
        "clinic",
        "clínica",
        "clinica",
        "treatment",
        "tratamiento",
        "patient",
        "paciente",
        "in",
        "at",
        "en",
        "un",
        "una",
        "request",
        "solicitud",
        "this",
        "these",
        "with",
        "con",
        "i",
        "need",
        "send",
        "get",
        "tramite",
        "trámite",
        "ayuda",
        "help",
        "them",
        "all-in",
        "mexico",
        "méxico",
        "have",
        "having",
        "que",
        "se",
        "lo",
        "les",
        "nos",
        "requested",
        "if",
        "possible",
        "simple",
        "así",
        "como",
        "also",
        "both",
        "together",
        "dental",
        "surgery",
        "surgical",
        "que",
        "tengan",
        "they",
        "there",
        "you",
        "que",
        "existan",
        "cirugía",
        "cirugia",
        "medio",
        "ustedes",
        "través",
        "hold",
        "estos",
        "datos",
        "requesting",
        "certificada",
        "certificadas",
        "simple",
        "recabe",
        "obtain",
        "related",
        "relating",
        "attached",
        "following",
        "siguiente",
        "siguientes",
        "lo",
    ]
)
_LEAD = re.compile(
    r"^(?:\W|\b(?:to|a|an|the|me|us|of|for|my|our|his|her|is|are|get|have|receive|obtain|following|copy of|copies of|copy|copies|por favor|please|se|sirvan|que|me|les|nos|el|la|los|las|un|una|de|del|mi|mis|su|sus|son|es|copias? de|copias?|enviar\w*|mandar\w*|mand\w+|env[ií]\w+|ayud\w+ (?:a|con)|conseguir\w*|obtener|tener|lo siguiente|siguiente\w*)\b)+",
    re.IGNORECASE,
)
_MOST, _LONGEST, _LONGEST_ALL = 12, 420, 900


def from_label(value: str) -> tuple[str, ...]:
    """The description of a labelled answer in pieces; what is not wanted is left out."""
    value = re.sub(r"\s+", " ", value).strip()
    pieces = [p for p in _pieces(value) if not _refused(p)]
    if not pieces or _is_generic(" ".join(pieces)):
        return ()
    return tuple(pieces)[:_MOST]


def _pieces(words: str) -> list[str]:
    parts = re.split(r"\s*(?:;|,(?!\d)|\n|•|\.\s(?=[A-Z¿ÁÉ]))\s*(?:and |y |e |also |plus )?", words)
    return [p.strip(' .:*-–—"“”()') for p in parts if len(p.strip(" .:*-")) > 1]


def _refused(piece: str) -> bool:
    return (
        re.match(
            r"(?:everything else|lo demás|todo lo demás|please$|gracias|thank)|(?:but |pero |and |y |please |por favor )*(?:not?\b|don['’]?t|do not|except|excepto|ni\b|sin\b|nothing|already|skip|never mind|no\b)",
            piece,
            re.IGNORECASE,
        )
        is not None
    )


def _is_generic(words: str) -> bool:
    found = re.findall(r"[^\W\d_]+", words.lower())
    return all(w in _GENERIC for w in found)


def in_text(text: str) -> tuple[str, ...]:
    """The wanted records of free text: the objects of its sentences of wishing, and lists under them."""
    text = text[:40_000]
    found: dict[str, None] = {}
    taken: list[tuple[int, int]] = []
    for match in WANT.finditer(text):
        if any(a <= match.start() < b for a, b in taken) or _denied(text, match.start()):
            continue
        begin, end = sentence(text, match.end(), match.end())
        words = text[match.end() : min(end, match.end() + _LONGEST)]
        listed = _list_below(text, match.end() + len(words))
        colon = words.find(":")
        if colon >= 0 and NOUN.search(words[colon:]):
            words = words[colon + 1 :]
        words = _cut(words)
        if not NOUN.search(words) and not listed:
            continue
        taken.append((begin, min(end, match.end() + max(len(words), 12))))
        stripped = _LEAD.sub("", re.sub(r"\s+", " ", words))
        pieces = [p for p in (*_pieces(stripped), *listed) if not _refused(p)]
        if re.match(r"cop", match.group(), re.IGNORECASE) and not pieces:
            continue
        joined = " ".join(pieces)
        if pieces and not _is_generic(joined) and (NOUN.search(joined) or listed):
            found |= dict.fromkeys(p for p in pieces if len(p) > 1)
    if not found:
        found = dict.fromkeys(_loose_lines(text))
    kept: list[str] = []
    for piece in found:
        if sum(map(len, kept)) + len(piece) < _LONGEST_ALL:
            kept.append(piece)
    return tuple(kept)[:_MOST]


_MORE = re.compile(
    r"(?:,\s*|\band\s+|\by\s+)(?:plus|also|as well as|and also|además|también|así como|plus also)\b",
    re.IGNORECASE,
)


def _cut(words: str) -> str:
    """Without the reasons; what is added after them (`, plus …`) stays."""
    kept = _CUT.sub("", words)
    more = _MORE.search(words, len(kept))
    return kept if more is None else f"{kept}, {words[more.end() :]}"


def _denied(text: str, place: int) -> bool:
    before = f"{text[max(0, place - 22) : place]} "
    return re.search(
        r"\b(?:not|no|don['’]?t|do not|doesn['’]?t|didn['’]?t|never|nunca|ya no|no lo|no me|you|ustedes|si|if (?:they|you))\s+(?:\w+\s+)?$",
        before,
        re.IGNORECASE,
    ) is not None and not re.search(r"(?:what (?:do )?|lo que )$", before, re.IGNORECASE)


_ITEM = re.compile(r"^[ \t>]*(?:[-*•·▪–]|\(?[a-h0-9]{1,2}[.)]|[IVX]{1,4}[.)])[ \t]+(\S.*)$")


def _list_below(text: str, place: int) -> list[str]:
    """The bulleted lines after a sentence that ends in a colon, or in a list of them."""
    head = text[max(0, place - 200) : place]
    after = text[place : place + 2_500]
    if not head.rstrip().endswith(":") and not after.lstrip(" \n").startswith(
        ("-", "*", "•", "·", "(a)", "a)", "1.", "1)")
    ):
        return []
    items: list[str] = []
    for line in after.lstrip(" :\n").split("\n"):
        match = _ITEM.match(line)
        if match:
            items.append(match.group(1).strip(" .;,"))
        elif not line.strip():
            if items and len(items) > 1:
                break
        elif (
            items
            and _ITEM.match(after.lstrip(" :\n").split("\n")[0])
            and line.startswith((" ", "\t"))
        ):
            items[-1] += " " + line.strip(" .;,")
        elif (
            len(line) < 110
            and (line.startswith((" ", "\t")) or NOUN.search(line))
            and not line.rstrip().endswith(".")
        ):
            items.append(line.strip(" .;,"))
        else:
            break
    return [i for i in items if NOUN.search(i) or len(i.split()) < 9][:_MOST]


_UNWANTED = re.compile(
    r"\b(?:do not|don['’]?t|no) (?:need|want|necesit|quier|hac|me hac)", re.IGNORECASE
)


def _loose_lines(text: str) -> list[str]:
    """Where nobody says `I need`: lines and clauses that speak of kinds of records."""
    found = []
    for line in re.split(r"\n|\.\s", text):
        words = line.strip()
        if (
            NOUN.search(words)
            and len(words) < 160
            and not _is_generic(words)
            and not _refused(words)
            and not _UNWANTED.search(words)
        ):
            specific = [
                m.group().lower() for m in NOUN.finditer(words) if m.group().lower() not in _GENERIC
            ]
            if specific:
                found.append(words.strip(" .-*"))
    return found[:4]
