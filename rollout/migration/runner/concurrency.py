"""Concurrent changes during a phase, by other processes: changed rules and rollbacks stop the phase or undo it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rollout.alb.state import AlbState
from rollout.errors import Drift, Problem
from rollout.inventory.stacks import ROUTING
from rollout.migration.checks.compare import moved
from rollout.migration.ports import LoadBalancers
from rollout.migration.rollback.asked import DEPTH
from rollout.migration.runner.run import PhaseRun
from rollout.state.ports import Stacks


class ConcurrentChanges:
    """Stops a run that others overtook.

    Args:
        take_back: Moves routes back to legacy, if a rollback began during an update.
    """

    def __init__(
        self, load_balancers: LoadBalancers, stacks: Stacks, take_back: Callable[[Sequence[str]], object]
    ) -> None:
        self._load_balancers = load_balancers
        self._stacks = stacks
        self._take_back = take_back

    def stop_if_moved(self, run: PhaseRun, now: AlbState) -> None:
        """The engine compares with its own state alone, so what became of the rules while somebody looked is asked.

        Raises:
            Drift: A rule or a target group has changed, or a rollback began.
        """
        self.stop_if_rolled_back(run, now)
        found = tuple(moved(run.environment, run.context.live, now))
        if found:
            raise Drift(
                "AWS has changed since the preview; nothing was applied",
                found,
                hint="run the command again for a new preview",
                code="changed-since-preview",
            )

    def stop_if_rolled_back(self, run: PhaseRun, now: AlbState) -> None:
        """Give up where the rules say that somebody asked for a rollback.

        Raises:
            Drift: They do.
        """
        if run.since and (marks := run.since.marks(now)):
            raise self._rolled_back(run, ", ".join(dict.fromkeys(marks.values())))

    @staticmethod
    def _rolled_back(run: PhaseRun, by: str) -> Drift:
        return Drift(
            f"a rollback began after this command ({by}), so {run.phase.name} gives up",
            (),
            hint="run the command again if you still want to raise",
            code="rolled-back",
        )

    def guard(self, run: PhaseRun, *, is_first: bool) -> None:
        """What must hold once the stack is locked, when a rollback can't be missed any more.

        Raises:
            Drift: A rule or an alias has changed, a rollback began, or the guard fired.
            PreflightFailed: An alarm of the guard speaks against a raise.
        """
        if run.raising:  # before the rules are read: from now on the guard waits for what becomes of them
            run.raising.begin()
        if run.phase.asks_aliases:
            self._stop_if_aliases_moved(run)
        if run.since is None:
            return
        now = self._load_balancers.read(run.environment)
        (self.stop_if_moved if is_first else self.stop_if_rolled_back)(run, now)
        # of a rollback that had no right to mark the rules the history tells, whose entries need the lock that we have;
        # of what the guard does from `begin` on the end of the raise tells
        if later := run.since.records(self._stacks.history(ROUTING, DEPTH)):
            raise self._rolled_back(run, later[-1])

    @staticmethod
    def _stop_if_aliases_moved(run: PhaseRun) -> None:
        """The engine writes an alias as it was previewed, so it would undo `deploy --back`, which takes no lock."""
        now = run.context.read_aliases()
        found = tuple(
            Problem(f"points to {now[key].stays} now", where=f"functions.{key}.alias", code="alias-moved")
            for key, was in run.context.aliases.items()
            if key in now and now[key].stays != was.stays
        )
        if found:
            raise Drift(
                "another process moved an alias since the preview; nothing was applied",
                found,
                hint="run the command again for a new preview",
                code="alias-moved",
            )

    def give_way(self, run: PhaseRun, now: AlbState | None = None) -> None:
        """Where a rollback came in the middle of the update, take back what that may have raised after it.

        Raises:
            Drift: It did come.
        """
        if run.since is None:
            return
        now = now or self._load_balancers.read(run.environment)
        marks, rules = run.since.marks(now), {name: now.rule_of(run.environment.routes[name]) for name in run.after}
        if marked := [name for name, rule in rules.items() if rule and rule.arn in marks]:
            self._take_back(marked)
        self.stop_if_rolled_back(run, now)
