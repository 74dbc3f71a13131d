"""Events of comparing answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from rollout.migration.events.event import Event


@dataclass(frozen=True, slots=True)
class ParityPlanned(Event):
    """Requests are about to be asked of both functions; what that takes.

    Attributes:
        requests: How many.
        done: How many were asked before, of the same code by the same rules.
        invocations: How many that are.
        at_least: How long it takes if functions answer at once.
        dollars: What the invocations cost if each takes a second.
        at_once: The most requests at a time.
        concurrency: How many invocations at once Lambda lets the functions have, by the one that has the fewest.
    """

    requests: int
    done: int
    invocations: int
    at_least: timedelta
    dollars: float
    at_once: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class ParityAsked(Event):
    """So many of the requests were asked."""

    done: int
    requests: int
