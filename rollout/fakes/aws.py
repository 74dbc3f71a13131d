"""An account's load balancers in memory: what all clients of one test share, and what somebody changes by hand.

It refuses what Elastic Load Balancing refuses, in its own words. Each method is one call of the API and atomic; clients
may come from several threads. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import wraps
from threading import RLock
from typing import Any, ParamSpec, TypeVar, cast

from rollout.alb.conditions import Condition, for_endpoint
from rollout.alb.state import DEFAULT_PRIORITY, LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction, forward_of, group_name
from rollout.errors import AwsError
from rollout.fakes.calls import ApiCall
from rollout.inventory.model import LEGACY_ONLY, Arn, Environment, KeptRoute, Route, Split
from rollout.migration.checks.inspection import DEFAULT_LIMITS

P = ParamSpec("P")
T = TypeVar("T")
REGISTERED_IP = "10.20.1.10"


def refusal(action: str, code: str, message: str, where: str | None = None) -> AwsError:
    """An answer of AWS's that is an error, as the adapters put it."""
    return AwsError(f"{action}: {code}: {message}", where=where)


def policy_for(*groups: Arn) -> str:
    """A function's resource policy that lets target groups invoke it, as JSON."""
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"Service": "elasticloadbalancing.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Condition": {"ArnLike": {"AWS:SourceArn": group}},
        }
        for group in groups
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener of a load balancer."""

    arn: Arn
    load_balancer: Arn
    port: int


def _atomic(method: Callable[P, T]) -> Callable[P, T]:
    @wraps(method)
    def alone(*args: P.args, **kwargs: P.kwargs) -> T:
        with cast("InMemoryAws", args[0]).lock:
            return method(*args, **kwargs)

    return alone


@dataclass
class InMemoryAws:
    """One account in one region.

    Attributes:
        account: Twelve digits.
        load_balancers: ARNs by name.
        listeners: By ARN.
        rules: By ARN, default rules too.
        target_groups: By ARN; which load balancers use one follows from the rules.
        targets: The ids of registered targets, by target group.
        policies: Functions' resource policies as JSON, by function.
        limits: The account's quotas, by AWS's names.
        resources: All else that stacks made, by Pulumi type and id: functions, roles, log groups, alarms, …
        log: Every call that changed something, whoever made it.
        lock: Held during each call.
    """

    account: str = "123456789012"
    region: str = "us-west-2"
    load_balancers: dict[str, Arn] = field(default_factory=dict)
    listeners: dict[Arn, Listener] = field(default_factory=dict)
    rules: dict[Arn, LiveRule] = field(default_factory=dict)
    target_groups: dict[Arn, LiveTargetGroup] = field(default_factory=dict)
    targets: dict[Arn, tuple[str, ...]] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=lambda: dict(DEFAULT_LIMITS))
    resources: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    log: list[ApiCall] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock, repr=False)
    _last_id: int = 0

    @classmethod
    def landscape(cls, environment: Environment) -> InMemoryAws:
        """What is there before the legacy rules are: load balancers that answer 404, and groups of addresses."""
        aws = cls(environment.account, environment.region)
        for key, balancer in environment.load_balancers.items():
            aws.create_load_balancer(balancer.name or key, balancer.listener_port)
        for kept in environment.kept_routes.values():
            if kept.target_type != "lambda" and aws.group_named(kept.legacy) is None:
                aws.register_targets(aws.create_target_group(kept.legacy, kept.target_type), REGISTERED_IP)
        return aws

    @classmethod
    def serving(cls, environment: Environment, split: Split = LEGACY_ONLY) -> InMemoryAws:
        """All that an inventory names: each entry's rule, dual routes divided so, and groups that can answer.

        No stack made any of it; `World` has those.
        """
        aws = cls.landscape(environment)
        listeners = {key: aws.listener_of(balancer.name or key) for key, balancer in environment.load_balancers.items()}
        places: dict[tuple[str, int], Route | KeptRoute] = {}
        entries: list[Route | KeptRoute] = [*environment.routes.values(), *environment.kept_routes.values()]
        for entry in entries:
            places.setdefault((entry.load_balancer, entry.priority), entry)

        def group(name: str) -> Arn:
            found = aws.group_named(name)
            return found.arn if found else aws.create_answering_group(name)

        for (balancer, priority), entry in places.items():
            if isinstance(entry, Route):
                asks = for_endpoint(entry.path, entry.methods)
                legacy, candidate = group(entry.legacy), group(entry.candidate)
                forward = forward_of(split, legacy, candidate, environment.stickiness.kept_for)
            else:
                asks, forward = (
                    for_endpoint(entry.rule_path, entry.rule_methods),
                    ForwardAction({group(entry.legacy): 1}),
                )
            aws.create_rule(listeners[balancer], priority, asks, forward)
        return aws

    @_atomic
    def copy(self) -> InMemoryAws:
        """Another account that is like this one now, and goes its own way from here."""
        return InMemoryAws(**{name: deepcopy(value) for name, value in vars(self).items() if name != "lock"})

    @_atomic
    def create_load_balancer(self, name: str, port: int) -> Arn:
        """A load balancer with one listener that answers 404; the listener's ARN."""
        if name in self.load_balancers:
            raise refusal("CreateLoadBalancer", "DuplicateLoadBalancerName", f"{name} already exists")
        balancer = self._arn(f"loadbalancer/app/{name}/{self._id()}")
        self.load_balancers[name] = balancer
        return self.create_listener(balancer, port)

    @_atomic
    def create_listener(self, load_balancer: Arn, port: int) -> Arn:
        """Another listener, which answers 404."""
        place = load_balancer.partition(":loadbalancer/")[2]
        listener = self._arn(f"listener/{place}/{self._id()}")
        self.listeners[listener] = Listener(listener, load_balancer, port)
        default = self._rule_arn(listener)
        self.rules[default] = LiveRule(default, listener, DEFAULT_PRIORITY, action="fixed-response 404")
        return listener

    @_atomic
    def create_target_group(self, name: str, target_type: str = "lambda") -> Arn:
        """A target group without targets."""
        if self.group_named(name):
            raise refusal(
                "CreateTargetGroup", "DuplicateTargetGroupName", f"A target group with the name '{name}' exists"
            )
        arn = self._arn(f"targetgroup/{name}/{self._id()}")
        self.record("CreateTargetGroup", arn)
        self.target_groups[arn] = LiveTargetGroup(arn, name, target_type)
        return arn

    @_atomic
    def create_function(self, name: str, *lets_in: Arn) -> str:
        """A function that lets target groups invoke it; its ARN."""
        function = f"arn:aws:lambda:{self.region}:{self.account}:function:{name}"
        self.record("CreateFunction", name)
        self.policies[function] = policy_for(*lets_in)
        return function

    @_atomic
    def create_answering_group(self, name: str) -> Arn:
        """A target group of type lambda, with a function of the same name in it."""
        group = self.create_target_group(name)
        self.register_targets(group, self.create_function(name, group))
        return group

    @_atomic
    def delete_target_group(self, group: Arn) -> None:
        """Delete a target group that no rule forwards to."""
        if self.balancers_of(group):
            raise refusal(
                "DeleteTargetGroup",
                "ResourceInUse",
                f"Target group '{group}' is currently in use by a listener or a rule",
            )
        self.record("DeleteTargetGroup", group)
        self.target_groups.pop(group, None)
        self.targets.pop(group, None)

    @_atomic
    def register_targets(self, group: Arn, *ids: str) -> None:
        """Register targets by their ids: a function's ARN, an address, an instance."""
        self._known_group(group, "RegisterTargets")
        self.record("RegisterTargets", group)
        self.targets[group] = tuple(dict.fromkeys((*self.targets.get(group, ()), *ids)))

    @_atomic
    def deregister_targets(self, group: Arn, *ids: str) -> None:
        """Take targets out of a group."""
        self._known_group(group, "DeregisterTargets")
        self.record("DeregisterTargets", group)
        self.targets[group] = tuple(target for target in self.targets.get(group, ()) if target not in ids)

    @_atomic
    def create_rule(
        self,
        listener: Arn,
        priority: int,
        asks: Sequence[Condition],
        forward: ForwardAction | None,
        *,
        action: str = "forward",
        tags: Mapping[str, str] | None = None,
    ) -> Arn:
        """A rule, at a priority that is free.

        Args:
            listener: Its listener.
            priority: 1 to 50000.
            asks: Its conditions.
            forward: Its forward action; None for one that does something else.
            action: What it does instead, in words.
            tags: Its tags.
        """
        if listener not in self.listeners:
            raise refusal("CreateRule", "ListenerNotFound", "One or more listeners not found", listener)
        self._free(listener, priority, "CreateRule")
        self._forwardable(listener, forward, "CreateRule")
        arn = self._rule_arn(listener)
        self.record("CreateRule", arn)
        self.rules[arn] = LiveRule(arn, listener, priority, tuple(asks), forward, action, dict(tags or {}))
        return arn

    @_atomic
    def modify_rule(
        self,
        rule: Arn,
        *,
        forward: ForwardAction | None = None,
        asks: Sequence[Condition] | None = None,
        action: str | None = None,
    ) -> None:
        """Change what a rule does or asks; what isn't given stays.

        Args:
            rule: The rule.
            forward: Its new forward action.
            asks: Its new conditions.
            action: What it does instead of forwarding, in words.
        """
        was = self._known_rule(rule, "ModifyRule")
        self._forwardable(was.listener, forward, "ModifyRule", rule)
        now = replace(was, asks=was.asks if asks is None else tuple(asks))
        if forward is not None or action is not None:
            now = replace(now, forward=forward, action=action or "forward")
        self.record("ModifyRule", rule)
        self.rules[rule] = now

    @_atomic
    def set_rule_priority(self, rule: Arn, priority: int) -> None:
        """Renumber a rule; its ARN stays."""
        was = self._known_rule(rule, "SetRulePriorities")
        if was.priority != priority:
            self._free(was.listener, priority, "SetRulePriorities")
            self.record("SetRulePriorities", rule)
            self.rules[rule] = replace(was, priority=priority)

    @_atomic
    def delete_rule(self, rule: Arn) -> None:
        """Delete a rule."""
        self._known_rule(rule, "DeleteRule")
        self.record("DeleteRule", rule)
        del self.rules[rule]

    @_atomic
    def set_tags(self, rule: Arn, tags: Mapping[str, str]) -> None:
        """Give a rule these tags and no others."""
        self.rules[rule] = replace(self._known_rule(rule, "AddTags"), tags=dict(tags))
        self.record("AddTags", rule)

    @_atomic
    def add_tag(self, rules: Sequence[Arn], key: str, value: str) -> None:
        """Give rules a tag, leaving their others alone."""
        for rule in rules:
            self._known_rule(rule, "AddTags")
        for rule in rules:
            self.rules[rule] = replace(self.rules[rule], tags={**self.rules[rule].tags, key: value})

    @_atomic
    def remove_tag(self, rules: Sequence[Arn], key: str) -> None:
        """Take a tag off rules."""
        for rule in rules:
            self._known_rule(rule, "RemoveTags")
        for rule in rules:
            tags = {name: value for name, value in self.rules[rule].tags.items() if name != key}
            self.rules[rule] = replace(self.rules[rule], tags=tags)

    @_atomic
    def rules_of(self, listener: Arn) -> tuple[LiveRule, ...]:
        """A listener's rules, the default one last, with their tags."""
        if listener not in self.listeners:
            raise refusal("DescribeRules", "ListenerNotFound", "One or more listeners not found", listener)
        found = (rule for rule in self.rules.values() if rule.listener == listener)
        return tuple(sorted(found, key=lambda rule: rule.priority))

    @_atomic
    def listener_of(self, load_balancer: str) -> Arn:
        """The first listener of a load balancer, by the latter's name."""
        balancer = self.load_balancers[load_balancer]
        return next(listener.arn for listener in self.listeners.values() if listener.load_balancer == balancer)

    @_atomic
    def rule_at(self, load_balancer: str, priority: int) -> LiveRule | None:
        """The rule at a priority of any of a load balancer's listeners."""
        arn = self.load_balancers[load_balancer]
        listeners = {listener.arn for listener in self.listeners.values() if listener.load_balancer == arn}
        return next((r for r in self.rules.values() if r.listener in listeners and r.priority == priority), None)

    @_atomic
    def group_named(self, name: str) -> LiveTargetGroup | None:
        """A target group as DescribeTargetGroups gives it; None where there is none of that name."""
        found = next((group for group in self.target_groups.values() if group.name == name), None)
        return replace(found, load_balancers=self.balancers_of(found.arn)) if found else None

    @_atomic
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

    def _forwardable(self, listener: Arn, forward: ForwardAction | None, action: str, where: Arn | None = None) -> None:
        balancer = self.listeners[listener].load_balancer
        for group in forward.weights if forward else ():
            self._known_group(group, action, where)
            if set(self.balancers_of(group)) - {balancer}:
                raise refusal(
                    action,
                    "TargetGroupAssociationLimit",
                    f"The target group '{group_name(group)}' is associated with another load balancer",
                    where,
                )
