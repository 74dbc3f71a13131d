"""The sandbox's time, which may run faster than real time: minutes of metrics, lifetimes of cookies, latencies."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


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
        return self._told + timedelta(seconds=(time.monotonic() - self._since) * self.speed)

    def pass_by(self, *, seconds: float) -> None:
        """Let time go by at once.

        Args:
            seconds: 0 or more.
        """
        with self.changed:
            self._told += timedelta(seconds=seconds)
            self.changed.notify_all()

    def run_at(self, speed: float) -> None:
        """Go faster or slower from now on.

        Args:
            speed: Seconds of the sandbox a second of the wall, above 0.

        Raises:
            ValueError: It is 0 or less.
        """
        if speed <= 0:
            raise ValueError(f"{speed} is not a speed; it must be above 0")
        with self.changed:
            self._told, self._since, self.speed = self.now(), time.monotonic(), speed
            self.changed.notify_all()
