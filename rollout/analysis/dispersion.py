"""How much more legacy's minutes vary than independent requests would: phi, by which evidence is divided.

Retries, and rates that change from minute to minute, make bad requests come in clusters. If they come phi at a time,
the counts vary phi times as much as a binomial's, and a bet on each request takes one event for phi. Evidence to the
power of 1/phi is right again. Let a bad request multiply it by r, and clusters of m come at a rate of λ/m: by Poisson
their part of the expectation is exp(λ/m·(r^(m/phi) - 1)), and r^(m/phi) - 1 ≤ (m/phi)·(r - 1) as long as m ≤ phi, which
is the expectation without clusters to the power of 1/phi. For independent requests the power is allowed anyway, by
Jensen's inequality: E[e^(1/phi)] ≤ E[e]^(1/phi) ≤ 1.

phi is an estimate, by the mean square successive difference (von Neumann, Kent, Bellinson and Hart 1941), minute by
minute, so that a rate that drifts isn't taken for clusters. Each pair of minutes is measured by its own rate; given its
bad requests, each square has an expectation of 1 (hypergeometric). The largest few count as much as the next one does:
an outage begins and ends in two of them, and would dull the judge for hours.

A rare metric may have a few bursts in four hours and nothing else. They can't be told from an outage, and so its phi is
as large as that of the other errors on the same routes, as far as its own bad requests allow that. Of clients little is
known before a step, so in the same way theirs is as large as that of legacy's requests in the hours before.

What this can't see: clients that are bad steadily, and differ only from hour to hour or between both implementations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rollout.analysis.bets import Floats
from rollout.analysis.streams import Arm, Stream
from rollout.inventory.ramp_settings import Analysis, MetricName

_OUTLIERS, _OUTLIERS_LEAST = 0.03, 2
_HEAVIEST = 4  # times the usual number of bad requests is what a pair of minutes may count for
_SURE = 1.5  # standard deviations above 1 are no chance
_NEIGHBOURS = 1.5  # what pairs that share a minute add to the variance
_PAIRS = 6
_LATEST = 240  # minutes
_MANY = 20  # bad requests of all pairs tell how much it may be; nearly all of them are in two
_UPPER = 1.5  # standard deviations are added to what is no chance
_ALIKE: frozenset[MetricName] = frozenset(("server-errors", "lambda-errors", "function-errors", "throttles"))
"""Metrics whose bad requests come in clusters for the same reasons."""


def phis(streams: Sequence[Stream], analysis: Analysis) -> Floats:
    """How many bad ones come at a time, by stream, 1 or more: by legacy's minutes, and at least `retries` requests.

    Args:
        streams: All of a step's.
    """
    own, usual, alike = list[tuple[float, float]](), list[float](), dict[str, float]()
    for stream in streams:
        before = [stream.before] if stream.before else []
        by_client = stream.unit == "clients"
        own.append(dispersion([stream.legacy] if by_client else [*before, stream.legacy]))
        usual.append(dispersion(before)[0] if by_client and before else own[-1][0])
        for route in stream.routes if stream.metric in _ALIKE else ():
            alike[route] = max(usual[-1], alike.get(route, 1.0))
    found = list[float]()
    for stream, (phi, most), known in zip(streams, own, usual, strict=True):
        others = [alike[route] for route in stream.routes] if stream.metric in _ALIKE else []
        least = analysis.retries if stream.unit == "requests" else 1.0
        found.append(max(least, phi, min(most, max([known, *others]))))
    return np.array(found)


def dispersion(arms: Sequence[Arm]) -> tuple[float, float]:
    """How much the minutes vary, relative to independent requests: 1, or surely more and then at its upper end.

    Args:
        arms: Legacy's, before the step and during it.

    Returns:
        That, and the most that it may be, outages and all.
    """
    squares, weights = (np.concatenate(each) for each in zip(*map(_pairs, arms), strict=True))
    if len(squares) < _PAIRS:
        return 1.0, math.inf
    weights = np.minimum(weights, _HEAVIEST * np.median(weights))
    outliers = max(_OUTLIERS_LEAST, math.ceil(_OUTLIERS * len(squares)))
    parts = squares * weights
    most = np.partition(parts, -outliers - 1)[-outliers - 1]
    estimate = float(np.minimum(parts, most).sum() / weights.sum())
    total = weights.sum()
    by_chance = math.sqrt(_NEIGHBOURS * 2 * (weights * np.maximum(weights - 1, 0)).sum()) / total
    surely = 1 + _UPPER * math.sqrt(_NEIGHBOURS * 2 * (weights**2).sum()) / total
    phi = 1.0 if estimate <= 1 + _SURE * by_chance else float(estimate * surely)
    return phi, max(phi, float(parts.sum() / total * surely)) if total >= _MANY else math.inf


def _pairs(arm: Arm) -> tuple[Floats, Floats]:
    """The squared differences of successive minutes' rates, relative to chance, and their number of bad requests."""
    requests, bad = (counts[-_LATEST:].astype(float) for counts in (arm.requests, arm.events))
    requests, bad = requests[requests > 0], bad[requests > 0]
    both, total = requests[:-1] + requests[1:], bad[:-1] + bad[1:]
    varied = (total > 0) & (total < both)
    first, second, both, total = requests[:-1][varied], requests[1:][varied], both[varied], total[varied]
    events = total * (both - total) / both
    difference = bad[:-1][varied] / first - bad[1:][varied] / second
    return difference**2 * first * second / events, events
