"""The way back: traffic first, by direct calls for all routes side by side, and only then the state.

It needs no engine, no lock and no plan to move traffic. The candidate is taken out of the forward action and
stickiness turned off, since a client's cookie outlives a weight of 0. One route's failure never stops another's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rollout import events
from rollout.errors import AwsError, Locked, Problem, RollbackIncomplete, RolloutError
from rollout.live import Live, LiveRule
from rollout.model import LEGACY_ONLY, Arn, Environment, Percent, ProgramInput, Split
from rollout.phases import ROUTING
from rollout.ports import Clock, LoadBalancers, Stacks
from rollout.preflight import live_problems
from rollout.weights import Forward, forward_of, same_forward

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
    """

    environment: str
    before: Mapping[str, Split | None]
    moved: tuple[str, ...]
    reconciled: bool
    reason: str | None = None


def move_back(
    environment: Environment,
    routes: Sequence[str],
    load_balancers: LoadBalancers,
    clock: Clock,
    emit: events.Listener,
) -> RollbackResult:
    """Send all requests of routes to the legacy implementation, and read it back from the load balancer.

    Args:
        environment: The inventory.
        routes: The routes' names.
        load_balancers: Where the rules are.
        clock: Time.
        emit: Told each route that is back.

    Raises:
        RollbackIncomplete: Some routes couldn't be moved; all the others were.
        AwsError: Nothing could be read at all.
    """
    live = load_balancers.read(environment, tags=False)
    failed = {name: problem for name in routes if (problem := _obstacle(environment, name, live))}
    before = {name: live.split_of(environment.routes[name]) for name in routes}
    wanted = {name: _legacy_only(environment, name, live) for name in routes if name not in failed}
    pending = {name: rule for name in wanted if (rule := _rule(environment, name, live))}
    moved: list[str] = []
    for attempt in range(ATTEMPTS):
        if attempt:
            clock.sleep(PAUSE)
        todo = [name for name, rule in pending.items() if not _is_back(rule, wanted[name])]
        moved += [name for name in todo if name not in moved]
        errors = _modify(load_balancers, {pending[name].arn: wanted[name] for name in todo})
        now = {rule.arn: rule for rule in load_balancers.rules(tuple(live.listeners.values()))} if todo else {}
        pending = {name: now.get(rule.arn, rule) for name, rule in pending.items()}
        for name in [name for name, rule in pending.items() if _is_back(rule, wanted[name])]:
            del pending[name]
            emit(events.RouteRolledBack(environment.name, name, before[name]))
        if not pending:
            break
    for name, rule in pending.items():
        said = errors.get(rule.arn) or f"it still forwards to {rule.forward or rule.action}"
        failed[name] = Problem(said, where=f"routes.{name}", then=f"rule {rule.arn}")
    if failed:
        back = len(routes) - len(failed)
        raise RollbackIncomplete(
            f"{len(failed)} of {len(routes)} routes could not be moved back; the other {back} are on legacy alone",
            tuple(failed.values()),
            then=f"run `rollout rollback {environment.name}` again",
        )
    return RollbackResult(environment.name, before, tuple(moved), reconciled=False)


def _obstacle(environment: Environment, name: str, live: Live) -> Problem | None:
    """Why a route can't be moved at all."""
    route = environment.routes[name]
    place = f"routes.{name}"
    if route.legacy not in live.target_groups:
        return Problem(f"its legacy target group {route.legacy} isn't there", where=place)
    return next((p for p in live_problems(environment, live) if p.where == place), None)


def _rule(environment: Environment, name: str, live: Live) -> LiveRule | None:
    return live.rule_of(environment.routes[name])


def _legacy_only(environment: Environment, name: str, live: Live) -> Forward:
    route = environment.routes[name]
    legacy, candidate = live.group_arn(route.legacy), live.group_arn(route.candidate)
    return forward_of(LEGACY_ONLY, legacy, candidate, environment.stickiness.duration)


def _is_back(rule: LiveRule, wanted: Forward) -> bool:
    return rule.forward is not None and same_forward(rule.forward, wanted)


def _modify(load_balancers: LoadBalancers, wanted: Mapping[Arn, Forward]) -> dict[Arn, str]:
    """Change all rules side by side; what went wrong, by rule."""

    def modify(item: tuple[Arn, Forward]) -> tuple[Arn, str | None]:
        try:
            load_balancers.modify(*item)
        except AwsError as error:
            return item[0], error.what
        return item[0], None

    if not wanted:
        return {}
    with ThreadPoolExecutor(len(wanted), thread_name_prefix="rollback") as pool:
        return {arn: said for arn, said in pool.map(modify, wanted.items()) if said}


def reconcile(
    environment: Environment,
    routes: Sequence[str],
    result: RollbackResult,
    load_balancers: LoadBalancers,
    stacks: Stacks,
    clock: Clock,
    emit: events.Listener,
) -> RollbackResult:
    """Make Pulumi's state say what the load balancer says already.

    While somebody else's update holds the stack, it waits, and moves traffic back again if that update raised it.

    Returns:
        The result, with `reconciled`, or the reason why not: traffic is on legacy all the same.
    """
    live = load_balancers.read(environment)
    splits = {name: live.split_of(route) or LEGACY_ONLY for name, route in environment.routes.items()}
    splits.update(dict.fromkeys(routes, LEGACY_ONLY))
    rules = {name: live.rule_of(route) for name, route in environment.routes.items()}
    tags = {name: rule.tags for name, rule in rules.items() if rule and rule.tags}
    given = ProgramInput(environment, splits=splits, tags=tags)
    reason: str | None = None
    until = clock.now() + LOCK_WAIT
    while True:
        try:
            if stacks.resources(ROUTING):
                stacks.up(ROUTING, given, plan=None, message=_message(environment, result), refresh=True)
        except Locked as error:
            reason = error.what
            if clock.now() < until:
                clock.sleep(PAUSE)
                move_back(environment, routes, load_balancers, clock, lambda _: None)
                continue
        except RolloutError as error:
            reason = str(error)
        else:
            reason = None
        break
    done = RollbackResult(environment.name, result.before, result.moved, reason is None, reason)
    emit(events.RollbackFinished(environment.name, tuple(routes), done.reconciled, done.reason))
    return done


def _message(environment: Environment, result: RollbackResult) -> str:
    moved = ", ".join(
        f"{name} {split.weight if (split := result.before[name]) else '?'} → {Percent(0)}" for name in result.moved
    )
    return f"rollout rollback {environment.name}: {moved or 'all on legacy already'}"
