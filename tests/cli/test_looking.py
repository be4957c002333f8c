from __future__ import annotations

import json
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.stories.mails import REQUEST_EN, written

from mmx_mailflow import flow
from mmx_mailflow.cli.main import main
from mmx_mailflow.office import Office
from mmx_mailflow.ops.check import Grade, _authserv_ids
from mmx_mailflow.ops.opening import open_office
from mmx_mailflow.settings import load
from mmx_mailflow.store import messages, outbox
from mmx_mailflow.transport.clock import Clock

NOW = datetime(2026, 11, 2, 17, tzinfo=UTC)  # a Monday morning in Tijuana
ANA = "ana.prueba@gmail.com"
PERSONAL = ("Ana", "Prueba", "1980", "prueba", "gmail")


@pytest.fixture(autouse=True)
def ref(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """One case and one held mail in a new database; no server is needed for it."""
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    config = Path("config.toml")
    text = re.sub(r'"(imap|smtp)\.medicalmex\.example"', '"127.0.0.1"', config.read_text())
    text = text.replace("mx1.medicalmex.example", "mx.office.example")
    config.write_text(re.sub(r"answer_since = \S+", "answer_since = 2026-01-01T00:00:00Z", text))
    monkeypatch.setenv("MMX_NOW", NOW.isoformat())
    office = open_office(load(config, {}), Clock(NOW))
    mails = [
        written(ANA, "Medical records", REQUEST_EN, NOW),
        written("x@faro.example", "Factura", "Adjunto la factura 12.", NOW, dmarc="fail"),
    ]
    with office.store.begin() as connection:
        batch = [
            messages.Fetched(uid=uid, received_at=NOW, size=len(raw), raw=raw)
            for uid, raw in enumerate(mails, 1)
        ]
        messages.keep(connection, office.keys, "records", "INBOX", 7, batch, NOW)
    flow.handle_kept(office)
    office.store.close()
    return case_ref(office)


def case_ref(office: Office) -> str:
    with office.store.begin() as connection:
        rows = messages.listing(connection, office.keys)
    return str(rows[0]["ref"])


def said(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    main([*words, "--json"])
    return json.loads(capsys.readouterr().out)


KEYS = {
    "cases": "ref state outcome received_at form_due_at form_issued_at next_due_at whose_turn "
    "language missing ambiguous providers",
    "messages": "mailbox folder uidvalidity uid message_id received_at kind outcome ref why",
    "outbox list": "message_id to_role letter ref state attempts business_key created_at sent_at",
    "timers": "ref name due_at",
}


@pytest.mark.parametrize("command", KEYS)
def test_a_list_has_the_keys_that_scripts_rely_on(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = said(capsys, *command.split())

    assert rows
    assert set(KEYS[command].split()) <= rows[0].keys()


def test_a_case_has_the_keys_that_scripts_rely_on(
    ref: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record = said(capsys, "case", ref)

    assert set(KEYS["cases"].split()) | {"facts", "authorization", "tasks"} <= record.keys()
    assert record["authorization"].keys() == {
        "issued_at", "returned_at", "accepted_at", "expires_at", "revoked_at",
    }  # fmt: skip


@pytest.mark.parametrize("command", ["cases", "case REF", "timeline REF", "outbox list", "timers"])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_nothing_personal_is_shown_without_being_asked_for(
    command: str, form: list[str], ref: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    main([*command.replace("REF", ref).split(), *form])

    shown = capsys.readouterr().out
    assert shown
    assert [word for word in PERSONAL if word in shown] == []


def test_what_is_revealed_is_written_into_the_journal(
    ref: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = said(capsys, "case", ref, "--reveal")
    journal = said(capsys, "timeline", ref)

    assert shown["facts"]["patient_name"].startswith("Ana")
    assert journal[-1]["kind"] == "operator_decided"


def test_a_reference_is_read_tolerantly(ref: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "case", ref.lower().replace("-", " "))["ref"] == ref


@pytest.mark.parametrize(
    "words", [["case", "MMX-0000-001"], ["timeline", "x"], ["parked", "show", "99"]]
)
def test_what_is_not_there_is_said_in_one_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    assert main(words) == 1
    assert capsys.readouterr().err.startswith("there is no ")


def test_a_held_mail_is_listed_and_can_be_given_back(capsys: pytest.CaptureFixture[str]) -> None:
    [held] = said(capsys, "held", "list")

    assert main(["held", "release", str(held["number"])]) == 0
    assert said(capsys, "held", "list") == []


def test_a_letter_can_be_paused_released_and_cancelled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    number = str(said(capsys, "outbox", "list")[0]["number"])

    for verb, state in (("pause", "paused"), ("release", "waiting"), ("cancel", "cancelled")):
        assert main(["outbox", verb, number]) == 0
        assert said(capsys, "outbox", "list")[0]["state"] == state


def test_a_letter_that_was_cancelled_is_not_offered_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    number = str(said(capsys, "outbox", "list")[0]["number"])
    main(["outbox", "cancel", number])

    assert main(["outbox", "retry", number]) == 1


def test_verify_says_what_holds(capsys: pytest.CaptureFixture[str]) -> None:
    report = said(capsys, "verify")

    assert report["ok"] is True
    assert {check["name"] for check in report["checks"]} >= {
        "journal",
        "ledger",
        "balance of records",
    }


def daily_mail(at: datetime) -> bytes:
    """The letter that the desk gets on this day."""
    office = open_office(load(Path("config.toml"), {}), Clock(at))
    flow.handle_daily(office)
    with office.store.begin() as connection:
        numbers = [n["number"] for n in outbox.listing(connection) if n["letter"] == "digest"]
        later = at + timedelta(minutes=1)
        letter = outbox.claim(connection, office.keys, int(str(numbers[0])), later)
    office.close()
    assert letter is not None
    return letter.raw


def test_verify_finds_what_was_cut_off_by_the_heads_of_a_daily_mail(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mail = daily_mail(NOW + timedelta(days=1))
    Path("daily.eml").write_bytes(mail)
    assert b"2026-11-02: " in mail
    capsys.readouterr()
    assert main(["verify", "--heads", "daily.eml"]) == 0
    assert "2 heads are there" in capsys.readouterr().out

    with sqlite3.connect("var/mailflow.db") as database:
        database.execute("update ledger_days set head = 'ffff'")
    assert main(["verify", "--heads", "daily.eml"]) == 1
    assert "the ledger of 2026-11-02" in capsys.readouterr().out


def test_verify_says_when_a_file_holds_no_heads() -> None:
    Path("other.txt").write_text("nothing\n")

    assert main(["verify", "--heads", "other.txt"]) == 1


def test_the_directory_takes_good_lines_and_names_bad_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("list.csv").write_text("name,email\nHospital Faro,archivo@faro.example\nNoMail,nowhere\n")

    assert main(["providers", "import", "list.csv"]) == 1
    assert "list.csv" in capsys.readouterr().out
    assert [row["name"] for row in said(capsys, "providers", "list")] == ["Hospital Faro"]


def test_the_form_of_a_case_can_be_written_again(ref: str) -> None:
    assert main(["form", ref.lower(), "--out", "form.pdf"]) == 0
    assert Path("form.pdf").read_bytes().startswith(b"%PDF-")


def test_another_key_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    key = Path("var/key")
    key.rename("old")
    main(["init"])
    capsys.readouterr()

    assert main(["cases"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_list_in_a_pipe_is_lines_with_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    main(["cases"])

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].split("\t")[:2] == ["ref", "state"]


def test_check_sees_that_nobody_is_ever_verified() -> None:
    mail = written(ANA, "s", "t", NOW)

    assert _authserv_ids("x", [mail], ["mx.office.example"]).grade is Grade.OK
    wrong = _authserv_ids("x", [mail], ["other.example"])
    assert wrong.grade is Grade.WARN
    assert "mx.office.example" in wrong.detail
