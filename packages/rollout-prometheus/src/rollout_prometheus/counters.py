"""Raw samples of counters as counts by minute, without extrapolation. Pure.

`increase()` extrapolates to the ends of its range, so its counts are fractions, and it leaves out the first value of a
counter, such as the first error. Here each difference of two samples counts in the minute of the later one:

- a lower value is a counter that began again at 0;
- a counter that appears on an instance that was scraped before began at 0; on a new instance its first value is
  unknown history, and counts nothing;
- where scrapes are missing, the minutes are unknown, not 0.

A sample on the border of two minutes belongs to the earlier one.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MAX_AGE = 150.0
"""Seconds between two scrapes, at most: every two minutes, and some for jitter."""
MINUTE = 60
Instance = tuple[str, str]
Sample = tuple[float, float]
"""Seconds since 1970, and the counter's value."""


@dataclass(frozen=True, slots=True)
class Counter:
    """The samples of one series, the oldest first."""

    labels: Mapping[str, str]
    samples: Sequence[Sample]

    @property
    def instance(self) -> Instance:
        """Whose it is."""
        return self.labels.get("job", ""), self.labels.get("instance", "")


@dataclass(frozen=True, slots=True)
class Increases:
    """Counts by minute, which are numbered since 1970.

    Attributes:
        counts: What came in each; nothing where there is none.
        gaps: The minutes in which something isn't known.
    """

    counts: Mapping[int, float]
    gaps: frozenset[int]


Scrapes = Mapping[Instance, Sequence[float]]


def scrapes(counters: Iterable[Counter]) -> Scrapes:
    """When each instance was scraped."""
    found: defaultdict[Instance, set[float]] = defaultdict(set)
    for each in counters:
        found[each.instance].update(time for time, _ in each.samples)
    return {instance: sorted(times) for instance, times in found.items()}


def increases(counters: Iterable[Counter], scraped: Scrapes) -> Increases:
    """What counters count together.

    Args:
        counters: The series.
        scraped: When their instances were scraped.
    """
    counts: defaultdict[int, float] = defaultdict(float)
    gaps: set[int] = set()
    for counter in counters:
        times, before = scraped.get(counter.instance, ()), None
        for time, value in counter.samples:
            if before and time - before[0] <= MAX_AGE:
                counts[minute_of(time)] += value - before[1] if value >= before[1] else value
            elif _was_scraped_before(time, times):
                counts[minute_of(time)] += value
            elif before:
                gaps.update(range(math.floor(before[0] / MINUTE), minute_of(time) + 1))
            before = time, value
    return Increases(dict(counts), frozenset(gaps))


def minute_of(time: float) -> int:
    """The minute that a sample belongs to."""
    return math.ceil(time / MINUTE) - 1


def known_minutes(scraped: Scrapes, first: int, last: int) -> set[int]:
    """The minutes, up to before the last, at whose both ends some instance had been scraped lately."""
    found: set[int] = set()
    for times in scraped.values():
        fresh = [_is_fresh(times, border * MINUTE) for border in range(first, last + 1)]
        found.update(first + n for n in range(last - first) if fresh[n] and fresh[n + 1])
    return found


def down_minutes(ups: Iterable[Counter], scraped: Scrapes) -> set[int]:
    """The minutes in which a scrape of one of these instances failed, by `up`."""
    return {minute_of(time) for each in ups if each.instance in scraped for time, value in each.samples if value == 0}


def alive_minutes(counters: Iterable[Counter]) -> set[int]:
    """The minutes in which a gauge was above 0."""
    return {minute_of(time) for each in counters for time, value in each.samples if value > 0}


def _was_scraped_before(time: float, times: Sequence[float]) -> bool:
    at = bisect_left(times, time)
    return at > 0 and time - times[at - 1] <= MAX_AGE


def _is_fresh(times: Sequence[float], border: float) -> bool:
    at = bisect_right(times, border)
    return at > 0 and border - times[at - 1] <= MAX_AGE
