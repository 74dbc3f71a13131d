"""How many requests each route has, from counts by target group."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.analysis.measuring.volumes import Volume, volumes
from rollout.inventory.model import LEGACY_ONLY, Environment, Split
from rollout.inventory.quantities import Percent
from rollout.migration.gates import TrafficLine, requests_of, unlike_file
from tests.unit.builders import LEGACY_FORWARD, environment, live, weighted
from tests.unit.test_measure import APART, SHARED, arn, inventory, on_aws

TEN_MINUTES = timedelta(minutes=10)
QUARTER = Split.at(Percent.of(25))


def counted(found: Environment, counts: dict[str, int], **weights: int | None) -> dict[str, Volume]:
    now = on_aws(found, **weights)
    return volumes(found, now, {arn(group): count for group, count in counts.items()}, TEN_MINUTES)


def test_a_route_with_groups_of_its_own_has_the_requests_of_both() -> None:
    assert counted(APART, {"la": 900, "ca": 100, "cb": 5}, a=10, b=100) == {
        "a": Volume(100, ("a",)),
        "b": Volume(0.5, ("b",)),
    }


def test_a_shared_candidates_requests_are_divided_as_legacy_and_weights_let_expect() -> None:
    # 1,000 requests of a at 10 %, and 200 of b at 50 %
    found = counted(SHARED, {"la": 900, "lb": 100, "c": 200}, a=10, b=50)
    assert {name: (round(volume.per_minute, 6), volume.routes) for name, volume in found.items()} == {
        "a": (100, ("a",)),
        "b": (20, ("b",)),
    }


def test_before_the_first_weight_each_legacy_group_tells_its_routes_own() -> None:
    assert counted(SHARED, {"la": 40, "lb": 10}, a=None, b=0) == {"a": Volume(4, ("a",)), "b": Volume(1, ("b",))}


@pytest.mark.parametrize(
    ("found", "counts", "weights"),
    [
        (SHARED, {"lb": 10, "c": 90}, {"a": 100, "b": 10}),  # how many had a?
        (SHARED, {"la": 90, "c": 10}, {"a": 0, "b": 0}),  # cookies of an earlier weight: whose?
        (inventory(a=("l", "ca"), b=("l", "cb")), {"l": 90, "ca": 5, "cb": 5}, {"a": 10, "b": 10}),  # one legacy group
    ],
)
def test_what_cannot_be_told_apart_is_counted_together(
    found: Environment, counts: dict[str, int], weights: dict[str, int]
) -> None:
    assert counted(found, counts, **weights) == dict.fromkeys(("a", "b"), Volume(10, ("a", "b")))


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        (Volume(336, ("score",)), "about 84 of 336"),
        (Volume(4.5, ("score",)), "about 1.1 of 4.5"),
        (Volume(40_000, ("score",)), "about 10,000 of 40,000"),
        (Volume(0, ("score",)), "none"),
        (Volume(336, ("score", "bulk")), "336 with 1 other"),
        (Volume(336, ("a", "score", "bulk")), "336 with 2 others"),
        (None, ""),
    ],
)
def test_a_gates_line_says_how_many_requests_a_weight_is(volume: Volume | None, said: str) -> None:
    assert requests_of([TrafficLine("score", "GET /score/*", "public", 10, LEGACY_ONLY, QUARTER, volume)]) == said


def test_a_gate_tells_the_routes_it_leaves_unlike_the_file() -> None:
    found = environment(weight=Percent.of(25), route_weights={})
    now = live({"score": weighted(90, 10), "bulk": LEGACY_FORWARD})
    assert [*unlike_file(found, now, {"score": QUARTER})] == ["routes.bulk: stays at 0 % (live); the file says 25 %"]
    assert [*unlike_file(found, live({"score": weighted(75, 25), "bulk": weighted(75, 25)}), {})] == []
    assert [
        *unlike_file(found, live({"score": None, "bulk": weighted(75, 25)}), {})
    ] == []  # its rule does something else
