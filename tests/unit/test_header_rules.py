"""Header rules of routes that ask for all kinds of things: who takes a request, takes it with the header too."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rollout.alb.explain import explain
from rollout.alb.header_rules import with_overrides
from rollout.alb.overrides import override_warnings
from rollout.inventory.conditions import Condition, ConditionField, Conditions, Request, meaning_of
from rollout.inventory.header_rules import planned_overrides, refused_overrides
from rollout.inventory.model import Environment, KeptRoute, Route, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.quotas import MAX_CONDITION_VALUES
from rollout.inventory.settings import HeaderOverride
from tests.unit.builders import environment
from tests.unit.seed import seed_live

TEN = Split.at(Percent.of(10))
KINDS = {
    ConditionField.PATH: ("/a", "/a*", "/*", "/b"),
    ConditionField.METHOD: ("GET", "PUT", "POST"),
    ConditionField.HOST: ("a.test", "*.test", "b.test"),
    ConditionField.QUERY: ("x=1", "=2", "x=*"),
    ConditionField.SOURCE: ("10.0.0.0/8", "10.1.0.0/16"),
}


def drawn(draw: random.Random, most: int = 3) -> Conditions:
    kinds = draw.sample([*KINDS.items(), (ConditionField.HEADER, ("s3cr3t", "s*"))], draw.randint(1, most))
    asked = [(kind, tuple(draw.sample(values, draw.randint(1, 2)))) for kind, values in kinds]
    return tuple(
        Condition.on_header("X-Key", values) if kind is ConditionField.HEADER else Condition(kind, values)
        for kind, values in asked
    )


def inventories(count: int) -> Iterator[tuple[Environment, random.Random]]:
    for seed in range(count):
        draw = random.Random(seed)  # noqa: S311 - the same ones each time
        numbers, asked = iter(draw.sample(range(600, 700), 5)), [drawn(draw, most=5) for _ in range(5)]
        if len({meaning_of(each) for each in asked}) < len(asked):
            continue  # an inventory has no endpoint twice
        place = [{"load_balancer": "public", "match": each, "priority": next(numbers)} for each in asked]
        routes = {f"r{n}": Route(**place[n], legacy=f"old{n}", candidate="new") for n in range(3)}
        kept = {f"k{n}": KeptRoute(**place[n], legacy=f"kept{n}") for n in (3, 4)}
        override = HeaderOverride(legacy_value=draw.choice([None, "legacy"]))
        yield environment(routes=routes, kept_routes=kept, header_override=override), draw


def requests(draw: random.Random) -> Iterator[dict[str, Any]]:
    for _ in range(12):
        yield {
            "method": draw.choice(["GET", "PUT"]),
            "target": draw.choice(["/a", "/ab", "/b", "/c"]) + draw.choice(["", "?x=1", "?y=2"]),
            "headers": draw.choice([[], [("x-key", "s3cr3t")]]),
            "host": draw.choice(["a.test", "b.test"]),
            "source_ip": draw.choice(["10.1.0.1", "10.2.0.1", "192.0.2.1"]),
        }


@pytest.mark.thorough
def test_no_header_takes_a_request_to_another_rule_whatever_the_rules_ask() -> None:
    taken, refused_ones = 0, 0
    for inventory, draw in inventories(60):
        now, planned, refused = seed_live(TEN, inventory), planned_overrides(inventory), refused_overrides(inventory)
        assert all(sum(len(c.texts) for c in rule.asks) <= MAX_CONDITION_VALUES for rule in planned.values())
        later = with_overrides(inventory, now, planned)
        refused_ones += len(refused)
        for asked in requests(draw):
            before, plain = (explain(inventory, live, "public", Request.of(**asked)) for live in (now, later))
            assert replace(plain, passed=()) == replace(before, passed=())
            sent = Request.of(**{**asked, "headers": [*asked["headers"], ("x-rollout", "candidate")]})
            found = explain(inventory, later, "public", sent)
            place = next(iter(plain.inventory), "")
            if place.startswith("routes.") and place.removeprefix("routes.") not in refused:
                assert found.inventory == (f"header rule of {place}",)
                assert [share.part for share in found.shares] == ["candidate"]
                taken += 1
            else:
                assert (found.shares, found.action) == (plain.shares, plain.action)
    assert taken > 50
    assert refused_ones > 10


def test_a_route_that_can_have_no_header_rule_is_named_and_stops_no_other() -> None:
    five = tuple(Condition(kind, values[:1]) for kind, values in KINDS.items())
    place = {"load_balancer": "public", "candidate": "new"}
    routes = {
        "full": Route(**place, match=five, priority=600, legacy="old1"),
        "behind": Route(**place, path="/*", priority=601, legacy="old2"),
        "apart": Route(**place, match=(Condition(ConditionField.HOST, ("c.test",)),), priority=599, legacy="old3"),
    }
    inventory = environment(routes=routes, header_override=HeaderOverride())
    assert planned_overrides(inventory).keys() == {"apart-override"}
    assert refused_overrides(inventory).keys() == {"full", "behind"}  # which would take requests of the first
    said = override_warnings(inventory, seed_live(TEN, inventory))
    assert sum(text.startswith("no header rule for ") for text in said) == 2
