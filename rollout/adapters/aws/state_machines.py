"""Step Functions' state machines and their executions, over botocore.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from rollout.adapters.aws.session import Access, explained
from rollout.ramp.fleet import FleetExecution, StateEvent


class StepFunctions:
    """The `StateMachines` port over botocore."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @cached_property
    def _client(self) -> Any:
        return self._access.client("stepfunctions")

    def definition(self, machine: str) -> str | None:
        def read() -> str | None:
            try:
                return str(self._client.describe_state_machine(stateMachineArn=machine)["definition"])
            except self._client.exceptions.StateMachineDoesNotExist:
                return None

        return explained(read, machine)

    def last(self, machine: str) -> FleetExecution | None:
        def read() -> FleetExecution | None:
            try:
                found = self._client.list_executions(stateMachineArn=machine, maxResults=1)["executions"]
            except self._client.exceptions.StateMachineDoesNotExist:
                return None
            return self._execution(found[0]["executionArn"]) if found else None

        return explained(read, machine)

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

    def start(self, machine: str, name: str, given: str) -> None:
        explained(lambda: self._client.start_execution(stateMachineArn=machine, name=name, input=given), machine)

    def stop(self, execution: str, error: str, cause: str) -> None:
        explained(lambda: self._client.stop_execution(executionArn=execution, error=error, cause=cause), execution)


def _event(event: Any) -> StateEvent:
    details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    return StateEvent(event["id"], event.get("previousEventId", 0), event["timestamp"], event["type"], details)
