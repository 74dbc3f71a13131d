"""The judge's verdicts and sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.analysis.judge import judge, judge_alone
from rollout.analysis.streams import Arm, Latency, Stream
from rollout.analysis.verdicts import AnalysisResult, Verdict
from rollout.inventory.ramp_settings import Analysis, Margin, Metric, MetricName

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANALYSIS = Analysis(warm_up="0s")
P99 = Latency(0.99, limit=0.4, tolerated=0.44, harmful=0.6)
Counts = Sequence[int] | np.ndarray


def arm(requests: Counts, events: Counts) -> Arm:
    return Arm(np.asarray(requests, dtype=np.int64), np.asarray(events, dtype=np.int64))


def errors(candidate: Arm, legacy: Arm, metric: MetricName = "server-errors", route: str = "a") -> Stream:
    return Stream(metric, (route,), START, legacy, candidate)


def steady(requests: int, events: Counts, minutes: int) -> Arm:
    """The same requests each minute, and these events over and over."""
    return arm([requests] * minutes, np.resize(np.asarray(events), minutes))


def latency(candidate: Counts, harmful: Counts, legacy: Counts, requests: tuple[int, int] = (50, 950)) -> Stream:
    minutes = len(legacy)
    asked = [requests[0]] * minutes
    return Stream(
        "latency-p99",
        ("a",),
        START,
        arm([requests[1]] * minutes, legacy),
        arm(asked, candidate),
        P99,
        arm(asked, harmful),
    )


def judged(*streams: Stream, analysis: Analysis = ANALYSIS, steps: int = 5) -> AnalysisResult:
    return judge(streams, analysis, steps=steps)


GOOD = errors(steady(50, [0] * 19 + [1], 40), steady(950, [1], 40))
BAD = errors(steady(50, [1, 0], 40), steady(950, [1], 40))


def test_a_candidate_as_good_as_legacy_passes_with_a_sentence() -> None:
    found = judged(GOOD)
    assert found.verdict is Verdict.PASS
    assert found.sentence == "5xx 0.1 % of 2,000 against legacy's 0.11 % of 38,000: no worse than 0.61 % (95 % sure)"
    assert found.findings[0].candidate == (2, 2000)
    assert found.findings[0].legacy == (40, 38_000)


def test_a_worse_candidate_fails_with_a_sentence() -> None:
    found = judged(BAD)
    assert found.verdict is Verdict.FAIL
    assert found.sentence == "5xx 1 % of 2,000 against legacy's 0.11 % of 38,000: at least 3 times worse (99 % sure)"
    assert found.failed_routes == ("a",)


def test_a_crash_fails_in_its_first_minute() -> None:
    crashed = [errors(steady(30, [30], 1), steady(570, [0], 1), route=route) for route in "abcdefgh"]
    assert judged(*crashed).verdict is Verdict.FAIL


def test_one_clients_retries_are_no_fault() -> None:
    """Bad requests must come in five minutes, unless they are many."""
    assert judged(errors(arm([50] * 9, [0] * 5 + [6] * 4), steady(950, [0], 9))).verdict is Verdict.INCONCLUSIVE
    assert judged(errors(arm([50] * 9, [0] * 4 + [2] * 5), steady(950, [0], 9))).verdict is Verdict.FAIL


def test_a_fault_that_begins_late_is_told_with_its_beginning() -> None:
    found = judged(errors(arm([50] * 600, [0] * 590 + [20] * 10), steady(950, [1], 600)))
    assert found.verdict is Verdict.FAIL
    assert found.sentence == (
        "5xx 40 % of 500 against legacy's 0.11 % of 9,500 since 21:50 UTC: at least 50 times worse (99 % sure)"
    )


def test_seven_points_of_ten_that_are_a_hundred_times_worse_fail() -> None:
    """What https://github.com/spinnaker/kayenta/issues/780 lets pass."""
    assert judged(errors(arm([1000] * 10, [100] * 7 + [1] * 3), steady(1000, [1], 10))).verdict is Verdict.FAIL


@pytest.mark.parametrize("requests", [10, 100, 200])
def test_sparse_errors_against_none_do_not_pass(requests: int) -> None:
    """What https://github.com/spinnaker/kayenta/issues/426 lets pass."""
    found = judged(errors(arm([requests] * 6, [0, 1, 2, 1, 0, 0]), steady(requests, [0], 6)))
    assert found.verdict is Verdict.INCONCLUSIVE


def test_two_errors_of_thousands_against_none_are_no_fault() -> None:
    found = judged(errors(arm([100] * 34, [0] * 20 + [2] + [0] * 13), steady(1912, [0], 34)), steps=1)
    assert found.verdict is Verdict.PASS


