"""The source against a server on loopback: rollout's contract, and what only Prometheus does."""

from __future__ import annotations

import bisect
import json
import socket
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_server import PrometheusServer

from rollout import Environment
from rollout.adapters import sources
from rollout.analysis.metrics import MINUTE, Point, Series, Source
from rollout.errors import AwsError, RolloutError, UsageError
from rollout.fakes.metrics_contract import (
    BOUNDS,
    CANDIDATE,
    END,
    ERRORS,
    LEGACY,
    NOON,
    REQUESTS,
    TIMES,
    MetricsContract,
    at,
    known,
)
from rollout.inventory.ramp_settings import Analysis
from rollout_prometheus import source
from rollout_prometheus.source import Prometheus, PrometheusOptions, api_of
from tests.unit.seed import SEED

QUERIES = {
    REQUESTS: 'requests_total{service="$name"}',
    ERRORS: 'requests_total{service="$name",code=~"5.."}',
    TIMES: 'request_seconds_bucket{service="$name"}',
}
NAMES = {"old": "shop-v1", "new": 'shop "v2"'}
Clock = Iterator[float]


def environment(**options: Any) -> Environment:
    return SEED.model_copy(update={"analysis": Analysis(source="prometheus", options=options)})


def prometheus(server: PrometheusServer, **options: Any) -> Prometheus:
    asked: dict[str, Any] = {"url": server.url, "queries": QUERIES, "names": NAMES} | options
    made = source(environment(**asked))
    made.api._sleep = lambda _: None
    return made


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "USER", "PASSWORD"):
        monkeypatch.delenv(f"ROLLOUT_PROMETHEUS_{name}", raising=False)


@pytest.fixture
def server() -> Iterator[PrometheusServer]:
    with PrometheusServer() as running:
        yield running


