"""From the file and the environment to `Settings`, and what is said when they are wrong."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mmx_mailflow.casework.values import Value
from mmx_mailflow.settings.files import ConfigError, example_line, example_value
from mmx_mailflow.settings.models import (
    Database,
    Mailbox,
    Numbers,
    Security,
    Service,
    Settings,
    Smtp,
    Staff,
)

ENV_PREFIX = "MMX_"


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of `path`, with the environment's words over those of the file.

    Raises `ConfigError` for the first thing that is wrong.
    """
    raw = _read(path)
    for section in ("database", "security", "policy"):  # every key of these has a default
        raw.setdefault(section, {})
    origins = _overlay(raw, environ)
    credentials = environ.get("CREDENTIALS_DIRECTORY", "")
    context = {"folder": path.absolute().parent, "credentials": credentials}
    try:
        return Settings.model_validate(raw, context=context)
    except ValidationError as error:
        raise _refusal(error, raw, origins) from None


def refuse_examples(settings: Settings) -> None:
    """Raise `ConfigError` when an example was left in a configuration that reaches the world."""
    if settings.loopback_only():
        return
    for key, word in _people_and_places(settings):
        if word.rstrip(".").lower().endswith(".example") or word == _agent():
            raise ConfigError(key, "is still the example: put in your own", "")


def moved_clock(settings: Settings, environ: Mapping[str, str]) -> datetime | None:
    """The moment at which `MMX_NOW` starts the clock, None when the clock is the real one."""
    word = environ.get(f"{ENV_PREFIX}NOW", "")
    if not word:
        return None
    example = "MMX_NOW=2026-03-02T09:00:00-08:00"
    if not settings.loopback_only():
        raise ConfigError("MMX_NOW", "the clock is moved only where every host is loopback", "")
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise ConfigError("MMX_NOW", "is not an ISO 8601 time", example) from None
    if moment.tzinfo is None:
        raise ConfigError("MMX_NOW", "has no offset", example)
    return moment


def _read(path: Path) -> dict[str, Any]:
    """The tables of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise ConfigError(str(path), why.lower(), "mmx-mailflow init") from error
    except ValueError as error:
        why = " ".join(str(error).split())
        raise ConfigError(str(path), f"is not TOML: {why}", 'key = "words"') from None


def _sections() -> dict[str, type[Value]]:
    """The sections of the file and what stands in each."""
    return {
        "service": Service,
        "database": Database,
        "security": Security,
        "mailbox": Mailbox,
        "smtp": Smtp,
        "staff": Staff,
        "policy": Numbers,
    }


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Put the environment's scalars into `raw`; return which key came from which variable."""
    origins: dict[str, str] = {}
    for name in sorted(environ):
        section, mark, key = name.removeprefix(ENV_PREFIX).lower().partition("__")
        if not name.startswith(ENV_PREFIX) or not mark:
            continue
        _check_variable(name, section, key)
        table = raw.setdefault(section, {})
        if section == "mailbox":
            if not isinstance(table, list) or len(table) != 1:
                what = "reaches a mailbox only where there is exactly one [[mailbox]]"
                raise ConfigError(name, what, "[[mailbox]]")
            table = table[0]
        if isinstance(table, dict):
            table[key] = environ[name]
            origins[f"{section}.{key}"] = name
    return origins


def _check_variable(name: str, section: str, key: str) -> None:
    """Refuse a variable that names no setting, or one that is a list."""
    model = _sections().get(section)
    if model is None:
        raise ConfigError(name, "there is no such section", "MMX_SMTP__PORT=587")
    if key not in model.model_fields:
        near = _nearest(key, model)
        meant = f"{ENV_PREFIX}{section}__{near}".upper()
        raise ConfigError(name, "there is no such key", meant)
    if isinstance(example_value(f"{section}.{key}"), list):
        raise ConfigError(name, "is a list: write it in the file", example_line(f"{section}.{key}"))


def _nearest(key: str, model: type[Value]) -> str:
    """The name of the setting that somebody meant by `key`."""
    names = list(model.model_fields)
    return next(iter(difflib.get_close_matches(key, names, 1, 0.5)), names[0])


def _refusal(error: ValidationError, raw: dict[str, Any], origins: dict[str, str]) -> ConfigError:
    """The first thing that pydantic found, in one line."""
    first, *others = error.errors(include_url=False, include_input=False, include_context=False)
    names = [str(part) for part in first["loc"] if not isinstance(part, int)]
    what = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if first["type"] == "value_error" and re.match(r"[a-z_]+: ", what):
        name, what = what.split(": ", 1)
        names += [name] * (name not in names)
    key = ".".join(names[:2])
    example = example_line(key)
    if first["type"] == "missing":
        what = "is missing"
    elif first["type"] == "extra_forbidden":
        what, example = "there is no such key", _instead(names)
    number = next((part for part in first["loc"] if isinstance(part, int)), None)
    if names[0] == "mailbox" and number is not None and len(raw["mailbox"]) > 1:
        what = f"{what} (in [[mailbox]] number {number + 1})"
    more = f" ({len(others)} more after this one)" if others else ""
    return ConfigError(origins.get(key, " ".join(key.split())), what + more, example)


def _instead(names: list[str]) -> str:
    """What may have been meant by a key that does not exist."""
    model = _sections().get(names[0])
    if model is None:
        near = difflib.get_close_matches(names[0], list(_sections()), 1, 0.0)[0]
        return example_line(near)
    return example_line(f"{names[0]}.{_nearest(names[-1], model)}")


def _agent() -> str:
    """The invented person of the example."""
    return str(example_value("service.agent_name"))


def _people_and_places(settings: Settings) -> Iterator[tuple[str, str]]:
    """Every setting that names a host, an address or a person."""
    service = settings.service
    yield "service.records_address", service.records_address
    yield "service.agent_name", service.agent_name
    for box in settings.mailbox:
        yield "mailbox.host", box.host
        yield "mailbox.username", box.username
    yield "smtp.host", settings.smtp.host
    yield "smtp.username", settings.smtp.username
    yield "database.url", settings.database.host()
    lists = {
        "security.trusted_authserv_ids": settings.security.trusted_authserv_ids,
        "service.web_form_senders": service.web_form_senders,
        "staff.members": settings.staff.members,
        "staff.notify": settings.staff.notify,
    }
    yield from ((key, word) for key, words in lists.items() for word in words)
