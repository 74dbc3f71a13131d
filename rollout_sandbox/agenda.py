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

    def at(self, time: datetime, act: Callable[[], None]) -> None:
        """Act at a time, or at once if that is past; it must be quick, since others wait for it."""
        with self._changed:
            heapq.heappush(self._due, (time, next(self._numbers), act))
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="agenda", daemon=True)
                self._thread.start()
            self._changed.notify_all()

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
                self._changed.wait(None if left is None else left / self._clock.speed)
        return None
