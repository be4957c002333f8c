"""How a form comes back: unsigned, page by page, from somebody else, once more after a year."""

from __future__ import annotations

import base64
import email
import io
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from pathlib import Path

import pytest
from pypdf import PdfReader
from tests.stories.mails import REQUEST_EN, REQUEST_ES, files_in, subject_of, words_of
from tests.stories.world import FARO, LUZ, World, a_world, with_policy

from mmx_mailflow import flow
from mmx_mailflow.casework.case import State, TaskName
from mmx_mailflow.casework.events import FormReturned, Mail
from mmx_mailflow.casework.returned import (
    Check,
    CheckResult,
    Page,
    PageCode,
    Place,
    Returned,
    Signature,
    Verdict,
)
from mmx_mailflow.casework.values import Trust
from mmx_mailflow.store import cases

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]
ANA, SON = "ana.prueba@gmail.com", "son.prueba@yahoo.com"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as made:
        yield made


def form_is_out(world: World, text: str = REQUEST_EN) -> bytes:
    world.writes(ANA, "Medical records", text)
    [first] = world.new(ANA)
    return first


def reviews(world: World) -> list[bytes]:
    return [x for x in world.new(LUZ) if "returned form" in subject_of(x)]


def approve(world: World, review: bytes) -> None:
    """APPROVE, with the CONFIRM that a failed check asks for."""
    world.writes(LUZ, "", "APPROVE", answers=review)
    if code := world.case().confirm_code:
        world.writes(LUZ, "", f"APPROVE\nCONFIRM {code}", answers=review)


def test_an_unsigned_form_is_mended_by_its_patient_and_then_accepted(world: World) -> None:
    first = form_is_out(world)
    world.writes(ANA, "", "Attached.", answers=first, files=world.signed_form(first, sign=()))

    [defects] = world.new(ANA)
    assert reviews(world) == []
    assert "The signature is missing" in words_of(defects)
    assert "with pages 3 and 4 of the form" in words_of(defects)
    assert "Page 1 is right and here" in words_of(defects)
    [again] = [content for name, content in files_in(defects) if name.endswith(".pdf")]
    assert again == files_in(first)[0][1]

    bad_pages = world.signed_form(defects)[1:]
    world.writes(ANA, "", "Sorry, now signed.", answers=defects, files=bad_pages)
    assert world.case().state == State.FORM_REVIEW
    [review] = reviews(world)
    assert "Pages here: 1, 3 and 4" in words_of(review)
    approve(world, review)
    world.passes(minutes=6)

    [submission] = world.new(FARO)
    assert world.case().authorization is not None
    *signed, (name, kept) = files_in(submission)
    assert len(signed) == len(world.case().authorization.files)
    assert name == f"{world.case().ref}-authorization-kept-pages.pdf"
    assert "2. The page of it that the patient keeps" in words_of(submission)
    [page] = PdfReader(io.BytesIO(kept)).pages
    said = " ".join(page.extract_text().split())
    assert "A10 This authorization expires on" in said


def test_pages_that_came_along_are_not_sent_twice(world: World) -> None:
    first = form_is_out(world)
    files = world.signed_form(first, pages=(1, 2, 3, 4))
    world.writes(ANA, "", "All of it.", answers=first, files=files)
    [review] = reviews(world)
    approve(world, review)
    world.passes(minutes=6)

    [submission] = world.new(FARO)
    assert all("kept" not in name for name, _ in files_in(submission))
    assert len(files_in(submission)) == len(files)


def test_pages_in_three_mails_over_an_hour_become_one_review(world: World) -> None:
    first = form_is_out(world)
    pages = world.signed_form(first)
    world.writes(ANA, "", "First page.", answers=first, files=pages[:1])
    world.passes(minutes=10)
    assert world.new(ANA) == []
    world.passes(minutes=10)
    [note] = world.new(ANA)
    assert "we now have page 1" in words_of(note)
    assert "send pages 3 and 4" in words_of(note)

    world.writes(ANA, "", "The next one.", answers=note, files=pages[1:2])
    world.passes(minutes=20)
    assert "send page 4" in words_of(world.new(ANA)[-1])
    assert reviews(world) == []

    world.writes(ANA, "", "The last one.", answers=note, files=pages[2:])

    [review] = reviews(world)
    assert "Pages here: 1, 3 and 4" in words_of(review)
    assert len(world.case().returns) == 3
    assert world.new(ANA) == []


def test_pages_that_stay_out_are_asked_for_after_two_days(world: World) -> None:
    first = form_is_out(world)
    world.writes(ANA, "", "One page.", answers=first, files=world.signed_form(first)[:1])
    world.passes(days=2, hours=1)

    asked = [x for x in world.new(ANA) if "Not every page came" in words_of(x)]

    assert len(asked) == 1
    assert "with pages 3 and 4 of the form" in words_of(asked[0])


