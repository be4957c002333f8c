"""`parked replay`, `held release`, `replay`: kept mails once more, for real or on trial."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mmx_mailflow.cli.common import Failure, options_of, print_json, print_line, print_rows
from mmx_mailflow.cli.opened import office_of
from mmx_mailflow.office import Office
from mmx_mailflow.ops.replay import NotKeptError, Replayed, replayed
from mmx_mailflow.store import messages

Number = Annotated[int, typer.Argument(metavar="N", help="The number of a mail.")]
Numbers = Annotated[
    list[int] | None, typer.Argument(metavar="[N...]", help="Numbers of mails.", show_default=False)
]
_SHOWN = ("outcome", "kind", "case", "state", "letters", "why")


def parked_replay(
    context: typer.Context,
    number: Number,
    edited: Annotated[
        Path | None,
        typer.Option(
            "--with",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            readable=True,
            help="An edited copy, to be handled in its place; the original stays kept.",
        ),
    ] = None,
) -> int:
    """Give a parked mail back to the line, as it is or as an edited copy."""
    if edited is None:
        return release(context, number)
    most = options_of(context).settings().service.max_message_mb * 1_000_000
    raw = edited.read_bytes()
    if not 0 < len(raw) <= most:
        raise Failure(f"{edited} is empty or larger than a mail may be: nothing was changed")
    with office_of(context) as office, office.store.begin() as connection:
        now = office.clock.now()
        copy = messages.enter_copy(connection, office.keys, number, raw, now)
    if copy is None:
        raise Failure(f"mail number {number} is not parked")
    print_line(f"the copy waits as mail number {copy}; number {number} stays kept as it came")
    return 0


def release(context: typer.Context, number: Number) -> int:
    """Give a parked or held mail back to the line; the next pass handles it."""
    with office_of(context) as office, office.store.begin() as connection:
        if not messages.replay(connection, number, office.clock.now()):
            raise Failure(f"mail number {number} is neither parked nor held")
    print_line(f"mail number {number} waits again")
    return 0


def replay(
    context: typer.Context,
    numbers: Numbers = None,
    every: Annotated[bool, typer.Option("--all", help="Every mail that is kept.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> int:
    """Try what today's code makes of handled mails; 1 when it differs. Nothing is changed."""
    if every == bool(numbers):
        raise typer.BadParameter("give numbers of mails, or --all")
    with office_of(context) as office:
        wanted = _kept(office) if every else numbers or []
        tried = [_tried(office, number) for number in wanted]
    if as_json:
        print_json([_record(one) for one in tried])
    else:
        print_rows(("number", "what", "then", "now"), [row for one in tried for row in _rows(one)])
    return 1 if any(one.differs for one in tried) else 0


def _kept(office: Office) -> list[int]:
    with office.store.begin() as connection:
        return messages.handled(connection)


def _tried(office: Office, number: int) -> Replayed:
    try:
        return replayed(office, number)
    except NotKeptError as error:
        raise Failure(str(error)) from error


def _record(one: Replayed) -> dict[str, object]:
    return {
        "number": one.number,
        "differs": one.differs,
        "then": asdict(one.then),
        "now": asdict(one.now),
    }


def _rows(one: Replayed) -> list[dict[str, object]]:
    """A line where nothing differs, else a line for each part that does."""
    then, now = asdict(one.then), asdict(one.now)
    if not one.differs:
        return [{"number": one.number, "what": "same", "then": then["outcome"], "now": "same"}]
    parts = [part for part in _SHOWN if then[part] != now[part]]
    return [{"number": one.number, "what": p, "then": then[p], "now": now[p]} for p in parts]
