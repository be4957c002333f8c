"""The key file: without the right one nothing starts and nothing changes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from mmx_mailflow.cli.main import COMMANDS, main
from mmx_mailflow.ops.opening import open_office
from mmx_mailflow.settings import load
from mmx_mailflow.store.keyfile import add_key
from mmx_mailflow.store.vault import create_key_file, load_keys
from mmx_mailflow.transport.clock import Clock

pytestmark = pytest.mark.enable_socket

WITHOUT_A_DATABASE = {"init", "check", "demo", "sandbox", "parse"}
WORDS = {
    "form": ["MMX-0000-000", "--out", "form.pdf"],
    "inspect-form": ["config.toml"],
    "case": ["MMX-0000-000"],
    "timeline": ["MMX-0000-000"],
    "outbox pause": ["1"],
    "outbox release": ["1"],
    "outbox cancel": ["1"],
    "outbox retry": ["1"],
    "parked show": ["1"],
    "parked replay": ["1"],
    "held show": ["1"],
    "held release": ["1"],
    "replay": ["--all"],
    "export": ["MMX-0000-000", "--out", "package"],
    "backup": ["copy"],
    "restore": ["--go-on"],
    "legal-hold set": ["MMX-0000-000"],
    "legal-hold lift": ["MMX-0000-000"],
    "providers import": ["providers.csv"],
    "providers add": ["Faro", "a@faro.example"],
}
OPENING = [name for name, _ in COMMANDS if name not in WITHOUT_A_DATABASE]


@pytest.fixture(autouse=True)
def key_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A service with a database, whose servers are on loopback and not there."""
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    config = Path("config.toml")
    text = re.sub(r'"(imap|smtp)\.medicalmex\.example"', '"127.0.0.1"', config.read_text())
    config.write_text(re.sub(r'(password_file|username) = "[^"]*"', r'\1 = ""', text))
    Path("providers.csv").write_text("name,email\nFaro,a@faro.example\n")
    open_office(load(config, {}), Clock()).store.close()
    return Path("var/key").absolute()


def stored() -> dict[str, str]:
    """What lies in the data folder, but for the key and SQLite's own scratch files."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path("var").rglob("*")
        if path.is_file() and path.name != "key" and not path.name.endswith(("-shm", "-wal"))
    }


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    before = stored()
    capsys.readouterr()
    number = main(words)
    err = capsys.readouterr().err

    assert number == 1
    assert len(err.splitlines()) == 1
    assert {k: v for k, v in stored().items() if not k.endswith("lock")} == {
        k: v for k, v in before.items() if not k.endswith("lock")
    }
    return err


@pytest.mark.parametrize("name", OPENING)
def test_with_another_key_file_nothing_starts_and_nothing_changes(
    name: str, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key_file.unlink()
    create_key_file(key_file)

    said = refused([*name.split(), *WORDS.get(name, [])], capsys)

    assert "does not belong to this database" in said


@pytest.mark.parametrize("name", OPENING)
def test_without_a_key_file_nothing_starts_and_nothing_changes(
    name: str, key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key_file.unlink()

    said = refused([*name.split(), *WORDS.get(name, [])], capsys)

    assert "there is no key file" in said
    assert not key_file.exists()


def test_a_rotation_is_told_and_ended_in_words(
    key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [(old, _)] = load_keys(key_file).named

    assert main(["keys", "rotate"]) == 0
    new = load_keys(key_file).newest()
    assert f"key {new} wraps now" in capsys.readouterr().out
    assert main(["keys", "rotate", "--finish"]) == 0
    assert f"key {old}: dropped" in capsys.readouterr().out
    assert [name for name, _ in load_keys(key_file).named] == [new]
    assert main(["keys", "rotate", "--finish"]) == 0
    assert "no key was dropped" in capsys.readouterr().out


def test_a_key_can_be_announced_before_it_wraps(
    key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "rotate", "--announce"]) == 0
    new = load_keys(key_file).newest()
    capsys.readouterr()
    assert main(["keys", "list", "--json"]) == 0
    assert f'{{"key": "{new}", "wraps": 0, "current": false}}' in capsys.readouterr().out


def test_no_byte_of_a_key_is_ever_shown(key_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_key(key_file)
    main(["keys", "rotate"])
    main(["keys", "list"])
    words = [line.split()[1] for line in key_file.read_text().splitlines()[1:]]
    out = "".join(capsys.readouterr())

    assert len(words) == 2
    assert not any(word in out for word in words)
