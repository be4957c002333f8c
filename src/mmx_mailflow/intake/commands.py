"""What staff write: one declared table of commands in English and Spanish."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from rapidfuzz import fuzz, process

from mmx_mailflow.casework.case import Result
from mmx_mailflow.casework.codes import read_reference
from mmx_mailflow.casework.commands import Command, Line, ProviderAction, Verb
from mmx_mailflow.casework.facts import Facts, Period
from mmx_mailflow.casework.returned import Defect
from mmx_mailflow.casework.values import ascii_address
from mmx_mailflow.intake.facts import dates

_ADDRESS = re.compile(r"[\w.+%-]{1,64}@[\w.-]{1,253}\.\w{2,24}")
_END = re.compile(r"^\s*(?:END|FIN)\s*[.:]?\s*$", re.IGNORECASE)
_POLITE = re.compile(
    r"^(?:hi|hello|hey|dear|hola|buen[oa]s|estimad|thanks|thank you|gracias|best|regards|saludos|atentamente|cheers|--)",
    re.IGNORECASE,
)
_ALIKE = 82
_LONGEST_LINE = 2_000


@dataclass(frozen=True, slots=True)
class Grammar:
    """A command: its words, how its rest is read, and how it is shown."""

    verb: Verb
    words: tuple[str, ...]
    """English first, then Spanish; in capitals without accents."""
    read: Callable[[str, date], Command | str]
    """The rest of the line to a command, or what is wrong with it."""
    example: str
    ejemplo: str
    says: str
    dice: str


def plain(text: str) -> str:
    """Capitals without accents, single spaces."""
    letters = unicodedata.normalize("NFKD", text.upper())
    return re.sub(r"\s+", " ", "".join(c for c in letters if not unicodedata.combining(c))).strip()


def _bare(verb: Verb) -> Callable[[str, date], Command | str]:
    return lambda rest, _: Command(verb=verb, words=rest.strip(" :"))


def _text(verb: Verb) -> Callable[[str, date], Command | str]:
    return lambda rest, _: Command(verb=verb, words=rest.lstrip(" :").strip())


def _numbered(verb: Verb) -> Callable[[str, date], Command | str]:
    def read(rest: str, today: date) -> Command | str:
        found = re.match(r"\s*#?(\d{1,9})\b", rest)
        return Command(verb=verb, number=int(found.group(1))) if found else "a number is missing"

    return read


_FIELDS = {
    "NAME": "name", "NOMBRE": "name", "DOB": "dob", "BIRTH": "dob", "DATE OF BIRTH": "dob", "NACIMIENTO": "dob",
    "FECHA DE NACIMIENTO": "dob", "DATES": "dates", "FECHAS": "dates", "PROVIDER": "provider", "PROVEEDOR": "provider",
    "RECORDS": "records", "EXPEDIENTE": "records", "DOCUMENTOS": "records", "CONTACT": "contact", "CONTACTO": "contact",
    "PHONE": "contact", "TELEFONO": "contact",
}  # fmt: skip
_ITEMS = {
    "name": "patient_name", "dob": "date_of_birth", "dates": "treatment_dates", "provider": "providers",
    "records": "records", "contact": "phones",
}  # fmt: skip


def _set(rest: str, today: date) -> Command | str:
    name, sign, value = rest.partition("=")
    field = _FIELDS.get(plain(name).strip(" :"))
    if not sign or field is None or not value.strip():
        return "SET needs one of name, dob, dates, provider, records, contact, then = and a value"
    value = value.strip()
    if field == "dob":
        days = [d for d in dates.found(value, today) if all(a == b for a, b in d.readings)]
        if len(days) != 1 or len(days[0].readings) != 1 or days[0].needs_year:
            return (
                "the date can be read in two ways or not at all: write 1980-03-25 or 25 March 1980"
            )
        return Command(verb=Verb.SET, name=field, words=days[0].readings[0][0].isoformat())
    if field == "dates":
        found = [d for d in dates.found(value, today) if len(d.readings) == 1]
        if not found:
            return "no date could be read: write 2024-06-01 or June 2024"
        periods = tuple(
            Period(start=d.readings[0][0], end=d.readings[0][1], text=d.text) for d in found
        )
        return Command(verb=Verb.SET, name=field, words=value, facts=Facts(treatment_dates=periods))
    return Command(verb=Verb.SET, name=field, words=value)


def _ask(rest: str, today: date) -> Command | str:
    words = rest.strip(" :")
    items = [_FIELDS.get(plain(w)) for w in words.split(",")]
    if rest.lstrip().startswith(":") or not all(items):
        return Command(verb=Verb.ASK, words=words) if words else "say what to ask"
    return Command(verb=Verb.ASK, name=",".join(_ITEMS[i] for i in items if i))


def _reject(rest: str, today: date) -> Command | str:
    codes, _, note = rest.partition(":")
    wanted = [plain(w).replace(" ", "_") for w in re.split(r"[,;\s]+", codes.strip()) if w]
    known = {d.value for d in Defect}
    wrong = [w for w in wanted if w not in known]
    if not wanted or wrong:
        near = process.extractOne(wrong[0], sorted(known)) if wrong else None
        return (
            f"unknown code; did you mean {near[0]}?"
            if near
            else "name at least one code, like UNSIGNED"
        )
    return Command(verb=Verb.REJECT, codes=tuple(Defect(w) for w in wanted), words=note.strip())


def _add_provider(rest: str, today: date) -> Command | str:
    address = _ADDRESS.search(rest)
    name = _ADDRESS.sub("", rest).strip(" :<>,;=")
    if not name:
        return "the name is missing"
    if address is not None and ascii_address(address.group()) is None:
        return "no mail can be sent to that address"
    return Command(
        verb=Verb.ADD_PROVIDER, name=name, address=address.group().lower() if address else None
    )


ACTIONS: dict[ProviderAction, tuple[str, ...]] = {
    ProviderAction.SEND: ("SEND", "RESEND", "ENVIAR", "REENVIAR"),
    ProviderAction.TELL: ("TELL", "DECIR"),
    ProviderAction.ACKNOWLEDGED: ("ACKNOWLEDGED", "ACK", "ACUSE"),
    ProviderAction.PROMISED: ("PROMISED", "PROMETIDO", "PROMETE"),
    ProviderAction.RECEIVED: ("RECEIVED", "RECIBIDO"),
    ProviderAction.PARTIAL: ("PARTIAL", "PARCIAL"),
    ProviderAction.COMPLETE: ("COMPLETE", "COMPLETO"),
    ProviderAction.NO_RECORD: ("NO RECORD", "SIN EXPEDIENTE", "SIN REGISTRO"),
    ProviderAction.DENIED: ("DENIED", "NEGADO"),
    ProviderAction.REFERRED: ("REFERRED TO", "REFERRED", "REFERIDO A", "REFERIDO"),
    ProviderAction.UNRESPONSIVE: ("UNRESPONSIVE", "SIN RESPUESTA"),
    ProviderAction.CANCEL: ("CANCEL", "CANCELAR"),
    ProviderAction.FEE: ("FEE", "COSTO"),
    ProviderAction.NEEDS: ("NEEDS", "NECESITA"),
}
_NEEDS = {
    "OWN FORM": "own_form", "FORMATO PROPIO": "own_form", "ID": "id", "IDENTIFICACION": "id", "WITNESSES": "witnesses",
    "TESTIGOS": "witnesses", "FORMALITY": "formality", "FORMALIDAD": "formality", "CLARIFY": "clarify",
    "ACLARACION": "clarify", "PICKUP": "pickup", "RECOGER": "pickup",
}  # fmt: skip


def _provider(rest: str, today: date) -> Command | str:
    found = re.match(r"\s*#?(\d{1,3})\s*(.*)$", rest, re.DOTALL)
    if found is None:
        return "the number of the provider is missing"
    number, words = int(found.group(1)), found.group(2).strip()
    if words.startswith("="):
        return _settled_address(number, words[1:].strip())
    for action, spellings in ACTIONS.items():
        for spelling in spellings:
            if plain(words) == spelling or plain(words).startswith(
                (spelling + " ", spelling + ":")
            ):
                return _action(number, action, words[len(spelling) :].strip(" :"), today)
    return "say what the provider did: RECEIVED, COMPLETE, PARTIAL, NO RECORD, DENIED, FEE ..."


def _settled_address(number: int, value: str) -> Command | str:
    if value.isdigit():
        return Command(
            verb=Verb.PROVIDER, number=number, action=ProviderAction.CHOOSE, choice=int(value)
        )
    address = _ADDRESS.fullmatch(value.strip("<> "))
    if address is None:
        return "after = comes a number of the list or a mail address"
    if ascii_address(address.group()) is None:
        return "no mail can be sent to that address"
    return Command(
        verb=Verb.PROVIDER,
        number=number,
        action=ProviderAction.ADDRESS,
        address=address.group().lower(),
    )


def _action(number: int, action: ProviderAction, rest: str, today: date) -> Command | str:
    command = Command(verb=Verb.PROVIDER, number=number, action=action, words=rest)
    if action == ProviderAction.PROMISED:
        days = [d for d in dates.found(rest, today) if len(d.readings) == 1]
        return (
            command.model_copy(update={"until": days[0].readings[0][1]})
            if days
            else "the date is missing"
        )
    if action == ProviderAction.REFERRED:
        return command.model_copy(update={"name": rest}) if rest else "the name is missing"
    if action == ProviderAction.NEEDS:
        for spelling, need in _NEEDS.items():
            if plain(rest).startswith(spelling):
                words = rest[len(spelling) :].strip(" :")
                return command.model_copy(update={"name": need, "words": words})
        return "say what is needed: own form, id, witnesses, formality, clarify or pickup"
    return command


def _hold(rest: str, today: date) -> Command | str:
    words = rest.strip(" :")
    number = re.match(r"(\d{1,3})\s*(?:days?|d[ií]as?)?\b", words, re.IGNORECASE)
    found = [d for d in dates.found(words, today) if len(d.readings) == 1]
    if found:
        return Command(verb=Verb.HOLD, until=found[0].readings[0][1], words=words)
    until = today + timedelta(days=int(number.group(1))) if number else None
    return Command(verb=Verb.HOLD, until=until, words=words)


_OUTCOMES = {
    **{plain(r.value.replace("_", " ")): r.value for r in Result},
    "COMPLETADO": "completed", "PARCIAL": "partial", "NO DISPONIBLE": "unobtainable", "RETIRADO": "withdrawn",
    "REVOCADO": "revoked", "ABANDONADO": "abandoned", "FUERA DE ALCANCE": "out_of_scope", "DUPLICADO": "duplicate",
    "IDENTIDAD RECHAZADA": "refused_identity", "SIN CONTACTO": "contact_lost",
}  # fmt: skip


def _close(rest: str, today: date) -> Command | str:
    word = plain(rest.strip(" :")).replace("_", " ")
    if word not in _OUTCOMES:
        near = process.extractOne(word, sorted(_OUTCOMES)) if word else None
        return (
            f"unknown outcome; did you mean {near[0]}?"
            if near
            else "an outcome is missing, like COMPLETED"
        )
    return Command(verb=Verb.CLOSE, name=_OUTCOMES[word])


def _confirm(rest: str, today: date) -> Command | str:
    code = plain(rest.strip(" :.")).replace(" ", "")
    return Command(verb=Verb.CONFIRM, name=code) if code else "the code is missing"


GRAMMAR: tuple[Grammar, ...] = (
    Grammar(Verb.HELP, ("HELP", "AYUDA"), _bare(Verb.HELP), "HELP", "AYUDA", "this list", "esta lista"),
    Grammar(Verb.SHOW, ("SHOW", "VER"), _bare(Verb.SHOW), "SHOW", "VER", "the case, to you alone", "el caso, solo para usted"),
    Grammar(Verb.SET, ("SET", "PONER"), _set, "SET dob = 1980-03-25", "PONER nacimiento = 1980-03-25", "correct a fact", "corregir un dato"),
    Grammar(Verb.ASK, ("ASK", "PREGUNTAR"), _ask, "ASK dob, dates", "PREGUNTAR nacimiento, fechas", "ask the patient", "preguntar al paciente"),
    Grammar(Verb.ID_OK, ("ID OK", "IDENTIDAD OK"), _bare(Verb.ID_OK), "ID OK", "IDENTIDAD OK", "no copy of an ID is needed", "no hace falta copia de identificación"),
    Grammar(Verb.SEND_FORM, ("SEND FORM", "ENVIAR FORMULARIO"), _bare(Verb.SEND_FORM), "SEND FORM", "ENVIAR FORMULARIO", "send the form now", "enviar el formulario ahora"),
    Grammar(Verb.APPROVE, ("APPROVE", "APROBAR"), _bare(Verb.APPROVE), "APPROVE", "APROBAR", "accept the form, write to the providers shown", "aceptar el formulario y escribir a los proveedores mostrados"),
    Grammar(Verb.REJECT, ("REJECT", "RECHAZAR"), _reject, "REJECT UNDATED: note", "RECHAZAR UNDATED: nota", "send the form back", "devolver el formulario"),
    Grammar(Verb.ADD_PROVIDER, ("ADD PROVIDER", "AGREGAR PROVEEDOR"), _add_provider, "ADD PROVIDER Name <office@hospital>", "AGREGAR PROVEEDOR Nombre <archivo@hospital>", "one more provider", "un proveedor más"),
    Grammar(Verb.PROVIDER, ("PROVIDER", "PROVEEDOR"), _provider, "PROVIDER 1 COMPLETE", "PROVEEDOR 1 COMPLETO", "settle what a provider answered", "decidir sobre la respuesta de un proveedor"),
    Grammar(Verb.DELIVER, ("DELIVER", "ENTREGAR"), _numbered(Verb.DELIVER), "DELIVER 1", "ENTREGAR 1", "send the patient what came of a provider", "enviar al paciente lo recibido"),
    Grammar(Verb.TELL_PATIENT, ("TELL PATIENT", "DECIR AL PACIENTE"), _text(Verb.TELL_PATIENT), "TELL PATIENT: words END", "DECIR AL PACIENTE: palabras FIN", "write to the patient in your words", "escribir al paciente con sus palabras"),
    Grammar(Verb.NOTE, ("NOTE", "NOTA"), _text(Verb.NOTE), "NOTE: words", "NOTA: palabras", "a note for the journal; settles open questions", "una nota; cierra las preguntas abiertas"),
    Grammar(Verb.HOLD, ("HOLD", "PAUSAR"), _hold, "HOLD 7 days", "PAUSAR 7 días", "let reminders rest", "pausar recordatorios"),
    Grammar(Verb.RESUME, ("RESUME", "REANUDAR"), _bare(Verb.RESUME), "RESUME", "REANUDAR", "end a hold or a pause", "terminar la pausa"),
    Grammar(Verb.RELEASE, ("RELEASE", "LIBERAR"), _numbered(Verb.RELEASE), "RELEASE", "LIBERAR", "let a held case go on", "dejar seguir un caso retenido"),
    Grammar(Verb.CLOSE, ("CLOSE", "CERRAR"), _close, "CLOSE out of scope", "CERRAR fuera de alcance", "close the case", "cerrar el caso"),
    Grammar(Verb.REOPEN, ("REOPEN", "REABRIR"), _bare(Verb.REOPEN), "REOPEN", "REABRIR", "open a closed case", "reabrir un caso"),
    Grammar(Verb.UNDO, ("UNDO", "DESHACER"), _bare(Verb.UNDO), "UNDO", "DESHACER", "take back what still waits", "deshacer lo que aún espera"),
    Grammar(Verb.CONFIRM, ("CONFIRM", "CONFIRMAR"), _confirm, "CONFIRM K1", "CONFIRMAR K1", "say yes to a question of ours", "confirmar"),
)  # fmt: skip
_ALONE = frozenset(
    {
        Verb.HELP,
        Verb.SHOW,
        Verb.ID_OK,
        Verb.SEND_FORM,
        Verb.APPROVE,
        Verb.RESUME,
        Verb.REOPEN,
        Verb.UNDO,
    }
)
_SPELLINGS = sorted(((w, g) for g in GRAMMAR for w in g.words), key=lambda pair: -len(pair[0]))
_FILE_AS = re.compile(r"^\s*#?(\d{1,9})\s*(?:=|→|->)\s*(.+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandMail:
    """A staff mail as understood: lines with commands, or a note that has none."""

    lines: tuple[Line, ...] = ()
    note: str = ""
    cut: str = ""


def read_commands(new_text: str, *, today: date) -> CommandMail:
    """Read the new text of a staff mail; a mail without any command is a note."""
    raw = [line[:_LONGEST_LINE] for line in new_text.splitlines()][:400]
    lines: list[Line] = []
    cut = ""
    number = 0
    while number < len(raw):
        text = raw[number].strip().lstrip("-*•· ").strip()
        number += 1
        if not text:
            continue
        line = _line(text, today)
        if line is not None and line.command is not None and _takes_more(line.command):
            more, number, cut = _block(raw, number)
            line = _with_words(line, more)
        if line is not None:
            lines.append(line)
    if not any(line.command is not None or line.nearest for line in lines):
        return CommandMail(note=new_text.strip())
    return CommandMail(lines=tuple(lines), cut=cut)


def _takes_more(command: Command) -> bool:
    return command.verb == Verb.TELL_PATIENT or command.action == ProviderAction.TELL


def _block(raw: list[str], number: int) -> tuple[str, int, str]:
    """All lines up to END; without it up to a signature's dashes, which are cut off."""
    ends = next((n for n in range(number, len(raw)) if _END.match(raw[n])), None)
    if ends is not None:
        return "\n".join(raw[number:ends]), ends + 1, ""
    dashes = next((n for n in range(number, len(raw)) if raw[n].rstrip() == "--"), len(raw))
    return "\n".join(raw[number:dashes]), len(raw), "\n".join(raw[dashes:])


