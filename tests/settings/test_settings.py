from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from mmx_mailflow.casework.values import Language
from mmx_mailflow.settings import (
    ConfigError,
    Settings,
    data_path,
    is_loopback,
    load,
    moved_clock,
    refuse_examples,
)

EXAMPLE = data_path("config.example.toml").read_text()
LOCAL = re.sub(r'"(imap|smtp)\.medicalmex\.example"', '"127.0.0.1"', EXAMPLE)
OWN = EXAMPLE.replace(".example", ".test").replace("Ana Ejemplo", "Berta Prueba")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(EXAMPLE)
    return path


def refused(path: Path, text: str, environ: dict[str, str] | None = None) -> str:
    path.write_text(text)
    with pytest.raises(ConfigError) as refusal:
        load(path, environ or {})
    return str(refusal.value)


def tables(value: BaseModel) -> list[BaseModel]:
    inner = [getattr(value, name) for name in type(value).model_fields]
    flat = [v for item in inner for v in (item if isinstance(item, tuple) else (item,))]
    return [value, *(t for v in flat if isinstance(v, BaseModel) for t in tables(v))]


def test_the_example_has_every_setting(config: Path) -> None:
    forgotten = {
        f"{type(table).__name__}.{name}"
        for table in tables(load(config, {}))
        for name in type(table).model_fields.keys() - table.model_fields_set
    }

    assert forgotten == set()


def flat(settings: Settings) -> dict[str, Any]:
    sections = settings.model_dump(mode="json") | {"mailbox": settings.mailbox[0].model_dump()}
    return {
        f"{section}.{key}": value
        for section, table in sections.items()
        for key, value in table.items()
    }


def test_what_the_example_shows_is_the_default_or_an_invented_name(config: Path) -> None:
    shown = flat(load(config, {}))
    config.write_text(
        "[service]\nrecords_address='a@b.test'\n[[mailbox]]\nhost='b.test'\n"
        "[smtp]\nhost='b.test'\n[staff]\nmembers=['a@b.test']"
    )
    default = flat(load(config, {}))

    other = {key for key, value in shown.items() if value != default[key]}

    invented = re.compile(r"\.example|Ejemplo|/secrets/")
    assert [key for key in other if not invented.search(str(shown[key]))] == []


def test_the_contract_of_the_configuration_is_kept(config: Path) -> None:
    settings = load(config, {})

    assert settings.policy().form_reminder_days == (3, 8, 14, 21)
    assert settings.policy().text_delay == timedelta(minutes=5)
    assert settings.policy().staff_language is Language.EN
    assert settings.policy().review_pictures
    assert not load(config, {"MMX_STAFF__REVIEW_PICTURES": "false"}).policy().review_pictures
    assert settings.mailbox[0].filed_folder == "Mailflow/Filed"


def test_paths_count_from_the_folder_of_the_file(config: Path) -> None:
    settings = load(config, {})

    assert settings.security.key_file == config.parent / "var" / "key"
    assert settings.database.url == f"sqlite:///{config.parent}/var/mailflow.db"
    assert settings.smtp.password_file == config.parent / "secrets" / "smtp"


def test_an_empty_file_name_is_no_file(config: Path) -> None:
    assert load(config, {}).service.agent_signature_file is None


def test_a_secret_may_lie_where_systemd_puts_credentials(config: Path) -> None:
    config.write_text(EXAMPLE.replace("secrets/smtp", "$CREDENTIALS_DIRECTORY/smtp"))

    settings = load(config, {"CREDENTIALS_DIRECTORY": "/run/credentials/mmx"})

    assert settings.smtp.password_file == Path("/run/credentials/mmx/smtp")


@pytest.mark.parametrize(
    ("name", "value", "section", "key", "meant"),
    [
        ("MMX_SMTP__PORT", "2525", "smtp", "port", 2525),
        ("MMX_POLICY__LARGE_PRINT", "true", "numbers", "large_print", True),
        ("MMX_SERVICE__TIMEZONE", "America/Mexico_City", "service", "timezone", None),
        ("MMX_STAFF__LANGUAGE", "es", "staff", "language", Language.ES),
    ],
)
def test_a_scalar_of_the_environment_wins_over_the_file(
    config: Path, name: str, value: str, section: str, key: str, meant: Any
) -> None:
    settings = load(config, {name: value})

    assert getattr(getattr(settings, section), key) == (meant or value)


def test_the_environment_reaches_the_only_mailbox(config: Path) -> None:
    assert load(config, {"MMX_MAILBOX__PORT": "1143"}).mailbox[0].port == 1143


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("MMX_SMTP__PROT", "MMX_SMTP__PROT: there is no such key; example: MMX_SMTP__PORT"),
        ("MMX_SMPT__PORT", "MMX_SMPT__PORT: there is no such section"),
        ("MMX_STAFF__MEMBERS", "MMX_STAFF__MEMBERS: is a list"),
        ("MMX_SMTP__PORT", "MMX_SMTP__PORT: should be a valid integer"),
    ],
)
def test_a_wrong_variable_is_named(config: Path, name: str, says: str) -> None:
    line = refused(config, EXAMPLE, {name: "x"})

    assert line.startswith(says)


