"""What all tests share: a clean environment, and plain words about servers that are absent."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Generator, Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

DEMANDED = bool(os.environ.get("MMX_DEMAND_SERVERS"))

settings.register_profile(
    "here", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("here")


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on what the person who runs it has in the environment."""
    for name in [name for name in os.environ if name.startswith("MMX_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A test that sets up logging leaves no logger behind that writes to its captured stderr."""
    yield
    structlog.reset_defaults()
    root = logging.getLogger()
    for handler in [h for h in root.handlers if type(h) is logging.StreamHandler]:
        root.removeHandler(handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where servers are demanded, a test of them that was skipped has failed."""
    report = yield
    if DEMANDED and report.skipped and item.get_closest_marker("servers"):
        report.outcome = "failed"
        report.longrepr = f"MMX_DEMAND_SERVERS is set and this was skipped: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in a line each what this machine could not test."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        words = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        reasons[str(words).removeprefix("Skipped: ")] += 1
    if reasons:
        terminalreporter.section("not tested on this machine")
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count} tests: {reason}")
