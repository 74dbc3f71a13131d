"""The weighted listener rules: one per route, with the priority and conditions of the rule that it adopts.

Header rules, if any, precede them.
"""

from __future__ import annotations

from rollout.inventory.model import ProgramInput, RuleOwnership
from rollout.programs.components.existing import look_up
from rollout.programs.components.header_rule import HeaderRule
from rollout.programs.components.weighted_rule import WeightedRule, WeightedRuleArgs


def program(given: ProgramInput) -> None:
    """The routing stack.

    Args:
        given: The inventory; by route how its requests are divided, which rule it adopts and which tags that has, or
            that it releases it; and the header rules.

    Raises:
        KeyError: A route has no split: its rule would otherwise be dropped.
        RunError: A listener or a target group isn't on AWS.
    """
    environment = given.environment
    routes = {
        key: route for key, route in environment.routes.items() if given.rules.get(key) is not RuleOwnership.RELEASED
    }
    groups = [route.candidate for route in routes.values()]
    groups += [route.legacy for key, route in routes.items() if not given.splits[key].alone]  # it may be retired
    groups += [rule.target_group for rule in given.overrides.values()]
    existing = look_up(environment, groups, given.existing)
    for key, route in routes.items():
        WeightedRule(
            key,
            WeightedRuleArgs(
                listener_arn=existing.listeners[route.load_balancer],
                priority=int(route.priority),
                conditions=given.conditions.get(key) or route.rule_conditions or (),
                legacy=existing.target_groups.get(route.legacy, ""),
                candidate=existing.target_groups[route.candidate],
                split=given.splits[key],
                stickiness=environment.stickiness.kept_at(given.splits[key].weight),
                adopt=given.adopt.get(key),
                read=given.read.get(key),
                tags=given.tags.get(key, given.mark if route.is_default else {}),
                ours=route.is_default,
            ),
        )
    for name, rule in given.overrides.items():
        HeaderRule(
            name,
            rule,
            listener_arn=existing.listeners[rule.load_balancer],
            target_group_arn=existing.target_groups[rule.target_group],
            tags=given.tags.get(name, given.mark),
        )
