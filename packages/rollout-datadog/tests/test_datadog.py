"""The source against a server on loopback: rollout's contract, and what only Datadog does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from datadog_server import DatadogServer

from rollout import Environment
from rollout.analysis.metrics import MINUTE, Point, Series, Source, function
from rollout.errors import AwsError, UsageError
from rollout.fakes.metrics_contract import (
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
from rollout_datadog import source
from rollout_datadog.source import Datadog
from tests.unit.seed import SEED

QUERIES = {
    REQUESTS: "shop.requests{version:$name}",
    ERRORS: "shop.requests{version:$name,code:5*}",
    TIMES: "shop.seconds{version:$name}",
}
ALIVE = "datadog.agent.running{env:prod}"
OPTIONS = {"queries": QUERIES, "alive": ALIVE}


def environment(**options: Any) -> Environment:
    return SEED.model_copy(update={"analysis": Analysis(source="datadog", options=options)})


def datadog(server: DatadogServer, **options: Any) -> Datadog:
    asked: dict[str, Any] = {"url": server.url, **OPTIONS} | options
    made = source(environment(**asked))
    made.api._sleep = lambda _: None
    return made


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATADOG_API_KEY", "DATADOG_APP_KEY", "DD_SITE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DD_API_KEY", "api-s3cret")
    monkeypatch.setenv("DD_APP_KEY", "app-s3cret")


@pytest.fixture
def server() -> Iterator[DatadogServer]:
    with DatadogServer() as running:
        yield running


@dataclass
class Site:
    """Counts by version, and an agent that tells each minute that it runs."""

    server: DatadogServer
    metrics: Datadog
    tells_gaps: bool = True

    def __post_init__(self) -> None:
        begin = NOON - timedelta(minutes=20)
        self.server.values["datadog.agent.running", "env:prod"] = {
            int((begin + n * MINUTE).timestamp()): [1.0, 1.0] for n in range((END - begin) // MINUTE)
        }

    def put(self, source: Source, name: str, at: datetime, *values: float) -> None:
        metric, _, tags = QUERIES[name].partition("{")
        key = metric, tags.removesuffix("}").replace("$name", "old" if source == LEGACY else "new")
        self.server.values.setdefault(key, {}).setdefault(int(at.timestamp()), []).extend(values)

    def outage(self, start: datetime, end: datetime) -> None:
        for values in self.server.values.values():
            for time in [time for time in values if start.timestamp() <= time < end.timestamp()]:
                del values[time]


class TestContract(MetricsContract):
    @pytest.fixture
    def site(self, server: DatadogServer) -> Site:
        return Site(server, datadog(server))


@pytest.fixture
def site(server: DatadogServer) -> Site:
    return Site(server, datadog(server))


def read(of: Datadog, name: str = REQUESTS, statistic: str = "Sum", source: Source = LEGACY) -> tuple[Point, ...]:
    series = source.series(name, statistic)
    return of.read([series], NOON, at(10))[series]


def test_without_the_agent_nothing_is_known(server: DatadogServer) -> None:
    assert [point.is_gap for point in read(datadog(server))] == [True] * 10


def test_a_metric_without_a_query_is_not_0(site: Site) -> None:
    assert all(point.is_gap for point in read(site.metrics, "LambdaUserError"))
    assert read(datadog(site.server, absent=["LambdaUserError"]), "LambdaUserError") == ()


def test_what_queries_give_nothing_is_known(site: Site) -> None:
    site.put(LEGACY, REQUESTS, at(3), 5)
    asked = [LEGACY.series(REQUESTS), LEGACY.series(ERRORS), CANDIDATE.series(REQUESTS), LEGACY.series("Throttles")]
    assert site.metrics.unanswered(asked, NOON, at(10)) == {
        LEGACY.series(ERRORS): "sum:shop.requests{version:old,code:5*}.as_count()",
        CANDIDATE.series(REQUESTS): "sum:shop.requests{version:new}.as_count()",
        LEGACY.series("Throttles"): None,
    }
    site.outage(NOON, END)
    site.metrics._known.clear()
    assert set(site.metrics.unanswered(asked[:2], NOON, at(10)).values()) == {f"max:{ALIVE}"}


def test_milliseconds_are_told_from_seconds(site: Site) -> None:
    site.server.values["shop.ms", "fn:score"] = {int(at(1).timestamp()): [80.0, 80.0, 800.0]}
    of = function("arn:aws:lambda:us-west-2:123456789012:function:score")
    queries = {"Duration": "shop.ms{fn:$name}", TIMES: "shop.ms{fn:score}"}
    found = datadog(site.server, queries=queries, **{"latency-unit": "ms"})
    assert known(read(found, "Duration", "TC(:100)", of)) == {at(1): 2}
    assert known(read(found, TIMES, "TC(:0.1)")) == {at(1): 2}
    assert known(read(found, TIMES, "p50")) == {at(1): 0.08}
    assert known(read(found, "Duration", "p50", of)) == {at(1): 80}


def test_longer_periods_than_asked_for_are_refused(site: Site) -> None:
    """Or five minutes' requests would count in one."""
    site.server.thinned = 5
    with pytest.raises(AwsError) as caught:
        read(site.metrics)
    assert caught.value.code == "incomplete-data"


