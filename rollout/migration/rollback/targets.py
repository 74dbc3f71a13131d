"""Whose a live rule is, and what it has to become. Pure.

A route's own rule is looked for in ways that somebody's edits leave open, the surest first. Whatever else forwards to a
candidate of these routes is the candidate's too: a rule with a header, one that was copied, the default rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rollout.alb.state import AlbState, LiveRule
from rollout.alb.weights import ForwardAction, group_name, same_forward
from rollout.errors import Problem
from rollout.inventory.conditions import ConditionField, meaning_of, values_of
from rollout.inventory.model import Arn, Environment, Route


@dataclass(frozen=True, slots=True)
class KnownArns:
    """What is known from before, for when it can't be found now.

    Attributes:
        listeners: By load balancer.
        rules: By route.
        groups: By target group.
        extras: The routes whose rules do more than forward.
    """

    listeners: Mapping[str, Arn] = field(default_factory=dict)
    rules: Mapping[str, Arn] = field(default_factory=dict)
    groups: Mapping[str, Arn] = field(default_factory=dict)
    extras: Collection[str] = ()


NOTHING_KNOWN = KnownArns()


def known_from(environment: Environment, live: AlbState) -> KnownArns:
    """What is to be known later of AWS as it is now."""
    rules = {name: rule for name, route in environment.routes.items() if (rule := live.own_rule_of(route))}
    return KnownArns(
        live.listeners,
        {name: rule.arn for name, rule in rules.items()},
        {name: group.arn for name, group in live.target_groups.items()},
        tuple(name for name, rule in rules.items() if rule.extras),
    )


@dataclass(frozen=True, slots=True)
class Target:
    """A rule that is to forward to legacy alone.

    Attributes:
        name: For people: its route, for further rules with what tells them from the route's own.
        route: Whose it is; None where it forwards to a candidate and may be any of several routes'.
        legacy: The legacy target group; empty where it isn't known.
    """

    name: str
    route: str | None
    rule: LiveRule
    legacy: Arn

    @property
    def wanted(self) -> ForwardAction:
        """What it is to do."""
        return ForwardAction({self.legacy: 1})

    @property
    def is_back(self) -> bool:
        """Whether it does."""
        return bool(self.legacy) and self.rule.forward is not None and same_forward(self.rule.forward, self.wanted)

    @property
    def is_default(self) -> bool:
        """Whether it is a listener's default rule, which no ModifyRule changes."""
        return self.rule.is_default


@dataclass(frozen=True, slots=True)
class FoundTargets:
    """The rules of some routes on one load balancer.

    Attributes:
        targets: All of them, the routes' own first.
        missing: The routes that have no rule, and what was looked for.
    """

    targets: tuple[Target, ...] = ()
    missing: Mapping[str, Problem] = field(default_factory=dict)

    @property
    def moves(self) -> tuple[Target, ...]:
        """Those that a ModifyRule would bring back."""
        return tuple(t for t in self.targets if t.legacy and not t.is_back and not t.is_default)

    @property
    def lacks_groups(self) -> bool:
        """Whether a legacy target group isn't known."""
        return any(not target.legacy for target in self.targets)


def find_targets(
    environment: Environment,
    balancer: str,
    routes: Collection[str],
    rules: Sequence[LiveRule],
    *,
    known: KnownArns = NOTHING_KNOWN,
    groups: Mapping[str, Arn] | None = None,
) -> FoundTargets:
    """The rules of routes on a load balancer.

    Args:
        balancer: Its key of the load balancer.
        rules: All rules of the load balancer's listeners, default ones too.
        groups: Target groups by name, as far as they could be read; those in the rules are known by their ARNs.
    """
    seen = {group_name(arn): arn for rule in rules if rule.forward for arn in rule.forward.weights}
    arns = {**known.groups, **(groups or {}), **seen}
    ours = {name: route for name, route in environment.routes.items() if route.load_balancer == balancer}
    own = _own_rules(ours, rules, known)
    targets = [
        Target(name, name, rule, arns.get(ours[name].legacy, Arn(""))) for name, rule in own.items() if name in routes
    ]
    claimed = {rule.arn for rule in own.values()}
    for rule in rules:
        if rule.arn in claimed:
            continue
        rivals = {name: route for name, route in ours.items() if route.candidate in _groups(rule)}
        if rivals and (target := _further(rule, balancer, rivals, own, arns)):
            concerned = target.route in routes if target.route else rivals.keys() <= set(routes)
            targets += [target] if concerned else []
    there = {target.route for target in targets}
    missing = {name: _missing(name, route) for name, route in ours.items() if name in routes and name not in there}
    return FoundTargets(tuple(targets), missing)


