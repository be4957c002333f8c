"""What the templates of a letter may use: its words, cleaned, and what they mean in a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from pydantic import JsonValue

from mmx_mailflow.casework.calendar import local_date
from mmx_mailflow.casework.case import Case, Provider, ProviderState, Result
from mmx_mailflow.casework.codes import grouped
from mmx_mailflow.casework.facts import FactName
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import Defect
from mmx_mailflow.casework.values import Language, Role, Trust
from mmx_mailflow.letters.context_patient import items, progress, questions
from mmx_mailflow.letters.context_provider import request
from mmx_mailflow.letters.context_staff import staff_words
from mmx_mailflow.letters.words import choose, clean, day, flat, listed, moment, quoted
from mmx_mailflow.letters.words_case import FACTS, RESULTS
from mmx_mailflow.letters.words_form import DEFECTS
from mmx_mailflow.letters.words_needs import NEEDS, NEWS

Context = dict[str, object]
_LONG = frozenset({"text", "first_words", "preview", "cut", "note"})
"""Words of several lines; all others are one line, so that none can look like ours."""


def context(
    letter: Letter,
    case: Case | None,
    policy: Policy,
    *,
    now: datetime,
    code: str,
    language: Language,
) -> Context:
    """Everything that a template of this letter may name."""
    zone = policy.zone()
    found: Context = {
        key: _cleaned(value, long=key in _LONG) for key, value in letter.words.items()
    }
    found |= {
        "organisation": flat(policy.organisation),
        "records_address": policy.records_address,
        "ref": case.ref if case else "",
        "code": grouped(code),
        "today": day(local_date(now, policy), language),
        "day": partial(day, language=language),
        "moment": partial(moment, zone=zone, language=language),
        "listed": partial(listed, language=language),
        "quoted": quoted,
        "attached": sum(a.sort in ("file", "packet") for a in letter.attachments),
        "kept_pages": any(a.sort == "kept" for a in letter.attachments),
    }
    if letter.to_role == Role.PATIENT:
        _hide_names(found, letter, case, language)
    if case is not None and letter.to_role == Role.PATIENT:
        found |= progress(case, policy, now, language, names=known(case))
    enrich = _ENRICH.get(letter.name)
    if enrich is not None:
        found |= enrich(letter, case, language)
    if letter.name in _SHOWS_FACTS:
        found["understood"] = understood(case, language) if case is not None else []
    if letter.to_role in {Role.STAFF, Role.OPERATOR}:
        found |= staff_words(letter, found, policy, language)
    return found


_SHOWS_FACTS = frozenset({LetterName.STAFF_REVIEW, LetterName.STAFF_TASK})
_MOST_EVIDENCE, _LONGEST_EVIDENCE = 16, 120


def understood(case: Case, language: Language) -> list[dict[str, str]]:
    """What the mails were understood to say: each fact with the words it was read from."""
    rows = [
        {"name": choose(FACTS[e.fact], language), "words": flat(e.words)[:_LONGEST_EVIDENCE]}
        for name in FactName
        for e in case.facts.evidence
        if e.fact == name
    ]
    return rows[:_MOST_EVIDENCE]


def known(case: Case) -> bool:
    """Whether letters to the first sender may name what the case knows."""
    return case.confirmed or case.trust == Trust.VERIFIED


def _cleaned(value: JsonValue, *, long: bool) -> object:
    if isinstance(value, str):
        return clean(value).strip() if long else flat(value)
    if isinstance(value, list):
        return [_cleaned(each, long=long) for each in value]
    if isinstance(value, dict):
        return {key: _cleaned(each, long=key in _LONG) for key, each in value.items()}
    return value


def _hide_names(found: Context, letter: Letter, case: Case | None, language: Language) -> None:
    """An address that proved nothing is told of providers by number alone."""
    if case is None or known(case):
        return
    numbers = {p.name: p.n for p in case.providers}
    hidden = partial(_by_number, numbers, language)
    if isinstance(name := letter.words.get("provider"), str):
        found["provider"] = hidden(name)
    for key in ("providers", "unsettled"):
        if isinstance(names := letter.words.get(key), list):
            found[key] = [hidden(str(name)) for name in names]


def _by_number(numbers: Mapping[str, int], language: Language, name: str) -> str:
    number = numbers.get(name, 0)
    return choose((f"provider no. {number}", f"proveedor núm. {number}"), language)


def _questions(letter: Letter, case: Case | None, language: Language) -> Context:
    assert case is not None
    repeat = bool(letter.words["repeat_values"])
    return {
        "items": items(case, language),
        "questions": questions(case, language, repeat=repeat),
        "form_out": case.form is not None,
        "optional_provider": not case.facts.providers,
    }


def _blanks(letter: Letter, case: Case | None, language: Language) -> Context:
    return {"blank_names": [choose(FACTS[FactName(n)], language) for n in _texts(letter, "blanks")]}


def _defects(letter: Letter, case: Case | None, language: Language) -> Context:
    return {"defects": [choose(DEFECTS[Defect(c)], language) for c in _texts(letter, "codes")]}


def _need(letter: Letter, case: Case | None, language: Language) -> Context:
    sort = str(letter.words["need"]).replace(" ", "_")
    return {"need_sentence": choose(NEEDS.get(sort, NEEDS["clarify"]), language)}


def _news(letter: Letter, case: Case | None, language: Language) -> Context:
    return {"news": choose(NEWS[ProviderState(str(letter.words["state"]))], language)}


def _result(letter: Letter, case: Case | None, language: Language) -> Context:
    return {"result": choose(RESULTS[Result(str(letter.words["outcome"]))], language)}


def _request(letter: Letter, case: Case | None, language: Language) -> Context:
    assert case is not None
    return request(case, _provider(letter, case), language)


def _provider(letter: Letter, case: Case) -> Provider:
    return next(p for p in case.providers if p.n == letter.provider)


def _texts(letter: Letter, key: str) -> Sequence[str]:
    found = letter.words[key]
    return [str(each) for each in found] if isinstance(found, list) else []


_ENRICH: dict[LetterName, Callable[[Letter, Case | None, Language], Context]] = {
    LetterName.ACKNOWLEDGE: _questions,
    LetterName.ASK: _questions,
    LetterName.SEND_FORM: _blanks,
    LetterName.FORM_DEFECTS: _defects,
    LetterName.PROVIDER_NEEDS: _need,
    LetterName.PROVIDER_NEWS: _news,
    LetterName.CLOSED: _result,
    LetterName.SUBMISSION: _request,
    LetterName.RECEIPT_CHECK: _request,
    LetterName.FOLLOW_UP: _request,
    LetterName.PROVIDER_WORDS: _request,
    LetterName.PROVIDER_NOTICE: _request,
}
