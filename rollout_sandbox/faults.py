"""Faults on demand: the next calls of an action are throttled, refused or delayed, or their answers lost."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any


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


class Faults:
    """The pending faults, in the order in which they were added."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, int]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Ask for one."""
        with self._lock:
            self._waiting.append((fault, fault.times))

    def clear(self) -> None:
        """Let all the rest be."""
        with self._lock:
            self._waiting.clear()

    def take(self, action: str, parameters: Mapping[str, Any]) -> Fault | None:
        """The first fault that is meant for this call, used once."""
        with self._lock:
            for index, (fault, left) in enumerate(self._waiting):
                if fault.hits(action, parameters):
                    self._waiting[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                    return fault
        return None
