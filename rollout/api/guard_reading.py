"""What the guard of an environment knows and did, read beside whatever else is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollout.api.opened import Part
from rollout.errors import AwsError
from rollout.migration import events
from rollout.migration.checks.guard_status import GuardStatus, fired_since_raise, guard_status

if TYPE_CHECKING:
    from rollout.guard.record import Firing

EVERY = 1000
"""How many history tells of."""


class GuardReading(Part):
    """Reads the guard's table; nothing where the inventory has no guard."""

    def status(self) -> GuardStatus | None:
        """How it stands; what can't be read is part of it."""
        if self._environment.guard is None:
            return None
        from rollout.state.history.firings import FIRINGS  # noqa: PLC0415 - most environments have no guard

        name, guard = self._environment.name, self._container.guard
        try:
            state = guard.read()
            firings = guard.firings(FIRINGS) if state and fired_since_raise(state) else ()
        except AwsError as error:
            return GuardStatus(name, "unknown", why=error.what)
        return guard_status(name, state, firings, self._container.utc)

    def firings(self) -> tuple[Firing, ...]:
        """What it did, for history; if that can't be read, a warning says so."""
        if self._environment.guard is None:
            return ()
        try:
            return self._container.guard.firings(EVERY)
        except AwsError as error:
            self._emit(events.Warned(self._environment.name, f"what the guard did can't be read: {error.what}"))
            return ()
