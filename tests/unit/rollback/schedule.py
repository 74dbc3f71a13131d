"""Lets actors run one call at a time, in whatever order a test says: threads that hand on one baton.

An actor stops before each call to AWS or to Pulumi, and goes on when the test lets it: the call takes effect, is
refused, takes effect and loses its answer, or is the last that the actor ever makes. Threads that an actor starts by
`DaemonPool` are scheduled like it. So a run is a sequence of choices, and the same choices make the same run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from rollout.errors import AwsError, EngineError, RolloutError
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.fakes.clock import InMemoryClock

STACKS = frozenset({"backend", "resources", "history", "preview", "up", "recover", "note", "locks", "unlock"})


_A_MOMENT = timedelta(milliseconds=1)
_PATIENCE = 60.0
"""How many seconds a task may take from one call to the next."""


class Outcome(StrEnum):
    """What becomes of a call."""

    GO = "go"
    REFUSE = "refuse"
    LOSE = "lose the answer"
    KILL = "kill before"
    KILL_AFTER = "kill after"


class Killed(BaseException):
    """The process is gone."""


def _closed() -> threading.Lock:
    """A gate that one thread opens for another: a semaphore for one, and much faster."""
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(eq=False)
class Task:
    """A thread of an actor.

    Attributes:
        actor: Whose.
        at: What it is about to do.
        can_go: Whether that is possible now.
        is_main: Whether it is the actor's own, and not one that it started.
        result: What it came to, once it is done.
        error: What it raised.
    """

    actor: str
    run: Callable[[], Any]
    at: str = "begin"
    can_go: Callable[[], bool] = lambda: True
    is_call: bool = False
    outcome: Outcome = Outcome.GO
    is_main: bool = False
    is_done: bool = False
    result: Any = None
    error: BaseException | None = None
    go: threading.Lock = field(default_factory=_closed)


class Schedule:
    """Who is there, and what each is about to do.

    Attributes:
        tasks: All that aren't done, the oldest first.
    """

    def __init__(self, clock: InMemoryClock) -> None:
        self.tasks: list[Task] = []
        self._dead: set[str] = set()
        self._stopped = _closed()
        self._here = threading.local()
        self._clock = clock
        clock.calls.before(self._at_call)

    def watch(self, calls: ApiCalls) -> None:
        """Stop before each call of a client."""
        calls.before(self._at_call)
        calls.after(self._after_call)

    def begin(self, actor: str, run: Callable[[], Any]) -> Task:
        """Make a thread, which does nothing yet."""
        task = Task(actor, run)
        self.tasks.append(task)
        threading.Thread(target=self._live, args=(task,), daemon=True).start()
        return task

    def ready(self) -> list[Task]:
        """The tasks that can go on."""
        return [task for task in self.tasks if task.actor in self._dead or task.can_go()]

    def step(self, task: Task, outcome: Outcome = Outcome.GO) -> None:
        """Let a task go on to its next call, or to its end."""
        self._clock.advance(_A_MOMENT)
        task.outcome = outcome if task.is_call else Outcome.GO
        task.is_call, task.can_go = False, lambda: True
        task.go.release()
        assert self._stopped.acquire(timeout=_PATIENCE), f"{task.actor} waits for what another task holds: {task.at}"

    def kill(self, actor: str) -> None:
        """End an actor's threads where they are."""
        self._dead.add(actor)
        for task in [task for task in self.tasks if task.actor == actor]:
            while not task.is_done:
                self.step(task)

    def finish(self, limit: int = 10_000) -> None:
        """Let all come to their ends, in turns."""
        for _ in range(limit):
            ready = self.ready()
            if not ready:
                break
            for task in ready:
                if not task.is_done:
                    self.step(task)
        if self.tasks:
            raise AssertionError(f"stuck: {[(task.actor, task.at) for task in self.tasks]}")

    def park(self, at: str, can_go: Callable[[], bool] = lambda: True, *, is_call: bool = False) -> Outcome:
        """Stop the thread that calls this until the test lets it go on."""
        task: Task | None = getattr(self._here, "task", None)
        if task is None:  # the test itself
            return Outcome.GO
        if task.actor in self._dead:
            raise Killed
        task.at, task.can_go, task.is_call = at, can_go, is_call
        self._stopped.release()
        task.go.acquire()
        if task.actor in self._dead:
            raise Killed
        return task.outcome

    @property
    def current(self) -> str:
        """The actor whose thread calls this."""
        task: Task | None = getattr(self._here, "task", None)
        return task.actor if task else ""

    def _live(self, task: Task) -> None:
        self._here.task = task
        task.go.acquire()
        try:
            if task.actor in self._dead:
                raise Killed  # noqa: TRY301 - as in `park`
            task.result = task.run()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            task.error = error
        task.is_done = True
        self.tasks.remove(task)
        self._stopped.release()

    def _at_call(self, call: ApiCall) -> None:
        outcome = self.park(f"{call.action} {call.resource}", is_call=call.action != "sleep")
        self._here.outcome = outcome
        if outcome is Outcome.REFUSE:
            raise _failure(call)
        if outcome is Outcome.KILL:
            self._die()

    def _after_call(self, call: ApiCall) -> None:
        outcome, self._here.outcome = getattr(self._here, "outcome", Outcome.GO), Outcome.GO
        if outcome is Outcome.LOSE:
            raise _failure(call)
        if outcome is Outcome.KILL_AFTER:
            self._die()

    def _die(self) -> None:
        self._dead.add(self.current)
        raise Killed


def _failure(call: ApiCall) -> RolloutError:
    error = EngineError if call.action in STACKS else AwsError
    return error(f"{call.action}: no answer")


class ScheduledFuture(Future[Any]):
    """What a scheduled thread comes to; who waits for it is stopped until it is there, or until the time is up."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self.schedule = schedule

    def result(self, timeout: float | None = None) -> Any:
        """See Python's."""
        self._wait(timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """See Python's."""
        self._wait(timeout)
        return super().exception(0)

    def _wait(self, timeout: float | None) -> None:
        if not self.done():
            self.schedule.park("wait", self.done if timeout is None else lambda: True)


def pool_of(schedule: Schedule) -> type:
    """A `DaemonPool` whose threads are scheduled."""

    class ScheduledPool:
        def __init__(self, at_once: int, name: str = "") -> None:
            pass

        def submit(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
            future = ScheduledFuture(schedule)

            def run() -> None:
                try:
                    result = call(*arguments)
                except BaseException as error:  # noqa: BLE001 - as in the real one
                    future.set_exception(error)
                else:
                    future.set_result(result)

            schedule.begin(schedule.current, run)
            return future

        def map(self, call: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
            futures = [self.submit(call, item) for item in items]
            return (future.result() for future in futures)

        @staticmethod
        def wait(futures: Collection[Future[Any]], seconds: float) -> bool:  # noqa: ARG004 - it is as long as it takes
            if not all(future.done() for future in futures):
                schedule.park("wait", lambda: all(future.done() for future in futures))
            return True

    return ScheduledPool
