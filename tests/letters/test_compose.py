"""The bytes of a letter: headers, threads, encodings, and the same bytes each time."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from email import policy as mail_policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.letters.examples import (
    DRAW,
    EXAMPLES,
    IDS,
    KEY,
    NOW,
    PATIENT,
    POLICY,
    REF,
    WAITING,
    composed,
    example,
    letter_of,
    templates,
)

from mmx_mailflow.casework.codes import reply_code
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.casework.values import Language, Role
from mmx_mailflow.letters.compose import (
    Attached,
    Composed,
    UnsendableError,
    business_key,
    compose,
)

MADE = templates()
FIRST = example(LetterName.ACKNOWLEDGE, "complete")
SUBMISSION = example(LetterName.SUBMISSION)
REVIEWED = example(LetterName.STAFF_REVIEW, "full")
LONG_ID = f"<{'AS8PR04MB' * 20}@eurprd04.prod.outlook.example>"
PLAIN = Attached("paper.pdf", "application/pdf", b"%PDF")


def parsed(letter: Composed) -> EmailMessage:
    message = email.message_from_bytes(letter.raw, policy=mail_policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


def with_file(attached: Attached, **changes: object) -> Composed:
    return compose(
        letter_of(FIRST, Language.EN, **changes),
        WAITING,
        POLICY,
        draw=DRAW,
        now=NOW,
        code_key=KEY,
        send_key=KEY,
        templates=MADE,
        attachments=[attached],
        plus_addressing=False,
    )


@pytest.mark.parametrize("wanted", EXAMPLES, ids=IDS)
def test_the_same_letter_has_the_same_bytes(wanted) -> None:
    assert composed(wanted, MADE).raw == composed(wanted, templates()).raw


@pytest.mark.parametrize("wanted", [FIRST, SUBMISSION], ids=["patient", "provider"])
def test_bytes_are_crlf_ascii_and_short_lined(wanted) -> None:
    raw = composed(wanted, MADE).raw

    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 78


def test_text_comes_before_html_and_files_after_both() -> None:
    kinds = [part.get_content_type() for part in parsed(composed(FIRST, MADE)).walk()]

    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]


def test_pictures_stand_within_the_page_and_under_neutral_names() -> None:
    message = parsed(composed(REVIEWED, MADE))
    found = [p for p in message.walk() if p.get_content_maintype() == "image"]
    page = message.get_body(("html",)).get_content()

    assert [p.get_content_type() for p in message.walk()][:4] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
    ]
    assert [p.get_content_disposition() for p in found] == ["inline", "inline"]
    assert [p.get_filename() for p in found] == [f"{REF}-place-A13.png", f"{REF}-place-A12.6.png"]
    assert all(f'src="cid:{p["Content-ID"].strip("<>")}"' in page for p in found)
    assert page.count("<img") == len(found)
    assert list(message.iter_attachments()) == []


@pytest.mark.parametrize("wanted", EXAMPLES, ids=IDS)
def test_encoded_words_and_header_lines_are_within_their_limits(wanted) -> None:
    head = composed(wanted, MADE, Language.ES).raw.partition(b"\r\n\r\n")[0]

    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert all(len(word) <= 75 for word in re.findall(rb"=\?.*?\?=", head))


def test_a_long_organisation_is_written_in_short_encoded_words() -> None:
    name = (
        "Centro M\u00e9dico Internacional de Coordinaci\u00f3n y Acompa\u00f1amiento, S.A. de C.V. "
        * 3
    )
    policy = POLICY.model_copy(update={"organisation": name.strip()})
    letter = compose(
        letter_of(FIRST),
        WAITING,
        policy,
        draw=DRAW,
        now=NOW,
        code_key=KEY,
        send_key=KEY,
        templates=MADE,
    )
    head = letter.raw.partition(b"\r\n\r\n")[0]

    assert all(len(word) <= 75 for word in re.findall(rb"=\?.*?\?=", head))
    said = email.message_from_bytes(letter.raw, policy=mail_policy.compat32)["From"]
    assert str(make_header(decode_header(said))).startswith(name.strip())
    assert parsed(letter)["From"].addresses[0].addr_spec == POLICY.records_address


@pytest.mark.parametrize(
    ("wanted", "language", "said"),
    [(FIRST, Language.ES, "es"), (FIRST, Language.EN, "en"), (SUBMISSION, Language.ES, "es, en")],
    ids=["spanish", "english", "both"],
)
def test_a_letter_names_its_languages(wanted, language: Language, said: str) -> None:
    assert parsed(composed(wanted, MADE, language))["Content-Language"] == said


def test_boundaries_depend_on_what_was_drawn() -> None:
    letter = letter_of(FIRST)
    one, other = (
        compose(
            letter, WAITING, POLICY, draw=draw, now=NOW, code_key=KEY, send_key=KEY, templates=MADE
        )
        for draw in (DRAW, DRAW[::-1])
    )

    assert parsed(one).get_boundary() != parsed(other).get_boundary()


def test_an_attachment_survives_whole() -> None:
    content = bytes(range(256)) * 9
    message = parsed(with_file(Attached("scan", "image/jpeg", content)))
    part = next(message.iter_attachments())

    assert part.get_content() == content
    assert part.get_filename() == "scan.jpg"


@pytest.mark.parametrize("sort", ["multipart/mixed", "message/rfc822", "nonsense", "a/b\r\nX: y"])
def test_an_odd_media_type_is_sent_as_plain_bytes(sort: str) -> None:
    part = next(parsed(with_file(Attached("paper.bin", sort, b"x"))).iter_attachments())

    assert part.get_content_type() == "application/octet-stream"


@pytest.mark.parametrize("name", ["a\r\nBcc: x@y.example", "../up.pdf", "José.pdf", "", 'a"b.pdf'])
def test_a_file_name_that_is_not_plain_is_refused(name: str) -> None:
    with pytest.raises(UnsendableError):
        with_file(replace(PLAIN, name=name))


@pytest.mark.parametrize(
    "address",
    [
        "ana@mail.example\r\nBcc: other@mail.example",
        "ana\n@mail.example",
        "ana@mail.example, other@mail.example",
        "jos\u00e9@mail.example",
        '"a b"@mail.example',
        "ana",
        "@mail.example",
        "ana@",
        "ana@mail..example",
        "ana@mail.example>",
        "ana <ana@mail.example>",
    ],
)
def test_an_address_that_cannot_stand_in_a_header_is_refused(address: str) -> None:
    with pytest.raises(UnsendableError) as refusal:
        with_file(PLAIN, to=address)

    assert address not in str(refusal.value)


@given(address=st.text(max_size=40))
def test_no_address_adds_a_header(address: str) -> None:
    try:
        message = parsed(with_file(PLAIN, to=address))
    except UnsendableError:
        return

    assert message["Bcc"] is None
    assert len(message["To"].addresses) == 1


def test_a_domain_of_other_letters_is_written_in_ascii() -> None:
    letter = with_file(PLAIN, to="ana@cl\u00ednica.example")

    assert letter.recipient == "ana@xn--clnica-4va.example"
    assert parsed(letter)["To"] == "ana@xn--clnica-4va.example"


@pytest.mark.parametrize("answers", [LONG_ID, "<short@mail.example>"])
def test_the_answered_id_stays_whole_however_long(answers: str) -> None:
    letter = composed(FIRST, MADE, answers=answers)

    assert parsed(letter)["In-Reply-To"] == answers
    assert parsed(letter)["References"] == answers
    assert f"In-Reply-To: {answers}\r\n".encode() in letter.raw


@pytest.mark.parametrize(
    "answers", ["", "no brackets", "<a b@c>", "<a@b>\r\nBcc: x@y.example", "<\u00e9@b.example>"]
)
def test_an_id_that_is_none_threads_nothing(answers: str) -> None:
    message = parsed(composed(FIRST, MADE, answers=answers))

    assert message["In-Reply-To"] is None
    assert message["Bcc"] is None


@pytest.mark.parametrize(
    ("automatic", "answers", "said"),
    [
        (True, "<m@mail.example>", "auto-replied"),
        (True, "", "auto-generated"),
        (False, "<m@mail.example>", None),
    ],
)
def test_only_automatic_letters_say_that_they_are(automatic, answers, said) -> None:
    message = parsed(composed(FIRST, MADE, automatic=automatic, answers=answers))

    assert message["Auto-Submitted"] == said
    assert message["X-Auto-Response-Suppress"] == ("All" if automatic else None)


def test_the_reply_code_stands_in_thread_and_text() -> None:
    letter = composed(FIRST, MADE)
    code = reply_code(KEY, REF, Role.PATIENT, PATIENT)
    message = parsed(letter)
    body = message.get_body(("plain",))
    assert body is not None

    assert letter.reply_code == code
    assert message["Reply-To"] == f"records+{code}@office.example"
    assert letter.message_id == f"<{DRAW.hex()}.{code}@office.example>"
    assert message["Message-ID"] == letter.message_id
    assert "-".join(re.findall("....", code)) in body.get_content()


def test_without_plus_addresses_answers_come_to_the_office() -> None:
    assert parsed(with_file(PLAIN))["Reply-To"] == POLICY.records_address


def test_the_sender_is_the_organisation_and_there_is_one_recipient() -> None:
    message = parsed(composed(FIRST, MADE))

    assert message["From"] == "MedicalMex <records@office.example>"
    assert message["To"] == PATIENT
    assert message["Date"] == "Fri, 20 Nov 2026 20:00:00 +0000"
    assert message["Cc"] is None


@pytest.mark.parametrize(
    ("name", "language", "subject"),
    [
        (LetterName.ACKNOWLEDGE, Language.EN, f"Your medical records request {REF}"),
        (LetterName.STATUS, Language.ES, f"Su solicitud de expediente {REF}"),
        (LetterName.FOLLOW_UP, Language.EN, f"Solicitud de expediente cl\u00ednico {REF}"),
        (LetterName.RECEIPT, Language.EN, "Your message to our records office"),
        (LetterName.STAFF_REVIEW, Language.EN, f"{REF} A returned form to review"),
        (LetterName.DIGEST, Language.ES, "Resumen del d\u00eda"),
    ],
)
def test_a_thread_has_one_fixed_subject(name, language, subject) -> None:
    assert parsed(composed(example(name), MADE, language))["Subject"] == subject


CANARIES = ("Canary", "Quetzalli", "Faro", "1980", "25 March", "0147", "operative", "stranger")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("wanted", EXAMPLES, ids=IDS)
def test_headers_say_nothing_personal(wanted, language: Language) -> None:
    letter = composed(wanted, MADE, language)
    message = parsed(letter)
    said = [str(value) for part in message.walk() for name, value in part.items() if name != "To"]

    assert not [c for c in CANARIES if any(c in value for value in said)]
    assert not [c for c in CANARIES if c in letter.business_key]


def test_the_business_key_hides_the_recipient_and_tells_recipients_apart() -> None:
    letter = letter_of(SUBMISSION)
    key = business_key(letter, WAITING, send_key=KEY)
    other = business_key(letter.model_copy(update={"to": "b@c.example"}), WAITING, send_key=KEY)

    assert re.fullmatch(rf"{REF}/submission/provider-1-[0-9a-f]{{12}}/m1", key)
    assert key != other


def test_a_draw_that_is_too_short_is_refused() -> None:
    with pytest.raises(UnsendableError):
        compose(
            letter_of(FIRST),
            WAITING,
            POLICY,
            draw=b"short",
            now=NOW,
            code_key=KEY,
            send_key=KEY,
            templates=MADE,
        )


def test_an_organisation_with_a_line_break_is_refused() -> None:
    with pytest.raises(UnsendableError):
        compose(
            letter_of(FIRST),
            WAITING,
            POLICY.model_copy(update={"organisation": "Office\r\nBcc: x@y.example"}),
            draw=DRAW,
            now=NOW,
            code_key=KEY,
            send_key=KEY,
            templates=MADE,
        )


def test_what_is_composed_shows_nothing_personal() -> None:
    shown = repr(composed(FIRST, MADE)) + repr(PLAIN)

    assert PATIENT not in shown
    assert "PDF" not in shown
