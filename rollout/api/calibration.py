"""An environment's traffic, judged against itself; see `analysis.calibration`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rollout.api.arguments import in_range
from rollout.api.opened import Part
from rollout.base.formatting import count_of
from rollout.errors import AwsError, EngineError, UsageError
from rollout.migration import events
from rollout.state.ramp_journal import Journal, Kind

if TYPE_CHECKING:
    from rollout.analysis.calibration import Calibration
    from rollout.analysis.measuring.past_lines import PastLines

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FEWEST, MOST = 10, 10_000


class Calibrations(Part):
    """Ramps of legacy against itself."""

    def __call__(self, since: timedelta | str, ramps: int, journal: Journal) -> Calibration:
        """See `EnvironmentRamp.calibrate`."""
        from rollout.analysis.calibration import TooShort, calibrate  # noqa: PLC0415 - scipy takes a while to import

        self._environment.require("ramp", "analysis")
        span = in_range(since, HOUR, DAY, "access logs")
        if not FEWEST <= ramps <= MOST:
            raise UsageError(
                f"{count_of(ramps, 'ramp')}: too few or too many", hint=f"give {FEWEST} to {MOST}", code="out-of-range"
            )
        environment = self._environment
        past = self._lines(span).requests(environment.analysis.metrics)

        def done(number: int) -> None:
            self._emit(events.RampsJudged(environment.name, number, ramps))

        try:
            found = calibrate(
                past, environment.analysis, environment.ramp, environment.stickiness, ramps=ramps, progress=done
            )
        except TooShort as error:
            raise UsageError(
                f"there are access logs of {count_of(error.minutes, 'minute')}",
                hint=f"{error.needed} are needed, for an hour and one ramp: give a longer --since, or wait",
                code="too-few-logs",
            ) from None
        self._record(found, journal)
        return found

    def _lines(self, span: timedelta) -> PastLines:
        """What the logs have of legacy's requests.

        Raises:
            AwsError: AWS refused, can't be reached, or a load balancer writes no logs.
        """
        from rollout.analysis.measuring.logged_balancers import (  # noqa: PLC0415 - only this command needs them
            logged_balancers,
            require_logs,
            spots_of,
        )
        from rollout.analysis.measuring.past_lines import PastLines  # noqa: PLC0415 - numpy takes a while, too

        environment, logs = self._environment, self._container.access_logs
        live = self._container.load_balancers.read(environment, tags=False)
        require_logs(environment, live, logs)
        now = self._container.utc
        start = (now - span).replace(second=0, microsecond=0)
        spots = spots_of(environment, live, lambda route: (route.legacy,))
        lines = PastLines(start, span // timedelta(minutes=1), spots, environment.analysis.clients_by)
        for balancer in dict.fromkeys(logged_balancers(environment, live).values()):
            for file in logs.files(balancer, start, now):
                try:
                    for some in logs.lines(file):
                        lines.feed(some)
                except AwsError as error:
                    if error.code != "access-log-broken":
                        raise
                    self._emit(events.Warned(environment.name, f"{error.what}, and is left out: {error.where}"))
                if lines.is_full:
                    break
        return lines

    def _record(self, found: Calibration, journal: Journal) -> None:
        """Keep it in history, where a ramp looks for it; before phase 2 there is none."""
        try:
            journal.write(journal.message(Kind.CALIBRATED, sentence=found.sentence, safe=found.is_safe))
        except EngineError as error:
            if error.code != "stack-missing":
                raise
            self._emit(events.Warned(self._environment.name, "the result is not in history: phase 2 creates its stack"))
