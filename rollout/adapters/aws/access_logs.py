"""Load balancers' access logs in S3; the only module that calls it.

A file has five minutes of one node of a load balancer. Its key has the end of these minutes, so a look lists only what
may be new.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#access-log-file-format
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from rollout.adapters.aws.session import Access, Refused, explained
from rollout.analysis.ports import LogFile
from rollout.base.gzipped import lines_of
from rollout.errors import AwsError
from rollout.inventory.model import Arn

if TYPE_CHECKING:
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

PIECE = 1 << 18
_INTERVAL, _DELIVERY = timedelta(minutes=5), timedelta(hours=1)  # a file is in the folder of the day of its delivery
_STAMP, _UNTIL = "%Y%m%dT%H%MZ", re.compile(r"_(\d{8}T\d{4}Z)_[^/]*\.gz$")
_BALANCER = re.compile(r"arn:[^:]+:elasticloadbalancing:(?P<region>[^:]+):(?P<account>\d+):loadbalancer/(?P<name>.+)")


_HINTS = {
    "NoSuchBucket": "the bucket is gone: set the load balancer's attribute access_logs.s3.bucket to one that is there",
    "kms": "allow the role kms:Decrypt on the bucket's key; AWS itself writes access logs only with SSE-S3",
    "resource-based policy": "the bucket belongs to another account: its policy must let this role in",
}
"""What to do, by a word of AWS's refusal."""

T = TypeVar("T")


class S3AccessLogs:
    """The `AccessLogs` port over botocore."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._places: dict[Arn, tuple[str, str]] = {}

    @cached_property
    def _elb(self) -> ElasticLoadBalancingv2Client:
        client: ElasticLoadBalancingv2Client = self._access.client("elbv2")
        return client

    @cached_property
    def _s3(self) -> Any:
        return self._access.client("s3")

    def places(self, load_balancers: Sequence[Arn]) -> Mapping[Arn, str | None]:
        return {arn: place[0] if (place := self._place(arn)) else None for arn in load_balancers}

    def files(self, load_balancer: Arn, since: datetime, until: datetime) -> tuple[LogFile, ...]:
        if (place := self._place(load_balancer)) is None or (known := _BALANCER.match(load_balancer)) is None:
            return ()
        bucket, prefix = place
        account, region, name = known["account"], known["region"], known["name"].replace("/", ".")
        folder = f"{prefix and prefix + '/'}AWSLogs/{account}/elasticloadbalancing/{region}"
        since = since.astimezone(UTC)
        days = ((until + _DELIVERY).astimezone(UTC).date() - since.date()).days + 1
        found = [
            file
            for day in (since.date() + timedelta(days=number) for number in range(days))
            for file in self._listed(
                bucket, f"{folder}/{day:%Y/%m/%d}/{account}_elasticloadbalancing_{region}_{name}_", since
            )
            if since < file.until < until + _INTERVAL
        ]
        return tuple(sorted(found, key=lambda file: (file.until, file.key)))

    def _listed(self, bucket: str, prefix: str, since: datetime) -> list[LogFile]:
        pages = explained(lambda: self._s3.get_paginator("list_objects_v2"))
        asked = {"Bucket": bucket, "Prefix": prefix, "StartAfter": f"{prefix}{since:{_STAMP}}"}
        listed = _in_bucket(
            bucket, lambda: [each for page in pages.paginate(**asked) for each in page.get("Contents", ())]
        )
        return [
            LogFile(bucket, each["Key"], datetime.strptime(end[1], _STAMP).replace(tzinfo=UTC), each["Size"])
            for each in listed
            if (end := _UNTIL.search(each["Key"]))
        ]

    def lines(self, file: LogFile, seen: set[int] | None = None) -> Iterator[Sequence[bytes]]:  # noqa: ARG002 - a file has one version
        where = f"{file.place}/{file.key}"
        try:
            body = _in_bucket(where, lambda: self._s3.get_object(Bucket=file.place, Key=file.key)["Body"])
        except Refused as error:
            if error.response["Error"]["Code"] == "NoSuchKey":  # its lifetime is over
                return
            raise
        try:
            yield from lines_of(iter(lambda: explained(lambda: body.read(PIECE), where), b""))
        except zlib.error:
            hint = "it is no gzip file: remove it from the bucket, or find out what wrote it"
            raise AwsError("an access log can't be read", where=where, hint=hint, code="access-log-broken") from None

    def _place(self, balancer: Arn) -> tuple[str, str] | None:
        """A load balancer's bucket and prefix; None if it writes no logs, which is asked again."""
        if balancer not in self._places:
            told = explained(
                lambda: self._elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
            )
            said = {each.get("Key", "").removeprefix("access_logs.s3."): each.get("Value", "") for each in told}
            if said.get("enabled") != "true" or not said.get("bucket"):
                return None
            self._places[balancer] = said["bucket"], said.get("prefix", "").strip("/")
        return self._places[balancer]


def _in_bucket(where: str, call: Callable[[], T]) -> T:
    """A call to S3; its failures say what to do about buckets."""
    try:
        return explained(call, where)
    except Refused as error:
        said = f"{error.response['Error']}".lower()
        error.hint = next((hint for word, hint in _HINTS.items() if word.lower() in said), error.hint)
        raise
