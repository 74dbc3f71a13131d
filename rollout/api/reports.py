"""Summaries of an environment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from rollout.api.arguments import DAY, in_range
from rollout.api.checks import Checks
from rollout.api.controller_reading import ControllerReading
from rollout.api.cost import Costs
from rollout.api.fleet import FleetLine, line_of
from rollout.api.guard_reading import GuardReading
from rollout.api.holders import Holders
from rollout.api.opened import Part
from rollout.inventory.stacks import ROUTING
from rollout.migration.checks.drift import DriftReport, drift_of
from rollout.migration.checks.status import EnvironmentStatus, with_controller, with_guard
from rollout.ramp.sentence import ramp_sentence
from rollout.state.ramp_journal import DEPTH

if TYPE_CHECKING:
    from rollout.api.ramp import EnvironmentRamp
    from rollout.reports.overview import Overview


class Reports(Part):
    """An environment in one line, or in full."""

    def overview(self, *, since: timedelta | str | None = None, logs: bool = False, costs: bool = False) -> Overview:
        """The environment's status, its history, and legacy and the candidate over time.

        Args:
            since: How far back, 10 min to 60 d, also as a text such as `7d`; by default since the last ramp.
            logs: Whether the ramp's verdict may read logs, which takes a while and costs.
            costs: Whether to read what the functions cost, over the last day.

        Raises:
            UsageError: It isn't a duration, or out of range.
            AwsError: The load balancers can't be read. Other failures are notes of the overview.
        """
        from rollout.reports.fitting import LONGEST, SHORTEST  # noqa: PLC0415 - they take a while
        from rollout.reports.reading import read_overview  # noqa: PLC0415

        span = None if since is None else in_range(since, SHORTEST, LONGEST, "a look back")
        container = self._container
        return read_overview(
            self._environment,
            lambda: Checks(self._opened).status(since=None),
            self._live,
            states=lambda: container.states,
            firings=GuardReading(self._opened).firings,
            look=container.looks(self._file).read,
            ramp=lambda: self._ramp.view(logs=logs),
            costs=(lambda: Costs(self._opened)(DAY, logs=logs)) if costs else None,
            metrics=container.metrics,
            now=container.utc,
            since=span,
        )

    @cached_property
    def _ramp(self) -> EnvironmentRamp:
        from rollout.api.ramp import EnvironmentRamp  # noqa: PLC0415 - it takes a while

        return EnvironmentRamp(self._opened)

    def summary(self) -> FleetLine:
        """The environment's status in one line. It never raises: unknown parts are missing, or an error."""
        environment = self._environment
        holders = Holders(self._opened)
        with ThreadPoolExecutor(6) as pool:
            states, live = holders.begin_if_any(pool), pool.submit(self._live)

            def drift() -> DriftReport:
                held = (states or holders.begin(pool))()  # which says that there is no engine
                return drift_of(environment, live.result(), held.legacy, held.routing)

            def ramp() -> str:
                return ramp_sentence(environment, live.result(), self._container.states.history(ROUTING, DEPTH))

            guard = pool.submit(GuardReading(self._opened).status)
            controller = pool.submit(ControllerReading(self._opened).status)

            def status() -> EnvironmentStatus:
                found = with_controller(holders.status(pool, states, live), controller.result())
                return with_guard(found, guard.result())

            return line_of(environment, status, drift, ramp)
