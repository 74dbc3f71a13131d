"""State machines that run: by the sandbox's clock and functions, as their role may, with AWS's calls about them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rollout.programs.documents import document, trust
from rollout_sandbox import Sandbox
from tests.conftest import accounts
from tests.sandbox.running import allow, eventually, function, recorder
from tests.sandbox.tenant import Tenant, refused

INVOKE, WAIT = "arn:aws:states:::lambda:invoke", "arn:aws:states:::lambda:invoke.waitForTaskToken"


def task(arn: str, resource: str = INVOKE, **more: Any) -> dict[str, Any]:
    """A machine with one task."""
    token = {"token.$": "$$.Task.Token"} if resource == WAIT else {}
    given = {"FunctionName": arn, "Payload": {"asked.$": "$.asked", **token}}
    one = {"Type": "Task", "Resource": resource, "Parameters": given, "End": True, **more}
    return {"StartAt": "One", "States": {"One": one}}


def machine(tenant: Tenant, definition: dict[str, Any], *rights: dict[str, Any], name: str = "fleet") -> str:
    iam = tenant.client("iam")
    trusted = trust({"Service": "states.amazonaws.com"}, tenant.account)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(rights or [allow("sns:Publish")]))
    states = tenant.client("stepfunctions")
    made = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    return str(made["stateMachineArn"])


def begun(tenant: Tenant, arn: str, **given: Any) -> str:
    states = tenant.client("stepfunctions")
    return str(states.start_execution(stateMachineArn=arn, **{"input": '{"asked": 7}', **given})["executionArn"])


def ended(tenant: Tenant, execution: str) -> Callable[[], dict[str, Any] | None]:
    def found() -> dict[str, Any] | None:
        said: dict[str, Any] = tenant.client("stepfunctions").describe_execution(executionArn=execution)
        return said if said["status"] != "RUNNING" else None

    return found


def kinds(tenant: Tenant, execution: str, **asked: Any) -> list[str]:
    pages = tenant.client("stepfunctions").get_paginator("get_execution_history")
    return [event["type"] for page in pages.paginate(executionArn=execution, **asked) for event in page["events"]]


def test_a_task_invokes_a_function_as_the_role_may(tenant: Tenant) -> None:
    arn = function(tenant, "twice", "def handler(event, context): return event['asked'] * 2")
    execution = begun(tenant, machine(tenant, task(arn), allow("lambda:InvokeFunction", resource=arn)))
    done = eventually(ended(tenant, execution))
    assert (done["status"], json.loads(done["output"])["Payload"]) == ("SUCCEEDED", 14)
    told = kinds(tenant, execution)
    assert (told[0], told[-1]) == ("ExecutionStarted", "ExecutionSucceeded")
    assert kinds(tenant, execution, PaginationConfig={"PageSize": 2}) == told


def test_without_the_right_it_fails_as_on_aws(tenant: Tenant) -> None:
    arn = function(tenant, "twice", "def handler(event, context): return 1")
    done = eventually(ended(tenant, begun(tenant, machine(tenant, task(arn)))))
    assert (done["status"], done["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert "not authorized to perform: lambda:InvokeFunction" in done["cause"]


def test_a_function_that_raises_is_its_error(tenant: Tenant) -> None:
    arn = function(tenant, "bad", "def handler(event, context): raise ValueError('no')")
    done = eventually(ended(tenant, begun(tenant, machine(tenant, task(arn), allow("lambda:InvokeFunction")))))
    assert (done["status"], done["error"]) == ("FAILED", "ValueError")


def waiting(tenant: Tenant, **more: Any) -> tuple[str, str]:
    """An execution that waits for an answer, and its token."""
    arn, events = recorder(tenant)
    execution = begun(tenant, machine(tenant, task(arn, WAIT, **more), allow("lambda:InvokeFunction")))
    (event,) = eventually(events)
    return execution, event["token"]


def test_a_token_is_answered_once(tenant: Tenant) -> None:
    execution, token = waiting(tenant)
    states = tenant.client("stepfunctions")
    states.send_task_heartbeat(taskToken=token)
    states.send_task_success(taskToken=token, output='{"by": "a person"}')
    done = eventually(ended(tenant, execution))
    assert json.loads(done["output"]) == {"by": "a person"}
    with refused("TaskTimedOut", "does not exist"):
        states.send_task_failure(taskToken=token, error="late")


def test_silence_ends_a_task_by_the_sandboxs_clock(tenant: Tenant, sandbox: Sandbox) -> None:
    execution, _ = waiting(tenant, HeartbeatSeconds=600)
    sandbox.clock.pass_by(seconds=timedelta(minutes=11).total_seconds())
    done = eventually(ended(tenant, execution))
    assert (done["status"], done["error"]) == ("FAILED", "States.HeartbeatTimeout")


def test_it_is_stopped_with_a_reason_and_its_token_is_worth_nothing(tenant: Tenant) -> None:
    execution, token = waiting(tenant)
    states = tenant.client("stepfunctions")
    states.stop_execution(executionArn=execution, error="Stopped", cause="a trial")
    said = states.describe_execution(executionArn=execution)
    assert (said["status"], said["error"], said["cause"]) == ("ABORTED", "Stopped", "a trial")
    with refused("TaskTimedOut", ""):
        states.send_task_success(taskToken=token, output="{}")
    machine_arn = said["stateMachineArn"]
    (listed,) = states.list_executions(stateMachineArn=machine_arn)["executions"]
    assert (listed["executionArn"], listed["status"]) == (execution, "ABORTED")
    states.delete_state_machine(stateMachineArn=machine_arn)
    with refused("StateMachineDoesNotExist", machine_arn):
        states.list_executions(stateMachineArn=machine_arn)


def test_a_name_and_its_input_are_one_execution(tenant: Tenant) -> None:
    arn, _ = recorder(tenant)
    made = machine(tenant, task(arn, WAIT), allow("lambda:InvokeFunction"))
    first = begun(tenant, made, name="today")
    assert begun(tenant, made, name="today") == first
    with refused("ExecutionAlreadyExists", first):
        begun(tenant, made, name="today", input="{}")
    with refused("InvalidExecutionInput", ""):
        begun(tenant, made, input="{")


def test_what_step_functions_would_not_take_is_refused(tenant: Tenant) -> None:
    with refused("InvalidDefinition", "One"):
        machine(tenant, {"StartAt": "One", "States": {"One": {"Kind": "Pass"}}})
    iam, states = tenant.client("iam"), tenant.client("stepfunctions")
    other = trust({"Service": "states.amazonaws.com"}, "999999999999")
    role = iam.create_role(RoleName="other", AssumeRolePolicyDocument=other)["Role"]["Arn"]
    with refused("AccessDeniedException", "assume the provided role"):
        states.create_state_machine(name="other", definition=json.dumps(task("any")), roleArn=role)
    said = states.validate_state_machine_definition(definition="{}")
    assert (said["result"], [each["severity"] for each in said["diagnostics"]]) == ("FAIL", ["ERROR"])


@pytest.mark.parametrize("there", [True, False])
def test_a_topic_is_told_as_the_role_may(tenant: Tenant, *, there: bool) -> None:
    sns, sqs = tenant.client("sns"), tenant.client("sqs")
    topic = sns.create_topic(Name="people")["TopicArn"]
    queue = sqs.create_queue(QueueName="people")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    said = {"TopicArn": topic if there else f"{topic}-other", "Message": "It waits."}
    state = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": said, "End": True}
    made = machine(tenant, {"StartAt": "Tell", "States": {"Tell": state}}, allow("sns:Publish", resource=topic))
    done = eventually(ended(tenant, begun(tenant, made)))
    if there:
        (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        assert (done["status"], json.loads(message["Body"])["Message"]) == ("SUCCEEDED", "It waits.")
    else:
        assert (done["status"], done["error"]) == ("FAILED", "SNS.AuthorizationErrorException")


def in_another_account(tenant: Tenant, other: Tenant, name: str, *trusted: dict[str, Any]) -> tuple[str, str]:
    """A function of another account, and a role there that may invoke it."""
    arn = function(other, name, "def handler(event, context): return event['asked'] * 2")
    iam = other.client("iam")
    statements = trusted or ({"Effect": "Allow", "Principal": {"AWS": tenant.account}, "Action": "sts:AssumeRole"},)
    role = iam.create_role(RoleName="lent", AssumeRolePolicyDocument=document(statements))["Role"]["Arn"]
    own = document([allow("lambda:InvokeFunction", resource=arn)])
    iam.put_role_policy(RoleName="lent", PolicyName="own", PolicyDocument=own)
    return arn, str(role)


@pytest.fixture
def other(sandbox: Sandbox) -> Tenant:
    return Tenant(sandbox, str(next(accounts)))


def test_a_function_of_another_account_is_invoked_by_a_role_there(tenant: Tenant, other: Tenant) -> None:
    machine_arn = f"arn:aws:states:us-west-2:{tenant.account}:stateMachine:fleet"
    lent = {"Effect": "Allow", "Principal": {"AWS": tenant.account}, "Action": "sts:AssumeRole"}
    only = {**lent, "Condition": {"StringEquals": {"sts:ExternalId": machine_arn}}}
    arn, role = in_another_account(tenant, other, "twice", only)
    asked = task(arn, Credentials={"RoleArn": role})
    done = eventually(ended(tenant, begun(tenant, machine(tenant, asked, allow("sts:AssumeRole", resource=role)))))
    assert (done["status"], json.loads(done["output"])["Payload"]) == ("SUCCEEDED", 14)


@pytest.mark.parametrize("lacking", ["right", "trust", "role"])
def test_without_either_sides_consent_it_isnt_on_aws_either(tenant: Tenant, other: Tenant, lacking: str) -> None:
    nobody = {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sts:AssumeRole"}
    arn, role = in_another_account(tenant, other, "twice", *([nobody] if lacking == "trust" else []))
    asked = task(arn, Credentials={"RoleArn": "arn:aws:iam::999999999999:role/none" if lacking == "role" else role})
    may = allow("sns:Publish") if lacking == "right" else allow("sts:AssumeRole")
    done = eventually(ended(tenant, begun(tenant, machine(tenant, asked, may))))
    assert (done["status"], done["error"]) == ("FAILED", "States.TaskFailed")
    assert "is not authorized to assume the task state's role" in done["cause"]


def test_no_role_of_its_own_account_invokes_a_function_of_another(tenant: Tenant, other: Tenant) -> None:
    arn, _ = in_another_account(tenant, other, "twice")
    done = eventually(ended(tenant, begun(tenant, machine(tenant, task(arn), allow("lambda:InvokeFunction")))))
    assert (done["status"], done["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert "resource-based policy" in done["cause"]


def test_a_token_is_worth_nothing_in_another_account(tenant: Tenant, other: Tenant) -> None:
    execution, token = waiting(tenant)
    with refused("InvalidToken", ""):
        other.client("stepfunctions").send_task_success(taskToken=token, output="{}")
    assert ended(tenant, execution)() is None
