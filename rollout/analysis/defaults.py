"""The default margins, one line per metric; `[analysis.metric.NAME]` in stacks.toml overrides them.

A candidate within the tolerance never fails; one beyond the harm never passes. Between the two the judge may do
either, so that a small rise stops no ramp and a large one is found in minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rollout.inventory.ramp_settings import Analysis, Margin, Metric, MetricName, OnWorse


@dataclass(frozen=True, slots=True)
class MetricBounds:
    """A metric's bounds.

    Attributes:
        tolerance: The margin that never fails.
        harm: The margin that a Pass rules out.
    """

    tolerance: Margin
    harm: Margin


def _bounds(tolerance: tuple[float, float], harm: tuple[float, float]) -> MetricBounds:
    """Bounds from pairs: a ratio, and per cent of the requests or milliseconds."""
    return MetricBounds(*(Margin(relative=relative, absolute=absolute) for relative, absolute in (tolerance, harm)))


_ERRORS = _bounds((0.25, 0.05), (1.0, 0.5))
_MEDIAN = _bounds((0.05, 2), (0.2, 10))
_TAIL = _bounds((0.1, 10), (0.5, 50))

DEFAULTS: Mapping[MetricName, MetricBounds] = {
    "server-errors": _ERRORS,
    "lambda-errors": _ERRORS,
    "function-errors": _ERRORS,
    "throttles": _ERRORS,
    "client-errors": _bounds((0.25, 0.5), (0.5, 2)),
    "latency-p50": _MEDIAN,
    "duration-p50": _MEDIAN,
    "latency-p99": _TAIL,
    "duration-p99": _TAIL,
    "cold-starts": _bounds((1.0, 1), (4.0, 5)),
}


def bounds_of(metric: MetricName, analysis: Analysis) -> tuple[Margin, Margin, float | None]:
    """The bounds for a metric.

    Returns:
        The tolerance, the harm, and the ceiling at 100 per cent: per cent of the requests for errors, milliseconds for
        latencies, None if there is none.
    """
    default, said = DEFAULTS[metric], analysis.metric.get(metric, Metric())
    return said.tolerance or default.tolerance, said.harm or default.harm, said.ceiling


def on_worse_of(metric: MetricName, analysis: Analysis) -> OnWorse:
    """Whether a metric that is surely worse fails the step or only holds it."""
    said = analysis.metric.get(metric, Metric()).on_worse
    return said or ("hold" if metric == "client-errors" else "fail")
