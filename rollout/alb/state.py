"""What is on AWS now, as frozen data: the listeners, their rules and the target groups of one environment. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from rollout.alb.extras import NO_EXTRAS, Extras
from rollout.alb.weights import ForwardAction, forward_of, split_of
from rollout.base.formatting import count_of
from rollout.inventory.conditions import (
    Condition,
    ConditionField,
    Meaning,
    for_endpoint,
    in_words,
    meaning_of,
    values_of,
)
from rollout.inventory.match import AS_IS
from rollout.inventory.model import Arn, Environment, Existing, KeptRoute, Route, Split
from rollout.inventory.on_aws import routed_groups_of
from rollout.inventory.quotas import MAX_PRIORITY

E = TypeVar("E", Route, KeptRoute)

EVERYTHING = meaning_of(for_endpoint("/*", ()))
DEFAULT_PRIORITY = MAX_PRIORITY + 1
"""What stands for a default rule's priority, so that it is asked last."""


@dataclass(frozen=True, slots=True)
class LiveRule:
    """A listener rule as DescribeRules gives it.

    Attributes:
        priority: 1 to 50000; `DEFAULT_PRIORITY` for a default rule.
        asks: Its conditions, all of them.
        forward: Its forward action; None where it does anything else, or more than can be kept.
        action: What it does instead, in words, for messages.
        tags: Its tags, which stay as they are when the rule is adopted.
        rollback: The mark of a rollback that was asked for, and that nobody overruled since; it is read with the tags.
        extras: What it does beside its forward action, which stays.
    """

    arn: Arn
    listener: Arn
    priority: int
    asks: tuple[Condition, ...] = ()
    forward: ForwardAction | None = None
    action: str = "forward"
    tags: Mapping[str, str] = field(default_factory=dict)
    rollback: str = ""
    extras: Extras = NO_EXTRAS

    @property
    def is_default(self) -> bool:
        """Whether it is a listener's default rule, which is asked last and which no ModifyRule changes."""
        return self.priority == DEFAULT_PRIORITY

    @property
    def paths(self) -> frozenset[str]:
        """The values of its path-pattern condition."""
        return self._values(ConditionField.PATH)

    @property
    def methods(self) -> frozenset[str]:
        """The values of its http-request-method condition."""
        return self._values(ConditionField.METHOD)

    @property
    def headers(self) -> tuple[Condition, ...]:
        """Its conditions on headers."""
        return tuple(c for c in self.asks if c.field == ConditionField.HEADER)

    def _values(self, kind: ConditionField) -> frozenset[str]:
        return frozenset(values_of(self.asks, kind))

    @property
    def meaning(self) -> frozenset[Meaning]:
        """All that it asks; the order of its conditions and of their values says nothing."""
        return meaning_of(self.asks)

    def is_for(self, entry: Route | KeptRoute) -> bool:
        """Whether it asks exactly what an entry's rule does; not where that isn't known."""
        if self.is_default:
            return entry.is_default
        asked = entry.rule_conditions
        return asked is not None and meaning_of(asked) == self.meaning

    @property
    def does(self) -> str:
        """What it does, in words."""
        if self.forward is None:
            return self.action
        rewritten = f"; {', '.join(map(str, self.extras.transforms))}" if self.extras.transforms else ""
        return ", then ".join([*map(str, self.extras.before), str(self.forward)]) + rewritten

    @property
    def not_movable(self) -> tuple[str, str] | None:
        """Why it can't be a route by what it does, and what to do; None if it can."""
        if self.forward is None:
            why = f"its action is {self.action}; a route's rule forwards, optionally after a login or a token check"
            return why, "leave it unchanged, without a route"
        if (groups := len(self.forward.weights)) > 2:  # noqa: PLR2004 - legacy's and the candidate's
            why = f"it forwards to {count_of(groups, 'target group')}; a route has two, legacy and candidate"
            return why, "change it to forward to one or two target groups"
        return None

    @property
    def conditions(self) -> str:
        """Its conditions in words."""
        return in_words(self.asks)


@dataclass(frozen=True, slots=True)
class LiveTargetGroup:
    """A target group as DescribeTargetGroups gives it.

    Attributes:
        protocol: In which its targets are asked, such as HTTP; a function has none.
        version: Of that protocol: HTTP1, HTTP2 or GRPC.
        vpc: Where its targets are.
    """

    arn: Arn
    name: str
    target_type: str
    load_balancers: tuple[Arn, ...] = ()
    health_checks: bool = False
    protocol: str = ""
    version: str = ""
    vpc: str = ""

    @property
    def is_lambda(self) -> bool:
        """Whether its target is a function; others get the requests themselves."""
        return self.target_type == "lambda"


