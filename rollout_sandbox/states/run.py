"""What all branches of one execution share: time, services, open task tokens, and the history."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

MAX_EVENTS, MAX_BYTES = 25_000, 262_144
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
RUNTIME = "States.Runtime"
UNCATCHABLE = frozenset({RUNTIME, "States.DataLimitExceeded"})
"""Neither Retry nor Catch gets these, not by States.ALL either.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""


@dataclass(frozen=True, slots=True)
class Failed:
    """An error, as Retry and Catch see it."""

    error: str
    cause: str | None = None

    @property
    def output(self) -> dict[str, str]:
        """What a catcher puts into the state's input."""
        return {"Error": self.error, **({} if self.cause is None else {"Cause": self.cause})}


@dataclass(frozen=True, slots=True)
class Call:
    """What a task asks of a service.

    Attributes:
        resource: Such as `arn:aws:states:::lambda:invoke`.
        role: Of `Credentials`; None for the state machine's own.
    """

    resource: str
    parameters: Mapping[str, Any]
    role: str | None = None


class Services(Protocol):
    """What tasks call."""

    def call(self, call: Call, answer: Callable[[Any | Failed], None]) -> None:
        """Do it, and answer once, now or later: the service's answer, or its error."""
        ...


class Timers(Protocol):
    """When things are done."""

    def now(self) -> datetime:
        """The time of day."""
        ...

    def at(self, time: datetime, act: Callable[[], None]) -> None:
        """Act at a time."""
        ...


class Token(Protocol):
    """A task that waits for its token."""

    def end(self, result: Any | Failed) -> None:
        """Take a result."""
        ...

    def beat(self) -> None:
        """Take a sign of life."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a history; `details` are AWS's of its kind, and `previous` is the event that it follows."""

    id: int
    previous: int
    at: datetime
    kind: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Run:
    """One execution's shared part.

    Attributes:
        tokens: The tasks that wait, by their tokens.
        history: All events so far.
        context: AWS's context object.
        overflow: Called when the history is full.
    """

    timers: Timers
    services: Services
    tokens: dict[str, Token]
    context: Mapping[str, Any]
    overflow: Callable[[], None]
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - jitter
    history: list[Event] = field(default_factory=list)
    is_over: bool = False

    def note(self, kind: str, previous: int | None = None, **details: Any) -> int:
        """Add an event, by default after the last one, and give its number."""
        last = len(self.history)
        if self.is_over:
            return last
        self.history.append(Event(last + 1, last if previous is None else previous, self.timers.now(), kind, details))
        if last + 1 >= MAX_EVENTS:
            self.overflow()
        return last + 1

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Act in some seconds, if it isn't over by then."""
        self.timers.at(self.timers.now() + timedelta(seconds=seconds), lambda: None if self.is_over else act())


def is_too_large(data: Any) -> bool:
    """Whether a state can't get or give this."""
    return len(json.dumps(data, separators=(",", ":")).encode()) > MAX_BYTES
