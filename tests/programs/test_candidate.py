from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pulumi
import pytest

from programs.candidate import program
from rollout.inventory.aliases import AliasTarget
from rollout.inventory.functions import FileSystem, Function, ImageConfig, Statement, Vpc
from rollout.inventory.model import Environment, ProgramInput
from rollout.inventory.quantities import Percent
from tests.programs.recording import (
    ALIAS,
    ATTACHMENT,
    FUNCTION,
    LOG_GROUP,
    LOGGING,
    PERMISSION,
    PROVISIONED,
    ROLE,
    ROLE_POLICY,
    TARGET_GROUP,
    Run,
    arn,
    run,
)

QUEUE, KEY = "arn:aws:sqs:us-west-2:123456789012:lost", "arn:aws:kms:us-west-2:123456789012:key/1"
ACCESS_POINT = "arn:aws:elasticfilesystem:us-west-2:123456789012:access-point/fsap-0a"
VPC = Vpc(subnets=("subnet-1",), security_groups=("sg-1",))


def with_functions(environment: Environment, **functions: Function) -> Run:
    return run(program, ProgramInput(environment.model_copy(update={"functions": functions})))


def image_function(**rest: Any) -> Function:
    groups = {"target_groups": {"public": ("group",)}}
    return Function(package_type="Image", image_uri="ecr/scorer@sha256:1", **groups | rest)


def test_it_builds_everything_but_rules(production: Environment) -> None:
    assert run(program, ProgramInput(production)).counts == {
        LOG_GROUP: 1,
        ROLE: 1,
        LOGGING: 1,
        FUNCTION: 1,
        TARGET_GROUP: 2,
        PERMISSION: 2,
        ATTACHMENT: 2,
    }


def test_the_function_is_as_the_inventory_says(production: Environment) -> None:
    done = run(program, ProgramInput(production))
    inputs = dict(done.of(FUNCTION)["rust-scorer"].inputs)
    code = inputs.pop("code")

    assert isinstance(code, pulumi.FileArchive)
    assert Path(code.path, "bootstrap").is_file()
    assert inputs == {
        "name": "rust-scorer",
        "packageType": "Zip",
        "runtime": "provided.al2023",
        "handler": "bootstrap",
        "architectures": ["arm64"],
        "memorySize": 256,
        "timeout": 30,
        "role": arn("Role", "rust-scorer"),
        "ephemeralStorage": {"size": 512},
        "tracingConfig": {"mode": "PassThrough"},
    }
    assert done.of(LOG_GROUP)["rust-scorer"].inputs == {"name": "/aws/lambda/rust-scorer", "retentionInDays": 30}


def test_a_function_from_an_image_has_no_runtime_and_no_handler(production: Environment) -> None:
    function = image_function(name="scorer", environment={"LEVEL": "info"}, timeout=timedelta(minutes=1))
    inputs = with_functions(production, rust=function).of(FUNCTION)["rust"].inputs

    assert inputs == {
        "name": "scorer",
        "packageType": "Image",
        "imageUri": "ecr/scorer@sha256:1",
        "architectures": ["x86_64"],
        "memorySize": 128,
        "timeout": 60,
        "environment": {"variables": {"LEVEL": "info"}},
        "role": arn("Role", "scorer"),
        "ephemeralStorage": {"size": 512},
        "tracingConfig": {"mode": "PassThrough"},
    }


