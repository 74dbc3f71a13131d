"""The requests for an inventory's routes: one endpoint per route, including kept ones, and method.

Who answers today is told by the target groups as they are on the load balancer, not by the programs that made them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from rollout.alb.forms import AWS
from rollout.alb.weights import group_name
from rollout.inventory.conditions import Condition, ConditionField, Conditions, values_of
from rollout.inventory.matching import overlap
from rollout.inventory.model import Environment, KeptRoute, LoadBalancer, Route
from rollout_sandbox.load.answers import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import RuleTypeDef


class Reachable(Protocol):
    """A sandbox, in this process or in another."""

    def client(self, service: str, account: str, region: str) -> Any:
        """A boto3 client on it."""
        ...

    def url(self, account: str, region: str, load_balancer: str, port: int) -> str:
        """Where a load balancer's listener answers."""
        ...


def endpoints_of(environment: Environment, sandbox: Reachable) -> tuple[Endpoint, ...]:
    """What to ask for, so that each route of an environment gets requests.

    Args:
        environment: The inventory; its legacy target groups are there and have a target each.
        sandbox: Where they are.
    """
    account, region = environment.account, environment.region
    elb: ElasticLoadBalancingv2Client = sandbox.client("elbv2", account, region)
    candidates = {
        group: function.name or key
        for key, function in environment.functions.items()
        for groups in function.target_groups.values()
        for group in groups
    }
    theirs = {route.candidate for route in environment.routes.values() if not route.is_built}
    candidates |= {group: _target(elb, group) for group in theirs}

    def address(balancer: LoadBalancer) -> tuple[str, str]:
        name = balancer.name or (balancer.arn or "").split("/")[-2]
        return name, sandbox.url(account, region, name, balancer.listener_port)

    addresses = {key: address(balancer) for key, balancer in environment.load_balancers.items()}
    ruled = {key: _rules(elb, addresses[key][0], one.listener_port) for key, one in environment.load_balancers.items()}
    routes: dict[str, Route | KeptRoute] = {**environment.routes, **environment.kept_routes}
    return tuple(
        Endpoint(
            name,
            *addresses[route.load_balancer],
            method,
            path,
            _target(elb, route.legacy),
            candidates[route.candidate] if isinstance(route, Route) else None,
            _others(
                elb,
                ruled[route.load_balancer],
                {route.legacy, route.candidate} if isinstance(route, Route) else {route.legacy},
                _asked((path,), (method,)),
            ),
        )
        for name, route in routes.items()
        for path in values_of(route.conditions or (), ConditionField.PATH)
        for method in values_of(route.conditions or (), ConditionField.METHOD) or ("GET",)
    )


def _asked(paths: tuple[str, ...], methods: tuple[str, ...]) -> Conditions:
    named = (Condition(ConditionField.METHOD, methods),) if methods else ()
    return (*named, Condition(ConditionField.PATH, paths))


def _rules(elb: ElasticLoadBalancingv2Client, balancer: str, port: int) -> list[RuleTypeDef]:
    """A listener's rules by precedence, without the default one."""
    arn = elb.describe_load_balancers(Names=[balancer])["LoadBalancers"][0]["LoadBalancerArn"]
    listeners = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    listener = next(each["ListenerArn"] for each in listeners if each["Port"] == port)
    pages = elb.get_paginator("describe_rules").paginate(ListenerArn=listener)
    rules = [rule for page in pages for rule in page["Rules"] if not rule["IsDefault"]]
    return sorted(rules, key=lambda rule: int(rule["Priority"]))


def _others(
    elb: ElasticLoadBalancingv2Client, rules: Sequence[RuleTypeDef], own: set[str], asked: Conditions
) -> frozenset[str]:
    """Who answers for the rules before the one that forwards to a route's own groups, and may take its requests."""
    found: set[str] = set()
    for rule in rules:
        paths, methods = _values(rule, "path-pattern") or ("*",), _values(rule, "http-request-method")
        forwarded = _groups(rule)
        if not overlap(asked, _asked(paths, methods)):
            continue
        if own.intersection(forwarded):
            break
        found.update({_target(elb, name) for name in forwarded} or {""})
    return frozenset(found)


def _values(rule: RuleTypeDef, field: str) -> tuple[str, ...]:
    config = {"path-pattern": "PathPatternConfig", "http-request-method": "HttpRequestMethodConfig"}[field]
    found: list[dict[str, Any]] = [dict(each) for each in rule["Conditions"] if each.get("Field") == field]
    return tuple(value for each in found for value in each.get(config, {}).get("Values") or each.get("Values") or ())


def _groups(rule: RuleTypeDef) -> tuple[str, ...]:
    """The names of the target groups that a rule forwards to."""
    forwards = [forward for action in rule["Actions"] if (forward := AWS.read(action))]
    return tuple(group_name(arn) for forward in forwards for arn in forward.weights)


def _target(elb: ElasticLoadBalancingv2Client, group: str) -> str:
    """Who answers for a target group: its function's name, or its own where it has targets of another type."""
    arn = elb.describe_target_groups(Names=[group])["TargetGroups"][0]["TargetGroupArn"]
    there = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    target = there[0]["Target"]["Id"] if there else group
    return target.split(":")[6] if ":function:" in target else group
