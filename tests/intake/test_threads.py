"""Of several tokens in one mail the innermost thread counts, whoever wrote it."""

from __future__ import annotations

import pytest
from tests.intake.test_intake import NOW, A, B, candidate

from mmx_mailflow.casework.values import Kind, Role
from mmx_mailflow.intake.match import LAPSED, Candidate, clues, match
from mmx_mailflow.intake.read import read

ANA, FARO, LUZ = "ana@gmail.com", "archivo@faro.example", "luz@office.example"


def token(role: Role, by: str, recipient: str, ref: str = A) -> Candidate:
    provider = 1 if role == Role.PROVIDER else 0
    return candidate(ref, by=by, role=role, provider=provider, recipient=recipient)


PATIENT = token(Role.PATIENT, "code", ANA)
ANSWERED = token(Role.PATIENT, "message_id", ANA)


@pytest.mark.parametrize(
    ("tokens", "sender", "role", "proven"),
    [
        ((ANSWERED,), ANA, Role.PATIENT, True),
        ((ANSWERED, token(Role.STAFF, "code", LUZ)), ANA, Role.STAFF, False),
        ((PATIENT, token(Role.STAFF, "message_id", LUZ)), ANA, Role.STAFF, False),
        ((PATIENT, token(Role.PROVIDER, "message_id", FARO)), ANA, Role.PROVIDER, False),
        ((ANSWERED, token(Role.PROVIDER, "plus", FARO)), ANA, Role.PROVIDER, False),
        ((PATIENT, token(Role.PROVIDER, "message_id", FARO)), FARO, Role.PROVIDER, True),
        ((PATIENT, token(Role.STAFF, "message_id", LUZ)), LUZ, Role.STAFF, True),
        (
            (token(Role.PROVIDER, "plus", FARO), token(Role.STAFF, "code", LUZ)),
            FARO,
            Role.STAFF,
            False,
        ),
        (
            (token(Role.PROVIDER, "message_id", FARO), candidate(by="form")),
            FARO,
            Role.PROVIDER,
            True,
        ),
    ],
)
def test_the_innermost_thread_counts(
    tokens: tuple[Candidate, ...], sender: str, role: Role, proven: bool
) -> None:
    for order in (tokens, tokens[::-1]):
        found = match(order, kind=Kind.FOLLOWUP, sender=sender, patient="", now=NOW)
        assert (found.ref, found.role, found.proven) == (A, role, proven)
        assert found.inner == (role != Role.PATIENT)


def lapsed(role: Role, recipient: str, ref: str = A) -> Candidate:
    return token(role, LAPSED, recipient, ref)


@pytest.mark.parametrize(
    ("tokens", "sender", "role", "inner"),
    [
        ((lapsed(Role.PATIENT, ANA),), ANA, Role.PATIENT, False),
        ((lapsed(Role.STAFF, LUZ),), LUZ, Role.STAFF, True),
        ((lapsed(Role.PROVIDER, FARO),), FARO, Role.PROVIDER, True),
        ((lapsed(Role.PROVIDER, FARO), candidate(by="sender")), ANA, Role.PATIENT, True),
        ((ANSWERED, lapsed(Role.PROVIDER, FARO)), ANA, Role.PROVIDER, True),
        ((ANSWERED, lapsed(Role.STAFF, LUZ)), LUZ, Role.STAFF, True),
    ],
)
def test_a_lapsed_token_keeps_its_thread_and_proves_nobody(
    tokens: tuple[Candidate, ...], sender: str, role: Role, inner: bool
) -> None:
    for order in (tokens, tokens[::-1]):
        found = match(order, kind=Kind.REQUEST, sender=sender, patient="", now=NOW)
        assert (found.ref, found.role, found.proven, found.shows) == (A, role, False, ())
        assert found.inner == inner


@pytest.mark.parametrize(
    "tokens",
    [
        (lapsed(Role.PATIENT, ANA),),
        (lapsed(Role.PROVIDER, FARO), candidate(B, by="sender")),
        (lapsed(Role.PATIENT, "x@y.example"), lapsed(Role.PATIENT, "x@y.example", B)),
        (ANSWERED, lapsed(Role.STAFF, LUZ, B)),
    ],
)
def test_a_lapsed_token_leads_a_stranger_to_a_person(tokens: tuple[Candidate, ...]) -> None:
    found = match(tokens, kind=Kind.REQUEST, sender="x@y.example", patient="", now=NOW)

    assert (found.ref, found.held) == (None, True)


def test_a_staff_letter_of_another_case_in_a_patients_mail_is_for_a_person() -> None:
    other = token(Role.STAFF, "code", LUZ, B)
    found = match((ANSWERED, other), kind=Kind.FOLLOWUP, sender=ANA, patient="", now=NOW)

    assert (found.ref, found.held, found.inner) == (None, True, True)


def test_a_forwarded_letter_is_a_clue_like_an_answered_one() -> None:
    letter = "Message-ID: <drawn.ABCD@office.example>\r\n\r\nReply code: FVMN-RX6F-4NPP-KDTJ\r\n"
    raw = (
        "From: ana@gmail.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
        "\r\n--b\r\n\r\nsee below\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        + letter
        + "--b--\r\n"
    )
    found = clues(read(raw.encode()), "records@office.example")

    assert "<drawn.ABCD@office.example>" in found.message_ids
    assert "FVMNRX6F4NPPKDTJ" in found.codes
