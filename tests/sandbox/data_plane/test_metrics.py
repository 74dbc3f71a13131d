"""CloudWatch on the sandbox's own traffic, by the calls and with the limits that AWS has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.metrics import Metric, Metrics
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import REGION, Tenant, refused

BALANCER = (("LoadBalancer", "app/x/1"),)


@pytest.fixture
def measured(tenant: Tenant) -> Any:
    """Gives a function that puts values of a metric in a minute, counted from an hour that is long past."""
    base = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    metrics: Metrics = tenant.sandbox._metrics  # type: ignore[union-attr]

    def put(name: str, minute: int, *values: float) -> None:
        metric = Metric(tenant.account, REGION, "AWS/ApplicationELB", name, BALANCER)
        metrics.put(metric, base + 60 * minute, values)

    return put


def at(minute: float) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def query(name: str, stat: str = "Sum", period: int = 60, **more: Any) -> dict[str, Any]:
    dimensions = [{"Name": key, "Value": value} for key, value in BALANCER]
    metric = {"Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions}
    return {"Id": "q", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}


def ask(tenant: Tenant, *queries: dict[str, Any], start: float = 0, end: float = 10, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = tenant.client("cloudwatch").get_metric_data(
        MetricDataQueries=list(queries), StartTime=at(start), EndTime=at(end), **more
    )
    return told


def values(told: dict[str, Any]) -> list[float]:
    (result,) = told["MetricDataResults"]
    assert result["StatusCode"] == "Complete"
    return list(result["Values"])


@pytest.mark.parametrize(
    ("stat", "value"),
    [
        ("Sum", 5050),
        ("Average", 50.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("SampleCount", 100),
        ("p0", 1),
        ("p50", 50),
        ("p99", 99),
        ("p99.5", 100),
        ("p100", 100),
        ("TC(:25)", 25),
        ("TC(25:)", 75),
        ("TC(0.5:30.25)", 30),
        ("TC(:0.5)", 0),
        ("PR(:25)", 25),
        ("PR(10:20)", 10),
    ],
)
def test_statistics_are_of_all_values(tenant: Tenant, measured: Any, stat: str, value: float) -> None:
    measured("TargetResponseTime", 3, *range(100, 0, -1))
    assert values(ask(tenant, query("TargetResponseTime", stat))) == [value]


def test_the_start_is_inclusive_the_end_exclusive_and_the_newest_first(tenant: Tenant, measured: Any) -> None:
    for minute in range(5):
        measured("RequestCount", minute, *[1.0] * (minute + 1))
    assert values(ask(tenant, query("RequestCount"), start=1, end=4)) == [4, 3, 2]
    assert values(ask(tenant, query("RequestCount"), start=1.5, end=4, ScanBy="TimestampAscending")) == [2, 3, 4]
    told = ask(tenant, query("RequestCount", period=180))["MetricDataResults"][0]
    assert dict(zip(told["Timestamps"], told["Values"], strict=True)) == {at(0): 6, at(3): 9}


def test_where_nothing_happened_there_is_no_point(tenant: Tenant, measured: Any) -> None:
    measured("RequestCount", 1, 1.0)
    assert values(ask(tenant, query("RequestCount"), start=2)) == []
    assert values(ask(tenant, query("HTTPCode_ELB_5XX_Count"))) == []
    unit = query("RequestCount")
    unit["MetricStat"]["Unit"] = "Seconds"
    assert values(ask(tenant, unit)) == []


def test_what_aws_refuses_is_refused(tenant: Tenant) -> None:
    with refused("ValidationError", "500"):
        ask(tenant, *[query("RequestCount", Id=f"q{number}") for number in range(501)])
    with refused("ValidationError", "multiple of 60"):
        ask(tenant, query("RequestCount", period=90))
    with refused("ValidationError", "EndTime"):
        ask(tenant, query("RequestCount"), start=3, end=3)
    for stat in ("P50", "p101", "TC(:)", "TC25", "TC(30:25)", "TC(:1e3)", "PR(5)", "pr50", "Median"):
        with refused("ValidationError", f"{stat} for parameter Stat is not supported"):
            ask(tenant, query("TargetResponseTime", stat))
    with refused("ValidationError", "metric math"):
        ask(tenant, query("RequestCount"), {"Id": "e", "Expression": "q * 2"})


def test_pages_end_in_the_middle_of_a_metric(tenant: Tenant, measured: Any) -> None:
    for minute in range(5):
        measured("RequestCount", minute, float(minute))
        measured("TargetResponseTime", minute, float(minute))
    pages, more = [], dict[str, Any]()
    asked = query("RequestCount", Id="a"), query("TargetResponseTime", Id="b"), query("Nothing", Id="c")
    while True:
        told = ask(tenant, *asked, MaxDatapoints=4, **more)
        pages.append([(each["Id"], each["Values"], each["StatusCode"]) for each in told["MetricDataResults"]])
        if "NextToken" not in told:
            break
        more = {"NextToken": told["NextToken"]}
    assert pages == [
        [("a", [4, 3, 2, 1], "PartialData"), ("c", [], "Complete")],
        [("a", [0], "Complete"), ("b", [4, 3, 2], "PartialData")],
        [("b", [1, 0], "Complete")],
    ]


def test_what_is_put_by_hand_is_there_as_well(tenant: Tenant, measured: Any) -> None:
    base = int(at(0).timestamp())
    own = {
        "Id": "own",
        "MetricStat": {"Metric": {"Namespace": "Ours", "MetricName": "Own"}, "Period": 60, "Stat": "Sum"},
    }
    now = tenant.sandbox.clock.now()
    tenant.client("cloudwatch").put_metric_data(Namespace="Ours", MetricData=[{"MetricName": "Own", "Value": 7}])
    measured("RequestCount", (int(now.timestamp()) - base) // 60, 2.0)
    until = (now - at(0)) / timedelta(minutes=1) + 1
    told = ask(tenant, query("RequestCount"), own, start=until - 2, end=until)["MetricDataResults"]
    assert {each["Id"]: each["Values"] for each in told} == {"q": [2], "own": [7]}


def test_statistics_of_one_metric(tenant: Tenant, measured: Any) -> None:
    measured("TargetResponseTime", 2, 1.0, 2.0, 3.0)
    asked = query("TargetResponseTime")["MetricStat"]["Metric"]
    told = tenant.client("cloudwatch").get_metric_statistics(
        **asked, StartTime=at(0), EndTime=at(9), Period=60, Statistics=["Sum", "Average"], ExtendedStatistics=["p99"]
    )
    (point,) = told["Datapoints"]
    assert point == {"Timestamp": at(2), "Unit": "Seconds", "Sum": 6, "Average": 2, "ExtendedStatistics": {"p99": 3}}


def test_metrics_are_listed_by_their_dimensions(site: Site) -> None:
    one, other = site.served("one", "other")
    site.split({one: 1, other: 0})
    site.get("/a")
    cloudwatch = site.tenant.client("cloudwatch")
    wanted = [{"Name": "TargetGroup", "Value": one.rpartition(":")[2]}, {"Name": "LoadBalancer"}]
    listed = cloudwatch.list_metrics(Namespace="AWS/ApplicationELB", Dimensions=wanted)["Metrics"]
    names = {each["MetricName"] for each in listed}
    assert names == {"RequestCount", "HTTPCode_Target_2XX_Count", "TargetResponseTime"}
    lambdas = cloudwatch.list_metrics(Namespace="AWS/Lambda", MetricName="Invocations")["Metrics"]
    assert [each["Dimensions"] for each in lambdas] == [[{"Name": "FunctionName", "Value": "one"}]]
    assert site.metric("RequestCount", group=other) == []


def test_values_go_after_fifteen_days() -> None:
    clock = SandboxClock()
    metrics, metric = Metrics(clock), Metric("1", REGION, "AWS/Lambda", "Invocations", ())
    metrics.add([(metric, 1.0)])
    clock.pass_by(seconds=16 * 86_400)
    metrics.add([(metric, 2.0), (metric, 3.0)])
    assert list(metrics.between(metric, 0, 2**40).values()) == [(2.0, 3.0)]


def test_a_clock_that_is_faster_stays_in_order() -> None:
    clock = SandboxClock()
    before = clock.now()
    clock.run_at(1_000_000)
    assert clock.now() >= before
    with pytest.raises(ValueError, match="above 0"):
        clock.run_at(0)
