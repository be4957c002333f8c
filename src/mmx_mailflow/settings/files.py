"""Files that come with the program, secrets, and the error that names a wrong setting."""

from __future__ import annotations

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parents[1]


class ConfigError(Exception):
    """The configuration cannot be used: which key, what is wrong with it, and an example."""

    def __init__(self, key: str, what: str, example: str) -> None:
        super().__init__(f"{key}: {what}; example: {example}" if example else f"{key}: {what}")
        self.key = key
        self.what = what
        self.example = example


def data_path(name: str) -> Path:
    """Where `templates`, `migrations` or `config.example.toml` lies, in a wheel or a checkout."""
    packed = _PACKAGE / "_data" / name
    return packed if packed.exists() else _PACKAGE.parents[1] / name


def read_secret(path: Path, key: str) -> str:
    """The secret in a file, without the line's end; `key` is the setting that names the file."""
    try:
        word = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(key, f"the file cannot be read ({why})", example_line(key)) from error
    if not word:
        raise ConfigError(key, "the file is empty", example_line(key))
    return word


def example_value(key: str) -> Any:  # noqa: ANN401  whatever TOML holds
    """The value that config.example.toml has for a key, None for none."""
    tables = tomllib.loads(data_path("config.example.toml").read_text(encoding="utf-8"))
    section, _, name = key.partition(".")
    table = tables.get(section, {})
    table = table[0] if isinstance(table, list) else table
    return table.get(name) if name else table


def example_line(key: str) -> str:
    """The line of config.example.toml for a key."""
    section, _, name = key.partition(".")
    if not name:
        return "[[mailbox]]" if section == "mailbox" else f"[{section}]"
    value = example_value(key)
    if value is None:
        return ""
    words = value.isoformat() if isinstance(value, datetime) else json.dumps(value)
    return f"{name} = {words}"
