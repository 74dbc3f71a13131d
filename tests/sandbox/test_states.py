"""State machines in memory: as moto's executor runs them, and what that can't: time, heartbeats and retries."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaBackend
from moto.stepfunctions.parser.asl.utils import json_path

from rollout.programs.fleet_states import definition
from rollout_sandbox.states.executions import Execution, Executions, TaskTimedOut
from rollout_sandbox.states.language import InvalidDefinition
from rollout_sandbox.states.run import Call, Failed
from rollout_sandbox.states.timeline import Timeline
from tests.sandbox.test_fleet_states import fleet

WAVES = fleet(("a", "b"), ("c", "d"), ("e", "f"), at_once=1)
"""One after the other, so that both runners are asked in one order."""
ROLE = "arn:aws:iam::123456789012:role/fleet"


def controllers(bad: Mapping[str, Failed]) -> Callable[[str, Mapping[str, Any]], Any]:
    """What each environment's controller answers at last, and the order of what they were asked to do."""
    return lambda name, event: bad.get(f"{event['act']} {name}", {"weight": 100})


def by_moto(made: Mapping[str, Any], answer: Callable[[str, Mapping[str, Any]], Any]) -> tuple[Any, list[str]]:
    """Its end, and what was asked, by moto's executor, in real time; it loses the causes of failures."""
    asked = list[str]()

    def invoke(_backend: Any, function_name: str, _qualifier: Any, body: Any, *_headers: Any) -> bytes:
        event = json.loads(body)
        name = function_name.rsplit(":", maxsplit=1)[-1].split("-")[2]
        asked.append(f"{event['act']} {name}")
        result = answer(name, event)
        if isinstance(result, Failed) and "token" not in event:
            raise UnknownFunctionException(function_name)
        if "token" in event:
            threading.Thread(target=send, args=(event["token"], result)).start()
        return b"{}"

    def send(token: str, result: Any) -> None:
        if isinstance(result, Failed):
            states.send_task_failure(taskToken=token, error=result.error)
        else:
            states.send_task_success(taskToken=token, output=json.dumps(result))

    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}), pytest.MonkeyPatch.context() as patch:
        patch.setattr(LambdaBackend, "invoke", invoke)
        # a filter that nothing fits is an empty list on AWS: https://github.com/getmoto/moto/issues/10078
        patch.setattr(json_path, "_contains_slice_or_wildcard_array", lambda path: "[?" in path)
        states = boto3.client("stepfunctions", "us-west-2")
        arn = states.create_state_machine(name="all", definition=json.dumps(made), roleArn=ROLE)["stateMachineArn"]
        began = states.start_execution(stateMachineArn=arn, input='{"restart": false}')["executionArn"]
        done = threading.Event()
        while (end := states.describe_execution(executionArn=began))["status"] == "RUNNING":
            done.wait(0.05)
    # of a failure without a cause, it says that the cause is null
    return (end["status"], end.get("error"), end.get("cause", "").replace(',"Cause":null', "") or None), asked


class Here:
    """Functions that answer at once, or when their time has come."""

    def __init__(self, answer: Callable[[str, Mapping[str, Any]], Any]) -> None:
        self.timeline, self.answer, self.asked = Timeline(), answer, list[str]()
        self.executions = Executions(self.timeline, self)
        self.throttled = 0

    def call(self, call: Call, answer: Callable[[Any], None]) -> None:
        event = call.parameters["Payload"]
        name = call.parameters["FunctionName"].split(":")[-1].split("-")[2]
        if self.throttled:
            self.throttled -= 1
            answer(Failed("Lambda.TooManyRequestsException", "Rate Exceeded."))
            return
        self.asked.append(f"{event['act']} {name}")
        result = self.answer(name, event)
        if "token" not in event:
            answer(result)
            return
        answer({})
        if result is not None:
            self.timeline.after(60, lambda: self.send(event["token"], result))

    def send(self, token: str, result: Any) -> None:
        if isinstance(result, Failed):
            self.executions.send_task_failure(token, result.error, result.cause)
        else:
            self.executions.send_task_success(token, result)

    def run(self, made: Mapping[str, Any]) -> Execution:
        execution = self.executions.start(made, {"restart": False})
        self.timeline.run()
        return execution


