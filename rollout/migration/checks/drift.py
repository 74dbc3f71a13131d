"""Compares file, state and load balancer for each route, for `rollout drift`. Pure.

A change finds drift only in its own routes. This finds it anywhere: rules that are missing, have other conditions or
forward elsewhere; weights and stickiness that differ from the file; missing target groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from rollout.alb.header_rules import bent_overrides
from rollout.alb.state import AlbState, wanted_forward
from rollout.alb.weights import same_forward, split_of
from rollout.errors import Drift, Problem
from rollout.inventory.model import Environment, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import ROUTING
from rollout.migration.checks.compare import stale_overrides, stale_rules
from rollout.migration.checks.default_action import changed_defaults
from rollout.migration.checks.guard_status import GuardStatus
from rollout.migration.checks.preflight import (
    Resources,
    candidate_problems,
    held_rules,
    listener_problems,
    rule_problems,
    target_group_problems,
)
from rollout.state.plan import LISTENER_RULE, Change, Op, ResourceState, StackPreview, forward_in


@dataclass(frozen=True, slots=True)
class RouteDrift:
    """File, state and load balancer of a route, compared.

    Attributes:
        endpoint: Methods and path.
        file: The file's weight.
        state: The recorded weight, or the forward action in AWS's terms; None if no stack of rollout manages the rule.
        live: The same on the load balancer; None if the rule is missing.
        problems: The differences.
    """

    route: str
    endpoint: str
    file: Percent
    state: str | None
    live: str | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class DriftReport:
    """File, state and load balancer of an environment, compared.

    Attributes:
        others: Problems that belong to no single route.
        guard: The installed guard; None without [guard] in the inventory.
    """

    environment: str
    routes: tuple[RouteDrift, ...]
    others: tuple[Problem, ...] = ()
    guard: GuardStatus | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All differences."""
        return (*chain.from_iterable(route.problems for route in self.routes), *self.others)

    def require(self) -> None:
        """Raise an error unless all agree.

        Raises:
            Drift: With all differences.
        """
        if self.problems:
            name = self.environment
            ways = f"`rollout drift {name} --repair` applies the file, `--adopt` adopts the live rules"
            unheld = any(problem.code == "rule-not-managed" for problem in self.problems)
            fired = self.guard.fired if self.guard else ""
            if fired:
                ways = f"`rollout rollback {name}` brings file and state to what the guard left"
            raise Drift(
                f"file, state and load balancer of {name} differ{f': {fired}' if fired else ''}",
                self.problems,
                hint=None if unheld else ways,  # each of which needs routing to hold the rules
            )


def drift_of(
    environment: Environment, live: AlbState, legacy: Resources, routing: Resources, *, ignore_file: bool = False
) -> DriftReport:
    """Compare file, state and load balancer.

    Args:
        legacy: The legacy stack's resources; None where there is no such stack of ours.
        routing: Likewise of the routing stack; before phase 2 the file's weights don't count yet.
        ignore_file: Whether the file's weights don't count at all.
    """
    states = (*(legacy or ()), *(routing or ()))
    recorded = as_recorded(states)
    is_cut_over = any(state.type == LISTENER_RULE for state in routing or ())  # not after `undo phase2`
    held, kept = held_rules(environment, live, routing), held_rules(environment, live, states)
    splits = live.splits(environment)
    # before the cutover nobody need hold a rule, unless it is divided: then the state that held it is lost
    divided = {name for name, split in splits.items() if split.attached and name not in kept}
    unheld = (environment.routes.keys() - held.keys()) if is_cut_over else divided
    wanted = {name: _wanted(environment, live, name) for name in environment.routes}
    stale = stale_rules(environment, live, recorded, wanted)
    problems = (
        *listener_problems(environment, live),
        *target_group_problems(environment, live),
        *rule_problems(environment, live, states),
        *(candidate_problems(environment, live) if is_cut_over else ()),
        *_lost(environment, live, routing),
        *bent_overrides(environment, live),
        *changed_defaults(environment, live),
        *_stale_header_rules(environment, live, recorded),
    )
    found, others = _by_route(environment, problems)
    routes = []
    for name, route in live.resolved(environment).routes.items():
        rule, differs = live.rule_of(route), None
        if name in stale:
            differs = stale[name] or _behind(environment, live, name, kept[name])
        elif name in held and not ignore_file:
            differs = _not_applied(environment, live, name, wanted[name])
        elif name in unheld and rule is not None and not found[name]:
            differs = _unheld(environment, name, splits.get(name))
        was = _recorded(environment, live, name, kept[name]) if name in kept else None
        now = str(live.split_of(route) or rule.does) if rule else None
        all_of_it = (*found[name], *([differs] if differs else ()))
        routes.append(RouteDrift(name, str(route), environment.desired_weight(name), was, now, all_of_it))
    return DriftReport(environment.name, tuple(routes), others)


