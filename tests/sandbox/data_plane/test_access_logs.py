"""Access logs of real requests: their files, what is in them, and that they agree with CloudWatch."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import Any, NamedTuple

import pytest

from rollout.analysis.measuring.access_log import answer_of, asked_of
from rollout.inventory.quantities import Percent
from rollout_sandbox import LogFault, Profile
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane import log_files
from rollout_sandbox.data_plane.access_log import Entry
from rollout_sandbox.data_plane.log_files import AccessLog, LogFiles
from rollout_sandbox.faults import Faults
from rollout_sandbox.landscape import log_requests
from rollout_sandbox.strict.log_buckets import LogBucket
from tests.sandbox.data_plane.site import Site
from tests.sandbox.load.echo import container
from tests.sandbox.tenant import REGION, method, path, single

FIELD = re.compile(r'"([^"]*)"|(\S+)')


class Line(NamedTuple):
    """A line's fields, as AWS's page orders them."""

    fields: list[str]

    @classmethod
    def read(cls, line: str) -> Line:
        return cls([quoted or plain for quoted, plain in FIELD.findall(line)])

    @property
    def minute(self) -> str:
        return self.fields[1][:16]

    @property
    def client(self) -> str:
        return self.fields[3]

    @property
    def target(self) -> str:
        return self.fields[4]

    @property
    def times(self) -> list[float]:
        return [float(each) for each in self.fields[5:8]]

    @property
    def statuses(self) -> tuple[str, str]:
        return self.fields[8], self.fields[9]

    @property
    def group(self) -> str:
        return self.fields[16]

    @property
    def priority(self) -> str:
        return self.fields[20]

    @property
    def done(self) -> tuple[str, str, str]:
        """The actions, the redirect's place, and the reason of a failure."""
        return self.fields[22], self.fields[23], self.fields[24]


@pytest.fixture
def logged(site: Site) -> Iterator[Site]:
    assert site.tenant.landscape
    log_requests(site.tenant.client, site.tenant.account, ["public"])
    yield site
    site.tenant.sandbox.faults.clear()


def bucket(site: Site) -> str:
    return f"access-logs-{site.tenant.account}-{REGION}"


def files(site: Site) -> dict[str, bytes]:
    s3 = site.tenant.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket(site)).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket(site), Key=key)["Body"].read() for key in keys if key.endswith(".gz")}


def lines(site: Site) -> list[Line]:
    """All lines until now."""
    return [Line.read(line) for line in raw(site)]


def raw(site: Site) -> list[str]:
    site.tenant.sandbox.deliver_logs()
    return [line for content in files(site).values() for line in gzip.decompress(content).decode().splitlines()]


def pass_by(site: Site, minutes: float) -> None:
    site.tenant.sandbox.clock.pass_by(seconds=60 * minutes)


def counts(site: Site, group: str) -> dict[str, float]:
    """CloudWatch's RequestCount of a target group, by minute."""
    balancer = site.tenant.elb.describe_load_balancers(Names=["public"])["LoadBalancers"][0]["LoadBalancerArn"]
    dimensions = {"LoadBalancer": balancer.partition(":loadbalancer/")[2], "TargetGroup": group.rpartition(":")[2]}
    metric = {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "RequestCount",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    now = site.tenant.sandbox.clock.now()
    told = site.tenant.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        StartTime=now - timedelta(hours=2),
        EndTime=now + timedelta(hours=1),
    )["MetricDataResults"][0]
    return {f"{at:%Y-%m-%dT%H:%M}": value for at, value in zip(told["Timestamps"], told["Values"], strict=True)}


def test_lines_and_counts_agree_for_each_target_group_and_minute(logged: Site) -> None:
    old, new = logged.served("old", "new")
    logged.split({old: 1, new: 1})
    some = Percent.of(25)
    slow = timedelta(milliseconds=20)
    logged.tenant.sandbox.behave(Profile("new", latency=slow, crashes=some, server_errors=some, malformed=some))
    logged.tenant.sandbox.clock.run_at(600)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(logged.get, ["/a", "/nowhere"] * 200))
    finally:
        logged.tenant.sandbox.clock.run_at(1)
    found = lines(logged)
    for group in (old, new):
        assert Counter(line.minute for line in found if line.group == group) == counts(logged, group)
    read = [asked_of(line.encode()) for line in raw(logged)]
    assert [(group.decode(), rule.decode()) for _, _, _, group, rule, _ in read] == [
        (line.group, line.priority) for line in found
    ]
    statuses = [answer_of(rest)[:2] for *_, rest in read]
    assert statuses == [tuple(status.encode() for status in line.statuses) for line in found]
    assert len({line.minute for line in found}) > 1
    assert len(found) == 400
    assert sum(line.group == "-" for line in found) == 200


