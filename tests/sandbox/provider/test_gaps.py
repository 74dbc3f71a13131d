"""What only trouble, several stacks or careless programs bring out."""

from __future__ import annotations

import json
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2

from rollout_sandbox import Fault
from rollout_sandbox.daemon import SandboxInfo
from tests.sandbox.provider.engine import FUNCTION, GROUP, LOGS, ROLE, RULE, Engine, Made, plain, struct, urn
from tests.sandbox.provider.samples import SAMPLES, TRUST, code
from tests.sandbox.tenant import REGION, Tenant

IP = {"targetType": "ip", "port": 80, "protocol": "HTTP", "vpcId": "vpc-1"}


def fault(tenant: Tenant, action: str) -> None:
    tenant.sandbox.faults.add(Fault(action, code="AccessDenied", message="not today", status=403))


def kept(error: pytest.ExceptionInfo[grpc.RpcError]) -> pb.ErrorResourceInitFailed:
    """What the engine is to keep of a resource whose operation failed."""
    assert error.value.code() is grpc.StatusCode.UNKNOWN
    told = dict(error.value.trailing_metadata())["grpc-status-details-bin"]
    detail = pb.ErrorResourceInitFailed()
    assert status_pb2.Status.FromString(told).details[0].Unpack(detail)
    assert "not today" in detail.reasons[0]
    assert detail.reasons[0] == error.value.details()
    return detail


CREATED_YET_FAILED = [
    (GROUP, {"lambdaMultiValueHeadersEnabled": True}, "elasticloadbalancing:ModifyTargetGroupAttributes"),
    (FUNCTION, {"reservedConcurrentExecutions": 5}, "lambda:PutFunctionConcurrency"),
    (LOGS, {}, "logs:PutRetentionPolicy"),
    (RULE, {}, "elasticloadbalancing:DescribeRules"),  # the read after the create
]


@pytest.mark.parametrize(("type_", "more", "action"), CREATED_YET_FAILED)
def test_a_create_that_fails_half_way_goes_on_in_the_next_run(
    engine: Engine, tenant: Tenant, type_: str, more: dict[str, Any], action: str
) -> None:
    inputs = {**SAMPLES[type_](tenant), **more}
    checked = engine.checked(type_, inputs)
    fault(tenant, action)
    with pytest.raises(grpc.RpcError) as error:
        engine.stub.Create(pb.CreateRequest(urn=urn(type_), properties=struct(checked)))
    made = Made(engine, type_, kept(error).id, plain(kept(error).inputs), plain(kept(error).properties))
    assert made.inputs == checked
    again = made.update(inputs)
    assert not again.diff(inputs).changes
    found = again.refresh()
    assert found is not None
    assert (found.id, found.outputs) == (made.id, again.outputs)


def test_a_create_that_makes_nothing_keeps_nothing(engine: Engine, tenant: Tenant) -> None:
    checked = engine.checked(GROUP, SAMPLES[GROUP](tenant))
    fault(tenant, "elasticloadbalancing:CreateTargetGroup")
    with pytest.raises(grpc.RpcError, match="not today") as error:
        engine.stub.Create(pb.CreateRequest(urn=urn(GROUP), properties=struct(checked)))
    assert "grpc-status-details-bin" not in dict(error.value.trailing_metadata())


