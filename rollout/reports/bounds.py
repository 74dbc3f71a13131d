"""How bad the candidate may be beside legacy, by the margins that the judge goes by. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter

from rollout.analysis.defaults import bounds_of
from rollout.inventory.ramp_settings import Analysis, MetricName
from rollout.reports.timeseries import Bucket, Estimate

JUDGED: Mapping[MetricName, Callable[[Bucket], Estimate | None]] = {
    "server-errors": attrgetter("errors"),
    "latency-p50": attrgetter("median"),
    "latency-p99": attrgetter("tail"),
}
"""What the charts show of the metrics that are judged."""
_PER_CENT, _MILLISECOND = 0.01, 0.001


def bound(metric: MetricName, legacy: Bucket, analysis: Analysis | None) -> Estimate | None:
    """What a metric of the candidate is held to in a period.

    Args:
        metric: One of `JUDGED`.
        legacy: What legacy did in the same period.
        analysis: The margins; None if they aren't known.

    Returns:
        The harm that a Pass rules out, and as its lower end the tolerance, which never fails. Where legacy had no
        requests the ceiling alone. None if the metric isn't judged, or there is neither.
    """
    if analysis is None or metric not in analysis.metrics:
        return None
    tolerance, harm, ceiling = bounds_of(metric, analysis)
    unit, most = (_PER_CENT, 1.0) if metric == "server-errors" else (_MILLISECOND, float("inf"))
    base = JUDGED[metric](legacy)
    if base is None:
        return None if ceiling is None else Estimate(min(most, ceiling * unit))
    low, high = (
        min(most, base.value + max(base.value * each.relative, each.absolute * unit)) for each in (tolerance, harm)
    )
    return Estimate(high, low, high)
