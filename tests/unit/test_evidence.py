"""From CloudWatch's points to what the judge takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.alb.state import AlbState, LiveRule, LiveTargetGroup
from rollout.alb.weights import ForwardAction
from rollout.analysis.judge import judge
from rollout.analysis.measuring.evidence import EvidenceReader, Gathered
from rollout.analysis.metrics import GAP, MINUTE, REPORTS, Series, Source, function, load_balancer, target_group
from rollout.analysis.streams import Arm, Stream
from rollout.analysis.verdicts import Verdict
from rollout.inventory.conditions import Condition, ConditionField, for_endpoint
from rollout.inventory.model import PREPARED, Arn, Environment, KeptRoute, Route
from rollout.inventory.ramp_settings import Analysis, Margin, Metric, MetricName
from tests.unit.builders import HOUR, LISTENER, environment, live
from tests.unit.measurements import Measurements
from tests.unit.seed import SEED, seed_live

BALANCER = Arn("arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/shop/1")
START = datetime(2026, 3, 1, 11, 59, 30, tzinfo=UTC)
FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


def arn(group: str) -> Arn:
    return Arn(f"arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/{group}/1")


def of(group: str) -> Source:
    return target_group(BALANCER, arn(group))


def named(name: str) -> str:
    return f"arn:aws:lambda:us-west-2:123456789012:function:{name}"


class Targets:
    """The `TargetGroups` port, with a function for each group of a name."""

    def __init__(self, given: Mapping[Arn, tuple[str, ...]] | None = None, **functions: str) -> None:
        self._targets = dict(given or {})
        self.asked: list[Arn] = []
        self.put(**functions)

    def put(self, **functions: str) -> None:
        self._targets |= {arn(group): (named(name),) for group, name in functions.items()}

    def targets(self, groups: Sequence[Arn]) -> Mapping[Arn, tuple[str, ...]]:
        self.asked += groups
        return {group: self._targets.get(group, ()) for group in groups}


class Case:
    """An inventory at a weight, and CloudWatch; without a name for it, the route is `a` from `la` to `ca`."""

    def __init__(
        self, *metrics: MetricName, weight: int = 10, bounds: Metric | None = None, **routes: tuple[str, str]
    ) -> None:
        routes = routes or {"a": ("la", "ca")}
        self.environment: Environment = environment(
            routes={
                name: Route(load_balancer="public", path=f"/{name}", priority=at, legacy=legacy, candidate=candidate)
                for at, (name, (legacy, candidate)) in enumerate(routes.items(), 1)
            },
            analysis=Analysis(metrics=metrics, metric=dict.fromkeys(metrics, bounds) if bounds else {}),
        )
        self.metrics: Measurements = Measurements()
        self.targets: Targets | None = None
        self.live = self.at(weight)

    def at(self, *weights: int) -> AlbState:
        """AWS with these weights, the last one for all further routes."""
        routes = self.environment.routes
        given = [*weights, *weights[-1:] * len(routes)]
        forwards: dict[str, ForwardAction | None] = {
            name: ForwardAction({arn(route.legacy): 100 - weight, arn(route.candidate): weight}, HOUR)
            for (name, route), weight in zip(routes.items(), given, strict=False)
        }
        groups = {group for route in routes.values() for group in (route.legacy, route.candidate)}
        found = replace(
            live(forwards, self.environment),
            target_groups={group: LiveTargetGroup(arn(group), group, "lambda") for group in groups},
        )
        return replace(found, load_balancers={"public": BALANCER})

    def put(self, group: str, name: str, minute: int, *values: float) -> None:
        self.metrics.put(of(group), name, FIRST + minute * MINUTE, *values)

    def requests(self, group: str, *counts: int, first: int = 0) -> None:
        """Requests of a group, minute by minute; none where the count is 0."""
        for minute, count in enumerate(counts, first):
            if count:
                self.put(group, "RequestCount", minute, *[1.0] * count)

    @property
    def evidence(self) -> EvidenceReader:
        return EvidenceReader(self.environment, self.metrics, self.targets)

    def gather(self, minutes: float = 3, start: datetime = START) -> Gathered:
        """After so many minutes since noon whose points are settled."""
        return self.evidence.gather(self.live, start, FIRST + (minutes + 3) * MINUTE)


def only(found: Gathered) -> Stream:
    (stream,) = found.streams
    return stream


def said(arm: Arm | None) -> list[tuple[int, int]]:
    """By minute, events and requests."""
    assert arm is not None
    return list(zip(arm.events.tolist(), arm.requests.tolist(), strict=True))


def test_errors_of_both_are_counted_by_the_minute_and_a_gap_is_no_evidence() -> None:
    case = Case("server-errors")
    case.requests("la", 90, 0, 95)
    case.requests("ca", 10, 0, 5)
    case.put("la", "HTTPCode_Target_5XX_Count", 0, 1.0)
    case.put("ca", "HTTPCode_Target_5XX_Count", 2, 1.0, 1.0)
    case.put("ca", "LambdaUserError", 2, 1.0)
    found = case.gather()
    stream = only(found)
    assert (stream.metric, stream.routes, stream.start) == ("server-errors", ("a",), FIRST)
    assert said(stream.legacy) == [(1, 90), (0, 0), (0, 95)]
    assert said(stream.candidate) == [(0, 10), (0, 0), (3, 5)]
    assert (found.notes, found.until, found.unseen) == ((), FIRST + 3 * MINUTE, ())
    assert stream.candidate.events.dtype == np.int64


def test_a_crash_is_a_lambda_error_and_a_bad_request_a_client_error() -> None:
    case = Case("lambda-errors", "client-errors")
    case.requests("ca", 10)
    case.put("ca", "LambdaInternalError", 0, 1.0)
    case.put("ca", "LambdaUserError", 0, 1.0)
    case.put("ca", "HTTPCode_Target_4XX_Count", 0, 1.0, 1.0, 1.0)
    crashes, refusals = case.gather(1).streams
    assert (said(crashes.candidate), said(refusals.candidate)) == ([(2, 10)], [(3, 10)])


@pytest.mark.parametrize(
    ("start", "now", "minutes"),
    [
        (timedelta(0), timedelta(minutes=4), 1),  # a weight that went live as a minute began has that minute
        (timedelta(seconds=1), timedelta(minutes=4), 0),
        (timedelta(seconds=1), timedelta(minutes=5), 1),
        (timedelta(0), timedelta(minutes=4, seconds=59), 1),
        (timedelta(0), timedelta(minutes=3, seconds=59), 0),
        (timedelta(0), timedelta(0), 0),
        (timedelta(0), timedelta(minutes=-9), 0),  # clocks differ
    ],
)
def test_only_whole_minutes_count_whose_points_are_settled(start: timedelta, now: timedelta, minutes: int) -> None:
    case = Case("server-errors", "latency-p50")
    case.requests("ca", *[7] * 9)
    found = case.evidence.gather(case.live, FIRST + start, FIRST + now)
    assert {len(stream.candidate.requests) for stream in found.streams} == {minutes}
    assert found.streams[0].candidate.requests.sum() == 7 * minutes
    assert bool(case.metrics.asked) is bool(minutes)


def test_all_counts_are_read_at_once_and_limits_and_the_hours_before_once() -> None:
    case = Case("server-errors", "client-errors", "latency-p50", "latency-p99", a=("la", "ca"), b=("lb", "cb"))
    for group in ("la", "lb"):
        case.put(group, "TargetResponseTime", -9, *[0.1] * 100)
    evidence = case.evidence
    for minutes in (4, 5, 6):
        evidence.gather(case.live, START, FIRST + minutes * MINUTE)
    assert [(start, end) for _, start, end in case.metrics.asked] == [
        (FIRST - HOUR, FIRST),
        (FIRST, FIRST + MINUTE),
        (FIRST - 4 * HOUR, FIRST),
        *((FIRST, FIRST + minutes * MINUTE) for minutes in (2, 3)),
    ]
    assert all(len(set(series)) == len(series) for series, _, _ in case.metrics.asked)


def test_latencies_are_counted_above_legacys_own_quantile_and_the_candidates_above_what_is_let_by() -> None:
    case = Case("latency-p50", bounds=Metric(tolerance=Margin(relative=0.1), harm=Margin(relative=1, absolute=50)))
    case.put("la", "TargetResponseTime", -10, *[0.1] * 60, *[0.3] * 40)
    case.put("la", "TargetResponseTime", 0, 0.1, 0.1001, 0.2)
    case.put("ca", "TargetResponseTime", 0, 0.105, 0.11, 0.111, 0.2, 0.201)
    case.requests("ca", 9)  # of which four failed, and have no time
    stream = only(case.gather(1))
    assert stream.latency is not None
    assert stream.latency.quantile == 0.5
    assert (stream.latency.limit, stream.latency.tolerated, stream.latency.harmful) == pytest.approx((0.1, 0.11, 0.2))
    assert (said(stream.legacy), said(stream.candidate), said(stream.harmful)) == ([(2, 3)], [(3, 5)], [(1, 5)])


@pytest.mark.parametrize(("median", "tolerated", "harmful"), [(0.004, 0.006, 0.014), (1.0, 1.05, 1.2)])
def test_the_wider_of_two_bounds_counts(median: float, tolerated: float, harmful: float) -> None:
    case = Case("latency-p50")
    case.put("la", "TargetResponseTime", -1, *[median] * 100)
    latency = only(case.gather(1)).latency
    assert latency is not None
    assert (latency.tolerated, latency.harmful) == pytest.approx((tolerated, harmful))


def test_a_limit_is_of_all_legacys_groups_each_minute_by_its_requests() -> None:
    case = Case("latency-p50", a=("la", "c"), b=("lb", "c"))
    case.put("la", "TargetResponseTime", -3, *[0.1] * 110)
    case.put("lb", "TargetResponseTime", -2, *[0.2] * 120)
    case.put("lb", "TargetResponseTime", -90, *[0.9] * 1000)  # long ago
    case.put("lb", "TargetResponseTime", 1, *[0.9] * 1000)  # what is judged doesn't make its limit
    stream = only(case.gather())
    assert stream.latency is not None
    assert stream.latency.limit == pytest.approx(0.2)
    assert said(stream.legacy)[1] == (1000, 1000)


def test_where_legacy_had_too_little_to_do_the_minutes_that_make_the_limit_are_not_judged() -> None:
    case = Case("latency-p99")
    case.put("la", "TargetResponseTime", -1, *[0.1] * 50)
    case.put("la", "TargetResponseTime", 1, *[0.1] * 49)
    case.put("ca", "TargetResponseTime", 1, 5.0)
    early = case.gather(3)
    assert said(only(early).legacy) == said(only(early).candidate) == [(0, 0)] * 3
    assert early.notes == ("latency-p99 of a: legacy has had fewer than 100 requests, too few for a limit",)
    case.put("la", "TargetResponseTime", 3, 0.1, 0.1)
    case.put("la", "TargetResponseTime", 4, 0.1, 9.0)
    case.put("ca", "TargetResponseTime", 4, 5.0)
    late = only(case.gather(5))
    assert said(late.legacy) == [(0, 0)] * 4 + [(1, 2)]
    assert said(late.candidate) == said(late.harmful) == [(0, 0)] * 4 + [(1, 1)]


@pytest.mark.parametrize("name", ["RequestCount", "LambdaUserError"])
def test_a_minute_that_is_not_known_is_no_evidence_of_that_side(name: str) -> None:
    case = Case("server-errors")
    case.requests("la", 90, 90, 90)
    case.requests("ca", 10, 10, 10)
    case.put("ca", "HTTPCode_Target_5XX_Count", 2, 1.0)
    case.put("ca", name, 1, GAP)
    found = case.gather()
    assert said(only(found).candidate) == [(0, 10), (0, 0), (1, 10)]
    assert said(only(found).legacy) == [(0, 90)] * 3
    (note,) = found.notes
    assert "1 minute without data" in note


def test_what_is_never_known_passes_nothing() -> None:
    case = Case("server-errors")
    for minute in range(60):
        case.requests("la", 900, first=minute)
        case.requests("ca", 900, first=minute)
        case.put("ca", "LambdaUserError", minute, GAP)
    found = case.gather(60)
    assert only(found).candidate.total == (0, 0)


class Bucketed(Measurements):
    """A source with a histogram."""

    bounds_of: Mapping[str, tuple[float, ...]] = {}

    def bounds(self, series: Series) -> tuple[float, ...]:
        return self.bounds_of.get(series.dimensions[-1][1].split("/")[1], ())


@pytest.mark.parametrize(
    ("of", "limits"),
    [
        ({"la": (0.1, 0.25, 0.5, 1.0), "ca": (0.1, 0.2, 0.25, 0.5, 1.0)}, (0.25, 0.5, 0.25)),
        ({"la": (0.1, 0.25, 0.3, 0.35), "ca": ()}, (0.25, 0.3, 0.35)),
        ({"la": (0.24, 0.264, 0.36), "ca": ()}, (0.24, 0.264, 0.36)),
        ({}, (0.24, 0.264, 0.36)),
    ],
)
def test_limits_are_a_histograms_bounds_so_that_counts_are_no_guesses(
    of: Mapping[str, tuple[float, ...]], limits: tuple[float, float, float]
) -> None:
    """What is tolerated becomes no less, and what is harmful no more, but for legacy's own limit."""
    case = Case("latency-p99")
    case.metrics = Bucketed()
    case.metrics.bounds_of = of
    case.put("la", "TargetResponseTime", -1, *[0.24] * 100)
    latency = only(case.gather(1)).latency
    assert latency is not None
    assert (latency.limit, latency.tolerated, latency.harmful) == pytest.approx(limits)


