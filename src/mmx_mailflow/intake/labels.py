"""Labelled answers: `Date of birth: …`, a numbered list, a table row, text under a question.

A label is known by its words, not by its wording: each item of the policy has words of its own,
and the first item in the table that has one wins (`Date of birth` is no date of treatment).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from mmx_mailflow.casework.facts import FactName

_WORDS: tuple[tuple[FactName, frozenset[str]], ...] = (
    (FactName.DATE_OF_BIRTH, frozenset(["birth", "birthdate", "birthday", "born", "dob", "bday", "nacimiento", "nac", "nació", "nacio", "nací", "naci", "nacido", "nacida", "fn", "fdn"])),
    (FactName.EMAILS, frozenset(["email", "e-mail", "correo", "mail"])),
    (FactName.PHONES, frozenset(["phone", "telephone", "tel", "cel", "cell", "mobile", "movil", "móvil", "celular", "teléfono", "telefono", "telefonos", "teléfonos", "whatsapp", "contact", "contacto", "reach", "fone", "number#", "ph", "llamar", "localizar"])),
    (FactName.POSTAL_ADDRESS, frozenset(["address", "post", "domicilio", "dirección", "direccion", "mailing", "residencia"])),
    (FactName.TREATMENT_DATES, frozenset(["dates", "date", "when", "treated", "seen", "encounters", "encounter", "visitas", "fecha", "fechas", "cuándo", "cuando", "periodo", "período", "dos", "ingreso", "egreso", "admitted", "admission", "discharged", "discharge", "treatment", "tratamiento", "visita", "visitas", "visit", "visits", "surgery#", "cirugía#", "estancia", "stay", "internamiento", "hospitalización", "hospitalizacion"])),
    (FactName.PROVIDERS, frozenset(["provider", "providers", "clinic", "clinics", "hospital", "hospitals", "facility", "facilities", "where", "doctor", "doctors", "surgeon", "dentist", "physician", "lab", "laboratory", "at", "by", "held", "attending", "clínica", "clinica", "hospitales", "proveedor", "proveedores", "médico", "medico", "médicos", "medicos", "doctora", "cirujano", "cirujana", "dentista", "laboratorio", "dónde", "donde", "lugar", "institución", "institucion", "sanatorio", "place", "consultorio"])),
    (FactName.RECORDS, frozenset(["records", "record", "description", "documents", "documento", "documentos", "descripción", "descripcion", "need", "needed", "pido", "quiero", "ocupo", "wants", "wanted", "artifacts", "qué", "que", "solicito", "solicita", "solicitados", "necesito", "pide", "requiero", "expediente", "expedientes", "estudios", "want", "wanted", "requested", "requesting", "registros", "requested", "what", "archivos", "papeles"])),
    (FactName.PATIENT_NAME, frozenset(["name", "child", "niño", "niña", "patient", "paciente", "nombre", "quién", "quien", "who", "titular", "client"])),
)  # fmt: skip
_SMALL = frozenset(
    [
        "the",
        "of",
        "or",
        "and",
        "my",
        "your",
        "his",
        "her",
        "if",
        "known",
        "only",
        "first",
        "last",
        "full",
        "legal",
        "complete",
        "completo",
        "completa",
        "legal",
        "approximate",
        "approx",
        "approximately",
        "aproximada",
        "aproximadas",
        "aprox",
        "in",
        "month",
        "words",
        "please",
        "para",
        "de",
        "del",
        "la",
        "el",
        "los",
        "las",
        "lo",
        "se",
        "y",
        "o",
        "mi",
        "su",
        "sus",
        "tu",
        "al",
        "a",
        "un",
        "una",
        "is",
        "es",
        "fue",
        "e",
        "numbers",
        "number",
        "número",
        "numero",
        "num",
        "no",
        "info",
        "information",
        "details",
        "datos",
        "información",
        "informacion",
        "how",
        "can",
        "we",
        "you",
        "us",
        "for",
        "being",
        "i",
        "on",
        "as",
        "exactly",
        "actual",
        "general",
        "home",
        "work",
        "best",
        "way",
        "medical",
        "médicos",
        "medicos",
        "médica",
        "clínicos",
        "clinico",
        "clínico",
        "clinical",
        "health",
        "treatment",
        "care",
        "service",
        "services",
        "tratamiento",
        "atención",
        "atencion",
        "servicio",
        "surgery",
        "cirugía",
        "cirugia",
        "operación",
        "operacion",
        "procedure",
        "visit",
        "electronico",
        "electrónico",
        "personal",
        "mailing",
        "postal",
        "street",
        "s",
        "patients",
        "t",
        "m",
        "f",
        "own",
        "she",
        "he",
        "conocido",
        "conocida",
        "si",
        "conoce",
        "sabe",
        "solicitud",
        "request",
        "procedimiento",
        "are",
        "requesting",
        "this",
        "estancia",
        "stay",
        "nombre",
        "apellido",
        "apellidos",
        "name",
        "were",
        "was",
        "medico",
        "medica",
        "unidad",
        "centro",
        "center",
        "sexo",
        "age",
        "edad",
        "mother",
        "son",
        "daughter",
        "hijo",
        "hija",
        "mamá",
        "papá",
        "esposo",
        "esposa",
        "wife",
        "husband",
    ]
)
_NOT_LABELS = frozenset(
    [
        "re",
        "cc",
        "to",
        "from",
        "subject",
        "sent",
        "asunto",
        "para",
        "enviado",
        "fwd",
        "fw",
        "note",
        "ps",
        "nota",
        "p.d",
    ]
)
_LONGEST_ANSWER, _LONGEST_LABEL, _MOST_WORDS = 600, 90, 12
_BULLET = re.compile(
    r"^[\s>*•·▪◦–—-]*(?:\(?(?:\d{1,2}|[a-h])[.)]+\s*|\d{1,2}\s*[-–]\s+)?[*_]{0,2}\s*"
)
_PARENTHESIS = re.compile(r"\([^)\n]{0,80}\)")
_CUT = re.compile(r"\s*(?:[:=?]+[*_]{0,2}|\t+|\s[–—-]+\s|\.{3,}|_{3,}|\s{2,})\s*")
_SECOND = re.compile(r"\s{2,}(?=[^\W\d_][^\W\d_. ]*(?:\s[^\W\d_]+){0,3}\.?\s*:)")


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answer to one of the six items, and where it stands in `Message.text`."""

    name: FactName
    value: str
    start: int
    end: int
    label: str = ""


