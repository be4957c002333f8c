"""Time and chance: the only place that either comes from."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that runs on from a moment; without one it is the machine's."""

    def __init__(self, start: datetime | None = None) -> None:
        self._ahead = start - datetime.now(UTC) if start is not None else timedelta()

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC) + self._ahead

    def advance(self, by: timedelta) -> None:
        """Let time pass at once, for the demo and for stories."""
        self._ahead += by

    def advance_to(self, moment: datetime) -> None:
        """Let time pass until `moment`; nothing happens when that is over."""
        self._ahead += max(timedelta(), moment - self.now())

    def draw(self, count: int) -> bytes:
        """Chance that nobody can guess."""
        return os.urandom(count)
