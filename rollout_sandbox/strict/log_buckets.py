"""Where a load balancer's access logs go: refused where AWS refuses it, and tried with a test file as AWS does.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
The bucket is in the load balancer's region, has no encryption but S3's own, and its policy lets the log delivery
service in, or in older regions Elastic Load Balancing's account. The texts about permission and region are AWS's
(kubernetes-sigs/aws-load-balancer-controller#1956, hashicorp/terraform#12010); the others are ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import FakeLoadBalancer
from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends

from rollout_sandbox.policies import Asked, Statement, values

ENABLED, BUCKET, PREFIX = (f"access_logs.s3.{name}" for name in ("enabled", "bucket", "prefix"))
SERVICE = "logdelivery.elasticloadbalancing.amazonaws.com"
_ACCOUNTS = {
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
    "af-south-1": "098369216593",
    "ap-east-1": "754344448648",
    "ap-southeast-3": "589379963580",
    "ap-south-1": "718504428378",
    "ap-northeast-3": "383597477331",
    "ap-northeast-2": "600734575887",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ap-northeast-1": "582318560864",
    "ca-central-1": "985666609251",
    "eu-central-1": "054676820928",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-south-1": "635631232127",
    "eu-west-3": "009996457667",
    "eu-north-1": "897822967062",
    "me-south-1": "076674570225",
    "sa-east-1": "507241528517",
}
"""Elastic Load Balancing's, in the regions that were there before August 2022."""


@dataclass(frozen=True, slots=True)
class LogBucket:
    """Where one load balancer's logs go.

    Attributes:
        name: The bucket's.
        folder: What its objects' keys begin with, to `AWSLogs/ACCOUNT`.
    """

    name: str
    folder: str

    @classmethod
    def of(cls, balancer: FakeLoadBalancer) -> LogBucket | None:
        """The one that a load balancer's attributes name; None if it writes no logs."""
        attributes = balancer.attrs
        if attributes.get(ENABLED) != "true":
            return None
        prefix = attributes.get(PREFIX, "").strip("/")
        folder = f"AWSLogs/{balancer.arn.split(':')[4]}"
        return cls(attributes[BUCKET], f"{prefix}/{folder}" if prefix else folder)

    def put(self, key: str, content: bytes) -> FakeKey | None:
        """Write an object below the folder; None if the bucket is gone."""
        with suppress(KeyError):
            return _owner(self.name).put_object(self.name, f"{self.folder}/{key}", content)
        return None

    def take_back(self, key: str) -> None:
        """Delete an object, if it is still there."""
        with suppress(KeyError):
            _owner(self.name).buckets[self.name].keys.pop(f"{self.folder}/{key}")


def check(balancer: FakeLoadBalancer, attributes: Mapping[str, str]) -> None:
    """See that logs may be written as a load balancer's attributes would have it.

    Raises:
        ELBClientError: AWS wouldn't take them.
    """
    name, prefix = attributes.get(BUCKET, ""), attributes.get(PREFIX, "")
    if not name:
        raise _refused("The access logs S3 bucket name must be specified when access logs are enabled")
    if "AWSLogs" in prefix:
        raise _refused(f"The access logs S3 prefix '{prefix}' must not include AWSLogs")
    _, partition, _, region, account, *_ = balancer.arn.split(":")
    try:
        bucket = _owner(name).buckets[name]
    except KeyError:
        raise _refused(f"S3 bucket: {name} does not exist") from None
    if bucket.region_name != region:
        raise _refused(f"S3Bucket: {name} is not located in the same region with ELB: {balancer.name}")
    folder = "/".join(filter(None, (prefix.strip("/"), "AWSLogs", account)))
    asked = Asked(
        "s3:PutObject",
        f"arn:{partition}:s3:::{name}/{folder}/ELBAccessLogTestFile",
        {
            "aws:sourcearn": (balancer.arn,),
            "aws:sourceaccount": (account,),
            "s3:x-amz-acl": ("bucket-owner-full-control",),
        },
    )
    if _has_other_encryption(bucket) or not _lets_in(bucket, asked, region):
        raise _refused(f"Access Denied for bucket: {name}. Please check S3bucket permission")


def try_out(balancer: FakeLoadBalancer) -> None:
    """Write the file by which AWS shows that logs come."""
    if place := LogBucket.of(balancer):
        place.put("ELBAccessLogTestFile", f"Enable AccessLog for ELB: {balancer.name}".encode())


def _owner(name: str) -> S3Backend:
    partition, account = s3_backends.bucket_accounts[name]
    return s3_backends[account][partition]


def _has_other_encryption(bucket: FakeBucket) -> bool:
    said = (bucket.encryption or {}).get("Rule", {}).get("ApplyServerSideEncryptionByDefault", {})
    return bool(said.get("SSEAlgorithm", "AES256") != "AES256")


def _lets_in(bucket: FakeBucket, asked: Asked, region: str) -> bool:
    """Whether the bucket's policy lets the delivery of logs in; without a policy it doesn't."""
    said = json.loads(bucket.policy or b"{}").get("Statement", [])
    about = [each for each in (said if isinstance(said, list) else [said]) if _covers(each, asked, region)]
    return bool(about) and all(each["Effect"] == "Allow" for each in about)


def _covers(said: Mapping[str, Any], asked: Asked, region: str) -> bool:
    """Whether a statement is about the delivery; one with parts that the sandbox doesn't know isn't."""
    principal = said.get("Principal", {})
    by_kind = {"AWS": principal} if isinstance(principal, str) else principal
    theirs = {"*", _ACCOUNTS.get(region), f"arn:aws:iam::{_ACCOUNTS.get(region)}:root"}
    if SERVICE not in values(by_kind.get("Service", ())) and not theirs.intersection(values(by_kind.get("AWS", ()))):
        return False
    conditions = tuple(
        (operator, key, values(wanted))
        for operator, keys in said.get("Condition", {}).items()
        for key, wanted in keys.items()
    )
    try:
        return Statement(
            said["Effect"] == "Allow", values(said["Action"]), values(said["Resource"]), conditions
        ).covers(asked)
    except KeyError:
        return False


def _refused(text: str) -> ELBClientError:
    return ELBClientError("InvalidConfigurationRequest", text)
