"""The bounds in the charts are those that the judge holds a candidate to."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from rollout.analysis.defaults import bounds_of
from rollout.analysis.measuring.latency_limits import Limit, latency_of
from rollout.analysis.measuring.tallies import BY_TARGET_GROUP, Time
from rollout.analysis.verdicts import Verdict
from rollout.inventory.ramp_settings import Analysis, MetricName
from rollout.reports.bounds import bound
from rollout.reports.timeseries import Bucket, Estimate, rate
from tests.unit.dashboard.world import NOW
from tests.unit.test_judge import errors, judged, steady

ANALYSIS = Analysis()


@pytest.mark.parametrize("bad", [0, 60, 1500])
def test_harm_of_errors_is_what_a_pass_of_the_judge_rules_out(bad: int) -> None:
    minutes, each = 60, bad // 60
    found = judged(errors(steady(1000, [each], minutes), steady(1000, [each], minutes)), analysis=ANALYSIS, steps=1)
    assert found.verdict is Verdict.PASS
    said = re.search(r"no worse than ([\d.]+) %", found.sentence)
    held = bound("server-errors", Bucket(60_000, rate(bad, 60_000)), ANALYSIS)
    assert said
    assert held
    assert held.value == pytest.approx(float(said[1]) / 100, rel=0.05)  # a sentence has two digits


@pytest.mark.parametrize("metric", ["latency-p50", "latency-p99"])
@pytest.mark.parametrize("milliseconds", [3, 80, 2000])
def test_bounds_of_a_time_are_the_judges_limits(metric: MetricName, milliseconds: int) -> None:
    time, recipe = timedelta(milliseconds=milliseconds), BY_TARGET_GROUP[metric]
    assert isinstance(recipe, Time)
    tolerance, harm, _ = bounds_of(metric, ANALYSIS)
    limits = latency_of(recipe, Limit(time, NOW), tolerance, harm)
    known = Estimate(time.total_seconds())
    held = bound(metric, Bucket(100, median=known, tail=known), ANALYSIS)
    assert held
    assert held.low == pytest.approx(limits.tolerated)
    assert held.high == pytest.approx(limits.harmful)


def test_without_legacy_there_is_the_ceiling_alone() -> None:
    own = Analysis.model_validate({"metric": {"server-errors": {"ceiling": 2}, "latency-p99": {"ceiling": 400}}})
    assert bound("server-errors", Bucket(), own) == Estimate(0.02)
    assert bound("latency-p99", Bucket(), own) == Estimate(0.4)
    assert bound("latency-p50", Bucket(), own) is None


def test_what_is_not_judged_has_no_bound() -> None:
    legacy = Bucket(10, rate(1, 10))
    assert bound("server-errors", legacy, Analysis(metrics=("latency-p50",))) is None
    assert bound("server-errors", legacy, None) is None
    assert bound("server-errors", Bucket(10, rate(10, 10)), ANALYSIS) == Estimate(1, 1, 1)