def label_of(words: str) -> FactName | None:
    """Which item a label asks for; None when it is no label that we know."""
    words = _PARENTHESIS.sub(" ", words).replace("'s", " ").replace("’s", " ")
    found = [w for w in re.split(r"[^\w#.-]+", words.lower()) if w.strip("._-")]
    found = [re.sub(r"\.", "", w).strip("_-") for w in found]
    if not 0 < len(found) <= _MOST_WORDS or found[0] in _NOT_LABELS:
        return None
    hits = [n for n, known in _WORDS if any(_is(w, known) for w in found)]
    strange = [w for w in found if w not in _SMALL and not any(_is(w, k) for _, k in _WORDS)]
    if len(strange) > 1 or (strange and len(found) > 6):
        return None
    if not hits:
        return None
    if hits[0] == FactName.TREATMENT_DATES and "birth" in words:
        return FactName.DATE_OF_BIRTH
    return hits[0]


def _is(word: str, known: frozenset[str]) -> bool:
    if word in known:
        return True
    return len(word) > 4 and any(
        len(k) > 4 and OSA.distance(word, k, score_cutoff=1) <= 1 for k in known
    )


def labelled(all_lines: list[tuple[str, int, bool]]) -> list[Labelled]:
    """The labelled answers of a mail's lines, each with its place and whether it counts."""
    found: list[Labelled] = []
    asked: FactName | None = None
    open_item: int | None = None
    for line, place, new in all_lines:
        text = line.strip()
        if not new:
            alone = _alone(text.lstrip("> "))
            asked = alone or (asked if not text.strip("> ") else None)
            open_item = None
            continue
        answers = _answers(line, place)
        if answers:
            found += answers
            open_item, asked = len(found) - 1, None if answers[-1].value else answers[-1].name
        elif not text:
            open_item = None
        elif (alone := _alone(text)) is not None:
            asked, open_item = alone, None
        elif asked is not None:
            found.append(Labelled(asked, text, place, place + len(line)))
            open_item, asked = len(found) - 1, None
        elif open_item is not None and _goes_on(line, found[open_item]):
            last = found[open_item]
            found[open_item] = Labelled(
                last.name, f"{last.value} {text}".strip(), last.start, place + len(line), last.label
            )
        else:
            open_item = None
    stated = [item for item in found if item.value.strip()]
    return stated or _in_policy_order(all_lines)


