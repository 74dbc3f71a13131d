"""What an account has that could be moved: of each listener rule, whether rollout can take it over or why not. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from rollout.alb.state import LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction, split_of
from rollout.base.formatting import count_of
from rollout.inventory.fields import Methods, PathPattern
from rollout.inventory.model import Arn
from rollout.inventory.quantities import ZERO, Percent

TargetType = Literal["lambda", "ip", "instance"]


_KEY = r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}"


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener of an Application Load Balancer.

    Attributes:
        load_balancer: The load balancer's name.
        port: 1 to 65535.
        rules: All but the default one, in the order in which they are asked.
    """

    load_balancer: str
    port: int
    rules: tuple[LiveRule, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.load_balancer}:{self.port}"


@dataclass(frozen=True, slots=True)
class Found:
    """An account's load balancers in a region.

    Attributes:
        account: Twelve digits.
        target_groups: All of the region, by ARN.
        functions: By target group, the function that is registered there, of those that share a rule with another.
    """

    account: str
    region: str
    listeners: tuple[Listener, ...] = ()
    target_groups: Mapping[Arn, LiveTargetGroup] = field(default_factory=dict)
    functions: Mapping[Arn, str] = field(default_factory=dict)

    def function_of(self, group: str) -> str:
        """The function that is registered at a target group; its own name where nobody knows, or that is no key."""
        names = (self.functions.get(arn, "") for arn, each in self.target_groups.items() if each.name == group)
        return next((name for name in names if re.fullmatch(_KEY, name)), group)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A rule that rollout can take over: one path, methods if need be, one target group or two.

    Attributes:
        methods: In capitals; any method if empty.
        target_group: Where its requests go, or most of them, by name.
        candidate: Where the others go already.
        weight: How many these are.
        kept_for: How long clients stay with either.
    """

    listener: Listener
    priority: int
    path: str
    methods: tuple[str, ...]
    target_group: str
    target_type: TargetType
    candidate: str | None = None
    weight: Percent = ZERO
    kept_for: timedelta | None = None

    def __str__(self) -> str:
        return " ".join(filter(None, ("|".join(self.methods), self.path)))


@dataclass(frozen=True, slots=True)
class Unfit:
    """A rule that rollout can't take over, and why."""

    listener: Listener
    rule: LiveRule
    why: str

    def __str__(self) -> str:
        return f"{self.listener}, priority {self.rule.priority}, {self.rule.conditions}: {self.why}"


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
            yield Unfit(each.listener, rule, f"it forwards to {rule.forward}, and other rules have that one as legacy")
        else:
            yield each


def _each(listeners: Iterable[Listener], groups: Mapping[Arn, LiveTargetGroup]) -> Iterator[Endpoint | Unfit]:
    for listener in listeners:
        seen: dict[tuple[str, frozenset[str]], int] = {}
        for rule in sorted(listener.rules, key=lambda rule: rule.priority):
            judged = _judged(listener, rule, groups)
            if isinstance(judged, Endpoint):
                first = seen.setdefault((judged.path, frozenset(judged.methods)), judged.priority)
                if first != judged.priority:
                    judged = Unfit(listener, rule, f"priority {first} takes the same requests before it")
            yield judged


def _judged(listener: Listener, rule: LiveRule, groups: Mapping[Arn, LiveTargetGroup]) -> Endpoint | Unfit:
    if why := _against(rule):
        return Unfit(listener, rule, why)
    forward = rule.forward or ForwardAction({})
    most, *others = sorted(forward.weights, key=lambda arn: -forward.weights[arn])
    group = groups.get(most)
    if group is None or group.target_type not in ("lambda", "ip", "instance"):
        return Unfit(listener, rule, "its target group can't be read")
    (path,), methods = rule.paths, tuple(sorted(rule.methods))
    found = Endpoint(listener, rule.priority, path, methods, group.name, group.target_type)  # type: ignore[arg-type] # just checked
    if not others:
        return found
    candidate, split = groups.get(others[0]), split_of(forward, most, others[0])
    if candidate is None or candidate.target_type != "lambda" or split is None:
        return Unfit(listener, rule, f"it forwards to {forward} already, and a candidate is of type lambda")
    return replace(found, candidate=candidate.name, weight=split.weight, kept_for=forward.stickiness)


_PATH: TypeAdapter[Any] = TypeAdapter(PathPattern)
_METHODS: TypeAdapter[Any] = TypeAdapter(Methods)


def _against(rule: LiveRule) -> str | None:
    if rule.further:
        return f"it has a condition that a route can't have, {rule.further[0]}"
    if len(rule.paths) != 1:
        return f"it has {count_of(len(rule.paths), 'path') if rule.paths else 'no paths'}; a route has one"
    try:
        _PATH.validate_python(next(iter(rule.paths)))
        _METHODS.validate_python(tuple(sorted(rule.methods)))
    except ValidationError:
        return "its path doesn't start with /, or a method isn't in capitals"
    if rule.forward is None:
        return f"it doesn't forward alone: {rule.action}"
    if len(rule.forward.weights) > 2:  # noqa: PLR2004 - legacy's and the candidate's
        return f"it forwards to {count_of(len(rule.forward.weights), 'target group')} already; a route has two"
    return None