def test_neither_without_any_event_divides_by_zero() -> None:
    found = judged(errors(steady(50, [0], 40), steady(950, [0], 40)))
    assert found.verdict is Verdict.PASS
    assert found.sentence == "5xx 0 % of 2,000 against legacy's 0 % of 38,000: no worse than 0.5 % (95 % sure)"


def test_few_requests_are_inconclusive_and_about_as_many_are_needed_as_it_says() -> None:
    few = judged(errors(steady(50, [0], 5), steady(950, [1], 5)))
    assert few.verdict is Verdict.INCONCLUSIVE
    assert few.needs is not None
    assert few.sentence == (
        "5xx 0 % of 250 against legacy's 0.11 % of 4,750: may still be worse than 0.61 %; "
        f"needs about {few.needs} more requests"
    )
    passing = next(
        minutes
        for minutes in range(5, 100)
        if judged(errors(steady(50, [0], minutes), steady(950, [1], minutes))).verdict is Verdict.PASS
    )
    assert 0.7 < (passing - 5) * 50 / few.needs < 1.3


def test_what_seems_worse_does_not_pass_though_harm_is_ruled_out() -> None:
    streams = [errors(steady(5000, [10], 30), steady(5000, [6], 30), route="seems-worse")]
    streams += [errors(steady(5000, [6], 30), steady(5000, [6], 30), route=str(n)) for n in range(7)]
    calm = Analysis(metric={"server-errors": Metric(tolerance=Margin(relative=0.0, absolute=0.0))})
    found = judge(streams, calm, steps=10_000_000_000)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert (
        found.sentence
        == "seems-worse: 5xx 0.2 % of 150,000 against legacy's 0.12 % of 150,000: seems worse, not yet surely"
    )


def test_a_rise_within_the_tolerance_never_fails() -> None:
    """However many requests there are: by the ratio in one, by the difference in the other."""
    ratio = errors(steady(100_000, [1200], 60), steady(100_000, [1000], 60))
    difference = errors(steady(100_000, [60], 60), steady(100_000, [20], 60))
    assert judged(ratio, difference).verdict is Verdict.PASS


def test_frequent_errors_are_judged_too() -> None:
    like = errors(steady(50, [10], 30), steady(950, [190], 30), "client-errors")
    worse = errors(steady(50, [20], 30), steady(950, [190], 30), "client-errors")
    stops = Analysis(metric={"client-errors": Metric(on_worse="fail")})
    assert judged(like).verdict is Verdict.PASS
    assert judged(worse, analysis=stops).verdict is Verdict.FAIL


def test_a_rise_of_4xx_holds_a_step_and_fails_it_only_where_that_is_said() -> None:
    worse = errors(steady(50, [20], 30), steady(950, [190], 30), "client-errors")
    found = judged(worse)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.failed_routes == ()
    holds = Analysis(metric={"server-errors": Metric(on_worse="hold")})
    assert judged(BAD, analysis=holds).verdict is Verdict.INCONCLUSIVE


def test_a_broken_legacy_does_not_stop_a_fix() -> None:
    assert judged(errors(steady(50, [0, 1], 30), steady(950, [900], 30))).verdict is Verdict.PASS
    assert judged(errors(steady(50, [50], 30), steady(950, [950], 30))).verdict is Verdict.PASS


def test_a_faster_candidate_passes_and_a_slower_one_fails() -> None:
    legacy = [9, 10] * 20
    fast = judged(latency([0, 1] * 20, [0] * 40, legacy))
    assert fast.verdict is Verdict.PASS
    assert fast.sentence == (
        "p99 latency: 0 % of 2,000 took longer than 600 ms against legacy's 1 % of 38,000 longer than 400 ms: "
        "higher by less than 200 ms (95 % sure)"
    )
    slow = judged(latency([2, 3] * 20, [0, 1] * 20, legacy))
    assert slow.verdict is Verdict.FAIL
    assert slow.sentence == (
        "p99 latency: 5 % of 2,000 took longer than 440 ms against legacy's 1 % of 38,000 longer than 400 ms: "
        "higher by more than 40 ms (99 % sure)"
    )
    between = judged(latency([0, 1] * 20, [0, 1] * 20, legacy))
    assert between.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("candidate", "legacy", "where"),
    [(0, 950, "the candidate"), (50, 0, "legacy"), (0, 0, "either implementation")],
)
def test_without_requests_in_both_there_is_no_data(candidate: int, legacy: int, where: str) -> None:
    found = judged(errors(steady(candidate, [0], 30), steady(legacy, [0], 30)))
    assert found.verdict is Verdict.NO_DATA
    assert found.sentence == f"5xx: no requests in {where}"


def test_no_streams_are_no_data() -> None:
    assert judged().verdict is Verdict.NO_DATA
    assert judge_alone([], ANALYSIS, steps=5).verdict is Verdict.NO_DATA


