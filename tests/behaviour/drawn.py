"""CloudWatch's numbers of many clients, drawn by the live weights: the same at each read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import NormalDist

import numpy as np

from rollout import EnvironmentRollout
from rollout.analysis.metrics import MINUTE, Point, Series
from rollout.fakes.services import InMemoryMetrics

PER_MINUTE = 2000
RATES = {"HTTPCode_Target_5XX_Count": 0.001, "HTTPCode_Target_4XX_Count": 0.02, "LambdaUserError": 0.0005}
MEDIAN, SPREAD, NORMAL = 0.1, 0.5, NormalDist()  # seconds, log-normal


@dataclass
class DrawnCounts(InMemoryMetrics):
    """CloudWatch's numbers of a group that many clients ask, each route as often; the same at each read.

    Attributes:
        open: Opens the environment whose weights divide the requests.
        rates: The candidate's rates of bad requests that aren't legacy's.
        slower: How many times as long the candidate takes.
    """

    open: Callable[[], EnvironmentRollout] | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    slower: float = 1.0

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        assert self.open
        opened = self.open()
        share = max(split.weight.share for split in opened.traffic.alb_state().splits(opened.inventory).values())
        minutes = [start + n * MINUTE for n in range((end - start) // MINUTE)]
        return {
            each: tuple(Point(*point) for point in zip(minutes, counts, strict=True) if point[1])
            for each in series
            if (counts := self._drawn(each, start, len(minutes), share)) is not None
        }

    def _drawn(self, series: Series, start: datetime, minutes: int, share: float) -> Sequence[float]:
        group = dict(series.dimensions).get("TargetGroup", dict(series.dimensions).get("FunctionName", ""))
        ours, seed = "rust" in group, [int(start.timestamp()), *group.encode()]
        requests = np.random.default_rng(seed).poisson(PER_MINUTE * (share if ours else 1 - share), minutes)
        if series.name in ("RequestCount", "Invocations") or series.statistic == "SampleCount":
            return list(map(float, requests))
        median = MEDIAN * (self.slower if ours else 1)
        if series.statistic.startswith("p"):
            return [median * math.exp(SPREAD * NORMAL.inv_cdf(float(series.statistic[1:]) / 100))] * minutes
        rate = RATES.get(series.name, 0.0)
        if series.statistic.startswith("TC(:"):
            rate = NORMAL.cdf(math.log(float(series.statistic[4:-1]) / median) / SPREAD)
        elif ours:
            rate = self.rates.get(series.name, rate)
        events = np.random.default_rng([*seed, *series.name.encode(), *series.statistic.encode()])
        return list(map(float, events.binomial(requests, rate)))
