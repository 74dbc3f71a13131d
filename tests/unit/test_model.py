"""Percentages, durations, and what a table of the inventory refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rollout.inventory.conditions import for_endpoint
from rollout.inventory.model import KeptRoute, Route
from rollout.inventory.quantities import LONGEST, Percent, format_duration, parse_duration
from rollout.inventory.ramp_settings import Ramp


@given(st.integers(0, 1000))
def test_a_percentage_is_read_as_it_is_written(tenths: int) -> None:
    percent = Percent(tenths)
    assert Percent.of(str(percent)) == percent
    assert Percent.of(f" {percent} % ") == percent
    assert Percent.of(tenths / 10) == percent


@pytest.mark.parametrize(("value", "tenths"), [(0, 0), ("10.0", 100), ("10.50", 105), (-0.0, 0), ("007", 70)])
def test_other_ways_to_write_one(value: object, tenths: int) -> None:
    assert Percent.of(value) == Percent(tenths)


@pytest.mark.parametrize(
    "value",
    [101, -1, "ten", 33.33, True, None, "", "1e1", float("nan"), float("inf"), "100.1", "-0.1", "9" * 5000, "٣", [1]],
)
def test_what_is_not_a_weight_is_refused_with_what_is(value: object) -> None:
    with pytest.raises(ValueError, match=r"for a weight|is not a weight"):
        Percent.of(value)


@given(st.integers(0, int(LONGEST.total_seconds())).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_duration_is_read_as_it_is_written(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize("value", ["", "1", "1 h", "h", "-1h", 3600, "1.5h", "9" * 30 + "d", None])
def test_what_is_not_a_duration(value: object) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(value)


def test_a_route_says_its_endpoint() -> None:
    route = Route(load_balancer="public", path="/a/*", methods=("GET", "HEAD"), priority=1, legacy="a", candidate="b")
    assert str(route) == "GET|HEAD /a/*"


def test_a_kept_route_without_a_rule_of_its_own_is_carried_by_the_generic_one() -> None:
    kept = KeptRoute(load_balancer="public", path="/a/b", methods=("GET",), priority=1, legacy="a", via="/a/*")
    assert (str(kept), kept.rule_conditions) == ("GET /a/b", for_endpoint("/a/*", ()))


def test_tables_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Ramp().bake = (timedelta(0),)  # type: ignore[misc]
