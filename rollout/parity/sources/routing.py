"""Which route's rule takes a request that names none. Pure."""

from __future__ import annotations

from collections.abc import Callable

from rollout.alb.state import AlbState
from rollout.inventory.conditions import Request, matches
from rollout.inventory.model import Environment

RouteOf = Callable[[Request], str | None]


def route_of(environment: Environment, live: AlbState) -> RouteOf:
    """Finds routes by the live rules, as the load balancers do; None where no route's rule takes a request."""
    named = {rule.arn: name for name, route in environment.routes.items() if (rule := live.rule_of(route))}
    balancers = dict.fromkeys(route.load_balancer for route in environment.routes.values())
    rules = {balancer: live.rules_of(balancer) for balancer in balancers}

    def find(request: Request) -> str | None:
        for some in rules.values():
            first = next((rule for rule in some if all(matches(each, request) for each in rule.asks)), None)
            if first and first.arn in named:
                return named[first.arn]
        return None

    return find
