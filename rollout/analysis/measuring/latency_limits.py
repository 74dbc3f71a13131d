"""The limits that make latencies countable: legacy's own quantiles, from before the step. Pure.

A limit must not depend on what it judges. So it is legacy's quantile in the hour before the first minute. If legacy had
too few requests then, the minutes that define the limit are not judged. By client it is renewed in a step: bets are
fair whatever a minute's limits are, if these are known before it and the same for both sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rollout.analysis.measuring.tallies import Time
from rollout.analysis.metrics import MINUTE, Point, Series, Source
from rollout.analysis.ports import Metrics
from rollout.analysis.streams import Latency
from rollout.inventory.ramp_settings import Margin

BEFORE = timedelta(hours=1)
"""How far back legacy's values count."""
RENEWED = timedelta(minutes=30)
"""How long a limit judges, by client."""
ENOUGH = 100
"""The number of values that a limit needs."""
_CLOSE = 1e-6
_Wanted = tuple[Time, tuple[Source, ...]]


@dataclass(frozen=True, slots=True)
class Limit:
    """Legacy's limit.

    Attributes:
        time: The limit.
        since: The first minute that it may judge.
    """

    time: timedelta
    since: datetime


def limit_series(recipe: Time, sources: Sequence[Source]) -> tuple[tuple[Series, Series], ...]:
    """By source, the quantile and its number of values."""
    return tuple(
        (source.series(recipe.name, f"p{recipe.quantile * 100:g}"), source.series(recipe.name, "SampleCount"))
        for source in sources
    )


def limit_of(
    recipe: Time, sources: Sequence[Source], read: Mapping[Series, Sequence[Point]], first: datetime
) -> Limit | None:
    """Legacy's limit: the median of its minutes' quantiles, a minute counting as much as it has values.

    Args:
        sources: The publishers of legacy's values.
        read: The points of `limit_series`.
        first: The first minute of the step; minutes from then on are taken only as long as there isn't enough.

    Returns:
        None if there isn't enough altogether.
    """
    found: list[tuple[datetime, float, float]] = []
    for quantile, number in limit_series(recipe, sources):
        weights = {point.time: point.value for point in read.get(number, ()) if not point.is_gap}
        known = (point for point in read.get(quantile, ()) if not point.is_gap)
        found += [(point.time, point.value, weights.get(point.time, 0)) for point in known]
    values, total, since = list[tuple[float, float]](), 0.0, first
    for time, value, weight in sorted(found):
        if time >= since and total >= ENOUGH:
            break
        values.append((value, weight))
        total += weight
        since = max(since, time + MINUTE)
    if total < ENOUGH:
        return None
    below = 0.0
    for value, weight in sorted(values):
        below += weight
        if below >= total / 2:
            return Limit(value * recipe.unit, since)
    return None


class RenewedLimits:
    """Legacy's limits from a step's second half hour on, each by the hour before it, and each read once.

    Args:
        metrics: Where legacy's values are.
        delay: How late its points are: what came so late before a half hour doesn't count for it. So a limit is known
            once its first minute begins, whoever reads it and whenever.
    """

    def __init__(self, metrics: Metrics, delay: timedelta) -> None:
        self._metrics, self._delay = metrics, delay
        self._known: dict[datetime, dict[_Wanted, Limit | None]] = {}

    def read(self, wanted: set[_Wanted], start: datetime, until: datetime) -> Mapping[_Wanted, tuple[Limit, ...]]:
        """The limits of each, one after the other, but for half hours before which legacy had too few requests.

        Args:
            wanted: Recipes, and the publishers of legacy's values.
            start: The step's first minute.
            until: The end of the last minute whose points don't change any more.

        Raises:
            AwsError: CloudWatch refused, or can't be reached.
        """
        begins = [start + n * RENEWED for n in range(1, (until + self._delay - start) // RENEWED + 1)]
        missing = [begin for begin in begins if not wanted <= self._known.get(begin, {}).keys()]
        if missing:
            pairs = (pair for recipe, sources in wanted for pair in limit_series(recipe, sources))
            series = tuple(dict.fromkeys(each for pair in pairs for each in pair))
            read = self._metrics.read(series, missing[0] - self._delay - BEFORE, missing[-1] - self._delay)
        for begin in missing:
            end = begin - self._delay
            points = {each: [point for point in read[each] if end - BEFORE <= point.time < end] for each in series}
            found = {each: limit_of(*each, points, end) for each in wanted}
            self._known[begin] = {each: limit and Limit(limit.time, begin) for each, limit in found.items()}
        return {each: tuple(limit for begin in begins if (limit := self._known[begin][each])) for each in wanted}


def latency_of(recipe: Time, limit: Limit | None, tolerance: Margin, harm: Margin) -> Latency:
    """The limits of both implementations, in seconds; all 0 if legacy's isn't known.

    Both bounds of a margin must be exceeded, so the wider one counts.
    """
    known = limit.time if limit else timedelta(0)

    def widened(margin: Margin) -> float:
        return (known + max(known * margin.relative, timedelta(milliseconds=margin.absolute))).total_seconds()

    if limit is None:
        return Latency(recipe.quantile, 0, 0, 0)
    return Latency(recipe.quantile, known.total_seconds(), widened(tolerance), widened(harm))


def at_bounds(latency: Latency, bounds: Sequence[float]) -> Latency | None:
    """The limits at which a histogram counts exactly, so that no count is a guess.

    What is tolerated becomes no less, so that a rise within the tolerance never fails; what is harmful becomes no
    more, so that a Pass rules it out.

    Args:
        bounds: The histogram's, rising, in seconds; without any, values are counted at any limit.

    Returns:
        None if legacy's limit is above all of them: then nothing can be counted.
    """
    if not bounds:
        return latency

    def up(limit: float) -> float | None:
        return next((bound for bound in bounds if bound >= limit * (1 - _CLOSE)), None)

    limit, tolerated = up(latency.limit), up(latency.tolerated)
    if limit is None or tolerated is None:
        return None
    harmful = max((bound for bound in bounds if bound <= latency.harmful * (1 + _CLOSE)), default=limit)
    return replace(latency, limit=limit, tolerated=tolerated, harmful=max(limit, harmful))
