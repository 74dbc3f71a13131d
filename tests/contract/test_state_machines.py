"""Step Functions' adapters on moto's executor: an execution that waits for a person, with the states of a fleet."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rollout.adapters.aws.session import Access
from rollout.adapters.aws.state_machines import StateMachines
from rollout.adapters.aws.step_functions import StepFunctions
from rollout.errors import AwsError
from rollout.inventory.fleets import APPROVAL
from rollout.ramp.fleet import FleetExecution, waiting_approval
from rollout.ramp.fleet_history import fleet_changes

REGION = "us-west-2"
MACHINE = f"arn:aws:states:{REGION}:123456789012:stateMachine:fleet"
ACCESS = Access(REGION, None, "any", "any")


@pytest.fixture
def topic() -> Iterator[str]:
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield boto3.client("sns", REGION).create_topic(Name="people")["TopicArn"]


@pytest.fixture
def definition(topic: str) -> str:
    """A machine that waits for an approval, installed."""
    token = {"token": {"DataType": "String", "StringValue.$": "$$.Task.Token"}}
    given = {"TopicArn": topic, "Message": "It waits.", "MessageAttributes": token}
    resource = "arn:aws:states:::sns:publish.waitForTaskToken"
    task = {"Type": "Task", "Resource": resource, "Parameters": given, "HeartbeatSeconds": 600, "End": True}
    states = {f"{APPROVAL}2": task}
    made = json.dumps({"StartAt": f"{APPROVAL}2", "States": states})
    role = "arn:aws:iam::123456789012:role/fleet"
    boto3.client("stepfunctions", REGION).create_state_machine(name="fleet", definition=made, roleArn=role)
    return made


def last(machines: StateMachines, until: Any) -> FleetExecution:
    """The last execution, once something is so of it."""
    for _ in range(200):
        found = machines.latest(MACHINE)
        if found and until(found[0]):
            return found[0]
        time.sleep(0.02)  # moto's threads
    raise AssertionError(found)


def test_without_a_machine_nothing_has_run(topic: str) -> None:
    assert StateMachines(ACCESS).definition(MACHINE) is None
    assert StateMachines(ACCESS).latest(MACHINE) == ()
    with pytest.raises(AwsError):
        StateMachines(ACCESS).start(MACHINE, "a", "{}")


def test_an_approval_is_found_in_the_history_and_answered_once(definition: str) -> None:
    machines, tasks = StateMachines(ACCESS), StepFunctions(ACCESS)
    assert machines.definition(MACHINE) == definition
    assert machines.latest(MACHINE) == ()
    machines.start(MACHINE, "2026-11-29T01-45", '{"restart": false}')
    execution = last(machines, waiting_approval)
    assert json.loads(execution.history[0].details["input"]) == {"restart": False}
    found = waiting_approval(execution)
    assert found
    wave, token = found
    assert (wave, tasks.beat(token), tasks.succeed(token, {"by": "a person"})) == (2, True, True)
    done = last(machines, lambda it: it.status == "SUCCEEDED")
    assert waiting_approval(done) is None
    assert [(each.what, each.by) for each in fleet_changes([done])] == [
        ("fleet ramp", None),
        ("fleet approved", "a person"),
    ]
    assert not tasks.succeed(token, {})
    assert not tasks.fail("nonsense", "Declined", "no")
