"""Inventories whose functions have several routes, for what watches them by pools."""

from __future__ import annotations

from rollout.inventory.functions import Function
from rollout.inventory.model import Arn, Environment, Route
from rollout.programs.alarms.pools import Places
from tests.unit.builders import environment


def route(legacy: str, candidate: str, priority: int) -> Route:
    path = f"/{legacy}"
    return Route(load_balancer="public", path=path, priority=priority, legacy=legacy, candidate=candidate)


def shared(count: int, candidates: int = 1) -> Environment:
    """Routes with a legacy group each, which share their candidate groups."""
    routes = {f"r{n}": route(f"old-{n}", f"new-{n % candidates}", n + 1) for n in range(count)}
    # one more route joins the candidates' pools
    routes |= {f"x{n}": route("old-0", f"new-{n}", 100 + n) for n in range(1, candidates)}
    function = Function(
        runtime="r", handler="h", target_groups={"public": tuple(f"new-{n}" for n in range(candidates))}
    )
    return environment(routes=routes, functions={"new": function})


def places(inventory: Environment) -> Places:
    elb = "arn:aws:elasticloadbalancing:us-west-2:1"
    groups = [group for each in inventory.routes.values() for group in (each.legacy, each.candidate)]
    return Places(
        {"public": Arn(f"{elb}:loadbalancer/app/public/1")},
        {group: Arn(f"{elb}:targetgroup/{group}/1") for group in groups},
    )
