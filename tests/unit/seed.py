"""The hand-off's inventory, and AWS as it says, for the pure tests."""

from __future__ import annotations

from pathlib import Path

from rollout.alb.state import DEFAULT_PRIORITY, AlbState, LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction, forward_of
from rollout.inventory import file as config
from rollout.inventory.model import LEGACY_ONLY, Arn, Environment, KeptRoute, Route, Split

SEED = config.load(Path(__file__).parents[2] / "stacks.toml").environment("production")


def group_arn(name: str) -> Arn:
    """A target group's ARN."""
    return Arn(f"arn:targetgroup/{name}/1")


def seed_live(split: Split = LEGACY_ONLY, inventory: Environment = SEED) -> AlbState:
    """AWS with a rule for each entry of an inventory, every dual route divided so, and 404 by default."""
    entries: dict[str, Route | KeptRoute] = {**inventory.kept_routes, **inventory.routes}
    rules = {}
    for name, entry in entries.items():
        legacy, place = group_arn(entry.legacy), (entry.load_balancer, entry.priority)
        if isinstance(entry, Route):
            forward = forward_of(split, legacy, group_arn(entry.candidate), inventory.stickiness.kept_for)
        else:
            forward = ForwardAction({legacy: 1})
        listener = Arn(f"arn:{entry.load_balancer}")
        rules[place] = LiveRule(Arn(f"arn:{name}"), listener, entry.priority, entry.rule_conditions or (), forward)
    names = {name for e in entries.values() for name in (e.legacy, getattr(e, "candidate", e.legacy))}
    listeners = {key: Arn(f"arn:{key}") for key in inventory.load_balancers}
    defaults = {
        key: LiveRule(Arn(f"arn:{key}/default"), arn, DEFAULT_PRIORITY, action="fixed-response 404")
        for key, arn in listeners.items()
    }
    groups = {name: LiveTargetGroup(group_arn(name), name, "lambda") for name in sorted(names)}
    balancers = {key: Arn(f"arn:lb/{key}") for key in listeners}
    return AlbState(inventory.account, balancers, listeners, tuple(rules.values()), groups, defaults)
