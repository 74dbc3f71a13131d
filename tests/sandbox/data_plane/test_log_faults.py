"""Faults of log files, as evidence by client takes them: what doesn't agree with CloudWatch counts for nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout.adapters.aws.access_logs import S3AccessLogs
from rollout.adapters.aws.alb import Elbv2
from rollout.adapters.aws.cloudwatch import CloudWatch
from rollout.adapters.aws.session import Access
from rollout.analysis.measuring.evidence import EvidenceReader
from rollout.inventory.model import LoadBalancer, Route
from rollout.inventory.ramp_settings import Analysis
from rollout_sandbox import LogFault
from rollout_sandbox.landscape import log_requests
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import REGION
from tests.unit.builders import environment

CLIENTS = 40
TEN = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("fault", "counted", "later"),
    [
        (None, CLIENTS, CLIENTS),
        (LogFault("lost"), 0, 0),
        (LogFault("truncated"), 0, 0),
        (LogFault("late", delay=TEN), 0, CLIENTS),
    ],
)
def test_clients_count_once_their_lines_are_there(site: Site, fault: LogFault | None, counted: int, later: int) -> None:
    tenant, clock = site.tenant, site.tenant.sandbox.clock
    legacy, candidate = site.served("la", "ca")
    site.split({legacy: 1, candidate: 1})
    log_requests(tenant.client, tenant.account, ["public"])
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
    reader = EvidenceReader(inventory, CloudWatch(access), access_logs=S3AccessLogs(access))
    start = clock.now()
    clock.pass_by(seconds=300 - start.timestamp() % 300 + 60)  # into five minutes that have just begun
    if fault:
        tenant.sandbox.faults.add(fault)
    for number in range(CLIENTS):
        site.get("/a", {"User-Agent": f"client {number}"})

    def clients() -> int:
        clock.pass_by(seconds=TEN.total_seconds())
        (window, *_) = reader.gather(live, start, clock.now()).windows
        (stream,) = window.streams
        return sum(int(arm.requests.sum()) for arm in (stream.legacy, stream.candidate))

    assert (clients(), clients()) == (counted, later)
