"""What rollout needs of a source of metrics, as tests that any source can run: subclass, and give a fixture `site`.

```python
class TestMine(MetricsContract):
    @pytest.fixture
    def site(self) -> MetricsSite: ...
```

pytest then runs each test on a source of its own. docs/plugins.md describes the promises.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from rollout.analysis.metrics import MINUTE, Point, Series, Source, target_group
from rollout.analysis.ports import Metrics
from rollout.inventory.model import Arn

_ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012"
_BALANCER = Arn(f"{_ARN}:loadbalancer/app/shop/50dc6c495c0c9188")
LEGACY, CANDIDATE = (target_group(_BALANCER, Arn(f"{_ARN}:targetgroup/{name}/1")) for name in ("old", "new"))
NOON = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=4)
"""The first hour of which there are numbers."""
END = NOON + timedelta(hours=2)
"""When they end. Sources measure from a while before the first hour until then."""
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""A histogram's, in seconds, for sources that have some."""
REQUESTS, ERRORS, TIMES = "RequestCount", "HTTPCode_Target_5XX_Count", "TargetResponseTime"


class MetricsSite(Protocol):
    """A source, and a system that is measured by it.

    Attributes:
        tells_gaps: Whether the source can tell no data from no events.
    """

    tells_gaps: bool

    @property
    def metrics(self) -> Metrics:
        """The source; it is asked for once all has occurred."""

    def put(self, source: Source, name: str, at: datetime, *values: float) -> None:
        """Let values of an AWS metric occur in a minute: counts, or latencies in seconds."""

    def outage(self, start: datetime, end: datetime) -> None:
        """Let the system be unmeasured for a time; never called if the source can't tell."""


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + minutes * MINUTE


def known(points: tuple[Point, ...]) -> dict[datetime, float]:
    """The values that are known and not 0, by time."""
    return {point.time: point.value for point in points if not point.is_gap and point.value}


