"""From access logs' files to windows: which minutes count, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.alb.state import DEFAULT_PRIORITY
from rollout.alb.weights import ForwardAction
from rollout.analysis.measuring.client_evidence import agrees
from rollout.analysis.measuring.evidence import EvidenceReader, Gathered
from rollout.analysis.measuring.latency_limits import RenewedLimits
from rollout.analysis.measuring.tallies import BY_TARGET_GROUP, Time
from rollout.analysis.metrics import MINUTE, Source
from rollout.analysis.streams import Stream
from rollout.errors import AwsError
from rollout.fakes.access_logs import InMemoryAccessLogs, log_line
from rollout.inventory.fields import LAST
from rollout.inventory.model import Arn
from rollout.inventory.ramp_settings import Analysis, MetricName
from tests.unit.builders import HOUR
from tests.unit.test_evidence import BALANCER, FIRST, START, Case, arn, of

SECURE = Arn(f"{BALANCER}/secure".replace(":loadbalancer/", ":listener/"))


class Step(Case):
    """A step of which there are logs, one file for each time that `deliver` is called."""

    def __init__(self, *metrics: MetricName, weight: int = 10, **routes: tuple[str, str]) -> None:
        super().__init__(*metrics, weight=weight, bounds=None, **routes)
        analysis = Analysis(metrics=metrics, unit="clients")
        self.environment = self.environment.model_copy(update={"analysis": analysis})
        self.logs = InMemoryAccessLogs()
        self.reader = EvidenceReader(self.environment, self.metrics, None, None, self.logs)
        self._lines: list[bytes] = []
        self._clients = 0

    def asks(self, group: str, minute: int, count: int = 1, *, rule: int = 1, logged: int | None = None) -> None:
        """New clients ask once each; `logged` lines of them are there, all by default."""
        self.put(group, "RequestCount", minute, count)
        at = FIRST + minute * MINUTE + timedelta(seconds=20)
        for _ in range(count if logged is None else logged):
            self._clients += 1
            self._lines.append(log_line(at, arn(group), rule, agent=f"client {self._clients}"))

    def deliver(self, until: int) -> None:
        """A file with all lines since the one before."""
        self.logs.put(BALANCER, FIRST + until * MINUTE, self._lines)
        self._lines.clear()

    def deliver_more(self) -> None:
        """The last file, with all lines since."""
        self.logs.put_more(BALANCER, self._lines)

    def look(self, minutes: float) -> Gathered:
        """What is known so many minutes after noon."""
        return self.reader.gather(self.live, START, FIRST + minutes * MINUTE)

    def clients(self, minutes: float, route: str = "a") -> list[tuple[float, float]] | None:
        """By minute, clients of legacy and of the candidate; None without a window."""
        found = stream(self.look(minutes), route)
        if found is None:
            return None
        return list(zip(found.legacy.requests.tolist(), found.candidate.requests.tolist(), strict=True))

    def count(self, action: str) -> int:
        return sum(call.action == action for call in self.logs.calls.log)


def stream(found: Gathered, route: str = "a", metric: MetricName = "server-errors") -> Stream | None:
    each = (stream for window in found.windows[:1] for stream in window.streams)
    return next((one for one in each if one.routes == (route,) and one.metric == metric), None)


def test_minutes_count_once_their_lines_are_there() -> None:
    step = Step("server-errors")
    for minute in range(5):
        step.asks("la", minute, 40)
        step.asks("ca", minute, 2)
    assert step.clients(8) is None
    step.deliver(5)
    step.asks("la", 5, 40)
    assert step.clients(9) == [(40, 2)] * 5
    step.deliver(10)
    assert step.clients(13) == [*[(40, 2)] * 5, (40, 0), *[(0, 0)] * 4]


def test_a_few_requests_wait_for_their_file_though_they_are_within_what_may_be_missing() -> None:
    step = Step("server-errors")
    step.asks("la", 0, 2)
    step.asks("ca", 0, 1)
    assert step.look(8).windows == ()
    step.deliver(5)
    assert step.clients(8) == [(2, 1), *[(0, 0)] * 4]


def test_a_minute_without_requests_waits_for_nothing() -> None:
    assert Step("server-errors").clients(8) == [(0, 0)] * 5


def test_a_late_file_holds_later_minutes_up() -> None:
    step = Step("server-errors")
    step.asks("la", 0, 40)
    late, step._lines = step._lines, []
    step.asks("la", 1, 50)
    step.deliver(5)
    assert step.look(8).windows == ()
    step._lines = late
    step.deliver(5)
    assert step.clients(9)[:3] == [(40, 0), (50, 0), (0, 0)]  # type: ignore[index]


@pytest.mark.parametrize("logged", [0, 30, 80])
def test_what_never_agrees_is_given_up_for_the_routes_of_that_target_group(logged: int) -> None:
    step = Step("server-errors", a=("la", "ca"), b=("lb", "cb"))
    step.asks("la", 0, 40, logged=logged)
    step.asks("lb", 0, 40, rule=2)
    step.asks("la", 1, 40)
    step.deliver(5)
    assert step.look(15).windows == ()
    assert step.clients(16)[:2] == [(0, 0), (40, 0)]  # type: ignore[index]
    assert step.clients(16, "b")[:2] == [(40, 0), (0, 0)]  # type: ignore[index]
    assert any("1 minute without as many lines as CloudWatch has requests" in note for note in step.look(16).notes)


def test_each_file_is_read_once_and_a_new_step_reads_its_own() -> None:
    step = Step("server-errors")
    for minute in range(20):
        step.asks("la", minute, 40)
        if minute % 5 == 4:
            step.deliver(minute + 1)
    for minutes in (8, 9, 13, 14, 20, 23, 24):
        step.look(minutes)
    assert step.count("GetObject") == 4
    found = step.reader.gather(step.at(20), FIRST + 10 * MINUTE, FIRST + 24 * MINUTE)
    assert found.windows[0].streams[0].legacy.requests.tolist() == [*[40] * 10, 0]
    assert step.count("GetObject") == 6


def test_reading_that_breaks_off_counts_nothing_twice() -> None:
    step = Step("server-errors")
    step.asks("la", 0, 40)
    step.deliver(5)
    step.asks("la", 6, 40)
    step.deliver(10)
    step.logs.calls.refuse("read", skip=1)
    assert step.look(13).unread
    assert step.clients(13) == [(40, 0), *[(0, 0)] * 5, (40, 0), *[(0, 0)] * 3]


def test_a_file_that_is_no_log_is_told_and_its_minutes_are_no_evidence() -> None:
    step = Step("server-errors")
    step.asks("la", 0, 40)
    step.deliver(5)
    step.logs.calls.refuse("GetObject", error=AwsError("no gzip file", code="access-log-broken"))
    found = step.look(20)
    assert any("1 file can't be read" in note for note in found.notes)
    assert step.clients(20)[0] == (0, 0)  # type: ignore[index]
    assert step.count("GetObject") == 1


def test_routes_that_requests_cannot_tell_apart_are_told_apart() -> None:
    step = Step("server-errors", a=("la", "ca"), b=("la", "ca"))
    step.live = step.at(10, 50)
    step.asks("la", 0, 40, rule=1)
    step.asks("ca", 0, 30, rule=2)
    step.deliver(5)
    found = step.look(8)
    assert (found.streams, found.unseen) == ((), ())
    assert step.clients(8, "a")[0] == (40, 0)  # type: ignore[index]
    assert step.clients(8, "b")[0] == (0, 30)  # type: ignore[index]


def test_a_default_action_is_rule_0() -> None:
    step = Step("server-errors")
    (rule,), (route,) = step.live.rules, step.environment.routes.values()
    last = {"a": route.model_copy(update={"priority": LAST})}
    step.reader = EvidenceReader(
        step.environment.model_copy(update={"routes": last}), step.metrics, None, None, step.logs
    )
    step.live = replace(step.live, rules=(), defaults={"public": replace(rule, priority=DEFAULT_PRIORITY)})
    step.asks("la", 0, 40, rule=0)
    step.deliver(5)
    assert step.clients(8)[0] == (40, 0)  # type: ignore[index]


def two_listeners(step: Step) -> Step:
    """The second route is the first one's on another listener of the same load balancer, with the same priority."""
    first, second = step.live.rules
    routes = step.environment.routes
    twin = routes["b"].model_copy(update={"priority": 1, "load_balancer": "secure"})
    there = {"load_balancers": {**step.environment.load_balancers, "secure": step.environment.load_balancers["public"]}}
    step.environment = step.environment.model_copy(update={"routes": {"a": routes["a"], "b": twin}, **there})
    step.live = replace(
        step.live,
        rules=(first, replace(second, priority=1, listener=SECURE)),
        listeners={**step.live.listeners, "secure": SECURE},
        load_balancers={"public": BALANCER, "secure": BALANCER},
    )
    step.reader = EvidenceReader(step.environment, step.metrics, None, None, step.logs)
    return step


