"""Functions and permissions: what is sent, what follows a change, drift, and the forms of ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.provider.engine import ALIAS, FUNCTION, PERMISSION, UNKNOWN, Engine, Made, failing, without
from tests.sandbox.provider.samples import ARCHIVE, SIGNATURE, alias, code, function, permission
from tests.sandbox.tenant import REGION, Tenant

FILES = "arn:aws:elasticfilesystem:us-west-2:123456789012:access-point"
PUBLISHED = ["lastModified", "qualifiedArn", "qualifiedInvokeArn", "version"]


@pytest.fixture
def inputs(tenant: Tenant) -> dict[str, Any]:
    return function(tenant)


@pytest.fixture
def one(engine: Engine, inputs: dict[str, Any]) -> Made:
    return engine.make(FUNCTION, inputs)


def sent(tenant: Tenant, action: str = "*") -> list[tuple[str, dict[str, Any]]]:
    """The changing calls on functions: the action, and what was in it."""
    calls = tenant.sandbox.calls(f"lambda:{action}", tenant.account)
    told = [(call.action.partition(":")[2], dict(call.parameters)) for call in calls]
    return [(action, parameters) for action, parameters in told if not action.startswith(("Get", "List"))]


def test_a_functions_state_has_what_aws_fills_in(tenant: Tenant, one: Made) -> None:
    arn = f"arn:aws:lambda:us-west-2:{tenant.account}:function:scorer"
    gateway = "arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions"
    told = {
        "arn": arn,
        "invokeArn": f"{gateway}/{arn}/invocations",
        "qualifiedArn": f"{arn}:$LATEST",
        "version": "$LATEST",
        "architectures": ["x86_64"],
        "ephemeralStorage": {"size": 512},
        "tracingConfig": {"mode": "PassThrough"},
        "reservedConcurrentExecutions": -1,
    }
    assert one.id == "scorer"
    assert {key: one.outputs[key] for key in told} == told
    assert one.outputs["loggingConfig"]["logGroup"] == "/aws/lambda/scorer"
    assert one.outputs["code"] == one.inputs["code"]


@pytest.mark.parametrize(
    ("change", "call"),
    [
        ({"memorySize": 256}, ("UpdateFunctionConfiguration", {"MemorySize": 256})),
        ({"timeout": 30}, ("UpdateFunctionConfiguration", {"Timeout": 30})),
        (
            {"environment": {"variables": {"LEVEL": "1"}}},
            ("UpdateFunctionConfiguration", {"Environment": {"Variables": {"LEVEL": "1"}}}),
        ),
        ({"reservedConcurrentExecutions": 0}, ("PutFunctionConcurrency", {"ReservedConcurrentExecutions": 0})),
    ],
)
def test_a_setting_changes_in_place_and_alone_and_back(
    tenant: Tenant, one: Made, inputs: dict[str, Any], change: dict[str, Any], call: tuple[str, dict[str, Any]]
) -> None:
    found = one.diff({**inputs, **change})
    assert (found.names, found.replaces) == (list(change), [])
    again = one.update({**inputs, **change})
    action, parameters = call
    assert sent(tenant)[1:] == [(action, {"FunctionName": "scorer", **parameters})]
    assert not again.diff({**inputs, **change}).changes
    assert not again.update(inputs).diff(inputs).changes


@pytest.mark.parametrize(
    "setting",
    [
        {"layers": ["arn:aws:lambda:us-west-2:580247275435:layer:LambdaInsightsExtension:38"]},
        {"fileSystemConfig": {"arn": f"{FILES}/fsap-0123456789abcdef0", "localMountPath": "/mnt/models"}},
        {"snapStart": {"applyOn": "PublishedVersions"}},
        # what AWS knows nothing of here is kept by the state
        {"durableConfig": {"executionTimeout": 60, "retentionPeriod": 7}},
        {"tenancyConfig": {"tenantIsolationMode": "PER_TENANT"}},
        {"replacementSecurityGroupIds": ["sg-1"]},
    ],
)
def test_every_setting_of_the_real_provider_is_a_difference_kept_and_read_back(
    one: Made, inputs: dict[str, Any], setting: dict[str, Any]
) -> None:
    (name,) = setting
    found = one.diff({**inputs, **setting})
    assert (found.names, found.replaces) == ([name], [])
    again = one.update({**inputs, **setting}).refresh()
    assert again is not None
    assert (
        again.outputs[name].items() >= setting[name].items()
        if isinstance(setting[name], dict)
        else (again.outputs[name] == setting[name])
    )
    assert not again.diff({**inputs, **setting}).changes
    assert again.diff(inputs).names == [name]
    assert not again.update(inputs).diff(inputs).changes


def test_a_function_in_a_vpc_has_subnets_and_groups_of_one(tenant: Tenant, one: Made, inputs: dict[str, Any]) -> None:
    ec2 = tenant.client("ec2")
    (vpc, subnet), (other, _) = (network(ec2, block) for block in ("10.1", "10.2"))
    wanted = {"vpcConfig": {"subnetIds": [subnet], "securityGroupIds": [group(ec2, vpc)]}}
    again = one.update({**inputs, **wanted})
    assert again.outputs["vpcConfig"]["vpcId"] == vpc
    assert not again.diff({**inputs, **wanted}).changes

    with failing("InvalidParameterValueException", "one VPC"):
        again.update({**inputs, "vpcConfig": {"subnetIds": [subnet], "securityGroupIds": [group(ec2, other)]}})
    with failing("InvalidSubnetID.NotFound"):
        again.update({**inputs, "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": []}})
    assert again.diff(inputs).paths == {"vpcConfig": "DELETE"}
    assert again.update(inputs).outputs.get("vpcConfig") is None


def network(ec2: Any, block: str) -> tuple[str, str]:
    """A VPC and its subnet."""
    vpc = ec2.create_vpc(CidrBlock=f"{block}.0.0/16")["Vpc"]["VpcId"]
    return vpc, ec2.create_subnet(VpcId=vpc, CidrBlock=f"{block}.1.0/24")["Subnet"]["SubnetId"]


def group(ec2: Any, vpc: str) -> str:
    return str(ec2.create_security_group(GroupName="scorer", Description="its", VpcId=vpc)["GroupId"])


def test_an_alias_moves_in_place_by_shares_and_back(engine: Engine, tenant: Tenant) -> None:
    inputs = alias(tenant)
    one = engine.make(ALIAS, inputs)
    tenant.functions.update_function_configuration(FunctionName="scorer", Timeout=9)
    tenant.functions.publish_version(FunctionName="scorer")
    shared = {**inputs, "routingConfig": {"additionalVersionWeights": {"2": 0.1}}, "description": "new"}
    assert one.diff(shared).names == ["description", "routingConfig"]
    again = one.update(shared)
    assert (again.id, again.outputs["routingConfig"]) == (one.id, shared["routingConfig"])
    assert not again.diff(shared).changes
    moved = again.update({**inputs, "functionVersion": "2"})
    live = tenant.functions.get_alias(FunctionName="scorer", Name="live")
    assert (live["FunctionVersion"], live.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})) == ("2", {})
    assert not moved.diff({**inputs, "functionVersion": "2"}).changes
    assert moved.diff({**inputs, "name": "other"}).delete_first


def test_other_code_is_sent_and_the_modification_follows(tenant: Tenant, one: Made, inputs: dict[str, Any]) -> None:
    change = {**inputs, "code": code("handler = print")}
    assert one.diff(change).names == ["code", "lastModified"]
    foreseen = one.update(change, preview=True)
    assert (foreseen.outputs["lastModified"], foreseen.outputs["version"]) == (UNKNOWN, "$LATEST")
    again = one.update(change)
    assert [action for action, _ in sent(tenant)] == ["CreateFunction", "UpdateFunctionCode"]
    assert again.outputs["codeSha256"] != one.outputs["codeSha256"]
    assert not again.diff(change).changes


def test_settings_change_before_code(tenant: Tenant, one: Made, inputs: dict[str, Any]) -> None:
    one.update({**inputs, "code": code("handler = print"), "memorySize": 256, "reservedConcurrentExecutions": 2})
    assert [action for action, _ in sent(tenant)[1:]] == [
        "UpdateFunctionConfiguration",
        "UpdateFunctionCode",
        "PutFunctionConcurrency",
    ]


def test_with_publish_each_change_makes_a_version(tenant: Tenant, engine: Engine, inputs: dict[str, Any]) -> None:
    one = engine.make(FUNCTION, {**inputs, "publish": True})
    assert one.outputs["version"] == "1"
    change = {**inputs, "publish": True, "memorySize": 256}
    assert one.diff(change).names == ["memorySize", *PUBLISHED[1:]]
    assert one.diff({**change, "code": code("handler = print")}).names == [
        "code",
        "lastModified",
        "memorySize",
        *PUBLISHED[1:],
    ]
    again = one.update(change)
    assert again.outputs["version"] == "2"
    assert again.outputs["qualifiedArn"].endswith(":2")
    assert sent(tenant)[-1][0] == "PublishVersion"


def test_drift_of_what_the_program_does_not_say_is_set_back(tenant: Tenant, one: Made, inputs: dict[str, Any]) -> None:
    tenant.functions.update_function_configuration(
        FunctionName="scorer", MemorySize=999, Environment={"Variables": {"LEVEL": "1"}}
    )
    tenant.functions.put_function_concurrency(FunctionName="scorer", ReservedConcurrentExecutions=3)
    found = one.refresh()
    assert found is not None
    assert found.diff(inputs).names == ["environment", "memorySize", "reservedConcurrentExecutions"]
    assert not found.update(inputs).diff(inputs).changes


def test_code_changed_by_hand_is_not_seen(tenant: Tenant, one: Made, inputs: dict[str, Any]) -> None:
    other = one.engine.make(FUNCTION, {**inputs, "name": "other", "code": code("handler = print")})
    assert other.id == "other"
    location = tenant.functions.get_function(FunctionName="other")["Configuration"]["CodeSha256"]
    assert location != one.outputs["codeSha256"]
    tenant.functions.update_function_code(FunctionName="scorer", ZipFile=b"PK\x05\x06" + bytes(18))
    found = one.refresh()
    assert found is not None
    assert found.outputs["codeSha256"] != one.outputs["codeSha256"]
    assert not found.diff(inputs).changes


@pytest.mark.parametrize(
    "change", [{"name": "other"}, {"packageType": "Image", "imageUri": "repository:tag", "code": None}]
)
def test_a_named_function_is_replaced_by_deleting_it_first(
    one: Made, inputs: dict[str, Any], change: dict[str, Any]
) -> None:
    wanted = {key: value for key, value in {**inputs, **change}.items() if value is not None}
    found = one.diff(wanted)
    assert set(found.replaces) <= set(change)
    assert found.delete_first


def test_a_taken_name_is_told_as_the_provider_does(one: Made, inputs: dict[str, Any]) -> None:
    with failing(
        "creating Lambda Function (scorer): operation error Lambda: CreateFunction, https response error",
        "StatusCode: 409",
        "ResourceConflictException: Function already exist: scorer",
    ):
        one.engine.make(FUNCTION, inputs)


@pytest.mark.parametrize("missing", ["handler", "runtime"])
def test_a_zip_needs_a_handler_and_a_runtime(engine: Engine, inputs: dict[str, Any], missing: str) -> None:
    with failing("handler and runtime must be set when PackageType is Zip"):
        engine.preview(FUNCTION, without(inputs, missing))


def test_an_image_needs_neither(tenant: Tenant, engine: Engine, inputs: dict[str, Any]) -> None:
    repository = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/repository"
    of_image = {"packageType": "Image", "imageUri": f"{repository}:one"}
    image = without(inputs, "handler", "runtime", "code") | of_image
    one = engine.make(FUNCTION, image)
    assert not {"Handler", "Runtime"} & set(sent(tenant)[-1][1])
    moved = {**image, "imageUri": f"{repository}:two"}
    assert one.diff(moved).names == ["imageUri", "lastModified"]
    assert not one.update(moved).diff(moved).changes


def test_a_function_may_be_left_behind(tenant: Tenant, engine: Engine, inputs: dict[str, Any]) -> None:
    one = engine.make(FUNCTION, {**inputs, "skipDestroy": True})
    one.delete()
    assert one.refresh() is not None
    assert sent(tenant, "DeleteFunction") == []


@pytest.fixture
def allowed(tenant: Tenant, engine: Engine) -> Made:
    return engine.make(PERMISSION, permission(tenant))


def test_a_permissions_id_is_its_statement(allowed: Made) -> None:
    assert allowed.id == "balancer"


@pytest.mark.parametrize("form", ["scorer", "arn:aws:lambda:us-west-2:{account}:function:scorer"])
def test_a_permission_is_imported_by_function_and_statement(tenant: Tenant, allowed: Made, form: str) -> None:
    told = form.format(account=tenant.account)
    found = allowed.engine.import_(PERMISSION, f"{told}/balancer")
    assert found is not None
    assert (found.id, found.outputs["function"]) == ("balancer", told)
    assert found.outputs["sourceArn"] == allowed.outputs["sourceArn"]


def test_a_permission_of_a_version_is_imported_with_it(tenant: Tenant, engine: Engine) -> None:
    inputs = permission(tenant)
    version = tenant.functions.publish_version(FunctionName="scorer")["Version"]
    engine.make(PERMISSION, {**inputs, "qualifier": version})
    found = engine.import_(PERMISSION, f"scorer:{version}/balancer")
    assert found is not None
    assert (found.id, found.outputs["function"], found.outputs["qualifier"]) == ("balancer", "scorer", version)


@pytest.mark.parametrize("form", ["balancer", "scorer/", "/balancer", "a/b/c"])
def test_other_forms_of_a_permissions_id_are_refused(engine: Engine, form: str) -> None:
    with failing(
        f'Unexpected format of ID ("{form}"), expected FUNCTION_NAME/STATEMENT_ID or '
        "FUNCTION_NAME:QUALIFIER/STATEMENT_ID"
    ):
        engine.import_(PERMISSION, form)


@pytest.mark.parametrize(
    "change", [{"statementId": "other"}, {"sourceArn": "arn:aws:a:::d"}, {"principal": "*"}, {"function": "other"}]
)
def test_every_change_of_a_named_permission_deletes_it_first(allowed: Made, change: dict[str, str]) -> None:
    found = allowed.diff({**without(allowed.inputs, "__defaults"), **change})
    assert (found.replaces, found.delete_first) == (list(change), True)


def test_a_permission_with_a_made_up_statement_is_replaced_by_creating_first(tenant: Tenant, engine: Engine) -> None:
    inputs = without(permission(tenant), "statementId")
    found = engine.make(PERMISSION, inputs).diff({**inputs, "principal": "*"})
    assert (found.replaces, found.delete_first) == (["principal"], False)


def test_a_statement_id_in_use_is_told_as_the_provider_does(tenant: Tenant, allowed: Made) -> None:
    with failing(
        "adding Lambda Permission (scorer/balancer): operation error Lambda: AddPermission",
        "ResourceConflictException",
        "The statement id (balancer) provided already exists",
    ):
        allowed.engine.make(PERMISSION, without(allowed.inputs, "__defaults"))


def test_a_permission_is_gone_with_its_function(tenant: Tenant, allowed: Made) -> None:
    tenant.functions.delete_function(FunctionName="scorer")
    assert allowed.refresh() is None
    allowed.delete()


@pytest.mark.parametrize("place", ["elsewhere", "elsewhere/app.py", "checkout/../elsewhere", "checkout/link"])
def test_code_is_read_only_below_folders_that_were_named(
    tenant: Tenant, engine: Engine, inputs: dict[str, Any], tmp_path: Path, place: str
) -> None:
    for folder in ("elsewhere", "checkout"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "app.py").write_text("handler = None")
    (tmp_path / "checkout" / "link").symlink_to(tmp_path / "elsewhere")
    tenant.sandbox.provider_port(tenant.account, REGION, [tmp_path / "checkout"])
    with failing("reads nothing outside"):
        engine.make(FUNCTION, {**inputs, "code": {SIGNATURE: ARCHIVE, "path": str(tmp_path / place)}})
    allowed = {SIGNATURE: ARCHIVE, "path": str(tmp_path / "checkout")}
    assert engine.make(FUNCTION, {**inputs, "code": allowed}).outputs["sourceCodeSize"]