@pytest.mark.parametrize("of", [{"la": (0.1, 0.2)}, {"la": (0.1, 0.25, 0.5), "ca": (0.2, 0.3, 0.6)}])
def test_a_histogram_that_can_not_tell_judges_nothing(of: Mapping[str, tuple[float, ...]]) -> None:
    """Its last bound is below legacy's limit, or the two sides' histograms have no bound in common."""
    case = Case("latency-p99")
    case.metrics = Bucketed()
    case.metrics.bounds_of = of
    case.put("la", "TargetResponseTime", -1, *[0.24] * 100)
    case.put("ca", "TargetResponseTime", 0, *[0.9] * 100)
    found = case.gather(1)
    assert only(found).candidate.total == (0, 0)
    (note,) = found.notes
    assert "histogram" in note


def test_legacys_four_hours_before_the_step_come_with_it_by_the_same_limits() -> None:
    case = Case("server-errors", "latency-p50")
    case.requests("la", 5, 7, first=-240)
    case.requests("la", 9, first=-241)
    case.put("la", "HTTPCode_Target_5XX_Count", -239, 1.0, 1.0)
    case.put("la", "TargetResponseTime", -60, *[0.1] * 60, *[0.3] * 40)
    case.put("la", "TargetResponseTime", -200, 0.1, 0.3)
    errors, latency = case.gather(1).streams
    assert said(errors.before)[:3] == [(0, 5), (2, 7), (0, 0)]
    assert len(said(latency.before)) == 240
    assert (said(latency.before)[40], said(latency.before)[180]) == ((1, 2), (40, 100))