def test_a_file_comes_when_its_five_minutes_are_over(logged: Site) -> None:
    clock = logged.tenant.sandbox.clock
    pass_by(logged, 5 - clock.now().minute % 5 - clock.now().second / 60)
    assert logged.get("/a").status == HTTPStatus.NOT_FOUND
    begun = clock.now()
    assert files(logged) == {}
    pass_by(logged, 5)
    (key,) = files(logged)
    end = begun - timedelta(minutes=begun.minute % 5) + timedelta(minutes=5)
    me, name = logged.tenant.account, "app\\.public\\.[0-9a-z]+"
    assert re.fullmatch(
        f"AWSLogs/{me}/elasticloadbalancing/{REGION}/{end:%Y/%m/%d}/"
        f"{me}_elasticloadbalancing_{REGION}_{name}_{end:%Y%m%dT%H%M}Z_203\\.0\\.113\\.\\d+_[0-9a-z]{{8}}\\.log\\.gz",
        key,
    )
    pass_by(logged, 5)
    assert list(files(logged)) == [key]  # none for five minutes without requests
    logged.get("/a")
    pass_by(logged, 5)
    assert len(files(logged)) == 2


@pytest.mark.parametrize(
    ("profile", "statuses", "reason"),
    [
        (Profile(), ("200", "200"), "-"),
        (Profile(server_errors=Percent.of(100)), ("500", "500"), "-"),
        (Profile(client_errors=Percent.of(100)), ("400", "400"), "-"),
        (Profile(crashes=Percent.of(100)), ("502", "-"), "LambdaUnhandled"),
        (Profile(malformed=Percent.of(100)), ("502", "-"), "LambdaInvalidResponse"),
        (Profile(concurrency=0), ("502", "-"), "LambdaThrottling"),
        (Profile(latency=timedelta(hours=1)), ("502", "-"), "LambdaUnhandled"),
    ],
)
def test_how_a_function_went(logged: Site, profile: Profile, statuses: tuple[str, str], reason: str) -> None:
    (group,) = logged.served("only")
    logged.tenant.rule(single(group), priority=17)
    logged.tenant.sandbox.behave(profile)
    logged.tenant.sandbox.clock.run_at(600)
    try:
        logged.get("/a", {"User-Agent": 'a "client"'})
    finally:
        logged.tenant.sandbox.clock.run_at(1)
    (line,) = lines(logged)
    assert (line.target, line.statuses, line.group, line.priority) == ("-", statuses, group, "17")
    assert line.done == ("forward", "-", reason)
    assert line.fields[13] == r"a \x22client\x22"
    assert line.times[0] == line.times[2] == 0
    if profile.latency:
        assert line.times[1] == 3  # the function's timeout


def test_a_function_that_is_not_asked(logged: Site) -> None:
    (group,) = logged.served("only")
    logged.tenant.rule(single(group))
    assert logged.get("/a", method="POST", body=b"x" * 1_100_000).status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    logged.tenant.functions.remove_permission(FunctionName="only", StatementId="balancer")
    logged.get("/a")
    logged.tenant.functions.delete_function(FunctionName="only")
    logged.get("/a")
    logged.get("/a", {"Upgrade": "websocket"})
    found = lines(logged)
    reasons = ("LambdaRequestTooLarge", "LambdaAccessDenied", "LambdaResourceNotFound", "LambdaWebsocketNotSupported")
    assert tuple(line.done[2] for line in found) == reasons
    assert {line.group for line in found} == {group}
    assert int(found[0].fields[10]) > 0  # what had come when it was refused


def test_what_the_load_balancer_answers_itself(logged: Site) -> None:
    empty = logged.tenant.group("empty")
    logged.tenant.rule(single(empty), priority=3)
    redirect = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Path": "/new"}}
    logged.tenant.rule([redirect], priority=4, conditions=[path("/old")])
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "201"}}
    logged.tenant.rule([fixed], priority=5, conditions=[method("PUT")])
    for asked in (("/a", "GET"), ("/old", "GET"), ("/x", "PUT"), ("/x?y=1", "GET")):
        logged.get(asked[0], {"Host": "shop.example.com"}, method=asked[1])
    nobody, moved, made, default = lines(logged)
    assert (nobody.statuses, nobody.group, nobody.priority, nobody.done) == (
        ("503", "-"),
        empty,
        "3",
        ("forward", "-", "-"),
    )
    assert moved.done == ("redirect", "https://shop.example.com:443/new", "-")
    assert (moved.statuses, moved.group, moved.priority) == (("301", "-"), "-", "4")
    assert (made.statuses, made.done, made.priority) == (("201", "-"), ("fixed-response", "-", "-"), "5")
    assert (default.statuses, default.priority) == (("404", "-"), "0")
    assert default.fields[12] == "GET https://shop.example.com:443/x?y=1 HTTP/1.1"
    assert {tuple(line.times) for line in (nobody, moved, made, default)} == {(-1, -1, -1)}