class MetricsContract:
    """The tests."""

    def _read(self, site: MetricsSite, series: Series, minutes: int = 10) -> dict[datetime, float]:
        found = site.metrics.read([series], NOON, at(minutes))[series]
        assert not any(point.is_gap for point in found)
        return known(found)

    def test_counts_are_sums_by_minute(self, site: MetricsSite) -> None:
        """Whole counts, each in its minute, in UTC or with another time zone."""
        site.put(LEGACY, REQUESTS, at(2), 20, 1)
        site.put(LEGACY, REQUESTS, at(3), 30)
        site.put(CANDIDATE, REQUESTS, at(2), 7)
        assert self._read(site, LEGACY.series(REQUESTS)) == {at(2): 21, at(3): 30}
        assert self._read(site, CANDIDATE.series(REQUESTS)) == {at(2): 7}

    def test_the_first_minute_is_included_and_the_last_is_not(self, site: MetricsSite) -> None:
        for minute in range(5):
            site.put(LEGACY, REQUESTS, at(minute), 10 + minute)
        found = site.metrics.read([LEGACY.series(REQUESTS)], at(1), at(4))
        assert known(found[LEGACY.series(REQUESTS)]) == {at(1): 11, at(2): 12, at(3): 13}

    def test_each_series_is_in_the_answer(self, site: MetricsSite) -> None:
        site.put(LEGACY, REQUESTS, at(1), 5)
        asked = [LEGACY.series(REQUESTS), LEGACY.series(ERRORS), LEGACY.series(REQUESTS)]
        assert set(site.metrics.read(asked, NOON, at(5))) == set(asked)
        assert site.metrics.read([], NOON, at(5)) == {}

    def test_errors_that_never_happened_are_none(self, site: MetricsSite) -> None:
        """Not a gap, though nobody has ever heard of this counter."""
        site.put(LEGACY, REQUESTS, at(1), 5)
        site.put(LEGACY, REQUESTS, at(2), 5)
        found = site.metrics.read([LEGACY.series(ERRORS)], at(1), at(3))[LEGACY.series(ERRORS)]
        assert [point for point in found if point.value != 0] == []

    def test_the_first_error_ever_counts(self, site: MetricsSite) -> None:
        for minute in range(6):
            site.put(LEGACY, REQUESTS, at(minute), 50)
        site.put(LEGACY, ERRORS, at(4), 1)
        assert self._read(site, LEGACY.series(ERRORS), 6) == {at(4): 1}

    def test_latencies_are_counted_not_averaged(self, site: MetricsSite) -> None:
        """A trimmed count is how many values are at most a limit, here a bound of a histogram."""
        site.put(LEGACY, REQUESTS, at(2), 4)
        site.put(LEGACY, TIMES, at(2), 0.03, 0.03, 0.4, 2.0)
        assert self._read(site, LEGACY.series(TIMES, "SampleCount")) == {at(2): 4}
        for limit, count in (("0.1", 2), ("0.5", 3), ("2.5", 4)):
            assert self._read(site, LEGACY.series(TIMES, f"TC(:{limit})")) == {at(2): count}

    def test_a_percentile_is_near_its_value(self, site: MetricsSite) -> None:
        """Within the values' bucket, where there is a histogram."""
        site.put(LEGACY, REQUESTS, at(2), 100)
        site.put(LEGACY, TIMES, at(2), *[0.08] * 97, *[0.8] * 3)
        ((_, median),) = self._read(site, LEGACY.series(TIMES, "p50")).items()
        ((_, tail),) = self._read(site, LEGACY.series(TIMES, "p99")).items()
        assert 0.05 < median <= 0.1
        assert 0.5 < tail <= 1

    def test_longer_periods_are_sums_too(self, site: MetricsSite) -> None:
        for minute in (0, 1, 59, 60, 119):
            site.put(LEGACY, REQUESTS, at(minute), 10)
        hours = replace(LEGACY.series(REQUESTS), period=60 * MINUTE)
        assert known(site.metrics.read([hours], NOON, END)[hours]) == {at(0): 30, at(60): 20}

    def test_a_long_time_is_read_whole(self, site: MetricsSite) -> None:
        """Whatever a call's limits are."""
        begin = at(0) - timedelta(hours=26)
        site.put(LEGACY, REQUESTS, at(0), 5)
        site.put(LEGACY, REQUESTS, at(119), 6)
        series = LEGACY.series(REQUESTS)
        assert known(site.metrics.read([series], begin, END)[series]) == {at(0): 5, at(119): 6}

    def test_what_was_read_stays(self, site: MetricsSite) -> None:
        for minute in range(90):
            site.put(LEGACY, REQUESTS, at(minute), minute + 1)
        series = LEGACY.series(REQUESTS)
        first = known(site.metrics.read([series], NOON, at(61))[series])
        assert known(site.metrics.read([series], NOON, at(90))[series]).items() >= first.items()

    def test_threads_may_share_it(self, site: MetricsSite) -> None:
        site.put(LEGACY, REQUESTS, at(2), 9)
        series = LEGACY.series(REQUESTS)
        with ThreadPoolExecutor(4) as pool:
            reads = pool.map(lambda _: known(site.metrics.read([series], NOON, at(10))[series]), range(8))
        assert all(each == {at(2): 9} for each in reads)

    def test_no_data_is_not_zero(self, site: MetricsSite) -> None:
        """While nobody measured, requests and errors aren't known, and before and after they are."""
        if not site.tells_gaps:
            return
        for minute in range(40):
            site.put(LEGACY, REQUESTS, at(minute), 10)
        site.outage(at(10), at(20))
        for name in (REQUESTS, ERRORS):
            series = LEGACY.series(name)
            found = {point.time: point for point in site.metrics.read([series], NOON, at(40))[series]}
            assert all(found[at(minute)].is_gap for minute in range(13, 18))
            assert not any(point.is_gap for time, point in found.items() if not at(8) <= time < at(22))
        series = LEGACY.series(REQUESTS)
        after = {at(minute): 10 for minute in range(25, 30)}
        assert known(site.metrics.read([series], at(25), at(30))[series]) == after