def test_requests_have_few_points_and_many_queries(site: Site) -> None:
    """Longer ones would be thinned out, and an hour has few requests."""
    arms = [LEGACY, CANDIDATE]
    asked = [arm.series(name, statistic) for arm in arms for name, statistic in ((REQUESTS, "Sum"), (ERRORS, "Sum"))]
    asked += [arm.series(TIMES, f"TC(:{n})") for arm in arms for n in range(1, 30)]
    site.metrics.read(asked, NOON - timedelta(hours=10), END)
    spans = {(body["to"] - body["from"]) / body["interval"] for body, _ in site.server.asked}
    assert max(spans) <= 240
    assert len(site.server.asked) <= 4 * 5
    assert max(len(body["queries"]) for body, _ in site.server.asked) <= 20


def test_what_is_over_is_read_once(site: Site) -> None:
    series = LEGACY.series(REQUESTS)
    site.put(LEGACY, REQUESTS, NOON - timedelta(minutes=10), 7)
    first = site.metrics.read([series], NOON - timedelta(hours=10), END)
    asked = len(site.server.asked)
    assert site.metrics.read([series], NOON - timedelta(hours=10), END) == first
    assert len(site.server.asked) - asked < asked / 2


@pytest.mark.parametrize(
    ("status", "headers", "body", "code", "tries"),
    [
        (403, {}, b'{"errors": ["Forbidden: api-s3cret"]}', "metrics-refused", 1),
        (400, {}, b'{"errors": ["Error parsing query"]}', "metrics-refused", 1),
        (429, {"X-RateLimit-Reset": "7"}, b'{"errors": ["Rate limit"]}', "metrics-source-failed", 3),
        (500, {}, b"", "metrics-source-failed", 3),
        (200, {}, b"<html>", "metrics-source-failed", 1),
        (200, {}, b"[]", "metrics-source-failed", 1),
        (
            200,
            {},
            b'{"data": {"attributes": {"series": [{}], "times": [60000], "values": []}}}',
            "metrics-source-failed",
            1,
        ),
        (200, {}, b'{"data": {"attributes": {}}, "errors": "a shard timed out"}', "incomplete-data", 1),
    ],
)
def test_a_bad_answer_is_one_error(  # noqa: PLR0917 - a case's parts
    status: int, headers: Mapping[str, str], body: bytes, code: str, tries: int, site: Site
) -> None:
    site.server.faults += [(status, headers, body)] * tries
    with pytest.raises(AwsError) as caught:
        read(site.metrics)
    assert caught.value.code == code
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


def test_another_try_may_succeed_and_waits_as_long_as_it_is_told(site: Site) -> None:
    site.put(LEGACY, REQUESTS, at(1), 5)
    site.server.faults += [(429, {"X-RateLimit-Reset": "7"}, b""), (503, {}, b"")]
    waited = list[float]()
    site.metrics.api._sleep = waited.append
    assert known(read(site.metrics)) == {at(1): 5}
    assert sorted(waited) in ([1.0, 7.0], [2.0, 7.0])


def test_keys_are_headers(site: Site) -> None:
    read(site.metrics)
    for _, headers in site.server.asked:
        assert (headers["DD-API-KEY"], headers["DD-APPLICATION-KEY"]) == ("api-s3cret", "app-s3cret")


@pytest.mark.parametrize("missing", ["DD_API_KEY", "DD_APP_KEY"])
def test_a_missing_key_is_said(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(UsageError, match=missing) as caught:
        source(environment(**OPTIONS))
    assert caught.value.code == "plugin-unusable"


@pytest.mark.parametrize(
    "options",
    [
        {"alive": None},
        {"queries": {REQUESTS: "avg:shop.requests{*}"}},
        {"queries": {REQUESTS: "shop.requests{*}.as_rate()"}},
        {"queries": {REQUESTS: "shop.requests"}},
        {"queries": {REQUESTS: "shop.$name{*}"}},
        {"queries": {REQUESTS: "shop.requests{version:$other}"}},
        {"queries": {REQUESTS: "shop.requests{a:b} by {host}"}},
        {"url": "https://me:s3cret@example.com"},
    ],
)
def test_options_that_are_wrong_are_one_error_without_their_values(options: Mapping[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        source(environment(**OPTIONS | dict(options)))
    assert caught.value.code == "plugin-unusable"
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", ["a} by {host", "a,code:2*", "a OR b", "*", "", '"'])
def test_a_name_can_not_change_a_query(name: str, site: Site) -> None:
    with pytest.raises(UsageError) as caught:
        read(datadog(site.server, names={"old": name}))
    assert caught.value.code == "plugin-unusable"
    assert site.server.asked == []


def test_a_period_ends_with_what_there_is_by_now(site: Site) -> None:
    for minute in range(60):
        site.put(LEGACY, REQUESTS, at(minute), 2)
    site.metrics.now = lambda: at(40).timestamp() + 20
    site.outage(at(40), END)
    hours = Series("AWS/ApplicationELB", REQUESTS, LEGACY.dimensions, "Sum", 60 * MINUTE)
    assert site.metrics.read([hours], NOON, at(60))[hours] == (Point(NOON, 80),)


def test_the_body_is_as_documented(site: Site) -> None:
    read(site.metrics)
    bodies = [body for body, _ in site.server.asked]
    assert all(set(body) == {"formulas", "from", "interval", "queries", "to"} for body in bodies)
    assert json.dumps(bodies)
