"""Requests that never were: what a step's counts could be, drawn with a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from rollout.analysis.defaults import DEFAULTS
from rollout.analysis.streams import Arm, Latency, Stream
from rollout.inventory.ramp_settings import MetricName

START = datetime(2026, 1, 1, tzinfo=UTC)
PER_MINUTE = 1000
"""Requests of a route, of both implementations together."""
SPREAD, MEDIAN = 0.5, 0.1  # of latencies: the logarithm's standard deviation, and seconds
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """One metric of both implementations.

    Attributes:
        metric: Its name.
        legacy: Legacy's rate of bad requests.
        candidate: The candidate's, above its tolerated limit if it is a latency.
        harmful: The candidate's above its harmful limit.
        at_once: How many bad requests come together, as retries do.
        begins: The minute in which the candidate begins to differ.
    """

    metric: MetricName
    legacy: float
    candidate: float
    harmful: float = 0.0
    at_once: int = 1
    begins: int = 0


def errors(metric: MetricName, legacy: float, candidate: float) -> Case:
    """A rate of errors."""
    return Case(metric, legacy, candidate)


def slower(metric: MetricName, by: float) -> Case:
    """A latency that is log-normal, the candidate's `by` times longer than legacy's."""
    latency = limits(metric)
    above = (exceeding(limit / (1 + by)) for limit in (latency.tolerated, latency.harmful))
    return Case(metric, 1 - latency.quantile, *above)


def limits(metric: MetricName) -> Latency:
    """The limits that the evidence would give."""
    quantile = float(metric[-2:]) / 100
    limit = MEDIAN * float(np.exp(SPREAD * NormalDist().inv_cdf(quantile)))
    bounds = DEFAULTS[metric]
    wider = (limit + max(limit * m.relative, m.absolute / 1000) for m in (bounds.tolerance, bounds.harm))
    return Latency(quantile, limit, *wider)


def exceeding(limit: float) -> float:
    """The share of legacy's requests that take longer."""
    return 1 - NormalDist(np.log(MEDIAN), SPREAD).cdf(float(np.log(limit)))


def drawn(case: Case, weight: float, runs: int, minutes: int, random: np.random.Generator) -> dict[str, Ints]:
    """Counts by run and minute: of the candidate, its bad and harmful ones, of legacy, and its bad ones."""
    candidate, legacy = round(PER_MINUTE * weight), round(PER_MINUTE * (1 - weight))
    size = (runs, minutes)

    def bad(requests: int, rate: float) -> Ints:
        return np.minimum(requests, random.binomial(requests, rate / case.at_once, size) * case.at_once)

    found = {
        "candidate": np.full(size, candidate),
        "bad": bad(candidate, case.candidate),
        "legacy": np.full(size, legacy),
        "legacy_bad": bad(legacy, case.legacy),
    }
    found["harmful"] = random.binomial(found["bad"], min(1.0, case.harmful / case.candidate if case.candidate else 0))
    if case.begins:
        until = min(case.begins, minutes)
        alike = drawn(replace(case, candidate=case.legacy, begins=0), weight, runs, until, random)
        for kind in ("bad", "harmful"):
            found[kind][:, :until] = alike[kind]
    return found


def stream(case: Case, counts: dict[str, Ints], run: int, minutes: int) -> Stream:
    """One run as the judge takes it, after so many minutes."""
    latency = limits(case.metric) if "latency" in case.metric else None
    arms = {
        kind: Arm(counts[of][run, :minutes], counts[kind][run, :minutes])
        for kind, of in (("bad", "candidate"), ("harmful", "candidate"), ("legacy_bad", "legacy"))
    }
    harmful = arms["harmful"] if latency else None
    return Stream(case.metric, ("a",), START, arms["legacy_bad"], arms["bad"], latency, harmful)


def log_excess(limit: float, shifts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shares of clients' requests that take longer, whose latencies' logarithms are shifted."""
    return np.asarray(ndtr((shifts - np.log(limit / MEDIAN)) / SPREAD))
