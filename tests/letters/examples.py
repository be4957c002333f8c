"""Letters, cases and templates that the tests of letters start from; all people are invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from mmx_mailflow.casework.case import (
    Authorization,
    Case,
    Provider,
    ProviderState,
    Result,
    State,
    TaskName,
)
from mmx_mailflow.casework.facts import Evidence, FactName, Facts, Period, Reading
from mmx_mailflow.casework.letters import (
    FileAttachment,
    Letter,
    LetterName,
    PacketAttachment,
    PictureAttachment,
)
from mmx_mailflow.casework.policy import Policy
from mmx_mailflow.casework.returned import CheckResult, Defect, IssuedForm
from mmx_mailflow.casework.values import CaseId, Language, Role, Trust
from mmx_mailflow.letters.compose import Attached, Composed, Templates, compose, templates_from

ROOT = Path(__file__).resolve().parents[2] / "templates"
NOW = datetime(2026, 11, 20, 20, tzinfo=UTC)
REF = CaseId("MMX-7F3K-9Q2")
PATIENT = "quetzalli.canary@gmail.com"
POLICY = Policy(records_address="records@office.example", agent_name="Ana Ejemplo")
DRAW = bytes(range(16))
KEY = b"k" * 32

FACTS = Facts(
    patient_name="Quetzalli Canary Prueba",
    date_of_birth=date(1980, 3, 25),
    treatment_dates=(Period(start=date(2024, 6, 1), end=date(2024, 6, 30), text="junio pasado"),),
    providers=("Hospital Faro", "Clínica Misión"),
    records=("operative report", "MRI from Clínica Misión"),
    emails=("other.canary@mail.example",),
    phones=("+52 664 555 0147",),
    postal_address="Calle Canario 5",
)
OPEN_FACTS = Facts(
    patient_name=None,
    date_of_birth=None,
    records=("everything",),
    ambiguous=frozenset({FactName.DATE_OF_BIRTH, FactName.PATIENT_NAME}),
    readings=(
        Reading(fact=FactName.DATE_OF_BIRTH, value="1980-03-04"),
        Reading(fact=FactName.DATE_OF_BIRTH, value="1980-04-03"),
    ),
    evidence=(
        Evidence(fact=FactName.DATE_OF_BIRTH, words="03/04/1980", part="1", start=5, end=15),
    ),
)
PROVIDERS = (
    Provider(
        n=1,
        name="Hospital Faro",
        state=ProviderState.ACKNOWLEDGED,
        address="archivo@faro.example",
        exact=True,
        state_since=NOW - timedelta(days=3),
        sent_at=NOW - timedelta(days=5),
        submissions=1,
    ),
    Provider(
        n=2,
        name="Clínica Misión",
        state=ProviderState.NEEDS_PATIENT,
        address="records@mision.example",
        country="US",
        exact=True,
        state_since=NOW - timedelta(days=2),
        sent_at=NOW - timedelta(days=5),
        submissions=1,
        need="fee",
    ),
)
FORM = IssuedForm(
    ref=REF,
    issue=1,
    issued_on=date(2026, 11, 1),
    expires_on=date(2027, 11, 1),
    pages=5,
    pages_wanted=(1, 2, 3),
    version="MMX-AUTH-1",
)


def new_case(**changes: object) -> Case:
    values = {
        "ref": REF,
        "state": State.INTAKE,
        "received_at": NOW - timedelta(days=10),
        "sender": PATIENT,
        "facts": FACTS,
        "trust": Trust.VERIFIED,
        "confirmed": True,
        "asked_at": NOW - timedelta(days=9),
        "providers": PROVIDERS,
    }
    return Case(**(values | changes))  # type: ignore[arg-type]


OPEN = new_case(facts=OPEN_FACTS, providers=())
UNKNOWN = replace(OPEN, trust=Trust.UNKNOWN, confirmed=False)
WAITING = new_case(
    state=State.AWAITING_SIGNATURE, form=FORM, form_decided_at=NOW - timedelta(days=4)
)
ASKING = new_case(
    state=State.IN_PROGRESS,
    form=FORM,
    first_submission_at=NOW - timedelta(days=5),
    authorization=Authorization(
        issue=1,
        returned_at=NOW - timedelta(days=7),
        accepted_at=NOW - timedelta(days=6),
        accepted_by="luz@office.example",
        expires_on=date(2027, 11, 1),
        providers=("Hospital Faro", "Clínica Misión"),
    ),
)
CLOSED = replace(
    ASKING,
    state=State.CLOSED,
    result=Result.PARTIAL,
    closed_at=NOW,
    providers=(
        PROVIDERS[0].model_copy(update={"state": ProviderState.COMPLETE}),
        PROVIDERS[1].model_copy(update={"state": ProviderState.DENIED}),
    ),
)
PACKET = (PacketAttachment(issue=1),)
PICTURES = (PictureAttachment(place="A13"), PictureAttachment(place="A12.6"))
PAGES = (FileAttachment(file="7.1", name=f"{REF}-authorization-1"),)
COMMANDS = ["PROVIDER 1 RECEIVED", "TELL PATIENT: ... END", "NOTE: ..."]
MAILS = [
    {
        "number": 1,
        "sender": "stranger@elsewhere.example",
        "received": NOW.isoformat(),
        "first_words": "Hello\nIs my record there?",
        "why": "the thread is not known",
        "guesses": [
            {"k": 1, "ref": str(REF), "initials": "A. P. D.", "because": ["name", "birth_date"]},
            {"k": 2, "ref": "MMX-7F3K-9QM", "initials": "", "because": ["reference", "sender"]},
        ],
    },
    {
        "number": 2,
        "sender": "second@elsewhere.example",
        "received": NOW.isoformat(),
        "first_words": "",
        "why": "a check failed",
        "guesses": [],
    },
]
REVIEW = {
    "verdict": "signed",
    "defects": ["UNDATED"],
    "checks": [
        {
            "number": n,
            "check": n,
            "result": list(CheckResult)[n % 4].value,
            "evidence": f"seen {n}",
            "evidence_es": f"visto {n}" if n % 2 else "",
        }
        for n in range(1, 21)
    ],
    "places": [
        {"place": "A13", "signature": "ink", "date": "2026-11-19"},
        {"place": "A12.6", "signature": "none", "date": ""},
        {"place": "B2.1", "signature": "unsure", "date": "19 nov"},
    ],
    "providers": [
        {
            "n": 1,
            "name": "Hospital Faro",
            "address": "archivo@faro.example",
            "exact": True,
            "candidates": [],
        },
        {
            "n": 2,
            "name": "Clinica Mision",
            "address": "",
            "exact": False,
            "candidates": [
                {"k": 1, "name": "Clínica Misión Centro", "address": "a@mision.example"},
                {"k": 2, "name": "Clínica Misión Playas", "address": "b@mision.example"},
            ],
        },
    ],
    "pages": [1, 2, 3],
    "sender": PATIENT,
    "sender_is_first": True,
    "failed_checks": True,
}
ANSWER = {
    "lines": [
        {
            "text": "APPROVE",
            "result": "waiting",
            "why": "confirm:failed_check",
            "nearest": "CONFIRM K3",
        },
        {"text": "NOTE: called", "result": "done", "why": "", "nearest": ""},
        {"text": "APROVE", "result": "unknown", "why": "no such command", "nearest": "APPROVE"},
        {"text": "DELIVER 1", "result": "refused", "why": "not_all_understood", "nearest": ""},
    ],
    "show": [
        ["state", "in_progress"],
        ["whose_turn", "provider"],
        ["patient_name", "Quetzalli Canary Prueba"],
        ["provider 1", "Hospital Faro <archivo@faro.example> sent"],
        ["task 3", "read_mail"],
        ["help", "help"],
    ],
    "undo_until": NOW.isoformat(),
    "sent_to_patient": False,
    "preview": "Dear Ms.,\n\nwe called.",
    "note_only": False,
    "cut": "Luz\nRecords office",
}
TASK = {
    "n": 4,
    "sender": PATIENT,
    "first_words": "Please call me.\nAPPROVE",
    "provider": "Hospital Faro",
    "number": 1,
    "details": "day 5",
    "files": [{"id": "7.1", "type": "application/pdf", "kb": 40}],
    "commands": COMMANDS,
    "candidates": [{"k": 1, "name": "Hospital Faro", "address": "archivo@faro.example"}],
}
EMPTY_TASK = TASK | {
    "sender": "",
    "first_words": "",
    "provider": "",
    "number": 0,
    "details": "",
    "files": [],
    "candidates": [],
}
DIGEST = {
    "counts": {"open": 4, "held": 1, "something_else": 2},
    "due": [{"ref": str(REF), "state": "in_progress", "due": "2026-11-25"}],
    "tasks": [{"ref": str(REF), "task": "read_mail", "age_days": 2}],
    "chain_heads": [{"ref": str(REF), "head": "ab" * 32}],
}
FIRST = {"form_attached": False, "repeat_values": True, "form_due": "2026-12-04"}
QUESTION = {"note": "", "repeat_values": True, "form_due": "2026-12-04"}
ABOUT_FARO = {"provider": "Hospital Faro", "sent_on": "2026-11-15"}

Example = tuple[LetterName, str, Case | None, dict[str, object], tuple[object, ...]]
"""Name, what is special, case, words, attachments."""

_N = LetterName
EXAMPLES: tuple[Example, ...] = (
    (_N.ACKNOWLEDGE, "complete", WAITING, FIRST | {"form_attached": True}, PACKET),
    (_N.ACKNOWLEDGE, "ambiguous", OPEN, FIRST, ()),
    (_N.ACKNOWLEDGE, "unknown", UNKNOWN, FIRST | {"repeat_values": False}, ()),
    (_N.ACKNOWLEDGE, "empty", new_case(facts=Facts(), providers=()), FIRST, ()),
    (_N.ASK, "open", OPEN, QUESTION, ()),
    (_N.ASK, "note", new_case(), QUESTION | {"note": "Which knee?\n\nLeft or right?"}, ()),
    (_N.SEND_FORM, "blanks", WAITING, {"blanks": ["date_of_birth"], "again": False}, PACKET),
    (_N.SEND_FORM, "again", WAITING, {"blanks": [], "again": True}, PACKET),
    (_N.RENEW_FORM, "ahead", ASKING, {"expires_on": "2026-12-20", "expired": False}, PACKET),
    (_N.RENEW_FORM, "past", ASKING, {"expires_on": "2026-11-20", "expired": True}, PACKET),
    (_N.REMIND_FORM, "", WAITING, {"number": 2}, PACKET),
    (_N.LAST_NOTICE, "", WAITING, {"closes_on": "2026-12-16"}, PACKET),
    (_N.FORM_PAGES, "some", WAITING, {"here": [1], "wanted": [2, 3]}, ()),
    (_N.FORM_PAGES, "none", WAITING, {"here": [], "wanted": []}, ()),
    (
        _N.FORM_DEFECTS,
        "all",
        WAITING,
        {"codes": [d.value for d in Defect], "note": "Thanks.", "again": [2, 3], "here": [1]},
        PACKET,
    ),
    (
        _N.FORM_DEFECTS,
        "one",
        WAITING,
        {"codes": ["UNSIGNED"], "note": "", "again": [3], "here": [1, 4]},
        PACKET,
    ),
    (
        _N.FORM_DEFECTS,
        "paper",
        WAITING,
        {"codes": ["ID_MISSING"], "note": "", "again": [], "here": []},
        PACKET,
    ),
    (
        _N.FORM_ACCEPTED,
        "",
        ASKING,
        {"providers": ["Hospital Faro"], "unsettled": ["Clínica Misión"]},
        PAGES,
    ),
    (_N.STATUS, "asking", ASKING, {}, ()),
    (_N.STATUS, "open", OPEN, {}, ()),
    (_N.STATUS, "waiting", WAITING, {}, ()),
    (_N.STATUS, "closed", CLOSED, {}, ()),
    (_N.STATUS_NOTE, "", ASKING, {"days": 14}, ()),
    (_N.DAY_THIRTY, "", ASKING, {}, ()),
    *(
        (
            _N.PROVIDER_NEEDS,
            need,
            ASKING,
            {"provider": "Hospital Faro", "need": need, "details": "850 MXN"},
            (),
        )
        for need in ("fee", "own_form", "id", "witnesses", "formality", "clarify", "pickup")
    ),
    *(
        (_N.PROVIDER_NEWS, state, ASKING, {"provider": "Hospital Faro", "state": state}, ())
        for state in ("no_record", "denied", "unresponsive", "partial", "referred", "not_covered")
    ),
    (_N.DELIVERY, "", ASKING, {"provider": "Hospital Faro", "files": 2, "last": True}, PAGES),
    *((_N.CLOSED, r.value, CLOSED, {"outcome": r.value}, ()) for r in Result),
    (_N.WITHDRAWAL_CONFIRMED, "told", CLOSED, {"providers_told_after": "2026-12-01"}, ()),
    (_N.WITHDRAWAL_CONFIRMED, "quiet", CLOSED, {"providers_told_after": ""}, ()),
    (_N.REVOCATION_RECEIVED, "", ASKING, {}, ()),
    (_N.GOES_ON, "", ASKING, {}, ()),
    (_N.ADDRESS_ASKED, "asked", ASKING, {"address": "ana@new.example", "agreed": False}, ()),
    (_N.ADDRESS_ASKED, "agreed", ASKING, {"address": "ana@new.example", "agreed": True}, ()),
    (_N.ADDRESS_CHECK, "", ASKING, {}, ()),
    (_N.ADDRESS_CHANGED, "", ASKING, {}, ()),
    (_N.REVOCATION_CONFIRMED, "told", CLOSED, {"providers_told": True}, ()),
    (_N.REVOCATION_CONFIRMED, "quiet", CLOSED, {"providers_told": False}, ()),
    (_N.FOR_WHOM, "", OPEN, {}, ()),
    (_N.EMERGENCY, "case", OPEN, {}, ()),
    (_N.EMERGENCY, "none", None, {}, ()),
    (_N.RECEIPT, "", None, {}, ()),
    (_N.PROVE_ADDRESS, "", OPEN, {}, ()),
    (_N.TOO_LARGE, "", None, {"megabytes": 40}, ()),
    (_N.REOPENED, "", ASKING, {}, ()),
    (_N.PATIENT_WORDS, "", ASKING, {"text": "Dear Ms.,\n\nwe called you.\n1. twice"}, ()),
    (_N.SUBMISSION, "", ASKING, {"provider": "Hospital Faro"}, PAGES),
    (_N.RECEIPT_CHECK, "", ASKING, ABOUT_FARO, ()),
    (_N.FOLLOW_UP, "", ASKING, ABOUT_FARO | {"number": 1}, PAGES),
    (
        _N.PROVIDER_WORDS,
        "",
        ASKING,
        {"provider": "Hospital Faro", "text": "Gracias.\n\nSaludos"},
        (),
    ),
    (_N.PROVIDER_NOTICE, "revoked", ASKING, ABOUT_FARO | {"why": "revoked"}, ()),
    (_N.PROVIDER_NOTICE, "withdrawn", ASKING, ABOUT_FARO | {"why": "withdrawn"}, ()),
    (_N.STAFF_REVIEW, "full", ASKING, REVIEW, PICTURES),
    (
        _N.STAFF_REVIEW,
        "bare",
        ASKING,
        REVIEW
        | {"providers": [], "checks": [], "defects": [], "pages": [], "places": []}
        | {"failed_checks": False},
        (),
    ),
    *((_N.STAFF_TASK, t.value, ASKING, TASK | {"task": t.value}, ()) for t in TaskName),
    *(
        (_N.STAFF_TASK, f"{t.value}-bare", None, EMPTY_TASK | {"task": t.value}, ())
        for t in TaskName
    ),
    (_N.STAFF_ANSWER, "full", ASKING, ANSWER, ()),
    (
        _N.STAFF_ANSWER,
        "note",
        ASKING,
        {
            "lines": [],
            "show": [],
            "undo_until": "",
            "sent_to_patient": False,
            "preview": "",
            "note_only": True,
        },
        (),
    ),
    (_N.HOLDING_PEN, "", None, {"mails": MAILS}, ()),
    (_N.HOLDING_PEN, "empty", None, {"mails": []}, ()),
    (_N.JUNK_LIST, "", None, {"mails": MAILS}, ()),
    (_N.PROBE, "", None, {}, ()),
    (_N.DIGEST, "full", None, DIGEST, ()),
    (_N.DIGEST, "empty", None, {"counts": {}, "due": [], "tasks": [], "chain_heads": []}, ()),
    *(
        (_N.ALARM, sort, None, {"alarm": sort, "details": str(REF), "days": 5}, ())
        for sort in ("promise", "parked", "balance", "smtp", "caps", "manual_send", "of_later")
    ),
)
IDS = [f"{name.value}-{sort}" for name, sort, *_ in EXAMPLES]
_PROVIDER = {_N.SUBMISSION, _N.RECEIPT_CHECK, _N.FOLLOW_UP, _N.PROVIDER_WORDS, _N.PROVIDER_NOTICE}
_STAFF = {
    _N.STAFF_REVIEW,
    _N.STAFF_TASK,
    _N.STAFF_ANSWER,
    _N.HOLDING_PEN,
    _N.JUNK_LIST,
    _N.PROBE,
    _N.DIGEST,
    _N.ALARM,
}


def role_of(name: LetterName) -> Role:
    if name in _PROVIDER:
        return Role.PROVIDER
    return Role.STAFF if name in _STAFF else Role.PATIENT


def letter_of(example: Example, language: Language = Language.EN, **changes: object) -> Letter:
    name, _, _, words, attachments = example
    role = role_of(name)
    to = {
        Role.PATIENT: PATIENT,
        Role.PROVIDER: "archivo@faro.example",
        Role.STAFF: "luz@office.example",
    }
    values = {
        "name": name,
        "to_role": role,
        "to": to[role],
        "occasion": "m1",
        "language": language,
        "provider": 1 if role == Role.PROVIDER else 0,
        "words": words,
        "attachments": attachments,
    }
    return Letter.model_validate(values | changes)


def example(name: LetterName, sort: str = "") -> Example:
    return next(e for e in EXAMPLES if e[0] == name and (not sort or e[1] == sort))


def texts() -> dict[str, str]:
    return {p.relative_to(ROOT).as_posix(): p.read_text() for p in ROOT.rglob("*") if p.is_file()}


def templates() -> Templates:
    return templates_from(texts())


def composed(
    wanted: Example, made: Templates, language: Language = Language.EN, **changes: object
) -> Composed:
    letter = letter_of(wanted, language, **changes)
    files = [
        Attached(f"{REF}-place-{item.place}.png", "image/png", b"\x89PNG" * 40, place=item.place)
        if isinstance(item, PictureAttachment)
        else Attached(f"{REF}-authorization", "application/pdf", b"%PDF-1.7\n" * 40)
        for item in wanted[4]
    ]
    return compose(
        letter,
        wanted[2],
        POLICY,
        draw=DRAW,
        now=NOW,
        code_key=KEY,
        send_key=KEY,
        templates=made,
        attachments=files,
        plus_addressing=True,
    )
