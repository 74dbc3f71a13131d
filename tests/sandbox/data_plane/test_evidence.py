"""From requests to evidence: what the load balancers and functions publish, read by the adapters."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from rollout.adapters.aws.alb import Elbv2
from rollout.adapters.aws.cloudwatch import CloudWatch
from rollout.adapters.aws.log_insights import LogInsights
from rollout.adapters.aws.session import Access
from rollout.analysis.measuring.evidence import EvidenceReader, Gathered
from rollout.analysis.metrics import MINUTE
from rollout.analysis.streams import Arm, Stream
from rollout.base.clock import SystemClock
from rollout.inventory.model import Environment, LoadBalancer, Route
from rollout.inventory.quantities import Percent
from rollout.inventory.ramp_settings import Analysis, MetricName
from rollout_sandbox import Profile
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import REGION
from tests.unit.builders import environment

METRICS: tuple[MetricName, ...] = (
    "server-errors",
    "client-errors",
    "lambda-errors",
    "throttles",
    "function-errors",
    "latency-p50",
    "latency-p99",
    "duration-p50",
    "cold-starts",
)
SLOW, USUAL = timedelta(milliseconds=100), timedelta(milliseconds=20)


@pytest.fixture
def inventory(site: Site) -> Environment:
    legacy, candidate = site.served("la", "ca")
    site.split({legacy: 1, candidate: 1})
    route = Route(load_balancer="public", path="/a*", priority=10, legacy="la", candidate="ca")
    return environment(
        account=site.tenant.account,
        region=REGION,
        load_balancers={"public": LoadBalancer(name="public")},
        routes={"a": route},
        analysis=Analysis(metrics=METRICS),
    )


def ask(site: Site, times: int) -> Counter[tuple[str | None, int]]:
    """Who answered what, by the answers; the load balancer's own name nobody."""
    with ThreadPoolExecutor(8) as pool:
        return Counter((reply.served_by, reply.status) for reply in pool.map(site.get, ["/a"] * times))


def totals(arm: Arm | None) -> tuple[int, int]:
    assert arm is not None
    return int(arm.events.sum()), int(arm.requests.sum())


def gathered(
    site: Site, inventory: Environment, **candidate: object
) -> tuple[Gathered, Counter[tuple[str | None, int]]]:
    """Requests before a step, and those in it, when the candidate behaves so."""
    tenant, clock = site.tenant, site.tenant.sandbox.clock
    access = Access(REGION, tenant.sandbox.endpoint, tenant.account, "any")
    balancers = Elbv2(access)
    tenant.sandbox.behave(Profile("?a", account=tenant.account, latency=USUAL))
    ask(site, 260)
    tenant.sandbox.behave(Profile("ca", account=tenant.account, **({"latency": USUAL} | candidate)))  # type: ignore[arg-type]
    clock.pass_by(seconds=60)
    start = clock.now() - MINUTE
    told = ask(site, 200)
    clock.pass_by(seconds=300)
    live = balancers.read(inventory, tags=False)
    logs = LogInsights(access, SystemClock())
    return EvidenceReader(inventory, CloudWatch(access), balancers, logs).gather(live, start, clock.now()), told


def test_errors_crashes_and_slowness_of_the_candidate_are_in_its_streams(site: Site, inventory: Environment) -> None:
    half = Percent.of(25)
    errors = {"server_errors": half, "crashes": half, "client_errors": half}
    starts = {"cold_starts": half, "cold_start": SLOW}
    found, told = gathered(site, inventory, latency=SLOW, **errors, **starts)
    streams: dict[str, Stream] = {stream.metric: stream for stream in found.streams}
    assert list(streams) == list(METRICS)
    crashed, failed, refused, well = told[None, 502], told["ca", 500], told["ca", 400], told["ca", 200]
    legacy, candidate, answered = told["la", 200], crashed + failed + refused + well, failed + refused + well
    assert min(crashed, failed, refused, well, legacy) > 0
    assert {m: totals(streams[m].candidate) for m in METRICS[:6]} == {
        "server-errors": (failed + crashed, candidate),
        "client-errors": (refused, candidate),
        "lambda-errors": (crashed, candidate),
        "throttles": (0, candidate),
        "function-errors": (crashed, candidate),
        "latency-p50": (answered, answered),
    }
    assert totals(streams["latency-p50"].harmful) == totals(streams["latency-p99"].harmful) == (answered, answered)
    assert totals(streams["duration-p50"].harmful) == (candidate, candidate)
    cold, counted = totals(streams["cold-starts"].candidate)
    assert 0 < cold < counted == candidate
    assert {totals(streams[m].legacy) for m in (*METRICS[:5], "cold-starts")} == {(0, legacy)}
    (note,) = found.notes
    assert f"public answered {crashed} requests" in note
    assert found.unseen == ()


def test_a_candidate_like_legacy_is_seldom_above_the_limits(site: Site, inventory: Environment) -> None:
    found, told = gathered(site, inventory)
    streams = {stream.metric: stream for stream in found.streams}
    assert {totals(streams[m].candidate) for m in METRICS[:5]} == {(0, told["ca", 200])}
    latency = streams["latency-p99"].latency
    assert latency is not None
    assert 0.02 <= latency.limit < latency.tolerated < latency.harmful < 1
    slow, _ = totals(streams["latency-p99"].harmful)
    assert slow <= told["ca", 200] / 10
    assert found.notes == ()
