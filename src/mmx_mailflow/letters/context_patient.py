"""What letters to a patient say of the case: questions, where it stands, whose turn, what next."""

from __future__ import annotations

from datetime import date, datetime

from mmx_mailflow.casework.calendar import form_due_at, local_date
from mmx_mailflow.casework.case import Case, Provider, ProviderState, State, Turn
from mmx_mailflow.casework.deadlines import deadlines
from mmx_mailflow.casework.facts import REQUIRED, FactName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.turn import whose_turn
from mmx_mailflow.casework.values import Language
from mmx_mailflow.letters.words import Said, choose, day, flat
from mmx_mailflow.letters.words_case import ASKS, CHOICES, FACTS, PROVIDERS, STATES, TURNS

Row = dict[str, str]
_HERE: Said = ("here", "recibido")
_MISSING: Said = ("missing, please answer above", "falta, por favor responda arriba")
_UNCLEAR: Said = ("not clear, please answer above", "no es claro, por favor responda arriba")
_OPTIONAL: Said = ("not named (needed only if you know it)", "sin indicar (solo si lo sabe)")
_CONTACT: Said = ("contact information", "datos de contacto")
_MORE_READINGS: Said = ("another one: please write it", "otra: por favor escríbala")
_LETTERS = "abcdefghij"
_NEXT: dict[str, Said] = {
    "issue_with_blanks": ("we send you the form", "le enviamos el formulario"),
    "remind_form": ("we remind you of the form", "le recordamos el formulario"),
    "last_notice": ("we write to you about the form again", "le escribimos sobre el formulario"),
    "close_form": (
        "the request closes if the form has not come",
        "la solicitud se cierra si no ha llegado el formulario",
    ),
    "receipt_check": (
        "we ask the provider to confirm receipt",
        "pedimos al proveedor que confirme la recepción",
    ),
    "follow_up": ("we ask the provider again", "preguntamos de nuevo al proveedor"),
    "promised": ("we ask the provider again", "preguntamos de nuevo al proveedor"),
    "need": ("we remind you of what the provider needs", "le recordamos lo que pide el proveedor"),
    "status_note": ("we write to you again", "le escribimos de nuevo"),
    "day_thirty": ("we write to you again", "le escribimos de nuevo"),
    "renewal": ("we send you the next form to sign", "le enviamos el siguiente formulario"),
    "hold_ends": ("the pause ends", "termina la pausa"),
}
_FORM_DUE: Said = (
    "by then we send you the form at the latest",
    "a más tardar ese día le enviamos el formulario",
)


def items(case: Case, language: Language) -> list[Row]:
    """The policy's six items by name with what we found; no value stands in it."""
    facts = case.facts
    rows: list[Row] = []
    for name in (*REQUIRED[:3], FactName.PROVIDERS, FactName.RECORDS):
        if name in facts.ambiguous:
            found = _UNCLEAR if name in REQUIRED else _OPTIONAL
        elif facts.stated(name):
            found = _HERE
        else:
            found = _MISSING if name in REQUIRED else _OPTIONAL
        rows.append({"name": choose(FACTS[name], language), "found": choose(found, language)})
    rows.append({"name": choose(_CONTACT, language), "found": choose(_HERE, language)})
    return rows


def questions(case: Case, language: Language, *, repeat: bool) -> list[dict[str, object]]:
    """One question for each required fact that is open; readings become options a), b)."""
    return [_question(case, name, language, repeat=repeat) for name in case.facts.open()]


def _question(case: Case, name: FactName, language: Language, *, repeat: bool) -> dict[str, object]:
    readings = case.facts.meanings(name)[: len(_LETTERS) - 1]
    if not readings:
        return {"ask": choose(ASKS[name], language), "wrote": "", "options": []}
    shown = [flat(_reading(name, value, language)) for value in readings]
    if len(shown) == 1:
        shown.append(choose(_MORE_READINGS, language))
    words = [e.words for e in case.facts.evidence if e.fact == name] if repeat else []
    return {
        "ask": choose(CHOICES[name], language),
        "wrote": flat(words[-1])[:120] if words else "",
        "options": [f"{letter}) {text}" for letter, text in zip(_LETTERS, shown, strict=False)],
    }


def _reading(name: FactName, value: str, language: Language) -> str:
    """A reading as it is shown; a date carries both languages, so that nobody misreads it."""
    if name != FactName.DATE_OF_BIRTH:
        return value
    try:
        found = date.fromisoformat(value)
    except ValueError:
        return value
    other = Language.ES if language == Language.EN else Language.EN
    return f"{day(found, language)} / {day(found, other)}"


def progress(
    case: Case, policy: Policy, now: datetime, language: Language, *, names: bool
) -> dict[str, object]:
    """Where each provider stands, whose turn it is and since when, and the next date."""
    since = turn_since(case)
    return {
        "state_words": choose(STATES[case.state], language),
        "turn": choose(TURNS[whose_turn(case)], language),
        "rests": whose_turn(case) in {Turn.PROVIDER, Turn.STAFF, Turn.US},
        "needed": [
            flat(p.name) if names else _number(p, language)
            for p in case.providers
            if p.state == ProviderState.NEEDS_PATIENT
        ],
        "turn_since": day(local_date(since, policy), language) if since else "",
        "next": next_step(case, policy, now, language),
        "rows": [_row(p, policy, language, names=names) for p in case.providers],
        "awaits_form": case.state == State.AWAITING_SIGNATURE,
        "awaits_facts": case.state == State.INTAKE and not case.facts.complete(),
        "first_sent": (
            day(local_date(case.first_submission_at, policy), language)
            if case.first_submission_at
            else ""
        ),
    }


def _row(provider: Provider, policy: Policy, language: Language, *, names: bool) -> Row:
    said = choose(PROVIDERS[provider.state], language)
    if provider.state == ProviderState.PROMISED and provider.promised_on is not None:
        said += f" ({day(provider.promised_on, language)})"
    since = provider.state_since
    return {
        "name": flat(provider.name) if names else _number(provider, language),
        "state": said,
        "since": day(local_date(since, policy), language) if since else "",
    }


def _number(provider: Provider, language: Language) -> str:
    return choose((f"Provider no. {provider.n}", f"Proveedor núm. {provider.n}"), language)


def turn_since(case: Case) -> datetime | None:
    """Since when it has been the turn of whoever has to act, as far as the case tells."""
    turn = whose_turn(case)
    if turn == Turn.NOBODY:
        return case.closed_at
    if turn == Turn.STAFF:
        return max((t.opened_at for t in case.tasks), default=None)
    if case.authorization is None:
        return case.form_decided_at or case.asked_at or case.received_at
    if turn == Turn.PATIENT:
        asking = [p for p in case.providers if p.state == ProviderState.NEEDS_PATIENT]
        return max((p.state_since for p in asking if p.state_since), default=None)
    return max((p.sent_at for p in case.providers if p.sent_at), default=None)


def next_step(case: Case, policy: Policy, now: datetime, language: Language) -> str:
    """The next date that matters to the patient, as a sentence, or an empty string."""
    if case.state == State.CLOSED:
        return ""
    if case.form is None and case.authorization is None:
        due = local_date(form_due_at(case.received_at, policy), policy)
        if due >= local_date(now, policy):
            return f"{day(due, language)}: {choose(_FORM_DUE, language)}."
    for deadline in deadlines(case, policy):
        said = _NEXT.get(deadline.name.partition(":")[0])
        if said is not None and deadline.at > now:
            return f"{day(local_date(deadline.at, policy), language)}: {choose(said, language)}."
    return ""
