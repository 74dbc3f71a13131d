"""Step Functions' state machines and their executions, over botocore.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from rollout.adapters.aws.session import Access, Refused, explained
from rollout.adapters.aws.shared_item import code_of
from rollout.inventory.fleets import POLICY, FleetRole
from rollout.ramp.fleet import FleetExecution, StateEvent

_AT_ONCE, _NO_ENTITY = 4, "NoSuchEntity"


class StateMachines:
    """The `StateMachines` port over botocore."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @cached_property
    def _client(self) -> Any:
        return self._access.client("stepfunctions", at_once=_AT_ONCE)

    def definition(self, machine: str) -> str | None:
        try:
            found = explained(lambda: self._client.describe_state_machine(stateMachineArn=machine), machine)
        except Refused as error:
            if _is_missing(error):
                return None
            raise
        return str(found["definition"])

    def role(self, name: str) -> FleetRole | None:
        client = self._access.client("iam")
        try:
            found = explained(lambda: client.get_role(RoleName=name)["Role"], name)
        except Refused as error:
            if code_of(error) == _NO_ENTITY:
                return None
            raise
        try:
            own = explained(lambda: client.get_role_policy(RoleName=name, PolicyName=POLICY)["PolicyDocument"], name)
        except Refused as error:
            if code_of(error) != _NO_ENTITY:
                raise
            own = {}
        return FleetRole(name, json.dumps(found["AssumeRolePolicyDocument"]), json.dumps(own))

    def latest(self, machine: str, most: int = 1) -> tuple[FleetExecution, ...]:
        try:
            found = explained(lambda: self._client.list_executions(stateMachineArn=machine, maxResults=most), machine)
        except Refused as error:
            if _is_missing(error):
                return ()
            raise
        arns = [each["executionArn"] for each in found["executions"]]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return tuple(explained(lambda: list(pool.map(self._execution, arns)), machine))

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