def _by_route(
    environment: Environment, problems: Iterable[Problem]
) -> tuple[dict[str, list[Problem]], tuple[Problem, ...]]:
    """The problems of each route, and those that are about none."""
    found: dict[str, list[Problem]] = {name: [] for name in environment.routes}
    others: list[Problem] = []
    for problem in problems:
        table, _, rest = (problem.where or "").partition(".")
        found.get(rest.partition(".")[0] if table == "routes" else "", others).append(problem)
    return found, tuple(others)


def _stale_header_rules(environment: Environment, live: AlbState, recorded: StackPreview) -> Iterator[Problem]:
    if stale_overrides(recorded, live):
        hint = f"`rollout override {environment.name}` fixes it"
        yield Problem("a header rule doesn't forward as recorded in the state", hint=hint, code="header-rule-differs")


def _not_applied(environment: Environment, live: AlbState, name: str, wanted: Split) -> Problem | None:
    """The file's weight, where live and recorded agree on another one."""
    rule = live.rule_of(environment.routes[name])
    if rule is None or rule.forward is None:
        return None
    asked = wanted_forward(environment, name, live, wanted)
    if same_forward(rule.forward, asked):
        return None
    what = f"the file says {asked} · live and recorded {rule.forward}"
    return Problem(what, where=f"routes.{name}", code="weight-not-applied")


def _unheld(environment: Environment, name: str, split: Split | None) -> Problem:
    """A rule that no state holds, with the way to one: a rule of the candidate alone can't be adopted any more."""
    what = "the routing stack doesn't manage its rule"
    if split is not None and split.attached:
        what += f", which sends {split} to the candidate"
    hint = f"run `rollout phase2 {environment.name}`, which adopts it unchanged"
    if environment.completed or (split is not None and split.alone):
        hint = "restore the routing stack's state from a backup of the backend"
    return Problem(what, where=f"routes.{name}", hint=hint, code="rule-not-managed")


def as_recorded(states: tuple[ResourceState, ...]) -> StackPreview:
    """States as a preview that changes nothing, which is what drift is found in elsewhere."""
    return StackPreview(ROUTING, tuple(Change(Op.SAME, each.urn, each.type, each, each) for each in states))


def _wanted(environment: Environment, live: AlbState, name: str) -> Split:
    """What phase 3 would leave."""
    split, weight = live.split_of(environment.routes[name]), environment.desired_weight(name)
    return split if split is not None and split.weight == weight else Split.at(weight)


def _behind(environment: Environment, live: AlbState, name: str, state: ResourceState) -> Problem:
    rule = live.rule_of(environment.routes[name])
    was = forward_in(state.recorded) or "another action"
    what = f"live {rule and rule.forward}, as the file says · recorded {was}"
    return Problem(what, where=f"routes.{name}", code="state-outdated")


def _lost(environment: Environment, live: AlbState, routing: Resources) -> Iterator[Problem]:
    """Routes whose rule is another one than routing holds: somebody deleted it, and perhaps made it anew."""
    there = {rule.arn for rule in live.rules}
    for state in routing or ():
        route = environment.routes.get(state.name) if state.type == LISTENER_RULE else None
        if route is not None and state.id not in there and live.rule_of(route) is not None:
            yield Problem(
                f"the rule in the routing stack's state is missing: {state.id}",
                where=f"routes.{state.name}",
                code="rule-missing",
            )


def _recorded(environment: Environment, live: AlbState, name: str, state: ResourceState) -> str:
    route, forward = environment.routes[name], forward_in(state.recorded)
    if forward is None:
        return "another action"
    return str(split_of(forward, live.group_arn(route.legacy), live.group_arn(route.candidate)) or forward)
