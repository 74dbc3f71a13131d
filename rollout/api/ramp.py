"""The ramp: run it, view it, control it, plan it."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from rollout.analysis.measuring.pools import group_pools
from rollout.api.arguments import HOUR, Approval, approver, read_span, read_weight
from rollout.api.opened import Part, patient
from rollout.api.ramp_actions import EnvironmentRampActions, Known
from rollout.api.requests import Requests
from rollout.base.printable import one_line
from rollout.base.user import MAX_NAME, who
from rollout.errors import UsageError
from rollout.inventory.quantities import Percent
from rollout.migration import events
from rollout.ramp.controls import Controls, read_until
from rollout.ramp.guarded import RampGuard
from rollout.ramp.history import RampHistory
from rollout.ramp.runner import RampResult, Runner
from rollout.ramp.view import RampView, view
from rollout.state.ramp_journal import Journal, Kind

if TYPE_CHECKING:
    from rollout.analysis.calibration import Calibration
    from rollout.analysis.planning import RampPlan
    from rollout.ramp.looks import Looks

CALIBRATED = timedelta(hours=6)
KEPT_CLIENTS = (
    "cookies keep each client with one implementation, and the judge counts requests: a few heavy clients can fail a "
    'good candidate; `rollout calibrate` measures it, `unit = "clients"` in [analysis] counts clients, and '
    '`from = "end"` in [stickiness] sets no cookies during a ramp'
)
"""A note of a plan whose steps keep clients."""
FEWER_CLIENTS = "the judge counts clients, which are fewer than requests: a step takes longer than planned"
"""A note of a plan by requests where clients are the unit."""


class EnvironmentRamp(Part):
    """The ramp of an environment; a call runs it."""

    def __call__(
        self,
        *,
        approve: Approval = None,
        once: bool = False,
        restart: bool = False,
        save: bool = True,
        begins: bool = True,
    ) -> RampResult:
        """Raise the weight by the steps of `[ramp]`, each after a Pass of the one before.

        It continues from the ramp's state in the live weights and Pulumi's history.

        Args:
            approve: Approves each step's gate.
            once: Do what is due now and return, instead of continuing until the ramp has ended.
            restart: Begin at the live weight, after a ramp has ended or another process set weights.
            save: Whether to write each weight into the file once it is live.
            begins: Whether to begin a ramp where none is; a controller only goes on with one that a person began.

        Raises:
            AnalysisFailed: The candidate is worse than legacy; `on-failure` was carried out.
            RampEnded: It has ended in another way, such as by a rollback.
            Drift: Another process set weights.
            UsageError: There is nothing to restart.
        """
        looks = self._container.looks(self._file)
        return self._run(approve, once=once, restart=restart, save=save, begins=lambda: begins, looks=looks)

    def look(self, *, begins: Callable[[], bool], restart: bool, wanted: datetime | None = None) -> RampResult:
        """A controller's look: `__call__` with `once`.

        Args:
            begins: Whether to begin a ramp; only asked where one is to begin.
            restart: Begin at the live weight, after a ramp has ended or another process set weights.
            wanted: When that was wanted, if it may have been done since.
        """
        return self._run(True, once=True, restart=restart, save=False, begins=begins, wanted=wanted)

    def _run(
        self,
        approve: Approval,
        *,
        once: bool,
        restart: bool,
        save: bool,
        begins: Callable[[], bool],
        wanted: datetime | None = None,
        looks: Looks | None = None,
    ) -> RampResult:
        self._environment.require("ramp", "analysis", "notifications")
        name = self._environment.name
        actions = EnvironmentRampActions(
            self._opened,
            save=save,
            warn=lambda said: self._emit(events.Warned(name, said)),
            once=once,
            known=self._known,
        )
        with self._emit.aside():
            journal = self._journal()
            history = partial(RampHistory, self._environment, actions, journal)
            asked = patient(self._emit, approver(approve))
            runner = Runner(
                self._environment,
                actions,
                journal,
                self._emit,
                history=history,
                approve=asked,
                guard=self._guard(looks),
                begins=begins,
            )
            return runner.run(once=once, restart=restart, wanted=wanted)

    def follow(self, *, approve: Approval = None, once: bool = False, restart: bool = False) -> RampResult:
        """Follow the ramp that a controller runs in the account; begin one if none is running.

        Args:
            approve: Approves the gate of a ramp that begins.
            once: Return what is known now, instead of following until the ramp has ended.
            restart: Begin at the live weight, after a ramp has ended or another process set weights.

        Raises:
            UsageError: stacks.toml has no `[controller]`, or there is nothing to restart.
            AwsError: No controller is installed.
            GateRefused: The gate was declined, or approval is required.
            AnalysisFailed, RampEnded, Drift: As for a ramp in this process.
        """
        from rollout.api.following import Followers  # noqa: PLC0415 - most environments have no controller

        return Followers(self._opened)(self._journal(), approve, once=once, restart=restart)

    def view(self, *, logs: bool = True) -> RampView:
        """The ramp's state, verdict and next action; nothing is changed.

        Args:
            logs: Whether to read logs, which takes a while and costs money; if not, verdicts by logs are missing.
        """
        self._environment.require("ramp", "analysis")
        judges = logs or not self._environment.analysis.reads_logs
        return view(self._environment, self._onlooker, self._journal(), judges=judges)

    def pause(self) -> None:
        """Stop raises until `resume`; a Fail still goes back."""
        self._record(Kind.PAUSED)

    def resume(self) -> None:
        """Resume a paused ramp."""
        self._record(Kind.RESUMED)

    def skip_wait(self) -> None:
        """End this step's bake; the step still needs a Pass."""
        self._record(Kind.SKIPPED)

    def approve(self, weight: Percent | float | str | None = None, *, by: str | None = None) -> Percent:
        """Approve a step of `approve-before`, by default the next; history records who did.

        Args:
            weight: The step, 0 to 100.
            by: Who approved, if it wasn't the user who runs this program.

        Raises:
            UsageError: No such step waits, or no ramp is running.
            Drift: Another process set weights.
        """
        self._environment.require("ramp")
        person = one_line(by)[:MAX_NAME] if by else None
        return self._controls(person).approve(self._live(), None if weight is None else read_weight(weight))

    def freeze(self, until: datetime | timedelta | str) -> None:
        """Stop raises until a time.

        Args:
            until: A time with its time zone, or a duration from now, at most 90 days; `0s` lifts a freeze.

        Raises:
            UsageError: It is neither, or too far away.
        """
        self._controls().freeze(read_until(until, self._container.utc))

    def plan(
        self,
        *,
        base: float = 0.001,
        harmful: float = 0.01,
        since: timedelta | str = HOUR,
        requests_per_minute: float | None = None,
    ) -> RampPlan:
        """Estimate how long each step of the ramp must be watched to find a given harm.

        Args:
            base: Legacy's share of bad requests, 0 to 1.
            harmful: The candidate's share to find, above `base`, to 1.
            since: How far back requests are counted, 1 min to 1 d, also as a text such as `15m`. The routes with the
                fewest requests count.
            requests_per_minute: Use this number, above 0, instead of CloudWatch's counts.

        Raises:
            UsageError: An argument is out of range, or no route had requests.
            AwsError: AWS refused or can't be reached.
        """
        from rollout.analysis.planning import plan_ramp  # noqa: PLC0415 - scipy takes a while to import

        self._environment.require("ramp", "analysis")
        if not 0 <= base < harmful <= 1:
            raise UsageError(
                f"can't plan for errors that rise from {base * 100:g} to {harmful * 100:g} per cent",
                hint="give a share of 0 or more, and a higher one of up to 100",
                code="out-of-range",
            )
        if requests_per_minute is not None and not 0 < requests_per_minute < math.inf:
            raise UsageError(
                f"{requests_per_minute:g} requests per minute are too few or too many", code="out-of-range"
            )
        environment, notes = self._environment, tuple[str, ...]()
        if requests_per_minute is None:
            requests_per_minute, notes = Requests(self._opened).fewest(read_span(since))
        ramp, pools = environment.ramp, len(group_pools(environment))
        if environment.analysis.unit == "clients":
            notes += (FEWER_CLIENTS,)
        elif any(environment.stickiness.kept_at(step) for step in ramp.steps[:-1]):
            notes += (KEPT_CLIENTS,)
        return plan_ramp(
            requests_per_minute,
            base,
            harmful,
            ramp.steps,
            environment.analysis,
            longest=ramp.bake_limit,
            pools=pools,
            notes=notes,
        )

    def calibrate(self, *, since: timedelta | str = CALIBRATED, ramps: int = 200) -> Calibration:
        """Judge ramps of legacy against itself, on its access logs, and record in history how often one is rolled back.

        No traffic moves.

        Args:
            since: How far back logs are read, 1 h to 1 d: an hour and one ramp at least.
            ramps: How many, 10 to 10,000.

        Raises:
            UsageError: An argument is out of range, or the logs cover too little time.
            AwsError: AWS refused, can't be reached, or a load balancer writes no logs.
            EngineError, Locked: History can't be written.
        """
        from rollout.api.calibration import Calibrations  # noqa: PLC0415 - numpy takes a while to import

        return Calibrations(self._opened)(since, ramps, self._journal())

    @cached_property
    def _known(self) -> Known:
        """What one look reads for the next, also for one of another call: a controller's function is kept for it."""
        return Known()

    @cached_property
    def _onlooker(self) -> EnvironmentRampActions:
        """What looks on; it is kept, since it remembers what a step's latencies are held against."""
        return EnvironmentRampActions(self._opened, save=False, warn=lambda _: None)

    def _guard(self, looks: Looks | None) -> RampGuard:
        name, container = self._environment.name, self._container
        guard, alarms = None, tuple[str, ...]()
        if self._environment.guard is not None:
            from rollout.programs.alarms.alarms import guard_alarms  # noqa: PLC0415 - only where there is one

            guard, alarms = container.guard, guard_alarms(self._environment)
        return RampGuard(
            guard,
            alarms,
            who(),
            now=lambda: container.utc,
            warn=lambda said: self._emit(events.Warned(name, said)),
            looks=looks,
        )

    def _journal(self, by: str | None = None) -> Journal:
        container = self._container
        return Journal(self._environment.name, lambda: container.stacks, lambda: container.utc, by or who())

    def _controls(self, by: str | None = None) -> Controls:
        return Controls(self._environment, self._journal(by), by or who(), self._emit)

    def _record(self, kind: Kind) -> None:
        self._controls().say(kind, self._live())
