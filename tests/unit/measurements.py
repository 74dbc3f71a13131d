"""A CloudWatch in memory: values by source, metric and minute, and the statistics that are asked of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

from rollout.analysis.metrics import MINUTE, Point, Series, Source

ZONE = timezone(timedelta(hours=5, minutes=30))
"""Where the points' times are told, as an SDK may choose."""


class Measurements:
    """The `Metrics` port.

    Attributes:
        asked: The series, start and end of each reading.
        interpolated: How much less than the true one a trimmed count is.
    """

    def __init__(self) -> None:
        self._values: defaultdict[tuple[Source, str], dict[datetime, list[float]]] = defaultdict(dict)
        self.interpolated = 0.0
        self.asked: list[tuple[tuple[Series, ...], datetime, datetime]] = []

    def put(self, source: Source, name: str, at: datetime, *values: float) -> None:
        """Publish values of a metric in a minute."""
        self._values[source, name].setdefault(at.astimezone(UTC), []).extend(values)

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """See `analysis.ports.Metrics`."""
        assert start < end
        assert {each.period for each in series} <= {MINUTE}
        self.asked.append((tuple(series), start, end))
        return {
            each: tuple(
                Point(at.astimezone(ZONE), self._computed(each.statistic, values))
                for at, values in sorted(self._values[Source(each.namespace, each.dimensions), each.name].items())
                if start <= at < end
            )
            for each in series
        }

    def _computed(self, statistic: str, values: Sequence[float]) -> float:
        if statistic == "Sum":
            return math.fsum(values)
        if statistic == "SampleCount":
            return len(values)
        if statistic.startswith("TC(:"):
            return sum(value <= float(statistic[4:-1]) for value in values) - self.interpolated
        return sorted(values)[max(0, math.ceil(float(statistic.removeprefix("p")) / 100 * len(values)) - 1)]
