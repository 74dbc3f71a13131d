"""What one alarm led to, as history reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Decision(StrEnum):
    """What the guard does about an alarm's event."""

    FIRE = "fire"
    """Takes traffic back."""
    LATE = "late"
    """Nothing: a raise began after the alarm, and has seen it."""
    REPEATED = "repeated"
    """Nothing: the event was handled before."""
    DISARMED = "disarmed"
    """Tells people only."""
    DRY = "dry"
    """Only looks: a drill."""
    IDLE = "idle"
    """Nothing: heartbeats are missing, but no ramp is watching."""
    HOLD = "hold"
    """Tells people that heartbeats are missing."""
    IGNORED = "ignored"
    """Nothing: the state isn't ALARM, the alarm isn't one of ours, or its drill has ended."""
    UNKNOWN = "unknown"
    """Something that a newer guard knows; none of this version decides so."""

    @classmethod
    def _missing_(cls, value: object) -> Decision | None:
        return cls.UNKNOWN if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Moved:
    """A route's weights of legacy and of the candidate.

    Attributes:
        before: When the guard looked first; None where it couldn't tell.
        after: When it looked last; None where the rule couldn't be read back.
    """

    before: tuple[int, int] | None = None
    after: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Firing:
    """What one alarm's event led to.

    Attributes:
        id: The event's.
        at: The alarm's time.
        back: Whether all of the alarm's routes were read back on legacy alone, and no raise was under way.
        problems: What kept routes from it, and what else went wrong.
        times: When each part was done: alarm, invoked, decided, first-change, last-change, read-back, told.
        drill: The id of the drill that caused it; empty for a real alarm.
        dry: Whether nothing was moved because it was a drill.
    """

    id: str
    at: datetime
    alarm: str
    reason: str
    decision: Decision
    routes: Mapping[str, Moved] = field(default_factory=dict)
    back: bool = False
    problems: tuple[str, ...] = ()
    times: Mapping[str, datetime] = field(default_factory=dict)
    drill: str = ""
    dry: bool = False
