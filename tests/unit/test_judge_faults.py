"""Inputs on which a judge is easily wrong: silence, old evidence, the corners of what is tolerated, cold starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.analysis.judge import judge, judge_alone
from rollout.analysis.streams import Arm, Latency, Stream
from rollout.analysis.verdicts import AnalysisResult, Verdict
from rollout.inventory.ramp_settings import Analysis, Metric, MetricName

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
P99 = Latency(0.99, limit=0.4, tolerated=0.44, harmful=0.6)
Ints = np.ndarray


def repeated(*parts: tuple[int, float]) -> Ints:
    """Minutes and what each of them has, as even as whole numbers can be."""
    each = np.concatenate([np.full(minutes, number) for minutes, number in parts])
    return np.diff(np.floor(np.cumsum(each) + 0.5), prepend=0).astype(np.int64)


def errors(candidate: Ints, bad: Ints, legacy: Ints, legacy_bad: Ints, metric: MetricName = "server-errors") -> Stream:
    return Stream(metric, ("a",), START, Arm(legacy, legacy_bad), Arm(candidate, bad))


def judged(*streams: Stream, analysis: Analysis | None = None, bake: int = 30) -> AnalysisResult:
    return judge(streams, analysis or Analysis(), steps=5, bake=timedelta(minutes=bake))


ZERO = repeated((30, 0))


@pytest.mark.parametrize("silent", [1, 5, 15])
@pytest.mark.parametrize("who", ["candidate", "legacy", "both"])
def test_who_has_fallen_silent_does_not_pass(who: str, silent: int) -> None:
    busy, quiet = repeated((30, 250)), repeated((30 - silent, 250), (silent, 0))
    legacy, candidate = (quiet if who in (side, "both") else busy for side in ("legacy", "candidate"))
    found = judged(errors(candidate, ZERO, legacy * 3, ZERO))
    assert found.verdict is Verdict.NO_DATA
    assert judged(errors(busy, ZERO, busy * 3, ZERO)).verdict is Verdict.PASS
    if who == "both":
        sentence = f"5xx: no requests in the candidate since 12:{30 - silent} UTC"
        assert found.sentence == sentence


def test_without_legacy_too_who_has_fallen_silent_does_not_pass() -> None:
    analysis = Analysis(metric={"server-errors": Metric(ceiling=1)})
    quiet, nobody = repeated((20, 250), (10, 0)), repeated((30, 0))
    assert judge_alone([errors(quiet, ZERO, nobody, ZERO)], analysis, steps=5).verdict is Verdict.NO_DATA


@pytest.mark.thorough
@given(st.lists(st.integers(20, 60), min_size=31, max_size=60), st.integers(1, 15), st.booleans())
def test_no_step_passes_while_one_of_the_last_minutes_has_no_requests(
    requests: list[int], ago: int, is_legacy: bool
) -> None:
    candidate, legacy = np.array(requests), np.array(requests) * 50
    missing = legacy if is_legacy else candidate
    missing[-ago] = 0
    found = judged(errors(candidate, candidate * 0, legacy, legacy * 0))
    assert found.verdict is Verdict.NO_DATA


def test_few_requests_that_come_when_they_will_are_no_silence() -> None:
    every_tenth = np.resize([1] + [0] * 9, 30_000)
    found = judged(errors(every_tenth, every_tenth * 0, every_tenth, every_tenth * 0))
    assert found.verdict is Verdict.PASS


@pytest.mark.parametrize("rate", [0.2, 1.0])
def test_a_candidate_that_fails_while_legacy_is_silent_fails(rate: float) -> None:
    legacy, candidate = repeated((15, 250), (15, 0)), repeated((30, 250))
    bad = repeated((15, 0.25), (15, 250 * rate))
    found = judged(errors(candidate, bad, legacy, repeated((15, 0.25), (15, 0))))
    assert found.verdict is Verdict.FAIL
    assert "against no requests since 12:15 UTC: at least 1.25 times worse than legacy was before" in found.sentence


def test_a_candidate_that_goes_on_as_legacy_did_while_it_is_silent_does_not_fail() -> None:
    legacy, candidate = repeated((60, 1000), (600, 0)), repeated((660, 1000))
    bad = repeated((660, 1.2))
    assert judged(errors(candidate, bad, legacy, repeated((60, 1), (600, 0)))).verdict is Verdict.NO_DATA


def test_a_suspicion_is_settled_by_what_comes_after() -> None:
    bad = repeated((5, 1), (10_000, 0))
    stream = errors(repeated((10_005, 50)), bad, repeated((10_005, 950)), repeated((10_005, 0.95)))
    assert judged(cut(stream, 5)).verdict is Verdict.INCONCLUSIVE
    assert judged(cut(stream, 100)).verdict is Verdict.PASS
    assert judged(stream).verdict is Verdict.PASS


def cut(stream: Stream, minutes: int) -> Stream:
    legacy, candidate = (Arm(arm.requests[:minutes], arm.events[:minutes]) for arm in (stream.legacy, stream.candidate))
    return replace(stream, legacy=legacy, candidate=candidate)


@pytest.mark.parametrize("minutes", [5, 10, 30])
def test_after_a_long_clean_time_a_fault_is_no_pass(minutes: int) -> None:
    clean, total = 1440, 1440 + minutes
    bad = repeated((clean, 0.25), (minutes, 2.5))
    stream = errors(repeated((total, 250)), bad, repeated((total, 750)), repeated((total, 0.75)))
    assert judged(cut(stream, clean)).verdict is Verdict.PASS
    assert judged(stream).verdict is not Verdict.PASS


def test_at_harm_for_the_last_bake_alone_is_no_pass_whatever_came_before() -> None:
    total = 1470
    bad = repeated((1440, 250 * 0.05), (30, 250 * 0.075))
    stream = errors(repeated((total, 250)), bad, repeated((total, 750)), repeated((total, 750 * 0.05)), "client-errors")
    assert judged(cut(stream, 1440)).verdict is Verdict.PASS
    assert judged(stream).verdict is not Verdict.PASS


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("metric", "legacy", "candidate"),
    [
        ("client-errors", 0.0, 0.0049),
        ("client-errors", 0.001, 0.004),
        ("client-errors", 0.02, 0.025),
        ("client-errors", 0.2, 0.25),
        ("server-errors", 0.0001, 0.00055),
        ("server-errors", 0.002, 0.0025),
    ],
)
def test_within_the_tolerance_few_fail_at_its_corners_too(metric: MetricName, legacy: float, candidate: float) -> None:
    random, uneven = np.random.default_rng(1), np.tile([0.2, 1.0, 1.8], 10)
    stops, runs, failed = Analysis(metric={metric: Metric(on_worse="fail")}), 200, 0
    requests = np.full(30, 500)
    for _ in range(runs):
        bad = random.binomial(requests, candidate * (uneven if legacy == 0.001 else 1))
        stream = errors(requests, bad, requests * 9, random.binomial(requests * 9, legacy), metric)
        failed += judge([stream], stops, steps=1).verdict is Verdict.FAIL
    assert failed <= 6  # 1 % of 200, and four standard deviations


def latency(slow: Ints, requests: int = 50) -> Stream:
    asked, legacy = np.full(len(slow), requests), np.full(len(slow), requests * 19)
    arm = Arm(asked, slow)
    return Stream("latency-p99", ("a",), START, Arm(legacy, repeated((len(slow), requests * 0.19))), arm, P99, arm)


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_a_warm_up_is_no_fault_and_slowness_that_lasts_is_one(share: float) -> None:
    warms = latency(repeated((1, 50 * share), (1, 25 * share), (1, 10 * share), (57, 0)))
    assert judged(warms).verdict is Verdict.PASS
    assert judged(latency(repeated((60, 50 * share)))).verdict is Verdict.FAIL
    at_once = Analysis(warm_up=timedelta(0))
    assert judged(latency(repeated((10, 50 * share))), analysis=at_once).verdict is Verdict.FAIL


@pytest.mark.parametrize("warm_up", [0, 1, 5, 29])
def test_latencies_that_begin_late_are_judged_beside_errors_that_do_not(warm_up: int) -> None:
    asked = repeated((60, 50))
    slow = replace(latency(repeated((60, 0.5))), legacy_harmful=Arm(asked * 19, repeated((60, 2))))
    failing = errors(asked, repeated((60, 0.05)), asked * 19, repeated((60, 0.95)))
    streams, analysis = (slow, failing), Analysis(warm_up=timedelta(minutes=warm_up))
    together = judge(streams, analysis, steps=5)
    alone = [judge([each], analysis, steps=5).findings[0] for each in streams]
    assert [each.verdict for each in together.findings] == [each.verdict for each in alone]
    evidence = {each.metric: each.numbers["log-e-no-harm"] for each in together.findings if each.numbers}
    assert evidence == {each.metric: each.numbers["log-e-no-harm"] for each in alone if each.numbers}


def test_no_grace_is_for_errors() -> None:
    bad = repeated((2, 50))
    stream = errors(repeated((2, 50)), bad, repeated((2, 950)), repeated((2, 1)))
    assert judged(stream, analysis=Analysis(warm_up=timedelta(hours=1))).verdict is Verdict.FAIL


def test_fourteen_days_are_judged_by_the_hour_and_a_crash_is_found_all_the_same() -> None:
    total = 14 * 1440
    good = errors(repeated((total, 50)), repeated((total, 0.05)), repeated((total, 950)), repeated((total, 0.95)))
    assert judged(good).verdict is Verdict.PASS
    bad = good.candidate.events.copy()
    bad[-2:] = 50
    assert judged(replace(good, candidate=Arm(good.candidate.requests, bad))).verdict is Verdict.FAIL


def shaped(latencies: Callable[[np.random.Generator, int], np.ndarray], quantile: float, limit: float) -> Stream:
    """Two hours of an identical candidate, at 10 % of a thousand requests a minute."""
    random, factor = np.random.default_rng(2), {0.5: 1.2, 0.99: 1.5}[quantile]
    bounds = Latency(quantile, limit, limit * (1 + (factor - 1) / 4), limit * factor)
    legacy, candidate = (latencies(random, 120 * each).reshape(120, each) for each in (900, 100))

    def arm(times: np.ndarray, above: float) -> Arm:
        return Arm(np.full(120, times.shape[1]), (times > above).sum(axis=1))

    return Stream(
        "latency-p50" if quantile == 0.5 else "latency-p99",
        ("a",),
        START,
        arm(legacy, bounds.limit),
        arm(candidate, bounds.tolerated),
        bounds,
        arm(candidate, bounds.harmful),
        legacy_harmful=arm(legacy, bounds.harmful),
    )


def cold(random: np.random.Generator, size: int) -> np.ndarray:
    """0.9 % cold starts, far beyond all others; the 99th percentile lies between."""
    return np.where(random.random(size) < 0.009, 5.0, random.uniform(0.05, 0.1, size))


@pytest.mark.parametrize(
    ("latencies", "median", "tail"),
    [
        (cold, 0.075, 0.0999),
        (lambda random, size: random.lognormal(0, 2, size) / 10, 0.1, 10.5),
        (lambda random, size: random.lognormal(0, 0.5, size) / 10, 0.1, 0.32),
        (lambda _, size: np.full(size, 0.1), 0.1, 0.1),
        (lambda random, size: random.lognormal(0, 0.5, size) / 13, 0.1, 0.32),  # faster than the hour before
        (lambda random, size: random.lognormal(0, 0.5, size) / 7, 0.1, 0.32),  # slower
    ],
)
def test_an_identical_candidate_passes_whatever_the_shape_of_latencies(
    latencies: Callable[[np.random.Generator, int], np.ndarray], median: float, tail: float
) -> None:
    assert judged(shaped(latencies, 0.5, median)).verdict is Verdict.PASS
    assert judged(shaped(latencies, 0.99, tail)).verdict is Verdict.PASS


def test_more_slow_answers_are_harm_where_the_quantile_tells_nothing() -> None:
    same = shaped(cold, 0.99, 0.0999)
    assert same.harmful is not None
    more = Arm(same.harmful.requests, same.harmful.events + (np.arange(120) % 2))
    assert judged(replace(same, candidate=more, harmful=more)).verdict is not Verdict.PASS


@pytest.mark.parametrize(("quantile", "limit", "slower"), [(0.5, 0.1, 1.2), (0.99, 0.32, 1.5)])
def test_a_candidate_whose_quantile_is_at_harm_does_not_pass(quantile: float, limit: float, slower: float) -> None:
    same = shaped(lambda random, size: random.lognormal(0, 0.5, size) / 10, quantile, limit)
    late = shaped(lambda random, size: random.lognormal(0, 0.5, size) / 10 * slower, quantile, limit)
    found = judged(replace(same, candidate=late.candidate, harmful=late.harmful))
    assert found.verdict is not Verdict.PASS


def routes(bad: Ints, legacy_bad: Ints, count: int = 8) -> list[Stream]:
    minutes = len(bad)
    one = errors(repeated((minutes, 50)), bad, repeated((minutes, 950)), legacy_bad)
    return [replace(one, routes=(f"route-{n}",)) for n in range(count)]


def test_what_is_small_on_each_route_is_a_fault_on_all() -> None:
    found = judged(*routes(repeated((40, 0.15)), repeated((40, 0.95))))
    assert found.verdict is Verdict.FAIL
    assert set(found.failed_routes) == {f"route-{n}" for n in range(8)}
    assert {each.verdict for each in found.findings[1:]} <= {Verdict.INCONCLUSIVE, Verdict.PASS}
    assert judged(*routes(repeated((40, 0.15)), repeated((40, 0.95)), 1)).verdict is not Verdict.FAIL


def test_what_is_tolerated_on_each_route_is_so_on_all() -> None:
    """At the edge, by ratio on one half of the routes and by difference on the other."""
    by_difference = routes(repeated((200, 0.035)), repeated((200, 0.19)), 4)
    by_ratio = [
        replace(each, routes=(f"{each.routes[0]}-too",))
        for each in routes(repeated((200, 0.62)), repeated((200, 9.5)), 4)
    ]
    assert judged(*by_difference, *by_ratio).verdict is not Verdict.FAIL


def test_a_rise_of_4xx_that_is_over_holds_no_longer() -> None:
    bad = repeated((10, 20), (600, 5))
    stream = errors(repeated((610, 50)), bad, repeated((610, 950)), repeated((610, 95)), "client-errors")
    assert judged(cut(stream, 10)).verdict is Verdict.INCONCLUSIVE
    assert judged(stream).verdict is Verdict.PASS


def test_after_a_shared_outage_a_fault_is_found_within_the_hour_and_a_good_candidate_passes_within_two() -> None:
    """One minute in which 30 % of both fail, in the sixth."""
    total = 126
    bad, worse = repeated((5, 0.05), (1, 15), (120, 0.05)), repeated((5, 0.05), (1, 15), (120, 0.5))
    legacy, legacy_bad = repeated((total, 950)), repeated((5, 0.95), (1, 285), (120, 0.95))
    good, fault = (errors(repeated((total, 50)), each, legacy, legacy_bad) for each in (bad, worse))
    assert judged(cut(good, 30)).verdict is Verdict.INCONCLUSIVE
    assert judged(good).verdict is Verdict.PASS
    assert judged(cut(fault, 60)).verdict is Verdict.FAIL
