"""A firing's parts on AWS, over the runtime's boto3: calls with short timeouts, tried again a few times."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any, Protocol

from rollout.guard import table
from rollout.guard.alarm import ALARM, AlarmEvent, raised_event
from rollout.guard.config import GuardConfig
from rollout.guard.firing import Parts
from rollout.guard.record import Firing
from rollout.guard.rules import Part
from rollout.guard.state import GuardState, in_turn

_MAKING = Lock()
AT_ONCE, FEW, A_CALL, SUBJECT, AT_MOST = 16, 4, 20, 99, 100
_GONE, _CHANGED, _NO_TABLE = "RuleNotFound", "ConditionalCheckFailedException", "ResourceNotFoundException"


class Context(Protocol):
    """What Lambda gives the function beside the event."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Until it is ended."""


def parts_for(config: GuardConfig, event: AlarmEvent, context: Context) -> Parts:
    """The parts with which an event is handled."""
    clock, known = _Clock(event.at, context), _Table(_client("dynamodb"), config.table)
    rules, publish = _Rules(_client("elbv2")), _publisher(config.topics)
    return Parts(config, rules, known, clock, context.aws_request_id, publish, _together)


def unheard(config: GuardConfig) -> tuple[AlarmEvent, ...]:
    """The alarms in ALARM state that no drill set, while the guard is armed: the state knows which were handled.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    """
    state = _Table(_client("dynamodb"), config.table).read()
    if state is None or state.disarmed_at(datetime.now(UTC)):
        return ()
    names, client = [*config.alarms, config.silence.alarm], _client("cloudwatch")
    found: list[AlarmEvent] = []
    for first in range(0, len(names), AT_MOST):
        asked = {"AlarmNames": names[first : first + AT_MOST], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
        answer = client.describe_alarms(**asked, MaxRecords=AT_MOST)
        every = (*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ()))
        found += (_raised(alarm) for alarm in every if alarm["StateValue"] == ALARM)
    return in_turn(state, (event for event in found if not event.drill))


def _raised(alarm: Mapping[str, Any]) -> AlarmEvent:
    at = alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
    arn, name, data = alarm["AlarmArn"], alarm["AlarmName"], alarm.get("StateReasonData") or ""
    return raised_event(arn, name, at.astimezone(UTC), alarm.get("StateReason", ""), data)


def _client(service: str, region: str | None = None) -> Any:
    """A client, made once in the function's life; the environment has credentials, region and a sandbox's address."""
    with _MAKING:  # boto3 makes one at a time
        return _made(service, region)


@cache
def _made(service: str, region: str | None) -> Any:
    import boto3  # noqa: PLC0415 - the runtime has it; rollout itself does without
    from botocore.config import Config  # noqa: PLC0415 - as above

    settings = Config(
        connect_timeout=2,
        read_timeout=5,
        max_pool_connections=AT_ONCE,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    make: Any = boto3.client  # its stubs list each service
    return make(service, region_name=region, config=settings)


def _code(error: Exception) -> str:
    """AWS's code of an error; empty where it never answered."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


class _Rules:
    """The `Rules` port.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeRules.html
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def describe(self, arns: Sequence[str]) -> Mapping[str, Part]:
        some = [arns[first : first + A_CALL] for first in range(0, len(arns), A_CALL)]
        return {rule["RuleArn"]: rule for each in some for rule in self._describe(each)}

    def _describe(self, arns: Sequence[str]) -> Sequence[Part]:
        try:
            found: Sequence[Part] = self._client.describe_rules(RuleArns=list(arns))["Rules"]
        except Exception as error:
            if _code(error) != _GONE:
                raise
            return [rule for arn in arns for rule in self._describe([arn])] if len(arns) > 1 else []
        return found

    def modify(self, arn: str, actions: Sequence[Part]) -> None:
        self._client.modify_rule(RuleArn=arn, Actions=list(actions))


class _Table:
    """The `Table` port.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def read(self) -> GuardState | None:
        try:
            return table.state_of(self._item(table.STATE))
        except Exception as error:
            if _code(error) == _NO_TABLE:
                return None
            raise

    def compare_and_set(self, read: GuardState, wanted: GuardState) -> GuardState | None:
        wanted = replace(wanted, version=read.version + 1)
        try:
            self._client.put_item(**table.state_put(self._name, wanted))
        except Exception as error:
            if _code(error) == _CHANGED:
                return None
            raise
        return wanted

    def earlier(self, firing: Firing) -> Firing | None:
        item = self._item(table.record_key(firing))
        return table.record_of(item) if item else None

    def record(self, firing: Firing) -> None:
        self._client.put_item(**table.record_put(self._name, firing))

    def _item(self, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True).get(
            "Item"
        )
        return found


class _Clock:
    """The machine's time, put forward to the alarm's if it is behind."""

    def __init__(self, alarm: datetime, context: Context) -> None:
        self._context, self._began = context, time.monotonic()
        self._at = max(datetime.now(UTC), alarm)

    def now(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._began)

    def left(self) -> timedelta:
        return timedelta(milliseconds=self._context.get_remaining_time_in_millis())

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def _publisher(topics: Sequence[str]) -> Callable[[str, str, str], None]:
    """Publishes to all topics, though one refuses.

    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    """

    def publish(subject: str, text: str, data: str) -> None:
        failures = []
        for topic in topics:
            try:
                _client("sns", topic.split(":")[3]).publish(
                    TopicArn=topic,
                    Subject=subject.encode("ascii", "replace").decode()[:SUBJECT],
                    Message=json.dumps({"default": data, "email": text, "sms": text}),
                    MessageStructure="json",
                )
            except Exception as error:  # noqa: BLE001 - the others are told
                failures.append(error)
        if failures:
            raise failures[0]

    return publish


def some_together(call: Callable[[str], object], values: Sequence[str]) -> None:
    """Run a function for a few values at a time: what changes the table's one item is in the others' way."""
    _together(call, values, FEW)


def _together(call: Callable[[str], object], values: Sequence[str], at_once: int = AT_ONCE) -> None:
    with ThreadPoolExecutor(min(at_once, max(1, len(values)))) as pool:
        list(pool.map(call, values))