def _own_rules(routes: Mapping[str, Route], rules: Sequence[LiveRule], known: KnownArns) -> dict[str, LiveRule]:
    """Each route's own rule, as far as there is one."""
    own: dict[str, LiveRule] = {}
    free = {rule.arn: rule for rule in rules if not rule.is_default}

    def matches(route: Route, rule: LiveRule) -> bool:
        # a rule for all requests may be anybody's
        return rule.is_for(route) and (not route.is_default or bool(_groups(rule) & {route.legacy, route.candidate}))

    def is_related(route: Route, rule: LiveRule) -> bool:
        return matches(route, rule) or bool(_groups(rule) & {route.legacy, route.candidate})

    ways: tuple[Callable[[str, Route, LiveRule], bool], ...] = (
        lambda name, route, rule: rule.arn == known.rules.get(name) and is_related(route, rule),
        lambda _, route, rule: rule.priority == route.priority and matches(route, rule),
        lambda _, route, rule: matches(route, rule),
        lambda _, route, rule: rule.priority == route.priority and is_related(route, rule),
        lambda _, route, rule: (
            {route.legacy, route.candidate} <= _groups(rule) and (not rule.headers or route.conditions is None)
        ),
    )
    for way in ways:
        for name, route in routes.items():
            found = None if name in own else next((rule for rule in free.values() if way(name, route, rule)), None)
            if found:
                own[name] = free.pop(found.arn)
    defaults = [rule for rule in rules if rule.is_default]
    for name, route in routes.items():
        if route.is_default and name not in own and len(defaults) == 1:  # it serves until its rule is made
            own[name] = defaults[0]
    return own


def _further(
    rule: LiveRule,
    balancer: str,
    rivals: Mapping[str, Route],
    own: Mapping[str, LiveRule],
    arns: Mapping[str, Arn],
) -> Target | None:
    """A rule that forwards to a candidate and is no route's own: one of which of the rivals', and to which group."""
    beside = [arn for arn in (rule.forward.weights if rule.forward else ()) if not _is_candidate(arn, rivals)]
    owner = _owner(rule, rivals, own)
    place = "the default rule" if rule.is_default else f"rule {rule.priority}"
    if owner:
        what = f"{rule.headers[0]} at {rule.priority}" if rule.headers else place
        return Target(f"{owner}, {what}", owner, rule, arns.get(rivals[owner].legacy, Arn("")))
    legacies = {route.legacy for route in rivals.values()}
    legacy = beside[0] if len(beside) == 1 else arns.get(legacies.pop(), Arn("")) if len(legacies) == 1 else Arn("")
    return Target(f"{place} on {balancer}", None, rule, legacy)


def _owner(rule: LiveRule, rivals: Mapping[str, Route], own: Mapping[str, LiveRule]) -> str | None:
    """The route whose requests a rule takes, or whose legacy group it has; None where that could be several."""

    def only(names: Iterator[str]) -> str | None:
        found = list(names)
        return found[0] if len(found) == 1 else None

    def paths(name: str) -> frozenset[str]:
        return frozenset(values_of(rivals[name].conditions or (), ConditionField.PATH))

    def asked(name: str) -> bool:
        asked = rivals[name].conditions
        return bool(asked) and meaning_of(asked or ()) <= rule.meaning

    return (
        only(name for name in rivals if asked(name))
        or only(name for name in rivals if rule.paths and rule.paths == paths(name))
        or only(name for name, route in rivals.items() if route.legacy in _groups(rule))
        or only(name for name in rivals if name not in own)
        or only(iter(rivals))
    )


def _groups(rule: LiveRule) -> set[str]:
    return {group_name(arn) for arn in rule.forward.weights} if rule.forward else set()


def _is_candidate(arn: Arn, rivals: Mapping[str, Route]) -> bool:
    return group_name(arn) in {route.candidate for route in rivals.values()}


def _missing(name: str, route: Route) -> Problem:
    asked = f"at {route.priority}" if route.conditions is None else f"for {route}"
    return Problem(
        f"has no live rule: none on {route.load_balancer} is {asked} or forwards to {route.candidate}",
        where=f"routes.{name}",
        code="rule-missing",
    )
