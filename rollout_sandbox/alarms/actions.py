"""What is done about a change of an alarm's state: topics are told, and functions that allow it are invoked."""

from __future__ import annotations

import json
import threading
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.sns.models import sns_backends

from rollout_sandbox.alarms import messages
from rollout_sandbox.lambdas.events import Events
from rollout_sandbox.strict.alarm_states import Transition, note
from rollout_sandbox.strict.functions import StrictLambda

ALARMS = "lambda.alarms.cloudwatch.amazonaws.com"
"""The service that a function's resource policy has to allow."""


class AlarmActions:
    """The actions of alarms.

    Args:
        turn: Held by whoever reads or changes moto's state.
        events: Where functions' events go.
    """

    def __init__(self, turn: threading.Lock, events: Events) -> None:
        self._turn, self._events = turn, events

    def act(self, change: Transition) -> None:
        """Do what an alarm asks for in its new state."""
        alarm = change.alarm
        actions = {
            "OK": alarm.ok_actions,
            "ALARM": alarm.alarm_actions,
            "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
        }[change.after.value]
        for arn in dict.fromkeys(actions or ()) if change.acts else ():
            self._do(arn, change)

    def _do(self, arn: str, change: Transition) -> None:
        service, published = arn.split(":")[2], None
        with self._turn:
            if service == "sns":
                subject, told = messages.notice(change)
                published = json.dumps(told)
                problem = _published(arn, subject, published)
            elif service == "lambda":
                problem = _unwelcome(arn, change.alarm.alarm_arn)
            else:
                problem = f"The sandbox does nothing by {service}"
            _note(change, arn, published, problem)
        if service == "lambda" and not problem:
            self._events.send(arn, messages.event(change))


def _published(topic: str, subject: str, message: str) -> str:
    """Publish, and say why that failed."""
    _, _, _, region, account, *_ = topic.split(":")
    try:
        sns_backends[account][region].publish(message, arn=topic, subject=subject)
    except Exception as error:  # noqa: BLE001 - the history says whatever it is
        return str(error)
    return ""


def _unwelcome(function: str, alarm: str) -> str:
    """Why CloudWatch may not invoke a function."""
    _, _, _, region, account, *_ = function.split(":")
    backend: Any = lambda_backends[account][region]
    assert isinstance(backend, StrictLambda)  # noqa: S101 - `strict` put it there
    if backend.lets_in(function, alarm, ALARMS):
        return ""
    return (
        f"CloudWatch Alarms is not authorized to perform: lambda:InvokeFunction on the resource: {function} because no "
        "resource-based policy allows the lambda:InvokeFunction action"
    )


def _note(change: Transition, arn: str, published: str | None, problem: str) -> None:
    data = {
        "actionState": "Failed" if problem else "Succeeded",
        "stateUpdateTimestamp": int(change.after.since.timestamp() * 1000),
        "notificationResource": arn,
        "publishedMessage": None if problem else published,
        "error": problem or None,
    }
    summary = f'Failed to execute action {arn}. Received error: "{problem}"' if problem else ""
    note(change.alarm, change.after.since, "Action", summary or f"Successfully executed action {arn}", data)
