"""Of several tokens in one mail the innermost thread counts, whoever wrote it."""

from __future__ import annotations

import pytest
from tests.intake.test_intake import NOW, A, B, candidate

from mmx_mailflow.casework.values import Kind, Role
from mmx_mailflow.intake.match import Candidate, clues, match
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
