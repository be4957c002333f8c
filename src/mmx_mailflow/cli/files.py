"""`parse`, `form` and `inspect-form`: what is understood of files, and the form itself."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from mmx_mailflow.arrivals import inspected
from mmx_mailflow.casework.codes import read_reference
from mmx_mailflow.casework.returned import Returned
from mmx_mailflow.cli.common import Failure, options_of, print_json
from mmx_mailflow.cli.opened import office_of
from mmx_mailflow.forms.packet import PacketFacts, packet, words_from
from mmx_mailflow.forms.returned import ReturnedFile, judge, returned_json
from mmx_mailflow.intake.parse import parsed
from mmx_mailflow.office import Office, issued_packet
from mmx_mailflow.ops import logs
from mmx_mailflow.ops.opening import template_texts
from mmx_mailflow.store import cases
from mmx_mailflow.transport.worker import Worker

Paths = Annotated[
    list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, readable=True)
]
_SPECIMEN = PacketFacts(
    ref="MMX-0000-000",
    issue=1,
    issued_on=date(2026, 1, 2),
    expires_on=date(2027, 1, 2),
    organisation="MedicalMex",
    records_address="records@medicalmex.example",
    agent_name="Ana Ejemplo",
    patient_name="SPECIMEN / MUESTRA",
    specimen=True,
)


def parse(files: Paths) -> int:
    """Print what is understood of raw mails, one JSON object a file, a line each."""
    logs.set_up(quiet=True)
    for path in files:
        print_json(parsed(path.name, path.read_bytes()))
    return 0


def form(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="F", help="The PDF to write.")],
    ref: Annotated[str, typer.Argument(metavar="REF", help="A case.")] = "",
    specimen: Annotated[bool, typer.Option("--specimen", help="An invented patient.")] = False,
) -> int:
    """Write the authorization packet of a case, or a specimen, as PDF."""
    if specimen == bool(ref):
        raise typer.BadParameter("give a reference or --specimen")
    content = _specimen() if specimen else _of_case(context, ref)
    try:
        out.write_bytes(content)
    except OSError as error:
        raise Failure(f"{out}: {error.strerror}") from error
    return 0


def _specimen() -> bytes:
    return packet(_SPECIMEN, words_from(template_texts(None)), key=bytes(32))


def _of_case(context: typer.Context, ref: str) -> bytes:
    name = read_reference(ref)
    with office_of(context) as office, office.store.begin() as connection:
        stored = cases.load(connection, office.keys, name) if name else None
        if stored is None:
            raise Failure(f"there is no case {ref}")
        if stored.case.form is None:
            raise Failure(f"no form was issued in case {ref}")
        return issued_packet(office, stored.case)


def inspect_form(
    context: typer.Context,
    files: Paths,
    together: Annotated[bool, typer.Option("--together", help="The files are one return.")] = False,
) -> int:
    """Print what is recognised in returned files, one JSON object a line.

    With a configuration codes are verified and pages compared with the form of their case.
    """
    logs.set_up(quiet=True)
    read = [(path.name, ReturnedFile(name="", content=path.read_bytes())) for path in files]
    groups = [read] if together else [[one] for one in read]
    with ExitStack() as opened:
        known = options_of(context).config.exists()
        office = opened.enter_context(office_of(context)) if known else None
        worker = office.worker if office else opened.enter_context(Worker())
        for group in groups:
            found = _recognised(office, worker, [file for _, file in group])
            print_json(returned_json(" ".join(name for name, _ in group), found))
    return 0


def _recognised(office: Office | None, worker: Worker, files: list[ReturnedFile]) -> Returned:
    if office is None:
        return judge(worker.look(files), keys=None, today=datetime.now(UTC).date())
    first = inspected(office, files, None)
    code = next((p.code for p in first.pages if p.code is not None and p.code.verified), None)
    if code is None:
        return first
    with office.store.begin() as connection:
        stored = cases.load(connection, office.keys, code.ref)
    return inspected(office, files, stored.case) if stored else first
