"""A guard's configuration and alarms, as tests need them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rollout.fakes.clock import MONDAY
from rollout.guard.alarm import AlarmEvent, read_event
from rollout.guard.config import GuardConfig, GuardedRoute, Silence

SILENT, ERRORS, LATENCY = "shop-production-silence", "shop-production-errors", "shop-production-latency"
_RULE = "arn:aws:elasticloadbalancing:eu-central-1:111111111111:listener-rule/app/public/1/2/"
_GROUP = "arn:aws:elasticloadbalancing:eu-central-1:111111111111:targetgroup/"


def route(name: str) -> GuardedRoute:
    """A route with a path of its name."""
    conditions = {"Field": "path-pattern", "Values": [f"/{name}"], "PathPatternConfig": {"Values": [f"/{name}"]}}
    return GuardedRoute(f"{_RULE}{name}", (conditions,), f"{_GROUP}{name}-legacy/1", f"{_GROUP}{name}-candidate/2")


def config(act: str = "hold", *routes: str) -> GuardConfig:
    """Two routes, an alarm of both and one of the first."""
    names = routes or ("orders", "users")
    return GuardConfig(
        "production",
        "shop-production",
        "shop-production-guard",
        Silence(SILENT, act),
        ("arn:aws:sns:eu-central-1:111111111111:ops",),
        {ERRORS: names, LATENCY: names[:1]},
        {name: route(name) for name in names},
    )


def event_json(
    alarm: str = ERRORS, at: datetime = MONDAY, state: str = "ALARM", reason_data: str = "{}"
) -> dict[str, Any]:
    """What CloudWatch gives the function."""
    told = {"value": state, "reason": "1 datapoint [9.0] was greater than 1.0", "reasonData": reason_data}
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    return {
        "source": "aws.cloudwatch",
        "alarmArn": f"arn:aws:cloudwatch:eu-central-1:111111111111:alarm:{alarm}",
        "accountId": "111111111111",
        "time": stamp,
        "region": "eu-central-1",
        "alarmData": {
            "alarmName": alarm,
            "state": {**told, "timestamp": stamp},
            "previousState": {"value": "OK", "reason": "fine", "timestamp": stamp},
            "configuration": {"metrics": []},
        },
    }


def event(alarm: str = ERRORS, at: datetime = MONDAY, state: str = "ALARM", reason_data: str = "{}") -> AlarmEvent:
    """The same, as it is read."""
    found = read_event(event_json(alarm, at, state, reason_data))
    assert found
    return found