def test_interpolated_counts_become_whole_and_lose_nothing() -> None:
    case = Case("latency-p50")
    case.put("la", "TargetResponseTime", -1, *[0.1] * 100)
    case.metrics.interpolated = 0.5
    for minute in range(10):
        case.put("ca", "TargetResponseTime", minute, 0.05, 0.05)
    assert said(only(case.gather(10)).candidate) == [(1, 2), (0, 2)] * 5


@pytest.mark.parametrize("weight", [50, 100])
def test_without_legacy_the_ceiling_is_the_limit_from_the_first_minute_on(weight: int) -> None:
    case = Case("latency-p99", weight=weight, bounds=Metric(ceiling=250))
    case.put("ca", "TargetResponseTime", 0, 0.25, 0.251)
    found = only(case.gather(1))
    assert found.latency is not None
    assert found.latency.tolerated == (0.25 if weight == 100 else 0)
    assert said(found.candidate) == ([(1, 2)] if weight == 100 else [(0, 0)])


def test_points_that_come_unevenly_are_cut_and_told() -> None:
    case = Case("client-errors")
    case.requests("ca", 1, 0, 5)
    case.put("ca", "HTTPCode_Target_4XX_Count", 0, 1.0, 1.0)
    case.put("ca", "HTTPCode_Target_4XX_Count", 1, 1.0)
    found = case.gather()
    assert said(only(found).candidate) == [(1, 1), (0, 0), (0, 5)]
    assert found.notes == ("client-errors of a: in 2 minutes there were more events than requests; they are capped",)


