"""A ramp's history beside the live rules: where it stands by both, and what it writes there itself."""

from __future__ import annotations

from collections.abc import Callable

from rollout.alb.state import AlbState
from rollout.errors import Drift, EngineError, Locked, RampEnded, UsageError
from rollout.inventory.model import Environment
from rollout.inventory.quantities import Percent
from rollout.migration.rollback.asked import mark_id
from rollout.ramp.actions import RampActions
from rollout.ramp.state import RampState, ramp_state
from rollout.state.history.entries import Update
from rollout.state.ramp_journal import Journal, Kind, entries, other_change, rolled_back

LOOK_AGAIN = "wait for it; the same command looks again"


class RampHistory:
    """What is known of one environment's ramp, as it was read last.

    Args:
        means: Reads the live rules.
        warn: Told what can't be read.
    """

    def __init__(
        self, environment: Environment, means: RampActions, journal: Journal, warn: Callable[[str], None]
    ) -> None:
        self._environment = environment
        self._means = means
        self._journal = journal
        self._warn = warn
        self._updates: tuple[Update, ...] | None = None

    def stand(self) -> tuple[AlbState, RampState]:
        """Where it stands; while history can't be read, by what was read last, so that a failure is seen still."""
        try:
            live, self._updates = self._journal.beside(self._means.read, self._environment)
        except EngineError as error:
            if self._updates is None:
                raise
            self._warn(f"history can't be read: {error}")
            live = self._means.read()
        return live, ramp_state(self._environment, live, entries(self._updates), other_change(self._updates))

    def begin_anew(self) -> None:
        """Take the live weight for where it stands.

        Raises:
            UsageError: A ramp is under way.
            Drift: The routes have different weights.
        """
        live, updates = self._journal.beside(self._means.read, self._environment)
        try:
            stands = ramp_state(self._environment, live, entries(updates))
        except Drift:
            pass
        else:
            if stands.ended is None and not stands.is_new:
                raise UsageError(
                    f"a ramp is under way at {stands.weight} %; there is nothing to restart",
                    hint="leave out --restart to go on with it",
                    code="ramp-under-way",
                )
        self.start(ramp_state(self._environment, live, ()).weight)

    def start(self, weight: Percent) -> None:
        """Whoever begins a ramp knows of the rollbacks before, and means it."""
        self._journal.write(self._journal.message(Kind.STARTED, weight, overruled=self._means.overruled()))

    def write(self, kind: Kind, weight: Percent | None, sentence: str = "") -> None:
        """Write an entry that comes with no change."""
        self._journal.write(self._journal.message(kind, weight, sentence))

    def announce(self, target: Percent, sentence: str) -> None:
        """Write that a raise comes, unless somebody else wrote something since the last read.

        Raises:
            Locked: Somebody did.
        """
        before = self._updates or ()
        self.write(Kind.RAISING, target, sentence)
        if before and self._journal.read()[-2:-1] != before[-1:]:
            raise Locked("another run was faster", hint=LOOK_AGAIN, code="concurrent-change")

    def raised(self, target: Percent, sentence: str) -> str:
        """The message of the update that raises; from now on it is as read."""
        message = self._journal.message(Kind.RAISED, target, sentence)
        self._updates = (*(self._updates or ()), Update("update", "succeeded", message, self._means.now()))
        return message

    def require_untouched(self, live: AlbState, stands: RampState, restart: str) -> None:
        """Go on only if nobody moved routes back.

        Raises:
            Drift: Some routes were.
            RampEnded: Somebody asked for a rollback since the ramp began.
        """
        if stands.half_back is not None:
            raise stands.half_back
        marks = (rule.rollback for rule in live.rules if rule.rollback)
        if by := rolled_back(self._updates or ()) or next((m for m in marks if mark_id(m) not in stands.overruled), ""):
            raise RampEnded(f"somebody asked for a rollback since the ramp began: {by}", hint=restart)
