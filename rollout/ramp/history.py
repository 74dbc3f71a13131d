"""A ramp's history and what is live: reads its state from both, and writes its entries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Generic

from rollout.alb.state import AlbState
from rollout.errors import Drift, EngineError, Locked, Problem, RampEnded, UsageError
from rollout.inventory.model import Environment
from rollout.inventory.quantities import Percent
from rollout.migration.gates import Gate
from rollout.migration.rollback.mark import mark_id
from rollout.ramp.actions import Live, RampActions
from rollout.ramp.ended import Wording, ended_error
from rollout.ramp.state import RampState, ramp_state
from rollout.state.history.entries import Update
from rollout.state.ramp_journal import Journal, JournalEntry, Kind, entries, other_change, rolled_back

_MOVES = frozenset({Kind.RAISED, Kind.FAILED, Kind.DROPPED})
LOOK_AGAIN = "wait for it; the same command looks again"


class History(ABC, Generic[Live]):
    """A ramp of an environment, as read last.

    Args:
        means: Reads what is live.
        warn: Called with what can't be read.

    Attributes:
        wording: What people are told of it.
    """

    wording: Wording

    def __init__(
        self,
        environment: Environment,
        means: RampActions[Live],
        journal: Journal,
        warn: Callable[[str], None],
    ) -> None:
        self._environment = environment
        self._means = means
        self._journal = journal
        self._warn = warn
        self._updates: tuple[Update, ...] | None = None

    @abstractmethod
    def stand(self) -> tuple[Live, RampState]:
        """What is live, and the ramp's state."""

    @abstractmethod
    def begin_anew(self) -> None:
        """Begin at the live weight.

        Raises:
            UsageError: There is nothing to restart.
        """

    def has_failed(self, since: datetime) -> bool:
        """Whether a ramp can't go on, and none began since a time."""
        try:
            _, stands = self.stand()
        except Drift:
            failed = True
        else:
            failed = ended_error(stands, self.wording) is not None
        return failed and not any(each.kind is Kind.STARTED and each.at >= since for each in self.told)

    @abstractmethod
    def elsewhere(self, gate: Gate, stands: RampState, target: Percent) -> Iterable[Problem]:
        """What doesn't have the judged weight any more, at the gate of a raise."""

    @abstractmethod
    def require_untouched(self, live: Live, stands: RampState) -> None:
        """Continue only if nothing was moved back.

        Raises:
            Drift, RampEnded: Something was.
        """

    @property
    def told(self) -> tuple[JournalEntry, ...]:
        """The entries of the last reading, the oldest first."""
        return entries(self._updates or ())

    @property
    def last_change(self) -> str:
        """The last entry that moved requests, and why; empty without one."""
        last = next((each for each in reversed(self.told) if each.kind in _MOVES), None)
        if last is None:
            return ""
        why = f"; {last.sentence}" if last.sentence else ""
        return f"{last.at:%Y-%m-%d %H:%M} UTC: ramp {last.kind} {last.weight} %{why}; {last.by}"

    def is_last(self, weight: Percent) -> bool:
        """Whether nothing can be judged at a weight, so that the ramp ends with it."""
        del weight
        return False

    def start(self, weight: Percent) -> None:
        """A new ramp overrules earlier rollbacks."""
        self._journal.write(self._journal.message(Kind.STARTED, weight, overruled=self._means.overruled()))

    def write(self, kind: Kind, weight: Percent | None, sentence: str = "") -> None:
        """Write an entry without a change."""
        self._journal.write(self._journal.message(kind, weight, sentence))

    def announce(self, target: Percent, sentence: str) -> None:
        """Announce a raise, unless another process wrote an entry since the last reading.

        Raises:
            Locked: Another process did.
        """
        before = frozenset(self._updates or ())
        self.write(Kind.RAISING, target, sentence)
        new = [update for update in self._journal.read() if update not in before]
        if before and len(new) > 1:  # wherever they stand: a backend orders them by the clocks of their writers
            raise Locked("another run was faster", hint=LOOK_AGAIN, code="concurrent-change")

    def raised(self, target: Percent, sentence: str) -> str:
        """The message of the raise's update; it counts as read from now on."""
        message = self._journal.message(Kind.RAISED, target, sentence)
        self._updates = (*(self._updates or ()), Update("update", "succeeded", message, self._means.now()))
        return message


class RampHistory(History[AlbState]):
    """One environment's ramp of routes."""

    def __init__(
        self, environment: Environment, means: RampActions[AlbState], journal: Journal, warn: Callable[[str], None]
    ) -> None:
        super().__init__(environment, means, journal, warn)
        name = environment.name
        self.wording = Wording(
            "ramp",
            f"`rollout ramp {name} --restart` begins again",
            f"`rollout ramp {name}` continues, `rollout rollback {name}` moves all to legacy",
        )

    def stand(self) -> tuple[AlbState, RampState]:
        """See `History`; if history can't be read, by the last reading, so that a Fail is still seen."""
        try:
            live, self._updates = self._read()
        except EngineError as error:
            if self._updates is None:
                raise
            self._warn(f"history can't be read: {error}")
            live = self._means.read()
        return live, ramp_state(self._environment, live, entries(self._updates), other_change(self._updates))

    def begin_anew(self) -> None:
        """See `History`."""
        self.start(self.anew()[1])

    def anew(self) -> tuple[AlbState, Percent]:
        """What is live, and the weight at which a ramp begins anew; nothing is written.

        Raises:
            UsageError: A ramp is running.
            Drift: The routes have different weights.
        """
        live, updates = self._read()
        try:
            stands = ramp_state(self._environment, live, entries(updates))
        except Drift:
            pass
        else:
            if stands.ended is None and not stands.is_new:
                raise UsageError(
                    f"a ramp is running at {stands.weight} %; there is nothing to restart",
                    hint="leave out --restart to continue it",
                    code="ramp-under-way",
                )
        return live, ramp_state(self._environment, live, ()).weight

    def elsewhere(self, gate: Gate, stands: RampState, target: Percent) -> Iterable[Problem]:
        """See `History`."""
        return [
            Problem("doesn't have the judged weight", where=f"routes.{line.route}", code="weight-changed")
            for line in gate.traffic
            if line.route in stands.routes
            and (line.before is None or line.before.weight not in (stands.weight, target))
        ]

    def require_untouched(self, live: AlbState, stands: RampState) -> None:
        """Continue only if no routes were moved back.

        Raises:
            Drift: Some routes were.
            RampEnded: A rollback began after the ramp.
        """
        if stands.half_back is not None:
            raise stands.half_back
        marks = (rule.rollback for rule in live.rules if rule.rollback)
        if by := rolled_back(self._updates or ()) or next((m for m in marks if mark_id(m) not in stands.overruled), ""):
            raise RampEnded(f"a rollback began after the ramp: {by}", hint=self.wording.restart)

    def _read(self) -> tuple[AlbState, tuple[Update, ...]]:
        return self._journal.beside(self._means.read)
