"""What a ramp tells."""

from __future__ import annotations

from dataclasses import dataclass

from rollout.analysis.verdicts import AnalysisResult
from rollout.base.plain import Timestamp
from rollout.inventory.quantities import Percent
from rollout.migration.events.event import Event
from rollout.migration.glance import Glance


@dataclass(frozen=True, slots=True)
class RampEvent(Event):
    """Something about a ramp."""


@dataclass(frozen=True, slots=True)
class RampPickedUp(RampEvent):
    """A run continues a ramp from its state."""

    weight: Percent
    since: Timestamp | None
    steps: tuple[Percent, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RampFollowed(RampEvent):
    """A controller runs the ramp, and this process only looks on: `sentence` says how the controller stands."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Judged(RampEvent):
    """The evidence of a weight was judged."""

    weight: Percent
    judgement: AnalysisResult


@dataclass(frozen=True, slots=True)
class RampWaiting(RampEvent):
    """Nothing is due.

    Attributes:
        state: What the ramp waits for.
        until: When it decides again, if known.
        glance: The same as people see it at a glance; None if that isn't known.
        runs: Who runs the ramp, and when it looks next.
        guard: How the guard stands; empty without one.
        last_change: The ramp's last change of weights, and why; empty before the first.
    """

    weight: Percent
    state: str
    sentence: str
    until: Timestamp | None = None
    glance: Glance | None = None
    runs: str = ""
    guard: str = ""
    last_change: str = ""


@dataclass(frozen=True, slots=True)
class RampRaised(RampEvent):
    """A ramp set its next weight."""

    weight: Percent
    sentence: str


@dataclass(frozen=True, slots=True)
class RampFailed(RampEvent):
    """A ramp failed; `outcome` says what was done."""

    weight: Percent
    sentence: str
    outcome: str
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RampFinished(RampEvent):
    """A ramp's last step passed."""

    weight: Percent
    sentence: str


@dataclass(frozen=True, slots=True)
class RampNoted(RampEvent):
    """A control of the ramp is in history: paused, resumed, wait skipped, approved or frozen."""

    what: str
    by: str
    weight: Percent | None = None
    until: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class RampsJudged(Event):
    """Of the ramps of legacy against itself, so many are judged."""

    done: int
    ramps: int
