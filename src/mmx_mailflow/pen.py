"""The holding pen: held mail with numbered guesses, and what staff answer by number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from pydantic import JsonValue

from mmx_mailflow.casework.case import Case
from mmx_mailflow.casework.codes import read_reference
from mmx_mailflow.casework.commands import Command, Line, Verb
from mmx_mailflow.casework.letters import Letter, LetterName
from mmx_mailflow.casework.values import CaseId, Outcome, Role
from mmx_mailflow.intake.commands import read_commands
from mmx_mailflow.intake.event import Read
from mmx_mailflow.intake.guesses import guesses
from mmx_mailflow.intake.message import Message
from mmx_mailflow.office import Office, plain_letter
from mmx_mailflow.store import cases, messages, outbox
from mmx_mailflow.store.engine import Connection

_VERBS = frozenset({Verb.FILE_AS, Verb.RELEASE})
_HELD = frozenset({Outcome.HELD, Outcome.JUNK})
_WAIT = _HELD | {None}
"""Without an outcome: given back to the line, and the service stopped before it came there."""
Handle = Callable[[Command], None]
Result = dict[str, object]


def guessed(message: Message, every: Sequence[Case], today: date) -> list[JsonValue]:
    """The guesses of one mail as the list tells them: a number, a reference, initials."""
    return [
        {"k": k, "ref": g.ref, "initials": g.initials, "because": list(g.because)}
        for k, g in enumerate(guesses(message, every, today), 1)
    ]


def shown(mails: Sequence[JsonValue]) -> tuple[str, ...]:
    """What a list of held mail offers to choose from: `881.1=MMX-...`."""
    return tuple(
        f"{mail['number']}.{guess['k']}={guess['ref']}"
        for mail in mails
        if isinstance(mail, dict) and isinstance(mail["guesses"], list)
        for guess in mail["guesses"]
        if isinstance(guess, dict)
    )


def answer(office: Office, found: Read, handle: Handle, *, in_thread: bool) -> Letter | None:
    """Do what a proven member of staff says of held mail, line by line, and tell what was done.

    None when the mail says nothing of held mail, and in a case's thread when it says more.
    """
    lines = read_commands(found.message.new_text, today=found.received_at.date()).lines
    mine = [_is_of_the_pen(line) for line in lines]
    if not any(mine) or (in_thread and not all(mine)):
        return None
    with office.store.begin() as connection:
        offered = _offered(office, connection, found)
    results = [_done(office, line, offered, handle) for line in lines]
    opened = any(r["result"] == "done" and r["opens"] for r in results)
    words: dict[str, object] = {
        "lines": results, "show": [], "undo_until": "", "sent_to_patient": opened, "preview": "",
        "note_only": False, "cut": "",
    }  # fmt: skip
    occasion = f"pen-{found.number}"
    return plain_letter(office, LetterName.STAFF_ANSWER, found.sender, Role.STAFF, occasion, words)


def _is_of_the_pen(line: Line) -> bool:
    if line.command is None:
        return "=" in line.nearest and line.nearest[:1].isdigit()
    return line.command.verb in _VERBS


def _offered(office: Office, connection: Connection, found: Read) -> dict[str, CaseId]:
    """The guesses of the list that this mail answers, when it went to this very member."""
    named = (*found.message.in_reply_to, *reversed(found.message.references))
    for ours in outbox.by_message_ids(connection, office.keys, named[:40]):
        if ours.letter == LetterName.HOLDING_PEN and ours.recipient.lower() == found.sender:
            pairs = (entry.partition("=") for entry in ours.shows)
            return {place: ref for place, _, word in pairs if (ref := read_reference(word))}
    return {}


def _done(office: Office, line: Line, offered: dict[str, CaseId], handle: Handle) -> Result:
    """One line, done whole or not at all."""
    said: Result = {"text": line.text, "why": line.why, "nearest": line.nearest, "opens": False}
    command = line.command
    if command is None:
        return said | {"result": "unknown"}
    if command.choice:
        ref = offered.get(f"{command.number}.{command.choice}")
        if ref is None:
            return said | {"result": "refused", "why": "no_such_choice"}
        command = command.model_copy(update={"ref": ref, "choice": 0})
    why = _file(office, command, handle) if command.verb in _VERBS else "not_outside_a_thread"
    opens = command.ref is None and command.name != "junk"
    return said | {"result": "refused" if why else "done", "why": why, "opens": opens}


def _file(office: Office, command: Command, handle: Handle) -> str:
    """Give one held mail to its case, open a case for it, or call it junk; why not, if not."""
    junk, now = command.name == "junk", office.clock.now()
    with office.store.begin() as connection:
        kept = messages.load(connection, office.keys, command.number)
        waits = kept is not None and kept.given and kept.outcome in (_HELD if junk else _WAIT)
        if kept is None or not waits or kept.ref not in {None, command.ref}:
            return "" if kept is not None and _agrees(kept, command) else "nothing_held"
        if command.ref is not None and cases.load(connection, office.keys, command.ref) is None:
            return "no_such_case"
        if junk:
            done = messages.Settled(outcome=Outcome.JUNK, why="staff call it junk")
            messages.settle(connection, office.keys, command.number, done, now)
            return ""
        messages.replay(connection, command.number, now)
    handle(command)
    with office.store.begin() as connection:
        kept = messages.load(connection, office.keys, command.number)
    return "" if kept is not None and kept.ref is not None else "still_held"


def _agrees(kept: messages.Kept, command: Command) -> bool:
    """Whether a mail is already where staff want it: a mail of staff may be handled twice."""
    return command.ref is not None and kept.ref == command.ref
