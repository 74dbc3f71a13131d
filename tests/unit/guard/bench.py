"""A firing in memory: rules as AWS tells them, a table, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.fakes.clock import InMemoryClock
from rollout.fakes.guard import InMemoryGuard
from rollout.guard import firing, rules
from rollout.guard.alarm import AlarmEvent
from rollout.guard.config import GuardConfig, GuardedRoute
from rollout.guard.record import Firing
from rollout.guard.rules import Part
from tests.unit.guard.builders import config, event


def rule_json(route: GuardedRoute, legacy: int, candidate: int, **more: Any) -> dict[str, Any]:
    """A route's rule with weights, as DescribeRules gives it."""
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in _weights(route, legacy, candidate).items()]
    forward = {"TargetGroups": groups, "TargetGroupStickinessConfig": {"Enabled": True, "DurationSeconds": 60}}
    action = {"Type": "forward", "Order": 1, "ForwardConfig": forward}
    rule = {"RuleArn": route.rule, "Priority": "10", "Conditions": list(route.conditions), "Actions": [action]}
    return {**rule, "IsDefault": False, **more}


def _weights(route: GuardedRoute, legacy: int, candidate: int) -> Mapping[str, int]:
    return {route.legacy: legacy, route.candidate: candidate}


@dataclass
class InMemoryRules:
    """The firing's `Rules`."""

    known: dict[str, Part]
    calls: ApiCalls = field(default_factory=ApiCalls)

    def describe(self, arns: Sequence[str]) -> Mapping[str, Part]:
        return self.calls.make(
            ApiCall("DescribeRules"), lambda: {arn: self.known[arn] for arn in arns if arn in self.known}
        )

    def modify(self, arn: str, actions: Sequence[Part]) -> None:
        self.calls.make(
            ApiCall("ModifyRule", arn), lambda: self.known.update({arn: {**self.known[arn], "Actions": actions}})
        )


@dataclass
class FunctionClock:
    """The firing's `Clock`: a function's time runs with the world's."""

    world: InMemoryClock
    limit: timedelta
    began: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.world.utc

    def now(self) -> datetime:
        return self.world.utc

    def left(self) -> timedelta:
        return max(timedelta(), self.began + self.limit - self.world.utc)

    def sleep(self, seconds: float) -> None:
        self.world.sleep(seconds)


class Bench:
    """A guard at 90/10, and its alarms."""

    def __init__(self, given: GuardConfig | None = None) -> None:
        self.config = given or config()
        self.clock = InMemoryClock()
        self.limit = timedelta(minutes=5)
        self.table = InMemoryGuard(self.clock, installed=True)
        routes = self.config.routes.values()
        self.rules = InMemoryRules({route.rule: rule_json(route, 90, 10) for route in routes})
        self.told: list[tuple[str, str]] = []
        self.publish: Callable[[str, str, str], object] = lambda line, text, _: self.told.append((line, text))

    def fire(self, alarm: AlarmEvent | None = None) -> Firing:
        """An alarm goes off now."""
        return firing.handle(alarm or event(at=self.clock.utc), self.parts())

    def parts(self) -> firing.Parts:
        def together(call: Callable[[str], object], values: Sequence[str]) -> None:
            for value in values:
                call(value)

        clock = FunctionClock(self.clock, self.limit)
        return firing.Parts(self.config, self.rules, self.table, clock, "1", self.publish, together)

    def shares(self, *routes: str) -> list[tuple[int, int] | None]:
        """The weights of some routes, or of all."""
        some = (self.config.routes[name] for name in routes or self.config.routes)
        return [rules.shares_of(self.rules.known.get(route.rule), route) for route in some]
