"""Schedules whose expressions EventBridge Scheduler would take; moto takes any.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.scheduler import urls
from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule

from rollout_sandbox.schedule_expressions import NotUnderstoodError, due


class StrictScheduler(EventBridgeSchedulerBackend):
    """moto's Scheduler, refusing what AWS refuses."""

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def create_schedule(self, *args: Any, **asked: Any) -> Schedule:
        """CreateSchedule."""
        _check(asked)
        return super().create_schedule(*args, **asked)

    def update_schedule(self, *args: Any, **asked: Any) -> Schedule:
        """UpdateSchedule, which replaces all of it."""
        _check(asked)
        return super().update_schedule(*args, **asked)


def _check(asked: dict[str, Any]) -> None:
    expression, zone = asked["schedule_expression"], asked.get("schedule_expression_timezone") or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValidationException(f"Invalid ScheduleExpressionTimezone {zone}.") from None
    try:
        due(expression, zone)
    except NotUnderstoodError as error:
        raise ValidationException(str(error)) from None
    try:
        json.loads(asked["target"].get("Input") or "{}")
    except ValueError:
        if asked["target"]["Arn"].split(":")[2] == "lambda":
            raise ValidationException("Invalid Input for target: it is no JSON.") from None
