"""CloudWatch's points as time series of legacy and the candidate, with 95 % intervals. Pure.

CloudWatch counts by target group. A percentile of several groups can't be derived from theirs, so theirs are averaged,
weighted by requests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain

from rollout.analysis.measuring.pools import Pool
from rollout.analysis.measuring.split import Z_95, wilson
from rollout.analysis.measuring.tallies import BY_TARGET_GROUP, tally
from rollout.analysis.metrics import MINUTE, Point, Series, Source

MAX_BUCKETS = 200
PERIODS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 360 * MINUTE)
"""How much time a point may stand for; CloudWatch keeps minutes for 15 days, 5 minutes for 63, and hours for 455."""
LADDERS: Mapping[float, tuple[float, ...]] = {0.5: (0.3, 0.45, 0.5, 0.55, 0.7), 0.99: (0.95, 0.98, 0.99, 0.998, 1.0)}
"""By quantile, those that are asked for, so that its interval's ends are among them: few, since each is paid for."""
RUNGS = tuple(chain.from_iterable(LADDERS.values()))
"""All quantiles that are asked for, rising."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ERRORS, _REFUSED = BY_TARGET_GROUP["server-errors"], BY_TARGET_GROUP["client-errors"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its 95 % interval, for independent requests.

    Attributes:
        value: The number.
        low: The interval's lower end; None with too few requests.
        high: Its upper end, likewise.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """What one implementation did in one period.

    Attributes:
        requests: How many it got.
        errors: The share of them that were server errors, 0 to 1; None without requests.
        median: The time that half of them took at most, in seconds.
        tail: The time that 99 of 100 took at most, in seconds.
        refused: The share of them that were client errors (4xx); None without requests.
        times: By the order of `RUNGS`, the quantiles of its response times, in seconds; empty without any.
    """

    requests: int = 0
    errors: Estimate | None = None
    median: Estimate | None = None
    tail: Estimate | None = None
    refused: Estimate | None = None
    times: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """Legacy and the candidate over time, for routes that are counted together.

    Attributes:
        routes: The routes.
        times: When each period begins, in UTC.
        period: How long each is.
        legacy: Legacy's, one a period.
        candidate: The candidate's.
        shares: The candidate's share of the requests, 0 to 1; None where there were none.
        totals: Legacy's periods as one, and the candidate's; made once, since each page shows them.
    """

    routes: tuple[str, ...]
    times: tuple[datetime, ...]
    period: timedelta
    legacy: tuple[Bucket, ...]
    candidate: tuple[Bucket, ...]
    shares: tuple[Estimate | None, ...]
    totals: tuple[Bucket, Bucket]


def frame(now: datetime, since: timedelta) -> tuple[tuple[datetime, ...], timedelta]:
    """The periods of a time: at most `MAX_BUCKETS` of them, the last one that has begun among them.

    Args:
        now: AWS's time, in UTC.
        since: How far back, 1 min or more.

    Returns:
        When each begins, and how long they are.
    """
    period = next((each for each in PERIODS if since / each <= MAX_BUCKETS), PERIODS[-1])
    first = _EPOCH + (now - since - _EPOCH) // period * period
    return tuple(first + number * period for number in range((now - first) // period + 1)), period


def wanted(sources: Iterable[Source], period: timedelta) -> tuple[Series, ...]:
    """All that is asked of CloudWatch about some target groups."""
    found = [
        each
        for source in sources
        for each in (
            *tally(_ERRORS, (source,)).series,
            *tally(_REFUSED, (source,)).series,
            *_ladder(source).values(),
        )
    ]
    return tuple(replace(each, period=period) for each in dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class PeriodCounts:
    """What one target group had in one period.

    Attributes:
        requests: How many, 1 or more.
        errors: How many of them were server errors, by counts that may come unevenly; `GAP` if it isn't known.
        times: By the order of `LADDERS`, the quantiles of its response times.
        refused: How many of them were client errors, likewise.
        rungs: By the order of `RUNGS`.
    """

    requests: float
    errors: float
    times: tuple[Estimate | None, ...]
    refused: float
    rungs: tuple[float | None, ...]


Parts = Mapping[Source, Mapping[datetime, PeriodCounts]]


def parts_of(sources: Iterable[Source], period: timedelta, read: Mapping[Series, Sequence[Point]]) -> Parts:
    """What each target group had, by period.

    Args:
        read: The points of the `wanted` series.
    """
    return {source: dict(_parts(source, period, read)) for source in sources}


def course(pool: Pool, framed: tuple[tuple[datetime, ...], timedelta], parts: Parts) -> TimeSeries:
    """Put together what was read.

    Args:
        framed: See `frame`.
        parts: See `parts_of`.
    """
    times, period = framed
    old, new = (_buckets(sources, times, parts) for sources in (pool.legacy, pool.candidate))
    shares = tuple(rate(b.requests, a.requests + b.requests) for a, b in zip(old, new, strict=True))
    return TimeSeries(pool.routes, times, period, old, new, shares, (total(old), total(new)))


def rate(hits: int, total: int) -> Estimate | None:
    """A share with Wilson's interval; None of nothing."""
    return Estimate(hits / total, *wilson(hits, total)) if total else None