def test_variables_without_two_underscores_are_no_settings(config: Path) -> None:
    load(config, {"MMX_CONFIG": "x", "MMX_NOW": "x", "MMXQ__X": "y"})


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("poll_seconds = 60", "pol_seconds = 60", "mailbox.pol_seconds: there is no such key"),
        ("[smtp]", "[smpt]", "smtp: is missing"),
        ("port = 587", 'port = "many"', "smtp.port: should be a valid integer"),
        ("port = 587", "port = 70000", "smtp.port: should be less than or equal to 65535"),
        ('security = "starttls"', 'security = "none"', 'smtp.security: "none" is for loopback'),
        ('"America/Tijuana"', '"America/Tiuana"', "service.timezone: is not the name"),
        ('"records@medicalmex.example"   #', '"records" #', "service.records_address: is not a"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "service.answer_since: should have"),
        ("2026-01-01T00:00:00Z", "2026", "service.answer_since: is not a time"),
        ("sqlite:///var/mailflow.db", "mysql://x/y", "database.url: is neither"),
        ("sqlite:///var/mailflow.db", "sqlite://", "database.url: is neither"),
        ('members = ["ana@', 'members = ["ana', "staff.members: is not a mail address"),
        ('password_file = "secrets/smtp"', "", "smtp.password_file: is needed"),
        ("[service]", "[service", "config.toml: is not TOML"),
        ('"conservative"', '"never"', "policy.holidays: should be 'conservative'"),
        ("[5, 8, 9]", "[5, 0]", "policy.promise_alarm_days: should be greater than 0"),
    ],
)
def test_a_wrong_line_is_named_with_an_example(
    config: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, says: str
) -> None:
    assert old in EXAMPLE
    monkeypatch.chdir(config.parent)

    line = refused(Path("config.toml"), EXAMPLE.replace(old, new))

    assert line.startswith(says)
    assert "; example: " in line
    assert "\n" not in line


def test_a_configuration_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "none.toml", {})


def test_two_mailboxes_of_one_name_are_refused(config: Path) -> None:
    box = EXAMPLE[EXAMPLE.index("[[mailbox]]") : EXAMPLE.index("[smtp]")]

    assert refused(config, EXAMPLE + box).startswith("mailbox: two mailboxes have the same name")


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("LOCALHOST", True),
        ("", True),
        ("imap.medicalmex.example", False),
        ("10.0.0.1", False),
        ("localhost.evil.test", False),
        ("127.0.0.1.evil.test", False),
    ],
)
def test_loopback_is_this_machine_and_nothing_else(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def settings_of(path: Path, text: str) -> Settings:
    path.write_text(text)
    return load(path, {})


def test_examples_are_refused_where_mail_would_leave_the_machine(config: Path) -> None:
    with pytest.raises(ConfigError, match="still the example"):
        refuse_examples(settings_of(config, EXAMPLE))


def test_examples_may_stand_where_every_host_is_loopback(config: Path) -> None:
    refuse_examples(settings_of(config, LOCAL))


@pytest.mark.parametrize(
    "line",
    [line for line in EXAMPLE.splitlines() if ".example" in line or "Ejemplo" in line],
    ids=lambda line: line.split("#")[0].strip(),
)
def test_each_single_example_that_is_left_is_refused(config: Path, line: str) -> None:
    changed = line.replace(".example", ".test").replace("Ejemplo", "Prueba")
    settings = settings_of(config, OWN.replace("Berta Prueba", "Ana Prueba").replace(changed, line))

    with pytest.raises(ConfigError):
        refuse_examples(settings)


def test_a_configuration_of_ones_own_is_accepted(config: Path) -> None:
    refuse_examples(settings_of(config, OWN))


def test_the_clock_moves_only_on_loopback(config: Path) -> None:
    environ = {"MMX_NOW": "2026-03-02T09:00:00-08:00"}

    moved = moved_clock(settings_of(config, LOCAL), environ)

    assert moved is not None
    assert moved.isoformat() == environ["MMX_NOW"]
    with pytest.raises(ConfigError, match="every host is loopback"):
        moved_clock(settings_of(config, OWN), environ)


@pytest.mark.parametrize("word", ["yesterday", "2026-03-02T09:00:00"])
def test_a_clock_that_cannot_be_read_is_refused(config: Path, word: str) -> None:
    with pytest.raises(ConfigError, match="MMX_NOW"):
        moved_clock(settings_of(config, LOCAL), {"MMX_NOW": word})


def test_the_password_is_read_from_its_file(config: Path) -> None:
    (config.parent / "secrets").mkdir()
    (config.parent / "secrets" / "smtp").write_text("secret-word\n")

    assert load(config, {}).smtp.password() == "secret-word"


def test_a_password_file_that_is_absent_is_named(config: Path) -> None:
    with pytest.raises(ConfigError, match=r"^mailbox\.password_file: the file cannot be read"):
        load(config, {}).mailbox[0].password()


def test_no_username_means_no_password(config: Path) -> None:
    text = re.sub(r"^username = .*$", 'username = ""', EXAMPLE, flags=re.MULTILINE)

    assert settings_of(config, text).smtp.password() == ""


def test_the_database_password_comes_from_its_own_file(config: Path) -> None:
    (config.parent / "word").write_text("p@ss/1")
    text = EXAMPLE.replace("sqlite:///var/mailflow.db", "postgresql://mmx@db.test:5433/flow")
    text = text.replace('password_file = ""', 'password_file = "word"', 1)

    database = settings_of(config, text).database

    assert database.full_url() == "postgresql+psycopg://mmx:p%40ss%2F1@db.test:5433/flow"
    assert database.host() == "db.test"


def test_a_database_on_a_unix_socket_is_loopback(config: Path) -> None:
    text = LOCAL.replace(
        "sqlite:///var/mailflow.db", "postgresql+psycopg:///flow?host=/var/run/postgresql"
    )

    assert settings_of(config, text).loopback_only()


def test_nothing_secret_is_shown(config: Path) -> None:
    text = EXAMPLE.replace("sqlite:///var/mailflow.db", "postgresql://mmx:hidden-word@db.test/x")

    shown = repr(settings_of(config, text))

    assert "hidden-word" not in shown
    assert "secrets/" not in shown
