"""Which charts a course has, and the line of the weights in them."""

from __future__ import annotations

from datetime import timedelta

from rollout.reports.plots import drawn, weights
from rollout.reports.timeseries import Estimate
from rollout.state.history.entries import Update
from tests.unit.dashboard.world import HISTORY, NOW, Histories, made, overview, shop

SHOP = shop(1)
HOUR = timedelta(hours=1)


def line(*updates: Update, hours: int = 24) -> list[tuple[float, float | None]]:
    """How many hours ago which weight was set."""
    found = weights(overview(SHOP, stacks=Histories(updates)), tuple(SHOP.routes), NOW - hours * HOUR)
    return [((NOW - time) / HOUR, None if each is None else each.value) for time, each in found.points]


def said(message: str, hours: float) -> Update:
    return Update("update", "succeeded", message, NOW - hours * HOUR)


def test_weights_are_those_of_history_and_the_live_one() -> None:
    assert line(*HISTORY) == [
        *((24, 0), (18.1, 0), (18, 0.05)),
        *((12, 0.05), (11, 0.05)),  # said, and nothing changed
        *((10, 0.25), (0, 0.25)),
    ]
    assert line(*HISTORY, hours=13) == [(13, 0.05), (12, 0.05), (11, 0.05), (10, 0.25), (0, 0.25)]


def test_a_weight_that_is_not_known_breaks_the_line() -> None:
    assert line(said("rollout phase2 p", 9), said("to five", 5), made("weight", 2, r1=(5, 25))) == [
        (9, 0),
        (5, None),
        (2, 0.25),
        (0, 0.25),
    ]


def test_after_the_last_change_the_live_weight_holds() -> None:
    assert line(said("rollout phase2 p", 9), said("for ticket 7", 5)) == [(9, 0), (5, 0.25), (0, 0.25)]
    assert line() == [(0, 0.25)]


def test_each_course_has_four_charts_with_ids_of_their_own() -> None:
    day = overview(SHOP)
    assert day.whole is not None
    charts = drawn(day, day.whole, "x")
    assert [each.title for each in charts] == [
        "Candidate's share of requests",
        "Server errors (5xx)",
        "Response time, p50",
        "Response time, p99",
    ]
    assert [each.svg.count('id="x-') for each in charts] == [2] * 4
    assert "Legacy 0.17 %, candidate 0.28 %." in charts[1].svg
    assert Estimate(0.25) in [each for _, each in weights(day, day.whole.routes, day.whole.times[0]).points]
