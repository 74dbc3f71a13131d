"""The smaller ports in memory: functions, metrics, alarms and topics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rollout.fakes.aws import InMemoryAws, refusal
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.fakes.resource_types import FUNCTION
from rollout.invocation import Invocation
from rollout.metrics import AlarmState, Point, Series
from rollout.model import Arn

Handler = Callable[[Mapping[str, object]], object]


@dataclass
class InMemoryFunctions:
    """The `Functions` port: a handler for each function that a stack made or a test names.

    Attributes:
        handlers: By function; one without a handler answers 200. What a handler raises is the function's error.
        took: How long an invocation takes.
    """

    aws: InMemoryAws
    handlers: dict[str, Handler] = field(default_factory=dict)
    took: timedelta = timedelta(milliseconds=10)
    calls: ApiCalls = field(default_factory=ApiCalls)

    def invoke(self, function: str, event: Mapping[str, object], limit: timedelta) -> Invocation:  # noqa: ARG002 - port
        """See `ports.Functions`."""

        def run() -> Invocation:
            if function not in self.handlers and (FUNCTION, function) not in self.aws.resources:
                raise refusal("Invoke", "ResourceNotFoundException", f"Function not found: {function}", function)
            try:
                answer = self.handlers.get(function, _ok)(event)
            except Exception as error:  # noqa: BLE001 - whatever it is, Lambda tells it and goes on
                return Invocation(None, f"{type(error).__name__}: {error}", self.took)
            return Invocation(answer, None, self.took)

        return self.calls.make(ApiCall("Invoke", function), run)


def _ok(_event: Mapping[str, object]) -> object:
    return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "ok", "isBase64Encoded": False}


@dataclass
class InMemoryMetrics:
    """The `Metrics` port: points that a test puts there, and nothing where it puts none.

    Attributes:
        points: By series.
    """

    points: dict[Series, list[Point]] = field(default_factory=dict)
    calls: ApiCalls = field(default_factory=ApiCalls)

    def put(self, series: Series, time: datetime, value: float) -> None:
        """Add a point."""
        self.points.setdefault(series, []).append(Point(time, value))

    def read(self, series: Sequence[Series], start: datetime, end: datetime) -> Mapping[Series, tuple[Point, ...]]:
        """See `ports.Metrics`."""

        def found(each: Series) -> tuple[Point, ...]:
            return tuple(point for point in self.points.get(each, ()) if start <= point.time < end)

        return self.calls.make(ApiCall("GetMetricData"), lambda: {each: found(each) for each in series})


@dataclass
class InMemoryAlarms:
    """The `Alarms` port: OK for each alarm that a stack made, unless a test says otherwise.

    Attributes:
        stated: What a test says, by name.
    """

    aws: InMemoryAws
    stated: dict[str, AlarmState] = field(default_factory=dict)
    calls: ApiCalls = field(default_factory=ApiCalls)

    def states(self, names: Sequence[str]) -> Mapping[str, AlarmState]:
        """See `ports.Alarms`."""

        def state(name: str) -> AlarmState:
            made = any(type_.endswith("Alarm") and id_ == name for type_, id_ in self.aws.resources)
            return self.stated.get(name, AlarmState.OK if made else AlarmState.MISSING)

        return self.calls.make(ApiCall("DescribeAlarms"), lambda: {name: state(name) for name in names})


@dataclass(frozen=True, slots=True)
class Published:
    """A message to a topic."""

    topic: Arn
    subject: str
    text: str
    data: str


@dataclass
class InMemoryTopics:
    """The `Topics` port.

    Attributes:
        published: All messages, the oldest first.
    """

    published: list[Published] = field(default_factory=list)
    calls: ApiCalls = field(default_factory=ApiCalls)

    def publish(self, topic: Arn, subject: str, text: str, data: str) -> None:
        """See `ports.Topics`."""
        message = Published(topic, subject, text, data)
        self.calls.make(ApiCall("Publish", topic), lambda: self.published.append(message))
