"""The table as a drawing for docs/states.md."""

from __future__ import annotations

from mmx_mailflow.casework.case import State
from mmx_mailflow.casework.table import TABLE


def mermaid() -> str:
    """Return the table as a mermaid state diagram, one edge between two states, sorted."""
    edges: dict[tuple[State, State], list[str]] = {}
    for row in TABLE.values():
        for end in row.ends_in - {row.state}:
            kind = row.event.model_fields["kind"].default
            edges.setdefault((row.state, end), []).append(kind)
    lines = [
        f"    {start} --> {end}: {', '.join(sorted(kinds))}"
        for (start, end), kinds in sorted(edges.items())
    ]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.TRIAGE}", *lines, ""])


def table() -> str:
    """Return the table row by row as Markdown, one line a state and event."""
    lines = ["| in state | when | do | may end in |", "|---|---|---|---|"]
    for (state, event), row in TABLE.items():
        ends = ", ".join(sorted(end.value for end in row.ends_in))
        step = f"{row.do.__module__.rsplit('.', 1)[-1]}.{row.do.__name__}"
        lines.append(f"| {state} | {event.model_fields['kind'].default} | `{step}` | {ends} |")
    return "\n".join([*lines, ""])


def page() -> str:
    """Return docs/states.md as a whole."""
    return (
        "# States\n\n"
        "Generated from `casework/table.py` by `make states`; do not edit.\n"
        "Where no row stands, the event goes to staff.\n\n"
        f"```mermaid\n{mermaid()}```\n\n{table()}"
    )
