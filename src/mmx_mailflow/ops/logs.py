"""One line a unit of work to standard error, and nothing personal in any of them."""

from __future__ import annotations

import logging
import sys

import structlog

_QUIET = (
    "alembic",
    "apscheduler",
    "flufl.bounce",
    "imapclient",
    "mailparser",
    "mail.log",
    "PIL",
    "pypdf",
    "sqlalchemy",
    "urllib3",
)
"""Libraries that would log words of a mail: addresses, header names, names of files."""


def set_up(*, json_lines: bool | None = None, quiet: bool = False) -> None:
    """Send our log lines to standard error: readable on a terminal, JSON elsewhere.

    `quiet` leaves errors only.
    """
    as_json = not sys.stderr.isatty() if json_lines is None else json_lines
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(name)s %(levelname)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer()
            if as_json
            else structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.ERROR if quiet else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
