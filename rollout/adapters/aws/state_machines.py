"""Step Functions' state machines and their executions, over botocore.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from rollout.adapters.aws.session import Access, Refused, explained
from rollout.adapters.aws.shared_item import code_of
from rollout.ramp.fleet import FleetExecution, StateEvent


class StateMachines:
    """The `StateMachines` port over botocore."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @cached_property
    def _client(self) -> Any:
        return self._access.client("stepfunctions")

    def definition(self, machine: str) -> str | None:
        try:
            found = explained(lambda: self._client.describe_state_machine(stateMachineArn=machine), machine)
        except Refused as error:
            if _is_missing(error):
                return None
            raise
        return str(found["definition"])

    def last(self, machine: str) -> FleetExecution | None:
        try:
            found = explained(lambda: self._client.list_executions(stateMachineArn=machine, maxResults=1), machine)
        except Refused as error:
            if _is_missing(error):
                return None
            raise
        arns = [each["executionArn"] for each in found["executions"]]
        return explained(lambda: self._execution(arns[0]), machine) if arns else None

    def _execution(self, arn: str) -> FleetExecution:
        found = self._client.describe_execution(executionArn=arn)
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=arn, includeExecutionData=True
        )
        return FleetExecution(
            arn,
            found["status"],
            found["startDate"],
            found.get("stopDate"),
            found.get("error", ""),
            found.get("cause", ""),
            tuple(_event(event) for page in pages for event in page["events"]),
        )

    def start(self, machine: str, name: str, given: str) -> bool:
        try:
            explained(lambda: self._client.start_execution(stateMachineArn=machine, name=name, input=given), machine)
        except Refused as error:
            if code_of(error) == "ExecutionAlreadyExists":
                return False
            raise
        return True

    def stop(self, execution: str, error: str, cause: str) -> None:
        explained(lambda: self._client.stop_execution(executionArn=execution, error=error, cause=cause), execution)


def _is_missing(error: Refused) -> bool:
    return code_of(error) == "StateMachineDoesNotExist"


def _event(event: Any) -> StateEvent:
    details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    return StateEvent(event["id"], event.get("previousEventId", 0), event["timestamp"], event["type"], details)
