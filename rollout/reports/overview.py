"""One environment's data for the dashboard and the report, at one time. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rollout.analysis.cost.ledger import CostLedger
from rollout.inventory.quantities import ZERO, Percent
from rollout.inventory.ramp_settings import Analysis
from rollout.migration.checks.status import EnvironmentStatus
from rollout.ramp.looks import LocalLook
from rollout.ramp.view import RampView
from rollout.reports.timeseries import TimeSeries
from rollout.state.history.audit import PastChange
from rollout.state.ramp_journal import JournalEntry, KeptVerdict


@dataclass(frozen=True, slots=True)
class Overview:
    """One environment.

    Attributes:
        at: When it was read, by AWS's time, in UTC.
        since: How far back the time series go.
        is_fitted: Whether that was fitted to what happened, and not chosen.
        status: Its status.
        ramp: Its ramp's state, in a sentence.
        view: What the ramp's next look would do, with its verdict; None where nobody asked.
        look: The last look of a ramp that goes on on this machine; None where none does.
        bakes_until: When the present step's bake ends; None without one.
        steps: The ramp's steps; none before there is one.
        history: Its changes, oldest first.
        whole: The time series of all routes together; None without data.
        courses: Those of routes that are counted separately, in the inventory's order; only `whole` if there is one.
        notes: Notes on the numbers, and what could not be read.
        analysis: The margins that the ramp's verdict goes by; None if they can't be gone by.
        parity: By route, the last verdict on its answers that history has, and its entry.
        costs: What its functions cost, or why that isn't known; None where nobody asked.
    """

    at: datetime
    since: timedelta
    status: EnvironmentStatus
    ramp: str
    is_fitted: bool = False
    view: RampView | None = None
    look: LocalLook | None = None
    bakes_until: datetime | None = None
    steps: tuple[Percent, ...] = ()
    history: tuple[PastChange, ...] = ()
    whole: TimeSeries | None = None
    courses: tuple[TimeSeries, ...] = ()
    notes: tuple[str, ...] = ()
    analysis: Analysis | None = None
    parity: Mapping[str, tuple[JournalEntry, KeptVerdict]] = field(default_factory=dict)
    costs: CostLedger | str | None = None

    @property
    def environment(self) -> str:
        """Its name."""
        return self.status.environment

    @property
    def weights(self) -> tuple[Percent, ...]:
        """The live weights that there are, rising, each once."""
        return self.weights_of([route.route for route in self.status.routes])

    def weights_of(self, routes: Collection[str]) -> tuple[Percent, ...]:
        """The live weights of some routes, rising, each once."""
        of = (route for route in self.status.routes if route.route in routes)
        return tuple(sorted({route.live.weight for route in of if route.live is not None}))

    @property
    def top(self) -> Percent:
        """The highest live weight."""
        return max(self.weights, default=ZERO)

    def with_history_of(self, route: str) -> Overview:
        """The same with the changes alone that moved a route, or name none."""
        return replace(self, history=tuple(each for each in self.history if route in each.moves or not each.moves))

    def course_of(self, route: str) -> TimeSeries | None:
        """The course that a route is in."""
        return next((each for each in self.courses if route in each.routes), None)