def _with_words(line: Line, more: str) -> Line:
    assert line.command is not None
    first = re.sub(r"\s*\b(?:END|FIN)\s*$", "", line.command.words)
    words = "\n".join(part for part in (first, more.strip()) if part)
    return line.model_copy(update={"command": line.command.model_copy(update={"words": words})})


def _line(text: str, today: date) -> Line | None:
    """The command of a line, what is wrong with it, or None for polite words."""
    filed = _FILE_AS.match(text)
    if filed is not None:
        return _file_as(text, int(filed.group(1)), filed.group(2))
    flat = plain(text)
    if not flat:
        return None
    for words, grammar in _SPELLINGS:
        if flat == words or (flat.startswith(words) and not flat[len(words)].isalnum()):
            return _understood(text, grammar, text[len(words) :], today)
    near = process.extractOne(
        " ".join(flat.split()[:2]), [w for w, _ in _SPELLINGS], scorer=fuzz.ratio
    )
    one = process.extractOne(flat.split()[0], [w for w, _ in _SPELLINGS], scorer=fuzz.ratio)
    best = max((near, one), key=lambda found: found[1])
    if best[1] >= _ALIKE and not _POLITE.match(text) and len(flat) > 3:
        grammar = next(g for w, g in _SPELLINGS if w == best[0])
        return Line(text=text, command=None, nearest=grammar.example, why="not understood")
    return None


