"""What a client sees when functions do badly, and what is counted of it and where not."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from statistics import quantiles
from typing import Any

import pytest

from rollout.inventory.quantities import Percent
from rollout_sandbox import Profile, Sandbox
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import Tenant

ALL = Percent(1000)


@pytest.fixture
def group(site: Site) -> str:
    (group,) = site.served("one")
    site.split({group: 1})
    return group


def behave(site: Site, **how: Any) -> None:
    site.tenant.sandbox.behave(Profile("one", account=site.tenant.account, **how))


def test_a_group_without_a_target_is_a_503_and_nothing_fails_over(site: Site, group: str) -> None:
    empty = site.tenant.group("empty")
    site.tenant.rule(
        site.forward({empty: 1, group: 0}), priority=1, conditions=[{"Field": "path-pattern", "Values": ["/e"]}]
    )
    reply = site.get("/e")
    assert (reply.status, reply.header("server")) == (503, "awselb/2.0")
    assert reply.body.startswith(b"<html>\r\n<head><title>503 Service Temporarily Unavailable</title>")
    assert site.metric("HTTPCode_ELB_503_Count") == site.metric("HTTPCode_ELB_5XX_Count") == [1]
    assert site.metric("RequestCount") == []  # no target was chosen


@pytest.mark.parametrize("how", ["crashes", "malformed", "timeout", "throttled", "raises", "permission"])
def test_a_function_that_fails_is_the_load_balancers_502(site: Site, sandbox: Sandbox, group: str, how: str) -> None:
    lambdas = site.tenant.functions
    if how in {"crashes", "malformed"}:
        behave(site, **{how: ALL})
    elif how == "timeout":
        lambdas.update_function_configuration(FunctionName="one", Timeout=1)
        sandbox.clock.run_at(100)
        behave(site, latency=timedelta(seconds=2))
    elif how == "throttled":
        lambdas.put_function_concurrency(FunctionName="one", ReservedConcurrentExecutions=0)
    elif how == "raises":
        sandbox.handle(lambda _event, _context: 1 / 0, account=site.tenant.account)
    else:
        lambdas.remove_permission(FunctionName="one", StatementId="balancer")
    reply = site.get("/a")
    sandbox.clock.run_at(1)
    assert (reply.status, b"<h1>502 Bad Gateway</h1>" in reply.body) == (502, True)
    assert site.metric("LambdaUserError", group=group) == [1]
    assert site.metric("RequestCount", group=group) == [1]
    assert site.metric("HTTPCode_ELB_502_Count") == site.metric("HTTPCode_ELB_5XX_Count") == [1]
    assert site.metric("HTTPCode_Target_5XX_Count", group=group) == []
    failed = how in {"crashes", "timeout", "raises"}
    assert site.metric("Errors", function="one") == ([float(failed)] if how not in {"throttled", "permission"} else [])
    assert site.metric("Throttles", function="one") == ([] if how == "permission" else [float(how == "throttled")])


def test_an_error_that_a_function_answers_is_the_targets(site: Site, group: str) -> None:
    behave(site, server_errors=ALL)
    assert site.get("/a").status == 500
    behave(site, client_errors=ALL)
    assert site.get("/a").status == 400
    assert site.metric("HTTPCode_Target_5XX_Count", group=group) == [1]
    assert site.metric("HTTPCode_Target_4XX_Count", group=group) == [1]
    assert site.metric("LambdaUserError", group=group) == site.metric("HTTPCode_ELB_5XX_Count") == []
    assert site.metric("Errors", function="one") == [0]  # an answer of 500 is no error of the function's


def test_rates_hold_on_the_whole(site: Site, group: str) -> None:
    behave(site, crashes=Percent.of(20), client_errors=Percent.of(30))
    told = [site.get("/a").status for _ in range(300)]
    assert 30 <= told.count(502) <= 95  # 60 and 90 expected; outside by chance in less than 1 of 100,000 runs
    assert 55 <= told.count(400) <= 130
    assert set(told) == {200, 400, 502}


def test_requests_above_the_concurrency_are_throttled(site: Site, group: str) -> None:
    behave(site, concurrency=2, latency=timedelta(seconds=0.5))
    with ThreadPoolExecutor(6) as pool:
        told = sorted(reply.status for reply in pool.map(site.get, ["/a"] * 6))
    assert told.count(502) >= 1
    assert told.count(200) >= 2
    assert site.metric("Throttles", function="one") == [told.count(502)]
    assert site.metric("Invocations", function="one") == [told.count(200)]
    assert site.metric("ConcurrentExecutions", "Maximum", function="one") == [2]


def test_latency_is_waited_for_and_counted(site: Site, group: str) -> None:
    behave(site, latency=timedelta(seconds=0.2))
    began = time.monotonic()
    site.get("/a")
    assert time.monotonic() - began >= 0.2
    (seconds,), (milliseconds,) = (
        site.metric("TargetResponseTime", "Average", group),
        site.metric("Duration", "Average", function="one"),
    )
    assert 0.2 <= seconds < 0.25
    assert milliseconds == pytest.approx(seconds * 1000)


def test_latencies_are_log_normal_about_the_median_and_cold_starts_as_often_as_ordered() -> None:
    profile = Profile(latency=timedelta(seconds=0.1), latency_p99=timedelta(seconds=0.4))
    random = Random(1)  # noqa: S311 - a seeded one
    cuts = quantiles((profile.draw_latency(random).total_seconds() for _ in range(20_000)), n=100)
    assert cuts[49] == pytest.approx(0.1, rel=0.05)
    assert cuts[98] == pytest.approx(0.4, rel=0.1)
    cold = Profile(cold_starts=Percent.of(25), cold_start=timedelta(seconds=1))
    starts = [cold.draw_start(random) for _ in range(4000)]
    assert starts.count(timedelta(seconds=1)) == pytest.approx(1000, rel=0.15)
    assert set(starts) == {timedelta(seconds=1), None}


@pytest.mark.parametrize(
    "how",
    [
        {"latency": timedelta(seconds=-1)},
        {"latency_p99": timedelta(seconds=1)},
        {"latency": timedelta(seconds=2), "latency_p99": timedelta(seconds=1)},
        {"crashes": Percent.of(60), "malformed": Percent.of(41)},
        {"concurrency": -1},
    ],
)
def test_a_profile_that_cannot_be_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"latency|median|100 per cent|concurrency"):
        Profile(**how)


def test_the_last_profile_that_is_meant_for_a_function_counts(site: Site, group: str, tenant: Tenant) -> None:
    behave(site, server_errors=ALL)
    tenant.sandbox.behave(Profile("on*", account=tenant.account, client_errors=ALL))
    assert site.get("/a").status == 400
    behave(site)
    assert site.get("/a").status == 200
    tenant.sandbox.forget_profiles()
    assert site.get("/a").status == 200
