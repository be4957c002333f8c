"""`config.toml` as frozen values that were checked; an unknown key stops the program."""

from mmx_mailflow.settings.files import ConfigError, data_path, read_secret
from mmx_mailflow.settings.models import Database, Mailbox, Retention, Settings, Smtp, is_loopback
from mmx_mailflow.settings.reading import load, moved_clock, refuse_examples

__all__ = [
    "ConfigError",
    "Database",
    "Mailbox",
    "Retention",
    "Settings",
    "Smtp",
    "data_path",
    "is_loopback",
    "load",
    "moved_clock",
    "read_secret",
    "refuse_examples",
]
