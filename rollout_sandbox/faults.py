"""Faults on demand: calls are throttled, refused or delayed, or their answers lost; so are access logs and events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault for the next calls of an action.

    Attributes:
        action: A pattern of IAM actions: `elasticloadbalancing:ModifyRule`, `lambda:*`.
        times: For how many calls, 1 or more.
        code: AWS's error code; None to only delay the call, which then does its work.
        message: AWS's text.
        status: The HTTP status of the error.
        delay: How long the call waits first, or its answer where it takes effect.
        effect: Whether the call does its work all the same: only its answer is late, or lost.
        where: Only calls with these parameters: `{"RuleArn": arn}`.
    """

    action: str
    times: int = 1
    code: str | None = "Throttling"
    message: str = "Rate exceeded"
    status: int = 400
    delay: timedelta = timedelta(0)
    effect: bool = False
    where: Mapping[str, str] = field(default_factory=dict)

    def hits(self, action: str, parameters: Mapping[str, Any]) -> bool:
        """Whether it is meant for this call."""
        wanted = all(parameters.get(name) == value for name, value in self.where.items())
        return wanted and fnmatchcase(action, self.action)


@dataclass(frozen=True, slots=True)
class LogFault:
    """A fault for the next files of a load balancer's access log.

    Attributes:
        happens: What becomes of a file; a truncated one ends in its middle.
        load_balancer: A pattern of load balancers' names.
        times: For how many files, 1 or more.
        delay: How much later a late one comes, by the sandbox's clock.
    """

    happens: Literal["lost", "late", "truncated"]
    load_balancer: str = "*"
    times: int = 1
    delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class EventFault:
    """A fault for the next asynchronous invocations of a function.

    Attributes:
        becomes: What becomes of an event: it is delivered twice, as Lambda may do, or late.
        function: A pattern of functions' names.
        times: For how many events, 1 or more.
        delay: How much later a late one comes, or the second of two, by the sandbox's clock.
    """

    becomes: Literal["twice", "late"]
    function: str = "*"
    times: int = 1
    delay: timedelta = timedelta(0)


AnyFault = Fault | LogFault | EventFault


class Faults:
    """The pending faults, in the order in which they were added."""

    def __init__(self) -> None:
        self._waiting: list[tuple[AnyFault, int]] = []
        self._lock = threading.Lock()

    def add(self, fault: AnyFault) -> None:
        """Ask for one."""
        with self._lock:
            self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        """Let all the rest be."""
        with self._lock:
            self._waiting.clear()

    def take(self, action: str, parameters: Mapping[str, Any]) -> Fault | None:
        """The first fault that is meant for this call, used once."""
        found = self._take(lambda fault: isinstance(fault, Fault) and fault.hits(action, parameters))
        return found if isinstance(found, Fault) else None

    def take_log(self, load_balancer: str) -> LogFault | None:
        """The first fault that is meant for a file of this load balancer's log, used once."""
        found = self._take(
            lambda fault: isinstance(fault, LogFault) and fnmatchcase(load_balancer, fault.load_balancer)
        )
        return found if isinstance(found, LogFault) else None

    def take_event(self, function: str) -> EventFault | None:
        """The first fault that is meant for an event of this function, used once."""
        found = self._take(lambda fault: isinstance(fault, EventFault) and fnmatchcase(function, fault.function))
        return found if isinstance(found, EventFault) else None

    def _take(self, hits: Callable[[AnyFault], bool]) -> AnyFault | None:
        with self._lock:
            for index, (fault, left) in enumerate(self._waiting):
                if hits(fault):
                    self._waiting[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                    return fault
        return None
