"""How a later mail fills and corrects what an earlier one said."""

from __future__ import annotations

from mmx_mailflow.casework.facts import FactName, Facts

_LISTS = (FactName.PROVIDERS, FactName.EMAILS, FactName.PHONES)


def merged(earlier: Facts, later: Facts) -> Facts:
    """What is known after both: what the later mail states counts, the rest stays.

    A required fact that the later mail leaves open (two readings) opens it again: a person
    who writes a date a second time means to change it.
    """
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


def _value(name: FactName, earlier: Facts, later: Facts) -> object:
    new = getattr(later, name.value)
    if name in _LISTS:
        return tuple(dict.fromkeys((*getattr(earlier, name.value), *new)))
    return new


def changed(before: Facts, after: Facts) -> frozenset[FactName]:
    """The facts whose settled value is another one now."""
    return frozenset(n for n in FactName if getattr(before, n.value) != getattr(after, n.value))
