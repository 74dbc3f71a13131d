"""The weighted listener rules: one a route, at the priority and with the conditions of the rule that it takes over."""

from __future__ import annotations

from rollout.components.existing import look_up
from rollout.components.weighted_rule import WeightedRule, WeightedRuleArgs
from rollout.model import ProgramInput


def program(given: ProgramInput) -> None:
    """The routing stack.

    Args:
        given: The inventory, and by route how its requests are divided, which rule it adopts and which tags that has.

    Raises:
        KeyError: A route has no split: its rule would otherwise be dropped.
        RunError: A listener or a target group isn't on AWS.
    """
    environment, routes = given.environment, given.environment.routes
    existing = look_up(environment, (group for r in routes.values() for group in (r.legacy, r.candidate)))
    for key, route in routes.items():
        WeightedRule(
            key,
            WeightedRuleArgs(
                listener_arn=existing.listeners[route.load_balancer],
                priority=route.priority,
                path=route.path,
                methods=route.methods,
                legacy=existing.target_groups[route.legacy],
                candidate=existing.target_groups[route.candidate],
                split=given.splits[key],
                stickiness=environment.stickiness.duration,
                adopt=given.adopt.get(key),
                tags=given.tags.get(key, {}),
            ),
        )
