"""Asynchronous invocations, as Lambda delivers them: at least once, again after a failure, then to a destination.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from moto.awslambda.models import lambda_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from rollout_sandbox.agenda import Agenda
from rollout_sandbox.alarms.reasons import stamp
from rollout_sandbox.authorization import allows
from rollout_sandbox.clock import SandboxClock
from rollout_sandbox.data_plane.functions import Failure, Invocation
from rollout_sandbox.data_plane.targets import Target, target_of
from rollout_sandbox.faults import Faults
from rollout_sandbox.lambdas.functions import RunningFunctions
from rollout_sandbox.sessions import session_of
from rollout_sandbox.strict.builds import LATEST
from rollout_sandbox.strict.functions import StrictLambda

RETRIES = (timedelta(minutes=1), timedelta(minutes=2))
"""How long after a failure the function is asked again."""
MAX_AGE = timedelta(hours=6)
MAX_PAUSE = timedelta(minutes=5)
"""At most, between two tries of what is throttled; the first is a second."""
_RIGHTS = {"sns": "sns:Publish", "sqs": "sqs:SendMessage", "lambda": "lambda:InvokeFunction"}
_log = logging.getLogger("rollout.sandbox")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An event and what became of it so far."""

    arn: str
    event: Any
    accepted: datetime
    failed: int = 0
    throttled: int = 0
    id: str = field(default_factory=lambda: str(uuid4()))


class Events:
    """The events that wait for functions.

    Args:
        agenda: When they are delivered.
        clock: The sandbox's.
        turn: Held by whoever reads or changes moto's state.
        functions: Who takes them.
        faults: Some are about events.
    """

    def __init__(
        self,
        agenda: Agenda,
        clock: SandboxClock,
        turn: threading.Lock,
        functions: RunningFunctions,
        faults: Faults,
    ) -> None:
        self._agenda, self._clock, self._turn = agenda, clock, turn
        self._functions, self._faults = functions, faults

    def send(self, arn: str, event: Any) -> None:
        """Take an event for a function, by its ARN with a version or alias if need be; it is delivered soon."""
        waiting = _Waiting(arn, event, self._clock.now())
        fault = self._faults.take_event(arn.split(":")[6])
        delay = fault.delay if fault else timedelta(0)
        if fault is None or fault.becomes == "twice":
            self._later(waiting, timedelta(0))
        if fault is not None:
            self._later(waiting, delay)

    def _later(self, waiting: _Waiting, pause: timedelta) -> None:
        self._agenda.at(self._clock.now() + pause, lambda: self._begin(waiting))

    def _begin(self, waiting: _Waiting) -> None:
        try:
            threading.Thread(target=self._try, args=(waiting,), name="event", daemon=True).start()
        except RuntimeError:  # the system has no thread left
            self._again(waiting)

    def _try(self, waiting: _Waiting) -> None:
        try:
            self._deliver(waiting)
        except Exception:  # noqa: BLE001 - a system error, such as a process that can't be started, is no function's: AWS goes on
            _log.exception("an event for %s wasn't delivered", waiting.arn)
            self._again(waiting)

    def _again(self, waiting: _Waiting) -> None:
        """Try it again after a throttle or a system error, later each time."""
        pause = min(MAX_PAUSE, timedelta(seconds=2**waiting.throttled))
        self._later(replace(waiting, throttled=waiting.throttled + 1), pause)

    def _deliver(self, waiting: _Waiting) -> None:
        _, _, _, region, account, _, name, *qualifier = waiting.arn.split(":")
        with self._turn:
            target = target_of(account, region, name, next(iter(qualifier), None))
            config = _config(account, region, name, next(iter(qualifier), LATEST))
        if target is None:
            return
        age = timedelta(seconds=config.get("MaximumEventAgeInSeconds", MAX_AGE.total_seconds()))
        if self._clock.now() - waiting.accepted > age:
            self._end(target, waiting, config, "EventAgeExceeded", None)
            return
        went = self._functions.invoke(target, waiting.event)
        if went.failure is Failure.THROTTLED:
            self._again(waiting)
        elif went.failure is None:
            self._end(target, waiting, config, "Success", went)
        elif waiting.failed < config.get("MaximumRetryAttempts", len(RETRIES)):
            self._later(replace(waiting, failed=waiting.failed + 1), RETRIES[waiting.failed])
        else:
            self._end(target, waiting, config, "RetriesExhausted", went)

    def _end(
        self, target: Target, waiting: _Waiting, config: Mapping[str, Any], condition: str, went: Invocation | None
    ) -> None:
        """Tell a destination."""
        kind = "OnSuccess" if condition == "Success" else "OnFailure"
        to = config.get("DestinationConfig", {}).get(kind, {}).get("Destination")
        if not to:
            return
        told = {
            "version": "1.0",
            "timestamp": stamp(self._clock.now()).replace("+0000", "Z"),
            "requestContext": {
                "requestId": waiting.id,
                "functionArn": f"{waiting.arn}:{LATEST}" if waiting.arn.count(":") == 6 else waiting.arn,  # noqa: PLR2004
                "condition": condition,
                "approximateInvokeCount": waiting.failed + (went is not None),
            },
            "requestPayload": waiting.event,
        }
        if went is not None:
            error = {"functionError": "Unhandled"} if went.failure else {}
            told["responseContext"] = {"statusCode": 200, "executedVersion": went.version, **error}
            told["responsePayload"] = went.said
        self._tell(target, to, told)

    def _tell(self, target: Target, to: str, told: Mapping[str, Any]) -> None:
        _, _, service, region, account, name, *_ = to.split(":")
        with self._turn:
            role = target.code.role if target.code else ""
            if role and not allows(session_of(role, target.name), _RIGHTS.get(service, "none"), to):
                _log.warning("%s may not tell %s of its event", target.name, to)
                return
            if service == "sns":
                sns_backends[account][region].publish(json.dumps(told), arn=to)
            elif service == "sqs":
                sqs_backends[account][region].send_message(name, json.dumps(told))
        if service == "lambda":
            self.send(to, told)


def _config(account: str, region: str, name: str, qualifier: str) -> dict[str, Any]:
    backend: Any = lambda_backends[account][region]
    assert isinstance(backend, StrictLambda)  # noqa: S101 - `strict` put it there
    try:
        found = backend.latest(name).event_configs.get(qualifier)
    except Exception:  # noqa: BLE001 - it is gone
        return {}
    return dict(found.config) if found else {}