def test_a_container_is_named_by_its_address(logged: Site) -> None:
    with container("box") as port:
        group = logged.addressed("boxes", ("127.0.0.1", port))
        logged.tenant.rule(single(group))
        assert logged.get("/a").served_by == "box"
    gone = logged.addressed("gone", ("127.0.0.1", 1))
    logged.tenant.rule(single(gone), priority=11, conditions=[path("/gone")])
    logged.get("/gone")
    answered, refused = lines(logged)
    assert (answered.target, answered.statuses) == (f"127.0.0.1:{port}", ("200", "200"))
    assert (answered.fields[25], answered.fields[26]) == (f"127.0.0.1:{port}", "200")
    assert int(answered.fields[11]) > 50
    assert (refused.statuses, refused.group, refused.times) == (("502", "-"), gone, [-1, -1, -1])


def test_a_lost_a_truncated_and_a_late_file(logged: Site) -> None:
    faults = logged.tenant.sandbox.faults
    faults.add(LogFault("lost", "internal"))
    faults.add(LogFault("lost", "pub*"))
    faults.add(LogFault("truncated"))
    faults.add(LogFault("late", delay=timedelta(minutes=30)))
    for _ in range(3):
        logged.get("/a")
        pass_by(logged, 5)
        files(logged)
    (cut,) = files(logged).values()
    with pytest.raises(EOFError):
        gzip.decompress(cut)
    pass_by(logged, 30)
    assert len(files(logged)) == 2


def test_who_switches_them_off_gets_none(logged: Site) -> None:
    arn = logged.tenant.elb.describe_load_balancers(Names=["public"])["LoadBalancers"][0]["LoadBalancerArn"]
    off: Any = [{"Key": "access_logs.s3.enabled", "Value": "false"}]
    logged.tenant.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=off)
    logged.get("/a")
    assert lines(logged) == []


def entry(answered: datetime, request: str) -> Entry:
    return Entry("http", "app/x/1", "192.0.2.1:1", answered, request, answered=answered)


def test_files_that_nobody_fetches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "MAX_FILE", 20_000)
    monkeypatch.setattr(log_files, "MAX_WAITING", 100_000)
    log, random = AccessLog("203.0.113.1"), Random(1)  # noqa: S311
    log.bucket = LogBucket("logs", "AWSLogs/1")
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for number in range(10_000):
        log.write(entry(noon + timedelta(seconds=number / 10), f"GET /{random.getrandbits(400)} HTTP/1.1"))
    found = log.over(noon + timedelta(hours=1), early=False)
    sizes = [len(file.content) for file in found]
    assert sum(sizes) < 100_000
    assert max(sizes) < 60_000
    assert found[-1].until == noon + timedelta(minutes=20)
    assert zlib.decompress(found[-1].content, 31)


def test_the_oldest_objects_go(logged: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    logged.get("/a")
    logged.tenant.sandbox.deliver_logs()
    (oldest,) = files(logged)
    monkeypatch.setattr(log_files, "MAX_DELIVERED", 1)
    pass_by(logged, 5)
    logged.get("/a")
    logged.tenant.sandbox.deliver_logs()
    assert oldest not in files(logged)


def test_an_answer_that_took_long_comes_in_a_further_file_of_its_five_minutes() -> None:
    clock = SandboxClock()
    logs = LogFiles(clock, Faults(), Random(1))  # noqa: S311
    log = logs.of("arn:aws:elasticloadbalancing:us-west-2:1:loadbalancer/app/x/1")
    log.bucket = LogBucket("logs", "AWSLogs/1")
    began = clock.now()
    log.write(entry(began, "GET / HTTP/1.1"))
    log.write(entry(began + timedelta(minutes=5), "GET / HTTP/1.1"))
    log.write(entry(began, "GET /late HTTP/1.1"))
    ends = [file.until for file in log.over(began + timedelta(minutes=10), early=False)]
    assert len(ends) == 3
    assert len(set(ends)) == 2
