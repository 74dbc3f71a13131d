"""Read-back: a phase is done only when the load balancer confirms it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from rollout.alb.state import AlbState
from rollout.base.clock import Clock
from rollout.errors import AwsError, Problem, VerifyFailed
from rollout.inventory.model import Arn
from rollout.inventory.quantities import ZERO
from rollout.migration import events
from rollout.migration.checks.deleted_groups import groups_left
from rollout.migration.ports import LoadBalancers
from rollout.migration.runner.concurrency import ConcurrentChanges
from rollout.migration.runner.run import PhaseRun

READ_BACKS, PAUSE = 10, 1.0


class ReadBack:
    """Holds the load balancer to what a phase leaves.

    Args:
        concurrent: What others do meanwhile.
        on_verified: Called with the live state once all rules were read back as wanted.
    """

    def __init__(
        self,
        load_balancers: LoadBalancers,
        clock: Clock,
        emit: events.Listener,
        *,
        concurrent: ConcurrentChanges,
        on_verified: Callable[[AlbState], object],
    ) -> None:
        self._load_balancers = load_balancers
        self._clock = clock
        self._emit = emit
        self._concurrent = concurrent
        self._on_verified = on_verified

    def verify(self, run: PhaseRun, deleted: Collection[Arn]) -> None:
        """Ask the load balancer until every rule is as wanted, and the deleted target groups are gone.

        Raises:
            VerifyFailed: It says something else.
            Drift: A rollback came in between.
        """
        environment, problems = run.environment, list[Problem]()
        for attempt in range(READ_BACKS):
            if attempt:
                self._clock.sleep(PAUSE)
            now = self._load_balancers.read(environment)
            self._concurrent.give_way(run, now)
            problems = [*run.phase.verify(environment, run.context, now, run.after), *groups_left(now, deleted)]
            if not problems:
                break
        if problems:
            raise VerifyFailed(
                f"{run.phase.name} was applied, but the load balancer reports something else",
                problems,
                hint=f"check `rollout status {environment.name}`, then run it again",
            )
        self._overrule(run, now)
        self._on_verified(now)
        for name, split in run.after.items():
            rule = now.rule_of(environment.routes[name])
            self._emit(events.RuleVerified(environment.name, name, rule.arn if rule else "", split))

    def _overrule(self, run: PhaseRun, now: AlbState) -> None:
        """A raise that succeeded ends the rollbacks that were asked for before it began."""
        marked = [rule.arn for rule in now.rules if rule.rollback]
        if marked and any(split.weight > ZERO for split in run.after.values()):
            try:
                self._load_balancers.unmark(marked)
            except AwsError as error:
                name = run.environment.name
                self._emit(
                    events.Warned(name, f"the rules still have the mark of a rollback, which ends ramps: {error}")
                )
