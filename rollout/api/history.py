"""What was changed by whom, when and why."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from rollout.api.guard_reading import GuardReading
from rollout.api.opened import Part
from rollout.base.formatting import count_of
from rollout.errors import UsageError
from rollout.state.history.audit import PastChange, changes_of
from rollout.state.history.firings import changes, merged
from rollout.state.history.reading import read_histories


class History(Part):
    """The changes of an environment; a call returns them."""

    def __call__(self, *, limit: int | None = None) -> tuple[PastChange, ...]:
        """The changes with user, time and reason, oldest first: of all stacks' update histories, and of the guard.

        Args:
            limit: The number of latest changes, 1 or more; all by default.

        Raises:
            UsageError: The limit is below 1.
            EngineError: A history can't be read.
        """
        if limit is not None and limit < 1:
            what = f"{count_of(limit, 'change')} can't be shown"
            raise UsageError(what, hint="allowed: 1 or more", code="out-of-range")
        with ThreadPoolExecutor(1) as pool:
            firings = pool.submit(GuardReading(self._opened).firings)
            every = merged(changes_of(read_histories(self._container.states)), changes(firings.result()))
        return every if limit is None else every[-limit:]

    def change(self, number: int) -> PastChange:
        """One change, by its number.

        Raises:
            UsageError: There is no such number.
            EngineError: A history can't be read.
        """
        every = self()
        if not 1 <= number <= len(every):
            known = f"allowed: 1 to {len(every)}" if every else "history is empty: nothing was deployed yet"
            raise UsageError(f"{self._environment.name} has no change {number}", hint=known, code="unknown-change")
        return every[number - 1]
