"""A whole ramp as the seed's file has it, with each default of the judge: all its steps, by drawn counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import NormalDist

import numpy as np
import pytest

from rollout import RampResult
from rollout.analysis.metrics import MINUTE, Point, Series
from rollout.errors import AnalysisFailed
from rollout.fakes.services import InMemoryMetrics
from rollout.inventory.quantities import WHOLE, ZERO, Percent
from tests.behaviour.team import InMemoryTeam

PER_MINUTE = 2000
RATES = {"HTTPCode_Target_5XX_Count": 0.001, "HTTPCode_Target_4XX_Count": 0.02, "LambdaUserError": 0.0005}
MEDIAN, SPREAD, NORMAL = 0.1, 0.5, NormalDist()  # seconds, log-normal


@dataclass
class DrawnCounts(InMemoryMetrics):
    """CloudWatch's numbers of a group that many clients ask, each route as often; the same at each read.

    Attributes:
        team: Whose weights divide the requests.
        rates: The candidate's rates of bad requests that aren't legacy's.
        slower: How many times as long the candidate takes.
    """

    team: InMemoryTeam | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    slower: float = 1.0

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        assert self.team
        opened = self.team.open()
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


def ramped(team: InMemoryTeam, rates: Mapping[str, float] = {}, slower: float = 1) -> RampResult:
    """A day of looks."""
    team.world.metrics = DrawnCounts(team=team, rates=rates, slower=slower)
    for _ in range(24 * 6):
        result = team.open().ramp(approve=True, once=True)
        if result.state == "finished":
            break
        team.world.clock.advance(timedelta(minutes=10))
    return result


def weights(team: InMemoryTeam) -> set[Percent]:
    return {split.weight for split in team.splits().values() if split}


def test_a_candidate_as_good_as_legacy_goes_to_100(cut_over: InMemoryTeam) -> None:
    assert ramped(cut_over).state == "finished"
    assert weights(cut_over) == {WHOLE}


def test_a_slow_one_goes_back(cut_over: InMemoryTeam) -> None:
    with pytest.raises(AnalysisFailed):
        ramped(cut_over, slower=1.5)
    assert weights(cut_over) == {ZERO}


def test_one_that_fails_goes_back(cut_over: InMemoryTeam) -> None:
    with pytest.raises(AnalysisFailed):
        ramped(cut_over, rates={"HTTPCode_Target_5XX_Count": 0.01})
    assert weights(cut_over) == {ZERO}
