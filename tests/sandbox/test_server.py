"""The sandbox as a whole: its journal, its faults, its folder and its landscape."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import FrozenInstanceError
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from rollout.errors import SandboxError
from rollout_sandbox import Fault, Sandbox
from rollout_sandbox.landscape import Balancer, prepare
from tests.sandbox.tenant import REGION, Tenant, refused, single, weighted

MODIFY = "elasticloadbalancing:ModifyRule"
ACCOUNT = "111122223333"


@pytest.fixture(autouse=True)
def _no_faults_left(request: pytest.FixtureRequest) -> None:
    if "sandbox" in request.fixturenames:
        request.getfixturevalue("sandbox").faults.clear()


def test_the_journal_proves_what_was_done_and_what_was_not(tenant: Tenant) -> None:
    one, other = tenant.groups(2)
    rule = tenant.rule(single(one))
    before = len(tenant.sandbox.calls(account=tenant.account))
    actions = weighted({one: 100, other: 0})
    tenant.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=actions)
    with refused("RuleNotFound", "not found"):
        tenant.elb.delete_rule(RuleArn=f"{rule['RuleArn']}0")
    changed, deleted = tenant.sandbox.calls(account=tenant.account)[before:]
    assert (changed.action, changed.status, changed.error) == (MODIFY, 200, None)
    assert (changed.account, changed.region) == (tenant.account, REGION)
    assert changed.parameters == {"RuleArn": rule["RuleArn"], "Actions": actions}
    assert (deleted.action, deleted.status, deleted.error) == ("elasticloadbalancing:DeleteRule", 400, "RuleNotFound")
    assert tenant.sandbox.calls("elasticloadbalancing:*Rule", tenant.account)[-2:] == (changed, deleted)
    with pytest.raises(FrozenInstanceError):
        changed.status = 500  # type: ignore[misc]


def test_the_journal_knows_each_service_and_keeps_no_code(tenant: Tenant) -> None:
    tenant.function("scorer")
    tenant.client("logs").create_log_group(logGroupName="/aws/lambda/scorer")
    tenant.client("sts").get_caller_identity()
    called = {call.action: call.parameters for call in tenant.sandbox.calls(account=tenant.account)}
    assert list(called) == [
        "iam:CreateRole",
        "lambda:CreateFunction",
        "logs:CreateLogGroup",
        "sts:GetCallerIdentity",
    ]
    assert called["lambda:CreateFunction"]["FunctionName"] == "scorer"
    assert called["lambda:CreateFunction"]["Code"] == {}


def test_a_fault_hits_the_next_calls_of_its_action(tenant: Tenant) -> None:
    tenant.sandbox.faults.add(Fault("elasticloadbalancing:DescribeLoadBalancers", times=2))
    tenant.elb.describe_target_groups()
    tenant.elb.describe_load_balancers()  # botocore tries a throttled call again
    outcomes = [call.error for call in tenant.sandbox.calls("elasticloadbalancing:*", tenant.account)]
    assert outcomes == [None, "Throttling", "Throttling", None]


def test_a_fault_may_be_any_error_of_one_resource(tenant: Tenant) -> None:
    group = tenant.group("group")
    one, other = tenant.rule(single(group), priority=1), tenant.rule(single(group), priority=2)
    tenant.sandbox.faults.add(
        Fault(MODIFY, code="InvalidLoadBalancerAction", message="<no>", where={"RuleArn": other["RuleArn"]})
    )
    tenant.elb.modify_rule(RuleArn=one["RuleArn"], Actions=single(group))
    with refused("InvalidLoadBalancerAction", "<no>"):
        tenant.elb.modify_rule(RuleArn=other["RuleArn"], Actions=single(group))
    tenant.elb.modify_rule(RuleArn=other["RuleArn"], Actions=single(group))


@pytest.mark.parametrize(
    ("service", "call"), [("ec2", "describe_vpcs"), ("lambda", "list_functions"), ("logs", "describe_log_groups")]
)
def test_a_fault_speaks_each_services_protocol(tenant: Tenant, service: str, call: str) -> None:
    tenant.sandbox.faults.add(Fault("*", code="AccessDenied", message="no", status=403))
    with pytest.raises(ClientError) as caught:
        getattr(tenant.client(service), call)()
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert tenant.sandbox.calls(account=tenant.account)[-1].error == "AccessDenied"


def test_a_fault_may_only_delay(tenant: Tenant) -> None:
    tenant.sandbox.faults.add(Fault("sts:*", code=None, delay=timedelta(seconds=0.3)))
    sts = tenant.client("sts")
    began = time.monotonic()
    assert sts.get_caller_identity()["Account"] == tenant.account
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/_rollout/clock", {}),
        ("/_rollout/clock", {"X-Rollout-Token": "guessed"}),
        ("/moto-api/reset", {}),
        ("/", {"Origin": "https://example.com"}),
    ],
)
def test_strangers_are_shut_out(sandbox: Sandbox, path: str, headers: dict[str, str]) -> None:
    connection = HTTPConnection(urlsplit(sandbox.endpoint).netloc)
    connection.request("POST", path, headers=headers)
    assert connection.getresponse().status == HTTPStatus.FORBIDDEN
    connection.close()


def test_the_environment_leads_here(sandbox: Sandbox) -> None:
    said = sandbox.environ(ACCOUNT, REGION, "real")
    assert said["AWS_ENDPOINT_URL"] == sandbox.endpoint
    assert (said["AWS_ACCESS_KEY_ID"], said["AWS_REGION"]) == (ACCOUNT, REGION)
    assert "PULUMI_DEBUG_PROVIDERS" not in said


def test_each_account_and_region_has_a_port_of_its_own(sandbox: Sandbox) -> None:
    ports = {
        sandbox.environ(account, region)["PULUMI_DEBUG_PROVIDERS"]
        for account in (ACCOUNT, "444455556666")
        for region in (REGION, "eu-west-1")
        for _ in range(2)
    }
    assert len(ports) == 4


def test_nothing_heavy_is_imported_before_it_starts() -> None:
    script = "import sys, rollout_sandbox.daemon; print({'moto', 'boto3', 'grpc', 'flask'} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


def test_one_a_process(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError) as caught:
        Sandbox.start()
    assert caught.value.code == "sandbox-running"


def test_the_landscape_is_there_once(tenant: Tenant) -> None:
    balancers = [Balancer("public"), Balancer("internal", internal=True, port=80)]
    first = prepare(tenant.client, tenant.account, balancers, ["registry"])
    assert prepare(tenant.client, tenant.account, balancers, ["registry"]) == first
    described = tenant.elb.describe_load_balancers()["LoadBalancers"]
    assert {each["LoadBalancerName"]: each["Scheme"] for each in described} == {
        "public": "internet-facing",
        "internal": "internal",
    }
    listeners = tenant.elb.describe_listeners(ListenerArns=list(first.listeners.values()))["Listeners"]
    assert {(each["Port"], each["Protocol"]) for each in listeners} == {(443, "HTTPS"), (80, "HTTP")}
    assert {each["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"] for each in listeners} == {"404"}
    targets = tenant.elb.describe_target_health(TargetGroupArn=first.target_groups["registry"])
    assert [each["Target"]["Id"] for each in targets["TargetHealthDescriptions"]] == ["10.20.1.10"]
