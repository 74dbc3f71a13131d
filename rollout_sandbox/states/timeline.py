"""Time that passes only by what is due: a day of waiting takes as long as what happens in it."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rollout.fakes.clock import InMemoryClock


@dataclass
class Timeline:
    """An agenda of a clock that it moves on.

    Attributes:
        clock: The time.
    """

    clock: InMemoryClock = field(default_factory=InMemoryClock)
    _due: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list, repr=False)
    _numbers: itertools.count[int] = field(default_factory=itertools.count, repr=False)

    def now(self) -> datetime:
        """The time of day."""
        return self.clock.utc

    def at(self, time: datetime, act: Callable[[], object]) -> None:
        """Act at a time, or next if that is past."""
        heapq.heappush(self._due, (max(time, self.now()), next(self._numbers), act))

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Act in some seconds."""
        self.at(self.now() + timedelta(seconds=seconds), act)

    def run(self, until: Callable[[], bool] = lambda: False, most: timedelta = timedelta(days=365)) -> None:
        """Let time pass until something is so, nothing is due any more, or a time has gone by."""
        end = self.now() + most
        while self._due and self._due[0][0] <= end and not until():
            due, _, act = heapq.heappop(self._due)
            self.clock.utc = max(due, self.now())
            act()
