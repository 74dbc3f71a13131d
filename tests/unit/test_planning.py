"""How long a ramp takes, held against what the judge does."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.analysis.judge import judge
from rollout.analysis.planning import RampPlan, plan_ramp
from rollout.analysis.streams import Arm, Stream
from rollout.analysis.verdicts import Verdict
from rollout.inventory.quantities import Percent
from rollout.inventory.ramp_settings import Analysis

HALF_A_DAY = timedelta(hours=12)
STEPS = tuple(map(Percent.of, (1, 5, 10, 25, 50, 100)))


def planned(requests_per_minute: float = 1000, *, longest: timedelta = HALF_A_DAY, base: float = 0.001) -> RampPlan:
    return plan_ramp(requests_per_minute, base, 0.01, STEPS, Analysis(), longest=longest)


def test_smaller_weights_take_longer_and_small_ones_too_long() -> None:
    plan = planned(longest=timedelta(hours=2))
    bakes = [step.bake for step in plan.steps if step.bake]
    assert bakes == sorted(bakes, reverse=True)
    assert plan.advice == ("1 %: 6h; start at 5 %",)
    assert plan.as_toml("production") == (
        "[environments.production]\n"
        'ramp = { steps = [5, 10, 25, 50, 100], bake = ["1h10m", "35m", "15m", "10m", "10m"] }\n'
    )


def test_a_schedule_of_one_bake_is_short() -> None:
    plan = planned(1_000_000)
    assert {step.bake for step in plan.steps} == {timedelta(minutes=5)}
    ramp = tomllib.loads(plan.as_toml("x"))["environments"]["x"]["ramp"]
    assert ramp == {"steps": [1, 5, 10, 25, 50, 100], "bake": "5m"}


def test_without_traffic_to_speak_of_no_step_sees_anything() -> None:
    plan = planned(0.5)
    assert plan.useful == ()
    assert plan.as_toml("production") == ""
    assert plan.advice[0].endswith("every step takes too long")
    assert len(plan.advice) == len(STEPS) - 1


def test_a_rise_that_is_let_by_is_never_found() -> None:
    plan = plan_ramp(1000, 0.01, 0.0104, STEPS, Analysis(), longest=HALF_A_DAY)
    assert {step.find for step in plan.steps} == {None}
    assert plan.advice[0] == "1 %: never enough; every step takes too long"


@pytest.mark.thorough
@pytest.mark.parametrize(("rate", "verdict"), [(0.01, Verdict.FAIL), (0.001, Verdict.PASS)])
def test_what_is_planned_suffices_for_the_judge(rate: float, verdict: Verdict) -> None:
    random, steps = np.random.default_rng(6), tuple(map(Percent.of, (5, 25, 100)))
    plan = plan_ramp(1000, 0.001, 0.01, steps, Analysis(metrics=("server-errors",)), longest=HALF_A_DAY)
    enough = plan.steps[0].find if verdict is Verdict.FAIL else plan.steps[0].clear
    assert enough is not None
    requests = [np.full(enough // 50 + 1, each) for each in (950, 50)]
    verdicts = [
        judge(
            [
                Stream(
                    "server-errors",
                    ("a",),
                    datetime(2026, 1, 1, tzinfo=UTC),
                    Arm(requests[0], random.binomial(requests[0], 0.001)),
                    Arm(requests[1], random.binomial(requests[1], rate)),
                )
            ],
            Analysis(metrics=("server-errors",)),
            steps=3,
        ).verdict
        for _ in range(200)
    ]
    assert 0.9 < verdicts.count(verdict) / len(verdicts) <= 1


@pytest.mark.thorough
@given(st.floats(0.1, 1e6), st.floats(0, 0.2), st.floats(1.5, 5))
def test_more_traffic_never_takes_longer(traffic: float, base: float, times: float) -> None:
    harmful = min(1.0, base * times + 0.01)
    few, many = (plan_ramp(n, base, harmful, STEPS, Analysis(), longest=HALF_A_DAY) for n in (traffic, traffic * 2))
    for slow, fast in zip(few.steps, many.steps, strict=True):
        assert (slow.find, slow.clear) == (fast.find, fast.clear)
        assert (slow.bake is None) == (fast.bake is None)
        assert not (slow.bake and fast.bake and fast.bake > slow.bake)
