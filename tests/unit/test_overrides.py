"""Header rules: the hand-off's block, what doesn't go, and that a header changes nothing but what it is for."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rollout.alb.explain import explain
from rollout.alb.extras import Extras, Kept
from rollout.alb.header_rules import (
    bent_overrides,
    header_rules_before,
    held_overrides,
    rule_inputs,
    unlike_overrides,
    with_overrides,
)
from rollout.alb.overlaps import overlaps
from rollout.alb.overrides import override_problems, override_warnings
from rollout.alb.state import AlbState, LiveRule
from rollout.alb.weights import ForwardAction
from rollout.errors import Problem
from rollout.inventory.conditions import Condition, ConditionField, Request, for_endpoint, values_of
from rollout.inventory.header_rules import planned_overrides, planning_problems
from rollout.inventory.model import Arn, Environment, KeptRoute, LoadBalancer, Route, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.quotas import MAX_CONDITION_VALUES
from rollout.inventory.settings import HeaderOverride
from rollout.migration.checks.compare import stale_overrides
from rollout.migration.checks.status import status_of
from rollout.state.plan import LISTENER_RULE, ResourceState, StackPreview, change_of
from tests.unit.builders import environment, places
from tests.unit.seed import SEED, group_arn, seed_live

TEN = Split.at(Percent.of(10))


def with_header(inventory: Environment, **values: Any) -> Environment:
    return inventory.model_copy(update={"header_override": HeaderOverride(**values)})


ON = with_header(SEED)
BOTH = with_header(SEED, legacy_value="legacy")


def test_the_seeds_block_keeps_the_order_and_stands_in_for_the_history() -> None:
    assert {name: (rule.priority, rule.target_group) for name, rule in planned_overrides(ON).items()} == {
        "ceramic-score-override": (500, "l-passport-v2-rust-scorer"),
        "stamps-bulk-post-override": (501, "l-passport-v2-rust-scorer"),
        "stamps-bulk-patch-override": (502, "l-passport-v2-rust-scorer"),
        "stamps-bulk-delete-override": (503, "l-passport-v2-rust-scorer"),
        "stamp-score-history-override-kept": (504, "targetGroupRegistry"),
        "stamp-score-override": (505, "l-passport-v2-rust-scorer"),
        "embed-stamps-override": (500, "l-passport-v2-rust-scorer-int"),
        "embed-validate-api-key-override": (501, "l-passport-v2-rust-scorer-int"),
        "embed-score-override": (502, "l-passport-v2-rust-scorer-int"),
    }
    assert list(planning_problems(ON)) == []
    assert list(override_problems(ON, seed_live(TEN))) == []
    assert planned_overrides(SEED) == {}


def test_a_value_for_legacy_has_rules_of_its_own() -> None:
    planned = planned_overrides(BOTH)
    assert planned["stamp-score-override-legacy"].target_group == "l-passport-v2-stamp-score"
    assert list(planned["stamp-score-history-override-kept"].asks[-1].texts) == ["candidate", "legacy"]
    assert len({(rule.load_balancer, rule.priority) for rule in planned.values()}) == len(planned) == 17


def pattern(draw: random.Random) -> str:
    return "/" + "/".join(draw.choice(["a", "b", "*", "a*", "?"]) for _ in range(draw.randint(1, 3)))


def inventories() -> Iterator[tuple[Environment, random.Random]]:
    for seed in range(60):
        draw = random.Random(seed)  # noqa: S311 - the same ones each time
        priorities = iter(draw.sample(range(600, 700), 8))
        groups = iter(range(100))

        def drawn(draw: random.Random = draw, numbers: Iterator[int] = priorities) -> dict[str, Any]:
            methods = draw.choice([(), ("GET",), ("POST",), ("GET", "POST")])
            return {"load_balancer": "public", "path": pattern(draw), "methods": methods, "priority": next(numbers)}

        routes = {f"r{n}": Route(**drawn(), legacy=f"old{next(groups)}", candidate="new") for n in range(4)}
        kept = {f"k{n}": KeptRoute(**drawn(), legacy=f"kept{next(groups)}") for n in range(4)}
        entries: list[Route | KeptRoute] = [*routes.values(), *kept.values()]
        asked = {(entry.path, entry.methods) for entry in entries}
        if len(asked) == len(entries):  # an inventory has no endpoint twice
            yield with_header(environment(routes=routes, kept_routes=kept), legacy_value="legacy"), draw


@pytest.mark.thorough
def test_a_header_takes_a_request_to_another_implementation_of_the_same_rule_and_never_to_another_rule() -> None:
    """Who would take a request, takes it with the header too, in whatever way priorities and patterns overlap."""
    seen = set()
    for inventory, draw in inventories():
        now = seed_live(TEN, inventory)
        later = with_overrides(inventory, now, planned_overrides(inventory))
        for _ in range(10):
            method, path = draw.choice(["GET", "POST", "PUT"]), pattern(draw).replace("*", "ab").replace("?", "b")
            plain = explain(inventory, later, "public", Request.of(method, path))
            assert replace(plain, passed=()) == replace(
                explain(inventory, now, "public", Request.of(method, path)), passed=()
            )
            for value, part in (("candidate", "candidate"), ("LEGACY", "legacy"), ("other", None)):
                sent = explain(inventory, later, "public", Request.of(method, path, [("x-rollout", value)]))
                if plain.inventory and plain.inventory[0].startswith("routes.") and part:
                    assert sent.inventory == (f"header rule of {plain.inventory[0]}",)
                    assert [share.part for share in sent.shares] == [part]
                else:
                    assert sent.shares == plain.shares
                    assert sent.action == plain.action
                seen.add((bool(plain.inventory), sent.inventory[:1] == plain.inventory[:1], part))
    assert len(seen) > 5  # all of these happened


@pytest.mark.parametrize(
    ("values", "place", "said"),
    [
        ({"priority_base": 1002}, "priority-base", "1002, which routes.stamps-bulk-post has"),
        ({"priority_base": 1005}, "priority-base", "1005, which kept-routes.ceramic-authenticate has"),
        ({"priority_base": 3000}, "priority-base", "after a route at 1001"),
        ({"priority_base": 998}, "priority-base", "1001, which routes.ceramic-score has"),
        ({"legacy_value": "Candidate"}, "legacy-value", "is the same as value"),
    ],
)
def test_what_does_not_go_is_told_when_the_file_is_read(values: dict[str, Any], place: str, said: str) -> None:
    found = list(planning_problems(with_header(SEED, **values)))
    assert said in " ".join(what for _, what, _ in found)
    assert {at for at, _, _ in found} == {("header-override", place)}


@pytest.mark.parametrize(
    ("legacy_value", "parts"),
    [
        (None, {"stamp-score-override": ("GET", "PUT", "POST"), "stamp-score-override-2": ("PATCH",)}),
        (
            "legacy",  # a value each, so that a rule for legacy has as much room as one for the candidate
            {
                "stamp-score-override": ("GET", "PUT", "POST"),
                "stamp-score-override-2": ("PATCH",),
                "stamp-score-override-legacy": ("GET", "PUT", "POST"),
                "stamp-score-override-legacy-2": ("PATCH",),
            },
        ),
    ],
)
def test_a_route_with_four_methods_has_a_rule_for_some_of_them_each(
    legacy_value: str | None, parts: dict[str, tuple[str, ...]]
) -> None:
    route = SEED.routes["stamp-score"].model_copy(update={"methods": ("GET", "PUT", "POST", "PATCH")})
    override = HeaderOverride(legacy_value=legacy_value)
    many = ON.model_copy(update={"routes": {"stamp-score": route}, "kept_routes": {}, "header_override": override})
    planned = planned_overrides(many)
    assert {name: values_of(rule.asks, ConditionField.METHOD) for name, rule in planned.items()} == parts
    assert [rule.priority for rule in planned.values()] == list(range(500, 500 + len(parts)))
    assert all(sum(len(c.texts) for c in rule.asks) <= MAX_CONDITION_VALUES for rule in planned.values())
    assert not list(planning_problems(many))


def test_where_there_is_no_room_for_header_rules_the_way_to_some_is_told() -> None:
    tight = ON.model_copy(update={"header_override": HeaderOverride(priority_base=998)})
    (_, _, then), *_ = planning_problems(tight)
    base = int(re.findall(r"set (\d+) or lower", then)[0])
    roomy = ON.model_copy(update={"header_override": HeaderOverride(priority_base=base)})
    assert not list(planning_problems(roomy))
    first = SEED.routes["stamp-score"].model_copy(update={"priority": 1})
    none = ON.model_copy(update={"routes": {"stamp-score": first}, "kept_routes": {}})
    ((_, _, renumber),) = planning_problems(none)
    assert re.search(r"rules of public .* \d+ (priority|priorities) are", renumber)
    second = none.model_copy(update={"routes": {"stamp-score": first.model_copy(update={"priority": 2})}})
    ((_, _, lowest),) = planning_problems(second)
    assert re.findall(r"set (\d+) or lower", lowest) == ["1"]


def strange(path: str, priority: int, *more: Condition, forward: ForwardAction | None = None) -> LiveRule:
    conditions = (*for_endpoint(path, ("GET",)), *more)
    return LiveRule(Arn(f"arn:strange/{priority}"), Arn("arn:public"), priority, conditions, forward)


def problems(rule: LiveRule) -> list[Problem]:
    now = seed_live(TEN)
    return list(override_problems(ON, replace(now, rules=(*now.rules, rule))))


def test_a_strange_rule_in_the_way_is_a_problem() -> None:
    (clash,) = problems(strange("/elsewhere", 503))
    assert (clash.where, clash.code) == ("header-override.priority-base", "priority-taken")
    assert clash.what.endswith("a header rule's priority")
    anywhere = LiveRule(Arn("arn:any"), Arn("arn:public"), 700, (Condition(ConditionField.HOST, ("a.test",)),))
    assert [problem.code for problem in problems(anywhere)] == ["rule-bypassed"]
    (passed,) = problems(strange("/v2/stamps/7/*", 700, Condition(ConditionField.HOST, ("a.test",))))
    assert (passed.where, passed.code) == ("header-override.priority-base", "rule-bypassed")
    assert "GET /v2/stamps/*/score/*" in passed.what
    (guarded,) = problems(strange("/v2/stamps/*/history", 2000))
    assert guarded.code == "rule-bypassed"
    assert "/history" in guarded.what
    assert problems(strange("/v2/stamps/7/*", 400)) == []  # is asked before the block, as it was before the route
    assert problems(strange("/v2/stamps/7/*", 3000)) == []
    assert problems(strange("/elsewhere", 700)) == []
    assert list(override_problems(BOTH, LATER)) == []  # they are there already


def test_a_kept_route_that_goes_elsewhere_can_not_be_stood_in_for() -> None:
    now = seed_live(TEN)
    moved = tuple(replace(r, forward=None, action="redirect 301") if r.priority == 2022 else r for r in now.rules)
    (problem,) = override_problems(ON, replace(now, rules=moved))
    assert (problem.where, problem.code) == ("kept-routes.stamp-score-history", "kept-rule-differs")
    assert "redirect 301" in problem.what
    elsewhere = tuple(
        replace(r, forward=ForwardAction({group_arn("l-cc-auth"): 1})) if r.priority == 2022 else r for r in now.rules
    )
    (other,) = override_problems(ON, replace(now, rules=elsewhere))
    assert "l-cc-auth" in other.what
    (gone,) = override_problems(ON, replace(now, rules=tuple(r for r in now.rules if r.priority != 2022)))
    assert (gone.where, gone.code) == ("kept-routes.stamp-score-history", "kept-rule-differs")


def test_an_entry_whose_rule_does_more_than_forward_has_no_header_rules() -> None:
    now, login = seed_live(TEN), Extras((Kept("authenticate-oidc", "{}"),))
    more = tuple(replace(r, extras=login) if r.priority in (2022, 2023, 2060) else r for r in now.rules)
    assert places(override_problems(ON, replace(now, rules=more))) == [
        ("kept-routes.stamp-score-history", "rule-does-more"),
        ("routes.stamp-score", "rule-does-more"),
    ]


def test_without_the_table_there_is_nothing_to_add() -> None:
    (problem,) = override_problems(SEED, seed_live(TEN))
    assert problem.code == "no-header-override"


def test_too_many_rules_are_warned_of() -> None:
    now = seed_live(TEN)
    others = tuple(strange("/elsewhere", 5000 + number) for number in range(90))
    assert len(override_warnings(ON, now)) == 1
    elsewhere = tuple(replace(rule, listener=Arn("arn:elsewhere")) for rule in others)
    assert len(override_warnings(ON, replace(now, rules=(*now.rules, *elsewhere)))) == 1
    assert "public will have" in override_warnings(ON, replace(now, rules=(*now.rules, *others)))[1]


def changed(live: AlbState, name: str, **fields: Any) -> AlbState:
    return replace(live, rules=tuple(replace(r, **fields) if r.arn == name else r for r in live.rules))


LATER = with_overrides(BOTH, seed_live(TEN, BOTH), planned_overrides(BOTH))


def test_what_is_held_is_what_was_planned_whatever_the_inventory_says_by_then() -> None:
    planned = planned_overrides(BOTH)
    assert held_overrides(BOTH, LATER) == planned
    assert list(unlike_overrides(BOTH, planned, LATER)) == []
    assert list(bent_overrides(BOTH, LATER)) == []


def test_what_differs_is_told() -> None:
    planned, name = planned_overrides(BOTH), "stamp-score-override"
    elsewhere = changed(LATER, name, forward=ForwardAction({group_arn("l-cc-auth"): 1}))
    (problem,) = unlike_overrides(BOTH, planned, elsewhere)
    assert problem.code == "header-rule-differs"
    assert "→ l-cc-auth, not 509 GET" in problem.what
    assert (
        len(list(unlike_overrides(BOTH, {}, LATER))) == len(list(unlike_overrides(BOTH, planned, seed_live(TEN)))) == 17
    )
    (gone,) = unlike_overrides(BOTH, planned, changed(LATER, name, tags={}))
    assert "None" not in gone.what
    split = changed(LATER, name, forward=ForwardAction({group_arn("a"): 1, group_arn("b"): 1}))
    (bent,) = bent_overrides(BOTH, split)
    assert bent.code == "header-rule-changed"
    assert name in bent.what
    assert name not in held_overrides(BOTH, split)


def test_the_engine_is_given_header_rules_as_aws_takes_them() -> None:
    now, planned = seed_live(TEN, BOTH), planned_overrides(BOTH)
    inputs = rule_inputs(now, planned)
    assert inputs.keys() == planned.keys()
    assert inputs["stamp-score-history-override-kept"] == {
        "listenerArn": now.listeners["public"],
        "priority": planned["stamp-score-history-override-kept"].priority,
        "conditions": [
            {"pathPattern": {"values": ["/v2/stamps/*/score/*/history"]}},
            {"httpRequestMethod": {"values": ["GET"]}},
            {"httpHeader": {"httpHeaderName": "X-Rollout", "values": ["candidate", "legacy"]}},
        ],
        "actions": [
            {
                "type": "forward",
                "forward": {"targetGroups": [{"arn": now.group_arn("targetGroupRegistry"), "weight": 1}]},
            }
        ],
    }
    asked = planned["stamp-score-override"].asks
    anything = replace(planned["stamp-score-override"], asks=asked[1:])
    (bare,) = rule_inputs(now, {"any": anything}).values()
    assert [[*condition] for condition in bare["conditions"]] == [["pathPattern"], ["httpHeader"]]


def recorded(op: str, forward: dict[str, Any], *, header: bool = True) -> StackPreview:
    kind = "rollout:index:HeaderRule$aws:lb/listenerRule:ListenerRule" if header else LISTENER_RULE
    urn = f"urn:pulumi:production::shop-routing::{kind}::stamp-score-override"
    inputs = {"actions": [{"type": "forward", **forward}]}
    old = ResourceState(urn, LISTENER_RULE, "stamp-score-override", inputs=inputs)
    return StackPreview("routing", (change_of(op, old, None if op == "delete" else old),))


@pytest.mark.parametrize("op", ["same", "update", "delete"])
def test_a_state_is_stale_where_its_header_rule_is_gone_or_forwards_elsewhere(op: str) -> None:
    (group,) = next(rule for rule in LATER.rules if rule.arn == "stamp-score-override").forward.weights  # type: ignore[union-attr]
    as_recorded, elsewhere = recorded(op, {"targetGroupArn": group}), recorded(op, {"targetGroupArn": "arn:x"})
    assert not stale_overrides(as_recorded, LATER)
    assert stale_overrides(elsewhere, LATER)
    assert stale_overrides(as_recorded, seed_live(TEN))
    assert stale_overrides(recorded(op, {"type": "redirect"}), LATER)
    assert not stale_overrides(recorded(op, {"targetGroupArn": "arn:x"}, header=False), LATER)
    assert not stale_overrides(recorded("import", {"targetGroupArn": "arn:x"}), LATER)


@pytest.mark.parametrize(
    "change",
    [
        {"forward": None},
        {"forward": ForwardAction({group_arn("a"): 1}, timedelta(hours=1))},
        {"asks": for_endpoint("/a", ("GET",))},
        {"asks": (*for_endpoint("/a", ()), Condition(ConditionField.HOST, ("a.test",)))},
    ],
)
def test_a_header_rule_that_was_changed_by_hand_is_no_rule_of_ours_any_more(change: dict[str, Any]) -> None:
    bent = changed(LATER, "stamp-score-override", **change)
    assert [(each.where, each.code) for each in bent_overrides(BOTH, bent)] == [
        ("stamp-score-override", "header-rule-changed")
    ]
    assert held_overrides(BOTH, LATER).keys() - held_overrides(BOTH, bent).keys() == {"stamp-score-override"}


def test_a_changed_header_rule_is_told_with_what_it_does() -> None:
    for change, shown in (
        ({"forward": None, "action": "redirect 301"}, "redirect 301"),
        ({"forward": ForwardAction({group_arn("l-cc-auth"): 1}, timedelta(hours=1))}, "l-cc-auth"),
    ):
        (problem,) = bent_overrides(BOTH, changed(LATER, "stamp-score-override", **change))
        assert shown in problem.what


def test_header_rules_come_on_the_listeners_that_are_there() -> None:
    now = replace(seed_live(TEN, BOTH), listeners={"public": Arn("arn:public")})
    later = with_overrides(BOTH, now, planned_overrides(BOTH))
    assert {rule.listener for rule in later.rules if rule not in now.rules} == {"arn:public"}


def test_a_header_rule_for_a_kept_route_is_known_by_its_place() -> None:
    history = Request.of("GET", "/v2/stamps/7/score/0xA/history", [("x-rollout", "candidate")])
    found = explain(BOTH, LATER, "public", history)
    assert "header rule of kept-routes.stamp-score-history" in found.inventory
    assert [share.part for share in found.shares] == ["legacy"]


def test_only_rules_behind_the_block_on_the_same_load_balancer_need_a_stand_in() -> None:
    asked = {"load_balancer": "public", "path": "/a/*", "methods": ("GET",)}
    routes = {"a": Route(**asked, priority=900, legacy="old", candidate="new")}
    kept = {
        "near": KeptRoute(**asked | {"path": "/a/b"}, priority=800, legacy="old"),
        "before": KeptRoute(**asked | {"path": "/a/c"}, priority=400, legacy="old"),
        "elsewhere": KeptRoute(**asked | {"load_balancer": "internal"}, priority=700, legacy="old"),
    }
    both = {name: LoadBalancer(name=name) for name in ("public", "internal")}
    inventory = environment(routes=routes, kept_routes=kept, load_balancers=both)
    inventory = with_header(inventory, priority_base=500)
    planned = planned_overrides(inventory)
    assert {name: rule.priority for name, rule in planned.items()} == {"near-override-kept": 500, "a-override": 501}
    inner = Route(**asked | {"load_balancer": "internal"}, priority=600, legacy="old-int", candidate="new-int")
    busy = inventory.model_copy(update={"routes": routes | {"inner": inner}})
    assert list(planning_problems(busy)) == []
    low = inventory.model_copy(update={"routes": routes | {"inner": inner.model_copy(update={"priority": 400})}})
    assert {what.split()[3] for _, what, _ in planning_problems(low)} == {"inner-override"}


def test_a_rule_for_any_path_takes_requests_of_a_route_with_a_path_of_its_own() -> None:
    route = Route(load_balancer="public", path="/a", methods=("GET",), priority=900, legacy="old", candidate="new")
    inventory = with_header(environment(routes={"a": route}), priority_base=500)
    now = seed_live(TEN, inventory)
    anywhere = LiveRule(Arn("arn:any"), Arn("arn:public"), 700, (Condition(ConditionField.HOST, ("a.test",)),))
    (problem,) = override_problems(inventory, replace(now, rules=(*now.rules, anywhere)))
    assert problem.code == "rule-bypassed"


def test_a_header_rule_for_some_methods_is_of_the_route_that_has_just_these() -> None:
    asked = {"load_balancer": "public", "path": "/a", "legacy": "old", "candidate": "new"}
    routes = {
        "one": Route(**asked, methods=("GET",), priority=900),
        "both": Route(**asked, methods=("GET", "POST"), priority=901),
    }
    inventory = environment(routes=routes)
    for method, place in (("GET", "routes.one"), ("POST", "routes.both")):
        rule = strange("/a", 7, Condition.on_header("X-A", ["a"]))
        rule = replace(rule, asks=(*for_endpoint("/a", (method,)), Condition.on_header("X-A", ["a"])))
        now = seed_live(TEN, inventory)
        found = header_rules_before(inventory, replace(now, rules=(rule, *now.rules)))
        assert [at for at, _, _ in found] == [place]


def test_a_rule_with_a_header_is_of_no_entry_on_another_load_balancer_or_whose_conditions_are_not_known() -> None:
    asked = {"load_balancer": "public", "legacy": "old", "candidate": "new"}
    routes = {
        "a": Route(**asked, path="/a", methods=("GET",), priority=900),
        "inner": Route(**asked | {"load_balancer": "internal"}, path="/b", methods=("GET",), priority=901),
        "gone": Route(**asked, match="as-is", priority=902),
    }
    both = {name: LoadBalancer(name=name) for name in ("public", "internal")}
    inventory = environment(routes=routes, load_balancers=both)
    now = seed_live(TEN, inventory)
    known = tuple(rule for rule in now.rules if rule.priority != 902)
    for path, places_of in (("/a", ["routes.a"]), ("/b", [])):
        rule = strange(path, 7, Condition.on_header("X-A", ["a"]))
        found = header_rules_before(inventory, replace(now, rules=(rule, *known)))
        assert [at for at, _, _ in found] == places_of


def turned_around(asked: Condition) -> Condition:
    return replace(asked, values=asked.values[::-1], hidden=asked.hidden[::-1])


def test_the_order_of_a_header_rules_values_says_nothing() -> None:
    planned = planned_overrides(BOTH)
    turned = {
        name: replace(
            rule, asks=tuple(replace(c, values=c.values[::-1], hidden=c.hidden[::-1]) for c in rule.asks[::-1])
        )
        for name, rule in planned.items()
    }
    assert list(unlike_overrides(BOTH, turned, LATER)) == []


def test_status_tells_header_rules_and_overlaps_does_not_take_them_for_strangers() -> None:
    told = status_of(BOTH, LATER, None).header_rules
    assert len(told) == 17
    assert ("routes.stamp-score", 509, "header X-Rollout: **********", "l-passport-v2-rust-scorer 1") in {
        (rule.route, rule.priority, rule.header, rule.forwards) for rule in told
    }
    assert overlaps(BOTH, LATER) == overlaps(SEED, seed_live(TEN))
