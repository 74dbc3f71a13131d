"""The whole rollback: move, report, wait for other processes, update the state, read once more.

docs/decisions/0019 has its promises. A failure after the first step is a warning or an exit code, and stops nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollout.base.clock import Clock
from rollout.base.formatting import count_of
from rollout.base.log import note
from rollout.errors import Drift, Interrupted, Locked, Problem, RollbackIncomplete
from rollout.inventory.model import LEGACY_ONLY, Environment, Split
from rollout.inventory.quantities import ZERO
from rollout.migration import events
from rollout.migration.rollback.lane import RuleApi, in_words
from rollout.migration.rollback.mover import Moved, Mover
from rollout.migration.rollback.targets import NOTHING_KNOWN, KnownArns
from rollout.state.pending import Holder, Lock

if TYPE_CHECKING:
    from rollout.migration.ports import LoadBalancers
    from rollout.state.ports import Stacks

LOCK_WAIT, UNKNOWN, PAUSE = 60.0, 10.0, 1.0
"""How many seconds others are waited for, of whom it is known or not, and how many pass between two looks."""
AGAIN = frozenset({"changed-since-preview", Drift.code})
"""Why a state may be brought up to date a moment later: others moved rules meanwhile."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """The result of a rollback.

    Attributes:
        before: Each route's split at the beginning; None if its rule forwarded elsewhere.
        moved: The routes whose rule was changed; the others were already on legacy only.
        reconciled: Whether Pulumi's state is up to date.
        reason: Why it isn't.
        header_rules: The rules besides the routes' own that forwarded to the candidate, such as those for requests with
            a header, and were changed too.
    """

    environment: str
    before: Mapping[str, Split | None]
    moved: tuple[str, ...]
    reconciled: bool
    reason: str | None = None
    header_rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a rollback needs to update the state, and to find other running processes.

    Attributes:
        load_balancers: Where all of the rules are read, with their tags.
        stacks: Makes what changes the state; it may raise.
        holders: The holders of the routing stack's lock; None if unknown.
        now: The time of day, as locks have it.
    """

    load_balancers: LoadBalancers
    stacks: Callable[[], Stacks]
    holders: Callable[[], tuple[Lock, ...] | None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Rollback:
    """The way back of some routes.

    Args:
        emit: Called with each event; it must neither raise nor wait.
        mark: Gives what the rules are marked with, for others to see; None for no mark.
        by: Returns the user, for Pulumi's update history.
        now: Gives AWS's time of day.
    """

    def __init__(
        self,
        environment: Environment,
        routes: Sequence[str],
        api: RuleApi,
        clock: Clock,
        emit: events.Listener,
        *,
        known: Callable[[], KnownArns] = lambda: NOTHING_KNOWN,
        mark: Callable[[], str] | None = None,
        by: Callable[[], str] = lambda: "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._environment = environment
        self._routes = tuple(routes)
        self._mover = Mover(environment, routes, api, clock, emit, known=known, mark=mark)
        self._clock = clock
        self._emit = emit
        self._by = by
        self._now = now
        self._changed: dict[str, None] = {}

    def move(self) -> Moved:
        """Send all requests of the routes to legacy, and read them back; failed routes are reported at once.

        Raises:
            WrongAccount: Of the credentials; nothing was changed.
            Interrupted: By the user.
        """
        moved = self._mover.run()
        self._changed |= dict.fromkeys(moved.moved)
        name = self._environment.name
        for problem in moved.problems:
            self._emit(events.RouteNotRolledBack(name, problem))
        if further := [each for each in moved.moved if each not in moved.before]:
            told = f"more rules forwarded to the candidate, and forward to legacy now: {'; '.join(further)}"
            self._emit(events.Warned(name, f"{told}. `rollout override {name}` restores header rules"))
        return moved

    def settle(self, first: Moved, states: Reconciliation | None, message: str | None = None) -> RollbackResult:
        """Wait for other processes, move back what they raise, and update the state.

        Args:
            first: What the move came to.
            states: The states; None leaves them unchanged, without waiting.
            message: For Pulumi's update history.

        Raises:
            RollbackIncomplete: Not all routes are back, or it can't be known whether they stay so.
            Locked: Another process still holds the stack, and may raise them again.
            Interrupted: By the user.
        """
        result = self._result(first)
        if states is None or not first.targets:
            self._require(first)
            return result
        try:
            reason = self._settled(first, states, message)
        except KeyboardInterrupt:
            raise Interrupted(
                f"stopped: {len(first.back)} of {count_of(len(self._routes), 'route')} confirmed on legacy only; "
                "other processes may still raise, and the state is not up to date",
                hint=f"run `rollout rollback {self._environment.name}` again",
            ) from None
        return self._result(first, reason, reconciled=reason is None)

    def _settled(self, first: Moved, states: Reconciliation, message: str | None) -> str | None:
        """Look on until nobody who was at work before can change what was read; why the state isn't up to date."""
        began, holders = self._clock.now(), self._nobody()
        while True:
            tidied = self._wait_for(holders) if holders else self._tidied(first, states, message)
            # an update of our own had the lock, so that all before it has ended
            holders = self._nobody() if tidied is True else self._holders(states)
            last = self._mover.run()
            self._changed |= dict.fromkeys(last.moved)
            over = self._clock.now() >= began + (LOCK_WAIT if holders is not None else UNKNOWN)
            is_soon = isinstance(tidied, Locked) or (isinstance(tidied, Drift) and tidied.code in AGAIN)
            if over or not (last.moved or holders != () or is_soon):
                break
            self._clock.sleep(PAUSE)
        self._mover.mark_again()
        self._require(last)
        if tidied is not True:
            self._require_locked_out(holders, last if tidied else None, states.now())
        if isinstance(tidied, Exception):
            return in_words(tidied)
        return "other processes changed rules until the end" if last.moved else None

    @staticmethod
    def _nobody() -> tuple[Lock, ...] | None:
        return ()

    def _wait_for(self, holders: tuple[Lock, ...]) -> Exception:
        self._emit(
            events.RollbackWaiting(self._environment.name, (f"{holders[0].holder}, who holds the stack's lock",))
        )
        return Locked(f"the stack is being updated by {holders[0].holder}")

    def _tidied(self, first: Moved, states: Reconciliation, message: str | None) -> bool | Exception:
        """Try to bring the state up to date: whether there was something to update, or why it couldn't be."""
        name = self._environment.name
        own = [route for route in self._changed if route in first.before]
        self._emit(events.RollbackWaiting(name, ("the update of Pulumi's state",)))
        try:
            from rollout.migration.rollback.state import tidy  # noqa: PLC0415 - traffic goes first
            from rollout.state.history.record import Record, moves  # noqa: PLC0415 - as above

            moved = moves(first.before, dict.fromkeys(own, LEGACY_ONLY))
            record = Record(phase="rollback", at=self._now(), by=self._by(), moves=moved)
            return tidy(
                self._environment,
                first.back,
                states.load_balancers,
                states.stacks(),
                known=self._mover.known(),
                message=message or self._message(first),
                record=record,
            )
        except Exception as error:  # noqa: BLE001 - traffic is moved, and that is what was asked for
            note(_LOG, "the state of %s could not be updated", name, failed=True)
            return error

    def _holders(self, states: Reconciliation) -> tuple[Lock, ...] | None:
        """Who may still change rules; None where nobody can tell."""
        try:
            found = states.holders()
        except Exception:  # noqa: BLE001 - as above
            note(_LOG, "the locks could not be read", failed=True)
            return None
        return None if found is None else tuple(lock for lock in found if lock.state is not Holder.DEAD)

    def _require(self, moved: Moved) -> None:
        """Stop where routes aren't back."""
        if moved.problems:
            environment, routes = self._environment, self._routes
            failed = {problem.where for problem in moved.problems}
            rest = "the others are on legacy only" if len(failed) < len(routes) else "none is confirmed on legacy"
            retired = f"{environment.name} is completed, legacy is retired: fix the candidate and deploy it with phase1"
            again = "; ".join((*moved.remedies, f"run `rollout rollback {environment.name}` again"))
            again += ", or the AWS CLI commands above" * any(problem.hint for problem in moved.problems)
            raise RollbackIncomplete(
                f"{len(failed)} of {count_of(len(routes), 'route')} could not be moved back; {rest}",
                moved.problems,
                hint=retired if environment.completed else again,
            )

    def _require_locked_out(self, holders: tuple[Lock, ...] | None, last: Moved | None, now: datetime) -> None:
        """Stop where nothing keeps a raise that began before from coming after this.

        Args:
            holders: Who holds the stack after all the waiting; None where that can't be told.
            last: The last look; None where the stack holds no rule that could be raised.
            now: The time of day.

        Raises:
            Locked: Somebody holds the stack, and may be at work.
            RollbackIncomplete: It can't be known.
        """
        name, limit = self._environment.name, self._environment.engine_timeout
        for lock in holders or ():
            if lock.since is None or now - lock.since <= limit:
                raise Locked(
                    f"all routes are on legacy now, but {lock.holder} still holds the stack's lock, and may raise them",
                    hint=f"run `rollout rollback {name}` again when that is done; if it is no longer running, run "
                    f"`rollout unlock {name}` first",
                )
        if holders is None:
            said, routes = "rollout can't check for other processes", self._routes
        else:
            said = "its rule has no mark, and history doesn't have this rollback"
            unmarked = last.unmarked if last else frozenset()
            routes = tuple(t.name for t in last.targets if t.rule.arn in unmarked) if last else ()
        if routes:
            raise RollbackIncomplete(
                "all routes are on legacy now, but another process may raise them again",
                [Problem(said, where=f"routes.{route}", code="not-locked-out") for route in routes],
                hint=f"make sure that no other process is running, and run `rollout rollback {name}` again",
                code="not-locked-out",
            )

    def _result(self, first: Moved, reason: str | None = None, *, reconciled: bool = False) -> RollbackResult:
        own = tuple(name for name in self._changed if name in first.before)
        further = tuple(name for name in self._changed if name not in first.before)
        return RollbackResult(self._environment.name, first.before, own, reconciled, reason, further)

    def _message(self, first: Moved) -> str:
        def was(name: str) -> str:
            split = first.before.get(name)
            return str(split.weight) if split else "?"

        told = ", ".join(f"{name} {was(name)} → {ZERO}" for name in self._changed)
        return f"rollout rollback {self._environment.name}: {told or 'all were on legacy already'}"
