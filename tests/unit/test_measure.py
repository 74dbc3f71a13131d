"""What was measured, held against the live rules."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.alb.state import AlbState, LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction
from rollout.analysis.measuring.split import (
    Measured,
    SplitVerdict,
    counted,
    interval,
    measure,
    shared_candidates,
    verdict_of,
)
from rollout.inventory.conditions import Condition, ConditionField
from rollout.inventory.model import Arn, Environment, Route
from rollout.inventory.quantities import Percent
from tests.unit.builders import BALANCER, HOUR, LISTENER, environment, live

SINCE = timedelta(minutes=15)


def arn(group: str) -> Arn:
    return Arn(f"arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/{group}/1")


def inventory(**groups: tuple[str, str]) -> Environment:
    """Routes by name, each with a legacy and a candidate target group."""
    return environment(
        routes={
            name: Route(load_balancer="public", path=f"/{name}", priority=number, legacy=legacy, candidate=candidate)
            for number, (name, (legacy, candidate)) in enumerate(groups.items(), 1)
        }
    )


APART = inventory(a=("la", "ca"), b=("lb", "cb"))
SHARED = inventory(a=("la", "c"), b=("lb", "c"))


def on_aws(found: Environment, **weights: int | None) -> AlbState:
    """Rules with these weights; None is legacy alone."""
    forwards: dict[str, ForwardAction | None] = {}
    for name, weight in weights.items():
        old, new = arn(found.routes[name].legacy), arn(found.routes[name].candidate)
        forwards[name] = (
            ForwardAction({old: 1}) if weight is None else ForwardAction({old: 100 - weight, new: weight}, HOUR)
        )
    names = {group for route in found.routes.values() for group in (route.legacy, route.candidate)}
    groups = {name: LiveTargetGroup(arn(name), name, "lambda") for name in names}
    return replace(live(forwards, found), target_groups=groups)


def measured(found: Environment, now: AlbState, **counts: int) -> Mapping[str, Measured]:
    return measure(found, now, {arn(group): count for group, count in counts.items()}, SINCE)


def test_a_route_with_target_groups_of_its_own_is_measured_by_itself() -> None:
    found = measured(APART, on_aws(APART, a=10, b=50), la=900, ca=100, lb=40, cb=60)
    assert found["a"] == Measured(
        ("a",), 1000, 100, Percent(100), Percent(82), Percent(121), Percent(100), SplitVerdict.AGREES
    )
    assert (found["b"].requests, found["b"].share) == (100, Percent(600))


def test_routes_that_share_a_candidate_are_measured_together() -> None:
    found = measured(SHARED, on_aws(SHARED, a=10, b=10), la=500, lb=400, c=100)
    assert found["a"] is found["b"]
    assert (found["a"].routes, found["a"].requests, found["a"].candidate) == (("a", "b"), 1000, 100)
    assert found["a"].verdict is SplitVerdict.AGREES


def test_a_chain_of_shared_groups_is_one_pool_and_each_group_counts_once() -> None:
    chain = inventory(a=("l", "c"), b=("l", "d"), x=("lx", "cx"), e=("le", "d"))
    found = measured(chain, on_aws(chain, a=50, b=50, x=50, e=50), l=10, c=5, d=20, le=15, lx=1)
    assert found["a"].routes == ("a", "b", "e")
    assert (found["a"].requests, found["a"].candidate) == (50, 25)


def test_differing_weights_are_expected_by_how_many_requests_each_route_has() -> None:
    # 1,000 requests of a at 10 % and 200 of b at 50 %
    found = measured(SHARED, on_aws(SHARED, a=10, b=50), la=900, lb=100, c=200)["a"]
    assert (found.expected, found.verdict) == (Percent(167), SplitVerdict.AGREES)
    whole = measured(SHARED, on_aws(SHARED, a=10, b=100), la=900, lb=0, c=300)["a"]  # how many had b?
    assert (whole.expected, whole.verdict, whole.share) == (None, SplitVerdict.UNKNOWN, Percent(250))
    assert whole.why


@pytest.mark.parametrize(
    ("weights", "counts", "why"),
    [
        ({"a": 10, "b": 10}, {"la": 450, "lb": 250, "c": 300}, "cookie to c"),
        ({"a": 10, "b": 10}, {"la": 500, "lb": 480, "c": 20}, "raised earlier"),
        ({"a": None, "b": None}, {"la": 500, "lb": 480, "c": 20}, "some nodes"),
    ],
)
def test_a_share_far_from_the_weight_disagrees_and_says_what_is_likely(
    weights: dict[str, int | None], counts: dict[str, int], why: str
) -> None:
    found = measured(SHARED, on_aws(SHARED, **weights), **counts)["a"]
    assert found.verdict is SplitVerdict.DISAGREES
    assert why in "; ".join(found.why)
    assert "in the last 15m" in "; ".join(found.why)


def test_cookies_are_no_reason_where_stickiness_is_off() -> None:
    why = measured(SHARED, on_aws(SHARED, a=None, b=None), la=500, c=20)["a"].why
    assert not any("cookie" in reason for reason in why)


def test_only_routes_that_share_a_candidate_drift() -> None:
    assert shared_candidates(SHARED) == {"c": ("a", "b")}
    assert shared_candidates(APART) == {}
    assert shared_candidates(inventory(a=("l", "c"), b=("l", "c"))) == {}  # a cookie to legacy holds on both as well
    (reasons,) = (measured(APART, on_aws(APART, a=10, b=10), la=1, ca=99)["a"].why,)
    assert not any("share" in reason for reason in reasons)


def test_another_rule_with_one_of_the_groups_makes_it_unknown() -> None:
    now = on_aws(SHARED, a=10, b=10)
    other = LiveRule(
        Arn("arn:rule/x"), LISTENER, 99, (Condition(ConditionField.PATH, ("/x",)),), ForwardAction({arn("lb"): 1})
    )
    found = measured(SHARED, replace(now, rules=(*now.rules, other)), la=900, c=100)["a"]
    assert (found.verdict, found.why) == (SplitVerdict.UNKNOWN, ("lb also gets requests by another rule, for /x",))
    assert found.share == Percent(100)
    last = replace(other, priority=50_001)
    assert measured(SHARED, replace(now, defaults={"public": last}), la=9, c=1)["a"].verdict is SplitVerdict.UNKNOWN


def test_a_strange_rule_and_a_group_of_both_kinds_make_it_unknown() -> None:
    assert any("the live rule of b" in why for why in measured(SHARED, on_aws(SHARED, a=10), la=9, c=1)["a"].why)
    crossed = inventory(a=("l", "m"), b=("m", "c"))
    found = measured(crossed, on_aws(crossed, a=10, b=10), l=9, m=1)["a"]
    assert "m is one route's legacy and another's candidate" in found.why
    assert found.requests == 10


def test_without_requests_nothing_is_said_of_shares() -> None:
    found = measured(SHARED, on_aws(SHARED, a=10, b=10))["a"]
    assert (found.requests, found.share, found.low, found.verdict) == (0, None, None, SplitVerdict.TOO_FEW)


def test_every_target_group_that_is_there_is_asked_for_once() -> None:
    now = on_aws(SHARED, a=10, b=10)
    present = replace(now, target_groups={k: v for k, v in now.target_groups.items() if k != "lb"})
    asked = counted(SHARED, present)
    assert set(asked) == {arn("la"), arn("c")}
    assert dict(asked[arn("c")].dimensions) == {"LoadBalancer": "", "TargetGroup": "targetgroup/c/1"}
    balancer = Arn(f"{BALANCER}:loadbalancer/app/shop/50dc")
    named = counted(SHARED, replace(present, load_balancers={"public": balancer}))
    assert dict(named[arn("la")].dimensions)["LoadBalancer"] == "app/shop/50dc"


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    # by Newcombe, Two-Sided Confidence Intervals for the Single Proportion, 1998, table I
    [(81, 263, "25.5", "36.7"), (15, 148, "6.2", "16.1"), (0, 20, "0", "16.2"), (1, 29, "0.6", "17.2")],
)
def test_the_interval_is_wilsons(hits: int, total: int, low: str, high: str) -> None:
    assert interval(hits, total) == (Percent.of(low), Percent.of(high))


@given(st.integers(1, 10**9).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_an_interval_holds_its_share_and_stays_within_0_and_100(case: tuple[int, int]) -> None:
    hits, total = case
    low, high = interval(hits, total)
    assert low.tenths <= hits / total * 1000 <= high.tenths


@pytest.mark.parametrize(
    ("hits", "total", "expected", "verdict"),
    [
        (0, 0, 0.1, SplitVerdict.TOO_FEW),
        (1, 10, 0.001, SplitVerdict.TOO_FEW),  # unlikely, but one in a hundred
        (20, 20, 0.1, SplitVerdict.DISAGREES),  # few, and yet plain
        (2, 20, 0.1, SplitVerdict.TOO_FEW),
        (10, 100, 0.1, SplitVerdict.AGREES),
        (0, 3, 0.0, SplitVerdict.AGREES),  # nothing is left to chance
        (1, 100_000, 0.0, SplitVerdict.DISAGREES),
        (99_999, 100_000, 1.0, SplitVerdict.DISAGREES),
        (5, 5, 1.0, SplitVerdict.AGREES),
        (1_150, 10_000, 0.1, SplitVerdict.DISAGREES),
    ],
)
def test_a_verdict(hits: int, total: int, expected: float, verdict: SplitVerdict) -> None:
    assert verdict_of(hits, total, expected) is verdict


def test_chance_alone_hardly_ever_disagrees() -> None:
    chance = random.Random(5)  # noqa: S311 - the same numbers each time
    for weight in (0.001, 0.01, 0.1, 0.5, 0.999):
        said = [verdict_of(sum(chance.random() < weight for _ in range(400)), 400, weight) for _ in range(400)]
        assert said.count(SplitVerdict.DISAGREES) <= 3, weight