def test_one_stream_without_data_keeps_the_others_from_passing_and_not_from_failing() -> None:
    idle = errors(steady(0, [0], 40), steady(950, [0], 40), route="idle")
    waiting = judged(GOOD, idle)
    assert waiting.verdict is Verdict.INCONCLUSIVE
    assert waiting.sentence == "idle: 5xx: no requests in the candidate"
    assert judged(BAD, idle).verdict is Verdict.FAIL


def test_the_worst_finding_comes_first_and_notes_are_kept() -> None:
    streams = [GOOD, replace(BAD, routes=("b",)), errors(steady(5, [0], 5), steady(95, [0], 5), route="c")]
    found = judge(streams, ANALYSIS, steps=5, notes=["d shares a target group"])
    assert [finding.verdict for finding in found.findings] == [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    assert found.sentence.startswith("b: 5xx 1 %")
    assert found.notes == ("d shares a target group",)


def test_of_two_that_fail_the_surer_one_comes_first_and_of_two_that_wait_the_one_that_lacks_most() -> None:
    worse = errors(steady(50, [5, 0], 40), steady(950, [1], 40), route="c")
    assert [finding.routes for finding in judged(BAD, worse).findings] == [("c",), ("a",)]
    soon, late = (errors(steady(n, [0], 5), steady(19 * n, [0], 5), route=r) for n, r in ((40, "soon"), (5, "late")))
    assert [finding.routes for finding in judged(soon, late).findings] == [("late",), ("soon",)]


def test_two_routes_that_are_a_little_worse_fail_together_in_any_order() -> None:
    b, a = (errors(steady(50, [0] * 15 + [1] * 5, 40), steady(950, [1], 40), route=route) for route in "ba")
    found = judged(b, a)
    assert (found.verdict, found.findings[0].routes) == (Verdict.FAIL, ("a", "b"))
    assert [each.verdict for each in found.findings[1:]] == [Verdict.INCONCLUSIVE] * 2
    assert judged(a, b) == found
    other = replace(b, metric="client-errors")
    assert judged(a, other).verdict is Verdict.INCONCLUSIVE


COUNTS = st.integers(0, 40)
MINUTE = st.tuples(COUNTS, COUNTS, st.integers(0, 400), COUNTS).map(
    lambda m: (m[0], min(m[0], m[1]), m[2], min(m[2], m[3]))
)


def of(minutes: Sequence[tuple[int, int, int, int]], metric: MetricName = "server-errors", route: str = "a") -> Stream:
    candidate, bad, legacy, legacy_bad = (np.array(column) for column in zip(*minutes, strict=True))
    return errors(arm(candidate, bad), arm(legacy, legacy_bad), metric, route)


@pytest.mark.thorough
@given(st.lists(MINUTE, min_size=1, max_size=30), st.data())
def test_more_bad_requests_never_make_it_better(minutes: list[tuple[int, int, int, int]], data: st.DataObject) -> None:
    stream = of(minutes)
    more = [data.draw(st.integers(bad, requests)) for requests, bad, *_ in minutes]
    worse = replace(stream, candidate=arm(stream.candidate.requests, more))
    order = [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NO_DATA, Verdict.FAIL]
    share = Analysis(false_alarms=0.3, missed=0.3)
    assert order.index(judged(worse, analysis=share).verdict) >= order.index(judged(stream, analysis=share).verdict)


@pytest.mark.thorough
@given(st.lists(st.lists(MINUTE, min_size=12, max_size=12), min_size=2, max_size=5), st.randoms())
def test_the_order_of_streams_does_not_matter(streams: list[list[tuple[int, int, int, int]]], random: Random) -> None:
    metrics: list[MetricName] = ["server-errors", "client-errors", "throttles"]
    found = [of(minutes, metrics[n % 3], str(n)) for n, minutes in enumerate(streams)]
    shuffled = random.sample(found, len(found))
    one, other = judged(*shuffled), judged(*found)
    assert (one.sentence, one.findings) == (other.sentence, other.findings)


@pytest.mark.thorough
@given(st.lists(MINUTE, min_size=1, max_size=20), st.lists(st.integers(0, 20), max_size=5))
def test_minutes_without_requests_say_nothing(minutes: list[tuple[int, int, int, int]], gaps: list[int]) -> None:
    """But time passes in them: nothing is to be said of the present if they are the last."""
    with_gaps = list(minutes)
    for gap in gaps:
        with_gaps.insert(min(gap, len(with_gaps)), (0, 0, 0, 0))
    before, after = judged(of(minutes)).findings[0], judged(of(with_gaps)).findings[0]
    assert (after.verdict is Verdict.FAIL) is (before.verdict is Verdict.FAIL)
    one, other = ({**(found.numbers or {}), "log-e-no-harm": 0} for found in (before, after))
    assert one == other


def ceiling(metric: MetricName, value: float) -> Analysis:
    return Analysis(metric={metric: Metric(ceiling=value)})


def test_without_legacy_a_metric_is_held_against_its_ceiling() -> None:
    analysis, legacy = ceiling("server-errors", 0.5), steady(0, [0], 30)
    good = judge_alone([errors(steady(100, [0, 0, 0, 0, 1], 60), legacy)], analysis, steps=5)
    assert good.verdict is Verdict.PASS
    assert good.sentence == "5xx 0.2 % of 6,000: below the ceiling of 0.5 % (95 % sure)"
    bad = judge_alone([errors(steady(100, [2], 30), legacy)], analysis, steps=5)
    assert bad.verdict is Verdict.FAIL
    assert bad.sentence == "5xx 2 % of 3,000: above the ceiling of 0.5 % (99 % sure)"
    few = judge_alone([errors(steady(100, [0], 2), legacy)], analysis, steps=5)
    assert few.sentence == "5xx 0 % of 200: not yet surely below the ceiling of 0.5 %"


def test_without_legacy_a_latency_is_judged_if_its_limit_is_the_ceiling() -> None:
    slow = latency([2] * 40, [2] * 40, [0] * 40, requests=(50, 0))
    found = judge_alone([slow], ceiling("latency-p99", 440).model_copy(update={"warm_up": timedelta(0)}), steps=5)
    assert found.verdict is Verdict.FAIL
    assert found.sentence == ("p99 latency: 4 % of 2,000 took longer than 440 ms: above the ceiling of 1 % (99 % sure)")
    assert judge_alone([slow], ceiling("latency-p99", 900), steps=5).verdict is Verdict.PASS


def test_a_finding_tells_the_evidence_that_it_has_and_needs() -> None:
    both = {"log-e-worse", "log-e-worse-needed", "log-e-no-harm", "log-e-no-harm-needed", "phi"}
    lately = {"log-e-lately-worse", "log-e-lately-worse-needed"}
    for found, names in (
        (judged(GOOD), both | lately | {"sufficed"}),
        (judged(errors(steady(50, [0], 3), steady(950, [1], 3))), both | lately),
        (judge_alone([GOOD], ceiling("server-errors", 0.5), steps=5), both),
    ):
        assert found.findings[0].numbers is not None
        assert found.findings[0].numbers.keys() == names


@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("alone", [False, True])
def test_the_budget_of_false_alarms_is_split_over_steps_and_streams(steps: int, alone: bool) -> None:
    streams = [GOOD, replace(GOOD, routes=("b",)), errors(GOOD.candidate, GOOD.legacy, "client-errors")]
    bounds = {name: Metric(ceiling=5.0) for name in ("server-errors", "client-errors")}
    analysis = Analysis(metrics=("server-errors", "client-errors"), metric=bounds) if alone else ANALYSIS
    found = judge_alone(streams, analysis, steps=steps) if alone else judged(*streams, steps=steps)
    budget = sum(math.exp(-numbers["log-e-worse-needed"]) for each in found.findings if (numbers := each.numbers))
    of_all = budget / (ANALYSIS.false_alarms / steps)  # a part is for looks after two days, and one for both together
    assert 0.5 < of_all < 1 + 1e-9


def test_a_ceiling_of_all_requests_is_never_exceeded() -> None:
    found = judge_alone([errors(steady(100, [100], 30), steady(0, [0], 30))], ceiling("server-errors", 100), steps=5)
    assert found.verdict is not Verdict.FAIL
    assert all(math.isfinite(number) for number in (found.findings[0].numbers or {}).values())


def test_without_legacy_a_burst_is_a_fault_if_it_is_large_and_one_bad_request_is_none() -> None:
    analysis, legacy = ceiling("server-errors", 0.001), steady(0, [0], 30)
    assert judge_alone([errors(steady(100, [0] * 29 + [100], 30), legacy)], analysis, steps=5).verdict is Verdict.FAIL
    assert judge_alone([errors(steady(5, [0] * 29 + [1], 30), legacy)], analysis, steps=5).verdict is not Verdict.FAIL


def test_without_legacy_and_ceilings_nothing_is_judged_but_requests_are_needed() -> None:
    found = judge_alone([errors(steady(100, [50], 30), steady(0, [0], 30))], ANALYSIS, steps=5)
    assert found.verdict is Verdict.PASS
    assert found.findings == ()
    assert found.notes == ("without a ceiling, so not judged: 5xx",)
    idle = judge_alone([errors(steady(0, [0], 30), steady(0, [0], 30))], ANALYSIS, steps=5)
    assert idle.verdict is Verdict.NO_DATA