def test_what_comes_later_than_the_delay_is_counted_by_the_next_look() -> None:
    case = Case("client-errors")
    evidence = case.evidence
    case.requests("ca", 5)
    before = evidence.gather(case.live, START, FIRST + 4 * MINUTE)
    case.put("ca", "HTTPCode_Target_4XX_Count", 0, 1.0)
    after = evidence.gather(case.live, START, FIRST + 5 * MINUTE)
    assert (said(only(before).candidate), said(only(after).candidate)) == ([(0, 5)], [(1, 5), (0, 0)])


def test_what_the_load_balancer_answers_itself_is_told_and_not_judged() -> None:
    case = Case("server-errors")
    case.metrics.put(load_balancer(BALANCER), "HTTPCode_ELB_5XX_Count", FIRST, *[1.0] * 12)
    found = case.gather(1)
    assert said(only(found).candidate) == [(0, 0)]
    (note,) = found.notes
    assert note.startswith("load balancer public answered 12 requests with its own 5xx")


def test_routes_that_share_a_group_are_one_stream() -> None:
    case = Case("server-errors", a=("la", "c"), b=("lb", "c"), x=("lx", "cx"))
    case.requests("la", 5)
    case.requests("lb", 7)
    case.requests("c", 3)
    both, alone = case.gather(1).streams
    assert (both.routes, said(both.legacy), said(both.candidate)) == (("a", "b"), [(0, 12)], [(0, 3)])
    assert (alone.routes, said(alone.legacy)) == (("x",), [(0, 0)])


