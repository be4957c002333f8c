"""Parked mails come back, as they are or as an edited copy; any kept mail can be tried again."""

from __future__ import annotations

import dataclasses
import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.stories.mails import RECORDS, REQUEST_EN, written

from mmx_mailflow import arrivals, flow
from mmx_mailflow.arrivals import arrived, line
from mmx_mailflow.casework.values import Kind
from mmx_mailflow.cli.main import main
from mmx_mailflow.intake.understand import Understood
from mmx_mailflow.office import Office
from mmx_mailflow.ops import purging
from mmx_mailflow.ops.opening import open_office
from mmx_mailflow.settings import load
from mmx_mailflow.store import messages, outbox, purge
from mmx_mailflow.transport.clock import Clock

NOW = datetime(2026, 11, 2, 17, tzinfo=UTC)  # a Monday morning in Tijuana
ANA, THIEF, LUZ = "ana.prueba@gmail.com", "x@faro.example", "luz@office.example"
BROKEN = "X-Broken: yes\r\n"
CONFIG = Path("config.toml")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    text = re.sub(r'"(imap|smtp)\.medicalmex\.example"', '"127.0.0.1"', CONFIG.read_text())
    text = text.replace("mx1.medicalmex.example", "mx.office.example")
    text = re.sub(r"records@medicalmex\.example", RECORDS, text)
    text = re.sub(r"members = .*", f'members = ["{LUZ}"]', text)
    CONFIG.write_text(re.sub(r"answer_since = \S+", "answer_since = 2026-01-01T00:00:00Z", text))
    monkeypatch.setenv("MMX_NOW", NOW.isoformat())
    return tmp_path


def at(moment: datetime) -> Office:
    return open_office(load(CONFIG, {}), Clock(moment))


def arrive(*mails: bytes, uid: int = 1, moment: datetime = NOW) -> None:
    """The mails are kept and handled, with the pauses after each failure."""
    office = at(moment)
    with office.store.begin() as connection:
        batch = [
            messages.Fetched(uid=n, received_at=moment, size=len(raw), raw=raw)
            for n, raw in enumerate(mails, uid)
        ]
        messages.keep(connection, office.keys, "records", "INBOX", 7, batch, moment)
    office.close()
    handle(moment)


def handle(moment: datetime) -> None:
    office = at(moment)
    for _ in range(4):
        flow.handle_kept(office)
        office.clock.advance(timedelta(minutes=5))
    office.close()