def _goes_on(line: str, last: Labelled) -> bool:
    """Whether a line continues the answer above it, as a wrapped one does."""
    if re.match(
        r"\W*(?:thank|gracias|saludos|sincerely|regards|best|att|cordial|quedo|muchas)",
        line,
        re.IGNORECASE,
    ):
        return False
    bulleted = re.match(r"\s*(?:[-*•–]|\d{1,2}[.)])\s", line) is not None
    if not bulleted and line[:1].isupper() and re.search(r"(?:^|\s)[-*•–]\s", last.value):
        return False
    if len(last.value) >= _LONGEST_ANSWER or re.match(r"\s*(?:[-*•–]|\d{1,2}[.)])\s", line):
        return (
            last.name in {FactName.RECORDS, FactName.TREATMENT_DATES}
            and len(last.value) < _LONGEST_ANSWER
        )
    return last.name in {FactName.RECORDS, FactName.POSTAL_ADDRESS} or len(last.value) > 40


def _answers(line: str, place: int) -> list[Labelled]:
    """The labels of a line with their answers: one, or more with wide gaps between."""
    bullet = _BULLET.match(line)
    start = bullet.end() if bullet else 0
    found: list[Labelled] = []
    cuts = [start, *(m.end() for m in _SECOND.finditer(line, start)), len(line)]
    for begin, end in itertools.pairwise(cuts):
        piece = line[begin:end]
        item = _answer(piece, place + begin)
        if item is None:
            return found
        found.append(item)
    return found


def _answer(piece: str, place: int) -> Labelled | None:
    masked = _PARENTHESIS.sub(lambda m: "\x00" * len(m.group()), piece)
    for number, cut in enumerate(_CUT.finditer(masked)):
        if cut.start() > _LONGEST_LABEL or number > 2:
            return None
        label = piece[: cut.start()]
        name = label_of(label)
        if name is None or (" - " in cut.group() and len(label.split()) > 4):
            continue
        value = piece[cut.end() :].strip().strip("*_").strip()
        return Labelled(
            name, value, place + cut.end(), place + cut.end() + len(value), label.strip().lower()
        )
    return None


def _alone(line: str) -> FactName | None:
    """A line that only asks: `Date of birth` or `- Patient full legal name:`."""
    bullet = _BULLET.match(line)
    words = line[bullet.end() if bullet else 0 :].strip().strip("*_")
    if (
        not words
        or len(words) > _LONGEST_LABEL
        or re.search(r"\d|@|[,;!]", _PARENTHESIS.sub("", words))
    ):
        return None
    ends = words.rstrip().endswith((":", "?"))
    name = label_of(words.rstrip(" :?"))
    if name is None or (not ends and not _is_plain_label(words)):
        return None
    return name


def _is_plain_label(words: str) -> bool:
    """Without a colon every word must be one of a label's."""
    found = [w for w in re.split(r"\W+", _PARENTHESIS.sub(" ", words).lower()) if w]
    return 1 < len(found) + words.istitle() <= 8 and all(
        w in _SMALL or any(w in known for _, known in _WORDS) for w in found
    )


_NUMBERED = re.compile(r"^\s*(\d)\s*[.):-]+\s+(\S.*)$")
_ORDER = (
    FactName.PATIENT_NAME,
    FactName.DATE_OF_BIRTH,
    FactName.TREATMENT_DATES,
    FactName.PROVIDERS,
    FactName.RECORDS,
    FactName.PHONES,
)


def _in_policy_order(lines: list[tuple[str, int, bool]]) -> list[Labelled]:
    """Five or six numbered answers without labels follow the policy's six items."""
    numbered = [
        (int(match.group(1)), match.group(2).strip(), place, line)
        for line, place, new in lines
        if new and (match := _NUMBERED.match(line))
    ]
    if [n for n, *_ in numbered] not in ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]):
        return []
    return [
        Labelled(_ORDER[n - 1], value, place, place + len(line))
        for n, value, place, line in numbered
    ]
