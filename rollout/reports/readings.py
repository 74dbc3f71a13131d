"""A cache of what pages show: ten tabs cost one reading, and a page shows earlier data without waiting long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic, TypeVar

from rollout.base.clock import Clock
from rollout.errors import RolloutError

T = TypeVar("T")
KEEP = timedelta(seconds=30)
PATIENCE = timedelta(seconds=0.3)
"""How long a page waits for a reading before it shows the one before, or that there is none yet."""
AT_ONCE = 8
MOST_KEPT = 64

Key = tuple[str, timedelta | None]
"""An environment, and how far back; None for what fits."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What is known of an environment.

    Attributes:
        found: What was read last; None if nothing ever was.
        trouble: Why it couldn't be read the last time.
        at: When that was, in seconds on the clock.
        is_pending: Whether it is being read.
    """

    found: T | None = None
    trouble: str | None = None
    at: float = float("-inf")
    is_pending: bool = False


class Readings(Generic[T]):
    """Reads in threads, each key once at a time, and remembers; used from one event loop.

    Args:
        read: Reads an environment; may take long, and be called from several threads.
        patience: See `PATIENCE`.
        keep: How long a reading is shown before it is read anew; one that failed at most `KEEP`.
    """

    def __init__(
        self,
        read: Callable[[str, timedelta | None], T],
        clock: Clock,
        patience: timedelta = PATIENCE,
        keep: timedelta = KEEP,
    ) -> None:
        self._read = read
        self._clock = clock
        self._patience = patience
        self._keep = keep
        self._threads = ThreadPoolExecutor(AT_ONCE, "dashboard")
        self._known: dict[Key, Reading[T]] = {}
        self._running: dict[Key, asyncio.Task[None]] = {}

    async def of(self, keys: Sequence[Key]) -> tuple[Reading[T], ...]:
        """What is known, after a moment's wait for what is older than `keep` and so is read anew."""
        now = self._clock.now()
        for key in keys:
            known: Reading[T] = self._known.get(key, Reading())
            keep = min(self._keep, KEEP) if known.trouble else self._keep
            if key not in self._running and now - known.at >= keep.total_seconds():
                self._running[key] = asyncio.create_task(self._refresh(key))
        if running := [self._running[key] for key in keys if key in self._running]:
            await asyncio.wait(running, timeout=self._patience.total_seconds())
        return tuple(replace(self._known.get(key, Reading()), is_pending=key in self._running) for key in keys)

    def close(self) -> None:
        """Begin no further reads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _refresh(self, key: Key) -> None:
        before = self._known.get(key, Reading())
        try:
            read = await asyncio.get_running_loop().run_in_executor(self._threads, self._read, *key)
            found = Reading(read, None, self._clock.now())
        except RolloutError as error:
            said = f"{error.what}; {error.hint}" if error.hint else error.what
            found = Reading(before.found, said, self._clock.now())
        finally:
            del self._running[key]
        self._known.pop(key, None)
        self._known[key] = found
        while len(self._known) > MOST_KEPT:
            del self._known[next(iter(self._known))]
