"""What an inventory's routes are asked for: one endpoint for each route, kept ones too, and method.

Who answers today is told by the target groups as they are on the load balancer, not by the programs that made them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from rollout.model import Environment, KeptRoute, LoadBalancer, Route
from rollout.sandbox.load.answers import Endpoint

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
        group: function.name or key
        for key, function in environment.functions.items()
        for groups in function.target_groups.values()
        for group in groups
    }

    def address(balancer: LoadBalancer) -> tuple[str, str]:
        name = balancer.name or (balancer.arn or "").split("/")[-2]
        return name, sandbox.url(account, region, name, balancer.listener_port)

    addresses = {key: address(balancer) for key, balancer in environment.load_balancers.items()}
    routes: dict[str, Route | KeptRoute] = {**environment.routes, **environment.kept_routes}
    return tuple(
        Endpoint(
            name,
            *addresses[route.load_balancer],
            method,
            route.path,
            _target(elb, route.legacy),
            candidates[route.candidate] if isinstance(route, Route) else None,
        )
        for name, route in routes.items()
        for method in route.methods or ("GET",)
    )


def _target(elb: ElasticLoadBalancingv2Client, group: str) -> str:
    """Who answers for a target group: its function's name, or its own where it has targets of another type."""
    arn = elb.describe_target_groups(Names=[group])["TargetGroups"][0]["TargetGroupArn"]
    target = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"][0]["Target"]["Id"]
    return target.split(":")[6] if ":function:" in target else group
