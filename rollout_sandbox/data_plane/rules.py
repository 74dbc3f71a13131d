"""A listener's rules as they are at one moment: compiled from moto's store, and never changed afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from random import Random
from typing import Any

from moto.elbv2.models import ELBv2Backend, FakeListener, FakeLoadBalancer, FakeRule, FakeTargetGroup

from rollout_sandbox.data_plane.access_log import NONE
from rollout_sandbox.data_plane.addresses import on_this_machine
from rollout_sandbox.data_plane.entrance import Step
from rollout_sandbox.data_plane.logins import Login
from rollout_sandbox.data_plane.matching import Condition, Request, condition
from rollout_sandbox.data_plane.relay import Server
from rollout_sandbox.data_plane.rewrites import Rewrite, rewrites_of
from rollout_sandbox.data_plane.steps import step_of
from rollout_sandbox.data_plane.targets import Target, function_of

_NO_LIMIT = timedelta(days=1)
_PATIENCE = 60


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group.

    Attributes:
        arn: Its ARN.
        name: Its name.
        dimension: What CloudWatch knows it by.
        target: The registered one, if any is.
        servers: Those that are addresses of this machine, which answer themselves.
        is_lambda: Whether that is a function.
        multi_value: Whether headers and query parameters are lists.
        address: The registered target's and its port; none for a function.
    """

    arn: str
    name: str
    dimension: str
    target: Target | None
    servers: tuple[Server, ...]
    is_lambda: bool
    multi_value: bool
    address: str = NONE


@dataclass(frozen=True, slots=True)
class Forward:
    """A forward action: groups by weight, and for how long a client stays with one."""

    groups: tuple[TargetGroup, ...]
    bounds: tuple[int, ...]
    stickiness: timedelta | None

    def choose(self, random: Random) -> TargetGroup:
        """A group by weight."""
        if len(self.groups) == 1:
            return self.groups[0]
        point = random.random() * self.bounds[-1]
        return next(group for group, bound in zip(self.groups, self.bounds, strict=True) if point < bound)


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect action, its texts with their `#{placeholders}`."""

    status: int
    protocol: str
    host: str
    port: str
    path: str
    query: str


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """A fixed-response action."""

    status: int
    content_type: str
    body: str


Action = Forward | Redirect | FixedResponse


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: whom it is for, what comes before its action, and that.

    Attributes:
        conditions: All of them hold for a request that it takes.
        steps: Who isn't turned away by one goes on.
        rewrites: How a target sees the request.
        action: What is done.
        priority: 0 for the default rule.
    """

    conditions: tuple[Condition, ...]
    steps: tuple[Step, ...]
    rewrites: tuple[Rewrite, ...]
    action: Action
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """A listener at one moment, the default rule last.

    Attributes:
        protocol: `http` or `https`.
        port: The listener's.
        balancer: What CloudWatch knows its load balancer by.
        rules: In the order of their priorities.
        patience: How long a target may stay silent.
        certificate: The listener's default one.
    """

    protocol: str
    port: int
    balancer: str
    rules: tuple[Rule, ...]
    patience: timedelta
    certificate: str = NONE

    def rule_for(self, request: Request) -> Rule:
        """The first rule whose conditions all hold."""
        return next(rule for rule in self.rules if all(holds(request) for holds in rule.conditions))

    @property
    def logins(self) -> list[Login]:
        """All that its rules ask for."""
        return [step for rule in self.rules for step in rule.steps if isinstance(step, Login)]


def compiled(backend: ELBv2Backend, balancer: FakeLoadBalancer, listener: FakeListener) -> Rules:
    """A listener as moto has it now; called in turn with moto's changes."""
    groups: dict[str, TargetGroup] = {}

    def group_of(arn: str) -> TargetGroup:
        if arn not in groups:
            groups[arn] = _group(backend.target_groups[arn])
        return groups[arn]

    def action_of(rule: FakeRule) -> Action:
        said = _in_order(rule)[-1]
        match said["Type"]:
            case "forward":
                return _forward(said["ForwardConfig"], group_of)
            case "redirect":
                return _redirect(said["RedirectConfig"])
            case "fixed-response":
                fixed = said["FixedResponseConfig"]
                kind, body = fixed.get("ContentType", "text/plain"), fixed.get("MessageBody", "")
                return FixedResponse(int(fixed["StatusCode"]), kind, body)
            case other:
                return FixedResponse(
                    501, "text/plain", f"the sandbox's load balancers don't support the action {other}"
                )

    ordered = sorted(
        listener.rules.values(), key=lambda rule: (rule.is_default, 0 if rule.is_default else rule.priority)
    )
    return Rules(
        listener.protocol.lower(),
        int(listener.port),
        balancer.arn.partition(":loadbalancer/")[2],
        tuple(
            Rule(
                tuple(map(condition, rule.conditions)),
                tuple(step_of(action, backend.region_name) for action in _in_order(rule)[:-1]),
                rewrites_of(getattr(rule, "transforms", ())),
                action_of(rule),
                0 if rule.is_default else int(rule.priority),
            )
            for rule in ordered
        ),
        timedelta(seconds=int(balancer.attrs.get("idle_timeout.timeout_seconds", _PATIENCE))),
        listener.certificate or NONE,
    )


def _in_order(rule: FakeRule) -> list[dict[str, Any]]:
    return sorted((action.data for action in rule.actions), key=lambda action: int(action.get("Order", 1)))


def _forward(config: Mapping[str, Any], group_of: Any) -> Forward:
    sticky = config["TargetGroupStickinessConfig"]
    return Forward(
        tuple(group_of(group["TargetGroupArn"]) for group in config["TargetGroups"]),
        tuple(accumulate(int(group["Weight"]) for group in config["TargetGroups"])),
        timedelta(seconds=int(sticky["DurationSeconds"])) if sticky["Enabled"] else None,
    )


def _redirect(config: Mapping[str, Any]) -> Redirect:
    return Redirect(
        int(config["StatusCode"].removeprefix("HTTP_")),
        config.get("Protocol", "#{protocol}"),
        config.get("Host", "#{host}"),
        config.get("Port", "#{port}"),
        config.get("Path", "/#{path}"),
        config.get("Query", "#{query}"),
    )


def _group(group: FakeTargetGroup) -> TargetGroup:
    registered = next(iter(group.targets), None)
    is_lambda = group.target_type == "lambda"
    target = None
    if registered is not None:
        target = function_of(registered, group.arn) if is_lambda else _server(group)
    return TargetGroup(
        group.arn,
        group.name,
        group.arn.rpartition(":")[2],
        target,
        tuple(_servers(group)),
        is_lambda=is_lambda,
        multi_value=group.attributes.get("lambda.multi_value_headers.enabled") == "true",
        address=NONE if is_lambda or registered is None else "{Id}:{Port}".format(**group.targets[registered]),
    )


def _servers(group: FakeTargetGroup) -> Iterator[Server]:
    for target in group.targets.values():
        if on_this_machine(target["Id"]):
            yield Server(f"{(group.protocol or 'http').lower()}://{target['Id']}:{target['Port']}")


def _server(group: FakeTargetGroup) -> Target:
    _, _, _, region, account, _ = group.arn.split(":")
    return Target(group.name, group.arn, account, region, _NO_LIMIT, reserved=None, permitted=True)
