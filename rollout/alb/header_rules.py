"""The header rules that are on the load balancer: known by their tag, or by what they ask. Pure.

Every phase but `override` leaves them as they are, so the routing program is given those that are there, whatever the
inventory says meanwhile. A rollback can't wait for tags: for it, any rule with a route's path and methods and a header
is one if it can reach the candidate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rollout.alb.forms import PULUMI
from rollout.alb.rule_inputs import condition_inputs
from rollout.alb.state import AlbState, LiveRule
from rollout.alb.weights import ForwardAction, group_name
from rollout.errors import Problem
from rollout.inventory.conditions import Condition, ConditionField, Conditions, meaning_of
from rollout.inventory.marks import mark_of
from rollout.inventory.model import OVERRIDE_TAG, Arn, Environment, KeptRoute, OverrideRule, Route
from rollout.inventory.stacks import ROUTING

_NAME = re.compile(r"-override(-kept|-legacy)?(-\d+)?$")
"""What a header rule's name has behind that of the route."""


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
    balancers, known = {listener: key for key, listener in live.listeners.items()}, live.resolved(environment)
    rules = held_header_rules(environment, live).items()
    return {name: made for name, rule in rules if (made := _made(known, balancers[rule.listener], rule))}


def _made(environment: Environment, balancer: str, rule: LiveRule) -> OverrideRule | None:
    """A rule as rollout makes header rules; None where it isn't like one any more."""
    if not rule.headers or rule.forward is None or rule.extras:
        return None
    if len(rule.forward.weights) != 1 or rule.forward.stickiness:
        return None
    key = _NAME.sub("", rule.tags[OVERRIDE_TAG])
    entry = environment.routes.get(key) or environment.kept_routes.get(key)
    asked = entry and entry.rule_conditions
    if asked and not _is_headed(rule, asked, whole=False):
        return None
    (group,) = map(group_name, rule.forward.weights)
    return OverrideRule(balancer, rule.priority, rule.asks, group)


def bent_overrides(environment: Environment, live: AlbState) -> Iterator[Problem]:
    """The header rules that rollout made and somebody changed since."""
    known = live.resolved(environment)
    for balancer in live.listeners:
        for rule in live.rules_of(balancer):
            if is_header_rule(environment, rule) and _made(known, balancer, rule) is None:
                yield Problem(
                    f"the header rule {rule.tags[OVERRIDE_TAG]} at {rule.priority} on {balancer} was changed: it is "
                    f"for {rule.conditions}, and does {rule.does}",
                    where=rule.arn,
                    hint="`rollout override` with `--remove` removes all of them",
                    code="header-rule-changed",
                )


def unlike_overrides(environment: Environment, wanted: Mapping[str, OverrideRule], now: AlbState) -> Iterator[Problem]:
    """How the header rules differ from those that a phase leaves."""
    found = held_overrides(environment, now)
    for name in wanted.keys() | found.keys():
        if _meaning(wanted.get(name)) != _meaning(found.get(name)):
            said = found.get(name) or "is missing"
            yield Problem(
                f"the header rule {name} {said}, not {wanted.get(name) or 'removed'}", code="header-rule-differs"
            )


def rule_inputs(live: AlbState, rules: Mapping[str, OverrideRule]) -> dict[str, dict[str, Any]]:
    """The inputs that header rules are to have in the engine, which the policy holds a preview to."""
    return {
        name: {
            "listenerArn": live.listeners.get(rule.load_balancer),
            "priority": rule.priority,
            "conditions": condition_inputs(rule.asks),
            "actions": [PULUMI.write(ForwardAction({live.group_arn(rule.target_group): 1}))],
        }
        for name, rule in rules.items()
    }


def _meaning(rule: OverrideRule | None) -> object:
    """All that a header rule says; the order of its conditions and values says nothing."""
    return rule and (rule.load_balancer, rule.priority, meaning_of(rule.asks), rule.target_group)


def header_rules_before(environment: Environment, live: AlbState) -> Iterator[tuple[str, Route | KeptRoute, LiveRule]]:
    """Rules that ask for what a route's does and for a header more, whoever made them, with the route's place.

    A rule for some of its values counts too, where no other route has just these: of many each rule has a few. A
    route's own rule is none.
    """
    environment = live.resolved(environment)
    entries: dict[str, Route | KeptRoute] = {f"routes.{key}": r for key, r in environment.routes.items()}
    entries |= {f"kept-routes.{key}": r for key, r in environment.kept_routes.items()}
    for balancer in environment.load_balancers:
        here = {
            place: (entry, entry.rule_conditions)
            for place, entry in entries.items()
            if entry.load_balancer == balancer and entry.rule_conditions is not None
        }
        own = {(entry.priority, meaning_of(asked)) for entry, asked in here.values()}
        for rule in live.rules_of(balancer):
            if not rule.headers or (rule.priority, rule.meaning) in own:
                continue
            whole = [place for place, (_, asked) in here.items() if _is_headed(rule, asked, whole=True)]
            parts = [place for place, (_, asked) in here.items() if _is_headed(rule, asked, whole=False)]
            yield from ((place, here[place][0], rule) for place in whole or parts)


def _is_headed(rule: LiveRule, asked: Conditions, *, whole: bool) -> bool:
    """Whether a rule asks for headers beside what another asks, or beside some of its values if not for the whole."""
    left = list(rule.asks)
    for condition in asked:
        same = [c for c in left if c.meaning == condition.meaning or (not whole and _is_part(c, condition))]
        if not same:
            return False
        left.remove(same[0])
    return bool(left) and all(c.field == ConditionField.HEADER for c in left)


def _is_part(one: Condition, of: Condition) -> bool:
    (*kind, some), (*same_kind, every) = one.meaning, of.meaning
    return kind == same_kind and some < every


def with_overrides(environment: Environment, live: AlbState, rules: Mapping[str, OverrideRule]) -> AlbState:
    """The rules as they would be with these header rules, and no others for the inventory's routes."""
    old = {rule.arn for _, _, rule in header_rules_before(environment, live)}
    new = tuple(
        LiveRule(
            Arn(name),
            live.listeners[rule.load_balancer],
            rule.priority,
            rule.asks,
            ForwardAction({live.group_arn(rule.target_group): 1}),
            tags={OVERRIDE_TAG: name},
        )
        for name, rule in rules.items()
        if rule.load_balancer in live.listeners
    )
    return replace(live, rules=(*(rule for rule in live.rules if rule.arn not in old), *new))
