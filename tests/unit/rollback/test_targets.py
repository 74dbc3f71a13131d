"""Whose a rule is that forwards to a candidate and isn't a route's own."""

from __future__ import annotations

import pytest

from rollout.alb.weights import ForwardAction
from rollout.inventory.conditions import Condition, ConditionField, for_endpoint
from rollout.migration.rollback.targets import NOTHING_KNOWN, FoundTargets, find_targets
from tests.unit.rollback.shop import ROUTES, SHOP, cut_over, group, rule_of


@pytest.mark.parametrize(
    ("balancer", "endpoint", "beside", "gone", "owner"),
    [
        ("one", "GET /a", None, None, "a"),
        ("one", "POST /a", None, None, "a"),
        ("one", "GET /strange", "old-b", None, "b"),
        ("one", "GET /strange", None, "b", "b"),
        ("two", "GET /strange", None, None, "c"),
        ("one", "GET /strange", None, None, None),
    ],
)
def test_it_is_the_routes_that_alone_fits(
    balancer: str, endpoint: str, beside: str | None, gone: str | None, owner: str | None
) -> None:
    world = cut_over(50)
    aws = world.aws(SHOP)
    if gone:
        aws.delete_rule(rule_of(world, gone).arn)
    method, path = endpoint.split()
    names = [f"new-{balancer}", *([beside] if beside else [])]
    forward = ForwardAction({group(world, name): 1 for name in names})
    strange = aws.create_rule(aws.listener_of(balancer), 7, for_endpoint(path, (method,)), forward)
    rules = [rule for rule in aws.rules.values() if rule.listener == aws.listener_of(balancer)]
    own = tuple(name for name, route in ROUTES.items() if route.load_balancer == balancer)
    found = find_targets(SHOP, balancer, own, rules, known=NOTHING_KNOWN)
    (target,) = (target for target in found.targets if target.rule.arn == strange)
    assert target.route == owner
    assert target.name != owner  # it isn't the route's own


def test_of_two_routes_at_one_path_it_is_the_one_with_its_methods() -> None:
    world = cut_over(50)
    aws = world.aws(SHOP)
    posted = ROUTES["a"].model_copy(update={"methods": ("POST",), "priority": 30})
    shop = SHOP.model_copy(update={"routes": {**ROUTES, "posted": posted}})
    asks, forward = for_endpoint("/a", ("POST",)), ForwardAction({group(world, "new-one"): 1})
    aws.create_rule(aws.listener_of("one"), 30, asks, forward)
    strange = aws.create_rule(aws.listener_of("one"), 40, asks, forward)
    rules = [rule for rule in aws.rules.values() if rule.listener == aws.listener_of("one")]
    found = find_targets(shop, "one", ("a", "b", "posted"), rules, known=NOTHING_KNOWN)
    assert [target.route for target in found.targets if target.rule.arn == strange] == ["posted"]


def test_a_route_whose_conditions_are_not_known_claims_no_rule() -> None:
    world = cut_over(50)
    aws, hosted = world.aws(SHOP), (Condition(ConditionField.HOST, ("b.test",)),)
    a, b = ({"match": match, "path": (), "methods": ()} for match in ("as-is", hosted))
    routes = {"a": ROUTES["a"].model_copy(update=a), "b": ROUTES["b"].model_copy(update=b)}
    aws.modify_rule(rule_of(world, "b").arn, asks=hosted)
    headed = (*hosted, Condition.on_header("X", ["y"]))
    strange = aws.create_rule(aws.listener_of("one"), 7, headed, ForwardAction({group(world, "new-one"): 1}))
    rules = [rule for rule in aws.rules.values() if rule.listener == aws.listener_of("one")]
    found = find_targets(SHOP.model_copy(update={"routes": routes}), "one", ("a", "b"), rules, known=NOTHING_KNOWN)
    assert [target.route for target in found.targets if target.rule.arn == strange] == ["b"]


def test_a_header_rule_with_both_groups_is_no_routes_own() -> None:
    world = cut_over(50)
    aws, own = world.aws(SHOP), rule_of(cut_over(50), "a")
    aws.delete_rule(own.arn)
    asks = (Condition.on_header("X-Beta", ["yes"]), *for_endpoint("/a", ("GET",)))
    further = aws.create_rule(aws.listener_of("one"), 5, asks, own.forward)
    rules = [rule for rule in aws.rules.values() if rule.listener == aws.listener_of("one")]
    found = find_targets(SHOP, "one", ("a",), rules, known=NOTHING_KNOWN)
    assert {(target.rule.arn, target.name == "a") for target in found.targets} == {(further, False)}


def test_groups_are_lacked_where_no_rule_and_nothing_known_names_them() -> None:
    world = cut_over(50)
    aws = world.aws(SHOP)
    names = ("a", "b")

    def found() -> FoundTargets:
        rules = [rule for rule in aws.rules.values() if rule.listener == aws.listener_of("one")]
        return find_targets(SHOP, "one", names, rules, known=NOTHING_KNOWN)

    assert not found().lacks_groups
    alone = ForwardAction({group(world, "new-one"): 1})
    aws.modify_rule(rule_of(world, "a").arn, forward=alone)
    assert found().lacks_groups
    aws.create_rule(aws.listener_of("one"), 5, (Condition.on_header("X", ["y"]), *for_endpoint("/a", ("GET",))), alone)
    assert [bool(target.legacy) for target in found().targets if target.route == "a"] == [False, False]