def test_a_function_gets_the_settings_of_the_inventory_under_the_providers_names(production: Environment) -> None:
    function = image_function(
        vpc=Vpc(subnets=("subnet-1", "subnet-2"), security_groups=("sg-1",)),
        file_system=FileSystem(arn=ACCESS_POINT, path="/mnt/models"),
        image=ImageConfig(command=("serve",)),
        kms_key=KEY,
        dead_letter=QUEUE,
        tracing="Active",
        ephemeral_storage=1024,
        reserved_concurrency=0,
        tags={"team": "scores"},
    )
    inputs = with_functions(production, rust=function).of(FUNCTION)["rust"].inputs

    assert (
        inputs.items()
        >= {
            "vpcConfig": {"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]},
            "fileSystemConfig": {"arn": ACCESS_POINT, "localMountPath": "/mnt/models"},
            "imageConfig": {"commands": ["serve"]},
            "kmsKeyArn": KEY,
            "deadLetterConfig": {"targetArn": QUEUE},
            "tracingConfig": {"mode": "Active"},
            "ephemeralStorage": {"size": 1024},
            "reservedConcurrentExecutions": 0,
            "tags": {"team": "scores"},
        }.items()
    )


def test_a_role_gets_what_its_functions_settings_need_and_what_the_inventory_adds(production: Environment) -> None:
    function = image_function(
        vpc=VPC,
        tracing="Active",
        dead_letter=QUEUE,
        policies=("arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess",),
        statements=(Statement(actions=("ssm:GetParameter",), resources=("*",)),),
    )
    done = with_functions(production, rust=function)

    assert {attached.inputs["policyArn"].rpartition("/")[2] for attached in done.of(LOGGING).values()} == {
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSXRayDaemonWriteAccess",
        "AmazonDynamoDBReadOnlyAccess",
    }
    rights = done.of(ROLE_POLICY)["rust"]
    assert [(each["Action"], each["Resource"]) for each in json.loads(rights.inputs["policy"])["Statement"]] == [
        (["ssm:GetParameter"], ["*"]),
        (["sqs:SendMessage"], [QUEUE]),
    ]
    waits_for = set(done.of(FUNCTION)["rust"].request.dependencies)
    assert {rights.urn, *(attached.urn for attached in done.of(LOGGING).values())} <= waits_for


@pytest.mark.parametrize("role", ["teams/scorer", "arn:aws:iam::123456789012:role/teams/scorer"])
def test_a_role_that_is_there_already_is_used_and_left_alone(production: Environment, role: str) -> None:
    done = with_functions(production, rust=image_function(role=role, vpc=VPC))

    account = production.account if role.startswith("teams") else "123456789012"
    assert done.of(FUNCTION)["rust"].inputs["role"] == f"arn:aws:iam::{account}:role/teams/scorer"
    assert not {ROLE, LOGGING, ROLE_POLICY} & set(done.counts)


def test_an_alias_is_what_is_registered_and_let_in_and_it_stays_where_the_phase_says(production: Environment) -> None:
    function = image_function(alias="live", provisioned_concurrency=3, snap_start=True)
    inventory = production.model_copy(update={"functions": {"rust": function}})
    target = AliasTarget("4", beside=("5", Percent.of(10)), before=("3", "2"))
    done = run(program, ProgramInput(inventory, aliases={"rust": target}))

    made, ready = done.of(ALIAS)["rust"], done.of(PROVISIONED)["rust"]
    assert done.of(FUNCTION)["rust"].inputs["publish"]
    assert made.inputs == {
        "name": "live",
        "functionName": "rust",
        "functionVersion": "4",
        "routingConfig": {"additionalVersionWeights": {"5": 0.1}},
        "description": "rollout: before 3, 2",
    }
    assert ready.inputs == {"functionName": "rust", "qualifier": "4", "provisionedConcurrentExecutions": 3}
    assert ready.urn in made.request.dependencies
    assert {each.inputs["qualifier"] for each in done.of(PERMISSION).values()} == {"live"}
    assert {each.inputs["targetId"] for each in done.of(ATTACHMENT).values()} == {arn("Alias", "live")}

    back = ProgramInput(inventory, aliases={"rust": replace(target, at_once=True)})
    first = run(program, back)
    assert first.of(ALIAS)["rust"].urn in first.of(PROVISIONED)["rust"].request.dependencies


def test_each_load_balancer_may_invoke_the_function_through_its_own_group(production: Environment) -> None:
    done = run(program, ProgramInput(production))

    groups = {"public": "l-passport-v2-rust-scorer", "internal": "l-passport-v2-rust-scorer-int"}
    for balancer, group in groups.items():
        name = f"rust-scorer-{balancer}"
        assert done.of(TARGET_GROUP)[name].inputs == {"name": group, "targetType": "lambda"}
        assert done.of(PERMISSION)[name].inputs == {
            "statementId": f"invoke-from-{balancer}",
            "function": "rust-scorer",
            "principal": "elasticloadbalancing.amazonaws.com",
            "action": "lambda:InvokeFunction",
            "sourceArn": arn("TargetGroup", group),
        }
        assert done.of(ATTACHMENT)[name].inputs == {
            "targetGroupArn": arn("TargetGroup", group),
            "targetId": arn("Function", "rust-scorer"),
        }


def test_a_function_may_have_a_group_a_route_and_the_first_keeps_the_names_of_a_single_one(
    production: Environment,
) -> None:
    def built(*groups: str) -> dict[str, str]:
        done = with_functions(production, rust=image_function(target_groups={"public": groups}))
        named = {(r.name, r.inputs["name"]) for r in done.of(TARGET_GROUP).values()}
        assert {r.inputs["targetGroupArn"] for r in done.of(ATTACHMENT).values()} == {
            arn("TargetGroup", group) for group in groups
        }
        return {
            r.inputs["statementId"]: group for r in done.of(PERMISSION).values() for n, group in named if n == r.name
        }

    assert built("shared") == {"invoke-from-public": "shared"}
    assert built("shared", "b", "c") == {
        "invoke-from-public": "shared",
        "invoke-from-public-b": "b",
        "invoke-from-public-c": "c",
    }


def test_a_group_gets_its_function_after_the_permission_and_loses_the_old_one_first(production: Environment) -> None:
    done = run(program, ProgramInput(production))

    for name, attachment in done.of(ATTACHMENT).items():
        assert done.of(PERMISSION)[name].urn in attachment.request.dependencies
        assert attachment.request.deleteBeforeReplace


def test_the_function_waits_for_its_log_group_and_the_right_to_write_there(production: Environment) -> None:
    done = run(program, ProgramInput(production))

    waits_for = set(done.of(FUNCTION)["rust-scorer"].request.dependencies)
    assert {done.of(LOG_GROUP)["rust-scorer"].urn, done.of(LOGGING)["rust-scorer"].urn} <= waits_for


def test_the_managed_policy_is_of_the_partition_that_the_role_is_in(production: Environment) -> None:
    policy = run(program, ProgramInput(production)).of(LOGGING)["rust-scorer"].inputs["policyArn"]

    assert policy == "arn:aws-cn:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def test_functions_do_not_share_parts(production: Environment) -> None:
    one, two = image_function(), image_function()
    done = with_functions(production, one=one, two=two)

    assert done.counts[ROLE] == done.counts[FUNCTION] == done.counts[PERMISSION] == 2
    assert {r.inputs["function"] for r in done.of(PERMISSION).values()} == {"one", "two"}


def test_no_change_is_ever_ignored(production: Environment) -> None:
    assert not [r.name for r in run(program, ProgramInput(production)).registrations if r.request.ignoreChanges]
