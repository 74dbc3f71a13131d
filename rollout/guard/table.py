"""How a DynamoDB table keeps the guard's state and records, or the controller's record, in DynamoDB's own JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollout.guard.plain import dumps, loads
from rollout.guard.record import Firing
from rollout.guard.state import GuardState

HASH, RANGE = "kind", "id"
"""The table's keys, both strings."""
STATE = {HASH: {"S": "state"}, RANGE: {"S": "state"}}
FIRED = "fired"
UNCHANGED = "attribute_not_exists(version) OR version = :read"
"""The condition under which a state is written."""


def table_name(title: str) -> str:
    """The table of an environment."""
    return f"{title}-guard"


def state_of(item: Mapping[str, Any] | None) -> GuardState:
    """The state of its item; a new one where there is none.

    Raises:
        Garbled: The item is something else.
    """
    return loads(GuardState, body_of(item)) if item else GuardState()


def body_of(item: Mapping[str, Any]) -> object:
    """An item's JSON."""
    return item.get("body", {}).get("S")


def state_put(table: str, state: GuardState) -> dict[str, Any]:
    """PutItem's arguments for a state whose version counts this change, if nobody made another since it was read."""
    return body_put(table, state.version, dumps(state))


def body_put(table: str, version: int, body: str) -> dict[str, Any]:
    """As `state_put`, for what a table's item has instead of a guard's state."""
    item = {**STATE, "version": {"N": str(version)}, "body": {"S": body}}
    read = {":read": {"N": str(version - 1)}}
    return {
        "TableName": table,
        "Item": item,
        "ConditionExpression": UNCHANGED,
        "ExpressionAttributeValues": read,
    }


def record_key(firing: Firing) -> dict[str, Any]:
    """A record's key: records are in the order of their alarms."""
    at = firing.at.isoformat(timespec="milliseconds")
    return {HASH: {"S": FIRED}, RANGE: {"S": f"{at}#{firing.id}"}}


def record_put(table: str, firing: Firing) -> dict[str, Any]:
    """PutItem's arguments for a record; a retry of the function replaces it, and knows more."""
    return {"TableName": table, "Item": {**record_key(firing), "body": {"S": dumps(firing)}}}


def record_of(item: Mapping[str, Any]) -> Firing:
    """The record of its item.

    Raises:
        Garbled: It is something else.
    """
    return loads(Firing, body_of(item))
