"""Traffic as this product makes it, alike on both sides: retries, rates by the minute, outages, heavy clients.

Each kind draws the counts of ramps' steps, and legacy's four hours before. Nothing in the package uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from judge_streams import PER_MINUTE, Ints, limits, log_excess
from numpy.typing import NDArray

from rollout.inventory.ramp_settings import MetricName

RATES: dict[MetricName, float] = {
    "server-errors": 0.001,
    "lambda-errors": 0.0005,
    "throttles": 0.0002,
    "client-errors": 0.05,
    "latency-p50": 0.5,
    "latency-p99": 0.01,
}
ERRORS: tuple[MetricName, ...] = ("server-errors", "lambda-errors", "throttles")
HISTORY = 240
HEAVY = 20  # clients of a route, who make half of its requests
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """What is drawn: by stream and minute.

    Attributes:
        candidate: Its requests.
        bad: Its bad ones.
        legacy: Its requests.
        legacy_bad: Its bad ones.
    """

    candidate: Ints
    bad: Ints
    legacy: Ints
    legacy_bad: Ints


Draw = Callable[[MetricName, float, tuple[int, int], np.random.Generator], Step]
"""Draws streams of a metric at a weight, so many and of so many minutes; at weight 0 they are legacy's history."""


def _sizes(weight: float, size: tuple[int, int]) -> tuple[Ints, Ints]:
    candidate = round(PER_MINUTE * weight)
    return np.full(size, candidate), np.full(size, PER_MINUTE - candidate)


def _rates(metric: MetricName) -> tuple[float, float]:
    """Legacy's rate and the candidate's: of a latency, above what is tolerated."""
    if "latency" not in metric:
        return RATES[metric], RATES[metric]
    bounds = limits(metric)
    return RATES[metric], float(log_excess(bounds.tolerated, np.zeros(1))[0])


def clustered(at_once: int = 1) -> Draw:
    """Each failed request is sent again and again, in the same minute."""

    def draw(metric: MetricName, weight: float, size: tuple[int, int], random: np.random.Generator) -> Step:
        ours, theirs = _sizes(weight, size)
        legacy, candidate = _rates(metric)
        counts = (np.minimum(at_once * random.binomial(n, p), n) for n, p in ((ours, candidate), (theirs, legacy)))
        bad, legacy_bad = counts
        return Step(ours, bad, theirs, legacy_bad)

    return draw


def edge(metric: MetricName, weight: float, size: tuple[int, int], random: np.random.Generator) -> Step:
    """The candidate is at the edge of its tolerance."""
    ours, theirs = _sizes(weight, size)
    rate = RATES[metric]
    absolute = 0.005 if metric == "client-errors" else 0.0005
    worst = rate if "latency" in metric else max(1.25 * rate, rate + absolute)
    return Step(ours, random.binomial(ours, worst), theirs, random.binomial(theirs, rate))


def by_minute(rho: float) -> Draw:
    """Rates vary by the minute, on each side by itself: beta-binomial."""

    def draw(metric: MetricName, weight: float, size: tuple[int, int], random: np.random.Generator) -> Step:
        ours, theirs = _sizes(weight, size)
        legacy, candidate = _rates(metric)

        def of(requests: Ints, rate: float) -> Ints:
            return random.binomial(requests, random.beta(rate * (1 / rho - 1), (1 - rate) * (1 / rho - 1), size))

        return Step(ours, of(ours, candidate), theirs, of(theirs, legacy))

    return draw


def outages(metric: MetricName, weight: float, size: tuple[int, int], random: np.random.Generator) -> Step:
    """30 % of both sides fail for one to five minutes, about once in half an hour."""
    ours, theirs = _sizes(weight, size)
    rate = np.full(size, RATES[metric])
    for stream in rate:
        for begins in np.flatnonzero(random.random(size[1]) < 1 / 30):
            stream[begins : begins + random.integers(1, 6)] = 0.3
    return Step(ours, random.binomial(ours, rate), theirs, random.binomial(theirs, rate))


def heavy(spread: float, *, sticky: bool = True) -> Draw:
    """One per cent of the clients make half of the requests, each at its own rate: errors' cv, latencies' sigma.

    With cookies each of them is wholly on one side.
    """

    def draw(metric: MetricName, weight: float, size: tuple[int, int], random: np.random.Generator) -> Step:
        streams = (size[0], HEAVY)
        if "latency" in metric:
            bounds, shifts = limits(metric), random.normal(0, spread, streams)
            above, within = (log_excess(limit, shifts) for limit in (bounds.limit, bounds.tolerated))
        else:
            above = within = RATES[metric] * random.gamma(1 / spread**2, spread**2, streams)
        legacy, candidate = _rates(metric)
        each = PER_MINUTE // 2 // HEAVY
        on_ours = random.random(streams) < weight if sticky else np.full(streams, False)
        part = 0.0 if sticky else weight
        ours, theirs = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        bad, legacy_bad = ours.copy(), ours.copy()
        for client in range(HEAVY):
            mine = np.where(on_ours[:, client], each, 0)[:, None] + random.binomial(each, part, size)
            mine = np.minimum(mine, each)
            ours, theirs = ours + mine, theirs + each - mine
            bad += random.binomial(mine, np.minimum(within[:, client], 1)[:, None])
            legacy_bad += random.binomial(each - mine, np.minimum(above[:, client], 1)[:, None])
        light = round(PER_MINUTE / 2 * weight)
        bad += random.binomial(light, candidate, size)
        legacy_bad += random.binomial(PER_MINUTE // 2 - light, legacy, size)
        return Step(ours + light, bad, theirs + PER_MINUTE // 2 - light, legacy_bad)

    return draw


def warming(share: float) -> Draw:
    """After a raise some of the candidate's requests are slow, fewer from minute to minute until the fourth."""

    def draw(metric: MetricName, weight: float, size: tuple[int, int], random: np.random.Generator) -> Step:
        step = clustered()(metric, weight, size, random)
        slow = share * np.maximum(1 - np.arange(size[1]) / 3, 0)
        bad = np.maximum(step.bad, random.binomial(step.candidate, slow))
        return Step(step.candidate, bad, step.legacy, step.legacy_bad)

    return draw
