"""What functions cost: prices, intervals and the ledger."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.analysis.cost.ledger import CostLedger, Served, ledger
from rollout.analysis.cost.prices import prices_of
from rollout.analysis.cost.usage import Periods, Usage
from rollout.analysis.intervals import FEWEST, Estimate, ratio, t_975, total
from rollout.analysis.metrics import Point
from rollout.analysis.ports import FunctionSettings
from rollout.inventory.settings import Cost
from tests.unit.builders import environment

DAY = timedelta(days=1)
NOW = datetime(2026, 3, 1, 12, 7, 30, tzinfo=UTC)
VIRGINIA = environment(region="us-east-1")
SETTINGS = FunctionSettings(1024, "x86_64", "/aws/lambda/f")
SERVED = (Served("old", "legacy", ("score",)), Served("new", "candidate", ("score",)))
POOLS = ((("score",), ("old",), ("new",)),)
COUNTS = st.lists(st.integers(0, 10**9).map(float), min_size=1, max_size=30)


def used(requests: float, milliseconds: float, *, periods: int = 24, **more: Any) -> Usage:
    """The same in each period: so many requests, each of which took so long."""
    settings = more.pop("settings", SETTINGS)
    nothing = (0.0,) * periods
    values = {"log_bytes": nothing, "on_provisioned": nothing} | more
    return Usage(settings, DAY, (requests,) * periods, (requests * milliseconds,) * periods, **values)


def told(old: Usage, new: Usage, inventory: Any = VIRGINIA) -> CostLedger:
    return ledger("production", NOW, prices_of(inventory), {"old": old, "new": new}, SERVED, pools=POOLS)


def test_a_million_invocations_cost_what_aws_says_they_do() -> None:
    """AWS's page: 3,000,000 invocations of 512 MB and 1 s are 1,500,000 GB-seconds: $25.00 and $0.60 of requests."""
    half = FunctionSettings(512, "x86_64", "g")
    found = told(used(3_000_000 / 24, 1000 - 0.5, settings=half), used(0, 0)).functions[0]
    assert found.spent
    assert (found.invocations, round(found.gb_seconds)) == (3_000_000, 1_500_000)
    assert found.spent.compute == pytest.approx(25.0, rel=1e-4)
    assert found.spent.requests == pytest.approx(0.6)
    assert found.per_million
    assert found.per_million.value == pytest.approx(25.6 / 3, rel=1e-4)


def test_each_part_has_its_price() -> None:
    ready = FunctionSettings(2048, "arm64", "g", provisioned=3)
    parts: dict[str, Any] = {"log_bytes": (1024.0**3,) * 24, "on_provisioned": (50.0,) * 24, "init": (1000.0,) * 24}
    found = told(used(100, 99.5, settings=ready, **parts), used(0, 0)).functions[0]
    prices = prices_of(VIRGINIA).of("arm64")
    assert found.spent
    assert found.spent.compute == pytest.approx(
        24 * 2 * 100 * 0.1 * ((prices.gb_second or 0) + (prices.provisioned_duration or 0)) / 2
    )
    assert found.spent.init == pytest.approx(24 * 2 * (prices.gb_second or 0))
    assert found.spent.logs == pytest.approx(24 * 0.5)
    assert found.spent.provisioned == pytest.approx(3 * 2 * 86_400 * (prices.provisioned or 0))
    assert found.spent.total == pytest.approx(found.spent.by_use + found.spent.provisioned)


def test_a_faster_candidate_saves_what_it_is_faster() -> None:
    found = told(used(900, 200), used(100, 50))
    assert found.both
    assert found.legacy_alone
    assert found.saved
    price = prices_of(VIRGINIA).each.gb_second or 0
    assert found.legacy_alone.value == pytest.approx(24_000 * (0.2005 * price + 2e-7))
    assert found.saved.value == pytest.approx(30 * 24_000 * 0.150 * price)
    assert found.now == pytest.approx(24 * (900 * 0.2005 + 100 * 0.0505) * price + 24_000 * 2e-7)
    assert found.saved.low
    assert found.saved.high
    assert 0 < found.saved.low < found.saved.value < found.saved.high


def test_a_dearer_candidate_saves_less_than_nothing() -> None:
    always_on = FunctionSettings(1024, "x86_64", "g", provisioned=10)
    found = told(used(900, 50), used(100, 50, settings=always_on)).saved
    assert found
    assert found.value == pytest.approx(-30 * 10 * 86_400 * (prices_of(VIRGINIA).each.provisioned_gb_second or 0))
    assert found.high is not None
    assert found.high < 0


@pytest.mark.parametrize(("old", "new"), [(0, 0), (100, 0), (0, 100)])
def test_a_side_without_requests_compares_with_nothing(old: int, new: int) -> None:
    found = told(used(old, 50), used(new, 50))
    assert (found.both, found.saved, found.legacy_alone) == ((), None, None)
    assert [bool(each.per_million) for each in found.functions] == [bool(old), bool(new)]


def test_few_periods_have_no_interval() -> None:
    found = told(used(10, 50, periods=FEWEST - 1), used(10, 20, periods=FEWEST - 1)).saved
    assert found
    assert (found.low, found.high) == (None, None)


