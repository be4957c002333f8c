"""How a later mail fills and corrects what an earlier one said."""

from __future__ import annotations

from mmx_mailflow.casework.facts import FactName, Facts, Reading
from mmx_mailflow.casework.names import plain, same_person, share_a_word

_LISTS = (FactName.PROVIDERS, FactName.EMAILS, FactName.PHONES)


def merged(earlier: Facts, later: Facts) -> Facts:
    """What is known after both: what the later mail states counts, the rest stays.

    A required fact that the later mail leaves open with two readings opens it again: a person
    who writes a date a second time means to change it. One that it leaves open without any (a
    first name under the text) says nothing that the case does not know, and opens nothing. A
    name in brief does not replace the full one, and the name of someone else is a question.
    """
    later = _weighed(earlier, later)
    changes: dict[str, object] = {}
    ambiguous = set(earlier.ambiguous)
    reopened = set()
    for name in FactName:
        if name in later.ambiguous:
            ambiguous.add(name)
            reopened.add(name)
            changes[name.value] = Facts.model_fields[name.value].default
        elif later.stated(name):
            ambiguous.discard(name)
            changes[name.value] = _value(name, earlier, later)
    touched = reopened | {n for n in FactName if later.stated(n)}
    kept = tuple(r for r in earlier.readings if r.fact not in touched)
    return Facts.model_validate(
        earlier.model_dump()
        | changes
        | {
            "ambiguous": frozenset(ambiguous),
            "readings": (*kept, *later.readings),
            "evidence": (
                *(e for e in earlier.evidence if e.fact not in touched or e.fact in _LISTS),
                *later.evidence,
            ),
        }
    )


def _weighed(earlier: Facts, later: Facts) -> Facts:
    """The later mail without what says nothing beside the earlier ones."""
    known = {n for n in FactName if earlier.stated(n) or earlier.meanings(n)}
    silent = {n for n in later.ambiguous & known if not later.meanings(n)}
    readings = later.readings
    old, new = earlier.patient_name, later.patient_name
    name = FactName.PATIENT_NAME
    if old and new and old != new:
        if same_person(old, new) and not (plain(old) == plain(new) and old.isascii()):
            silent.add(name)
        elif not share_a_word(old, new):
            readings += tuple(Reading(fact=name, value=value) for value in (old, new))
    disputed = {name} if readings != later.readings else set()
    return later.model_copy(
        update={
            **{n.value: Facts.model_fields[n.value].default for n in silent | disputed},
            "ambiguous": (later.ambiguous - silent) | disputed,
            "readings": readings,
            "evidence": tuple(e for e in later.evidence if e.fact not in silent),
        }
    )


def _value(name: FactName, earlier: Facts, later: Facts) -> object:
    new = getattr(later, name.value)
    if name in _LISTS:
        return tuple(dict.fromkeys((*getattr(earlier, name.value), *new)))
    return new


def changed(before: Facts, after: Facts) -> frozenset[FactName]:
    """The facts whose settled value is another one now."""
    return frozenset(n for n in FactName if getattr(before, n.value) != getattr(after, n.value))
