"""Tells a listener of events, which can neither stop nor delay what it listens to.

A screen that is gone, a full disk below a log file, a bug of an embedding program: none of them may keep a failing
candidate in place. What a listener raises is logged. While something may not wait, events are told by a thread of their
own, so that a listener that hangs holds up nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollout.events import Event, Listener

_LOG = logging.getLogger(__name__)
PATIENCE = 5.0
"""How many seconds a listener gets at the end to hear what it hasn't heard yet."""


class Emitter:
    """A listener that never raises, around one that may.

    Args:
        listener: Told each event, one at a time and in order; an `Emitter` is taken as it is.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._waiting: Queue[Event] = Queue()
        self._lock = Lock()
        self._depth = 0
        self._teller: Thread | None = None

    def __call__(self, event: Event) -> None:
        """Tell an event, now or as soon as the listener has time."""
        with self._lock:
            aside = self._depth > 0 or self._waiting.unfinished_tasks > 0
            if aside:
                self._waiting.put(event)
        if not aside:
            self._tell(event)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Meanwhile nobody waits for the listener; at the end it is waited for a while."""
        with self._lock:
            self._depth += 1
            if self._teller is None:
                self._teller = Thread(target=self._tell_on, name="events", daemon=True)
                self._teller.start()
        try:
            yield
        finally:
            self.drain()
            with self._lock:
                self._depth -= 1

    def drain(self, patience: float = PATIENCE) -> bool:
        """Wait until the listener has heard all so far, so many seconds at most; whether it has."""
        until = monotonic() + patience
        done = self._waiting.all_tasks_done
        with done:
            while self._waiting.unfinished_tasks:
                if not done.wait(until - monotonic()):
                    return False
        return True

    def _tell_on(self) -> None:
        while True:
            event = self._waiting.get()
            try:
                self._tell(event)
            except BaseException:  # noqa: BLE001 - such as SystemExit: it is the listener's thread that would end
                _LOG.exception("a listener of events gave up")
            finally:
                self._waiting.task_done()

    def _tell(self, event: Event) -> None:
        try:
            self._listener(event)
        except Exception:  # noqa: BLE001 - whatever somebody else's code raises
            _LOG.exception("a listener of events failed, and was told %s", type(event).__name__)


def emitter(listener: Listener) -> Emitter:
    """A listener that never raises."""
    return listener if isinstance(listener, Emitter) else Emitter(listener)
