"""The guard: what takes traffic back by alarms while nobody runs rollout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from rollout.analysis.metrics import MINUTE, AlarmState
from rollout.api.arguments import Approval, approver, in_range
from rollout.api.guard_drill import Drills
from rollout.api.guard_reading import GuardReading
from rollout.api.opened import Part
from rollout.api.runner import checked_guard, phase_runner
from rollout.base.printable import one_line
from rollout.base.user import who
from rollout.errors import AwsError, RolloutError, UsageError
from rollout.guard.state import arm, disarm
from rollout.inventory.marks import guard_arn, guard_name
from rollout.migration import events
from rollout.migration.checks.guard_status import GuardStatus
from rollout.migration.drill import DrillResult
from rollout.migration.ports import Guard
from rollout.migration.runner.result import PhaseResult
from rollout.programs.alarms.alarms import guard_alarms, names
from rollout.programs.guarding import invoking_alarms, named_alarms, silence_alarm
from rollout.state.ramp_journal import Journal, Kind

LONGEST = timedelta(hours=4)
"""How long a guard is disarmed at most."""


class EnvironmentGuard(Part):
    """The guard of one environment."""

    def install(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Create or update it, as `[guard]` and AWS are now; the alarms of monitoring are created or updated, too.

        Args:
            approve: Approves the gate.
            message: For Pulumi's update history.

        Raises:
            PreflightFailed: There is no `[guard]`, or routing doesn't manage the rules yet.
        """
        environment = self._environment
        result = phase_runner(self._opened).run("guard-install", approver(approve), message=message)
        if environment.guard:
            others = tuple(each.over for each in named_alarms(environment, environment.guard))
            told = (*names(environment), *others), silence_alarm(environment)
            self._emit(events.GuardInstalled(environment.name, guard_name(environment), *told))
            for name, why in self._mute().items():
                self._emit(events.Warned(environment.name, f"alarm {name} doesn't invoke the guard: {why}"))
        return result

    def _mute(self) -> Mapping[str, str]:
        return self._container.alarms.mute(invoking_alarms(self._environment), guard_arn(self._environment))

    def remove(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Remove it, even if stacks.toml has no `[guard]` any more; monitoring stays.

        Args:
            approve: Approves the gate.
            message: For Pulumi's update history.
        """
        return phase_runner(self._opened).run("guard-remove", approver(approve), message=message)

    def status(self) -> GuardStatus:
        """Whether it is armed, and what it did since the last raise; what can't be read is part of it.

        Raises:
            UsageError: stacks.toml has no `[guard]`.
            WrongAccount: The credentials are of another account.
        """
        self._guard()
        return self._status()

    def _status(self) -> GuardStatus:
        found = GuardReading(self._opened).status()
        if found is None:
            raise self._none()
        if found.state not in {"armed", "disarmed"}:
            return found
        try:
            if (check := checked_guard(self._opened)) and check.installed() is None:
                return replace(found, state="missing", why="its table is there, but its function isn't")
            states = self._container.alarms.states(guard_alarms(self._environment))
            mute = self._mute()
        except AwsError as error:
            return replace(found, state="unknown", why=f"its function or its alarms can't be read: {error.what}")
        raised = tuple(name for name, state in states.items() if state is AlarmState.ALARM)
        return replace(found, raised=raised, mute=tuple(f"{name} ({why})" for name, why in mute.items()))

    def disarm(self, span: timedelta | str, why: str) -> GuardStatus:
        """Let alarms move nothing for a time; history says who did it, and why. Then it is armed again by itself.

        Args:
            span: For how long, 1 min to 4 h.
            why: The reason.

        Raises:
            UsageError: The time is out of range, there is no reason, or stacks.toml has no `[guard]`.
            AwsError: No guard is installed, or its table can't be written.
        """
        span, said, by = in_range(span, MINUTE, LONGEST, "a disarmed guard"), one_line(why).strip(), who()
        if not said:
            raise UsageError("the reason to disarm the guard is missing", hint="give one with -m", code="no-reason")
        guard = self._guard()
        state = guard.change(lambda state, now: disarm(state, by=by, why=said, now=now, until=now + span))
        until = state.disarmed.until if state.disarmed else None
        return self._noted(Kind.DISARMED, said, until)

    def test(self, alarm: str | None = None, *, real: bool = False, approve: Approval = None) -> DrillResult:
        """A drill: set an alarm to ALARM state, and measure from it to the read-back. By default nothing is moved.

        Args:
            alarm: One of monitoring's; by default the first that isn't in ALARM state.
            real: Let the guard take all traffic back.
            approve: Approves the gate of a real one.

        Raises:
            UsageError: There is no such alarm, each is in ALARM state, or stacks.toml has no `[guard]`.
            Locked: Another drill is in progress.
            AwsError: No guard is installed, or it keeps no record of the drill.
        """
        self._guard()
        return Drills(self._opened)(alarm, real=real, approve=approve)

    def arm(self) -> GuardStatus:
        """End `disarm` now.

        Raises:
            UsageError: stacks.toml has no `[guard]`.
            AwsError: No guard is installed, or its table can't be written.
        """
        self._guard().change(lambda state, _: arm(state))
        return self._noted(Kind.ARMED)

    def _noted(self, kind: Kind, why: str = "", until: datetime | None = None) -> GuardStatus:
        """Write it into history, if that can be done: nothing waits for it."""
        container, name = self._container, self._environment.name
        journal = Journal(name, lambda: container.stacks, lambda: container.utc, who())
        try:
            journal.write(journal.message(kind, sentence=why, until=until))
        except RolloutError as error:
            self._emit(events.Warned(name, f"history doesn't say who {kind} the guard: {error.what}"))
        return self._status()

    def _guard(self) -> Guard:
        self._environment.require("guard")
        if self._environment.guard is None:
            raise self._none()
        self._require_account()
        return self._container.guard

    def _none(self) -> UsageError:
        return UsageError("stacks.toml has no [guard] table", hint="add one; it may be empty", code="missing-key")
