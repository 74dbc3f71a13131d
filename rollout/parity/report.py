"""What comparing an environment's answers came to, route by route."""

from __future__ import annotations

from dataclasses import dataclass

from rollout.base.formatting import count_of
from rollout.errors import ParityFailed, Problem
from rollout.parity.coverage import RouteCoverage
from rollout.parity.verdict import Result, RouteVerdict, sentence


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """What the requests cover that could be asked.

    Attributes:
        environment: Its name.
        routes: By route.
        notes: What was left out, and why.
    """

    environment: str
    routes: tuple[RouteCoverage, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParityReport:
    """What is known of all routes.

    Attributes:
        environment: Its name.
        routes: By route.
        coverage: What the requests covered.
    """

    environment: str
    routes: tuple[RouteVerdict, ...]
    coverage: CoverageReport

    @property
    def result(self) -> Result:
        """The worst of the routes'."""
        found = {route.result for route in self.routes}
        return next(
            (result for result in (Result.DIFFERENT, Result.UNKNOWN) if result in found or not found), Result.SAME
        )

    @property
    def sentence(self) -> str:
        """What is known of all together."""
        return sentence(sum(route.different for route in self.routes), sum(route.requests for route in self.routes))

    def require(self) -> None:
        """Go on only if all routes have parity.

        Raises:
            ParityFailed: With what differs, and what isn't known.
        """
        problems = tuple(_problem(route) for route in self.routes if route.result is not Result.SAME)
        if problems:
            what = f"{len(problems)} of {count_of(len(self.routes), 'route')} of {self.environment} have no parity"
            raise ParityFailed(
                what, problems, hint="fix the candidate, or write in [routes.NAME.parity] what may differ"
            )


def _problem(route: RouteVerdict) -> Problem:
    where = f"routes.{route.route}"
    if route.result is Result.UNKNOWN:
        hint = None if route.skipped else "give more requests: --since, --requests, --from or samples"
        return Problem("; ".join((*route.why, *route.skipped)), where, hint, code="not-compared")
    places = [each.place for each in route.differences]
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    what = f"{route.different:,} of {count_of(route.requests, 'request')} differ: {places[0]}{more}"
    return Problem(what, where, code="answers-differ")
