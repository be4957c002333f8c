"""`purge` and `legal-hold` from the command line, on a case that was closed."""

# ruff: noqa: F811  a fixture is taken from another file
from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from tests.cli.test_looking import ANA, NOW, ref  # noqa: F401  a fixture
from tests.servers.dovecot import Dovecot, running
from tests.stories.mails import written

from mmx_mailflow import flow
from mmx_mailflow.cli.main import main
from mmx_mailflow.ops.opening import open_office
from mmx_mailflow.ops.purging import list_beside, listed, remove_on_server
from mmx_mailflow.settings import load
from mmx_mailflow.store import messages
from mmx_mailflow.store.vault import load_keys
from mmx_mailflow.transport.clock import Clock
from mmx_mailflow.transport.imap import Mailbox

KEY = Path("var/key")


def later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """Some days pass; what is due happens."""
    now = NOW + timedelta(days=days)
    monkeypatch.setenv("MMX_NOW", now.isoformat())
    office = open_office(load(Path("config.toml"), {}), Clock(now))
    for _ in range(12):
        flow.handle_due(office)
    office.store.close()


def out(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main([*words]) == 0
    return capsys.readouterr().out


def test_a_dry_run_says_what_is_due_and_changes_nothing(
    ref: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    later(monkeypatch, 40)

    rows = json.loads(out(capsys, "purge", "--dry-run", "--json"))
    assert [(r["rule"], r["mails"]) for r in rows] == [("held_days", 1)]
    assert json.loads(out(capsys, "purge", "--dry-run", "--json")) == rows


def test_copies_of_documents_are_told_by_a_dry_run_and_go_with_a_purge(
    ref: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    office = open_office(load(Path("config.toml"), {}), Clock(NOW))
    card = (("ine.jpg", "image/jpeg", b"\xff\xd8\xff invented card of nobody"),)
    raw = written(ANA, "My ID", "Here is my identification.", NOW, files=card)
    with office.store.begin() as connection:
        came = messages.Fetched(uid=3, received_at=NOW, size=len(raw), raw=raw)
        messages.keep(connection, office.keys, "records", "INBOX", 7, [came], NOW)
    flow.handle_kept(office)
    office.close()
    later(monkeypatch, 60)
    monkeypatch.setenv("MMX_NOW", (NOW + timedelta(days=100)).isoformat())

    rows = json.loads(out(capsys, "purge", "--dry-run", "--json"))
    of_files = [r for r in rows if r["rule"] == "identity_days"]
    assert [(r["ref"], r["files_of"], r["mails"]) for r in of_files] == [(ref, 1, 0)]
    assert json.loads(out(capsys, "purge", "--dry-run", "--json")) == rows
    out(capsys, "purge", "--yes")

    assert json.loads(out(capsys, "purge", "--dry-run", "--json")) == []
    out(capsys, "held", "show", "3", "--reveal", "--raw", "left.eml")
    left = Path("left.eml").read_bytes()
    assert b"Here is my identification." in left
    assert b"ine.jpg" not in left
    [case] = json.loads(out(capsys, "cases", "--json"))
    assert case["state"] == "closed"


def test_an_open_case_is_not_purged(
    ref: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["purge", ref]) == 1
    assert "it is not closed" in capsys.readouterr().err
    assert not list_beside(KEY).exists()


def test_a_closed_case_is_purged_and_verify_stays_green(
    ref: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    later(monkeypatch, 60)
    monkeypatch.setenv("MMX_NOW", (NOW + timedelta(days=60)).isoformat())
    board = json.loads(out(capsys, "cases", "--json"))
    assert board[0]["state"] == "closed"
    said = out(capsys, "purge", ref, "--yes")

    assert "purged:" in said
    assert listed(KEY) == [(ref, "asked")]
    assert json.loads(out(capsys, "cases", "--json")) == []
    assert main(["case", ref]) == 1
    capsys.readouterr()
    main(["verify", "--json"])
    report = json.loads(capsys.readouterr().out)
    wrong = [c for c in report["checks"] if not c["ok"] and c["name"] != "outbox"]
    assert wrong == []
    assert main(["purge", ref]) == 1


def test_a_legal_hold_stands_before_a_purge(
    ref: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    later(monkeypatch, 60)
    out(capsys, "legal-hold", "set", ref.lower())

    assert json.loads(out(capsys, "legal-hold", "list", "--json"))[0]["ref"] == ref
    assert main(["purge", ref]) == 1
    assert "legal hold" in capsys.readouterr().err
    out(capsys, "legal-hold", "lift", ref)
    assert "purged:" in out(capsys, "purge", ref)


@pytest.mark.servers
@pytest.mark.enable_socket
def test_purged_mails_go_from_the_folders_of_the_mail_server(
    ref: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    later(monkeypatch, 60)
    office = open_office(load(Path("config.toml"), {}), Clock(NOW))
    with office.store.begin() as connection:
        raw = messages.load(connection, office.keys, 1).raw
    with running() as dovecot:
        fill(dovecot, raw)
        out(capsys, "purge", ref)
        with Mailbox(dovecot.address()) as mailbox:
            assert remove_on_server(office, mailbox) > 0
            assert remove_on_server(office, mailbox) == 0
            assert [len(mailbox.uids(f)) for f in ("INBOX", "Mailflow/Filed")] == [1, 0]
    office.store.close()


def fill(dovecot: Dovecot, raw: bytes) -> None:
    """The mail of the case where it was filed, and another's in the inbox."""
    other = f"From: {ANA}\r\nMessage-ID: <other@x.example>\r\n\r\nwords\r\n".encode()
    with Mailbox(dovecot.address()) as mailbox:
        mailbox.ensure_folders()
        mailbox.append("Mailflow/Filed", raw, NOW)
        mailbox.append("INBOX", other, NOW)


def test_the_list_beside_the_key_names_references_only(
    ref: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    later(monkeypatch, 60)
    out(capsys, "purge", ref)

    assert list_beside(KEY).read_text() == f"{ref} asked\n"
    assert load_keys(KEY).named


def test_a_restore_purges_again_what_was_purged_since(
    ref: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    later(monkeypatch, 60)
    said = out(capsys, "backup", "copy")
    assert "The key is not in it" in said
    assert main(["backup", "copy"]) == 1
    out(capsys, "purge", ref)
    assert main(["restore", "copy"]) == 1, "the database is not empty"
    for file in Path("var").glob("mailflow.db*"):
        file.unlink()
    said = out(capsys, "restore", "copy")

    assert "1 cases were purged again" in said
    assert json.loads(out(capsys, "cases", "--json")) == []
    assert "letters leave again" in out(capsys, "restore", "--go-on")
    assert main(["restore"]) == 2


def test_a_legal_hold_that_is_set_and_lifted_stands_in_the_journal(
    ref: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for verb in ("set", "lift"):
        out(capsys, "legal-hold", verb, ref)
    lines = json.loads(out(capsys, "timeline", ref, "--json", "--reveal"))

    said = [line["words"] for line in lines if line["kind"] == "operator_decided"]
    assert [w["words"] for w in said if w["action"] == "legal_hold"] == ["set", "lift"]
    assert out(capsys, "verify", "--json")