@pytest.mark.parametrize("weight", [0, 100])
def test_an_implementation_without_requests_has_zeros(weight: int) -> None:
    case = Case("server-errors", weight=weight)
    case.requests("ca" if weight else "la", 8)
    stream = only(case.gather(1))
    assert sorted([said(stream.legacy), said(stream.candidate)]) == [[(0, 0)], [(0, 8)]]


def test_a_group_that_another_rule_uses_too_cannot_be_compared() -> None:
    case = Case("server-errors", a=("la", "ca"), b=("lb", "cb"))
    other = LiveRule(
        Arn("arn:rule/x"), LISTENER, 99, (Condition(ConditionField.PATH, ("/x",)),), ForwardAction({arn("lb"): 1})
    )
    case.live = replace(case.live, rules=(*case.live.rules, other))
    found = case.gather(1)
    assert [stream.routes for stream in found.streams] == [("a",)]
    assert found.notes == ("b can't be compared: lb also gets requests by another rule, for /x",)
    assert found.unseen == ("b",)


def test_header_rules_for_the_same_endpoint_change_the_share_and_not_what_is_compared() -> None:
    case = Case("server-errors")
    asks = (*for_endpoint("/a", ()), Condition.on_header("X-Rollout", ("candidate",)))
    header = LiveRule(Arn("arn:rule/h"), LISTENER, 1, asks, ForwardAction({arn("ca"): 1}))
    case.live = replace(case.live, rules=(*case.live.rules, header))
    assert case.gather(1).notes == ()


def test_routes_of_a_pool_at_different_weights_are_different_mixes() -> None:
    case = Case("server-errors", a=("la", "c"), b=("lb", "c"))
    case.live = case.at(10, 50)
    found = case.gather(1)
    assert (found.streams, found.unseen) == ((), ("a", "b"))
    assert "their weights differ (a 10 %, b 50 %)" in found.notes[0]