def test_two_failed_rounds_become_a_call_by_staff(world: World) -> None:
    letter = form_is_out(world, REQUEST_ES.replace("José Ejemplo Núñez", "Ana Prueba Demo"))
    files = world.signed_form(letter, sign=())
    for _ in range(2):
        world.writes(ANA, "", "Buenas tardes, adjunto el formulario.", answers=letter, files=files)
        letter = world.new(ANA)[-1]
        assert "Falta la firma" in words_of(letter)

    assert [t.name for t in world.case().tasks] == [TaskName.PHONE_PATIENT]
    assert any("call" in subject_of(x) for x in world.new(LUZ))


def test_a_form_that_somebody_else_sends_is_reviewed_and_the_sender_learns_nothing(
    world: World,
) -> None:
    first = form_is_out(world)
    ref = world.case().ref
    world.writes(SON, "The form of my mother", "Here it is.", files=world.signed_form(first))

    [review] = reviews(world)
    assert "NOT the first sender" in words_of(review)
    assert f"18 FAIL: sent by the requester. came from {SON}" in words_of(review)
    assert world.new(ANA) == []
    assert all(ref.encode() not in x and b"Prueba" not in x for x in world.to(SON))
    assert not world.case().confirmed

    world.writes(LUZ, "", "APPROVE", answers=review)
    assert world.case().authorization is None  # a failed check wants a CONFIRM
    assert world.case().confirm_code


def moved_on(world: World, days: int) -> None:
    """A long time in one jump; what came due in it is worked off."""
    world.clock.advance(timedelta(days=days))
    for _ in range(8):
        world.turn()


def test_an_authorization_is_renewed_before_it_ends(world: World) -> None:
    first = form_is_out(world)
    world.writes(ANA, "", "Signed.", answers=first, files=world.signed_form(first))
    approve(world, reviews(world)[0])
    world.passes(minutes=6)
    assert world.case().state == State.IN_PROGRESS
    until = world.case().authorization.expires_on

    moved_on(world, 337)
    letter = next(x for x in reversed(world.new(ANA)) if "authorization ends on" in words_of(x))
    assert world.case().form.issue == 2
    assert world.case().authorization.issue == 1
    world.new(LUZ)

    world.writes(ANA, "", "Signed again.", answers=letter, files=world.signed_form(letter))
    approve(world, reviews(world)[0])
    assert world.case().authorization.issue == 2
    assert world.case().authorization.expires_on > until
    moved_on(world, 40)

    assert not [x for x in world.new(ANA) if "authorization ended" in words_of(x)]
    assert TaskName.RENEW_FORM not in {t.name for t in world.case().tasks}


PICTURE = b"\x89PNG\r\n\x1a\n a place to sign"


def pictures_in(raw: bytes) -> list[bytes]:
    """The pictures within a letter's page."""
    parts = email.message_from_bytes(raw, policy=policy.default).walk()
    return [part.get_content() for part in parts if part.get_content_type() == "image/png"]


def cryptographic(world: World) -> FormReturned:
    """What a form amounts to whose signature was proven, of the files that lie there."""
    case = world.case()
    page = Page(
        code=PageCode(ref=case.ref, issue=1, page=3, verified=True),
        legible=True,
        places=(
            Place(
                place="A13",
                signature=Signature.CRYPTOGRAPHIC,
                date="2026-11-02",
                picture=base64.b64encode(PICTURE).decode(),
            ),
        ),
    )
    checks = tuple(Check(check=n, result=CheckResult.PASS) for n in range(1, 21))
    last = case.returns[-1]
    return FormReturned(
        mail=Mail(
            message=last.message,
            sender=ANA,
            trust=Trust.VERIFIED,
            proven=True,
            received_at=world.clock.now(),
            files=last.files,
        ),
        returned=Returned(pages=(page,), verdict=Verdict.SIGNED, checks=checks),
        came=frozenset({3}),
    )


@pytest.mark.parametrize("accepts", ["automatic", "staff"])
def test_a_proven_signature_is_accepted_without_staff_where_the_office_says_so(
    world: World, accepts: str
) -> None:
    with_policy(world, accept_forms=accepts)
    first = form_is_out(world)
    world.writes(ANA, "", "Signed.", answers=first, files=world.signed_form(first))
    assert world.case().authorization is None  # ink is for a person, whatever the office says

    assert len(reviews(world)) == 1
    event, ref = cryptographic(world), world.case().ref
    with world.office.store.begin() as connection:
        stored = cases.load(connection, world.office.keys, ref)
        flow.handle(world.office, connection, stored, event, actor="patient")
    world.passes(minutes=6)

    assert len(world.to(FARO)) == (accepts == "automatic")
    shown = [p for x in reviews(world) for p in pictures_in(x)]
    assert shown == ([] if accepts == "automatic" else [PICTURE])
    told = [x for x in world.new(ANA) if "is accepted" in words_of(x)]
    assert len(told) == (accepts == "automatic")