def test_an_update_that_fails_half_way_keeps_what_was_changed(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[FUNCTION](tenant)
    one = engine.make(FUNCTION, inputs)
    wanted = {**inputs, "timeout": 7, "code": code("handler = 1")}
    fault(tenant, "lambda:UpdateFunctionCode")
    with pytest.raises(grpc.RpcError) as error:
        one.update(wanted)
    detail = kept(error)
    left = Made(engine, FUNCTION, detail.id, one.inputs, plain(detail.properties))
    assert left.outputs["timeout"] == 7
    assert left.diff(wanted).names == ["code", "lastModified"]
    assert not left.update(wanted).diff(wanted).changes


def test_default_tags_stay_with_the_stack_that_has_them(engine: Engine, aws: SandboxInfo, tenant: Tenant) -> None:
    other = Engine(aws.provider_port(tenant.account, REGION))
    variables = {"aws:config:defaultTags": json.dumps({"tags": {"team": "scores"}})}
    engine.stub.Configure(pb.ConfigureRequest(variables=variables))
    other.stub.Configure(pb.ConfigureRequest())
    found = [
        asking.make(GROUP, {**SAMPLES[GROUP](tenant), "name": name}).outputs
        for asking, name in zip((engine, other), "ab", strict=True)
    ]
    other.close()
    assert [(one["tags"], one["tagsAll"]) for one in found] == [({}, {"team": "scores"}), ({}, {})]


WRONG = [
    (RULE, {"priority": "soon"}, "expected type int for priority"),
    (RULE, {"priority": True}, "expected type int for priority"),
    (RULE, {"priority": 20.5}, "expected type int for priority"),
    (RULE, {"priority": "9" * 5000}, "expected type int for priority"),
    (RULE, {"actions": "forward"}, "expected type list for action"),
    (RULE, {"actions": ["forward"]}, "expected type object for action.0"),
    (RULE, {"listenerArn": ["arn"]}, "expected type string for listener_arn"),
    (GROUP, {"healthCheck": []}, "expected type object for health_check.0"),
    (GROUP, {"name": {}}, "expected type string for name"),
    (GROUP, {"tags": ["scores"]}, "expected type map for tags"),
    (GROUP, {"tags": {"team": ["scores"]}}, "expected type map for tags"),
    (GROUP, {"lambdaMultiValueHeadersEnabled": "yes"}, "expected type bool for lambda_multi_value_headers_enabled"),
    (FUNCTION, {"code": {"path": "app.py"}}, "expected type archive for code"),
    (FUNCTION, {"layers": [None]}, "expected type string for layers.0"),
    (ROLE, {"assumeRolePolicy": 7}, "expected type json for assume_role_policy"),
]


@pytest.mark.parametrize(("type_", "given", "text"), WRONG)
def test_a_value_of_the_wrong_type_is_refused(
    engine: Engine, tenant: Tenant, type_: str, given: dict[str, Any], text: str
) -> None:
    _, failures = engine.check(type_, {**SAMPLES[type_](tenant), **given})
    assert [failure.partition(". Examine")[0] for failure in failures] == [text]


CONVERTED = [
    (RULE, {"priority": "20"}, 20),
    (GROUP, {"lambdaMultiValueHeadersEnabled": "true"}, True),
    (GROUP, {"lambdaMultiValueHeadersEnabled": "false"}, False),
    (GROUP, {"name": 20}, "20"),
    (GROUP, {"tags": {"on": True, "count": 3, "none": None}}, {"on": "true", "count": "3"}),
    (ROLE, {"assumeRolePolicy": TRUST}, TRUST),
]


@pytest.mark.parametrize(("type_", "given", "wanted"), CONVERTED)
def test_text_numbers_and_truth_values_are_converted(
    engine: Engine, tenant: Tenant, type_: str, given: dict[str, Any], wanted: Any
) -> None:
    checked = engine.checked(type_, {**SAMPLES[type_](tenant), **given})
    assert [checked[name] for name in given] == [wanted]
    assert checked.get("tagsAll") == {RULE: {}, ROLE: {}, GROUP: checked.get("tags", {})}[type_]


def test_a_health_check_of_a_function_has_no_port_and_protocol_to_differ(engine: Engine) -> None:
    check = {"path": "/live", "interval": 40, "timeout": 20}
    inputs = {"name": "scorer", "targetType": "lambda", "healthCheck": check}
    one = engine.make(GROUP, inputs)
    assert one.inputs["healthCheck"].items() >= {"port": "traffic-port", "protocol": "HTTP"}.items()
    assert not one.diff(inputs).changes
    found = one.refresh()
    assert found is not None
    assert not found.diff(inputs).changes
    assert one.diff({**inputs, "healthCheck": {**check, "interval": 45}}).names == ["healthCheck"]


def test_a_group_that_turns_from_a_function_to_addresses_gets_its_place(engine: Engine) -> None:
    one = engine.make(GROUP, {"name": "scorer", "targetType": "lambda"})
    assert one.diff({"name": "scorer", **IP}).replaces == ["port", "protocol", "targetType", "vpcId"]


def test_a_function_has_no_place_in_the_state_whatever_the_program_says(engine: Engine) -> None:
    inputs = {"name": "scorer", **IP, "targetType": "lambda"}
    one = engine.make(GROUP, inputs)
    assert not {"port", "protocol", "vpcId"} & set(one.outputs)
    assert not one.diff(inputs).changes


SETTINGS = [
    {"architectures": ["arm64"]},
    {"tracingConfig": {"mode": "Active"}},
    {"ephemeralStorage": {"size": 1024}},
    {"kmsKeyArn": "arn:aws:kms:us-west-2:123456789012:key/one"},
    {"deadLetterConfig": {"targetArn": "arn:aws:sqs:us-west-2:123456789012:left"}},
    {"loggingConfig": {"logFormat": "JSON", "logGroup": "/scores", "applicationLogLevel": "WARN"}},
    {"reservedConcurrentExecutions": 0},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: next(iter(settings)))
def test_a_functions_settings_are_kept(engine: Engine, tenant: Tenant, settings: dict[str, Any]) -> None:
    inputs = SAMPLES[FUNCTION](tenant)
    made = [
        engine.make(FUNCTION, {**inputs, **settings, "name": "at-once"}),
        engine.make(FUNCTION, inputs).update({**inputs, **settings}),
    ]
    for one in made:
        found = engine.import_(FUNCTION, one.outputs["name"])
        assert found is not None
        for name, value in settings.items():
            kept = found.outputs[name]
            assert kept == value or value.items() <= kept.items()


def test_an_updates_time_is_told(engine: Engine, tenant: Tenant) -> None:
    inputs = SAMPLES[FUNCTION](tenant)
    one = engine.make(FUNCTION, inputs)
    configured = one.update({**inputs, "timeout": 9})
    coded = configured.update({**inputs, "timeout": 9, "code": code("handler = 2")})
    times = [made.outputs["lastModified"] for made in (one, configured, coded)]
    assert times == sorted(set(times))