@dataclass
class Site:
    """An instance a service, scraped every 15 seconds; what occurs in a minute, occurs in its middle."""

    server: PrometheusServer
    tells_gaps: bool = True
    occurred: defaultdict[tuple[str, str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    down: tuple[datetime, datetime] = (END, END)

    @property
    def metrics(self) -> Prometheus:
        self.server.samples.clear()
        step, begin = timedelta(seconds=15), NOON - timedelta(minutes=20)
        for n in range((END - begin) // step + 1):
            time = begin + n * step + timedelta(milliseconds=137)
            if not self.down[0] <= time < self.down[1]:
                self._scrape(time.timestamp())
        return prometheus(self.server)

    def _scrape(self, time: float) -> None:
        for service in NAMES.values():
            self.server.add(time, 1, name="up", job="shop", instance=service)
            self.server.add(time, 0, name="requests_total", job="shop", instance=service, service=service, code="404")
        for (name, service, other), times in self.occurred.items():
            if count := bisect.bisect_right(sorted(times), time):
                label = {"le": other} if name.endswith("bucket") else {"code": other}
                self.server.add(time, count, name=name, job="shop", instance=service, service=service, **label)

    def put(self, source: Source, name: str, at: datetime, *values: float) -> None:
        service = NAMES["old" if source == LEGACY else "new"]
        times = [at.timestamp() + 30]
        if name == TIMES:
            for bound in (*BOUNDS, float("inf")):
                these = self.occurred["request_seconds_bucket", service, f"{bound:g}".replace("inf", "+Inf")]
                these += times * sum(value <= bound for value in values)
        else:
            code = "500" if name == ERRORS else "200"
            self.occurred["requests_total", service, code] += times * int(sum(values))
            if name == ERRORS:  # which are requests, too
                for _ in range(int(sum(values))):
                    self.occurred["requests_total", service, "200"].remove(times[0])

    def outage(self, start: datetime, end: datetime) -> None:
        self.down = start, end


class TestContract(MetricsContract):
    @pytest.fixture
    def site(self, server: PrometheusServer) -> Site:
        return Site(server)


def read(of: Prometheus, name: str = REQUESTS, statistic: str = "Sum", source: Source = LEGACY) -> tuple[Point, ...]:
    series = source.series(name, statistic)
    return of.read([series], NOON, at(10))[series]


def scraped(server: PrometheusServer, values: Mapping[float, float], **labels: str) -> None:
    """Samples by minutes after noon."""
    for minutes, value in values.items():
        named = {"name": "requests_total", "job": "a", "instance": "1", "service": "shop-v1", "code": "200"} | labels
        server.add(at(minutes).timestamp(), value, **named)


def every_minute(*values: float, start: float = -1) -> dict[float, float]:
    return {start + n: value for n, value in enumerate(values)}


def test_a_counter_that_begins_again_counts_from_0(server: PrometheusServer) -> None:
    scraped(server, every_minute(100, 100, 110, 4, 10))
    assert known(read(prometheus(server))) == {at(0): 10, at(1): 4, at(2): 6}


def test_a_new_instance_brings_no_history(server: PrometheusServer) -> None:
    scraped(server, every_minute(*[0] * 12))
    scraped(server, {4.5: 1_000_000, 5.5: 1_000_007}, instance="2")
    assert known(read(prometheus(server))) == {at(5): 7}


def test_a_new_code_on_a_known_instance_counts_whole(server: PrometheusServer) -> None:
    scraped(server, every_minute(*[0] * 12))
    scraped(server, {5.0: 3}, code="503")
    found = prometheus(server)
    assert known(read(found, ERRORS)) == {at(4): 3}
    assert known(read(found)) == {at(4): 3}


def test_missed_scrapes_are_gaps_and_their_counts_are_left_out(server: PrometheusServer) -> None:
    scraped(server, {-1: 0, 0: 5, 1: 10, 5: 500, 6: 501, 7: 502, 8: 503, 9: 504, 10: 505})
    found = {point.time: point for point in read(prometheus(server))}
    assert all(found[at(minute)].is_gap for minute in (3, 4))
    assert known(tuple(found.values()))[at(0)] == 5
    assert sum(known(tuple(found.values())).values()) == 10


def test_an_instance_that_comes_back_makes_its_minutes_unknown(server: PrometheusServer) -> None:
    """Though another one was scraped, and `up` isn't there to tell."""
    scraped(server, every_minute(*range(0, 120, 10)))
    scraped(server, {-1: 0, 0: 5, 1: 10, 2: 15, 7: 900, 8: 905, 9: 910, 10: 915}, instance="2")
    found = read(prometheus(server))
    assert [point.time for point in found if point.is_gap] == [at(minute) for minute in range(2, 7)]
    assert set(known(found).values()) == {15}


def test_a_failed_scrape_makes_its_minute_unknown(server: PrometheusServer) -> None:
    """Of one instance, while the other one is well: an instance that fails may be the one with errors."""
    for instance in ("1", "2"):
        scraped(server, every_minute(*range(0, 120, 10)), instance=instance)
    server.add(at(3.5).timestamp(), 0, name="up", job="a", instance="2")
    server.add(at(3.5).timestamp(), 0, name="up", job="b", instance="2")
    found = read(prometheus(server))
    assert [point.time for point in found if point.is_gap] == [at(3)]


def test_without_samples_nothing_is_known(server: PrometheusServer) -> None:
    assert all(point.is_gap for point in read(prometheus(server)))
    assert len(read(prometheus(server))) == 10


def test_a_service_that_is_up_without_requests_has_none(server: PrometheusServer) -> None:
    for minute in range(11):
        server.add(at(minute).timestamp(), 1, name="up", job="shop-v1", instance="1")
    assert read(prometheus(server, alive='up{job="$name"}')) == ()


def test_a_metric_without_a_query_is_not_0(server: PrometheusServer) -> None:
    scraped(server, every_minute(*range(12)))
    assert all(point.is_gap for point in read(prometheus(server), "LambdaUserError"))
    assert read(prometheus(server, absent=["LambdaUserError"]), "LambdaUserError") == ()


def test_what_queries_give_nothing_is_known(server: PrometheusServer) -> None:
    scraped(server, every_minute(*range(60)))
    found = prometheus(server).unanswered(
        [*(arm.series(name) for arm in (LEGACY, CANDIDATE) for name in (REQUESTS, ERRORS)), LEGACY.series("Throttles")],
        NOON,
        at(10),
    )
    assert found == {
        LEGACY.series(ERRORS): 'requests_total{service="shop-v1",code=~"5.."}',
        CANDIDATE.series(REQUESTS): r'requests_total{service="shop \"v2\""}',
        CANDIDATE.series(ERRORS): r'requests_total{service="shop \"v2\"",code=~"5.."}',
        LEGACY.series("Throttles"): None,
    }


def test_an_hour_that_is_over_is_read_once(server: PrometheusServer) -> None:
    scraped(server, every_minute(*range(200)))
    found, series = prometheus(server), LEGACY.series(REQUESTS)
    first = found.read([series], NOON, at(100))
    asked = len(server.asked)
    assert found.read([series], NOON, at(100)) == first
    assert {form["time"] for _, form, _ in server.asked[asked:]} == {str(int(at(100).timestamp()))}


def test_bounds_are_those_that_all_instances_have(server: PrometheusServer) -> None:
    now = datetime.now(UTC).timestamp()
    for instance, bounds in (("1", ("0.1", "0.5", "+Inf")), ("2", ("0.1", "0.25", "0.5", "+Inf"))):
        for bound in bounds:
            labels = {"name": "request_seconds_bucket", "service": "shop-v1", "instance": instance, "le": bound}
            server.add(now - 60, 1, **labels)
    found = prometheus(server)
    assert found.bounds(LEGACY.series(TIMES)) == (0.1, 0.5)
    assert found.bounds(CANDIDATE.series(TIMES)) == ()
    assert prometheus(server, **{"latency-unit": "ms"}).bounds(LEGACY.series(TIMES)) == (0.0001, 0.0005)


@pytest.mark.parametrize(
    ("status", "headers", "body", "code", "tries"),
    [
        (401, {}, b"wrong token s3cret", "metrics-refused", 1),
        (403, {}, b"", "metrics-refused", 1),
        (422, {}, b'{"status": "error", "error": "too many samples"}', "metrics-refused", 1),
        (429, {"Retry-After": "1"}, b"", "metrics-source-failed", 3),
        (503, {}, b"<html>", "metrics-source-failed", 3),
        (302, {"Location": "http://127.0.0.1:1/"}, b"", "metrics-source-failed", 1),
        (200, {}, b"not json", "metrics-source-failed", 1),
        (200, {}, b"[]", "metrics-source-failed", 1),
        (200, {}, b'{"status": "success", "data": {"result": 1}}', "metrics-source-failed", 1),
        (200, {}, b'{"status": "success", "data": null}', "metrics-source-failed", 1),
    ],
)
def test_a_bad_answer_is_one_error(  # noqa: PLR0917 - a case's parts
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    code: str,
    tries: int,
    server: PrometheusServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROLLOUT_PROMETHEUS_TOKEN", "s3cret")
    server.faults += [(status, headers, body)] * tries
    with pytest.raises(AwsError) as caught:
        read(prometheus(server))
    assert caught.value.code == code
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    assert len(server.asked) == tries


def test_another_try_may_succeed(server: PrometheusServer) -> None:
    scraped(server, every_minute(*range(12)))
    server.faults += [(503, {}, b""), (429, {}, b"")]
    assert len(known(read(prometheus(server)))) == 10


def test_nobody_there_is_an_error() -> None:
    with PrometheusServer() as gone:
        pass
    with pytest.raises(AwsError) as caught:
        read(prometheus(gone))
    assert caught.value.code == "metrics-source-failed"


def test_no_answer_in_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "READ", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        options = PrometheusOptions(url=f"http://127.0.0.1:{silent.getsockname()[1]}", queries=QUERIES)
        asked = Prometheus(environment(), options, api_of(options))
        with pytest.raises(AwsError) as caught:
            read(asked)
    assert caught.value.code == "metrics-source-failed"


def test_a_part_of_an_answer_is_none(server: PrometheusServer) -> None:
    scraped(server, every_minute(*range(12)))
    server.warnings.append("receive series from Addr: store-1: rpc error")
    with pytest.raises(AwsError) as caught:
        read(prometheus(server))
    assert caught.value.code == "incomplete-data"


@pytest.mark.parametrize(
    ("variables", "sent"),
    [
        ({"TOKEN": "abc"}, "Bearer abc"),
        ({"USER": "me", "PASSWORD": "pw"}, "Basic bWU6cHc="),
        ({}, None),
    ],
)
def test_credentials_come_from_variables(
    variables: Mapping[str, str], sent: str | None, server: PrometheusServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"ROLLOUT_PROMETHEUS_{name}", value)
    read(prometheus(server, tenant="team-a"))
    _, _, headers = server.asked[0]
    assert (headers.get("Authorization"), headers["X-Scope-OrgID"]) == (sent, "team-a")


@pytest.mark.parametrize(
    "variables", [{"USER": "me"}, {"USER": "me", "PASSWORD": "pw", "TOKEN": "x"}, {"TOKEN": "a\nb"}]
)
def test_half_credentials_are_refused(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"ROLLOUT_PROMETHEUS_{name}", value)
    with pytest.raises(UsageError) as caught:
        api_of(PrometheusOptions(url="http://127.0.0.1:1", queries=QUERIES))
    assert caught.value.code == "plugin-unusable"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"queries": {}},
        {"queries": {REQUESTS: "sum(rate(requests_total[5m]))"}},
        {"queries": {REQUESTS: 'requests_total{service="a"} or up'}},
        {"queries": {REQUESTS: 'requests_total{$name="a"}'}},
        {"queries": {REQUESTS: "$name{}"}},
        {"queries": {REQUESTS: 'requests_total{service="$other"}'}},
        {"queries": {REQUESTS: "requests_total{service=`$name`}"}},
        {"queries": {TIMES: "request_seconds_sum"}},
        {"alive": "up == 1"},
        {"url": "ftp://example.com"},
        {"url": "https://me:s3cret@example.com"},
        {"url": "https://example.com/?token=s3cret"},
        {"url": "http://[::1"},
        {"urls": "s3cret"},
    ],
)
def test_options_that_are_wrong_are_one_error_without_their_values(options: Mapping[str, Any]) -> None:
    whole: dict[str, Any] = {"url": "http://127.0.0.1:1", "queries": QUERIES} | dict(options) if options else {}
    with pytest.raises(RolloutError) as caught:
        source(environment(**whole) if whole else environment(queries=QUERIES))
    assert caught.value.code == "plugin-unusable"
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", ['a"} or up{x="', "a\\", "a\nb", "a'b`c", ".*", "ü|x"])
def test_a_name_can_not_change_a_query(name: str, server: PrometheusServer) -> None:
    queries = {REQUESTS: 'requests_total{service=~"$name"}', ERRORS: 'requests_total{service="$name"}'}
    scraped(server, every_minute(*range(12)))
    scraped(server, every_minute(*range(0, 24, 2)), service=name)
    found = prometheus(server, queries=queries, names={"old": name})
    assert set(known(read(found, REQUESTS)).values()) == {2}
    assert set(known(read(found, ERRORS)).values()) == {2}
    assert (
        all(form["query"].count("{") == 1 or form["query"].startswith("up") for _, form, _ in server.asked)
        or "{" in name
    )


def test_a_period_ends_with_what_there_is_by_now(server: PrometheusServer) -> None:
    """The present hour isn't a gap for its future minutes."""
    scraped(server, every_minute(*range(42)))
    found = prometheus(server)
    found.now = lambda: at(40).timestamp() + 20
    hours = Series("AWS/ApplicationELB", REQUESTS, LEGACY.dimensions, "Sum", 60 * MINUTE)
    assert found.read([hours], NOON, at(60))[hours] == (Point(NOON, 40),)
    series = LEGACY.series(REQUESTS)
    assert len(found.read([series], NOON, at(60))[series]) == 40


def test_an_answer_of_more_than_is_asked_for_is_json(server: PrometheusServer) -> None:
    scraped(server, every_minute(*range(12)))
    status, headers, body = server.answer(
        "/api/v1/query", {"query": "requests_total[600s]", "time": str(at(5).timestamp())}
    )
    more = json.loads(body) | {"infos": ["a new field"], "other": 1}
    server.faults.append((status, headers, json.dumps(more).encode()))
    read(prometheus(server))