def test_functions_are_compared_by_what_lambda_counts_of_them() -> None:
    case = Case("throttles", "function-errors", "duration-p50")
    case.targets = Targets(la="old", ca="new:live")
    old, new = function(named("old")), function(named("new:live"))
    assert dict(new.dimensions) == {"FunctionName": "new", "Resource": "new:live"}
    case.metrics.put(old, "Duration", FIRST - MINUTE, *[40.0] * 100)
    for name, values in (("Invocations", [1.0] * 8), ("Throttles", [1.0, 1.0]), ("Errors", [0.0, 1.0])):
        case.metrics.put(new, name, FIRST, *values)
    case.metrics.put(new, "Duration", FIRST, 41.0, 42.0, 43.0, 51.0)
    throttles, errors, durations = case.gather(1).streams
    assert (said(throttles.candidate), said(errors.candidate)) == ([(2, 10)], [(1, 8)])
    assert (said(durations.candidate), said(durations.harmful)) == ([(2, 4)], [(1, 4)])
    assert durations.latency is not None
    assert durations.latency.limit == pytest.approx(0.04)


def test_a_function_behind_several_groups_is_compared_with_all_that_it_answers() -> None:
    case = Case("server-errors", "throttles", a=("la", "ca"), b=("lb", "cb"))
    case.targets = Targets(la="one", lb="two", ca="new", cb="new")
    case.metrics.put(function(named("one")), "Invocations", FIRST, *[1.0] * 3)
    case.metrics.put(function(named("two")), "Invocations", FIRST, *[1.0] * 4)
    *apart, together = case.gather(1).streams
    assert [stream.routes for stream in apart] == [("a",), ("b",)]
    assert (together.routes, said(together.legacy)) == (("a", "b"), [(0, 7)])


@pytest.mark.parametrize(
    ("targets", "why"),
    [
        (None, "la has no known Lambda function; ca has no"),
        (Targets(ca="new"), "la has no known Lambda function"),
        (Targets(la="one", ca="one"), "one is legacy and candidate"),
        (Targets(la="one", ca="new", k="one"), "one also serves kept"),
    ],
)
def test_functions_that_are_not_known_or_do_more_cannot_be_compared(targets: Targets | None, why: str) -> None:
    case = Case("server-errors", "throttles")
    kept = KeptRoute(load_balancer="public", path="/k", priority=9, legacy="k")
    case.environment = case.environment.model_copy(update={"kept_routes": {"kept": kept}})
    group = LiveTargetGroup(arn("k"), "k", "lambda")
    case.live = replace(case.live, target_groups={**case.live.target_groups, "k": group})
    case.targets = targets
    found = case.gather(1)
    assert [stream.metric for stream in found.streams] == ["server-errors"]
    (note,) = found.notes
    assert note.startswith("the functions of a can't be compared: ")
    assert why in note
    assert found.unseen == ()


def test_the_judge_takes_it_as_it_comes() -> None:
    case = Case("server-errors", "latency-p99")
    early = case.gather(0)
    assert judge(early.streams, case.environment.analysis, steps=1).verdict is Verdict.NO_DATA
    for group, errors in (("la", 0), ("ca", 90)):
        case.requests(group, *[100] * 3)
        for minute in range(-1, 3):
            case.put(group, "TargetResponseTime", minute, *[0.1] * 100)
            case.put(group, "HTTPCode_Target_5XX_Count", minute, float(errors))
    late = case.gather(3)
    found = judge(late.streams, case.environment.analysis, steps=1, notes=late.notes)
    assert (found.verdict, found.findings[0].metric) == (Verdict.FAIL, "server-errors")


def test_cold_starts_are_read_from_the_logs_alone_and_not_without_them() -> None:
    case = Case("server-errors", "cold-starts")
    case.targets = Targets(la="old", ca="new")
    found = case.gather(1)
    assert [stream.metric for stream in found.streams] == ["server-errors"]
    assert found.notes == ("cold-starts aren't compared: the functions' logs are not read",)
    logs, lines = Measurements(), Source(REPORTS, function(named("new")).dimensions)
    logs.put(lines, "Reports", FIRST, 1.0, 1.0, 1.0)
    logs.put(lines, "ColdStarts", FIRST, 1.0)
    _, starts = (
        EvidenceReader(case.environment, case.metrics, case.targets, logs)
        .gather(case.live, START, FIRST + 4 * MINUTE)
        .streams
    )
    assert said(starts.candidate) == [(1, 3)]
    assert {each.namespace for series, _, _ in case.metrics.asked for each in series} == {"AWS/ApplicationELB"}