@dataclass(frozen=True, slots=True)
class AlbState:
    """One environment's part of AWS at one moment.

    Attributes:
        account: The account of the credentials.
        load_balancers: By the inventory's name; missing where AWS has none.
        listeners: By load balancer, likewise.
        rules: All rules of those listeners but the default ones.
        defaults: The default rules, by load balancer.
        target_groups: Those that the inventory names, by name; missing where AWS has none.
    """

    account: str
    load_balancers: Mapping[str, Arn] = field(default_factory=dict)
    listeners: Mapping[str, Arn] = field(default_factory=dict)
    rules: tuple[LiveRule, ...] = ()
    target_groups: Mapping[str, LiveTargetGroup] = field(default_factory=dict)
    defaults: Mapping[str, LiveRule] = field(default_factory=dict)

    @property
    def existing(self) -> Existing:
        """The listeners and target groups, for a program that would otherwise look them up."""
        groups = self.target_groups.values()
        arns, kinds = {group.name: group.arn for group in groups}, {group.name: group.target_type for group in groups}
        return Existing(self.listeners, arns, kinds)

    def rules_of(self, load_balancer: str) -> tuple[LiveRule, ...]:
        """The rules of a load balancer's listener in the order in which it asks them, the default one last."""
        listener = self.listeners.get(load_balancer)
        rules = sorted((rule for rule in self.rules if rule.listener == listener), key=lambda rule: rule.priority)
        return (*rules, *filter(None, [self.defaults.get(load_balancer)]))

    @property
    def reachable(self) -> tuple[LiveRule, ...]:
        """All rules that may get a request: no default one behind a rule for all requests."""
        behind = {rule.listener for rule in self.rules if rule.meaning == EVERYTHING}
        return (*self.rules, *(rule for rule in self.defaults.values() if rule.listener not in behind))

    def resolved(self, environment: Environment) -> Environment:
        """The inventory with the conditions of each as-is entry as its live rule has them, if there is one."""
        entries = {**environment.routes, **environment.kept_routes}
        if all(entry.match != AS_IS for entry in entries.values()):
            return environment
        routes = {key: self._as_live(route) for key, route in environment.routes.items()}
        kept = {key: self._as_live(route) for key, route in environment.kept_routes.items()}
        return environment.model_copy(update={"routes": routes, "kept_routes": kept})

    def _as_live(self, entry: E) -> E:
        rule = self.rule_at(entry.load_balancer, entry.priority)
        return entry.asking(rule.asks) if entry.match == AS_IS and rule else entry

    def rule_at(self, load_balancer: str, priority: int) -> LiveRule | None:
        """The rule at a priority of a load balancer's listener."""
        listener = self.listeners.get(load_balancer)
        return next((rule for rule in self.rules if rule.listener == listener and rule.priority == priority), None)

    def rule_of(self, route: Route) -> LiveRule | None:
        """The rule at a route's priority, whatever its conditions; a default action while there is none before it."""
        return self.own_rule_of(route) or (self.defaults.get(route.load_balancer) if route.is_default else None)

    def own_rule_of(self, route: Route) -> LiveRule | None:
        """The rule at a route's priority, which a stack may hold and change; a default rule is no such rule."""
        return self.rule_at(route.load_balancer, route.priority)

    def default_action(self, route: Route) -> str:
        """What the default action of a route's listener does, in words."""
        default = self.defaults.get(route.load_balancer)
        return default.does if default else "nothing"

    def group_arn(self, name: str) -> Arn:
        """A target group's ARN; an empty one, which matches nothing, where it isn't there."""
        group = self.target_groups.get(name)
        return group.arn if group else Arn("")

    def groups_behind(
        self, environment: Environment, rules: Iterable[LiveRule]
    ) -> Mapping[str, LiveTargetGroup] | None:
        """The target groups as they were read, if later rules forward to those of all routes; None otherwise.

        AWS deletes no group to which a rule forwards, so each name still has the same one.
        """
        used = {arn for rule in rules if rule.forward for arn in rule.forward.weights}
        groups = [self.target_groups.get(name) for name in routed_groups_of(environment)]
        return self.target_groups if all(group and group.arn in used for group in groups) else None

    def split_of(self, route: Route) -> Split | None:
        """How a route's requests are divided now; None where its rule isn't there or isn't one of ours."""
        rule = self.rule_of(route)
        if rule is None or rule.forward is None:
            return None
        return split_of(rule.forward, self.group_arn(route.legacy), self.group_arn(route.candidate))

    def forwards(self, route: Route) -> str:
        """What a route's rule does, in words."""
        rule = self.rule_of(route)
        return rule.does if rule else "nothing"

    def splits(self, environment: Environment) -> dict[str, Split]:
        """The split of each route that has one."""
        found = {name: self.split_of(route) for name, route in environment.routes.items()}
        return {name: split for name, split in found.items() if split is not None}


def wanted_forward(environment: Environment, name: str, live: AlbState, split: Split) -> ForwardAction:
    """The forward action that a route's split means."""
    route = environment.routes[name]
    legacy, candidate = live.group_arn(route.legacy), live.group_arn(route.candidate)
    return forward_of(split, legacy, candidate, environment.stickiness.kept_at(split.weight))
