"""The weighted listener rules: one a route, at the priority and with the conditions of the rule that it takes over."""

from __future__ import annotations

from rollout.components.existing import Existing
from rollout.components.weighted_rule import WeightedRule, WeightedRuleArgs
from rollout.model import ProgramInput


def program(given: ProgramInput) -> None:
    """The routing stack.

    Args:
        given: The inventory, and by route how its requests are divided, which rule it adopts and which tags that has.

    Raises:
        KeyError: A route has no split: its rule would otherwise be dropped.
    """
    existing = Existing(given.environment)
    for key, route in given.environment.routes.items():
        WeightedRule(
            key,
            WeightedRuleArgs(
                listener_arn=existing.listener(route.load_balancer),
                priority=route.priority,
                path=route.path,
                methods=route.methods,
                legacy=existing.target_group(route.legacy),
                candidate=existing.target_group(route.candidate),
                split=given.splits[key],
                stickiness=given.environment.stickiness.duration,
                adopt=given.adopt.get(key),
                tags=given.tags.get(key, {}),
            ),
        )
