"""Actors that work beside each other, one call at a time, in the order that a test chooses.

Each runs in a thread of its own and stops before each call of the fakes. Only one ever runs, so an order is repeated
exactly.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from rollout.fakes.calls import ApiCall


class Killed(BaseException):
    """The actor's process has ended: none of its handlers makes a call any more."""


class Actor:
    """Work in steps.

    Attributes:
        next: The call that its next step makes; None before the first step and after the last.
        error: What the work raised.
    """

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        self.name, self._work = name, work
        self.next: ApiCall | None = None
        self.error: BaseException | None = None
        self.is_done = self._is_killed = False
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def step(self) -> None:
        """Go on until the next call."""
        if not self.thread.ident:
            self.thread.start()
        self._go.release()
        self._stopped.acquire()
        if self.is_done:
            self.thread.join()

    def kill(self) -> None:
        """End it before its next call."""
        self._is_killed = True
        self.step()
        assert self.is_done

    def pause(self, call: ApiCall) -> None:
        """Wait before a call: the hook of the fakes."""
        if self._is_killed:
            raise Killed
        self.next = call
        self._stopped.release()
        self._go.acquire()
        if self._is_killed:
            raise Killed

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - the test asks for it
            self.error = error
        self.next, self.is_done = None, True
        self._stopped.release()


class Stage:
    """All actors of a test."""

    def __init__(self) -> None:
        self.actors: list[Actor] = []

    def add(self, name: str, work: Callable[[], object]) -> Actor:
        """An actor who has not begun yet."""
        self.actors.append(actor := Actor(name, work))
        return actor

    @property
    def running(self) -> list[Actor]:
        """Those who haven't ended."""
        return [actor for actor in self.actors if not actor.is_done]

    def hook(self, call: ApiCall) -> None:
        """What the fakes call before each call; the test's own calls pass."""
        if actor := self.current:
            actor.pause(call)

    @property
    def current(self) -> Actor | None:
        """Who makes this call."""
        me = threading.current_thread()
        return next((actor for actor in reversed(self.actors) if actor.thread is me), None)
