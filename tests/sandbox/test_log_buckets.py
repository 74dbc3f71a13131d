"""Access logs' attributes, and the bucket that AWS asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rollout_sandbox.strict.log_buckets import SERVICE
from tests.sandbox.tenant import REGION, Tenant, refused

NOT_LET_IN = "Access Denied for bucket"


@pytest.fixture
def bucket(tenant: Tenant) -> str:
    return create(tenant, f"logs-{tenant.account}")


def create(tenant: Tenant, name: str, region: str = REGION) -> str:
    s3 = tenant.sandbox.client("s3", tenant.account, region)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    return name


def let_in(tenant: Tenant, bucket: str, principal: Any, resource: str = "*", **more: Any) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:PutObject", **more}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": f"arn:aws:s3:::{bucket}/{resource}"}]}
    tenant.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def balancer(tenant: Tenant) -> str:
    assert tenant.landscape
    return str(tenant.elb.describe_load_balancers(Names=["public"])["LoadBalancers"][0]["LoadBalancerArn"])


def modify(tenant: Tenant, **logs: str) -> dict[str, str]:
    attributes = [{"Key": f"access_logs.s3.{key}", "Value": value} for key, value in logs.items()]
    tenant.elb.modify_load_balancer_attributes(LoadBalancerArn=balancer(tenant), Attributes=attributes)
    return attributes_of(tenant)


def attributes_of(tenant: Tenant) -> dict[str, str]:
    told = tenant.elb.describe_load_balancer_attributes(LoadBalancerArn=balancer(tenant))["Attributes"]
    return {each["Key"]: each["Value"] for each in told if each["Key"].startswith("access_logs")}


def keys(tenant: Tenant, bucket: str) -> list[str]:
    return [each["Key"] for each in tenant.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_logs_are_off_at_first(tenant: Tenant) -> None:
    off = {"access_logs.s3.enabled": "false", "access_logs.s3.bucket": "", "access_logs.s3.prefix": ""}
    assert attributes_of(tenant) == off


def test_a_test_file_shows_that_they_come(tenant: Tenant, bucket: str) -> None:
    let_in(tenant, bucket, {"Service": SERVICE}, f"alb/AWSLogs/{tenant.account}/*")
    said = modify(tenant, enabled="true", bucket=bucket, prefix="alb")
    assert said == {
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": bucket,
        "access_logs.s3.prefix": "alb",
    }
    assert keys(tenant, bucket) == [f"alb/AWSLogs/{tenant.account}/ELBAccessLogTestFile"]
    assert modify(tenant, enabled="false")["access_logs.s3.enabled"] == "false"


@pytest.mark.parametrize(
    "principal",
    [
        {"Service": SERVICE},
        {"Service": ["other.amazonaws.com", SERVICE]},
        {"AWS": "arn:aws:iam::797873946194:root"},  # us-west-2's
        {"AWS": "797873946194"},
        "*",
    ],
)
def test_who_may_deliver_them(tenant: Tenant, bucket: str, principal: Any) -> None:
    let_in(tenant, bucket, principal)
    assert modify(tenant, enabled="true", bucket=bucket)["access_logs.s3.enabled"] == "true"


@pytest.mark.parametrize("principal", [{"Service": "delivery.logs.amazonaws.com"}, {"AWS": "127311923021"}])
def test_who_may_not(tenant: Tenant, bucket: str, principal: Any) -> None:
    let_in(tenant, bucket, principal)
    with refused("InvalidConfigurationRequest", NOT_LET_IN):
        modify(tenant, enabled="true", bucket=bucket)


@pytest.mark.parametrize(
    ("resource", "more"),
    [
        ("AWSLogs/111111111111/*", {}),
        ("alb/AWSLogs/*", {}),
        ("*", {"Action": "s3:GetObject"}),
        ("*", {"Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}}),
        ("*", {"Effect": "Deny"}),
    ],
)
def test_the_policy_is_about_these_very_logs(tenant: Tenant, bucket: str, resource: str, more: Any) -> None:
    let_in(tenant, bucket, {"Service": SERVICE}, resource, **more)
    with refused("InvalidConfigurationRequest", NOT_LET_IN):
        modify(tenant, enabled="true", bucket=bucket)
    assert keys(tenant, bucket) == []


def test_a_bucket_without_a_policy_and_one_with_another_encryption(tenant: Tenant, bucket: str) -> None:
    with refused("InvalidConfigurationRequest", NOT_LET_IN):
        modify(tenant, enabled="true", bucket=bucket)
    let_in(tenant, bucket, {"Service": SERVICE})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    tenant.client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    with refused("InvalidConfigurationRequest", NOT_LET_IN):
        modify(tenant, enabled="true", bucket=bucket)


def test_a_bucket_that_can_not_be(tenant: Tenant) -> None:
    with refused("InvalidConfigurationRequest", "name"):
        modify(tenant, enabled="true")
    with refused("InvalidConfigurationRequest", "does not exist"):
        modify(tenant, enabled="true", bucket="nobody-s")
    elsewhere = create(tenant, f"elsewhere-{tenant.account}", "eu-west-1")
    with refused("InvalidConfigurationRequest", "is not located in the same region"):
        modify(tenant, enabled="true", bucket=elsewhere)
    with refused("InvalidConfigurationRequest", "must not include AWSLogs"):
        modify(tenant, enabled="true", bucket=elsewhere, prefix="my/AWSLogs")
    assert attributes_of(tenant)["access_logs.s3.enabled"] == "false"
