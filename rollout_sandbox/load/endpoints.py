"""The requests for an inventory's routes: one endpoint per route, including kept ones, and method.

Who answers today is told by the target groups as they are on the load balancer, not by the programs that made them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from rollout.adapters.aws.alb import live_rule
from rollout.alb.state import LiveRule
from rollout.alb.weights import group_name
from rollout.inventory.conditions import ConditionField, Conditions, for_endpoint, values_of
from rollout.inventory.matching import overlap, shared_request
from rollout.inventory.model import Arn, Environment, KeptRoute, LoadBalancer, Route
from rollout_sandbox.load.answers import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client


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
        group: function.name or key for key, function in environment.functions.items() for group in function.groups
    }
    theirs = {route.candidate for route in environment.routes.values() if not route.is_built}
    candidates |= {group: _target(elb, group) for group in theirs}

    def address(balancer: LoadBalancer) -> tuple[str, str]:
        name = balancer.name or (balancer.arn or "").split("/")[-2]
        return name, sandbox.url(account, region, name, balancer.listener_port)

    addresses = {key: address(balancer) for key, balancer in environment.load_balancers.items()}
    ruled = {key: _rules(elb, addresses[key][0], one.listener_port) for key, one in environment.load_balancers.items()}
    found = []
    routes: dict[str, Route | KeptRoute] = {**environment.routes, **environment.kept_routes}
    for name, route in routes.items():
        rules = ruled[route.load_balancer]
        asks = next((rule.asks for rule in rules if rule.priority == route.priority), route.conditions or ())
        before = [rule for rule in rules if rule.priority < route.priority]
        for path in values_of(asks, ConditionField.PATH):
            for method in values_of(asks, ConditionField.METHOD) or ("GET",):
                one = _narrowed(asks, path, method)
                if (request := shared_request(one)) is None:
                    continue
                found.append(
                    Endpoint(
                        name,
                        *addresses[route.load_balancer],
                        method,
                        path,
                        _target(elb, route.legacy),
                        candidates[route.candidate] if isinstance(route, Route) else None,
                        _others(elb, before, one),
                        urlencode(request.query),
                        ((("Host", request.host),) if request.host else ()) + request.headers,
                    )
                )
    return tuple(found)


def _narrowed(asks: Conditions, path: str, method: str) -> Conditions:
    """What a rule asks, with one path and one method of it."""
    others = (c for c in asks if c.field not in (ConditionField.PATH, ConditionField.METHOD))
    return (*for_endpoint(path, (method,)), *others)


def _rules(elb: ElasticLoadBalancingv2Client, balancer: str, port: int) -> list[LiveRule]:
    """A listener's rules, without the default one."""
    arn = elb.describe_load_balancers(Names=[balancer])["LoadBalancers"][0]["LoadBalancerArn"]
    listeners = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    listener = Arn(next(each["ListenerArn"] for each in listeners if each["Port"] == port))
    pages = elb.get_paginator("describe_rules").paginate(ListenerArn=listener)
    return [live_rule(listener, rule) for page in pages for rule in page["Rules"] if not rule["IsDefault"]]


def _others(elb: ElasticLoadBalancingv2Client, before: Sequence[LiveRule], asked: Conditions) -> frozenset[str]:
    """Who answers for the rules before a route's own that may take its requests."""
    forwards = [rule.forward for rule in before if overlap(asked, rule.asks)]
    names = ([group_name(arn) for arn in forward.weights] if forward else [] for forward in forwards)
    return frozenset(chain.from_iterable([_target(elb, name) for name in each] or [""] for each in names))


def _target(elb: ElasticLoadBalancingv2Client, group: str) -> str:
    """Who answers for a target group: its function's name, or its own where it has targets of another type."""
    arn = elb.describe_target_groups(Names=[group])["TargetGroups"][0]["TargetGroupArn"]
    there = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    target = there[0]["Target"]["Id"] if there else group
    return target.split(":")[6] if ":function:" in target else group
