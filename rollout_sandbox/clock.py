"""The sandbox's time, which may run faster than real time: minutes of metrics, lifetimes of cookies, latencies."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime, timedelta

LAST = datetime(5000, 1, 1, tzinfo=UTC)
"""No jump goes beyond it, so that there are dates after it, such as when a cookie ends."""
MOST = 1e11
"""Seconds at one speed, as many as 3,000 years; then time stands still."""


class SandboxClock:
    """A clock that starts at the real time and runs at its own speed, never backwards.

    Attributes:
        speed: Seconds of the sandbox a second of the wall.
        changed: Notified when time jumps or its speed changes, for whoever waits for a time.
    """

    def __init__(self) -> None:
        self.speed = 1.0
        self.changed = threading.Condition()
        self._since, self._told = time.monotonic(), datetime.now(UTC)

    def now(self) -> datetime:
        """The sandbox's time, in UTC."""
        return self._told + timedelta(seconds=min((time.monotonic() - self._since) * self.speed, MOST))

    def pass_by(self, *, seconds: float) -> None:
        """Let time go by at once.

        Args:
            seconds: 0 or more.

        Raises:
            ValueError: It is less than 0, or goes beyond `LAST`.
        """
        with self.changed:
            if not 0 <= seconds <= (LAST - self.now()).total_seconds():
                raise ValueError(f"{seconds} seconds can't go by: it must be 0 or more, and end before {LAST:%Y}")
            self._told += timedelta(seconds=seconds)
            self.changed.notify_all()

    def run_at(self, speed: float) -> None:
        """Go faster or slower from now on.

        Args:
            speed: Seconds of the sandbox a second of the wall, above 0.

        Raises:
            ValueError: It is 0 or less, or no number.
        """
        if not 0 < speed < math.inf:
            raise ValueError(f"{speed} is not a speed; it must be above 0")
        with self.changed:
            self._told, self._since, self.speed = min(self.now(), LAST), time.monotonic(), speed
            self.changed.notify_all()
