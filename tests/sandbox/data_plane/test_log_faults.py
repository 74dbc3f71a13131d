"""Faults of log files, as evidence by client takes them: what doesn't agree with CloudWatch counts for nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.adapters.aws.access_logs import S3AccessLogs
from rollout.adapters.aws.alb import Elbv2
from rollout.adapters.aws.cloudwatch import CloudWatch
from rollout.adapters.aws.delivered_logs import DeliveredAccessLogs
from rollout.adapters.aws.session import Access
from rollout.analysis.measuring.evidence import EvidenceReader
from rollout.inventory.model import LoadBalancer, Route
from rollout.inventory.ramp_settings import Analysis
from rollout_sandbox import LogFault
from rollout_sandbox.landscape import deliver_logs, log_requests
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import REGION
from tests.unit.builders import environment

CLIENTS = 40
TEN = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("place", "fault", "counted", "later"),
    [
        ("s3", None, CLIENTS, CLIENTS),
        ("s3", LogFault("lost"), 0, 0),
        ("s3", LogFault("truncated"), 0, 0),
        ("s3", LogFault("late", delay=TEN), 0, CLIENTS),
        ("cloudwatch", None, CLIENTS, CLIENTS),
        ("cloudwatch", LogFault("lost"), 0, 0),
        ("cloudwatch", LogFault("late", delay=1.2 * TEN), 0, CLIENTS),
    ],
)
def test_clients_count_once_their_lines_are_there(
    site: Site, place: str, fault: LogFault | None, counted: int, later: int
) -> None:
    tenant, clock = site.tenant, site.tenant.sandbox.clock
    legacy, candidate = site.served("la", "ca")
    site.split({legacy: 1, candidate: 1})
    if place == "s3":
        log_requests(tenant.client, tenant.account, ["public"])
    else:
        deliver_logs(tenant.client, ["public"], "/aws/vendedlogs/alb")
    route = Route(load_balancer="public", path="/a*", priority=10, legacy="la", candidate="ca")
    inventory = environment(
        account=tenant.account,
        region=REGION,
        load_balancers={"public": LoadBalancer(name="public")},
        routes={"a": route},
        analysis=Analysis(metrics=("server-errors",), unit="clients"),
    )
    access = Access(REGION, tenant.sandbox.endpoint, tenant.account, "any")
    live = Elbv2(access).read(inventory, tags=False)
    logs = S3AccessLogs(access) if place == "s3" else DeliveredAccessLogs(access, ["/aws/vendedlogs/alb"])
    reader = EvidenceReader(inventory, CloudWatch(access), access_logs=logs)
    start = clock.now()
    clock.pass_by(seconds=300 - start.timestamp() % 300 + 60)  # into five minutes that have just begun
    if fault:
        tenant.sandbox.faults.add(fault)
    for number in range(CLIENTS):
        site.get("/a", {"User-Agent": f"client {number}"})

    def clients() -> int:
        clock.pass_by(seconds=TEN.total_seconds())
        if place == "cloudwatch":
            site.get("/b")  # by which one sees that logs come
            clock.pass_by(seconds=100)
        (window, *_) = reader.gather(live, start, clock.now()).windows
        (stream,) = window.streams
        return sum(int(arm.requests.sum()) for arm in (stream.legacy, stream.candidate))

    assert (clients(), clients()) == (counted, later)
