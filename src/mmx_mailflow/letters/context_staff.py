"""What letters to staff say: the evidence, and the exact words to reply with."""

from __future__ import annotations

from collections.abc import Mapping

from mmx_mailflow.casework.case import ProviderState, State, TaskName, Turn
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import CheckResult, Defect, Signature, Verdict
from mmx_mailflow.casework.values import Language
from mmx_mailflow.letters.words import choose, day
from mmx_mailflow.letters.words_case import STATES, TURN_NAMES
from mmx_mailflow.letters.words_form import (
    CHECKS,
    PLACES,
    RESULTS,
    SIGNATURES,
    VERDICTS,
)
from mmx_mailflow.letters.words_staff import (
    ALARMS,
    BECAUSE,
    COUNTS,
    DONE,
    HELP,
    LABELS,
    NOTHING_SENT,
    PROVIDER_NAMES,
    TASK_SENTENCES,
    TASKS,
    command,
    named,
    why,
)

Context = dict[str, object]


def staff_words(
    letter: Letter, words: Mapping[str, object], policy: Policy, language: Language
) -> Context:
    """What the words of a letter to staff mean in their language."""
    if letter.name == LetterName.STAFF_TASK:
        return _task(words, language)
    if letter.name == LetterName.STAFF_REVIEW:
        return _review(words, language)
    if letter.name == LetterName.STAFF_ANSWER:
        return _answer(words, language)
    if letter.name == LetterName.DIGEST:
        return _digest(words, language)
    if letter.name == LetterName.HOLDING_PEN:
        return {"mails": [_held(row, language) for row in _rows(words, "mails")]}
    if letter.name == LetterName.ALARM:
        return {"alarm_words": named(ALARMS, str(words["alarm"]), language)}
    return {}


def _task(words: Mapping[str, object], language: Language) -> Context:
    task = TaskName(str(words["task"]))
    return {
        "sentence": choose(TASK_SENTENCES[task], language),
        "nothing_sent": task in NOTHING_SENT,
        "replies": [command(str(line), language) for line in _list(words, "commands")],
        "chosen": command(f"PROVIDER {words['number']} =", language),
        "candidates": words.get("candidates", []),
        "details_words": _details(str(words["details"]), language),
    }


def _held(row: Mapping[str, object], language: Language) -> Context:
    """A held mail with its guesses, each with the line that chooses it."""
    found = [
        {
            **guess,
            "reply": f"{row['number']} = {guess['k']}",
            "reasons": [named(BECAUSE, str(name), language) for name in _list(guess, "because")],
        }
        for guess in _rows(row, "guesses")
    ]
    return {**row, "guesses": found}


def _details(details: str, language: Language) -> str:
    return why(details, language) if details else ""


def _review(words: Mapping[str, object], language: Language) -> Context:
    checks = [
        {
            "number": row["check"],
            "name": choose(CHECKS[_number(row["check"])], language),
            "result": choose(RESULTS[CheckResult(str(row["result"]))], language),
            "evidence": _evidence(row, language),
        }
        for row in _rows(words, "checks")
    ]
    defects = [Defect(str(code)).value for code in _list(words, "defects")]
    example = defects or [Defect.UNSIGNED.value]
    unsettled = [row for row in _rows(words, "providers") if not row["exact"]]
    return {
        "verdict_words": choose(VERDICTS[Verdict(str(words["verdict"]))], language),
        "check_rows": checks,
        "place_rows": [_place(row, language) for row in _rows(words, "places")],
        "replies": [
            command("APPROVE", language),
            *([command("ID OK", language)] if _lacks_an_id(words) else []),
            command(f"REJECT {', '.join(example)}", language),
        ],
        "unsettled": bool(unsettled),
        "confirm": command("CONFIRM", language),
        "chosen": command("PROVIDER", language),
        "approve": command("APPROVE", language),
    }


def _lacks_an_id(words: Mapping[str, object]) -> bool:
    """Whether a copy of an ID is missing, which staff may waive."""
    return Defect.ID_MISSING.value in _list(words, "defects")


def _evidence(row: Mapping[str, object], language: Language) -> str:
    """What a check was judged by, in the language of staff where it was said in both."""
    spanish = str(row.get("evidence_es", "")) if language == Language.ES else ""
    return spanish or str(row["evidence"])


def _place(row: Mapping[str, object], language: Language) -> dict[str, str]:
    place = str(row["place"])
    return {
        "place": place,
        "name": choose(PLACES.get(place, (place, place)), language),
        "signature": choose(SIGNATURES[Signature(str(row["signature"]))], language),
        "date": _day(str(row["date"]), language),
    }


def _day(words: str, language: Language) -> str:
    """A date in words where it was read, else what stands there."""
    try:
        return day(words, language)
    except ValueError:
        return words


def _number(value: object) -> int:
    return int(str(value))


def _answer(words: Mapping[str, object], language: Language) -> Context:
    return {
        "line_rows": [
            {
                "text": row["text"],
                "result": choose(DONE[str(row["result"])], language),
                "why": why(str(row["why"]), language) if row["why"] else "",
                "nearest": command(str(row["nearest"]), language),
                "waiting": row["result"] == "waiting",
            }
            for row in _rows(words, "lines")
        ],
        "shown": [
            _shown(row, language)
            for row in _list(words, "show")
            if isinstance(row, list) and row[:1] != ["help"]
        ],
        "help": [choose(line, language) for line in HELP] if _asks_help(words) else [],
        "note_only": words.get("note_only", False),
        "cut": words.get("cut", ""),
        "undo": command("UNDO", language),
    }


def _asks_help(words: Mapping[str, object]) -> bool:
    return any(isinstance(row, list) and row[:1] == ["help"] for row in _list(words, "show"))


def _shown(row: object, language: Language) -> tuple[str, str]:
    """The label and the value of one line of SHOW, in words; a label may end in a number."""
    label, value = map(str, row) if isinstance(row, list) else ("", "")
    word, _, number = label.partition(" ")
    said = named(LABELS, word, language)
    return f"{said} {number}".strip(), _value(word, value, language)


def _value(word: str, value: str, language: Language) -> str:
    """States and tasks in words; everything else as it stands."""
    if word == "state":
        return choose(STATES[State(value)], language)
    if word == "whose_turn":
        return choose(TURN_NAMES[Turn(value)], language)
    if word == "task":
        return choose(TASKS[TaskName(value)], language)
    if word == "provider":
        rest, _, state = value.rpartition(" ")
        known = state in {each.value for each in ProviderState}
        return (
            f"{rest}: {choose(PROVIDER_NAMES[ProviderState(state)], language)}" if known else value
        )
    return value


def _digest(words: Mapping[str, object], language: Language) -> Context:
    counts = words["counts"]
    assert isinstance(counts, dict)
    return {
        "count_rows": [(named(COUNTS, str(key), language), n) for key, n in counts.items()],
        "due_rows": [
            {**row, "state": _state(str(row["state"]), language)} for row in _rows(words, "due")
        ],
        "task_rows": [
            {**row, "task": _task_words(str(row["task"]), language)}
            for row in _rows(words, "tasks")
        ],
    }


def _state(name: str, language: Language) -> str:
    return choose(STATES[State(name)], language) if name in set(State) else name


def _task_words(name: str, language: Language) -> str:
    return choose(TASKS[TaskName(name)], language) if name in set(TaskName) else name


def _list(words: Mapping[str, object], key: str) -> list[object]:
    found = words[key]
    return found if isinstance(found, list) else []


def _rows(words: Mapping[str, object], key: str) -> list[dict[str, object]]:
    return [row for row in _list(words, key) if isinstance(row, dict)]
