"""The adapter of access logs, on the sandbox's: its files and lines, and AWS's refusals in words that help."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from rollout.adapters.aws.access_logs import S3AccessLogs
from rollout.adapters.aws.iam import policy
from rollout.adapters.aws.session import Access, explained
from rollout.analysis.measuring.clients import ClientCounts, LoggedRoute
from rollout.analysis.metrics import MINUTE
from rollout.analysis.ports import LogFile
from rollout.errors import AwsError
from rollout.inventory.model import Arn
from rollout.inventory.ramp_settings import Analysis
from rollout_sandbox import Fault
from rollout_sandbox.landscape import log_requests
from rollout_sandbox.strict.log_buckets import SERVICE
from tests.codes import raises
from tests.sandbox.data_plane.site import Site
from tests.sandbox.tenant import REGION, single
from tests.sandbox.test_log_buckets import let_in
from tests.unit.builders import environment

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def balancer(site: Site, name: str = "public") -> Arn:
    found = site.tenant.elb.describe_load_balancers(Names=[name])["LoadBalancers"]
    return Arn(found[0]["LoadBalancerArn"])


@pytest.fixture
def logs(site: Site) -> S3AccessLogs:
    assert site.tenant.landscape
    return S3AccessLogs(Access(REGION, site.tenant.sandbox.endpoint, site.tenant.account, "any"))


@pytest.fixture
def logged(site: Site) -> Site:
    assert site.tenant.landscape
    log_requests(site.tenant.client, site.tenant.account, ["public"])
    return site


def files(site: Site, logs: S3AccessLogs) -> tuple[LogFile, ...]:
    now = site.tenant.sandbox.clock.now()
    return logs.files(balancer(site), now - HOUR, now)


def test_clients_of_real_requests_are_counted_from_their_files(logged: Site, logs: S3AccessLogs) -> None:
    groups = logged.served("old", "new")
    clock = logged.tenant.sandbox.clock
    begun = clock.now().replace(second=0, microsecond=0)
    for group, agents in zip(groups, (("a", "b", "a"), ("c",)), strict=True):
        made = logged.tenant.rule(single(group), priority=7)
        for agent in agents:
            logged.get("/a", {"User-Agent": agent})
        logged.tenant.elb.delete_rule(RuleArn=made["RuleArn"])
    clock.pass_by(seconds=600)
    counts = ClientCounts(begun, [LoggedRoute("a", "7", (groups[0], groups[1]))], ["server-errors"])
    found = files(logged, logs)
    for file in found:
        for lines in logs.lines(file):
            counts.feed(lines)
    counts.take()
    counts.take()
    (stream,) = counts.windows()[0].streams
    assert (stream.legacy.requests.sum(), stream.candidate.requests.sum()) == (2, 1)
    assert {file.until.minute % 5 for file in found} == {0}
    last = found[-1].until
    assert logs.files(balancer(logged), last, last + HOUR) == ()
    assert logs.files(balancer(logged), last - 5 * MINUTE, last + HOUR) == found[-1:]


def test_where_logs_are_off_there_are_none(site: Site, logs: S3AccessLogs) -> None:
    assert logs.places([balancer(site)]) == {balancer(site): None}
    assert files(site, logs) == ()


def test_logs_are_found_below_their_prefix_over_midnight(logged: Site, logs: S3AccessLogs) -> None:
    attribute = {"Key": "access_logs.s3.prefix", "Value": "some/where"}
    arn, me, s3 = balancer(logged), logged.tenant.account, logged.tenant.client("s3")
    (bucket,) = filter(None, logs.places([arn]).values())
    let_in(logged.tenant, bucket, {"Service": SERVICE})
    logged.tenant.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])
    logs = S3AccessLogs(Access(REGION, logged.tenant.sandbox.endpoint, me, "any"))
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    name = arn.partition(":loadbalancer/")[2].replace("/", ".")
    for number in range(-3, 9):
        until = midnight + number // 4 * 5 * MINUTE
        folder = f"some/where/AWSLogs/{me}/elasticloadbalancing/{REGION}/{until:%Y/%m/%d}"
        key = f"{folder}/{me}_elasticloadbalancing_{REGION}_{name}_{until:%Y%m%dT%H%MZ}_10.0.0.1_{number}.log.gz"
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    found = logs.files(arn, midnight - 10 * MINUTE, midnight + 2 * DAY)
    assert len(found) == 12
    assert [file.until for file in found] == sorted(file.until for file in found)
    assert logs.places([arn]) == {arn: bucket}


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        (
            "AccessDenied",
            'User: me is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::x"',
            "iam-policy",
        ),
        (
            "AccessDenied",
            "User: me is not authorized to perform: s3:ListBucket because no resource-based policy allows it",
            "another account",
        ),
        ("AccessDenied", "User: me is not authorized to perform: kms:Decrypt on the resource", "kms:Decrypt"),
        ("NoSuchBucket", "The specified bucket does not exist", "access_logs.s3.bucket"),
    ],
)
def test_a_refusal_says_what_to_do(logged: Site, logs: S3AccessLogs, code: str, message: str, hint: str) -> None:
    logged.tenant.sandbox.faults.add(Fault("s3:ListObjectsV2", code=code, message=message, status=403))
    with pytest.raises(AwsError) as caught:
        files(logged, logs)
    assert hint in (caught.value.hint or "")


def test_a_file_that_is_gone_is_empty_and_one_that_is_no_log_is_told(logged: Site, logs: S3AccessLogs) -> None:
    (bucket,) = filter(None, logs.places([balancer(logged)]).values())
    file = LogFile(bucket, "some.log.gz", logged.tenant.sandbox.clock.now(), 3)
    assert list(logs.lines(file)) == []
    logged.tenant.client("s3").put_object(Bucket=bucket, Key=file.key, Body=b"http 2026")
    with raises(AwsError, "access-log-broken"):
        list(logs.lines(file))
    content = b"".join(b"line %d\n" % n for n in range(200_000))
    logged.tenant.client("s3").put_object(Bucket=bucket, Key=file.key, Body=gzip.compress(content, 1))
    assert b"\n".join(line for lines in logs.lines(file) for line in lines) + b"\n" == content


def test_the_policy_of_who_operates_lets_them_read_logs_and_nothing_else(logged: Site, logs: S3AccessLogs) -> None:
    tenant, arn = logged.tenant, balancer(logged)
    (bucket,) = filter(None, logs.places([arn]).values())
    key = f"AWSLogs/{tenant.account}/elasticloadbalancing/{REGION}/2026/03/01/a.log.gz"
    for each in (key, "secret.gz"):
        tenant.client("s3").put_object(Bucket=bucket, Key=each, Body=gzip.compress(b"a line\n"))
    inventory = environment(account=tenant.account, region=REGION, analysis=Analysis(unit="clients"))
    tenant.sandbox.enforce(tenant.account, policy(inventory, "operate"))
    try:
        assert files(logged, logs) == ()
        now = tenant.sandbox.clock.now()
        assert list(logs.lines(LogFile(bucket, key, now, 3))) == [[b"a line"]]
        with raises(AwsError, "access-denied"):
            list(logs.lines(LogFile(bucket, "secret.gz", now, 3)))
        with raises(AwsError, "access-denied"):
            explained(lambda: tenant.client("s3").list_objects_v2(Bucket=bucket))
    finally:
        tenant.sandbox.enforce(tenant.account, None)
