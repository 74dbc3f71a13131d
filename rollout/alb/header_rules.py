"""The header rules that are on the load balancer: known by their tag, or by what they ask. Pure.

Every phase but `override` leaves them as they are, so the routing program is given those that are there, whatever the
inventory says meanwhile. A rollback can't wait for tags: for it, any rule with a route's path and methods and a header
is one if it can reach the candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from rollout.alb.forms import PULUMI
from rollout.alb.state import AlbState, LiveRule
from rollout.alb.weights import ForwardAction, group_name
from rollout.errors import Problem
from rollout.inventory.conditions import Condition, ConditionField, for_endpoint
from rollout.inventory.marks import mark_of
from rollout.inventory.model import OVERRIDE_TAG, Arn, Environment, KeptRoute, OverrideRule, Route
from rollout.inventory.stacks import ROUTING


def is_header_rule(environment: Environment, rule: LiveRule) -> bool:
    """Whether an environment made a rule by `override`, and not another one on the same listener, as its tags say."""
    tags = mark_of(environment, ROUTING).tags
    return OVERRIDE_TAG in rule.tags and all(rule.tags.get(key, value) == value for key, value in tags.items())


def held_header_rules(environment: Environment, live: AlbState) -> dict[str, LiveRule]:
    """An environment's header rules by their logical names; tags must have been read."""
    rules = (rule for balancer in live.listeners for rule in live.rules_of(balancer))
    return {rule.tags[OVERRIDE_TAG]: rule for rule in rules if is_header_rule(environment, rule)}


def held_overrides(environment: Environment, live: AlbState) -> dict[str, OverrideRule]:
    """The same as rollout makes them; without those that somebody bent."""
    balancers = {listener: balancer for balancer, listener in live.listeners.items()}
    rules = held_header_rules(environment, live).items()
    return {name: made for name, rule in rules if (made := _made(balancers[rule.listener], rule))}


def _made(balancer: str, rule: LiveRule) -> OverrideRule | None:
    """A rule as rollout makes header rules; None where it isn't like one any more."""
    header = next(iter(rule.further), None)
    if header is None or len(rule.further) != 1 or header.field != ConditionField.HEADER or len(rule.paths) != 1:
        return None
    if rule.forward is None or rule.extras or len(rule.forward.weights) != 1 or rule.forward.stickiness:
        return None
    (path,), (group,) = rule.paths, map(group_name, rule.forward.weights)
    methods = tuple(sorted(rule.methods))
    return OverrideRule(balancer, rule.priority, path, methods, header.name, header.hidden, group)


def bent_overrides(environment: Environment, live: AlbState) -> Iterator[Problem]:
    """The header rules that rollout made and somebody changed since."""
    for balancer in live.listeners:
        for rule in live.rules_of(balancer):
            if is_header_rule(environment, rule) and _made(balancer, rule) is None:
                yield Problem(
                    f"the header rule {rule.tags[OVERRIDE_TAG]} at {rule.priority} on {balancer} was changed: it is "
                    f"for {rule.conditions}, and does {rule.does}",
                    where=rule.arn,
                    hint="`rollout override` with `--remove` takes all of them away",
                    code="header-rule-changed",
                )


def unlike_overrides(environment: Environment, wanted: Mapping[str, OverrideRule], now: AlbState) -> Iterator[Problem]:
    """How the header rules differ from those that a phase leaves."""
    found = held_overrides(environment, now)
    for name in wanted.keys() | found.keys():
        if normal(wanted.get(name)) != normal(found.get(name)):
            said = found.get(name) or "isn't there"
            yield Problem(
                f"the header rule {name} {said}, not {wanted.get(name) or 'gone'}", code="header-rule-differs"
            )


def rule_inputs(live: AlbState, rules: Mapping[str, OverrideRule]) -> dict[str, dict[str, Any]]:
    """The inputs that header rules are to have in the engine, which the policy holds a preview to."""
    return {
        name: {
            "listenerArn": live.listeners.get(rule.load_balancer),
            "priority": rule.priority,
            "conditions": [
                {"pathPattern": {"values": [rule.path]}},
                *([{"httpRequestMethod": {"values": list(rule.methods)}}] if rule.methods else []),
                {
                    "httpHeader": {
                        "httpHeaderName": rule.header,
                        "values": rule.revealed,
                    }
                },
            ],
            "actions": [PULUMI.write(ForwardAction({live.group_arn(rule.target_group): 1}))],
        }
        for name, rule in rules.items()
    }


def normal(rule: OverrideRule | None) -> OverrideRule | None:
    """A header rule with the order of its values left out, which says nothing."""
    return rule and replace(
        rule, methods=tuple(sorted(rule.methods)), values=tuple(sorted(rule.values, key=SecretStr.get_secret_value))
    )


def header_rules_before(environment: Environment, live: AlbState) -> Iterator[tuple[str, Route | KeptRoute, LiveRule]]:
    """Rules that ask for a route's path, its methods and a header, whoever made them, with the route's place.

    A rule for some of the methods counts too, where no other route has just these: of many methods each rule has a few.
    """
    entries: dict[str, Route | KeptRoute] = {f"routes.{key}": r for key, r in environment.routes.items()}
    entries |= {f"kept-routes.{key}": r for key, r in environment.kept_routes.items()}
    whole = {(entry.load_balancer, *_asks(entry)) for entry in entries.values()}
    for place, entry in entries.items():
        path, methods = _asks(entry)
        for rule in live.rules_of(entry.load_balancer):
            is_part = rule.methods < methods and (entry.load_balancer, path, rule.methods) not in whole
            asked = rule.paths == {path} and (rule.methods == methods or (bool(rule.methods) and is_part))
            if asked and rule.further and all(c.field == ConditionField.HEADER for c in rule.further):
                yield place, entry, rule


def _asks(entry: Route | KeptRoute) -> tuple[str, frozenset[str]]:
    """Path and methods of the rule that carries an entry."""
    if isinstance(entry, KeptRoute):
        return entry.rule_path, frozenset(entry.rule_methods)
    return entry.path, frozenset(entry.methods)


def with_overrides(environment: Environment, live: AlbState, rules: Mapping[str, OverrideRule]) -> AlbState:
    """The rules as they would be with these header rules, and no others for the inventory's routes."""
    old = {rule.arn for _, _, rule in header_rules_before(environment, live)}
    new = tuple(
        LiveRule(
            Arn(name),
            live.listeners[rule.load_balancer],
            rule.priority,
            (
                *for_endpoint(rule.path, rule.methods),
                Condition(ConditionField.HEADER, name=rule.header, hidden=rule.values),
            ),
            ForwardAction({live.group_arn(rule.target_group): 1}),
            tags={OVERRIDE_TAG: name},
        )
        for name, rule in rules.items()
        if rule.load_balancer in live.listeners
    )
    return replace(live, rules=(*(rule for rule in live.rules if rule.arn not in old), *new))
