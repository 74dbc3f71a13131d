"""The guard's table in DynamoDB and its heartbeat in CloudWatch, over botocore.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from rollout.adapters.aws.session import Access, Refused, explained
from rollout.adapters.aws.shared_item import NO_TABLE, DynamoItem, code_of
from rollout.adapters.shared_state import GUARD, SharedState
from rollout.analysis.metrics import AlarmState
from rollout.guard import table
from rollout.guard.heartbeat import datum
from rollout.guard.plain import Garbled
from rollout.guard.record import Firing
from rollout.guard.state import GuardState

_RETRIES = 3


class AwsGuard(SharedState[GuardState]):
    """The `Guard` port over botocore.

    Args:
        title: How the names of the environment's resources begin.
        time: The time of a sandbox, which isn't that of its answers; None on AWS.
    """

    def __init__(self, access: Access, title: str, time: Callable[[], datetime] | None = None) -> None:
        self._access, self._title = access, title
        self._items = DynamoItem(access, table.table_name(title), time)
        super().__init__(GUARD, self._items)

    @cached_property
    def _metrics(self) -> Any:
        return self._access.client("cloudwatch", retries=_RETRIES)

    def firings(self, limit: int) -> tuple[Firing, ...]:
        query = {
            "TableName": self._items.table,
            "KeyConditionExpression": "#kind = :fired",
            "ExpressionAttributeNames": {"#kind": table.HASH},
            "ExpressionAttributeValues": {":fired": {"S": table.FIRED}},
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": limit,
        }
        try:
            return tuple(_records(explained(lambda: self._items.client.query(**query), self._items.table)["Items"]))
        except Refused as error:
            if code_of(error) == NO_TABLE:
                return ()
            raise

    def set_alarm(self, name: str, state: AlarmState, reason: str, data: str) -> None:
        asked = {"AlarmName": name, "StateValue": state.value, "StateReason": reason, "StateReasonData": data}
        explained(lambda: self._metrics.set_alarm_state(**asked), name)

    def beat(self) -> None:
        explained(lambda: self._metrics.put_metric_data(**datum(self._title)))


def _records(items: Iterable[Mapping[str, Any]]) -> Iterator[Firing]:
    """Those that can be read: history says what it can."""
    for item in items:
        try:
            yield table.record_of(item)
        except Garbled:
            continue
