"""What the sandbox does by itself, and when, by its own clock: one thread that sleeps until the next thing is due.

So a faster clock brings everything sooner, a jump brings all that it passes by, in order, and an empty agenda is free.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from datetime import datetime

from rollout_sandbox.clock import SandboxClock

LONGEST = 3600.0
"""Seconds of one wait, since a system's longest is less than some times."""
_log = logging.getLogger("rollout.sandbox")


class Agenda:
    """Acts at times of the sandbox.

    Args:
        clock: Whose times they are.
    """

    def __init__(self, clock: SandboxClock) -> None:
        self._clock, self._changed = clock, clock.changed
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def now(self) -> datetime:
        """Its clock's time."""
        return self._clock.now()

    def at(self, time: datetime, act: Callable[[], None]) -> None:
        """Act at a time, or at once if that is past; it must be quick, since others wait for it."""
        with self._changed:
            heapq.heappush(self._due, (time, next(self._numbers), act))
            if self._thread is None and not self._stopped:
                thread = threading.Thread(target=self._run, name="agenda", daemon=True)
                thread.start()  # which fails if the system has none left: the next one tries again
                self._thread = thread
            self._changed.notify_all()

    def is_alive(self) -> bool:
        """Whether its thread runs, if it was needed so far."""
        return self._thread is None or self._thread.is_alive()

    def stop(self) -> None:
        """Act no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while act := self._next():
            try:
                act()
            except Exception:  # noqa: BLE001 - whatever it is, the rest goes on
                _log.exception("what was due failed")

    def _next(self) -> Callable[[], None] | None:
        """Wait for what is due next; None at the end."""
        with self._changed:
            while not self._stopped:
                left = (self._due[0][0] - self._clock.now()).total_seconds() if self._due else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(None if left is None else min(left / self._clock.speed, LONGEST))
        return None