def test_a_route_on_two_listeners_whose_lines_are_alike_is_told_together() -> None:
    step = two_listeners(Step("server-errors", a=("la", "ca"), b=("la", "ca")))
    step.asks("la", 0, 40)
    step.asks("ca", 0, 30)
    step.deliver(5)
    found = step.look(8)
    assert [each.routes for each in found.windows[0].streams] == [("a", "b")]
    assert found.windows[0].streams[0].legacy.requests[0] == 40
    assert found.unseen == ()


@pytest.mark.parametrize("there", [("la", "ca"), ("la", "cb")])
def test_lines_that_two_rules_share_otherwise_compare_nothing(there: tuple[str, str]) -> None:
    step = two_listeners(Step("server-errors", weight=10, a=("la", "ca"), b=there))
    if there == ("la", "ca"):  # the same groups with another weight
        other = replace(step.live.rules[1], forward=ForwardAction({arn("la"): 50, arn("ca"): 50}, HOUR))
        step.live = replace(step.live, rules=(step.live.rules[0], other))
    step.asks("la", 0, 40)
    step.deliver(5)
    found = step.look(8)
    assert (found.windows, found.unseen) == ((), ("a", "b"))
    assert any("a, b can't be compared by client" in note for note in found.notes)


def test_a_rule_of_others_with_the_same_lines_makes_a_route_unknown() -> None:
    step = Step("server-errors", a=("la", "ca"), b=("lb", "cb"))
    others = replace(step.live.rules[0], arn=arn("others"), listener=SECURE, forward=ForwardAction({arn("la"): 1}))
    step.live = replace(step.live, rules=(*step.live.rules, others))
    step.asks("la", 0, 40)
    step.asks("lb", 0, 40, rule=2)
    step.deliver(5)
    assert (step.clients(8, "a"), step.clients(8, "b")) == (None, [(40, 0), *[(0, 0)] * 4])


