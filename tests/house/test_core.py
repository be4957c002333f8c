"""The core opens nothing, and what is personal stays out of what is logged."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.casework import made
from tests.letters import examples

from mmx_mailflow import flow
from mmx_mailflow.casework.decide import decide
from mmx_mailflow.casework.events import DeadlinePassed
from mmx_mailflow.casework.letters import LetterName
from mmx_mailflow.cli.main import main
from mmx_mailflow.intake.parse import parsed
from mmx_mailflow.ops import logs
from mmx_mailflow.ops.opening import open_office
from mmx_mailflow.settings import load
from mmx_mailflow.store import messages
from mmx_mailflow.transport.clock import Clock

CORPUS = Path(__file__).parents[1] / "corpus" / "dev"
MAILS = sorted(CORPUS.glob("*.eml"))
OUTSIDE = ("open", "socket.", "os.", "subprocess.", "sqlite3.", "shutil.", "urllib.", "ftplib.")
SHORTEST = 6

heard: list[str] = []
listening = False


def hear(event: str, arguments: tuple[object, ...]) -> None:
    if listening and event.startswith(OUTSIDE):
        heard.append(f"{event} {str(arguments)[:120]}")


sys.addaudithook(hear)


def what_is_opened(work: Callable[[], object]) -> list[str]:
    """What `work` opened, after a first run that loads lazy modules and tables."""
    global listening  # noqa: PLW0603  an audit hook cannot be taken away, only told to be quiet
    work()
    heard.clear()
    listening = True
    try:
        work()
    finally:
        listening = False
    return list(heard)


def test_the_guard_hears_a_file_that_is_opened() -> None:
    assert what_is_opened(lambda: Path(__file__).read_bytes()) != []


@pytest.mark.slow
def test_reading_a_mail_opens_nothing() -> None:
    raws = [(path.name, path.read_bytes()) for path in MAILS]

    assert raws
    assert what_is_opened(lambda: [parsed(name, raw) for name, raw in raws]) == []


def test_deciding_opens_nothing() -> None:
    events = (made.request(), made.came_back(), DeadlinePassed(name="promise:9"))

    def every_state() -> None:
        case = made.new_case()
        for event in events:
            case = decide(case, event, made.POLICY, made.NOW).case

    assert what_is_opened(every_state) == []


def test_composing_opens_nothing() -> None:
    templates = examples.templates()
    wanted = [examples.example(name) for name in LetterName]

    def every_letter() -> None:
        for example in wanted:
            examples.composed(example, templates)

    assert what_is_opened(every_letter) == []


def personal(path: Path) -> Iterator[str]:
    fields = json.loads(path.with_suffix(".json").read_text())["fields"]
    yield from (fields["patient_name"] or "", fields["date_of_birth"] or "")
    yield from (fields["postal_address"] or "", *fields["emails"], *fields["providers"])
    yield from (item["text"] for item in fields["treatment_dates"])


@pytest.mark.slow
def test_no_fact_of_a_patient_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    now = datetime(2026, 11, 2, 17, tzinfo=UTC)
    config = Path("config.toml")
    config.write_text(config.read_text().replace("answer_since = 20", "answer_since = 19"))
    office = open_office(load(config, {}), Clock(now))
    with office.store.begin() as connection:
        batch = [
            messages.Fetched(
                uid=uid,
                received_at=now + timedelta(seconds=uid),
                size=path.stat().st_size,
                raw=path.read_bytes(),
            )
            for uid, path in enumerate(MAILS, 1)
        ]
        messages.keep(connection, office.keys, "records", "INBOX", 7, batch, now)
    capsys.readouterr()
    caplog.set_level(logging.DEBUG)
    logs.set_up()

    flow.handle_kept(office)

    office.store.close()
    shown = capsys.readouterr()
    logged = shown.out + shown.err + caplog.text
    words = {word for path in MAILS for word in personal(path) if len(word) >= SHORTEST}
    assert "handled" in logged
    assert [word for word in words if word in logged] == []