def test_a_region_without_prices_says_which_are_missing_and_counts_all_the_same() -> None:
    elsewhere = environment(region="eu-north-1")
    arm = FunctionSettings(1024, "arm64", "g")
    found = told(used(100, 50), used(100, 50, settings=arm), elsewhere)
    assert found.missing == ("million-requests", "gb-second", "gb-second-arm")
    assert [each.spent for each in found.functions] == [None, None]
    assert (found.compared, found.functions[0].invocations) == ((), 2400)


def test_own_prices_go_before_the_list() -> None:
    own = Cost(gb_second=1.0, million_requests=0.0)
    found = told(used(100, 999.5), used(0, 0), environment(region="eu-north-1", cost=own)).functions[0].spent
    assert found
    assert found.compute == pytest.approx(2400)
    assert found.requests == 0
    both = prices_of(environment(region="us-east-1", cost=Cost(gb_second=1.0))).each
    assert (both.gb_second, both.million_requests) == (1.0, 0.2)


@given(COUNTS, st.data())
def test_no_cost_is_negative_and_none_is_no_number(counts: list[float], data: st.DataObject) -> None:
    amounts = data.draw(st.lists(st.floats(0, 1e12), min_size=len(counts), max_size=len(counts)))
    share = data.draw(st.lists(st.floats(0, 1e12), min_size=len(counts), max_size=len(counts)))
    zero = (0.0,) * len(counts)
    ready = FunctionSettings(data.draw(st.integers(128, 10_240)), "x86_64", "g", data.draw(st.integers(0, 1000)))
    one = Usage(ready, DAY, tuple(counts), tuple(amounts), tuple(share), tuple(share), tuple(amounts))
    found = told(one, Usage(SETTINGS, DAY, tuple(counts), zero, zero, zero))
    numbers = [found.now or 0, *(value for each in found.compared for value in (each.now, each.requests))]
    for estimate in (each.per_million for each in found.functions):
        assert (estimate is None) == (sum(counts) == 0)
        if estimate:
            numbers += [estimate.value, *(end for end in (estimate.low, estimate.high) if end is not None)]
    assert all(math.isfinite(number) and number >= 0 for number in numbers)
    assert found.saved is None or math.isfinite(found.saved.value)


@given(COUNTS, st.floats(0, 1e6))
def test_the_interval_of_a_constant_ratio_is_what_is_off_either_way(counts: list[float], each: float) -> None:
    found = ratio([each * count for count in counts], counts, either_way=sum(counts))
    assert (found is None) == (not sum(counts))
    if found and found.low is not None and found.high is not None:
        assert found.value == pytest.approx(each)
        assert found.low == pytest.approx(max(0, each - 1), abs=1e-5 * (1 + each))
        assert found.high == pytest.approx(each + 1, rel=1e-5)


def test_an_interval_holds_as_often_as_it_says() -> None:
    from random import Random  # noqa: PLC0415 - for this test alone

    random, held, draws = Random(1), 0, 1000  # noqa: S311 - the same again, not a secret
    for _ in range(draws):
        counts = [random.uniform(50, 150) for _ in range(24)]
        found = ratio([count * random.uniform(0.5, 1.5) for count in counts], counts)
        assert found
        held += (found.low or 0) <= 1 <= (found.high or 0)
    assert 0.93 * draws <= held <= 0.97 * draws


@pytest.mark.parametrize(("freedom", "quantile"), [(4, 2.776), (9, 2.262), (23, 2.069), (1000, 1.962)])
def test_students_quantile_is_that_of_the_tables(freedom: int, quantile: float) -> None:
    assert t_975(freedom) == pytest.approx(quantile, rel=0.004)


def test_errors_of_independent_estimates_add_up_by_squares() -> None:
    found = total([Estimate(10, 7, 14), Estimate(5, 1, 8)], [1, -1])
    assert found == Estimate(5, 5 - math.hypot(3, 3), 5 + math.hypot(4, 4))
    assert total([Estimate(10, 7, 14), Estimate(5)]) == Estimate(15)


@pytest.mark.parametrize(
    ("span", "length", "number"),
    [
        (timedelta(hours=1), timedelta(minutes=1), 60),
        (timedelta(hours=6), timedelta(minutes=15), 24),
        (DAY, timedelta(hours=1), 24),
        (7 * DAY, timedelta(hours=6), 28),
        (30 * DAY, DAY, 30),
    ],
)
def test_periods_are_whole_ones_of_a_length_that_cloudwatch_keeps(
    span: timedelta, length: timedelta, number: int
) -> None:
    periods = Periods.until(NOW, span)
    end = periods.first + periods.span
    assert (periods.length, periods.number, periods.span) == (length, number, span)
    assert NOW - length < end <= NOW
    assert periods.first.timestamp() % length.total_seconds() == 0
    points = [Point(periods.first - length, 1), Point(periods.first, 2), Point(end - length, 3), Point(end, 4)]
    assert periods.sums(points) == (2, *(0,) * (number - 2), 3)
