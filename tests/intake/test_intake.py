"""Trust, threads, commands, dates, bounces: the pure readers one by one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmx_mailflow.casework.codes import (
    ALPHABET,
    grouped,
    read_reference,
    reference,
    references,
    reply_code,
    reply_codes,
)
from mmx_mailflow.casework.commands import ProviderAction, Verb
from mmx_mailflow.casework.values import CaseId, Kind, Role, Trust, ascii_address
from mmx_mailflow.intake.authenticity import trust
from mmx_mailflow.intake.commands import GRAMMAR, read_commands
from mmx_mailflow.intake.directory import Directory, DirectoryEntry, read_csv
from mmx_mailflow.intake.facts.dates import found
from mmx_mailflow.intake.match import Candidate, match
from mmx_mailflow.intake.parse import parsed
from mmx_mailflow.intake.read import read
from mmx_mailflow.intake.understand import understand

TODAY = date(2025, 1, 14)
NOW = datetime(2025, 1, 14, 12, tzinfo=UTC)
DEV = Path(__file__).parents[1] / "corpus" / "dev"
OURS = frozenset({"medicalmex.example", "faro.example"})


# --- dates ---

NOTATIONS = {
    "June 12 to June 15, 2023": "2023-06-12 2023-06-15",
    "June 10-14, 2024": "2024-06-10 2024-06-14",
    "del 3 al 7 de mayo de 2024": "2024-05-03 2024-05-07",
    "March 30, 2024 (stayed until April 2)": "2024-03-30 2024-04-02",
    "4 de marzo de 1975": "1975-03-04 1975-03-04",
    "12-JUL-1949": "1949-07-12 1949-07-12",
    "19-XI-1949": "1949-11-19 1949-11-19",
    "2024-05-03": "2024-05-03 2024-05-03",
    "25.03.1980": "1980-03-25 1980-03-25",
    "3/25/80": "1980-03-25 1980-03-25",
    "04/04/1980": "1980-04-04 1980-04-04",
    "June 2024": "2024-06-01 2024-06-30",
    "mayo del 2021": "2021-05-01 2021-05-31",
    "March-May 2022": "2022-03-01 2022-05-31",
    "entre marzo y mayo de 2022": "2022-03-01 2022-05-31",
    "spring 2024": "2024-03-01 2024-06-30",
    "primavera de 2023": "2023-03-01 2023-06-30",
    "last summer": "2024-06-01 2024-09-30",
    "hace dos meses": "2024-11-01 2024-11-30",
    "the week of April 8, 2024": "2024-04-08 2024-04-14",
    "2022-2023": "2022-01-01 2023-12-31",
}


@pytest.mark.parametrize("words", NOTATIONS)
def test_a_date_is_read_in_every_notation(words: str) -> None:
    [dated] = found(words, TODAY)

    [(start, end)] = dated.readings
    assert f"{start} {end}" == NOTATIONS[words]


def test_a_numeric_date_keeps_both_readings() -> None:
    [dated] = found("born 03/04/1980", TODAY)

    assert [a.isoformat() for a, _ in dated.readings] == ["1980-03-04", "1980-04-03"]


@pytest.mark.parametrize(
    ("other", "reading"), [("11/22/2023", "1980-03-04"), ("22/11/2023", "1980-04-03")]
)
def test_another_date_of_the_same_writer_settles_the_order(other: str, reading: str) -> None:
    first, _ = found(f"03/04/1980 and {other}", TODAY)

    assert [a.isoformat() for a, _ in first.readings] == [reading]


@given(day=st.dates(date(1925, 1, 1), date(2024, 12, 31)))
def test_a_written_date_reads_back(day: date) -> None:
    for words in (f"{day:%B} {day.day}, {day.year}", f"{day.day} {day:%B} {day.year}", f"{day}"):
        [dated] = found(words, TODAY)
        assert dated.readings == ((day, day),)


# --- codes ---


@given(chance=st.binary(min_size=8, max_size=8))
def test_a_reference_is_read_however_it_is_typed(chance: bytes) -> None:
    ref = reference(chance)

    for typed in (ref.lower(), ref.replace("-", ""), ref.replace("0", "O").replace("1", "l")):
        assert read_reference(typed) == ref


@given(
    chance=st.binary(min_size=8, max_size=8),
    place=st.integers(4, 11),
    other=st.sampled_from(ALPHABET),
)
def test_one_wrong_character_of_a_reference_is_seen(chance: bytes, place: int, other: str) -> None:
    ref = reference(chance)
    wrong = ref[:place] + other + ref[place + 1 :]

    assert wrong == ref or ref[place] == "-" or read_reference(wrong) != ref


def test_a_reply_code_belongs_to_one_recipient_and_is_found_in_a_quote() -> None:
    key, ref = b"k" * 32, CaseId("MMX-7F3K-9QM")
    code = reply_code(key, ref, Role.PATIENT, "ana@gmail.com")

    assert code == reply_code(key, ref, Role.PATIENT, "ANA@gmail.com")
    assert code != reply_code(key, ref, Role.STAFF, "ana@gmail.com")
    assert reply_codes(f"> Reply code: {grouped(code).lower()}") == (code,)
    assert references("about mmx 7f3k 9qm") in ((ref,), ())


# --- trust ---

PASS = "mx1.medicalmex.example; spf=pass; dmarc=pass (p=none) header.from=gmail.com"
QUOTED = 'mx1.medicalmex.example; spf=pass smtp.mailfrom="a; dmarc=pass header.from=gmail.com"'
SENDERS = ("ana@gmail.com",)
JUDGED = [
    ([PASS], SENDERS, 1, "", Trust.VERIFIED),
    ([PASS.upper().replace("DMARC", "dmarc")], SENDERS, 1, "", Trust.VERIFIED),
    ([PASS.replace("pass (p", "fail (p")], SENDERS, 1, "", Trust.FAILED),
    ([PASS.replace("dmarc=pass", "dmarc=none")], SENDERS, 1, "", Trust.UNKNOWN),
    (["mx.evil.example; dmarc=pass header.from=gmail.com"], SENDERS, 1, "", Trust.UNKNOWN),
    ([PASS.replace("dmarc=pass", "dmarc=fail"), PASS], SENDERS, 1, "", Trust.FAILED),
    ([PASS], SENDERS, 2, "", Trust.FAILED),
    ([PASS], ("ana@gmail.com", "b@gmail.com"), 1, "", Trust.FAILED),
    ([PASS], (), 0, "", Trust.FAILED),
    ([PASS], SENDERS, 1, "records@medicalmex.example", Trust.FAILED),
    ([PASS.replace("gmail.com", "other.example")], SENDERS, 1, "", Trust.UNKNOWN),
    (["spf=pass; dmarc=pass header.from=gmail.com"], SENDERS, 1, "", Trust.UNKNOWN),
    ([QUOTED], SENDERS, 1, "", Trust.UNKNOWN),
    (["mx1.medicalmex.example; x-dmarc=pass header.from=gmail.com"], SENDERS, 1, "", Trust.UNKNOWN),
    (["mx1.medicalmex.example; dmarc=none (a (b) dmarc=pass)"], SENDERS, 1, "", Trust.UNKNOWN),
    (
        ["mx1.medicalmex.example 1; dmarc/1 = pass header.from=gmail.com"],
        SENDERS,
        1,
        "",
        Trust.VERIFIED,
    ),
    (["x mx1.medicalmex.example; dmarc=pass header.from=gmail.com"], SENDERS, 1, "", Trust.UNKNOWN),
    ([], SENDERS, 1, "", Trust.UNKNOWN),
    ([], ("x@medica1mex.example",), 1, "", Trust.FAILED),
    ([], ("x@medicalmex.example.evil.example",), 1, "", Trust.FAILED),
    ([], ("x@medical-mex.example",), 1, "", Trust.FAILED),
    ([], ("x@ymail.com",), 1, "", Trust.UNKNOWN),
]


@pytest.mark.parametrize(("results", "senders", "count", "shown", "expected"), JUDGED)
def test_a_sender_is_believed_as_far_as_the_trusted_server_says(
    results, senders, count, shown, expected
) -> None:
    headers = {"authentication-results": tuple(results)}

    assert (
        trust(headers, senders, count, ("mx1.medicalmex.example",), OURS, shown).trust == expected
    )


MS_PASS = (
    "spf=pass; dkim=pass; dmarc=pass action=none header.from=gmail.com;compauth=pass reason=100"
)
OF_MICROSOFT = [
    ([MS_PASS], Trust.VERIFIED),
    ([MS_PASS.replace("dmarc=pass action=none", "dmarc=fail action=oreject")], Trust.FAILED),
    ([MS_PASS.replace("gmail.com", "other.example")], Trust.UNKNOWN),
    (["mx.evil.example; dmarc=none", MS_PASS], Trust.UNKNOWN),
    (["microsoft365; dmarc=pass header.from=gmail.com"], Trust.UNKNOWN),
]


@pytest.mark.parametrize(("results", "expected"), OF_MICROSOFT)
def test_microsoft_s_results_count_where_it_is_listed_and_only_on_top(results, expected) -> None:
    headers = {"authentication-results": tuple(results)}

    assert trust(headers, SENDERS, 1, ("microsoft365",), OURS).trust == expected


# --- threads ---

A, B = CaseId("MMX-AAAA-AAA"), CaseId("MMX-BBBB-BBB")


def candidate(ref: CaseId = A, by: str = "sender", **more: object) -> Candidate:
    values = {"ref": ref, "role": Role.PATIENT, "provider": 0, "by": by, "closed_at": None}
    return Candidate(**(values | more))


def matched(*candidates: Candidate, kind: Kind = Kind.FOLLOWUP, **more: object):
    values = {"kind": kind, "sender": "ana@gmail.com", "patient": "", "now": NOW}
    return match(candidates, **(values | more))


def test_a_token_finds_its_case_and_proves_only_its_recipient() -> None:
    mine = matched(candidate(by="message_id", recipient="ana@gmail.com"))
    theirs = matched(candidate(by="message_id", recipient="other@gmail.com"))

    assert (mine.ref, mine.proven) == (A, True)
    assert (theirs.ref, theirs.proven) == (A, False)


def test_tokens_of_two_cases_are_held() -> None:
    assert matched(candidate(by="message_id"), candidate(B, by="plus")).held


def test_a_reference_needs_a_sender_that_the_case_knows() -> None:
    assert matched(candidate(by="reference")).ref is None
    assert matched(candidate(by="reference"), candidate()).ref == A


def test_a_known_sender_with_one_open_case_is_understood_and_with_two_is_held() -> None:
    assert matched(candidate()).ref == A
    assert matched(candidate(), candidate(B)).held


def test_a_request_for_the_same_patient_repeats_and_for_another_opens_a_case() -> None:
    known = candidate(patient_key="ana|1980")

    assert matched(known, kind=Kind.REQUEST, patient="ana|1980").ref == A
    assert matched(known, kind=Kind.REQUEST, patient="eva|1999").new_case


def test_a_closed_case_is_reached_for_ninety_days() -> None:
    assert matched(candidate(closed_at=NOW - timedelta(days=80))).ref == A
    assert matched(candidate(closed_at=NOW - timedelta(days=100))).held


def test_a_stranger_without_a_request_is_held() -> None:
    assert matched().held
    assert matched(kind=Kind.REQUEST).new_case


# --- commands ---

UNDERSTOOD = {
    "APPROVE": (Verb.APPROVE, {}),
    "aprobar.": (Verb.APPROVE, {}),
    "- Approve, please": None,
    "REJECT UNDATED, ID_MISSING: sign again": (Verb.REJECT, {"words": "sign again"}),
    "rechazar undated": (Verb.REJECT, {}),
    "REJECT nonsense": None,
    "SET dob = 25 March 1980": (Verb.SET, {"name": "dob", "words": "1980-03-25"}),
    "PONER nacimiento = 1980-03-25": (Verb.SET, {"name": "dob", "words": "1980-03-25"}),
    "SET dob = 03/04/1980": None,
    "SET colour = red": None,
    "PROVIDER 2 = 1": (Verb.PROVIDER, {"action": ProviderAction.CHOOSE, "choice": 1}),
    "PROVEEDOR 1 = archivo@faro.example": (Verb.PROVIDER, {"action": ProviderAction.ADDRESS}),
    "provider 1 no record": (Verb.PROVIDER, {"action": ProviderAction.NO_RECORD}),
    "PROVEEDOR 1 SIN EXPEDIENTE": (Verb.PROVIDER, {"action": ProviderAction.NO_RECORD}),
    "PROVIDER 1 FEE 850 MXN": (Verb.PROVIDER, {"words": "850 MXN"}),
    "PROVIDER 1 dances": None,
    "PROVIDER 1 = archivo médico@faro.example": None,
    "PROVIDER 1 = josé@faro.example": None,
    "ADD PROVIDER Hospital Sol josé@sol.example": None,
    "ENTREGAR 2": (Verb.DELIVER, {"number": 2}),
    "DELIVER": None,
    "CERRAR fuera de alcance": (Verb.CLOSE, {"name": "out_of_scope"}),
    "confirm k7": (Verb.CONFIRM, {"name": "K7"}),
    "APROVE": None,
    "HOLD 7 days": (Verb.HOLD, {"until": TODAY + timedelta(days=7)}),
}


@pytest.mark.parametrize("line", UNDERSTOOD)
def test_a_command_is_done_as_written_or_answered_with_the_nearest(line: str) -> None:
    [read_line] = read_commands(f"Hello,\n{line}\nThanks", today=TODAY).lines
    expected = UNDERSTOOD[line]

    if expected is None:
        assert read_line.command is None
        assert read_line.nearest
        return
    assert read_line.command.verb == expected[0]
    for name, value in expected[1].items():
        assert getattr(read_line.command, name) == value


@given(st.text(max_size=60), st.sampled_from(["", "APPROVE ", "NOTE", "881 = ", "PROVIDER 1 "]))
def test_whatever_staff_write_is_read(words: str, start: str) -> None:
    assert isinstance(read_commands(f"{start}{words}", today=TODAY).lines, tuple)


@pytest.mark.parametrize(
    "words", ["ok", "sí", "Yes, approved!", "I think this is fine.", "", "\u00b8", "\u0301", "·¨"]
)
def test_plain_words_are_a_note_and_release_nothing(words: str) -> None:
    assert read_commands(words, today=TODAY).lines == ()


def test_words_for_the_patient_end_where_staff_say_so() -> None:
    mail = read_commands("TELL PATIENT: Dear Ana,\nwe call you.\nEND\nNOTE: called", today=TODAY)

    assert [x.command.verb for x in mail.lines] == [Verb.TELL_PATIENT, Verb.NOTE]
    assert mail.lines[0].command.words == "Dear Ana,\nwe call you."


@given(text=st.text(max_size=300))
def test_no_text_without_a_verb_releases_anything(text: str) -> None:
    for line in read_commands(text, today=TODAY).lines:
        if line.command is not None and line.command.verb != Verb.FILE_AS:
            words = [w for g in GRAMMAR if g.verb == line.command.verb for w in g.words]
            assert any(w.split()[0][:2].casefold() in text.casefold() for w in words)


UNWRITABLE = (
    "josé@correo.example",
    "a..b@-.example-",
    "a\u200b@b.example",
    "a@b..example",
    "a b@c.example",
)


@pytest.mark.parametrize("address", UNWRITABLE)
def test_an_address_that_cannot_be_written_to_is_no_sender(address: str) -> None:
    message = read(f"From: Ana <{address}>\r\n\r\nHello\r\n".encode())

    assert all(ascii_address(found) for found in message.from_addresses)


def test_an_address_with_a_domain_of_other_letters_is_one() -> None:
    assert ascii_address("ana@correo-méxico.example") == "ana@xn--correo-mxico-ieb.example"


# --- the directory ---


def test_a_provider_is_exact_but_for_accents_case_and_titles() -> None:
    known = Directory.of((DirectoryEntry(name="Clínica Misión", email="a@b.example"),))

    assert known.matches("clinica mision").matches[0].exact
    assert not known.matches("Clinica Mission Tijuana").matches[0].exact
    assert known.matches("Dentista Solar").matches == ()


def test_a_wrong_line_of_the_directory_stops_no_other() -> None:
    entries, errors = read_csv("name,email\nFaro,a@faro.example\n,x\nNorte,nothing\n")

    assert [e.name for e in entries] == ["Faro"]
    assert len(errors) == 2


# --- bad input ---

MAILS = sorted(DEV.glob("*.eml"))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_bytes_come_there_is_one_answer(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from(MAILS)).read_bytes()
    start, end = sorted((data.draw(st.integers(0, len(raw))), data.draw(st.integers(0, len(raw)))))
    noise = data.draw(st.binary(max_size=60))

    said = parsed("x", raw[:start] + noise + raw[end:])

    assert set(said["fields"]) == {
        *("patient_name", "date_of_birth", "treatment_dates", "providers", "records"),
        *("emails", "phones", "postal_address"),
    }


HOSTILE = {
    "nothing": b"",
    "no headers": b"hello\r\n",
    "only a from": b"From: a@b.example\r\n\r\n",
    "quotes": b"From: a@b.example\r\n\r\n" + b">" * 50_000 + b"\r\n",
    "on wrote": b"From: a@b.example\r\n\r\n" + b"On " * 20_000,
    "digits": b"From: a@b.example\r\n\r\n" + b"1" * 100_000,
    "dates": b"From: a@b.example\r\n\r\n" + b"3/4/80 " * 5_000,
    "control": b"From: a@b.example\r\nSubject: a\x00\x07\x1b[2Jb\r\n\r\nrecords please\r\n",
    "html": b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 20_000,
    "headers": b"X-A: b\r\n" * 20_000 + b"\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_read_within_bounds(name: str) -> None:
    said = understand(read(HOSTILE[name]), NOW)

    assert said.kind in set(Kind)
    assert "\x1b" not in read(HOSTILE[name]).subject


def test_nested_mails_and_thousands_of_parts_are_bounded() -> None:
    deep = b"From: a@b.example\r\n\r\nhello\r\n"
    for _ in range(200):
        deep = b"From: a@b.example\r\nContent-Type: message/rfc822\r\n\r\n" + deep
    many = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    many += b"--x\r\nContent-Type: text/plain\r\n\r\na\r\n" * 10_000 + b"--x--\r\n"

    assert understand(read(deep), NOW).kind in set(Kind)
    assert "too many parts" in read(many).defects


def test_what_a_provider_wants_with_an_authorization_is_read_from_the_directory() -> None:
    entries = (
        DirectoryEntry(
            name="Uno", email="a@b.example", id_copy="INE", witnesses="sí", max_age_days="90 d"
        ),
        DirectoryEntry(
            name="Dos", email="a@b.example", id_copy="no", witnesses="", max_age_days=""
        ),
    )
    [uno], [dos] = (Directory.of(entries).matches(name).matches for name in ("Uno", "Dos"))

    assert (uno.id_copy, uno.witnesses, uno.max_age_days) == (True, True, 90)
    assert (dos.id_copy, dos.witnesses, dos.max_age_days) == (False, False, 0)


def test_a_server_s_word_in_an_encoded_word_is_none() -> None:
    """RFC 8601 section 2.2 has none; the server that strips forged stamps did not see this one."""
    mail = read(b"Authentication-Results: =?utf-8?q?mx1=2Eexample=3B_dmarc=3Dpass?=\r\n\r\nx\r\n")

    assert trust(mail.headers, SENDERS, 1, ("mx1.example",), OURS).trust == Trust.UNKNOWN
