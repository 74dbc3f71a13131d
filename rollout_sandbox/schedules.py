"""Schedules that fire: EventBridge Scheduler invokes functions by the sandbox's clock, as their execution roles may.

A flexible time window begins with its minute, and then it fires. Targets other than functions get nothing.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.scheduler.models import Schedule, ScheduleGroup, scheduler_backends

from rollout_sandbox.agenda import Agenda
from rollout_sandbox.authorization import allows
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.lambdas.events import Events
from rollout_sandbox.minutes import EachMinute
from rollout_sandbox.schedule_expressions import due
from rollout_sandbox.sessions import session_of

_log = logging.getLogger("rollout.sandbox")


class Schedules:
    """The schedules of all accounts.

    Args:
        agenda: When things are done.
        clock: The sandbox's.
        turn: Held by whoever reads or changes moto's state.
        events: Where functions' events go.
    """

    def __init__(self, agenda: Agenda, clock: SandboxClock, turn: threading.Lock, events: Events) -> None:
        self._clock, self._turn, self._events = clock, turn, events
        self._minutes = EachMinute(agenda, clock, self._look)
        self._began: dict[tuple[str, str], datetime] = {}
        self.refresh()

    def refresh(self) -> None:
        """Go by the schedules that are there now; called in turn with moto's changes."""
        now = self._clock.now()
        there = {(each.arn, each.schedule_expression): each for _, each in _schedules()}
        self._began = {key: self._began.get(key) or _start(each, now) for key, each in there.items()}
        if there:
            self._minutes.begin()

    def _look(self, minute: int, _: datetime) -> bool:
        """Fire what was due in the minute that has begun."""
        at, fired = datetime.fromtimestamp(minute, UTC), []
        with self._turn:
            there = list(_schedules())
            for group, schedule in there:
                try:
                    began = self._began.get((schedule.arn, schedule.schedule_expression), at)
                    if not _is_due(schedule, at, began):
                        continue
                    fired.append((schedule.target, _event(schedule, at)))
                except Exception:  # noqa: BLE001 - whatever it is, the others fire
                    _log.exception("the schedule %s can't fire", schedule.name)
                    continue
                if schedule.action_after_completion == "DELETE" and schedule.schedule_expression.startswith("at("):
                    group.delete_schedule(schedule.name)
        for target, event in fired:
            self._fire(target, event)
        return bool(there)

    def _fire(self, target: dict[str, Any], event: Any) -> None:
        function, role = target["Arn"], target["RoleArn"]
        with self._turn:
            may = allows(session_of(role, "scheduler"), "lambda:InvokeFunction", function)
        if may and function.split(":")[2] == "lambda":
            self._events.send(function, event)
        else:
            _log.warning("a schedule can't invoke %s by %s", function, role)


def _schedules() -> Iterator[tuple[ScheduleGroup, Schedule]]:
    every: list[Any] = [backend for _, _, backend in scheduler_backends.iter_backends()]
    for backend in every:
        for group in backend.schedule_groups.values():
            for schedule in list(group.schedules.values()):
                yield group, schedule


def _is_due(schedule: Schedule, minute: datetime, began: datetime) -> bool:
    ended = schedule.end_date is not None and minute > _time(schedule.end_date)
    if schedule.state != "ENABLED" or ended or minute < began.replace(second=0, microsecond=0):
        return False
    return due(schedule.schedule_expression, schedule.schedule_expression_timezone)(minute, began)


def _start(schedule: Schedule, now: datetime) -> datetime:
    """When a schedule begins to run."""
    return now if schedule.start_date is None else max(now, _time(schedule.start_date))


def _time(told: Any) -> datetime:
    return datetime.fromtimestamp(float(told), UTC)


def _event(schedule: Schedule, at: datetime) -> Any:
    """A schedule's input, with what it says of the time; AWS's own where it has none."""
    _, _, _, region, account, *_ = schedule.arn.split(":")
    time = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    if text := schedule.target.get("Input"):
        told = {"schedule-arn": schedule.arn, "scheduled-time": time, "attempt-number": "1"}
        told["execution-id"] = str(uuid4())
        for key, value in told.items():
            text = text.replace(f"<aws.scheduler.{key}>", value)
        return json.loads(text)
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": account,
        "time": time,
        "region": region,
        "resources": [schedule.arn],
        "detail": "{}",
    }
