"""What is looked at each minute of the sandbox's clock, while there is something to look at.

Where time jumps, each minute is looked at as it would have been, but for those of more than an hour ago.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from rollout_sandbox.agenda import Agenda
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.metrics import MINUTE

AFTER = timedelta(seconds=5)
"""How long after a minute's end it is looked at, lest its last requests be left out."""
AT_MOST_BACK = timedelta(hours=1)


class EachMinute:
    """Looks each minute.

    Args:
        agenda: When things are done.
        clock: The sandbox's.
        look: Given a minute's end, in seconds since 1970, and the time that goes with it, says whether to go on.
    """

    def __init__(self, agenda: Agenda, clock: SandboxClock, look: Callable[[int, datetime], bool]) -> None:
        self._agenda, self._clock, self._look = agenda, clock, look
        self._is_planned = False

    def begin(self) -> None:
        """Look from the end of this minute on, if that isn't so already; called in turn."""
        if not self._is_planned:
            self._plan(self._clock.now())

    def _plan(self, now: datetime) -> None:
        self._is_planned = True
        minute = int((now - AFTER).timestamp()) // MINUTE * MINUTE + MINUTE
        self._agenda.at(datetime.fromtimestamp(minute, UTC) + AFTER, partial(self._tick, minute))

    def _tick(self, minute: int) -> None:
        at = datetime.fromtimestamp(minute, UTC) + AFTER
        if self._clock.now() - at > AT_MOST_BACK:
            self._plan(self._clock.now() - AT_MOST_BACK)
            return
        goes_on = True  # also where it fails, which the agenda logs
        try:
            goes_on = self._look(minute, at)
        finally:
            self._is_planned = False
            if goes_on:
                self._plan(at)
