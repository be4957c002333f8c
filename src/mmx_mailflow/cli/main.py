"""All commands in one list, and the one place that turns errors into lines and numbers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mmx_mailflow.cli import again, caring, files, keys, looking, service, setup
from mmx_mailflow.cli.common import Failure, Options
from mmx_mailflow.settings import ConfigError

DONE, WRONG, MISUSED = 0, 1, 2

COMMANDS: tuple[tuple[str, Callable[..., int]], ...] = (
    ("init", setup.init),
    ("check", setup.check),
    ("run", service.run),
    ("once", service.once),
    ("demo", service.demo),
    ("sandbox", service.sandbox),
    ("parse", files.parse),
    ("form", files.form),
    ("inspect-form", files.inspect_form),
    ("cases", looking.cases),
    ("case", looking.case),
    ("timeline", looking.timeline),
    ("messages", looking.messages),
    ("outbox list", looking.outbox_list),
    ("outbox pause", looking.outbox_pause),
    ("outbox release", looking.outbox_release),
    ("outbox cancel", looking.outbox_cancel),
    ("outbox retry", looking.outbox_retry),
    ("parked list", looking.parked_list),
    ("parked show", looking.show_mail),
    ("parked replay", again.parked_replay),
    ("held list", looking.held_list),
    ("held show", looking.show_mail),
    ("held release", again.release),
    ("replay", again.replay),
    ("timers", looking.timers),
    ("verify", looking.verify),
    ("providers list", looking.providers_list),
    ("providers import", looking.providers_import),
    ("providers add", looking.providers_add),
    ("export", looking.export),
    ("purge", caring.purge),
    ("backup", caring.backup),
    ("restore", caring.restore),
    ("legal-hold set", caring.legal_hold_set),
    ("legal-hold lift", caring.legal_hold_lift),
    ("legal-hold list", caring.legal_hold_list),
    ("keys rotate", keys.keys_rotate),
    ("keys list", keys.keys_list),
    ("db upgrade", looking.db_upgrade),
)
"""A space in a name stands between a group and its command."""

GROUPS: dict[str, str] = {
    "outbox": "The letters that wait, and what became of the others.",
    "parked": "Mails that failed three times.",
    "held": "Mails that wait for a person.",
    "providers": "The directory of providers.",
    "legal-hold": "Cases that stay whatever the calendar says.",
    "keys": "The key file, without which nothing can be read.",
    "db": "The database.",
}
"""What each group of commands is for."""


def application() -> typer.Typer:
    """The commands as typer knows them."""
    app = typer.Typer(
        name="mmx-mailflow",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Medical-record requests by mail. First: `mmx-mailflow init`, then `check`.",
    )
    app.callback()(_common)
    groups = {name: typer.Typer(no_args_is_help=True, help=says) for name, says in GROUPS.items()}
    for name, group in groups.items():
        app.add_typer(group, name=name)
    for name, does in COMMANDS:
        group_name, _, verb = name.rpartition(" ")
        groups.get(group_name, app).command(verb)(does)
    return app


def main(words: Sequence[str]) -> int:
    """Run one command; 0 is done, 1 something is wrong, 2 a wrong call or configuration."""
    command = typer.main.get_command(application())
    try:
        number = command.main(list(words), prog_name="mmx-mailflow", standalone_mode=False)
    except typer.TyperException as error:
        return _say(error.format_message(), MISUSED)
    except ConfigError as error:
        return _say(str(error), MISUSED)
    except Failure as error:
        return _say(str(error), WRONG)
    except typer.Abort:
        return _say("stopped", WRONG)
    except BrokenPipeError:
        # The reader of our output left; Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    return number if isinstance(number, int) else DONE


def _common(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            envvar="MMX_CONFIG",
            metavar="FILE",
            help="The configuration; ./config.toml when nothing is said.",
        ),
    ] = None,
) -> None:
    """Medical-record requests by mail. First: `mmx-mailflow init`, then `check`."""
    context.obj = Options(config=config or Path("config.toml"))


def _say(line: Any, number: int) -> int:  # noqa: ANN401  typer's own errors are not typed
    sys.stderr.write(" ".join(str(line).split()) + "\n")
    return number
