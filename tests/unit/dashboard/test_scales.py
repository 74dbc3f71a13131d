"""Axes: round numbers and times that cover what is drawn."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rollout.reports.scales import Axis, ticks, time_labels, time_ticks

NOON = datetime(2026, 11, 24, 12, 7, tzinfo=UTC)


@given(st.floats(1e-6, 1e6))
def test_ticks_reach_the_top_in_few_equal_steps(top: float) -> None:
    found = ticks(top)
    steps = {round((b - a) / found[1], 6) for a, b in itertools.pairwise(found)}
    assert found[0] == 0
    assert found[-2] < top <= found[-1] * (1 + 1e-6)
    assert steps == {1.0}
    assert len(found) <= 6


@given(st.timedeltas(timedelta(minutes=10), timedelta(days=60)))
def test_time_ticks_are_round_few_and_inside(span: timedelta) -> None:
    found = time_ticks(NOON, NOON + span)
    assert 2 <= len(found) <= 6
    assert found[0] >= NOON
    assert found[-1] <= NOON + span
    assert all(time.second == 0 for time in found)


def test_a_day_is_told_where_it_begins() -> None:
    assert time_labels(time_ticks(NOON, NOON + timedelta(days=1))) == ("18:00", "Nov 25", "06:00", "12:00")


@given(st.floats(-10, 10))
def test_nothing_is_beyond_an_axis(value: float) -> None:
    axis = Axis(0, 1, 178, 16)
    assert 16 <= axis.at(value) <= 178
    assert (axis.at(0), axis.at(1), axis.at(0.5)) == (178, 16, 97)
