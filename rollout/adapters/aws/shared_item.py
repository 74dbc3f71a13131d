"""The item of a DynamoDB table that `adapters.shared_state` changes, over botocore; also the tables' other items.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from rollout.adapters.aws.session import Access, Refused, explained
from rollout.guard import table as tables

_RETRIES = 3
_CHANGED, NO_TABLE = "ConditionalCheckFailedException", "ResourceNotFoundException"


class DynamoItem:
    """The `Item` port.

    Args:
        time: The time of a sandbox, to the microsecond; None on AWS, whose answers have it.
    """

    def __init__(self, access: Access, table: str, time: Callable[[], datetime] | None = None) -> None:
        self.table = table
        self._access, self._time = access, time

    @cached_property
    def client(self) -> Any:
        """DynamoDB's."""
        return self._access.client("dynamodb", retries=_RETRIES)

    def get(self) -> tuple[object, datetime] | None:
        before = self._time() if self._time else None
        asked = {"TableName": self.table, "Key": tables.STATE, "ConsistentRead": True}
        try:
            answer = explained(lambda: self.client.get_item(**asked), self.table)
        except Refused as error:
            if code_of(error) == NO_TABLE:
                return None
            raise
        item = answer.get("Item")
        told = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])  # never later than it was
        return tables.body_of(item) if item else None, before or told.astimezone(UTC)

    def put(self, version: int, body: str) -> bool:
        try:
            explained(lambda: self.client.put_item(**tables.body_put(self.table, version, body)), self.table)
        except Refused as error:
            if code_of(error) == _CHANGED:
                return False
            raise
        return True


def code_of(error: Refused) -> str:
    """AWS's."""
    return str(error.response["Error"]["Code"])
