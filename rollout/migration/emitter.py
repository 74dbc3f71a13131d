"""Sends events to a listener, which can neither stop nor delay the sender.

A closed screen, a full disk, a bug in an embedding program: none of them may keep a failing candidate in place. A
listener's exceptions are logged. During urgent work a separate thread sends the events, so that a hanging listener
delays nothing.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Thread
from typing import TYPE_CHECKING

from rollout.base.log import note

if TYPE_CHECKING:
    from rollout.migration.events import Event, Listener

_LOG = logging.getLogger(__name__)
PATIENCE = 5.0
"""How many seconds a listener gets at the end to hear what it hasn't heard yet."""


@dataclass(frozen=True, slots=True)
class PhaseEnded:
    """A phase, a weight change or a rollback has ended; `code` is that of the error in which it did, or None."""

    environment: str
    phase: str
    code: str | None


Watcher = Callable[["Event | PhaseEnded"], None]


def _nobody(_: Event | PhaseEnded) -> None:
    """Watch nothing."""


class Emitter:
    """A listener that never raises, around one that may.

    Args:
        listener: Called with each event, one at a time and in order; an `Emitter` is returned unchanged.
        watch: Called with each event at once, in the sender's thread: it neither raises nor waits.
    """

    def __init__(self, listener: Listener, watch: Watcher = _nobody) -> None:
        self._listener, self.watch = listener, watch
        self._waiting: deque[Event] = deque()
        self._changed = Condition()
        self._depth = 0
        self._is_telling = False

    def __call__(self, event: Event) -> None:
        """Tell an event, now or as soon as the listener has time."""
        self.watch(event)
        with self._changed:
            aside = self._depth > 0 or self._is_telling
            if aside:
                self._waiting.append(event)
                if not self._is_telling:
                    self._begin()
        if not aside:
            self._send(event)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Meanwhile nobody waits for the listener; at the end it is waited for a while."""
        with self._changed:
            self._depth += 1
        try:
            yield
        finally:
            self.drain()
            with self._changed:
                self._depth -= 1

    def drain(self, patience: float = PATIENCE) -> bool:
        """Wait until the listener has heard all so far, so many seconds at most; whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_telling, patience)

    def _begin(self) -> None:
        try:
            Thread(target=self._send_queued, name="events", daemon=True).start()
        except RuntimeError:  # the system has no thread left
            note(_LOG, "events can't be sent by a separate thread", level=logging.ERROR, failed=True)
        else:
            self._is_telling = True

    def _send_queued(self) -> None:
        """Tell what waits, then end: a thread that stayed would be one more for each listener that ever was."""
        while True:
            with self._changed:
                if not self._waiting:
                    self._is_telling = False
                    self._changed.notify_all()
                    return
                event = self._waiting.popleft()
            try:
                self._send(event)
            except BaseException:  # noqa: BLE001 - such as SystemExit: it is the listener's thread that would end
                note(_LOG, "a listener of events gave up", level=logging.ERROR, failed=True)

    def _send(self, event: Event) -> None:
        note(_LOG, "%s", event, level=logging.DEBUG)
        try:
            self._listener(event)
        except Exception:  # noqa: BLE001 - whatever somebody else's code raises
            note(
                _LOG,
                "a listener failed with the event %s",
                type(event).__name__,
                level=logging.ERROR,
                failed=True,
            )


def emitter(listener: Listener, watch: Watcher = _nobody) -> Emitter:
    """A listener that never raises."""
    return listener if isinstance(listener, Emitter) else Emitter(listener, watch)


@contextmanager
def observed(emit: Listener, environment: str, phase: str) -> Iterator[None]:
    """Let the watcher know when a phase has ended, however it ends; listeners have events for that."""
    code = None
    try:
        yield
    except BaseException as error:
        code = str(getattr(error, "code", None) or type(error).__name__)
        raise
    finally:
        if isinstance(emit, Emitter):
            emit.watch(PhaseEnded(environment, phase, code))