def _understood(text: str, grammar: Grammar, rest: str, today: date) -> Line:
    if grammar.verb in _ALONE and plain(rest.strip(" .:!")) not in {"", "PLEASE", "POR FAVOR"}:
        why = "this command stands alone in its line"
        return Line(text=text, command=None, nearest=grammar.example, why=why)
    if grammar.verb == Verb.RELEASE and not rest.strip(" .:!"):
        return Line(text=text, command=Command(verb=Verb.RELEASE))
    read = grammar.read(
        rest.rstrip(" .!") if grammar.verb not in {Verb.TELL_PATIENT, Verb.NOTE} else rest, today
    )
    if isinstance(read, str):
        return Line(text=text, command=None, nearest=grammar.example, why=read)
    return Line(text=text, command=read)


def _file_as(text: str, number: int, target: str) -> Line:
    word = plain(target).strip(" .")
    if word in {"JUNK", "SPAM", "BASURA"}:
        return Line(text=text, command=Command(verb=Verb.FILE_AS, number=number, name="junk"))
    if word in {"NEW", "NUEVO", "RELEASE", "LIBERAR"}:
        return Line(text=text, command=Command(verb=Verb.FILE_AS, number=number, name="new"))
    if re.fullmatch(r"\d{1,2}", word):
        return Line(text=text, command=Command(verb=Verb.FILE_AS, number=number, choice=int(word)))
    ref = read_reference(target.strip(" ."))
    if ref is None:
        return Line(
            text=text, command=None, nearest="1 = MMX-7F3K-9QM", why="that is no valid reference"
        )
    return Line(text=text, command=Command(verb=Verb.FILE_AS, number=number, ref=ref))


def help_lines(language: str) -> tuple[tuple[str, str], ...]:
    """Every command with what it does, in a language."""
    if language == "es":
        return tuple((g.ejemplo, g.dice) for g in GRAMMAR)
    return tuple((g.example, g.says) for g in GRAMMAR)
