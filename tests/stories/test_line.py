"""From the first mail to the closed case, through a real mailbox and a real mail server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stories.mails import REQUEST_EN, files_in, subject_of, words_of
from tests.stories.world import DESK, FARO, LUZ, MISION, RAUL, World, a_world

from mmx_mailflow.casework.case import Result, State

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA, JOSE = "ana.prueba@gmail.com", "jose.ejemplo@yahoo.com.mx"
RECORDS_PDF = (("records.pdf", "application/pdf", b"%PDF-1.4 invented records of nobody\n"),)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def test_a_complete_request_in_english_goes_from_the_first_mail_to_the_closed_case(
    world: World,
) -> None:
    world.writes(ANA, "Medical records", REQUEST_EN)
    [first] = world.new(ANA)
    case = world.case()
    assert subject_of(first) == f"Your medical records request {case.ref}"
    assert [name for name, _ in files_in(first)] == [f"{case.ref}-authorization.pdf"]
    assert case.state == State.AWAITING_SIGNATURE
    assert case.form_issued_at is not None

    world.passes(days=1)
    world.writes(
        ANA, "", "Here are the signed pages.", answers=first, files=world.signed_form(first)
    )
    assert world.case().state == State.FORM_REVIEW
    [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
    assert FARO in words_of(review)
    assert world.to(FARO) == []

    world.writes(LUZ, "", "APPROVE\nCONFIRM K1", answers=review)
    assert world.case().authorization is not None, world.told()
    assert world.to(FARO) == []  # it waits for UNDO
    world.passes(minutes=6)
    [submission] = world.new(FARO)
    assert "Ana Prueba Demo" in words_of(submission)
    assert len(files_in(submission)) == 3
    assert ANA not in submission.decode()
    assert world.case().state == State.IN_PROGRESS

    world.passes(days=3)
    world.writes(FARO, "", "Adjunto el expediente.", answers=submission, files=RECORDS_PDF)
    task = world.new(LUZ)[-1]
    world.writes(LUZ, "", "PROVIDER 1 COMPLETE\nDELIVER 1", answers=task)
    code = world.case().confirm_code
    if code:
        again = world.new(LUZ)[-1]
        world.writes(LUZ, "", f"DELIVER 1\nCONFIRM {code}", answers=again)
    world.passes(minutes=6)
    delivery = [x for x in world.new(ANA) if files_in(x) and "records" in files_in(x)[0][0]]

    assert files_in(delivery[0])[0][1] == RECORDS_PDF[0][2]
    assert world.case().result == Result.COMPLETED
    assert world.case().state == State.CLOSED
    assert None not in world.outcomes()
    assert {row["state"] for row in world.outbox()} <= {"sent", "cancelled"}
    assert world.to(DESK)
    assert world.to(RAUL)
    assert world.to(MISION) == []
