"""From the first mail to the closed case, through a real mailbox and a real mail server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.intake.test_wrapped import message_of
from tests.servers.postgres import cluster
from tests.stories.mails import (
    RECORDS,
    REQUEST_EN,
    REQUEST_ES,
    files_in,
    subject_of,
    words_of,
    written,
)
from tests.stories.world import DESK, FARO, LUZ, MISION, RAUL, World, a_world

from mmx_mailflow import flow
from mmx_mailflow.casework.case import Result, State
from mmx_mailflow.casework.values import Trust
from mmx_mailflow.letters.compose import templates_from
from mmx_mailflow.ops.opening import template_texts
from mmx_mailflow.ops.verify import verified
from mmx_mailflow.transport.imap import Mailbox
from mmx_mailflow.transport.smtp import Sender, SenderAddress

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
    assert len(files_in(submission)) == 4  # the three signed pages and the one that was kept
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


def test_a_spanish_request_with_two_providers_a_fee_and_no_record_ends_in_part(
    world: World,
) -> None:
    text = REQUEST_ES.replace(
        "Hospital: Hospital Faro del Mar", "Hospitales: Hospital Faro del Mar y Clínica Misión"
    )
    world.writes(JOSE, "Expediente", text)
    [first] = world.new(JOSE)
    assert subject_of(first) == f"Su solicitud de expediente {world.case().ref}"

    world.writes(JOSE, "", "Adjunto el formulario.", answers=first, files=world.signed_form(first))
    [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
    world.writes(LUZ, "", "APROBAR", answers=review)
    world.passes(minutes=6)
    [to_faro], [to_mision] = world.new(FARO), world.new(MISION)
    assert "Clínica Misión" not in words_of(to_faro)

    world.passes(days=2)
    world.writes(MISION, "", "La copia tiene un costo de 850 pesos.", answers=to_mision)
    world.writes(LUZ, "", "PROVEEDOR 2 COSTO 850 MXN", answers=world.new(LUZ)[-1])
    world.passes(minutes=6)
    assert world.case().state == State.AWAITING_PATIENT
    assert any("850 MXN" in words_of(x) for x in world.new(JOSE))

    world.writes(FARO, "", "Enviamos el expediente.", answers=to_faro, files=RECORDS_PDF)
    world.writes(LUZ, "", "PROVEEDOR 1 COMPLETO\nENTREGAR 1", answers=world.new(LUZ)[-1])
    again = f"ENTREGAR 1\nCONFIRMAR {world.case().confirm_code}"
    world.writes(LUZ, "", again, answers=world.new(LUZ)[-1])
    world.writes(LUZ, "", "PROVEEDOR 2 SIN EXPEDIENTE", answers=world.new(LUZ)[-1])
    world.passes(minutes=6)

    assert world.case().result == Result.PARTIAL
    assert "expediente" in words_of(world.new(JOSE)[-1])
    assert None not in world.outcomes()


def test_a_request_that_comes_again_belongs_to_the_open_case(world: World) -> None:
    world.writes(ANA, "Records", REQUEST_EN)
    world.writes(ANA, "Once more", REQUEST_EN.replace("619 555 0142", "619 555 0199"))
    world.writes(ANA, "My father", REQUEST_EN.replace("Ana Prueba", "Leo Prueba"))

    assert [c.facts.patient_name for c in world.cases()] == ["Ana Prueba Demo", "Leo Prueba Demo"]
    assert len(world.cases()[0].facts.phones) == 2


def test_an_ambiguous_birth_date_is_asked_and_the_answer_brings_the_form(world: World) -> None:
    world.writes(ANA, "Records", REQUEST_EN.replace("March 25, 1980", "03/04/1980"))
    [question] = world.new(ANA)
    assert "4 March 1980" in words_of(question)
    assert "3 April 1980" in words_of(question)
    assert files_in(question) == []

    world.writes(ANA, "", "I was born on 3 April 1980.", answers=question)
    [form] = world.new(ANA)

    assert files_in(form)[0][0].endswith("authorization.pdf")
    assert world.case().facts.date_of_birth.isoformat() == "1980-04-03"


def test_when_no_answer_comes_the_form_goes_with_blanks_before_the_promise_ends(
    world: World,
) -> None:
    world.writes(ANA, "Records", REQUEST_EN.replace("Date of birth: March 25, 1980\n", ""))
    world.new(ANA)
    world.passes(days=4)
    [form] = world.new(ANA)

    assert files_in(form)
    assert world.told()[-2:] == [
        "intake > awaiting_signature: answers stayed out: the form goes with blanks",
        "awaiting_signature > awaiting_signature: the form was issued",
    ]


def test_a_stranger_with_the_reference_in_the_subject_is_held_and_learns_nothing(
    world: World,
) -> None:
    world.writes(ANA, "Records", REQUEST_EN)
    ref = world.case().ref
    world.writes(
        "thief@yahoo.com", f"Status of {ref}", "Any news on my request? What is the status?"
    )

    [receipt] = world.new("thief@yahoo.com")
    assert ref not in receipt.decode()
    assert world.outcomes()[-1] in {"held", "own_copy"}
    assert "held" in world.outcomes()


def test_staff_without_proof_release_nothing(world: World) -> None:
    world.writes(ANA, "Records", REQUEST_EN)
    [first] = world.new(ANA)
    world.writes(ANA, "", "Signed.", answers=first, files=world.signed_form(first))
    [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]

    world.writes(LUZ, "", "APPROVE", answers=review, dmarc="fail")
    world.writes(LUZ, "", "APPROVE", answers=review, dmarc="")

    assert world.case().authorization is None
    assert world.outcomes().count("held") == 2


def test_a_web_form_names_the_person_and_vouches_for_nobody(world: World) -> None:
    web = "form@office.example"
    world.office = replace(world.office, web_form_senders=frozenset({web}))
    world.writes(web, "Request", REQUEST_EN, headers={"Reply-To": ANA})
    assert (world.case().sender, world.case().trust) == (ANA, Trust.UNKNOWN)
    assert len(world.to(ANA)) == 1

    other = REQUEST_EN.replace("Ana Prueba", "Leo Prueba")
    world.writes(web, "Request", other, headers={"Reply-To": "luz@0ffice.example"})
    assert world.to("luz@0ffice.example") == []
    assert "held" in world.outcomes()


def test_a_web_form_that_bears_a_token_of_the_patient_ends_nothing(world: World) -> None:
    web = "form@office.example"
    world.office = replace(world.office, web_form_senders=frozenset({web}))
    world.writes(ANA, "Records", REQUEST_EN)
    [first] = world.new(ANA)
    world.writes(ANA, "", "Signed.", answers=first, files=world.signed_form(first))
    [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
    world.writes(LUZ, "", "APPROVE", answers=review)

    revoke = "I revoke my authorization. Please confirm."
    world.writes(web, "", revoke, answers=first, headers={"Reply-To": ANA})

    assert world.case().closed_at is None
    assert world.case().paused_at is not None
    assert "held" in world.outcomes()


def test_an_emergency_in_a_flood_is_told_to_the_desk(world: World) -> None:
    world.office = replace(world.office, unknown_answers_per_hour=1)
    for n, words in enumerate(("Hello", "I have chest pain and cannot breathe, what shall I do?")):
        world.writes(f"person{n}@forged.example", "Records", words, dmarc="")

    told = [words_of(x) for x in world.new(DESK)]
    assert world.outcomes()[-1] != "handled"
    assert any("emergency" in words.lower() for words in told)


def test_a_flood_of_unknown_senders_waits_for_a_person_and_the_known_are_answered(
    world: World,
) -> None:
    world.office = replace(world.office, unknown_answers_per_hour=2)
    senders = [f"person{n}@forged.example" for n in range(5)]
    for n, sender in enumerate(senders):
        text = REQUEST_EN.replace("Ana Prueba Demo", f"Person {'ABCDE'[n]} Muestra")
        world.writes(sender, "Records", text, dmarc="")
    world.writes(ANA, "Records", REQUEST_EN)

    assert [len(world.to(sender)) for sender in senders] == [1, 1, 0, 0, 0]
    assert len(world.to(ANA)) == 1
    assert world.outcomes().count("held") == 3
    alarms = [x for x in world.to(DESK) if "limit on answers" in words_of(x)]
    assert len(alarms) == 1

    world.clock.advance(timedelta(hours=1, minutes=1))
    world.writes("late@forged.example", "Records", REQUEST_EN.replace("Ana", "Late"), dmarc="")
    assert len(world.to("late@forged.example")) == 1


def test_a_revocation_by_anybody_stops_provider_mail_at_once(world: World) -> None:
    world.writes(ANA, "Records", REQUEST_EN)
    [first] = world.new(ANA)
    world.writes(ANA, "", "Signed.", answers=first, files=world.signed_form(first))
    [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
    world.writes(LUZ, "", "APPROVE", answers=review)

    world.writes(ANA, "", "I hereby revoke my authorization.", answers=first)
    world.passes(hours=2)

    assert world.to(FARO) == []
    assert world.case().result == Result.REVOKED


def test_the_same_mail_delivered_twice_and_old_mail_are_answered_once_and_never(
    world: World,
) -> None:
    raw = written_now(world, REQUEST_EN)
    world.arrives(raw)
    world.arrives(raw)
    world.dovecot.append(written_now(world, REQUEST_ES), world.clock.now() - timedelta(days=9))
    world.turn()

    assert len(world.to(ANA)) == 1
    assert sorted(filter(None, world.outcomes()))[:3] == ["before_start", "duplicate", "handled"]


def written_now(world: World, text: str) -> bytes:
    return written(ANA, "Records", text, world.clock.now())


def test_odd_mails_are_entered_with_a_reason_and_the_next_is_handled(world: World) -> None:
    deep = b"From: a@b.example\r\n\r\nhello\r\n"
    for _ in range(200):
        deep = b"From: a@b.example\r\nContent-Type: message/rfc822\r\n\r\n" + deep
    for raw in (b"\r\n", b"no mail at all", b"Subject: \x00\x07\r\n\r\nx\r\n", deep):
        world.arrives(raw)
    robot = {"Auto-Submitted": "auto-replied"}
    world.arrives(
        written("bot@b.example", "Out of office", "I am away.", world.clock.now(), headers=robot)
    )
    world.writes(ANA, "Records", REQUEST_EN)

    assert len(world.to(ANA)) == 1
    assert world.to("bot@b.example") == []
    assert None not in world.outcomes()


def test_a_new_uidvalidity_brings_no_second_answer(world: World) -> None:
    world.arrives(written_now(world, REQUEST_EN))
    address = world.dovecot.address(filed_folder="", review_folder="")
    with (
        Mailbox(address) as mailbox,
        Sender(
            SenderAddress(host="127.0.0.1", port=world.listener.port, security="none")
        ) as sender,
    ):
        flow.one_pass(world.office, [mailbox], sender)
    world.dovecot.stop()
    world.dovecot.forget_uids()
    time.sleep(1.1)
    world.dovecot.start()
    world.turn()

    assert len(world.to(ANA)) == 1
    assert len(world.cases()) == 1


def test_staff_say_by_its_number_where_a_held_mail_belongs(world: World) -> None:
    world.writes(ANA, "Records", REQUEST_EN)
    ref = world.case().ref
    world.writes("spouse@yahoo.com", "About my wife", "The hospital was Hospital Faro del Mar.")
    held = [n for n, outcome in enumerate(world.outcomes(), 1) if outcome == "held"]
    world.passes(days=1)
    [pen] = [x for x in world.new(LUZ) if "wait for a person" in words_of(x)]
    assert f"{held[0]}. spouse@yahoo.com" in words_of(pen)

    world.writes(LUZ, "", f"{held[0]} = {ref}", answers=pen)

    assert world.outcomes()[held[0] - 1] == "handled"
    assert "DONE" in words_of([x for x in world.new(LUZ) if "DONE" in words_of(x)][-1])
    assert world.case().tasks[-1].name == "read_mail"
    assert ref not in b"".join(world.to("spouse@yahoo.com")).decode()


def test_the_line_runs_the_same_on_postgresql(tmp_path: Path) -> None:
    with cluster() as url, a_world(tmp_path, url) as world:
        world.writes(ANA, "Records", REQUEST_EN)
        [first] = world.new(ANA)
        files = world.signed_form(first)
        world.writes(ANA, "", "Signed.", answers=first, files=files)
        [review] = [x for x in world.new(LUZ) if "APPROVE" in words_of(x)]
        world.writes(LUZ, "", "APPROVE", answers=review)
        world.passes(minutes=6)

        assert len(world.to(FARO)) == 1
        assert world.case().state == State.IN_PROGRESS
        assert verified(world.office)["ok"]


def test_a_mail_that_is_too_large_is_entered_and_the_person_told(world: World) -> None:
    world.office = replace(world.office, max_message_bytes=100_000)
    scan = (("scan.pdf", "application/pdf", b"%PDF-1.4" + b"x" * 300_000),)
    world.writes(ANA, "Records", REQUEST_EN, files=scan)

    assert world.outcomes()[0] == "too_large"
    assert len(world.new(ANA)) == 1
    assert world.cases() == []


def test_a_deadline_that_cannot_be_met_keeps_no_other_case_waiting(world: World) -> None:
    texts = template_texts(None) | {"en/remind_form/body.txt": "{{ nowhere }}"}
    world.office = replace(world.office, templates=templates_from(texts))
    world.writes(ANA, "Records", REQUEST_EN)
    world.writes(JOSE, "Expediente", REQUEST_ES)
    world.new(JOSE)
    world.passes(days=4)

    assert len(world.new(JOSE)) == 1
    alarms = [words_of(x) for x in world.to(DESK) if "could not be done" in words_of(x)]
    [ana] = [c.ref for c in world.cases() if c.sender == ANA]
    assert alarms
    assert all(ana in alarm for alarm in alarms)


def test_a_request_in_a_mail_of_outlook_is_read(world: World) -> None:
    content = message_of("\n".join(REQUEST_EN.splitlines()))
    files = (("request.msg", "application/vnd.ms-outlook", content),)
    world.writes(ANA, "Records", "My letter is attached.", files=files)

    assert world.case().facts.patient_name == "Ana Prueba Demo"


def test_a_mail_that_staff_sent_by_hand_joins_its_case(world: World) -> None:
    world.turn()  # the Sent folder is looked into for the first time
    world.writes(ANA, "Records", REQUEST_EN)
    by_hand = written(RECORDS, "About you", "We call you.", world.clock.now(), to=ANA, dmarc="")
    world.dovecot.append(by_hand, world.clock.now(), folder="Sent")
    world.turn()

    assert world.told()[-1].endswith("staff wrote by hand")
    assert len(world.to(ANA)) == 1


def test_an_answer_to_a_mail_that_staff_sent_by_hand_joins_its_case(world: World) -> None:
    world.turn()  # the Sent folder is looked into for the first time
    world.writes(ANA, "Records", REQUEST_EN)
    by_hand = written(RECORDS, "About you", "We call you.", world.clock.now(), to=ANA, dmarc="")
    world.dovecot.append(by_hand, world.clock.now(), folder="Sent")
    world.turn()
    facts = world.case().facts
    other = "ana.work@yahoo.com"

    world.writes(other, "", "Good, call me after six. I was born in 1981.", answers=by_hand)

    assert world.outcomes().count("held") == 1  # another address: a person decides
    assert [task.name for task in world.case().tasks] == ["read_mail"]
    assert world.case().facts == facts
    [receipt] = world.to(other)
    assert world.case().ref not in receipt.decode()
