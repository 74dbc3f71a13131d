"""Schedules that EventBridge Scheduler would take, by roles that it may assume; moto takes any.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.scheduler import urls
from moto.scheduler.exceptions import ScheduleGroupNotFound, ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule
from moto.utilities.utils import get_partition as partition_of

from rollout_sandbox.schedule_expressions import NotUnderstoodError, due
from rollout_sandbox.trust import trusts

SERVICE = "scheduler.amazonaws.com"
_RETRIES = {"MaximumEventAgeInSeconds": (60, 86_400), "MaximumRetryAttempts": (0, 185)}
_LONGEST_WINDOW = 1440


class StrictScheduler(EventBridgeSchedulerBackend):
    """moto's Scheduler, refusing what AWS refuses."""

    @property
    def _url_module(self) -> ModuleType:
        return urls

    def create_schedule(self, *args: Any, **asked: Any) -> Schedule:
        """CreateSchedule."""
        self._check(asked)
        return super().create_schedule(*args, **asked)

    def update_schedule(self, *args: Any, **asked: Any) -> Schedule:
        """UpdateSchedule, which replaces all of it."""
        self._check(asked)
        return super().update_schedule(*args, **asked)

    def _check(self, asked: dict[str, Any]) -> None:
        _check_time(asked)
        _check_window(asked.get("flexible_time_window") or {})
        _check_target(asked["target"])
        if (name := asked.get("group_name") or "default") not in self.schedule_groups:
            raise ScheduleGroupNotFound(name)
        group = f":scheduler:{self.region_name}:{self.account_id}:schedule-group/{asked.get('group_name') or 'default'}"
        source = f"arn:{partition_of(self.region_name)}{group}"
        if not trusts(asked["target"]["RoleArn"], SERVICE, self.account_id, source):
            raise ValidationException(
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
            )


def _check_time(asked: dict[str, Any]) -> None:
    expression, zone = asked["schedule_expression"], asked.get("schedule_expression_timezone") or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValidationException(f"Invalid ScheduleExpressionTimezone {zone}.") from None
    try:
        due(expression, zone)
    except NotUnderstoodError as error:
        raise ValidationException(str(error)) from None


def _check_window(window: dict[str, Any]) -> None:
    minutes = window.get("MaximumWindowInMinutes")
    if (window.get("Mode") == "FLEXIBLE") != (minutes is not None):
        raise ValidationException("Invalid FlexibleTimeWindow: a MaximumWindowInMinutes goes with the mode FLEXIBLE.")
    if minutes is not None and not 1 <= minutes <= _LONGEST_WINDOW:
        raise ValidationException(f"Invalid FlexibleTimeWindow: {minutes} minutes.")


def _check_target(target: dict[str, Any]) -> None:
    for name, (low, high) in _RETRIES.items():
        value = target.get("RetryPolicy", {}).get(name, low)
        if not low <= value <= high:
            bound = f"greater than or equal to {low}" if value < low else f"less than or equal to {high}"
            at = f"target.retryPolicy.{name[0].lower()}{name[1:]}"
            raise ValidationException(
                f"1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: "
                f"Member must have value {bound}"
            )
    try:
        json.loads(target.get("Input") or "{}")
    except ValueError:
        if target["Arn"].split(":")[2] == "lambda":
            raise ValidationException("Invalid Input for target: it is no JSON.") from None
