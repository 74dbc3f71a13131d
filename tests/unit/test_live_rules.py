"""What live rules say of the inventory: conditions taken as they are, and which rules get requests and writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rollout.alb.extras import Extras, Kept
from rollout.alb.state import DEFAULT_PRIORITY, AlbState, LiveRule
from rollout.alb.weights import ForwardAction
from rollout.inventory.conditions import Conditions, for_endpoint
from rollout.inventory.fields import LAST
from rollout.inventory.model import Arn, KeptRoute, Route, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.quotas import MAX_PRIORITY
from rollout.migration.desired import own_writes
from tests.unit.builders import LEGACY, LEGACY_FORWARD, LISTENER, environment, live, rule_arn, weighted

TEN = Split.at(Percent.of(10))
LOGIN = Extras((Kept("authenticate-oidc", "{}"),))
AS_IS = {"load_balancer": "public", "match": "as-is", "legacy": "old"}
ASKED = for_endpoint("/asked/*", ("GET",))


def rule(priority: int, asks: Conditions = ASKED, listener: Arn = LISTENER) -> LiveRule:
    return LiveRule(Arn(f"arn:rule/{listener}/{priority}"), listener, priority, asks)


def now(*rules: LiveRule) -> AlbState:
    return replace(live({}), rules=rules)


def test_an_as_is_entry_asks_what_its_live_rule_does() -> None:
    route = Route(**AS_IS, candidate="new", priority=30)
    for table in ({"routes": {"a": route}}, {"kept_routes": {"a": KeptRoute(**AS_IS, priority=30)}}):
        inventory = environment(**table)
        entries = now(rule(30)).resolved(inventory)
        assert {**entries.kept_routes, **entries.routes}["a"].conditions == ASKED
        entries = now(rule(31)).resolved(inventory)
        assert {**entries.kept_routes, **entries.routes}["a"].conditions is None


def test_an_entry_with_conditions_keeps_them() -> None:
    inventory = environment()
    mixed = inventory.model_copy(
        update={
            "routes": {**inventory.routes, "a": Route(**AS_IS, candidate="new", priority=30)},
            "kept_routes": {"k": KeptRoute(load_balancer="public", path="/k", priority=40, legacy="old")},
        }
    )
    found = now(rule(10), rule(20), rule(30), rule(40)).resolved(mixed)
    assert {name: route.conditions == ASKED for name, route in found.routes.items()} == {
        "score": False,
        "bulk": False,
        "a": True,
    }
    assert found.kept_routes == mixed.kept_routes
    assert now(rule(10)).resolved(inventory) is inventory


def test_a_default_rule_gets_requests_unless_a_rule_before_it_takes_all() -> None:
    default = rule(DEFAULT_PRIORITY, ())
    everything = for_endpoint("/*", ())
    for others, is_behind in (
        ((), False),
        ((rule(MAX_PRIORITY, everything),), True),
        ((rule(MAX_PRIORITY),), False),
        ((rule(10, everything),), True),
        ((rule(MAX_PRIORITY, everything, Arn("arn:other")),), False),
    ):
        state = replace(now(*others), defaults={"public": default})
        assert (default not in state.reachable) is is_behind
        assert all(each in state.reachable for each in others)


def test_a_default_action_is_its_routes_rule_until_there_is_one_before_it() -> None:
    default, route = rule(DEFAULT_PRIORITY, ()), environment().routes["score"]
    last = Route(load_balancer="public", priority=LAST, legacy="old", candidate="new")
    state = replace(now(), defaults={"public": default})
    assert (state.rule_of(last), state.own_rule_of(last), state.rule_of(route)) == (default, None, None)
    assert default.is_default
    before = rule(MAX_PRIORITY, for_endpoint("/*", ()))
    assert replace(state, rules=(before,)).rule_of(last) == before


@pytest.mark.parametrize(
    ("forward", "extras", "is_written"),
    [
        (LEGACY_FORWARD, LOGIN, True),
        (ForwardAction({LEGACY: 90}), LOGIN, True),
        (None, LOGIN, True),
        (weighted(90, 10), LOGIN, False),
        (LEGACY_FORWARD, Extras(), False),
    ],
)
def test_only_a_rule_that_does_more_is_written_and_only_what_is_new(
    forward: ForwardAction | None, extras: Extras, is_written: bool
) -> None:
    found = live({"score": forward})
    found = replace(found, rules=tuple(replace(each, extras=extras) for each in found.rules))
    writes = own_writes(environment(), found, {"score": TEN, "bulk": TEN})
    assert [(rule.arn, wanted.weights) for rule, wanted in writes] == (
        [(rule_arn("score"), weighted(90, 10).weights)] if is_written else []
    )
