"""The guard of an environment, in a line. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rollout.base.formatting import moment
from rollout.base.plain import Timestamp
from rollout.errors import Problem

if TYPE_CHECKING:
    from rollout.guard.record import Firing
    from rollout.guard.state import GuardState


@dataclass(frozen=True, slots=True)
class GuardStatus:
    """The guard of an environment.

    Attributes:
        state: `armed`, `disarmed`, `missing`, or `unknown`.
        until: When it is armed again; None where it is armed.
        by: Who disarmed it.
        why: Why it is disarmed, why its state isn't known, or what of it is missing.
        watches: Who runs the ramp whose heartbeats it expects; empty if nobody does.
        fired: When it took traffic back, and why, in words; empty if it didn't since the last raise.
        fired_at: When that was.
        fired_by: Its alarm.
        raised: Its alarms that are in ALARM state. Empty where nobody asked.
        mute: Its alarms that don't invoke it, each with the reason. Empty where nobody asked.
    """

    environment: str
    state: str
    until: Timestamp | None = None
    by: str = ""
    why: str = ""
    watches: str = ""
    fired: str = ""
    fired_at: Timestamp | None = None
    fired_by: str = ""
    raised: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """All of it."""
        said = {
            "armed": "armed",
            "disarmed": f"disarmed until {moment(self.until) if self.until else '?'} by {self.by}: {self.why}",
            "missing": f"not installed: {self.why}" if self.why else "not installed",
            "unknown": f"not known: {self.why}",
        }
        watches = f"expects heartbeats from the ramp of {self.watches}" if self.watches else ""
        raised = f"in ALARM state: {', '.join(self.raised)}" if self.raised else ""
        if self.state == "armed" and {*self.raised} - {self.fired_by}:
            raised += "; it fires at its next look, within 5 minutes"
        again = f"`rollout guard remove {self.environment}` and `rollout guard install {self.environment}` restore that"
        mute = f"not invoked by: {', '.join(self.mute)}; {again}" if self.mute else ""
        return "; ".join(filter(None, (said[self.state], mute, watches, self.fired, raised)))


def disarmed_problem(status: GuardStatus | None) -> Iterator[Problem]:
    """That nobody should rely on a guard now."""
    if status and status.state == "disarmed":
        hint = f"run `rollout guard arm {status.environment}`"
        yield Problem(status.sentence, where="guard", hint=hint, code="guard-disarmed")


BEFORE_RAISE = "update stacks.toml and the state before the next raise"
"""What a rollback is for after the guard has taken all traffic back."""


def guard_status(environment: str, state: GuardState | None, firings: Sequence[Firing], now: datetime) -> GuardStatus:
    """The status by what was read.

    Args:
        state: None where no guard is installed.
        firings: The last ones, the newest first; not needed where it didn't fire since the last raise.
        now: AWS's time.
    """
    from rollout.state.history.firings import sentence  # noqa: PLC0415 - most environments have no guard

    if state is None:
        return GuardStatus(environment, "missing")
    disarmed, fired_at = state.disarmed_at(now), fired_since_raise(state)
    return GuardStatus(
        environment,
        "disarmed" if disarmed else "armed",
        until=disarmed.until if disarmed else None,
        by=disarmed.by if disarmed else "",
        why=disarmed.why if disarmed else "",
        watches=state.watching.by if state.watching else "",
        fired=sentence(state, firings) if fired_at else "",
        fired_at=fired_at,
        fired_by=state.fired_by if fired_at else "",
    )


def fired_since_raise(state: GuardState) -> datetime | None:
    """When it took traffic back, if nothing was raised since."""
    return state.fired_at if state.fired_at and state.fired_at >= state.epoch_at else None
