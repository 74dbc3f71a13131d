"""The guard's table in DynamoDB and its heartbeat in CloudWatch, over botocore; the only module that uses DynamoDB.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from rollout.adapters.aws.session import Access, Refused, explained
from rollout.analysis.metrics import AlarmState
from rollout.errors import AwsError
from rollout.guard import table
from rollout.guard.heartbeat import datum
from rollout.guard.plain import Garbled
from rollout.guard.record import Firing
from rollout.guard.state import GuardState
from rollout.migration.ports import Transition

TRIES = 10
_RETRIES = 3
_NO_TABLE, _CHANGED = "ResourceNotFoundException", "ConditionalCheckFailedException"


class AwsGuard:
    """The `Guard` port over botocore.

    Args:
        title: How the names of the environment's resources begin.
        time: The time of a sandbox, which isn't that of its answers; None on AWS.
    """

    def __init__(self, access: Access, title: str, time: Callable[[], datetime] | None = None) -> None:
        self._access, self._title, self._time = access, title, time
        self._table = table.table_name(title)

    @cached_property
    def _items(self) -> Any:
        return self._access.client("dynamodb", retries=_RETRIES)

    @cached_property
    def _metrics(self) -> Any:
        return self._access.client("cloudwatch", retries=_RETRIES)

    def read(self) -> GuardState | None:
        found = self._read()
        return found[0] if found else None

    def change(self, transition: Transition) -> GuardState:
        for _ in range(TRIES):
            found = self._read()
            if found is None:
                hint = "run `rollout guard install` first"
                raise AwsError("the environment has no guard", where=self._table, hint=hint, code="no-guard")
            state, now = found
            wanted = transition(state, now)
            if wanted == state:
                return state
            if self._write(wanted := replace(wanted, version=state.version + 1)):
                return wanted
        what = "other processes keep changing the guard's state"
        raise AwsError(what, where=self._table, hint="run the command again", code="concurrent-change")

    def firings(self, limit: int) -> tuple[Firing, ...]:
        query = {
            "TableName": self._table,
            "KeyConditionExpression": "#kind = :fired",
            "ExpressionAttributeNames": {"#kind": table.HASH},
            "ExpressionAttributeValues": {":fired": {"S": table.FIRED}},
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": limit,
        }
        try:
            return tuple(_records(explained(lambda: self._items.query(**query), self._table)["Items"]))
        except Refused as error:
            if _code(error) == _NO_TABLE:
                return ()
            raise

    def set_alarm(self, name: str, state: AlarmState, reason: str, data: str) -> None:
        asked = {"AlarmName": name, "StateValue": state.value, "StateReason": reason, "StateReasonData": data}
        explained(lambda: self._metrics.set_alarm_state(**asked), name)

    def beat(self) -> None:
        explained(lambda: self._metrics.put_metric_data(**datum(self._title)))

    def _read(self) -> tuple[GuardState, datetime] | None:
        """The state and AWS's time of its reading; None where there is no table."""
        before = self._time() if self._time else None
        asked = {"TableName": self._table, "Key": table.STATE, "ConsistentRead": True}
        try:
            answer = explained(lambda: self._items.get_item(**asked), self._table)
            return table.state_of(answer.get("Item")), before or _time_of(answer)
        except Refused as error:
            if _code(error) == _NO_TABLE:
                return None
            raise
        except Garbled as error:
            raise AwsError(
                f"the guard's state can't be read: {error}",
                where=self._table,
                hint="update rollout; if it is the newest, delete the table's item `state` and run the command again",
                code="guard-state-unreadable",
            ) from None

    def _write(self, state: GuardState) -> bool:
        """Whether it was written: not if another process wrote since it was read."""
        try:
            explained(lambda: self._items.put_item(**table.state_put(self._table, state)), self._table)
        except Refused as error:
            if _code(error) == _CHANGED:
                return False
            raise
        return True


def _records(items: Iterable[Mapping[str, Any]]) -> Iterator[Firing]:
    """Those that can be read: history says what it can."""
    for item in items:
        try:
            yield table.record_of(item)
        except Garbled:
            continue


def _time_of(answer: Mapping[str, Any]) -> datetime:
    """AWS's time: the second in which it answered, never a later one."""
    told = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    return told.astimezone(UTC)


def _code(error: Refused) -> str:
    return str(error.response["Error"]["Code"])
