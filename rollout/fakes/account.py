"""An account in memory, and how it is read; `aws` has the calls that change it.

It refuses what Elastic Load Balancing refuses, in its own words. Each method is one call of the API and atomic; clients
may come from several threads. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import wraps
from threading import RLock
from typing import Any, ParamSpec, Self, TypeVar, cast

from rollout.alb.state import LiveRule, LiveTargetGroup
from rollout.errors import AwsError
from rollout.fakes.calls import ApiCall
from rollout.inventory.model import Arn
from rollout.inventory.quotas import DEFAULT_LIMITS

P = ParamSpec("P")
T = TypeVar("T")


def refusal(action: str, code: str, message: str, where: str | None = None) -> AwsError:
    """An answer of AWS's that is an error, as the adapters put it."""
    return AwsError(f"{action}: {code}: {message}", where=where)


@dataclass(frozen=True, slots=True)
class InMemoryListener:
    """A listener of a load balancer."""

    arn: Arn
    load_balancer: Arn
    port: int


def atomic(method: Callable[P, T]) -> Callable[P, T]:
    """A method that nothing else of the account happens during."""

    @wraps(method)
    def alone(*args: P.args, **kwargs: P.kwargs) -> T:
        with cast("InMemoryAccount", args[0]).lock:
            return method(*args, **kwargs)

    return alone


@dataclass
class InMemoryAccount:
    """One account in one region.

    Attributes:
        account: Twelve digits.
        load_balancers: ARNs by name.
        listeners: By ARN.
        rules: By ARN, default rules too.
        target_groups: By ARN; which load balancers use one follows from the rules.
        targets: The ids of registered targets, by target group.
        health: What AWS says of targets that aren't functions, by id; those that aren't in it are healthy.
        attributes: What was set of target groups' attributes, by AWS's keys.
        vpc: Where the load balancers are.
        policies: Functions' resource policies as JSON, by function.
        limits: The account's quotas, by AWS's names.
        resources: All else that stacks made, by Pulumi type and id: functions, roles, log groups, alarms, …
        log: Every call that changed something.
        lock: Locked during each call.
    """

    account: str = "123456789012"
    region: str = "us-west-2"
    load_balancers: dict[str, Arn] = field(default_factory=dict)
    listeners: dict[Arn, InMemoryListener] = field(default_factory=dict)
    rules: dict[Arn, LiveRule] = field(default_factory=dict)
    target_groups: dict[Arn, LiveTargetGroup] = field(default_factory=dict)
    targets: dict[Arn, tuple[str, ...]] = field(default_factory=dict)
    health: dict[str, str] = field(default_factory=dict)
    attributes: dict[Arn, dict[str, str]] = field(default_factory=dict)
    vpc: str = "vpc-1"
    policies: dict[str, str] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_LIMITS))
    resources: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    log: list[ApiCall] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock, repr=False)
    _last_id: int = 0

    @atomic
    def copy(self) -> Self:
        """Another account that is like this one now, and goes its own way from here."""
        return type(self)(**{name: deepcopy(value) for name, value in vars(self).items() if name != "lock"})

    @atomic
    def rules_of(self, listener: Arn) -> tuple[LiveRule, ...]:
        """A listener's rules, the default one last, with their tags."""
        if listener not in self.listeners:
            raise refusal("DescribeRules", "ListenerNotFound", "One or more listeners not found", listener)
        found = (rule for rule in self.rules.values() if rule.listener == listener)
        return tuple(sorted(found, key=lambda rule: rule.priority))

    @atomic
    def listener_of(self, load_balancer: str, port: int | None = None) -> Arn:
        """The listener of a load balancer on a port, or else its first one, by the load balancer's name."""
        own = [each for each in self.listeners.values() if each.load_balancer == self.load_balancers[load_balancer]]
        return next(each.arn for each in own if port in (None, each.port))

    @atomic
    def rule_at(self, load_balancer: str, priority: int) -> LiveRule | None:
        """The rule at a priority of any of a load balancer's listeners."""
        arn = self.load_balancers[load_balancer]
        listeners = {listener.arn for listener in self.listeners.values() if listener.load_balancer == arn}
        return next((r for r in self.rules.values() if r.listener in listeners and r.priority == priority), None)

    @atomic
    def group_named(self, name: str) -> LiveTargetGroup | None:
        """A target group as DescribeTargetGroups gives it; None where there is none of that name."""
        found = next((group for group in self.target_groups.values() if group.name == name), None)
        return replace(found, load_balancers=self.balancers_of(found.arn)) if found else None

    @atomic
    def balancers_of(self, group: Arn) -> tuple[Arn, ...]:
        """The load balancers of which a rule forwards to a target group."""
        listeners = {rule.listener for rule in self.rules.values() if rule.forward and group in rule.forward.weights}
        return tuple(sorted({self.listeners[listener].load_balancer for listener in listeners}))

    def record(self, action: str, resource: str) -> None:
        """Log a call."""
        self.log.append(ApiCall(action, resource))

    def _id(self) -> str:
        self._last_id += 1
        return f"{self._last_id:016x}"

    def _arn(self, resource: str) -> Arn:
        return Arn(f"arn:aws:elasticloadbalancing:{self.region}:{self.account}:{resource}")

    def _rule_arn(self, listener: Arn) -> Arn:
        return Arn(f"{listener.replace(':listener/', ':listener-rule/')}/{self._id()}")

    def _known_rule(self, rule: Arn, action: str) -> LiveRule:
        if rule not in self.rules:
            raise refusal(action, "RuleNotFound", "One or more rules not found", rule)
        return self.rules[rule]

    def _known_group(self, group: Arn, action: str, where: Arn | None = None) -> None:
        if group not in self.target_groups:
            raise refusal(action, "TargetGroupNotFound", f"Target groups '{group}' not found", where)

    def _free(self, listener: Arn, priority: int, action: str) -> None:
        if any(rule.listener == listener and rule.priority == priority for rule in self.rules.values()):
            raise refusal(action, "PriorityInUse", f"Priority '{priority}' is currently in use")
