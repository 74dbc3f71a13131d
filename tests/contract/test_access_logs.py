"""What the `AccessLogs` port promises, of logs in S3, in CloudWatch Logs and in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from rollout.adapters.aws.access_logs import S3AccessLogs
from rollout.adapters.aws.delivered_logs import DeliveredAccessLogs
from rollout.adapters.aws.session import Access
from rollout.analysis.measuring.access_log import answer_of, asked_of
from rollout.analysis.metrics import MINUTE
from rollout.analysis.ports import AccessLogs, LogFile
from rollout.fakes.access_logs import InMemoryAccessLogs, log_line
from rollout.inventory.model import Arn
from rollout_sandbox.landscape import deliver_logs, log_requests
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import REGION, Tenant, single

GROUP = "/aws/vendedlogs/alb"
HOUR = timedelta(hours=1)


class InMemory:
    """The fake, with two requests in minutes of their own."""

    balancer, off = Arn("public"), Arn("internal")

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        self.logs = InMemoryAccessLogs({self.off})
        for number in (1, 2):
            at = self.now - (25 - 10 * number) * MINUTE
            line = log_line(at, "group", 7, client="127.0.0.1", agent=f"client {number}")
            self.logs.put(self.balancer, at + MINUTE, [line])


class Real:
    """An adapter on the sandbox, with the same requests."""

    def __init__(self, site: Site, logs: AccessLogs) -> None:
        self.logs, elb = logs, site.tenant.elb
        found = elb.describe_load_balancers(Names=["public", "internal"])["LoadBalancers"]
        arns = {each["LoadBalancerName"]: Arn(each["LoadBalancerArn"]) for each in found}
        self.balancer, self.off = arns["public"], arns["internal"]
        site.tenant.rule(single(site.served("old")[0]), priority=7)
        for number in (1, 2, 3):  # the last one shows that the ones before have come
            site.get("/a", {"User-Agent": f"client {number}"})
            site.tenant.sandbox.clock.pass_by(seconds=600)
        self.now = site.tenant.sandbox.clock.now() - 15 * MINUTE


Case = InMemory | Real


@pytest.fixture(scope="module", params=["memory", "s3", "cloudwatch"])
def case(request: pytest.FixtureRequest) -> Case:
    if request.param == "memory":
        return InMemory()
    tenant = Tenant(request.getfixturevalue("sandbox"), {"s3": "300000000001"}.get(request.param, "300000000002"))
    assert tenant.landscape
    access = Access(REGION, tenant.sandbox.endpoint, tenant.account, "any")
    if request.param == "s3":
        log_requests(tenant.client, tenant.account, ["public"])
        return Real(Site(tenant), S3AccessLogs(access))
    deliver_logs(tenant.client, ["public"], GROUP)
    return Real(Site(tenant), DeliveredAccessLogs(access, [GROUP]))


def lines_of(case: Case, files: Sequence[LogFile]) -> list[bytes]:
    return [line for file in files for lines in case.logs.lines(file) for line in lines]


def agents(lines: Sequence[bytes]) -> Iterator[bytes]:
    return (asked_of(line)[2] for line in lines)


def test_each_load_balancer_has_a_place_or_none(case: Case) -> None:
    places = case.logs.places([case.balancer, case.off])
    assert places[case.balancer]
    assert places[case.off] is None
    assert case.logs.files(case.off, case.now - HOUR, case.now) == ()


def test_files_are_those_of_a_time_and_come_the_oldest_first(case: Case) -> None:
    files = case.logs.files(case.balancer, case.now - HOUR, case.now)
    assert [file.until for file in files] == sorted(file.until for file in files)
    assert len({file.key for file in files}) == len(files)
    assert list(agents(lines_of(case, files))) == [b"client 1", b"client 2"]
    later = case.logs.files(case.balancer, case.now - 8 * MINUTE, case.now)
    assert list(agents(lines_of(case, later))) == [b"client 2"]


def test_a_line_tells_who_asked_where_and_how_it_was_answered(case: Case) -> None:
    line = lines_of(case, case.logs.files(case.balancer, case.now - HOUR, case.now))[0]
    time, address, agent, group, rule, rest = asked_of(line)
    assert datetime.fromisoformat(time.decode()) < case.now
    assert (address, agent, rule) == (b"127.0.0.1", b"client 1", b"7")
    assert b"group" in group
    answered, status, seconds, reason = answer_of(rest)
    assert (answered, status, reason) == (b"200", b"200", b"-")
    assert float(seconds) >= 0


def test_what_was_seen_of_a_file_does_not_come_again(case: Case) -> None:
    files = case.logs.files(case.balancer, case.now - HOUR, case.now)
    file = next(each for each in files if lines_of(case, [each]))
    if isinstance(case, Real) and isinstance(case.logs, S3AccessLogs):
        assert {each.version for each in files} == {0}  # so nobody reads one again
        return
    seen = set[int]()
    assert sum(map(len, case.logs.lines(file, seen))) == 1
    assert sum(map(len, case.logs.lines(file, seen))) == 0
    assert sum(map(len, case.logs.lines(file))) == 1
