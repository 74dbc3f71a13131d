"""An alarm's state and its history, which moto hardly keeps: who sets a state, or finds another one, does it here.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from moto.cloudwatch.exceptions import InvalidParameterValue
from moto.cloudwatch.models import Alarm

from rollout_sandbox.alarms.evaluation import State

MAX_RECORDS = 100
Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm's state at a time.

    Attributes:
        value: The state.
        reason: In words.
        data: As JSON.
        since: When it was set.
    """

    value: State
    reason: str
    data: str | None
    since: datetime

    @classmethod
    def of(cls, alarm: Alarm) -> Standing:
        """An alarm's now."""
        value = cast("State", alarm.state_value)
        return cls(value, alarm.state_reason, alarm.state_reason_data, alarm.state_updated_timestamp)

    @property
    def told(self) -> dict[str, Any]:
        """As the history has it."""
        told: dict[str, Any] = {"stateValue": self.value, "stateReason": self.reason}
        if self.data:
            told["stateReasonData"] = json.loads(self.data)
        return told


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of an alarm's state.

    Attributes:
        alarm: The alarm.
        before: How it was.
        after: How it is.
        acts: Whether the alarm's actions were enabled at that moment.
    """

    alarm: Alarm
    before: Standing
    after: Standing
    acts: bool


def stand(alarm: Alarm, after: Standing) -> Transition | None:
    """Set an alarm's state; None if it was in it already."""
    before = Standing.of(alarm)
    alarm.state_value, alarm.state_reason, alarm.state_reason_data = after.value, after.reason, after.data  # type: ignore[assignment]
    alarm.state_updated_timestamp = after.since
    if after.value == before.value:
        return None
    alarm.state_transitioned_timestamp = after.since  # type: ignore[attr-defined]
    note(
        alarm,
        after.since,
        "StateUpdate",
        f"Alarm updated from {before.value} to {after.value}",
        {"version": "1.0", "oldState": before.told, "newState": after.told},
    )
    return Transition(alarm, before, after, alarm.actions_enabled)


def note(alarm: Alarm, at: datetime, kind: str, summary: str, data: Mapping[str, Any]) -> None:
    """Write into an alarm's history."""
    alarm.history.append(
        {
            "AlarmName": alarm.name,
            "AlarmType": "CompositeAlarm" if alarm.rule else "MetricAlarm",
            "Timestamp": at,
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps(data, separators=(",", ":")),
        }
    )


def history(alarms: Iterable[Alarm], asked: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeAlarmHistory."""
    kinds: Sequence[str] = asked.get("AlarmTypes") or ("MetricAlarm",)
    since, until = (asked.get(name) for name in ("StartDate", "EndDate"))
    found = sorted(
        (
            item
            for alarm in alarms
            for item in alarm.history
            if asked.get("AlarmName") in (None, item["AlarmName"])
            and asked.get("HistoryItemType") in (None, item["HistoryItemType"])
            and item["AlarmType"] in kinds
            and (since is None or item["Timestamp"] >= _aware(since))
            and (until is None or item["Timestamp"] <= _aware(until))
        ),
        key=lambda item: item["Timestamp"],
    )
    if asked.get("ScanBy", "TimestampDescending") == "TimestampDescending":
        found.reverse()
    token, room = asked.get("NextToken") or "0", int(asked.get("MaxRecords") or MAX_RECORDS)
    if not token.isdecimal():
        raise InvalidParameterValue("Request parameter NextToken is invalid")
    end = int(token) + room
    return {
        "AlarmHistoryItems": found[int(token) : end],
        **({"NextToken": str(end)} if end < len(found) else {}),
    }


def _aware(time: datetime) -> datetime:
    return time.replace(tzinfo=time.tzinfo or UTC)
