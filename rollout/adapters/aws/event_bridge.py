"""EventBridge over botocore; the only module that uses it.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from rollout.adapters.aws.session import Access, explained, shortened
from rollout.adapters.notify.ports import NotTold, Unreached
from rollout.inventory.model import Arn

SOURCE, DETAIL_TYPE = "rollout", "rollout notice v1"
LARGEST = 256 * 1024
"""Bytes of an entry. AWS takes 1 MB since 2026, but not every target of a rule does."""
_RETRIES = 2  # as of topics
_AGAIN = frozenset({"InternalException", "InternalFailure", "ThrottlingException"})
"""Codes of an entry that AWS calls retryable, by the reference of PutEventsResultEntry."""


class EventBridge:
    """The `Buses` port over botocore."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def put(self, bus: Arn, detail: Mapping[str, Any], at: datetime) -> None:
        region = bus.split(":")[3]
        client = replace(self._access, region=region).client("events", retries=_RETRIES)
        entry = {
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "EventBusName": bus,
            "Time": at,
            "Detail": _fitting(detail),
        }
        answer = explained(lambda: client.put_events(Entries=[entry]), bus)
        if answer["FailedEntryCount"]:
            failed = answer["Entries"][0]
            code = str(failed.get("ErrorCode"))
            what = f"PutEvents: {code}: {shortened(str(failed.get('ErrorMessage', '')))}"
            raise (Unreached if code in _AGAIN else NotTold)(what)


def _fitting(detail: Mapping[str, Any]) -> str:
    """The event's data as JSON, without its details where it would be too large with them.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
    """
    room = LARGEST - 14 - len(SOURCE) - len(DETAIL_TYPE)  # 14 for the time
    whole = json.dumps(detail, ensure_ascii=False)
    return whole if len(whole.encode()) <= room else json.dumps({**detail, "details": {}}, ensure_ascii=False)