def test_4xx_are_told_by_their_codes() -> None:
    step = Step("client-errors")
    for group, statuses in (("la", [200] * 18 + [404, 418]), ("ca", [200] * 6 + [404, 429, 429, 410])):
        step.put(group, "RequestCount", 0, len(statuses))
        step._lines += [
            log_line(FIRST, arn(group), 1, agent=f"{group} {number}", status=status)
            for number, status in enumerate(statuses)
        ]
    step.deliver(5)
    found = {each.codes: each for each in step.look(8).windows[0].streams}
    unseen = ("400", "401", "403", "409", "422")
    totals = {codes: (each.legacy.total, each.candidate.total) for codes, each in found.items()}
    assert totals == {
        ("404",): ((1, 20), (1, 10)),
        ("429",): ((0, 20), (2, 10)),
        ("others",): ((1, 20), (1, 10)),
        unseen: ((0, 20), (0, 10)),
    }


def test_a_route_of_which_nothing_is_known_is_told() -> None:
    step = Step("server-errors", a=("la", "ca"), b=("lb", "cb"))
    rules = [replace(rule, forward=ForwardAction({arn("x"): 1}, HOUR)) for rule in step.live.rules[1:]]
    step.live = replace(step.live, rules=(step.live.rules[0], *rules))
    found = step.look(8)
    assert found.unseen == ("b",)
    assert any(note.startswith("b can't be compared by client") for note in found.notes)


def test_latencies_have_limits_of_the_hour_before() -> None:
    step = Step("latency-p50")
    for minute in range(-60, 0):
        step.metrics.put(of("la"), "TargetResponseTime", FIRST + minute * MINUTE, 0.04, 0.06, 0.06)
    at = FIRST + timedelta(seconds=1)
    step._lines = [
        log_line(at, arn(group), 1, agent=f"{group} {time}", seconds=time)
        for group in ("la", "ca")
        for time in (0.05, 0.065, 0.08)
    ]
    step.put("la", "RequestCount", 0, 3)
    step.put("ca", "RequestCount", 0, 3)
    step.deliver(5)
    found = stream(step.look(8), metric="latency-p50")
    assert found
    assert found.latency
    assert (found.latency.limit, found.latency.tolerated, found.latency.harmful) == (0.06, 0.063, 0.072)
    assert (found.legacy.events[0], found.candidate.events[0], found.harmful and found.harmful.events[0]) == (2, 2, 1)