@pytest.fixture
def mend(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Code with a bug that one header of one mail meets; calling it mends the bug."""
    real = line.patient_event

    def patient_event(found: Any, *words: Any, **more: Any) -> Any:
        if "x-broken" in found.message.headers:
            raise ValueError(f"cannot read {found.message.subject}")
        return real(found, *words, **more)

    monkeypatch.setattr(line, "patient_event", patient_event)
    return lambda: monkeypatch.setattr(line, "patient_event", real)


def broken(text: str = REQUEST_EN) -> bytes:
    return BROKEN.encode() + written(ANA, "Prueba", text, NOW)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    main([*words, "--json"])
    return json.loads(capsys.readouterr().out)


def dumped() -> list[str]:
    with sqlite3.connect("var/mailflow.db") as database:
        return list(database.iterdump())


def test_three_failures_park_a_mail_and_it_comes_back_when_the_code_was_mended(
    mend: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    arrive(broken())
    [parked] = said(capsys, "parked", "list")
    assert (parked["why"], parked["ref"]) == ("failed three times: ValueError", None)

    mend()
    assert main(["parked", "replay", "1"]) == 0
    handle(NOW)

    assert said(capsys, "messages")[0]["outcome"] == "handled"
    assert len(said(capsys, "cases")) == 1


@pytest.mark.usefixtures("mend")
def test_an_edited_copy_goes_down_the_line_and_the_original_stays_as_it_came(
    capsys: pytest.CaptureFixture[str],
) -> None:
    original = broken()
    arrive(original)
    assert main(["parked", "show", "1", "--reveal", "--raw", "mail.eml"]) == 0
    assert Path("mail.eml").read_bytes() == original
    assert Path("mail.eml").stat().st_mode & 0o077 == 0
    Path("mail.eml").write_bytes(original.replace(BROKEN.encode(), b""))
    capsys.readouterr()

    assert main(["parked", "replay", "1", "--with", "mail.eml"]) == 0
    assert "mail number 2" in capsys.readouterr().out
    handle(NOW)

    first, copy = said(capsys, "messages")
    [case] = said(capsys, "cases")
    assert (first["outcome"], first["why"]) == ("handled", "an edited copy of it is mail 2")
    assert (copy["outcome"], copy["folder"]) == ("handled", "copy of 1")
    assert first["ref"] == copy["ref"] == case["ref"]
    assert case["received_at"] == NOW.isoformat()
    assert said(capsys, "parked", "list") == []
    assert main(["parked", "replay", "1"]) == 1
    assert main(["parked", "replay", "1", "--with", "mail.eml"]) == 1
    assert said(capsys, "verify")["ok"] is True
    Path("again.eml").unlink(missing_ok=True)
    assert main(["parked", "show", "1", "--reveal", "--raw", "again.eml"]) == 0
    assert Path("again.eml").read_bytes() == original


@pytest.mark.usefixtures("mend")
def test_an_original_goes_with_the_case_of_its_copy(capsys: pytest.CaptureFixture[str]) -> None:
    arrive(broken())
    Path("mail.eml").write_bytes(broken().replace(BROKEN.encode(), b""))
    main(["parked", "replay", "1", "--with", "mail.eml"])
    handle(NOW)
    ref = said(capsys, "cases")[0]["ref"]
    office = at(NOW)
    with office.store.begin() as connection:
        assert messages.handled(connection) == [1, 2]
        purge.purge(connection, office.keys, ref, purging.ASKED, NOW)
        assert messages.handled(connection) == []
    office.close()


@pytest.mark.usefixtures("mend")
def test_a_copy_that_fails_too_is_parked_in_its_own_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arrive(broken())
    Path("mail.eml").write_bytes(broken(REQUEST_EN + "\nedited\n"))
    main(["parked", "replay", "1", "--with", "mail.eml"])
    handle(NOW)
    assert [row["number"] for row in said(capsys, "parked", "list")] == [2]

    Path("mail.eml").write_bytes(broken().replace(BROKEN.encode(), b""))
    main(["parked", "replay", "2", "--with", "mail.eml"])
    handle(NOW + timedelta(hours=1))

    rows = said(capsys, "messages")
    assert [row["outcome"] for row in rows] == ["handled"] * 3
    assert len({row["ref"] for row in rows}) == 1
    assert said(capsys, "verify")["ok"] is True


@pytest.mark.usefixtures("mend")
@pytest.mark.parametrize(
    ("words", "content", "says"),
    [
        (["parked", "replay", "1", "--with", "mail.eml"], b"", "empty"),
        (["parked", "replay", "1", "--with", "mail.eml"], b"x" * 40_000_001, "larger"),
        (["parked", "replay", "2", "--with", "mail.eml"], b"x", "not parked"),
        (["parked", "replay", "9", "--with", "mail.eml"], b"x", "not parked"),
        (["parked", "replay", "9"], b"x", "neither parked nor held"),
        (["parked", "show", "1", "--reveal", "--raw", "mail.eml"], b"x", "exists"),
        (["replay", "9"], b"x", "not kept"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_changes_nothing(
    words: list[str], content: bytes, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arrive(broken(), written(ANA, "Medical records", REQUEST_EN, NOW))
    Path("mail.eml").write_bytes(content)
    before = dumped()
    capsys.readouterr()

    assert main(words) == 1

    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1
    assert dumped() == before


def test_the_bytes_of_a_mail_are_written_only_when_asked_for_twice() -> None:
    arrive(written(ANA, "Medical records", REQUEST_EN, NOW))

    assert main(["held", "show", "1", "--raw", "mail.eml"]) == 2
    assert not Path("mail.eml").exists()


def letters_to(recipient: str) -> list[bytes]:
    office = at(NOW + timedelta(days=1))
    with office.store.begin() as connection:
        numbers = [int(str(row["number"])) for row in outbox.listing(connection)]
        opened = [outbox.claim(connection, office.keys, n, office.clock.now()) for n in numbers]
        connection.rollback()
    office.close()
    return [letter.raw for letter in opened if letter and letter.recipient == recipient]


def story() -> None:
    """A request, an answer, a status question, a stranger, a machine, a duplicate."""
    request = written(ANA, "Medical records", REQUEST_EN.replace("March 25", "03/04"), NOW)
    request = request.replace(b"03/04, 1980", b"03/04/1980")
    arrive(request)
    [question] = letters_to(ANA)
    later = NOW + timedelta(hours=1)
    answer = written(ANA, "", "I was born on 3 April 1980.", later, answers=question)
    robot = {"Auto-Submitted": "auto-replied"}
    arrive(
        answer,
        written(ANA, "", "What is the status of my request?", later, answers=question),
        written(THIEF, "Factura", "Adjunto la factura 12.", later, dmarc="fail"),
        written("bot@b.example", "Away", "I am away.", later, headers=robot),
        request,
        uid=2,
        moment=later,
    )


def test_the_same_code_makes_the_same_of_every_mail_and_changes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    story()
    before = dumped()
    capsys.readouterr()

    number = main(["replay", "--all", "--json"])

    tried = json.loads(capsys.readouterr().out)
    assert [one for one in tried if one["differs"]] == []
    assert number == 0
    assert [one["then"]["case"] for one in tried][:1] == ["new"]
    assert "acknowledge" in tried[0]["now"]["letters"]
    assert "send_form" in tried[1]["now"]["letters"]
    assert [one["now"]["outcome"] for one in tried[3:]] == ["held", "machine", "duplicate"]
    assert dumped() == before


def test_what_staff_sent_by_hand_is_not_tried(capsys: pytest.CaptureFixture[str]) -> None:
    arrive(written(ANA, "Medical records", REQUEST_EN, NOW))
    by_hand = written(RECORDS, "About you", "We call you.", NOW, to=ANA, dmarc="")
    office = at(NOW)
    head = by_hand.partition(b"\n\n")[0] + b"\n"
    arrivals.note_sent_by_hand(office, ("records", "Sent", 9), 1, head)
    office.close()
    assert [row["why"] for row in said(capsys, "messages")][1:] == ["staff sent it by hand"]

    assert [one["number"] for one in said(capsys, "replay", "--all")] == [1]
    assert main(["replay", "2"]) == 1


Change = Callable[[Understood], Understood]
OTHER: Change = lambda found: dataclasses.replace(found, kind=Kind.OTHER)  # noqa: E731


def read_by(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """Other code than that which handled the mails."""
    real = arrived.understand
    monkeypatch.setattr(arrived, "understand", lambda *a, **k: change(real(*a, **k)))


def lines(capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> tuple[int, list[str]]:
    capsys.readouterr()
    number = main([*words])
    return number, capsys.readouterr().out.splitlines()


def test_other_code_is_told_by_what_becomes_other_without_a_word_of_the_mail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    story()
    read_by(monkeypatch, OTHER)
    before = dumped()

    number, rows = lines(capsys, ["replay", "1"])

    assert number == 1
    assert "1\toutcome\thandled\theld" in rows
    assert "1\tcase\tnew\t-" in rows
    assert any(row.startswith("1\tletters\tacknowledge") for row in rows)
    text = "\n".join(rows)
    assert [word for word in ("Ana", "Prueba", "1980", "gmail") if word in text] == []
    assert dumped() == before


def test_a_trial_tells_whether_a_parked_mail_would_be_parked_again(
    mend: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    arrive(broken())
    number, rows = lines(capsys, ["replay", "1"])
    assert (number, rows[1:]) == (0, ["1\tsame\tparked\tsame"])

    mend()
    number, rows = lines(capsys, ["replay", "1"])
    assert number == 1
    assert "1\toutcome\tparked\thandled" in rows
    assert letters_to(ANA) == []
