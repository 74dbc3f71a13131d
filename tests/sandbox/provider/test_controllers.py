"""What a controller is made of beside a function of code: a file in a bucket, a function of an image, a schedule."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.provider.engine import FUNCTION, OBJECT, SCHEDULE, Engine, failing, without
from tests.sandbox.provider.samples import ARCHIVE, SAMPLES, SIGNATURE, code, file
from tests.sandbox.tenant import REGION, Tenant, refused

DIGEST = "a" * 64
ECR = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
IMAGE = f"{ECR}/rollout/controller@sha256:{DIGEST}"


def content(tenant: Tenant, inputs: dict[str, Any]) -> bytes:
    found: bytes = tenant.client("s3").get_object(Bucket=inputs["bucket"], Key=inputs["key"])["Body"].read()
    return found


def image(tenant: Tenant, **more: Any) -> dict[str, Any]:
    settings = {"packageType": "Image", "imageUri": IMAGE, "reservedConcurrentExecutions": 1}
    return {**without(SAMPLES[FUNCTION](tenant), "code", "runtime", "handler"), **settings, **more}


def test_an_objects_state_has_what_aws_fills_in(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[OBJECT](tenant)
    one = engine.make(OBJECT, inputs)
    assert one.id == f"{inputs['bucket']}/controller/one.zip"
    told = {"arn": f"arn:aws:s3:::{one.id}", "storageClass": "STANDARD", "serverSideEncryption": "AES256"}
    assert {key: one.outputs[key] for key in told} == told
    assert one.outputs["contentType"] == "application/zip"
    assert content(tenant, inputs) == b"one"


def test_another_content_is_uploaded_in_place_and_another_key_replaces(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[OBJECT](tenant)
    one = engine.make(OBJECT, inputs)
    other = {**inputs, "source": file("two")}
    found = one.diff(other)
    assert (found.names, found.replaces) == (["source", "versionId"], [])
    again = one.update(other)
    assert content(tenant, inputs) == b"two"
    assert again.outputs["etag"] != one.outputs["etag"]
    assert not again.diff(other).changes
    assert one.diff({**inputs, "key": "controller/two.zip"}).replaces == ["key"]


def test_tags_alone_upload_nothing(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[OBJECT](tenant)
    one = engine.make(OBJECT, inputs)
    before = len(tenant.sandbox.calls("s3:PutObject", tenant.account))
    one.update({**inputs, "tags": {"team": "scores"}})
    assert len(tenant.sandbox.calls("s3:PutObject", tenant.account)) == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"content": "text"}, "conflicts with content"),
        ({"kmsKeyId": "alias/a"}, "is an invalid ARN"),
        ({"source": 1}, "expected type asset"),
    ],
)
def test_an_object_that_is_none_is_refused(engine: Engine, tenant: Tenant, more: dict[str, Any], said: str) -> None:
    _, failures = engine.check(OBJECT, {**SAMPLES[OBJECT](tenant), **more})
    assert said in "".join(failures)


@pytest.mark.parametrize("given", [{"content": "text"}, {"contentBase64": "dGV4dA=="}])
def test_an_object_may_be_a_text(engine: Engine, tenant: Tenant, given: dict[str, Any]) -> None:
    inputs = {**without(SAMPLES[OBJECT](tenant), "source"), **given}
    engine.make(OBJECT, inputs)
    assert content(tenant, inputs) == b"text"


def test_an_archive_is_uploaded_as_a_zip(engine: Engine, tenant: Tenant) -> None:
    inputs = {**SAMPLES[OBJECT](tenant), "source": code("handler = None")}
    assert inputs["source"][SIGNATURE] == ARCHIVE
    engine.make(OBJECT, inputs)
    assert content(tenant, inputs)[:2] == b"PK"


def test_all_versions_of_an_object_are_deleted(engine: Engine, tenant: Tenant) -> None:
    inputs, s3 = SAMPLES[OBJECT](tenant), tenant.client("s3")
    s3.put_bucket_versioning(Bucket=inputs["bucket"], VersioningConfiguration={"Status": "Enabled"})
    one = engine.make(OBJECT, inputs).update({**inputs, "source": file("two")})
    s3.put_object(Bucket=inputs["bucket"], Key=inputs["key"] + ".other")
    assert one.outputs["versionId"]
    one.delete()
    left = s3.list_object_versions(Bucket=inputs["bucket"])
    assert [each["Key"] for each in left["Versions"]] == [inputs["key"] + ".other"]


def test_a_function_of_an_image(engine: Engine, tenant: Tenant) -> None:
    inputs = image(tenant)
    one = engine.make(FUNCTION, inputs)
    assert (one.outputs["imageUri"], one.outputs["packageType"]) == (IMAGE, "Image")
    assert one.outputs["codeSha256"] == DIGEST
    assert one.outputs["reservedConcurrentExecutions"] == 1
    assert not one.diff(inputs).changes
    other = {**inputs, "imageUri": f"{ECR}/rollout/controller:2"}
    assert one.diff(other).replaces == []
    assert one.update(other).outputs["imageUri"].endswith(":2")
    found = tenant.functions.get_function(FunctionName="scorer")
    assert "ImageConfigResponse" not in found["Configuration"]
    assert found["Code"]["ResolvedImageUri"].startswith(f"{ECR}/rollout/controller@sha256:")


@pytest.mark.parametrize(
    "uri",
    [
        "public.ecr.aws/rollout/controller:1",
        f"{ECR}/rollout/controller",
        f"{ECR}/rollout/controller:1@sha256:{DIGEST}",
        f"{ECR.replace(REGION, 'eu-west-1')}/rollout/controller:1",
        "rollout:1",
    ],
)
def test_an_image_that_is_none_of_the_regions_ecr_is_refused(engine: Engine, tenant: Tenant, uri: str) -> None:
    with failing("creating Lambda Function (scorer)", f"Source image {uri} is not valid. Provide a valid source image"):
        engine.make(FUNCTION, image(tenant, imageUri=uri))


def test_an_image_has_no_runtime_and_code_has_one(tenant: Tenant) -> None:
    role = image(tenant)["role"]
    of_image = {"FunctionName": "a", "Role": role, "PackageType": "Image", "Code": {"ImageUri": IMAGE}}
    for more in ({"Handler": "app.handler"}, {"Runtime": "python3.13"}):
        with refused("InvalidParameterValueException", "when the intended function PackageType is Image"):
            tenant.functions.create_function(**of_image, **more)
    with refused("InvalidParameterValueException", "Runtime and Handler are mandatory"):
        tenant.functions.create_function(FunctionName="a", Role=role, Code={"ZipFile": b"PK"})
    tenant.functions.create_function(**of_image)
    with refused("InvalidParameterValueException", "Source image other:1 is not valid"):
        tenant.functions.update_function_code(FunctionName="a", ImageUri="other:1")


def test_a_schedules_state_has_what_aws_fills_in(engine: Engine, tenant: Tenant) -> None:
    one = engine.make(SCHEDULE, SAMPLES[SCHEDULE](tenant))
    assert one.id == "default/looks"
    assert one.outputs["arn"] == f"arn:aws:scheduler:us-west-2:{tenant.account}:schedule/default/looks"
    told = {"groupName": "default", "state": "ENABLED", "scheduleExpressionTimezone": "UTC"}
    assert {key: one.outputs[key] for key in told} == told


@pytest.mark.parametrize(
    "change",
    [
        {"scheduleExpression": "at(2027-01-01T00:00:00)", "actionAfterCompletion": "DELETE"},
        {"flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 5}},
        {"state": "DISABLED", "description": "off"},
        {"startDate": "2027-01-01T00:00:00Z"},
    ],
)
def test_a_schedule_changes_in_place_and_back(engine: Engine, tenant: Tenant, change: dict[str, Any]) -> None:
    inputs = SAMPLES[SCHEDULE](tenant)
    one = engine.make(SCHEDULE, inputs)
    found = one.diff({**inputs, **change})
    assert (found.names, found.replaces) == (sorted(change), [])
    again = one.update({**inputs, **change}).refresh()
    assert again is not None
    assert not without_computed(again.diff({**inputs, **change}).names)
    assert not again.update(inputs).diff(inputs).changes


def without_computed(names: list[str]) -> list[str]:
    """moto's UpdateSchedule passes over what happens after a schedule's end."""
    return [name for name in names if name != "actionAfterCompletion"]


def test_a_target_without_a_retry_policy_has_awss(engine: Engine, tenant: Tenant) -> None:
    given = SAMPLES[SCHEDULE](tenant)
    inputs = {**given, "target": without(given["target"], "retryPolicy")}
    one = engine.make(SCHEDULE, inputs)
    assert one.outputs["target"]["retryPolicy"] == {
        "maximumEventAgeInSeconds": 86_400,
        "maximumRetryAttempts": 185,
    }
    assert not one.diff(inputs).changes
    assert one.update(given).diff(inputs).names == ["target"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scheduleExpression": "rate(5 weeks)"}, "Invalid Schedule Expression"),
        ({"scheduleExpressionTimezone": "Mars/Base"}, "Invalid ScheduleExpressionTimezone"),
        ({"flexibleTimeWindow": {"mode": "FLEXIBLE"}}, "Invalid FlexibleTimeWindow"),
        ({"flexibleTimeWindow": {"mode": "OFF", "maximumWindowInMinutes": 1}}, "Invalid FlexibleTimeWindow"),
    ],
)
def test_a_schedule_that_is_none_is_refused(engine: Engine, tenant: Tenant, change: dict[str, Any], said: str) -> None:
    with failing(said):
        engine.make(SCHEDULE, {**SAMPLES[SCHEDULE](tenant), **change})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"flexibleTimeWindow": {"mode": "NEVER"}}, "to be one of"),
        ({"state": "PAUSED"}, "to be one of"),
        ({"name": "a b"}, "must consist of alphanumerics"),
        ({"startDate": "tomorrow"}, "valid RFC3339 date"),
    ],
)
def test_a_schedule_that_is_none_is_seen_by_the_preview(
    engine: Engine, tenant: Tenant, change: dict[str, Any], said: str
) -> None:
    _, failures = engine.check(SCHEDULE, {**SAMPLES[SCHEDULE](tenant), **change})
    assert said in "".join(failures)


def test_a_role_that_does_not_trust_scheduler_is_refused(engine: Engine, tenant: Tenant) -> None:
    inputs, other = SAMPLES[SCHEDULE](tenant), SAMPLES[FUNCTION](tenant)["role"]
    for role in (other, other + "-missing"):
        with failing("creating EventBridge Scheduler Schedule (looks)", "must allow AWS EventBridge Scheduler"):
            engine.make(SCHEDULE, {**inputs, "target": {**inputs["target"], "roleArn": role}})


def test_retries_have_limits(tenant: Tenant) -> None:
    target = SAMPLES[SCHEDULE](tenant)["target"]
    for policy in ({"MaximumRetryAttempts": 186}, {"MaximumEventAgeInSeconds": 86_401}):
        with refused("ValidationException", "Member must have value less than or equal to"):
            tenant.client("scheduler").create_schedule(
                Name="looks",
                ScheduleExpression="rate(1 minute)",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": target["arn"], "RoleArn": target["roleArn"], "RetryPolicy": policy},
            )