@lru_cache(1 << 16)
def bounds(quantile: float, requests: int) -> tuple[float | None, float | None]:
    """Between which quantiles of so many requests the true one lies, with 95 %, by the requests' ranks alone.

    Args:
        quantile: One of `LADDERS`.
        requests: 1 or more.

    Returns:
        Of those that are asked for, the nearest that are wide enough; None where none is.

    See Conover, Practical Nonparametric Statistics, 3.2: confidence intervals for quantiles.
    """
    reach = Z_95 * math.sqrt(quantile * (1 - quantile) / requests)
    ladder = LADDERS[quantile]
    low = max((each for each in ladder if each <= quantile - reach), default=None)
    return low, min((each for each in ladder if each >= quantile + reach), default=None)


def _ladder(source: Source) -> dict[float, Series]:
    return {each: source.series("TargetResponseTime", "Maximum" if each == 1 else f"p{each * 100:g}") for each in RUNGS}


def _buckets(sources: Sequence[Source], times: Sequence[datetime], parts: Parts) -> tuple[Bucket, ...]:
    return tuple(_bucket([part for each in sources if (part := parts[each].get(time))]) for time in times)


def _parts(
    source: Source, period: timedelta, read: Mapping[Series, Sequence[Point]]
) -> Iterator[tuple[datetime, PeriodCounts]]:
    def values(series: Series) -> dict[datetime, float]:
        return {point.time: point.value for point in read.get(replace(series, period=period), ())}

    def times_of(series: Series) -> dict[datetime, float]:
        return {time: value for time, value in values(series).items() if not math.isnan(value)}

    counted = tally(_ERRORS, (source,))
    (numbers,) = map(values, counted.requests)
    failures = tuple(map(values, counted.events))
    (refusals,) = map(values, tally(_REFUSED, (source,)).events)
    ladder = {quantile: times_of(series) for quantile, series in _ladder(source).items()}
    for time, number in numbers.items():
        if number >= 1:
            found = tuple(_quantile(ladder, quantile, time, round(number)) for quantile in LADDERS)
            rungs = tuple(ladder[each].get(time) for each in RUNGS)
            failed = sum(each.get(time, 0) for each in failures)
            yield time, PeriodCounts(number, failed, found, refusals.get(time, 0), rungs)


def _quantile(
    ladder: Mapping[float, Mapping[datetime, float]], quantile: float, time: datetime, requests: int
) -> Estimate | None:
    value = ladder[quantile].get(time)
    if value is None:
        return None
    low, high = (None if end is None else ladder[end].get(time) for end in bounds(quantile, requests))
    return Estimate(value, low, high)


def _bucket(parts: Sequence[PeriodCounts]) -> Bucket:
    total = round(sum(part.requests for part in parts))
    errors, refused = (sum(counts) for counts in ([each.errors for each in parts], [each.refused for each in parts]))
    median, tail = (
        _averaged([(part.requests, each) for part in parts if (each := part.times[number]) is not None])
        for number in range(len(LADDERS))
    )
    times = quantiles([(part.requests, part.rungs) for part in parts])
    return Bucket(total, _share(errors, total), median, tail, _share(refused, total), times)


def _share(bad: float, total: int) -> Estimate | None:
    return None if math.isnan(bad) else rate(min(round(bad), total), total)


def quantiles(found: Sequence[tuple[float, tuple[float | None, ...]]]) -> tuple[float | None, ...]:
    """The times at `RUNGS` of several, each counting as much as it has requests, where it has one."""
    if len(found) <= 1:
        return found[0][1] if found else ()
    columns = zip(*(times for _, times in found), strict=True)
    weights = [number for number, _ in found]
    return tuple(_mean(weights, column) for column in columns)


def _mean(weights: Sequence[float], values: Sequence[float | None]) -> float | None:
    known = [(weight, value) for weight, value in zip(weights, values, strict=True) if value is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * value for weight, value in known) / total if total else None


def _averaged(found: Sequence[tuple[float, Estimate]]) -> Estimate | None:
    """Estimates as one, each counting as much as it has requests; an end that one lacks is lacking."""
    if not found:
        return None
    total = sum(number for number, _ in found)
    value = sum(number * each.value for number, each in found) / total
    lows = [number * each.low for number, each in found if each.low is not None]
    highs = [number * each.high for number, each in found if each.high is not None]
    whole = len(found)
    return Estimate(
        value,
        sum(lows) / total if len(lows) == whole else None,
        sum(highs) / total if len(highs) == whole else None,
    )


def total(buckets: Sequence[Bucket]) -> Bucket:
    """Periods as one: their requests and errors added up, p50 and p99 averaged; the other times take `ranked`."""
    requests = sum(each.requests for each in buckets)
    errors = _of_known([(each.requests, each.errors) for each in buckets])
    medians = [(each.requests, each.median) for each in buckets if each.median is not None]
    tails = [(each.requests, each.tail) for each in buckets if each.tail is not None]
    refused = _of_known([(each.requests, each.refused) for each in buckets])
    return Bucket(requests, errors, _averaged(medians), _averaged(tails), refused)


def _of_known(found: Sequence[tuple[int, Estimate | None]]) -> Estimate | None:
    """The share of all requests of which it is known."""
    known = [(requests, share.value) for requests, share in found if share is not None]
    return rate(sum(round(share * requests) for requests, share in known), sum(requests for requests, _ in known))


def ranked(buckets: Sequence[Bucket]) -> tuple[float | None, ...]:
    """Periods' times at `RUNGS`, averaged; empty without any."""
    return quantiles([(each.requests, each.times) for each in buckets if each.times])
