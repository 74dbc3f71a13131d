"""CloudWatch's points as legacy against the candidate, with intervals."""

from __future__ import annotations

import math
import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.analysis.measuring.pools import Pool
from rollout.analysis.metrics import GAP, MINUTE, Point, target_group
from rollout.inventory.model import Arn
from rollout.reports.timeseries import (
    LADDERS,
    MAX_BUCKETS,
    PERIODS,
    RUNGS,
    Bucket,
    Estimate,
    bounds,
    course,
    frame,
    parts_of,
    rate,
    total,
    wanted,
)
from tests.unit.dashboard.world import DAY, NOW, Counted, overview, shop

OLD, OTHER, NEW = (
    target_group(
        Arn("arn:aws:elasticloadbalancing:us-west-2:1:loadbalancer/app/shop/1"), Arn(f"arn:x:targetgroup/{g}/1")
    )
    for g in ("old", "other", "new")
)
FRAME = frame(NOW, timedelta(minutes=10))
TIMES = FRAME[0]


@given(st.timedeltas(timedelta(minutes=10), timedelta(days=60)))
def test_periods_cover_the_time_up_to_now_and_are_few(since: timedelta) -> None:
    times, period = frame(NOW, since)
    assert period in PERIODS
    assert times[0] <= NOW - since < times[0] + period or times[0] == NOW - since
    assert times[-1] <= NOW < times[-1] + period
    assert len(times) <= MAX_BUCKETS + 41  # 60 days of 6 hours
    assert all(time.timestamp() % period.total_seconds() == 0 for time in times)


@given(st.sampled_from(sorted(LADDERS)), st.integers(1, 10**7))
def test_an_intervals_ends_are_asked_for_and_on_either_side(quantile: float, requests: int) -> None:
    low, high = bounds(quantile, requests)
    assert low is None or (low in LADDERS[quantile] and low < quantile)
    assert high is None or (high in LADDERS[quantile] and high > quantile)


def test_few_requests_have_no_interval_and_many_a_narrow_one() -> None:
    assert bounds(0.5, 10) == (None, None)
    assert bounds(0.5, 100) == (0.3, 0.7)
    assert bounds(0.5, 1000) == (0.45, 0.55)
    assert bounds(0.99, 300) == (0.95, None)
    assert bounds(0.99, 400) == (0.98, 1.0)
    assert bounds(0.99, 10_000) == (0.98, 0.998)


@pytest.mark.parametrize(("quantile", "requests"), [(0.5, 30), (0.5, 500), (0.99, 400), (0.99, 2000)])
def test_the_interval_holds_the_true_quantile_nineteen_times_of_twenty(quantile: float, requests: int) -> None:
    dice, held = random.Random(1), 0  # noqa: S311 - the same each time
    low, high = bounds(quantile, requests)
    assert low is not None
    assert high is not None
    for _ in range(300):
        drawn = sorted(dice.random() for _ in range(requests))
        ends = [drawn[max(0, math.ceil(share * requests) - 1)] for share in (low, high)]
        held += ends[0] <= quantile <= ends[1]
    assert held >= 0.95 * 300


def test_a_course_has_what_was_counted_of_each_implementation() -> None:
    minute = TIMES[3]
    read = {
        OLD.series("RequestCount"): (Point(minute, 900),),
        OTHER.series("RequestCount"): (Point(minute, 300),),
        NEW.series("RequestCount"): (Point(minute, 400), Point(TIMES[4], 5)),
        OLD.series("HTTPCode_Target_5XX_Count"): (Point(minute, 9),),
        OLD.series("HTTPCode_Target_4XX_Count"): (Point(minute, 24),),
        OTHER.series("LambdaUserError"): (Point(minute, 3),),
        NEW.series("HTTPCode_Target_5XX_Count"): (Point(minute, 500),),
        OLD.series("TargetResponseTime", "p50"): (Point(minute, 0.1),),
        OLD.series("TargetResponseTime", "p45"): (Point(minute, 0.09),),
        OLD.series("TargetResponseTime", "p55"): (Point(minute, 0.11),),
        OTHER.series("TargetResponseTime", "p50"): (Point(minute, 0.3),),
        OTHER.series("TargetResponseTime", "p30"): (Point(minute, 0.2),),
    }
    parts = parts_of((OLD, OTHER, NEW), MINUTE, read)
    found = course(Pool(("a", "b"), (OLD, OTHER), (NEW,)), FRAME, parts)
    assert found.legacy[3].requests == 1200
    assert found.legacy[3].errors == rate(12, 1200)
    median = found.legacy[3].median
    assert median is not None
    assert median.value == pytest.approx((900 * 0.1 + 300 * 0.3) / 1200)
    assert median.low == pytest.approx((900 * 0.09 + 300 * 0.2) / 1200)
    assert median.high is None  # one of them has none
    assert found.legacy[3].refused == rate(24, 1200)
    assert found.legacy[3].times[RUNGS.index(0.5)] == pytest.approx((900 * 0.1 + 300 * 0.3) / 1200)
    assert found.legacy[3].times[RUNGS.index(0.55)] == 0.11  # of the one that has it
    assert found.candidate[3].errors == rate(400, 400)  # no more errors than requests
    assert found.shares[3] == rate(400, 1600)
    assert found.shares[4] == rate(5, 5)
    assert (found.legacy[4], found.shares[5]) == (Bucket(), None)


def test_all_that_is_put_together_was_asked_for() -> None:
    metrics = Counted()
    whole = overview(shop(2), metrics=metrics).whole
    assert whole is not None
    asked = wanted((OLD,), whole.period)
    assert metrics.asked == [4 * len(asked)]
    assert {each.period for each in asked} == {whole.period}
    last = whole.candidate[-2]
    assert last.requests > 0
    assert None not in (last.errors, last.median, last.tail, last.median and last.median.low)


@given(st.lists(st.tuples(st.integers(1, 1000), st.floats(0, 1)), min_size=1, max_size=20))
def test_periods_add_up(found: list[tuple[int, float]]) -> None:
    buckets = [Bucket(n, rate(round(n * share), n), Estimate(share)) for n, share in found]
    whole = total([*buckets, Bucket()])
    assert whole.requests == sum(n for n, _ in found)
    assert whole.errors == rate(sum(round(n * share) for n, share in found), whole.requests)
    assert whole.median is not None
    assert min(share for _, share in found) - 1e-9 <= whole.median.value <= max(share for _, share in found) + 1e-9


def test_an_environments_day_is_one_call_whatever_it_shows() -> None:
    metrics = Counted()
    assert len(overview(shop(1), metrics=metrics, since=DAY).courses) == 1
    assert len(metrics.asked) == 1


def test_errors_that_are_not_known_are_none_and_not_0() -> None:
    period = FRAME[1]
    read = {series: [Point(TIMES[0], 10.0)] for series in wanted((OLD,), period) if series.name == "RequestCount"}
    read |= {series: [Point(TIMES[0], GAP)] for series in wanted((OLD,), period) if series.name != "RequestCount"}
    found = course(Pool(("a",), (OLD,), (NEW,)), FRAME, parts_of((OLD, NEW), period, read)).legacy[0]
    assert (found.requests, found.errors, found.refused, found.median, found.tail) == (10, None, None, None, None)
    known = Bucket(10, rate(1, 10))
    assert total([found, known]).errors == rate(1, 10)
    assert total([found, found]).errors is None
