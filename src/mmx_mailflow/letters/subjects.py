"""The one fixed subject of each thread: never a name, a date or a word of the patient's own."""

from __future__ import annotations

from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.values import Language, Role
from mmx_mailflow.letters.words import Said, choose
from mmx_mailflow.letters.words_staff import task_name

_PATIENT: Said = ("Your medical records request", "Su solicitud de expediente")
_NO_CASE: Said = ("Your message to our records office", "Su mensaje a nuestra oficina")
_PROVIDER = "Solicitud de expediente clínico"
_STAFF: dict[LetterName, Said] = {
    LetterName.STAFF_REVIEW: ("A returned form to review", "Un formulario devuelto por revisar"),
    LetterName.STAFF_ANSWER: ("Result of your mail", "Resultado de su correo"),
    LetterName.HOLDING_PEN: ("Held mail to sort", "Correo retenido por clasificar"),
    LetterName.JUNK_LIST: ("Junk mail of the day", "Correo no deseado del día"),
    LetterName.DIGEST: ("Summary of the day", "Resumen del día"),
    LetterName.PROBE: ("A test of our address", "Una prueba de nuestra dirección"),
    LetterName.ALARM: ("Alarm: please look", "Alarma: por favor revise"),
}


def subject(letter: Letter, case: Case | None) -> str:
    """The subject of the thread that the letter belongs to."""
    if letter.to_role == Role.PROVIDER:
        return f"{_PROVIDER} {case.ref}" if case else _PROVIDER
    if letter.to_role == Role.PATIENT:
        fixed = choose(_PATIENT if case else _NO_CASE, letter.language)
        return f"{fixed} {case.ref}" if case else fixed
    fixed = _for_staff(letter, letter.language)
    return f"{case.ref} {fixed}" if case else fixed


def _for_staff(letter: Letter, language: Language) -> str:
    if letter.name == LetterName.STAFF_TASK:
        return task_name(str(letter.words.get("task", "")), language)
    return choose(_STAFF[letter.name], language)
