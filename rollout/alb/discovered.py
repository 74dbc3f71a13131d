"""What an account has that could be moved: of each listener rule, whether rollout can take it over or why not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal, get_args

from rollout.alb.state import EVERYTHING, LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction, group_name, split_of
from rollout.inventory.conditions import ConditionField, Conditions, Meaning, for_endpoint, in_words, values_of
from rollout.inventory.fields import LAST, LastPriority
from rollout.inventory.model import Arn
from rollout.inventory.quantities import ZERO, Percent

TargetType = Literal["lambda", "ip", "instance"]


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener of an Application Load Balancer.

    Attributes:
        load_balancer: The load balancer's name.
        port: 1 to 65535.
        rules: All but the default one, in the order in which they are asked.
        default: The default rule; None where nobody read it.
    """

    load_balancer: str
    port: int
    rules: tuple[LiveRule, ...] = field(default=(), compare=False)
    default: LiveRule | None = field(default=None, compare=False)

    @property
    def serves(self) -> bool:
        """Whether its default action forwards, so that it serves requests even without rules."""
        return self.default is not None and self.default.forward is not None

    def __str__(self) -> str:
        return f"{self.load_balancer}:{self.port}"


@dataclass(frozen=True, slots=True)
class Found:
    """An account's load balancers in a region.

    Attributes:
        account: Twelve digits.
        target_groups: All of the region, by ARN.
    """

    account: str
    region: str
    listeners: tuple[Listener, ...] = ()
    target_groups: Mapping[Arn, LiveTargetGroup] = field(default_factory=dict)

    @property
    def unused(self) -> dict[str, LiveTargetGroup]:
        """By name, the target groups that could be a candidate, since no load balancer uses them."""
        kinds = get_args(TargetType)
        free = (each for each in self.target_groups.values() if each.target_type in kinds and not each.load_balancers)
        return {each.name: each for each in free if each.is_lambda or each.protocol in ("HTTP", "HTTPS")}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A rule that rollout can take over: whatever it asks for, one target group or two.

    Attributes:
        asks: Its conditions, all of them.
        target_group: Where its requests go, or most of them, by name.
        candidate: Where the others go already.
        weight: How many these are.
        kept_for: How long clients stay with either.
    """

    listener: Listener
    priority: int
    asks: Conditions
    target_group: str
    target_type: TargetType
    candidate: str | None = None
    weight: Percent = ZERO
    kept_for: timedelta | None = None

    def __str__(self) -> str:
        return "the default action" if self.is_default else in_words(self.asks)

    @property
    def is_default(self) -> bool:
        """Whether it is a listener's default action."""
        return isinstance(self.priority, LastPriority)

    @property
    def paths(self) -> tuple[str, ...]:
        """Its path patterns."""
        return values_of(self.asks, ConditionField.PATH)

    @property
    def methods(self) -> tuple[str, ...]:
        """Its methods; any method if empty."""
        return tuple(sorted(values_of(self.asks, ConditionField.METHOD)))


@dataclass(frozen=True, slots=True)
class Unfit:
    """A rule that rollout can't take over, why, and what to do."""

    listener: Listener
    rule: LiveRule
    why: str
    hint: str

    def __str__(self) -> str:
        place = f"{self.listener}, priority {self.rule.priority}, {self.rule.conditions}"
        if self.rule.is_default:
            place = f"{self.listener}, the default action"
        return f"{place}: {self.why}; {self.hint}"


def sorted_out(listeners: Iterable[Listener], groups: Mapping[Arn, LiveTargetGroup]) -> Iterator[Endpoint | Unfit]:
    """Each rule of some listeners, as an endpoint to move or with what stands against it.

    Args:
        listeners: Those that are looked at.
        groups: The account's target groups, by ARN.
    """
    judged = tuple(_each(listeners, groups))
    own = {each.target_group for each in judged if isinstance(each, Endpoint)}
    for each in judged:
        if isinstance(each, Endpoint) and each.candidate in own:
            rule = next(rule for rule in each.listener.rules if rule.priority == each.priority)
            why = f"it forwards to {rule.forward}, which is legacy for other rules"
            yield Unfit(each.listener, rule, why, f"to move it, {_ONE_GROUP}")
        else:
            yield each


def _each(listeners: Iterable[Listener], groups: Mapping[Arn, LiveTargetGroup]) -> Iterator[Endpoint | Unfit]:
    for listener in listeners:
        seen: dict[frozenset[Meaning], int] = {}
        for rule in sorted(listener.rules, key=lambda rule: rule.priority):
            judged, first = _judged(listener, rule, groups), seen.setdefault(rule.meaning, rule.priority)
            if isinstance(judged, Endpoint) and first != rule.priority:
                why = f"the rule at priority {first} takes the same requests before it"
                judged = Unfit(listener, rule, why, "it never gets a request; you can delete it")
            yield judged
        if listener.default and listener.default.forward and EVERYTHING not in seen:
            yield _default(listener, listener.default, listener.default.forward, groups)


def _default(
    listener: Listener, rule: LiveRule, forward: ForwardAction, groups: Mapping[Arn, LiveTargetGroup]
) -> Endpoint | Unfit:
    """A default action that forwards."""
    if rule.extras:
        why = f"it does more than forward ({rule.extras}), which a rule before it would not"
        return Unfit(listener, rule, why, "to move it, add a rule for /* with the same actions after all others")
    if len(forward.weights) > 1:
        return Unfit(listener, rule, f"it forwards to {forward}", f"to move it, {_ONE_GROUP}")
    judged = _judged(listener, rule, groups)
    return judged if isinstance(judged, Unfit) else replace(judged, priority=LAST, asks=for_endpoint("/*", ()))


def _judged(listener: Listener, rule: LiveRule, groups: Mapping[Arn, LiveTargetGroup]) -> Endpoint | Unfit:
    if against := _against(rule):
        return Unfit(listener, rule, *against)
    forward = rule.forward or ForwardAction({})
    most, *others = sorted(forward.weights, key=lambda arn: -forward.weights[arn]) or [Arn("")]
    group = groups.get(most)
    if group is None or group.target_type not in get_args(TargetType):
        kind = f"its target group is of type {group.target_type}" if group else "its target group can't be read"
        return Unfit(listener, rule, kind, "legacy groups have type lambda, ip or instance: leave the rule unchanged")
    found = Endpoint(listener, rule.priority, rule.asks, group.name, group.target_type)  # type: ignore[arg-type] # just checked
    if not others:
        return found
    candidate, split = groups.get(others[0]), split_of(forward, most, others[0])
    if candidate is None or candidate.target_type not in get_args(TargetType) or split is None:
        why = f"it already forwards to {forward}, and {group_name(others[0])} can't be a candidate"
        return Unfit(listener, rule, why, f"to move it, {_ONE_GROUP}")
    return replace(found, candidate=candidate.name, weight=split.weight, kept_for=forward.stickiness)


_ONE_GROUP = "change it to forward to one target group, and run init again"


def _against(rule: LiveRule) -> tuple[str, str] | None:
    """What stands against a rule, and what to do."""
    if strange := next((c for c in rule.asks if c.field not in set(ConditionField)), None):
        return f"it has a condition that this version doesn't support: {strange}", "leave the rule unchanged"
    return rule.not_movable


def no_rules(listener: Listener) -> str:
    """Why nothing of a listener without rules moves, and what to do."""
    does = f": {listener.default.action}" if listener.default else ""
    return f"{listener} has only the default action{does}, which forwards to no target group"
