"""How a controller stands, for people: who runs the ramp, when it looked, and when it looks next. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rollout.ramp.controlled import Controlled

Standing = Literal["missing", "unknown", "new", "looking", "waiting", "late"]


@dataclass(frozen=True, slots=True)
class ControllerStatus:
    """How it stands.

    Attributes:
        environment: The inventory's.
        state: `new` before the first look, `waiting` between looks, `late` where one should have begun.
        known: Its record, if it could be read.
        why: Why it is unknown.
    """

    environment: str
    state: Standing
    known: Controlled | None = None
    why: str = ""

    @property
    def sentence(self) -> str:
        """The status in one sentence."""
        known = self.known
        if self.state == "unknown":
            return f"unknown: {self.why}"
        if known is None:
            return f"not installed; run `rollout controller install {self.environment}`"
        if known.installed is None or self.state == "new":
            return "installed; it hasn't looked yet"
        now = f"looks since {_clock(known.lease.since)}" if self.state == "looking" and known.lease else ""
        last = f"looked at {_clock(known.last.began)}: {known.last.sentence}" if known.last else "no look has ended yet"
        late = "is late: no look began at" if self.state == "late" else ""
        due = f"looks next at {_clock(known.next_at)}" if known.next_at and not now and not late else ""
        late = f"{late} {_clock(known.next_at)}" if late and known.next_at else ""
        return "; ".join(filter(None, (now, late, last, due)))


def controller_status(environment: str, known: Controlled | None, now: datetime) -> ControllerStatus:
    """How a controller stands, by its record.

    Args:
        environment: The inventory's.
        known: The record; None where no controller is installed.
        now: The time on AWS.
    """
    return ControllerStatus(environment, _standing(known, now), known)


def _standing(known: Controlled | None, now: datetime) -> Standing:
    if known is None:
        return "missing"
    if known.looking(now):
        return "looking"
    if known.looked_at is None:
        return "new"
    return "late" if known.is_late(now) else "waiting"


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S} UTC"