def test_functions_are_read_once_and_again_only_to_be_sure() -> None:
    case = Case("function-errors")
    case.targets = Targets(la="old", ca="new")
    evidence, now = case.evidence, FIRST + 4 * MINUTE
    evidence.gather(case.live, START, now)
    asked = len(case.targets.asked)
    assert (evidence.renew(now), len(case.targets.asked)) == (False, asked)
    evidence.gather(case.live, START, now + MINUTE)
    assert (evidence.renew(now + MINUTE), len(case.targets.asked)) == (False, 2 * asked)
    case.targets.put(ca="another")
    evidence.gather(case.live, START, now + 2 * MINUTE)
    assert evidence.renew(now + 2 * MINUTE)
    (found,) = evidence.gather(case.live, START, now + 2 * MINUTE).streams
    assert found.metric == "function-errors"
    asked_of = {each.dimensions for series, _, _ in case.metrics.asked for each in series}
    assert function(named("another")).dimensions in asked_of


def test_minutes_that_cloudwatch_has_no_more_are_left_out_and_told() -> None:
    case = Case("server-errors")
    found = case.gather(15 * 1440)
    assert len(only(found).legacy.requests) == 14 * 1440
    assert found.notes[0].startswith("only minutes since 2026-03-02 12:00 UTC count")


def test_a_look_at_the_seed_costs_what_the_page_says() -> None:
    metrics = Measurements()
    live = replace(
        seed_live(PREPARED), load_balancers={name: Arn(f"{BALANCER}-{name}") for name in SEED.load_balancers}
    )
    functions = {group.arn: (named(name.removesuffix("-int")),) for name, group in live.target_groups.items()}
    for route in SEED.routes.values():
        group = target_group(live.load_balancers[route.load_balancer], live.group_arn(route.legacy))
        metrics.put(group, "TargetResponseTime", FIRST - MINUTE, *[0.1] * 90, *[0.3] * 10)
    found = EvidenceReader(SEED, metrics, Targets(functions)).gather(live, START, FIRST + 9 * MINUTE)
    assert found.notes == ()
    assert [len(series) for series, _, _ in metrics.asked] == [24, 120, 80]
    page = Path(__file__).parents[2].joinpath("docs/evidence.md").read_text("utf-8")
    assert "stacks.toml have 120 series" in page


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 60)), min_size=1, max_size=20),
    st.integers(1, 59),
)
def test_events_never_exceed_requests_and_nothing_is_counted_twice(minutes: list[tuple[int, int]], second: int) -> None:
    case = Case("client-errors")
    for minute, (requests, errors) in enumerate(minutes):
        case.requests("ca", requests, first=minute)
        if errors:
            case.put("ca", "HTTPCode_Target_4XX_Count", minute, float(errors))
    found = said(only(case.gather(len(minutes), START.replace(second=second))).candidate)
    assert found == [(min(requests, errors), requests) for requests, errors in minutes]


def test_targets_that_are_no_functions_fail_by_their_connections_and_have_no_lambda_errors() -> None:
    case = Case("server-errors", "lambda-errors", "throttles")
    groups = case.live.target_groups
    case.live = replace(case.live, target_groups={**groups, "ca": replace(groups["ca"], target_type="ip")})
    case.targets = Targets(la="old")
    case.requests("la", 10)
    case.requests("ca", 10)
    case.put("la", "LambdaUserError", 0, 1.0)
    case.put("ca", "TargetConnectionErrorCount", 0, 1.0, 1.0)
    case.put("ca", "LambdaUserError", 0, 1.0)  # which AWS never publishes of such a group
    found = case.gather()
    stream = only(found)
    assert (stream.metric, said(stream.legacy)[0], said(stream.candidate)[0]) == ("server-errors", (1, 10), (2, 10))
    assert len([note for note in found.notes if "lambda-errors of a" in note or "ca is of type ip" in note]) == 2
