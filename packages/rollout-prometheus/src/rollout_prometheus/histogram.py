"""Counts by bucket of a classic histogram as the statistics that rollout asks for. Pure.

At a bucket's bound a count is exact. Between two it is interpolated, as Prometheus's `histogram_quantile` does; rollout
judges latencies at bounds alone.
https://prometheus.io/docs/practices/histograms/
"""

from __future__ import annotations

import math
from collections.abc import Mapping

Buckets = Mapping[float, float]
"""By upper bound, infinity among them, how many values are up to it."""


def statistic(name: str, buckets: Buckets) -> float | None:
    """A statistic of some values: `SampleCount`, `Maximum`, `TC(:0.25)` or `p99`.

    Returns:
        None if there are no values, or there is no such statistic.
    """
    total = buckets.get(math.inf, 0.0)
    if name == "SampleCount":
        return total
    if name.startswith("TC(:") and name.endswith(")"):
        return _up_to(float(name[4:-1]), buckets)
    if not total:
        return None
    if name == "Maximum":
        return _quantile(1.0, buckets)
    return _quantile(float(name[1:]) / 100, buckets) if name.startswith("p") else None


def _up_to(limit: float, buckets: Buckets) -> float:
    """How many values are at most a limit; above the last bound they are taken for slower."""
    low, below = 0.0, 0.0
    for bound, count in sorted(buckets.items()):
        if math.isclose(bound, limit, rel_tol=1e-6):
            return count
        if bound > limit:
            return below if math.isinf(bound) else below + (count - below) * (limit - low) / (bound - low)
        low, below = bound, count
    return below


def _quantile(share: float, buckets: Buckets) -> float:
    """The value up to which a share of all is; the last bound if it is above that."""
    rank, low, below = share * buckets[math.inf], 0.0, 0.0
    for bound, count in sorted(buckets.items()):
        if count >= rank and count > below:
            return low if math.isinf(bound) else low + (bound - low) * (rank - below) / (count - below)
        low, below = (low if math.isinf(bound) else bound), count
    return low
