"""Target groups and attachments: what is irrelevant for Lambda, what replaces, and what AWS refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.provider.engine import ATTACHMENT, GROUP, UNKNOWN, Engine, Made, failing
from tests.sandbox.provider.samples import group
from tests.sandbox.tenant import Tenant, single

HEALTH = {"enabled": True, "path": "/health", "interval": 40, "timeout": 30}
OF_LAMBDA = {
    "enabled": False,
    "healthyThreshold": 5,
    "unhealthyThreshold": 2,
    "interval": 35,
    "timeout": 30,
    "path": "/",
    "matcher": "200",
}


@pytest.fixture
def inputs(tenant: Tenant) -> dict[str, Any]:
    return group(tenant)


@pytest.fixture
def one(engine: Engine, inputs: dict[str, Any]) -> Made:
    return engine.make(GROUP, inputs)


def test_a_lambda_groups_state_is_as_aws_fills_it(one: Made) -> None:
    assert one.id == one.outputs["arn"]
    assert one.outputs["arnSuffix"] == one.id.rpartition(":")[2]
    assert {key: value for key, value in one.outputs["healthCheck"].items() if value != ""} == OF_LAMBDA
    told = {key: one.outputs[key] for key in ("deregistrationDelay", "ipAddressType", "lambdaMultiValueHeadersEnabled")}
    assert told == {"deregistrationDelay": 300, "ipAddressType": "ipv4", "lambdaMultiValueHeadersEnabled": False}
    assert isinstance(one.outputs["deregistrationDelay"], float)


def test_a_health_check_changes_in_place_and_leaving_it_out_again_is_no_difference(
    tenant: Tenant, one: Made, inputs: dict[str, Any]
) -> None:
    checked = {**inputs, "healthCheck": HEALTH}
    found = one.diff(checked)
    assert (found.names, found.replaces) == (["healthCheck"], [])
    again = one.update(checked)
    (told,) = tenant.elb.describe_target_groups(TargetGroupArns=[one.id])["TargetGroups"]
    assert (told["HealthCheckPath"], told["HealthCheckIntervalSeconds"]) == ("/health", 40)
    assert not again.diff(checked).changes
    assert not again.diff(inputs).changes


def test_a_health_check_changed_by_hand_is_left_alone_and_headers_are_set_back(
    tenant: Tenant, one: Made, inputs: dict[str, Any]
) -> None:
    tenant.elb.modify_target_group(TargetGroupArn=one.id, HealthCheckPath="/other")
    tenant.elb.modify_target_group_attributes(
        TargetGroupArn=one.id, Attributes=[{"Key": "lambda.multi_value_headers.enabled", "Value": "true"}]
    )
    found = one.refresh()
    assert found is not None
    assert found.outputs["healthCheck"]["path"] == "/other"
    assert found.diff(inputs).paths == {"lambdaMultiValueHeadersEnabled": "DELETE"}
    back = found.update(inputs)
    assert back.outputs["lambdaMultiValueHeadersEnabled"] is False


def test_ports_and_networks_say_nothing_of_a_lambda_group(one: Made, inputs: dict[str, Any]) -> None:
    assert not one.diff({**inputs, "port": 80, "protocol": "HTTP", "vpcId": "vpc-1"}).changes


@pytest.mark.parametrize(
    ("change", "replaces"),
    [
        ({"name": "other"}, ["name"]),
        (
            {"targetType": "ip", "port": 80, "protocol": "HTTP", "vpcId": "vpc-1"},
            ["port", "protocol", "targetType", "vpcId"],
        ),
    ],
)
def test_a_named_group_is_replaced_by_deleting_it_first(
    one: Made, inputs: dict[str, Any], change: dict[str, Any], replaces: list[str]
) -> None:
    found = one.diff({**inputs, **change})
    assert (found.replaces, found.delete_first) == (replaces, True)
    assert not set(found.stable) & set(replaces)


def test_a_group_with_a_made_up_name_is_replaced_by_creating_first(engine: Engine) -> None:
    found = engine.make(GROUP, {"targetType": "lambda"}).diff({"targetType": "alb"} | _address())
    assert ("targetType" in found.replaces, found.delete_first) == (True, False)


def _address() -> dict[str, Any]:
    return {"port": 80, "protocol": "TCP", "vpcId": "vpc-1"}


def test_a_taken_name_is_told_before_aws_is_asked_to_make_it(tenant: Tenant, one: Made, inputs: dict[str, Any]) -> None:
    with failing("ELBv2 Target Group (scorer) already exists"):
        one.engine.make(GROUP, inputs)
    assert len(tenant.sandbox.calls("elasticloadbalancing:CreateTargetGroup", tenant.account)) == 1


def test_a_group_in_use_cannot_be_deleted(tenant: Tenant, one: Made) -> None:
    tenant.rule(single(one.id))
    with failing(f"deleting ELBv2 Target Group ({one.id}): operation error", "ResourceInUse"):
        one.delete()
    assert one.refresh() is not None


def test_a_group_of_addresses_needs_a_port_before_anything_is_made(engine: Engine, inputs: dict[str, Any]) -> None:
    with failing('Attribute "port" must be specified when "target_type" is "ip".'):
        engine.preview(GROUP, {**inputs, "targetType": "ip"})


def test_a_preview_knows_the_name_and_not_the_arn(tenant: Tenant, engine: Engine, inputs: dict[str, Any]) -> None:
    found = engine.preview(GROUP, inputs)
    assert (found["name"], found["arn"], found["arnSuffix"]) == ("scorer", UNKNOWN, UNKNOWN)
    assert tenant.sandbox.calls(account=tenant.account) == ()


@pytest.fixture
def attached(tenant: Tenant, engine: Engine) -> Made:
    target, to = tenant.function("scorer"), tenant.group("scorer")
    tenant.permit("scorer", to)
    return engine.make(ATTACHMENT, {"targetGroupArn": to, "targetId": target})


def test_an_attachment_is_named_after_its_group_and_gone_with_its_target(tenant: Tenant, attached: Made) -> None:
    to, target = attached.outputs["targetGroupArn"], attached.outputs["targetId"]
    assert attached.id.startswith(f"{to}-")
    assert set(attached.id.removeprefix(f"{to}-")) <= set("0123456789abcdef")  # a time, and a hexadecimal counter
    tenant.elb.deregister_targets(TargetGroupArn=to, Targets=[{"Id": target}])
    assert attached.refresh() is None


@pytest.mark.parametrize("key", ["targetGroupArn", "targetId"])
def test_an_attachment_is_replaced_by_creating_first(attached: Made, key: str) -> None:
    found = attached.diff({"targetGroupArn": "arn:a", "targetId": "arn:b"} | {key: UNKNOWN})
    assert (found.replaces, found.delete_first) == (["targetGroupArn", "targetId"], False)


def test_an_attachment_is_imported_by_group_and_target(attached: Made) -> None:
    to, target = attached.outputs["targetGroupArn"], attached.outputs["targetId"]
    found = attached.engine.import_(ATTACHMENT, f"{to},{target}")
    assert found is not None
    assert (found.inputs["targetGroupArn"], found.inputs["targetId"]) == (to, target)
    with failing("unexpected format of ID"):
        attached.engine.import_(ATTACHMENT, to)