def end(execution: Execution) -> tuple[str, str | None, str | None]:
    failed = execution.failed
    return execution.status, failed.error if failed else None, failed.cause if failed else None


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"ramp a": Failed("analysis-failed")},
        {"ramp d": Failed('it said "no", {} and \\')},
        {"ramp d": Failed("analysis-failed"), "rollback c": Failed("Lambda.ResourceNotFoundException")},
    ],
    ids=["good", "first", "second wave", "stuck"],
)
def test_it_runs_a_fleet_as_motos_executor_does(bad: Mapping[str, Failed]) -> None:
    made = definition(WAVES)
    for state in made["States"].values():  # moto waits in real time, and misses answers that come before it waits
        for task in state.get("ItemProcessor", {}).get("States", {}).values():
            task.pop("Retry", None)
            task.pop("HeartbeatSecondsPath", None)
    here = Here(controllers(bad))
    assert (end(here.run(made)), here.asked) == by_moto(made, controllers(bad))


def test_a_task_whose_heartbeat_is_lost_fails_and_one_that_beats_doesnt() -> None:
    here = Here(lambda _, event: {} if event["act"] == "rollback" else None)
    execution = here.executions.start(definition(fleet(("a",))), {"restart": False})
    (token,) = here.executions.tokens
    for _ in range(10):
        here.timeline.after(600, lambda: here.executions.send_task_heartbeat(token))
        here.timeline.run(most=timedelta(seconds=601))
    assert execution.status == "RUNNING"
    here.timeline.run()
    assert end(execution)[:2] == ("FAILED", "WaveFailed")
    assert "States.HeartbeatTimeout" in str(end(execution)[2])
    assert here.timeline.now() - execution.began > timedelta(hours=1)
    with pytest.raises(TaskTimedOut):
        here.executions.send_task_success(token, {})


@pytest.mark.parametrize(("times", "status"), [(15, "SUCCEEDED"), (32, "FAILED")])
def test_a_throttled_call_is_made_again_for_so_long(times: int, status: str) -> None:
    here = Here(controllers({}))
    here.throttled = times
    execution = here.run(definition(fleet(("a",))))
    assert execution.status == status
    assert here.timeline.now() - execution.began < timedelta(hours=1.5)


def test_an_execution_that_is_stopped_asks_nobody_any_more() -> None:
    here = Here(lambda *_: None)
    execution = here.executions.start(definition(WAVES), {"restart": False})
    (token,) = here.executions.tokens
    here.executions.stop(execution, "a person stopped it")
    here.timeline.run()
    assert (execution.status, here.asked) == ("ABORTED", ["ramp a"])
    with pytest.raises(TaskTimedOut):
        here.executions.send_task_heartbeat(token)


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Wait", "Seconds": 5, "End": True},
        {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {}, "End": True},
        {"Type": "Pass"},
        {"Type": "Pass", "Next": "Nowhere"},
        {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "It"}], "Default": "It"},
        {"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}, "End": True},
    ],
)
def test_what_it_does_not_know_is_refused_before_anything_begins(state: Mapping[str, Any]) -> None:
    here = Here(controllers({}))
    with pytest.raises(InvalidDefinition):
        here.run({"StartAt": "It", "States": {"It": state}})
    assert here.executions.all == {}


def test_a_path_to_nothing_ends_everything_whatever_is_caught() -> None:
    here = Here(controllers({}))
    done = {"Type": "Succeed"}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]
    each = {"StartAt": "Done", "States": {"Done": done}}
    states = {
        "It": {"Type": "Map", "ItemsPath": "$.nothing", "ItemProcessor": each, "Catch": catch, "End": True},
        "Done": done,
    }
    assert end(here.run({"StartAt": "It", "States": states}))[:2] == ("FAILED", "States.Runtime")
