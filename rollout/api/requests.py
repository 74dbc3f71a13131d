"""The requests of each implementation, from CloudWatch or another source."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from datetime import timedelta

from rollout.alb.state import AlbState
from rollout.analysis.measuring.split import Measured, counted, measure, per_minute
from rollout.analysis.measuring.volumes import Volume, volumes
from rollout.analysis.metrics import SINCE, without_gaps
from rollout.api.arguments import names_of
from rollout.api.opened import Part
from rollout.errors import AwsError, RolloutError, UsageError
from rollout.inventory.model import Arn
from rollout.inventory.quantities import format_duration


class Requests(Part):
    """How many requests the target groups had."""

    def counts(self, live: AlbState, since: timedelta) -> dict[Arn, int]:
        """The requests of so long, up to the last full minute, by target group.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        asked = counted(self._environment, live)
        end = self._container.utc.replace(second=0, microsecond=0)
        found = without_gaps(self._container.metrics.read(tuple(asked.values()), end - since, end))
        return {group: round(sum(point.value for point in found[series])) for group, series in asked.items()}

    def volumes(self, live: AlbState) -> Mapping[str, Volume] | str:
        """How many requests each route moves at a change of weight; or why it isn't known."""
        try:
            return volumes(self._environment, live, self.counts(live, SINCE), SINCE)
        except RolloutError as error:
            return error.what

    def measured(self, live: Future[AlbState], since: timedelta) -> Mapping[str, Measured] | str:
        """The requests of each implementation by route; or why they aren't known."""
        try:
            counts = self.counts(live.result(), since)
        except AwsError as error:
            return f"{error.what}; {error.hint}" if error.hint else error.what
        if not any(counts.values()):
            return (
                f"{self._environment.analysis.source_name} has no requests of the last {format_duration(since)} "
                "before the current minute"
            )
        return measure(self._environment, live.result(), counts, since)

    def fewest(self, since: timedelta) -> tuple[float, tuple[str, ...]]:
        """The requests a minute of the routes that have the fewest, and notes on the others.

        Raises:
            UsageError: No route had requests.
            AwsError: AWS refused, or can't be reached.
        """
        live = self._container.load_balancers.read(self._environment, tags=False)
        found = per_minute(self._environment, live, self.counts(live, since), since)
        busy = {routes: rate for routes, rate in found.items() if rate}
        if not busy:
            raise UsageError(
                f"{self._environment.analysis.source_name} has no requests of the last {format_duration(since)} "
                "for the estimate",
                hint="look further back with --since, or give a number with --rpm",
                code="no-requests",
            )
        quietest = min(busy, key=lambda routes: busy[routes])
        notes = [f"{names_of(quietest)} had the fewest requests, and a step passes only with all routes"]
        notes += [f"{names_of(routes)} had none: no step passes without requests" for routes in found.keys() - busy]
        return busy[quietest], tuple(sorted(notes) if len(found) > 1 else notes[1:])
