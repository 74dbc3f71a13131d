"""What every command may tell, and how an event becomes JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rollout.base.plain import plain
from rollout.inventory.quantities import Percent


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in an environment."""

    environment: str


@dataclass(frozen=True, slots=True)
class PhaseStarted(Event):
    """A phase, a weight change or a rollback began."""

    phase: str
    summary: str
    stacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockCleared(Event):
    """A lock was removed: its holder is dead, or the user said so."""

    stack: str
    holder: str
    state: str = "dead"


@dataclass(frozen=True, slots=True)
class WeightSaved(Event):
    """The inventory file has the new weight."""

    file: str
    weight: Percent


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """A warning that stops nothing."""

    message: str


Listener = Callable[[Event], None]


def name_of(event: Event | type[Event]) -> str:
    """An event's name in JSON, or that of a kind of events: `rule-verified`."""
    kind = event if isinstance(event, type) else type(event)
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def as_json(event: Event) -> dict[str, Any]:
    """An event as plain JSON data, its name first."""
    return {"event": name_of(event), **plain(event)}
