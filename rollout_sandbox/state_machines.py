"""Executions of state machines: Step Functions' calls about them, by the sandbox's clock and the machines' roles.

The state machines are moto's. Their executions are run by `states`: a task invokes a function or publishes to a topic,
as the role may. They aren't on tape, so they end with the sandbox.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from random import SystemRandom
from typing import Any
from uuid import UUID

from moto.sns.models import sns_backends
from moto.stepfunctions.models import StateMachine, stepfunctions_backends
from werkzeug.wrappers import Response

from rollout_sandbox import refusal, trust
from rollout_sandbox.agenda import Agenda
from rollout_sandbox.authorization import allows
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.functions import Failure
from rollout_sandbox.data_plane.targets import target_of
from rollout_sandbox.lambdas.functions import RunningFunctions
from rollout_sandbox.request import ApiRequest
from rollout_sandbox.sessions import Session, session_of
from rollout_sandbox.states.executions import Execution, Executions
from rollout_sandbox.states.run import Call, Event, Failed, Token
from rollout_sandbox.states.tasks import WAITS
from rollout_sandbox.strict.state_machines import problem_of

_log = logging.getLogger("rollout.sandbox")
PAGE, MOST = 100, 1000
"""Events of a page: by default, and at most."""


class _RefusedError(Exception):
    """AWS's error, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class StateMachines:
    """The executions of all accounts.

    Args:
        agenda: When things are done.
        clock: The sandbox's.
        turn: Held by whoever reads or changes moto's state.
        functions: Who answers tasks.
    """

    agenda: Agenda
    clock: SandboxClock
    turn: threading.Lock
    functions: RunningFunctions
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _running: dict[str, _Running] = field(default_factory=dict, repr=False)
    _random: SystemRandom = field(default_factory=SystemRandom, repr=False)

    def answer(self, call: ApiRequest) -> Response | None:
        """Answer a call about executions; None where it is about something else."""
        act = _CALLS.get(call.action)
        if act is None:
            return None
        try:
            with self._lock:
                said = act(self, call, call.parameters)
        except _RefusedError as error:
            return refusal.response(call.protocol, error.code, str(error), HTTPStatus.BAD_REQUEST)
        return Response(json.dumps(said), content_type="application/x-amz-json-1.0")

    def refresh(self) -> None:
        """Forget the executions of state machines that are gone; called in turn with moto's changes."""
        every: list[Any] = [backend for _, _, backend in stepfunctions_backends.iter_backends()]
        there = {machine.arn for backend in every for machine in backend.state_machines}

        def forget() -> None:
            for arn, running in list(self._running.items()):
                if running.machine not in there:
                    running.stop()
                    del self._running[arn]

        self.at(self.now(), forget)  # later, since answers take the lock before their turn

    # -- time, for `states` ------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The time of day."""
        return self.clock.now()

    def at(self, time: datetime, act: Callable[[], None]) -> None:
        """Act at a time."""

        def due() -> None:
            with self._lock:
                act()

        self.agenda.at(time, due)

    # -- the calls ---------------------------------------------------------------------------------------------------

    def start_execution(self, call: ApiRequest, asked: Mapping[str, Any]) -> dict[str, Any]:
        """StartExecution: one of the same name and input that runs is the same one."""
        machine, given = self._machine(call), asked.get("input") or "{}"
        try:
            data = json.loads(given)
        except ValueError as error:
            text = f"Invalid State Machine Execution Input: '{error}'"
            raise _RefusedError("InvalidExecutionInput", text) from None
        name = asked.get("name") or str(UUID(int=self._random.getrandbits(128)))
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}"
        there = self._running.get(arn)
        if there and (there.given != given or there.execution.status != "RUNNING"):
            raise _RefusedError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        if there is None:
            there = self._running[arn] = _Running(self, machine.arn, session_of(machine.roleArn, name), given)
            there.begin(json.loads(machine.definition), data, name)
        return {"executionArn": arn, "startDate": there.execution.began.timestamp()}

    def stop_execution(self, _: ApiRequest, asked: Mapping[str, Any]) -> dict[str, Any]:
        """StopExecution."""
        found = self._found(asked)
        found.stop(asked.get("error") or "", asked.get("cause") or "")
        return {"stopDate": (found.execution.ended or self.now()).timestamp()}

    def describe_execution(self, _: ApiRequest, asked: Mapping[str, Any]) -> dict[str, Any]:
        """DescribeExecution."""
        found = self._found(asked)
        execution, failed = found.execution, found.execution.failed
        output = {} if execution.output is None else {"output": json.dumps(execution.output)}
        why = {"error": failed.error, "cause": failed.cause} if failed else {}
        said = {**found.summary(asked["executionArn"]), "input": found.given, **output}
        return {**said, **{key: value for key, value in why.items() if value}}

    def list_executions(self, call: ApiRequest, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ListExecutions, the latest first."""
        machine, status = self._machine(call), asked.get("statusFilter")
        found = [
            each.summary(arn)
            for arn, each in self._running.items()
            if each.machine == machine.arn and status in (None, each.execution.status)
        ]
        latest = sorted(found, key=lambda each: float(each["startDate"]), reverse=True)
        return {"executions": latest[: asked.get("maxResults") or PAGE]}

    def get_execution_history(self, _: ApiRequest, asked: Mapping[str, Any]) -> dict[str, Any]:
        """GetExecutionHistory."""
        region = asked["executionArn"].split(":")[3]
        events = [_told(event, region) for event in self._found(asked).execution.history]
        if asked.get("reverseOrder"):
            events.reverse()
        begin, size = int(asked.get("nextToken") or 0), min(asked.get("maxResults") or PAGE, MOST)
        after = {"nextToken": str(begin + size)} if begin + size < len(events) else {}
        return {"events": events[begin : begin + size], **after}

    def send_task_success(self, call: ApiRequest, asked: Mapping[str, Any]) -> dict[str, Any]:
        """SendTaskSuccess."""
        try:
            output = json.loads(asked["output"])
        except ValueError as error:
            raise _RefusedError("InvalidOutput", f"Invalid Output: '{error}'") from None
        return self._answered(call, lambda token: token.end(output))

    def send_task_failure(self, call: ApiRequest, asked: Mapping[str, Any]) -> dict[str, Any]:
        """SendTaskFailure."""
        return self._answered(call, lambda token: token.end(Failed(asked.get("error") or "", asked.get("cause"))))

    def send_task_heartbeat(self, call: ApiRequest, _: Mapping[str, Any]) -> dict[str, Any]:
        """SendTaskHeartbeat."""
        return self._answered(call, lambda token: token.beat())

    def list_versions(self, call: ApiRequest, _: Mapping[str, Any]) -> dict[str, Any]:
        """ListStateMachineVersions: there are none."""
        self._machine(call)
        return {"stateMachineVersions": []}

    def validate_definition(self, _: ApiRequest, asked: Mapping[str, Any]) -> dict[str, Any]:
        """ValidateStateMachineDefinition."""
        problem = problem_of(asked["definition"])
        if problem is None:
            return {"result": "OK", "diagnostics": []}
        code, text = problem.split(": ", 1)
        return {"result": "FAIL", "diagnostics": [{"severity": "ERROR", "code": code, "message": text}]}

    def _answered(self, call: ApiRequest, answer: Callable[[Token], None]) -> dict[str, Any]:
        """Answer a task, as principals of the state machine's account alone may.

        https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
        """
        token = call.parameters["taskToken"]
        running = next((each for each in self._running.values() if token in each.tokens), None)
        if running is None:
            text = "Task Timed Out: 'Provided task does not exist anymore'"
            raise _RefusedError("TaskTimedOut", text)
        if running.session.account != call.account:
            raise _RefusedError("InvalidToken", "Invalid Token: 'Invalid token'")
        answer(running.tokens[token])
        return {}

    def _machine(self, call: ApiRequest) -> StateMachine:
        arn = call.parameters["stateMachineArn"]
        with self.turn:
            found = stepfunctions_backends[call.account][call.region].state_machines
        for each in found:
            if each.arn == arn:
                return each
        raise _RefusedError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")

    def _found(self, asked: Mapping[str, Any]) -> _Running:
        arn = asked["executionArn"]
        if arn not in self._running:
            raise _RefusedError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return self._running[arn]


@dataclass
class _Running:
    """One execution, and what its tasks call."""

    home: StateMachines
    machine: str
    session: Session
    given: str
    tokens: dict[str, Token] = field(default_factory=dict, repr=False)

    def begin(self, definition: Mapping[str, Any], data: Any, name: str) -> None:
        home = self.home
        self.executions = Executions(home, self, home._random, self.tokens)  # noqa: SLF001 - its own part
        self.execution: Execution = self.executions.start(definition, data, name)

    def stop(self, error: str = "", cause: str = "") -> None:
        self.executions.stop(self.execution, cause, error)

    def summary(self, arn: str) -> dict[str, Any]:
        execution = self.execution
        ended = {"stopDate": execution.ended.timestamp()} if execution.ended else {}
        began, status = execution.began.timestamp(), execution.status
        said = {"executionArn": arn, "stateMachineArn": self.machine, "name": execution.name}
        return {**said, "status": status, "startDate": began, **ended}

    def call(self, call: Call, answer: Callable[[Any | Failed], None]) -> None:
        """Do a task's call aside: a function takes its time."""

        def do() -> None:
            try:
                result = self._result(call)
            except Exception as error:  # noqa: BLE001 - whatever it is, the task ends
                _log.exception("%s failed", call.resource)
                result = Failed("States.TaskFailed", str(error))
            with self.home._lock:  # noqa: SLF001 - as above
                answer(result)

        try:
            threading.Thread(target=do, name="task", daemon=True).start()
        except RuntimeError as error:  # the system has no thread left
            answer(Failed("States.TaskFailed", str(error)))

    def _result(self, call: Call) -> Any | Failed:
        session = self.session
        if call.role:
            # https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html: it is
            # assumed by the state machine's role, with the state machine's ARN as its external id
            with self.home.turn:
                caller = trust.Caller.of_session(session)
                refused = trust.refusal(caller, call.role, session.name, self.machine)
            if refused:
                what = f"The role {caller.principal} is not authorized to assume the task state's role, {call.role}."
                return Failed("States.TaskFailed", what)
            session = session_of(call.role, session.name)
        if call.resource.removesuffix(WAITS).endswith(":lambda:invoke"):
            return self._invoke(session, call.parameters["FunctionName"], call.parameters.get("Payload"))
        if call.resource.removesuffix(WAITS).endswith(":sns:publish"):
            return self._publish(session, call.parameters)
        return Failed("States.Runtime", f"The sandbox doesn't support {call.resource}")

    def _invoke(self, session: Session, function: str, event: Any) -> Any | Failed:
        if refused := self._refusal(session, "lambda:InvokeFunction", function):
            return Failed("Lambda.AWSLambdaException", refused)
        _, _, _, region, account, *_ = function.split(":")
        with self.home.turn:
            target = target_of(account, region, function, None)
        if target is None:
            return Failed("Lambda.ResourceNotFoundException", f"Function not found: {function}")
        went = self.home.functions.invoke(target, event)
        if went.failure is Failure.THROTTLED:
            return Failed("Lambda.TooManyRequestsException", "Rate Exceeded.")
        if went.failure is not None:
            error = went.said.get("errorType") if isinstance(went.said, Mapping) else None
            return Failed(error or "Lambda.Unknown", json.dumps(went.said))
        return {"ExecutedVersion": went.version, "Payload": went.said, "StatusCode": 200}

    def _publish(self, session: Session, asked: Mapping[str, Any]) -> Any | Failed:
        topic = asked["TopicArn"]
        if refused := self._refusal(session, "sns:Publish", topic):
            return Failed("SNS.AuthorizationErrorException", refused)
        _, _, _, region, account, *_ = topic.split(":")
        said = {
            name: {"Type": each["DataType"], "Value": each["StringValue"]}
            for name, each in asked.get("MessageAttributes", {}).items()
        }
        with self.home.turn:
            topics = sns_backends[account][region]
            if topic not in topics.topics:
                return Failed("SNS.NotFoundException", "Topic does not exist")
            sent = topics.publish(asked["Message"], arn=topic, subject=asked.get("Subject"), message_attributes=said)
        return {"MessageId": sent}

    def _refusal(self, session: Session, action: str, resource: str) -> str | None:
        with self.home.turn:
            may = allows(session, action, resource)
        if may and resource.split(":")[4] == session.account:
            return None
        # in another account it takes a resource's own policy, too, and the sandbox evaluates none
        why = " because no resource-based policy allows the action" if may else ""
        return f"User: {session.arn} is not authorized to perform: {action} on resource: {resource}{why}"


_CALLS: Mapping[str, Callable[[StateMachines, ApiRequest, Mapping[str, Any]], dict[str, Any]]] = {
    "states:StartExecution": StateMachines.start_execution,
    "states:StopExecution": StateMachines.stop_execution,
    "states:DescribeExecution": StateMachines.describe_execution,
    "states:ListExecutions": StateMachines.list_executions,
    "states:GetExecutionHistory": StateMachines.get_execution_history,
    "states:SendTaskSuccess": StateMachines.send_task_success,
    "states:SendTaskFailure": StateMachines.send_task_failure,
    "states:SendTaskHeartbeat": StateMachines.send_task_heartbeat,
    "states:ListStateMachineVersions": StateMachines.list_versions,
    "states:ValidateStateMachineDefinition": StateMachines.validate_definition,
}


def _told(event: Event, region: str) -> dict[str, Any]:
    """An event as AWS tells it."""
    kind, details = event.kind, dict(event.details)
    if kind.endswith(("StateEntered", "StateExited")):
        key = f"s{kind[kind.index('State') + 1 :]}EventDetails"
    else:
        key = f"{kind[0].lower()}{kind[1:]}EventDetails"
    if service := str(details.get("resource", "")).removeprefix("arn:aws:states:::"):
        details["resourceType"], _, details["resource"] = service.partition(":")
        details["region"] = region
    for name in ("input", "output"):
        if name in details:
            details[name] = json.dumps(details[name])
    said = {"id": event.id, "previousEventId": event.previous, "type": kind, "timestamp": event.at.timestamp()}
    return {**said, **({key: {name: value for name, value in details.items() if value is not None}} if details else {})}
