from __future__ import annotations

import json
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mmx_mailflow.__main__ import say_bug
from mmx_mailflow.cli.main import main
from mmx_mailflow.settings import load


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def office() -> Path:
    assert main(["init"]) == 0
    config = Path("config.toml")
    config.write_text(
        re.sub(r'"(imap|smtp)\.medicalmex\.example"', '"127.0.0.1"', config.read_text())
    )
    return config


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["chek"], "No such command 'chek'. Did you mean 'check'?"),
        (["form"], "Missing option '--out'"),
        (["parse", "nowhere.eml"], "file 'nowhere.eml' does not exist"),
        (["check", "--jsn"], "No such option"),
        (["check"], "config.toml: no such file or directory; example: mmx-mailflow init"),
    ],
)
def test_a_wrong_call_is_one_line_and_two(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2

    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_init_answers_only_mail_from_now_on() -> None:
    main(["init", "office"])

    since = load(Path("office/config.toml"), {}).service.answer_since

    assert timedelta() <= datetime.now(UTC) - since < timedelta(minutes=1)


def test_init_makes_a_key_that_others_cannot_read() -> None:
    main(["init", "office"])

    assert stat.S_IMODE(Path("office/var/key").stat().st_mode) == 0o600


def test_init_overwrites_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    main(["init"])
    before = Path("config.toml").read_bytes(), Path("var/key").read_bytes()

    assert main(["init"]) == 0
    assert (Path("config.toml").read_bytes(), Path("var/key").read_bytes()) == before
    assert "left alone" in capsys.readouterr().out


def test_init_asks_for_a_copy_of_the_key(capsys: pytest.CaptureFixture[str]) -> None:
    main(["init"])

    assert "Keep a copy of var/key elsewhere" in capsys.readouterr().out


def test_init_says_when_it_cannot_write(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()

    assert main(["init", "file"]) == 1
    assert capsys.readouterr().err.startswith("file")


def findings(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, str]]:
    capsys.readouterr()
    main([*words, "check", "--json"])
    return {found["name"]: found for found in json.loads(capsys.readouterr().out)}


def test_check_tells_what_it_found_as_json(
    office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = findings(capsys)

    assert found["configuration"]["grade"] == "ok"
    assert found["key"]["grade"] == "ok"


def test_check_refuses_examples_that_would_reach_the_world(
    office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    office.write_text(office.read_text().replace("127.0.0.1", "mail.medicalmex.example"))

    assert findings(capsys)["configuration"]["grade"] == "fail"


def test_check_warns_of_a_key_that_others_may_read(
    office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("var/key").chmod(0o644)

    assert findings(capsys)["key"]["grade"] == "warn"


def test_check_misses_the_key(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("var/key").unlink()

    found = findings(capsys)["key"]

    assert (found["grade"], found["remedy"]) == ("fail", "mmx-mailflow init")


def test_the_configuration_may_come_from_the_environment(
    office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    office.rename("other.toml")
    monkeypatch.setenv("MMX_CONFIG", "other.toml")

    assert findings(capsys)["configuration"]["grade"] == "ok"


def test_a_moved_clock_is_refused_where_mail_would_leave(
    office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    office.write_text(office.read_text().replace("127.0.0.1", "mail.medicalmex.test"))
    monkeypatch.setenv("MMX_NOW", "2026-03-02T09:00:00-08:00")

    assert main(["check"]) == 2
    assert "MMX_NOW" in capsys.readouterr().err


def test_a_bug_is_named_by_its_place_and_not_by_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        load(None, {})  # type: ignore[arg-type]
    except AttributeError as error:
        say_bug(type(error), error, error.__traceback__)

    said = capsys.readouterr().err

    assert re.fullmatch(
        r"internal error: AttributeError at reading\.py:\d+ in \w+; MMX_DEBUG=1 shows all\n", said
    )
