"""Daemon threads: Ctrl-C ends the program although some of their calls are still running.

A call has the context variables of who started it, such as the program's current span.

`concurrent.futures` waits for its threads, at the end of a pool and again at the end of the interpreter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextvars import copy_context
from functools import partial
from threading import Lock, Thread
from typing import Any, TypeVar

T = TypeVar("T")
S = TypeVar("S")


class DaemonPool:
    """Runs calls in parallel, with futures of `concurrent.futures`.

    Args:
        at_once: The number of threads, 1 or more.
    """

    def __init__(self, at_once: int, name: str = "rollout") -> None:
        self._at_once = at_once
        self._name = name
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._lock = Lock()
        self._threads = 0

    def submit(self, call: Callable[..., T], *arguments: Any) -> Future[T]:
        """Start a call, now or when a thread is free."""
        future: Future[T] = Future()
        with self._lock:
            self._calls.append((future, partial(copy_context().run, call, *arguments)))
            begins = self._threads < self._at_once and self._begin()
            in_this_thread = not begins and not self._threads
            self._threads += begins or in_this_thread
        if in_this_thread:
            self._run()
        return future

    def map(self, call: Callable[[S], T], items: Iterable[S]) -> Iterator[T]:
        """Call with each item, in parallel; the results in the items' order."""
        futures = [self.submit(call, item) for item in items]
        return (future.result() for future in futures)

    @staticmethod
    def wait(futures: Collection[Future[Any]], seconds: float) -> bool:
        """Wait for calls, at most this many seconds; return whether all are done."""
        return not wait_for(futures, seconds).not_done

    def _begin(self) -> bool:
        try:
            Thread(target=self._run, name=self._name, daemon=True).start()
        except RuntimeError:  # the system has no thread left: running threads do the work, or else the caller
            return False
        return True

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._calls:
                    self._threads -= 1
                    return
                future, call = self._calls.popleft()
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
                future.set_exception(error)
            else:
                future.set_result(result)
