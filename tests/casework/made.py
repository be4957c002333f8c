"""Cases, mails and facts that the tests of casework start from; all people are invented."""

from datetime import UTC, date, datetime, timedelta

from mmx_mailflow.casework.case import Case, State
from mmx_mailflow.casework.commands import Command, Line
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import (
    DirectoryMatch,
    FileNote,
    FormReturned,
    LetterSent,
    Mail,
    ProviderMatch,
    RequestReceived,
    StaffReplied,
)
from mmx_mailflow.casework.facts import Facts, Period, Requester
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import Page, PageCode, Place, Returned, Signature, Verdict
from mmx_mailflow.casework.values import CaseId, Role, Trust

NOW = datetime(2026, 11, 20, 20, tzinfo=UTC)  # Friday noon in Tijuana
REF = CaseId("MMX-7F3K-9Q2")
ANA = "ana.prueba@gmail.com"
STAFF = "luz@office.example"
POLICY = Policy(
    records_address="records@office.example",
    staff_members=(STAFF, "raul@office.example"),
    notify=("desk@office.example",),
    agent_name="Ana Ejemplo",
)
COMPLETE = Facts(
    patient_name="Ana Prueba Demo",
    date_of_birth=date(1980, 3, 25),
    treatment_dates=(Period(start=date(2024, 6, 1), end=date(2024, 6, 30), text="June 2024"),),
    records=("operative report",),
    providers=("Hospital Faro",),
)
FARO = ProviderMatch(
    name="Hospital Faro",
    matches=(DirectoryMatch(name="Hospital Faro", email="archivo@faro.example", exact=True),),
)
MISION = ProviderMatch(
    name="Clinica Mision",
    matches=(DirectoryMatch(name="Clínica Misión", email="records@mision.example", exact=True),),
)
FILE = FileNote(id="7.1", media_type="application/pdf", size=40_000, sha256="ab" * 32)


def mail(message: int = 1, **changes: object) -> Mail:
    values = {
        "message": message,
        "message_id": f"<m{message}@gmail.com>",
        "sender": ANA,
        "trust": Trust.VERIFIED,
        "received_at": NOW,
        "first_words": "words",
    }
    return Mail.model_validate(values | changes)


def new_case(**changes: object) -> Case:
    values = {"ref": REF, "state": State.TRIAGE, "received_at": NOW, "sender": ANA}
    return Case(**(values | changes))  # type: ignore[arg-type]


def request(facts: Facts = COMPLETE, *, matches=(FARO,), patients: int = 1, **changes: object):
    return RequestReceived(
        mail=mail(**changes),
        facts=facts,
        requester=Requester.PATIENT,
        matches=matches,
        patients=patients,
    )


def returned(**changes: object) -> Returned:
    page = Page(
        code=PageCode(ref=REF, issue=1, page=1, verified=True),
        legible=True,
        fields={"A9.risk": "AP"},
        places=(Place(place="A13", signature=Signature.INK),),
    )
    return Returned.model_validate({"pages": (page,), "verdict": Verdict.SIGNED} | changes)


def came_back(message: int = 7, answer: Returned | None = None, **changes: object) -> FormReturned:
    return FormReturned(
        mail=mail(message, proven=True, code_proven=True, files=(FILE,), **changes),
        returned=answer or returned(),
    )


def staff(*commands: Command, message: int = 20, shown: tuple[str, ...] = (), **changes: object):
    return StaffReplied(
        mail=mail(message, sender=STAFF, **changes),
        lines=tuple(Line(text=str(c.verb), command=c) for c in commands),
        shown=shown,
    )


def form_sent(case: Case, now: datetime = NOW) -> Case:
    sent = LetterSent(letter=LetterName.SEND_FORM, to_role=Role.PATIENT, occasion="form-1")
    return decide(case, sent, POLICY, now).case


def awaiting_signature() -> Case:
    return form_sent(decide(new_case(), request(), POLICY, NOW).case)


def in_review() -> Case:
    return decide(awaiting_signature(), came_back(), POLICY, NOW + timedelta(days=2)).case


SHOWN = ("file:7.1", "address:1:archivo@faro.example", "address:2:records@mision.example")