def test_limits_are_renewed_each_half_hour_by_the_hour_before_as_far_as_it_is_known_then() -> None:
    """Legacy is faster from the step's first minute on, and slower from the 57th on; three minutes are the delay."""
    recipe, sources, metrics = BY_TARGET_GROUP["latency-p50"], (of("la"),), Case("latency-p50").metrics
    assert isinstance(recipe, Time)
    for at in range(-60, 120):
        seconds = 0.06 if at < 0 else 0.03 if at < 57 else 0.09
        metrics.put(of("la"), "TargetResponseTime", FIRST + at * MINUTE, *[seconds] * 3)
    wanted: set[tuple[Time, tuple[Source, ...]]] = {(recipe, sources)}
    grown = RenewedLimits(metrics, 3 * MINUTE)
    known: dict[int, list[float]] = {29: [], 30: [60], 59: [60], 60: [60, 30], 119: [60, 30, 30], 120: [60, 30, 30, 90]}
    for minutes, times in known.items():
        until = FIRST + (minutes - 3) * MINUTE
        now = RenewedLimits(metrics, 3 * MINUTE).read(wanted, FIRST, until)[recipe, sources]
        assert [limit.time / timedelta(milliseconds=1) for limit in now] == times
        assert [limit.since for limit in now] == [FIRST + 30 * n * MINUTE for n in range(1, len(times) + 1)]
        assert grown.read(wanted, FIRST, until)[recipe, sources] == now


def test_a_half_hour_after_one_with_too_few_requests_keeps_the_limit() -> None:
    recipe, sources, metrics = BY_TARGET_GROUP["latency-p50"], (of("la"),), Case("latency-p50").metrics
    assert isinstance(recipe, Time)
    metrics.put(of("la"), "TargetResponseTime", FIRST, *[0.06] * 99)
    wanted: set[tuple[Time, tuple[Source, ...]]] = {(recipe, sources)}
    assert RenewedLimits(metrics, 3 * MINUTE).read(wanted, FIRST, FIRST + HOUR)[recipe, sources] == ()


def test_a_slower_hour_changes_the_limits_of_clients_that_come_later() -> None:
    step = Step("latency-p50")
    for minute in range(-60, 61):
        step.metrics.put(of("la"), "TargetResponseTime", FIRST + minute * MINUTE, *[0.06 if minute < 0 else 0.2] * 3)
    for minute in (0, 60):
        at = FIRST + minute * MINUTE + timedelta(seconds=1)
        step._lines += [log_line(at, arn(group), 1, agent=f"{group} {minute}", seconds=0.19) for group in ("la", "ca")]
        step.put("la", "RequestCount", minute, 1)
        step.put("ca", "RequestCount", minute, 1)
    step.deliver(65)
    found = stream(step.look(66), metric="latency-p50")
    assert found
    assert found.latency
    assert (found.latency.limit, found.latency.renewed) == (0.2, True)
    assert [arm.events[[0, 60]].tolist() for arm in (found.legacy, found.candidate)] == [[1, 0], [1, 0]]


def test_without_legacy_there_are_no_clients_to_compare() -> None:
    step = Step("server-errors", weight=100)
    step.asks("ca", 0, 40)
    step.deliver(5)
    assert step.look(8).windows == ()
    assert step.logs.calls.log == []


def test_a_load_balancer_without_logs_is_an_error() -> None:
    step = Step("server-errors")
    step.logs.off.add(BALANCER)
    unread = step.look(8).unread
    assert unread
    assert unread.code == "no-access-logs"


def test_where_requests_are_the_unit_no_log_is_read() -> None:
    step = Step("server-errors")
    step.environment = step.environment.model_copy(update={"analysis": Analysis(metrics=("server-errors",))})
    step.reader = EvidenceReader(step.environment, step.metrics, None, None, step.logs)
    assert step.look(8).windows == ()
    assert step.logs.calls.log == []


@pytest.mark.parametrize(
    ("lines", "requests", "wanted"),
    [
        (0, 3, True),
        (0, 4, False),
        (98, 100, True),
        (103, 100, True),
        (104, 100, False),
        (980, 1000, True),
        (979, 1000, False),
    ],
)
def test_how_much_may_differ(lines: int, requests: float, wanted: bool) -> None:
    assert agrees(lines, requests) is wanted


def test_a_file_with_more_lines_than_before_is_read_again_without_those_it_had() -> None:
    step = Step("server-errors")
    step.asks("la", 0, 40)
    step.asks("ca", 0, 30, logged=20)
    step.deliver(5)
    assert step.clients(8) is None
    step.asks("ca", 0, 0, logged=10)
    step.deliver_more()
    assert step.clients(9) == [(40, 30), *[(0, 0)] * 5]
