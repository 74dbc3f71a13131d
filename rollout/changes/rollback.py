"""The way back: traffic first, by direct calls for all routes side by side, and only then the state.

It needs no engine, no lock and no plan to move traffic. The candidate is taken out of the forward action and
stickiness turned off, since a client's cookie outlives a weight of 0. One route's failure never stops another's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from rollout import events
from rollout.changes.desired import routing_input
from rollout.changes.phases import ROUTING
from rollout.changes.policy import rule_bounds, violations
from rollout.changes.work_folder import work_folder
from rollout.checks.compare import wanted_forward
from rollout.checks.preflight import live_problems
from rollout.errors import AwsError, Interrupted, Locked, Problem, RollbackIncomplete, RolloutError
from rollout.history.record import Moves, Record, moves, with_record
from rollout.live import Live, LiveRule
from rollout.model import LEGACY_ONLY, Arn, Environment, Split
from rollout.ports import Clock, LoadBalancers, Stacks
from rollout.quantities import Percent
from rollout.rules.header_rules import ways_around
from rollout.rules.weights import Forward, same_forward

ATTEMPTS, PAUSE = 5, 1.0
LOCK_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """What a rollback came to.

    Attributes:
        before: Each route's split when it began; None where its rule wasn't one of ours.
        moved: The routes whose rule was changed; the others were on legacy alone already.
        reconciled: Whether Pulumi's state says so too.
        reason: Why it doesn't.
        header_rules: The rules that sent requests with a header to the candidate, and were changed too.
    """

    environment: str
    before: Mapping[str, Split | None]
    moved: tuple[str, ...]
    reconciled: bool
    reason: str | None = None
    header_rules: tuple[str, ...] = ()


class Rollback:
    """The way back for one environment.

    Args:
        environment: The inventory.
        load_balancers: Where the rules are.
        clock: Time.
        emit: Told each event.
        by: Who runs it, for Pulumi's update history.
    """

    def __init__(
        self,
        environment: Environment,
        load_balancers: LoadBalancers,
        clock: Clock,
        emit: events.Listener,
        *,
        by: str = "",
    ) -> None:
        self._environment = environment
        self._load_balancers = load_balancers
        self._clock = clock
        self._emit = emit
        self._by = by

    def move(self, routes: Sequence[str]) -> RollbackResult:
        """Send all requests of routes to the legacy implementation, and read it back from the load balancer.

        Raises:
            RollbackIncomplete: Some routes couldn't be moved; all the others were.
            AwsError: Nothing could be read at all.
        """
        environment = self._environment
        live = self._load_balancers.read(environment, tags=False)
        failed = {name: problem for name in routes if (problem := _obstacle(environment, name, live))}
        before = {name: live.split_of(environment.routes[name]) for name in routes}
        wanted = {name: wanted_forward(environment, name, live, LEGACY_ONLY) for name in routes if name not in failed}
        pending = {name: rule for name in wanted if (rule := live.rule_of(environment.routes[name]))}
        around = {
            f"{name}, {rule.further[0]} at {rule.priority}": (name, rule)
            for name in wanted
            for rule in ways_around(environment, live, name)
        }
        wanted |= {key: wanted[name] for key, (name, _) in around.items()}
        pending |= {key: rule for key, (_, rule) in around.items()}
        moved: dict[str, None] = {}
        try:
            errors = self._move_and_read_back(live, pending, wanted, before, moved)
        except KeyboardInterrupt:
            raise Interrupted(
                f"stopped: {len(wanted) - len(pending)} of {len(wanted)} rules are read back as on legacy alone",
                then=f"run `rollout rollback {environment.name}` again to be sure of the others",
            ) from None
        for name, rule in pending.items():
            said = errors.get(rule.arn) or f"it still forwards to {rule.forward or rule.action}"
            failed[name] = Problem(said, where=f"routes.{name}", then=f"rule {rule.arn}", code="route-not-moved")
        if failed:
            retired = f"{environment.name} is completed, its legacy retired: mend the candidate, deploy it by phase1"
            raise RollbackIncomplete(
                f"{len(failed)} of {len(routes)} routes could not be moved back; all others are on legacy alone",
                tuple(failed.values()),
                then=retired if environment.completed else f"run `rollout rollback {environment.name}` again",
            )
        headers = tuple(key for key in moved if key in around)
        if headers:
            said = f"requests with a header go to legacy, too; `rollout override {environment.name}` puts that back"
            self._emit(events.Warned(environment.name, said))
        return RollbackResult(
            environment.name, before, tuple(name for name in moved if name in before), False, header_rules=headers
        )

    def _move_and_read_back(
        self,
        live: Live,
        pending: dict[str, LiveRule],
        wanted: Mapping[str, Forward],
        before: Mapping[str, Split | None],
        moved: dict[str, None],
    ) -> dict[Arn, str]:
        """Change the pending rules until none is pending, a few times; what went wrong last, by rule."""
        errors: dict[Arn, str] = {}
        for attempt in range(ATTEMPTS):
            if attempt:
                self._clock.sleep(PAUSE)
            todo = [name for name, rule in pending.items() if not _is_back(rule, wanted[name])]
            if todo:
                moved |= dict.fromkeys(todo)
                errors = self._modify({pending[name].arn: wanted[name] for name in todo})
                now = {rule.arn: rule for rule in self._load_balancers.rules(tuple(live.listeners.values()))}
                pending.update({name: now.get(rule.arn, rule) for name, rule in pending.items()})
            for name in [name for name, rule in pending.items() if _is_back(rule, wanted[name])]:
                del pending[name]
                self._emit(events.RouteRolledBack(self._environment.name, name, before.get(name)))
            if not pending:
                break
        return errors

    def reconcile(
        self, routes: Sequence[str], result: RollbackResult, stacks: Stacks, message: str | None = None
    ) -> RollbackResult:
        """Make Pulumi's state say what the load balancer says already.

        While somebody else's update holds the stack it waits, and moves traffic back again if that update raised it.

        Args:
            routes: Those that were moved back.
            result: What the move came to.
            stacks: Where the state is.
            message: For Pulumi's update history.

        Returns:
            The result, with `reconciled`, or the reason why not: traffic is on legacy all the same.
        """
        reason: str | None = None
        until = self._clock.now() + LOCK_WAIT
        while True:
            try:
                said = message or _message(self._environment, result)
                back = moves(result.before, dict.fromkeys(result.moved, LEGACY_ONLY))
                reason = self._update_state(routes, said, back, stacks)
            except Locked as error:
                reason = error.what
                if self._clock.now() < until:
                    self._clock.sleep(PAUSE)
                    Rollback(self._environment, self._load_balancers, self._clock, lambda _: None).move(routes)
                    continue
            except RolloutError as error:
                reason = str(error)
            break
        return self.leave(routes, result, reason)

    def leave(self, routes: Sequence[str], result: RollbackResult, reason: str | None) -> RollbackResult:
        """Say that it is over, and why the state isn't up to date if it isn't."""
        self._emit(events.RollbackFinished(self._environment.name, tuple(routes), reason is None, reason))
        return replace(result, reconciled=reason is None, reason=reason)

    def _update_state(self, routes: Sequence[str], message: str, back: Moves, stacks: Stacks) -> str | None:
        environment = self._environment
        live = self._load_balancers.read(environment)
        splits = live.splits(environment)
        if strange := environment.routes.keys() - splits.keys() - set(routes):
            return f"{', '.join(sorted(strange))} forwards to something that rollout wouldn't write"
        given = routing_input(environment, live, splits | dict.fromkeys(routes, LEGACY_ONLY))
        with work_folder() as folder:
            plan = folder / "routing.json"
            preview = stacks.preview(ROUTING, given, plan, refresh=True)
            if preview is None:
                return None  # no cutover yet: nothing is recorded
            refused = violations(preview, "weights", rule_bounds(environment, live, given.splits))
            if refused:
                return "; ".join(str(violation.problem) for violation in refused)
            record = Record(phase="rollback", by=self._by, plan=preview.digest, moves=back)
            stacks.up(ROUTING, given, plan=plan, message=with_record(message, record), refresh=True)
        return None

    def _modify(self, wanted: Mapping[Arn, Forward]) -> dict[Arn, str]:
        """Change all rules side by side; what went wrong, by rule."""

        def modify(item: tuple[Arn, Forward]) -> tuple[Arn, str | None]:
            try:
                self._load_balancers.modify(*item)
            except AwsError as error:
                return item[0], error.what
            return item[0], None

        with ThreadPoolExecutor(len(wanted), thread_name_prefix="rollback") as pool:
            return {arn: said for arn, said in pool.map(modify, wanted.items()) if said}


def _obstacle(environment: Environment, name: str, live: Live) -> Problem | None:
    """Why a route can't be moved at all."""
    route = environment.routes[name]
    place = f"routes.{name}"
    if route.legacy not in live.target_groups:
        return Problem(f"its legacy target group {route.legacy} isn't there", where=place, code="target-group-missing")
    return next((p for p in live_problems(environment, live) if p.where == place), None)


def _is_back(rule: LiveRule, wanted: Forward) -> bool:
    return rule.forward is not None and same_forward(rule.forward, wanted)


def _message(environment: Environment, result: RollbackResult) -> str:
    moved = ", ".join(
        f"{name} {split.weight if (split := result.before[name]) else '?'} → {Percent(0)}" for name in result.moved
    )
    return f"rollout rollback {environment.name}: {moved or 'all on legacy already'}"
