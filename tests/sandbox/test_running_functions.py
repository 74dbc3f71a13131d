"""Functions run from their zip, in processes of their own, with their role's rights, as on Lambda."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest

from rollout_sandbox import EventFault, Sandbox
from tests.sandbox.provider.engine import LOGS, Engine, failing
from tests.sandbox.provider.samples import SAMPLES
from tests.sandbox.running import TRUST, allow, eventually, function, invoke, pass_minutes, policy, recorder, zipped
from tests.sandbox.tenant import REGION, Tenant, refused

TELLS = """
import os, sys, time
from datetime import datetime, timezone
calls = 0
def handler(event, context):
    global calls
    calls += 1
    print("called with", event)
    if event.get("fail"):
        raise ValueError("as asked")
    if event.get("exit"):
        os._exit(3)
    time.sleep(event.get("sleep", 0))
    return {
        "calls": calls,
        "stage": os.environ["STAGE"],
        "home": os.environ.get("SECRET_OF_THE_SANDBOX"),
        "name": context.function_name,
        "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(),
        "now": datetime.now(timezone.utc).isoformat(),
        "time": time.time(),
    }
"""
CALLS = """
import boto3
def handler(event, context):
    getattr(boto3.client(event["service"]), event["call"])(**event["with"])
"""
SETTINGS: dict[str, Any] = {"Environment": {"Variables": {"STAGE": "test"}}}


@pytest.fixture(autouse=True)
def _clean(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SECRET_OF_THE_SANDBOX", "none of a function's business")
    yield
    sandbox.faults.clear()


def test_a_functions_code_runs_and_its_process_stays_warm(sandbox: Sandbox, tenant: Tenant) -> None:
    sandbox.clock.pass_by(seconds=86_400)
    arn = function(tenant, "guard", TELLS, **SETTINGS)
    error, said = invoke(tenant, "guard")
    assert error is None
    assert (said["calls"], said["stage"], said["home"]) == (1, "test", None)
    assert (said["name"], said["arn"]) == ("guard", arn)
    assert 25_000 < said["left"] <= 30_000
    off = datetime.fromisoformat(said["now"]) - sandbox.clock.now()
    assert abs(off) < timedelta(minutes=1)  # its time is the sandbox's
    assert abs(said["time"] - sandbox.clock.now().timestamp()) < 60
    assert invoke(tenant, "guard")[1]["calls"] == 2
    tenant.functions.update_function_code(FunctionName="guard", ZipFile=zipped(TELLS + "# newer"))
    assert invoke(tenant, "guard")[1]["calls"] == 1


@pytest.mark.parametrize(
    ("source", "event", "kind"),
    [
        (TELLS, {"fail": True}, "ValueError"),
        (TELLS, {"exit": True}, "Runtime.ExitError"),
        (TELLS, {"sleep": 9}, "Sandbox.Timedout"),
        ("import nothing_there", {}, "ModuleNotFoundError"),
        ("other = 1", {}, "AttributeError"),
        ("def handler(event, context): return {1, 2}", {}, "TypeError"),
    ],
)
def test_a_function_that_fails_says_why_and_runs_again(tenant: Tenant, source: str, event: Any, kind: str) -> None:
    function(tenant, "guard", source, **SETTINGS, Timeout=1)
    error, said = invoke(tenant, "guard", event)
    assert (error, said["errorType"]) == ("Unhandled", kind)
    if source == TELLS:
        assert invoke(tenant, "guard")[0] is None


def test_what_a_function_prints_is_in_its_log_where_its_role_may_write(tenant: Tenant) -> None:
    logs = tenant.client("logs")
    may = allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
    function(tenant, "told", TELLS, may, **SETTINGS)
    function(tenant, "silent", TELLS, **SETTINGS)
    for name in ("told", "silent"):
        invoke(tenant, name, {"fail": True})
    events = logs.filter_log_events(logGroupName="/aws/lambda/told")["events"]
    lines = [event["message"] for event in events]
    assert lines[0].startswith("START RequestId: ")
    assert "called with {'fail': True}" in lines
    assert any("ValueError: as asked" in line for line in lines)
    groups = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
    assert groups == ["/aws/lambda/told"]


def denied(tenant: Tenant, name: str, service: str, call: str, **arguments: Any) -> str | None:
    """What a function is told that may not make a call; None if it may."""
    error, said = invoke(tenant, name, {"service": service, "call": call, "with": arguments})
    return str(said["errorMessage"]) if error else None


def test_a_functions_calls_are_held_to_its_roles_policies(sandbox: Sandbox, tenant: Tenant) -> None:
    rule = tenant.rule([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}])["RuleArn"]
    other = tenant.rule([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}], priority=11)
    may = allow("elasticloadbalancing:DescribeRules"), allow("elasticloadbalancing:ModifyRule", resource=rule)
    function(tenant, "guard", CALLS, *may)
    actions = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]
    assert denied(tenant, "guard", "elbv2", "describe_rules", RuleArns=[rule]) is None
    assert denied(tenant, "guard", "elbv2", "modify_rule", RuleArn=rule, Actions=actions) is None
    said = denied(tenant, "guard", "elbv2", "modify_rule", RuleArn=other["RuleArn"], Actions=actions)
    user = f"arn:aws:sts::{tenant.account}:assumed-role/guard/guard"
    assert said is not None
    assert "AccessDenied" in said
    assert f"User: {user} is not authorized to perform: elasticloadbalancing:ModifyRule on resource:" in said
    assert "because no identity-based policy allows the elasticloadbalancing:ModifyRule action" in said
    calls = sandbox.calls("elasticloadbalancing:ModifyRule", tenant.account)
    assert [(call.error, call.by) for call in calls] == [(None, user), ("AccessDenied", user)]


def test_attached_policies_and_a_boundary_count(tenant: Tenant) -> None:
    iam = tenant.client("iam")
    function(tenant, "guard", CALLS)
    bus = {"TopicArn": tenant.client("sns").create_topic(Name="ramps")["TopicArn"], "Message": "hello"}
    assert "no identity-based policy allows the sns:Publish" in str(denied(tenant, "guard", "sns", "publish", **bus))
    made = iam.create_policy(PolicyName="tell", PolicyDocument=policy(allow("sns:*")))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="guard", PolicyArn=made)
    assert denied(tenant, "guard", "sns", "publish", **bus) is None
    bound = iam.create_policy(PolicyName="bound", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="guard", PermissionsBoundary=bound)
    assert "no permissions boundary allows the sns:Publish" in str(denied(tenant, "guard", "sns", "publish", **bus))
    iam.delete_role_permissions_boundary(RoleName="guard")
    deny = {**allow("sns:Publish"), "Effect": "Deny"}
    iam.put_role_policy(RoleName="guard", PolicyName="never", PolicyDocument=policy(deny))
    assert "explicit deny" in str(denied(tenant, "guard", "sns", "publish", **bus))


def test_a_policy_that_cannot_be_evaluated_allows_nothing(tenant: Tenant) -> None:
    dated = allow("sns:*", Condition={"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})
    function(tenant, "guard", CALLS, dated)
    said = denied(tenant, "guard", "sns", "publish", TopicArn="arn:aws:sns:us-west-2:1:t", Message="hello")
    assert "the sandbox can't evaluate the role's policies" in str(said)


def test_a_key_of_a_session_is_its_roles(sandbox: Sandbox, tenant: Tenant) -> None:
    function(tenant, "guard", CALLS, allow("sqs:*"))
    key = sandbox.session(tenant.account, "guard", "by-hand")
    queue = sandbox.client("sqs", key, REGION).create_queue(QueueName="mine")["QueueUrl"]
    assert f"/{tenant.account}/" in queue
    with refused("AccessDenied", "assumed-role/guard/by-hand is not authorized to perform: iam:GetRole"):
        sandbox.client("iam", key, REGION).get_role(RoleName="guard")


def test_reserved_concurrency_throttles(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # else the client waits until there is room
    function(tenant, "guard", TELLS, **SETTINGS)
    tenant.functions.put_function_concurrency(FunctionName="guard", ReservedConcurrentExecutions=1)
    invoke(tenant, "guard")

    def throttled(event: Any = None) -> bool:
        try:
            invoke(tenant, "guard", event)
        except tenant.functions.exceptions.TooManyRequestsException:
            return True
        return False

    slow = Thread(target=eventually, args=(lambda: not throttled({"sleep": 2}),))  # it may be throttled itself at first
    slow.start()
    eventually(throttled)
    slow.join()
    assert invoke(tenant, "guard")[0] is None


def send(tenant: Tenant, name: str, event: Any) -> None:
    assert invoke(tenant, name, event, InvocationType="Event") == (None, None)


def test_an_event_is_tried_again_after_a_minute_and_after_two(sandbox: Sandbox, tenant: Tenant) -> None:
    _, events = recorder(tenant)
    source = "def handler(event, context):\n    raise ValueError(event)"
    function(tenant, "broken", source)
    config = {"OnFailure": {"Destination": queue_arn(tenant, "guard-got")}}
    tenant.functions.put_function_event_invoke_config(FunctionName="broken", DestinationConfig=config)
    tenant.client("iam").put_role_policy(
        RoleName="broken", PolicyName="tell", PolicyDocument=policy(allow("sqs:SendMessage"))
    )
    send(tenant, "broken", {"number": 1})
    for count in (1, 2, 3):
        eventually(lambda count=count: failures(sandbox, tenant) == count)  # type: ignore[misc]
        sandbox.clock.pass_by(seconds=50)
        assert failures(sandbox, tenant) == count
        sandbox.clock.pass_by(seconds=120)
    (record,) = eventually(events)
    assert record["requestPayload"] == {"number": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["responsePayload"]["errorType"] == "ValueError"


def queue_arn(tenant: Tenant, name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{tenant.account}:{name}"


def failures(sandbox: Sandbox, tenant: Tenant) -> float:
    """How often Lambda counted an error."""
    now = sandbox.clock.now()
    points = tenant.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": "broken"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def test_a_throttled_event_waits_for_room(sandbox: Sandbox, tenant: Tenant) -> None:
    _, events = recorder(tenant)
    tenant.functions.put_function_concurrency(FunctionName="guard", ReservedConcurrentExecutions=0)
    send(tenant, "guard", {"number": 1})
    sandbox.clock.pass_by(seconds=30)
    tenant.functions.delete_function_concurrency(FunctionName="guard")
    sandbox.clock.pass_by(seconds=600)
    assert eventually(events) == [{"number": 1}]


def test_an_event_may_come_twice_or_late(sandbox: Sandbox, tenant: Tenant) -> None:
    _, events = recorder(tenant)
    sandbox.faults.add(EventFault("twice", "gua*", delay=timedelta(seconds=30)))
    sandbox.faults.add(EventFault("late", delay=timedelta(minutes=5)))
    send(tenant, "guard", {"number": 1})
    send(tenant, "guard", {"number": 2})
    eventually(lambda: len(events()) == 1)
    sandbox.clock.pass_by(seconds=40)
    eventually(lambda: len(events()) == 2)
    sandbox.clock.pass_by(seconds=300)
    eventually(lambda: len(events()) == 3)
    assert events() == [{"number": 1}, {"number": 1}, {"number": 2}]


def test_an_event_that_is_too_old_is_given_up(sandbox: Sandbox, tenant: Tenant) -> None:
    _, events = recorder(tenant)
    tenant.functions.put_function_event_invoke_config(FunctionName="guard", MaximumEventAgeInSeconds=60)
    sandbox.faults.add(EventFault("late", delay=timedelta(minutes=5)))
    send(tenant, "guard", {"number": 1})
    pass_minutes(sandbox, 6)
    send(tenant, "guard", {"number": 2})
    assert eventually(events) == [{"number": 2}]


def test_a_handler_by_name_answers_instead(sandbox: Sandbox, tenant: Tenant) -> None:
    function(tenant, "guard", TELLS, **SETTINGS)
    sandbox.handle(lambda event, _context: {"handled": event}, function="guard", account=tenant.account)
    assert invoke(tenant, "guard", {"number": 1}) == (None, {"handled": {"number": 1}})


IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/shop/looks@sha256:{'a' * 64}"


def of_image(tenant: Tenant, name: str, **settings: Any) -> None:
    iam = tenant.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    given = {"FunctionName": name, "Role": role, "PackageType": "Image", "Code": {"ImageUri": IMAGE}, **SETTINGS}
    tenant.functions.create_function(**given, **settings)


def test_an_image_runs_the_package_that_it_is_made_of(sandbox: Sandbox, tenant: Tenant) -> None:
    sandbox.image("shop/*", "os.getenv")  # of an event and a context
    of_image(tenant, "looks")
    assert invoke(tenant, "looks", "STAGE") == (None, "test")
    assert invoke(tenant, "looks", "AWS_ACCESS_KEY_ID")[1] == sandbox.session(tenant.account, "looks", "looks")
    assert invoke(tenant, "looks", "PULUMI_DEBUG_PROVIDERS")[1].startswith("aws:")
    of_image(tenant, "times", ImageConfig={"Command": ["os.nothing"]})
    assert invoke(tenant, "times", "STAGE")[1]["errorType"] == "AttributeError"


def test_an_image_that_is_of_no_package_here_is_answered_by_handlers(sandbox: Sandbox, tenant: Tenant) -> None:
    sandbox.image("shop/*", "os.getenv")
    of_image(tenant, "looks")
    tenant.functions.update_function_code(FunctionName="looks", ImageUri=IMAGE.replace("shop/looks", "other"))
    assert invoke(tenant, "looks", {"act": "look"})[1] != "test"


def test_an_engine_of_a_function_has_its_roles_rights(sandbox: Sandbox, tenant: Tenant) -> None:
    tenant.client("iam").create_role(RoleName="looks", AssumeRolePolicyDocument=json.dumps(TRUST))
    key = sandbox.session(tenant.account, "looks", "looks")
    with closing(Engine(sandbox.provider_port(key, REGION))) as engine, failing("logs:CreateLogGroup"):
        engine.make(LOGS, SAMPLES[LOGS](tenant))
    by = {call.by for call in sandbox.calls("logs:CreateLogGroup", tenant.account)}
    assert by == {f"arn:aws:sts::{tenant.account}:assumed-role/looks/looks"}
