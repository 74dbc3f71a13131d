"""CloudWatch's event to a function that is an alarm's action.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from rollout.guard.plain import Garbled, loads

ALARM = "ALARM"
DRILL = "rollout-drill"
"""The key of a drill's id in the data of a state's reason; `dry` beside it says that nothing is moved."""


LOOK = {"look": "alarms"}
"""The schedule's event: CloudWatch tells of changes alone, so the function asks which alarms have gone off unheard."""


@dataclass(frozen=True, slots=True)
class _State:
    value: str
    timestamp: datetime
    reason: str = ""
    reasonData: str = ""  # noqa: N815 - CloudWatch's name


@dataclass(frozen=True, slots=True)
class _Previous:
    value: str = ""


@dataclass(frozen=True, slots=True)
class _Data:
    alarmName: str  # noqa: N815 - as above
    state: _State
    previousState: _Previous = _Previous()  # noqa: N815 - as above


@dataclass(frozen=True, slots=True)
class _Event:
    alarmArn: str  # noqa: N815 - as above
    alarmData: _Data  # noqa: N815 - as above


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """An alarm's state has changed.

    Attributes:
        id: The same for each delivery of one change; AWS gives none.
        at: The change's time, by CloudWatch.
        drill: The id of the drill that set the state; empty for a real one.
        dry: Whether the drill moves nothing.
    """

    id: str
    alarm: str
    arn: str
    at: datetime
    state: str
    previous: str = ""
    reason: str = ""
    drill: str = ""
    dry: bool = False


def read_event(event: object) -> AlarmEvent | None:
    """CloudWatch's event; None for anything else."""
    try:
        found = loads(_Event, json.dumps(event))
    except (Garbled, TypeError, ValueError, RecursionError):
        return None
    state = found.alarmData.state
    drill, dry = _drill(state.reasonData)
    return AlarmEvent(
        event_id(found.alarmArn, state.timestamp),
        found.alarmData.alarmName,
        found.alarmArn,
        state.timestamp,
        state.value,
        found.alarmData.previousState.value,
        state.reason,
        drill,
        dry,
    )


def raised_event(arn: str, alarm: str, at: datetime, reason: str, reason_data: str) -> AlarmEvent:
    """The event of an alarm that is in ALARM state since a time, as CloudWatch told it or would have."""
    drill, dry = _drill(reason_data)
    return AlarmEvent(event_id(arn, at), alarm, arn, at, ALARM, "", reason, drill, dry)


def event_id(arn: str, at: datetime) -> str:
    """The id of an alarm's change at a time."""
    return blake2b(f"{arn} {at.isoformat()}".encode(), digest_size=8).hexdigest()


def _drill(data: str) -> tuple[str, bool]:
    try:
        found = json.loads(data or "{}")
    except (ValueError, RecursionError):
        return "", False
    if not isinstance(found, dict) or not isinstance(found.get(DRILL), str):
        return "", False
    return found[DRILL], found.get("dry") is True
