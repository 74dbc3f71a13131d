"""CloudWatch's metrics of the sandbox's traffic: measurements by metric and minute, with all values.

All values are kept, eight bytes each, since a percentile can't be had from sums; minutes go after CloudWatch's 15 days.
"""

from __future__ import annotations

import threading
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rollout_sandbox.clock import SandboxClock

MINUTE = 60
KEPT = timedelta(days=15)
REPORTS = "REPORT"
"""The namespace of what is in functions' logs, and not in CloudWatch's metrics."""
_UNITS = {"TargetResponseTime": "Seconds", "Duration": "Milliseconds", "LambdaTargetProcessedBytes": "Bytes"}
Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of one account's region.

    Attributes:
        account: Twelve digits.
        region: AWS's name.
        namespace: `AWS/ApplicationELB`, `AWS/Lambda`, `REPORTS`, or whatever PutMetricData names.
        name: `RequestCount`…
        dimensions: Names and values, sorted.
        unit: As PutMetricData names it; AWS's own have one each, which isn't kept.
    """

    account: str
    region: str
    namespace: str
    name: str
    dimensions: Dimensions
    unit: str = ""
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "_hash", hash((self.account, self.region, self.namespace, self.name, self.dimensions, self.unit))
        )

    def __hash__(self) -> int:
        return self._hash


class Metrics:
    """The measurements of a sandbox.

    Args:
        clock: Says which minute it is.
    """

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._minutes: dict[Metric, dict[int, array[float]]] = {}
        self._units: defaultdict[Metric, set[str]] = defaultdict(set)
        self._lock = threading.Lock()

    def add(self, values: Iterable[tuple[Metric, float]]) -> datetime:
        """Note measurements of this minute, and say when that was."""
        told = self._clock.now()
        now = int(told.timestamp())
        minute = now - now % MINUTE
        with self._lock:
            for metric, value in values:
                self._in(metric, minute).append(value)
        return told

    def put(self, metric: Metric, minute: int, values: Iterable[float]) -> None:
        """Note measurements of another minute, given by its first second since 1970."""
        with self._lock:
            self._in(metric, minute).extend(values)
            if metric.unit:
                self._units[replace(metric, unit="")].add(metric.unit)

    def of_units(self, metric: Metric, unit: str | None) -> tuple[Metric, ...]:
        """A metric without a unit as it is measured: as such, and in each unit or in the one that is named."""
        with self._lock:
            units = self._units.get(metric, set()) if unit is None else {unit}
        own = (metric,) if unit in {None, unit_of(metric.name)} else ()
        return (*own, *(replace(metric, unit=each) for each in sorted(units)))

    def now(self) -> datetime:
        """The time of what is measured now."""
        return self._clock.now()

    def between(self, metric: Metric, start: int, end: int) -> Mapping[int, tuple[float, ...]]:
        """A metric's values by minute.

        Args:
            metric: The metric.
            start: The first minute, in seconds since 1970, inclusive.
            end: The end, exclusive.
        """
        with self._lock:
            there = self._minutes.get(metric, {})
            asked = range(start + -start % MINUTE, end, MINUTE)
            if len(asked) < len(there):  # an alarm asks for a few minutes of many
                return {m: tuple(there[m]) for m in asked if m in there}
            return {m: tuple(found) for m, found in there.items() if start <= m < end}

    def known(self, account: str, region: str) -> tuple[Metric, ...]:
        """The metrics that have values."""
        with self._lock:
            return tuple(each for each in self._minutes if (each.account, each.region) == (account, region))

    def _in(self, metric: Metric, minute: int) -> array[float]:
        minutes = self._minutes.setdefault(metric, {})
        if (there := minutes.get(minute)) is None:
            for past in [past for past in minutes if past < minute - KEPT.total_seconds()]:
                del minutes[past]
            there = minutes[minute] = array("d")
        return there


def unit_of(metric: str) -> str:
    """The unit in which a metric is published."""
    return _UNITS.get(metric, "Count")
