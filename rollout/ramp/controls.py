"""Controls a ramp from anywhere, through history: pause, resume, skip a wait, approve, freeze."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from rollout.alb.state import AlbState
from rollout.errors import UsageError
from rollout.inventory.model import Environment
from rollout.inventory.quantities import Percent, bounded, parse_duration, parse_moment
from rollout.migration import events
from rollout.ramp.decide import next_step
from rollout.ramp.state import RampState, ramp_state
from rollout.state.ramp_journal import Journal, Kind, entries

MAX_FREEZE = timedelta(days=90)


def read_until(value: datetime | timedelta | str, now: datetime) -> datetime:
    """A time as an argument: with a time zone, or as a duration from now.

    Args:
        value: Such as `2026-12-24T18:00+01:00`, `2h`, or `0s` for now.
        now: AWS's time.

    Raises:
        UsageError: It is neither, has no time zone, is over, or is more than 90 days away.
    """
    try:
        until = _moment(value, now)
    except ValueError as error:
        wanted = "give a time with its time zone, such as 2026-12-24T18:00Z, or a duration, such as 2h"
        raise UsageError(str(error), hint=wanted, code="invalid-time") from None
    if until < now:
        hint = "give a later time; `0s` lifts a freeze"
        raise UsageError(f"{until:%Y-%m-%d %H:%M} UTC is in the past", hint=hint, code="out-of-range")
    if until - now > MAX_FREEZE:
        raise UsageError(
            f"{until:%Y-%m-%d} is too far away", hint=f"allowed: at most {MAX_FREEZE.days} days", code="out-of-range"
        )
    return until


def _moment(value: datetime | timedelta | str, now: datetime) -> datetime:
    if isinstance(value, datetime):
        return bounded(value)
    if isinstance(value, str) and not re.fullmatch(r"([0-9]+[smhd])+", value.strip()):
        return parse_moment(value)
    return now + parse_duration(value)


class Controls:
    """Controls the ramp of one environment.

    Args:
        by: Who says it.
    """

    def __init__(self, environment: Environment, journal: Journal, by: str, emit: events.Listener) -> None:
        self._environment = environment
        self._journal = journal
        self._by = by
        self._emit = emit

    def say(self, kind: Kind, live: AlbState) -> None:
        """Pause, resume, or skip the wait.

        Raises:
            UsageError: No ramp is running.
            Drift: Another process set weights.
        """
        stands = self._under_way(live)
        if kind is Kind.RESUMED and stands.paused is None:
            raise UsageError(f"the ramp of {self._environment.name} isn't paused", code="ramp-not-paused")
        self._write(kind, stands.weight)

    def approve(self, live: AlbState, weight: Percent | None) -> Percent:
        """Approve a step of `approve-before`.

        Args:
            weight: The step; by default the ramp's next one, so that a second yes approves no later one.

        Raises:
            UsageError: There is no such step to approve, or no ramp is running.
            Drift: Another process set weights.
        """
        stands, ramp = self._under_way(live), self._environment.ramp
        open_ = [step for step in ramp.approve_before if step > stands.weight and step not in stands.approved]
        if not open_:
            raise UsageError(
                "no step waits for an approval",
                hint="approve-before in stacks.toml lists the steps that do",
                code="nothing-to-approve",
            )
        if weight is not None and weight not in open_:
            steps = ", ".join(map(str, open_))
            raise UsageError(
                f"{weight} % is not a step that waits for an approval",
                hint=f"the steps that do are {steps}",
                code="nothing-to-approve",
            )
        following = next_step(ramp, stands.weight)
        if weight is None and following not in open_:
            name, later = self._environment.name, min(open_)
            raise UsageError(
                f"the next step, {following} %, waits for no approval",
                hint=f"`rollout approve {name} {later}` approves {later} % already now",
                code="nothing-to-approve",
            )
        step = min(open_) if weight is None else weight
        self._write(Kind.APPROVED, step)
        return step

    def freeze(self, until: datetime) -> None:
        """Stop raises until a time; a freeze until now lifts one."""
        self._write(Kind.FROZEN, None, until)

    def _under_way(self, live: AlbState) -> RampState:
        stands = ramp_state(self._environment, live, entries(self._journal.read()))
        if stands.is_new or stands.ended is not None:
            name = self._environment.name
            raise UsageError(f"no ramp of {name} is running", hint=f"`rollout ramp {name}` begins one", code="no-ramp")
        return stands

    def _write(self, kind: Kind, weight: Percent | None, until: datetime | None = None) -> None:
        self._journal.write(self._journal.message(kind, weight, until=until))
        self._emit(events.RampNoted(self._environment.name, kind.value, self._by, weight, until))
