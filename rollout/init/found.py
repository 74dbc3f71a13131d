"""What an account has that could be moved: of each listener rule, whether rollout can take it over or why not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from rollout.fields import Methods, PathPattern
from rollout.formatting import count_of
from rollout.live import LiveRule, LiveTargetGroup
from rollout.model import Arn

TargetType = Literal["lambda", "ip", "instance"]


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
    """

    account: str
    region: str
    listeners: tuple[Listener, ...] = ()
    target_groups: Mapping[Arn, LiveTargetGroup] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A rule that rollout can take over: one path, methods if need be, one target group.

    Attributes:
        methods: In capitals; any method if empty.
        target_group: Where its requests go, by name.
    """

    listener: Listener
    priority: int
    path: str
    methods: tuple[str, ...]
    target_group: str
    target_type: TargetType

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
    group = groups.get(next(iter(rule.forward.weights))) if rule.forward else None
    if group is None or group.target_type not in ("lambda", "ip", "instance"):
        return Unfit(listener, rule, "its target group can't be read")
    (path,), methods = rule.paths, tuple(sorted(rule.methods))
    return Endpoint(listener, rule.priority, path, methods, group.name, group.target_type)  # type: ignore[arg-type] # just checked


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
    if len(rule.forward.weights) != 1:
        return f"it forwards to {count_of(len(rule.forward.weights), 'target group')} already"
    return None
