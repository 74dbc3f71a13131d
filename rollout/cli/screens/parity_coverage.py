"""What the requests cover that `rollout parity` would ask."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from rich.text import Text

from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.layout import block, table, warning
from rollout.parity.report import CoverageReport

_SHAPES = 3


@show.register
def coverage(report: CoverageReport, to: People) -> None:
    """Each route with its requests, statuses and most frequent shapes."""
    routes = table("route", "requests", "asked", "statuses", "shapes", "parameters")
    for route in report.routes:
        statuses = ", ".join(f"{count:,} {name}" for name, count in route.statuses.items())
        style = "" if route.chosen else "yellow"
        counts = f"{route.requests:,}", f"{route.chosen:,}"
        routes.add_row(route.route, *counts, statuses, _first(route.shapes), _first(route.parameters), style=style)
    to.draw(block(Text(f"requests of {report.environment}", style="bold"), routes, *map(warning, report.notes)))


def _first(counted: Mapping[str, int]) -> str:
    """The most frequent with their counts, and how many more there are."""
    named = [f"{count:,} {name}" for name, count in islice(counted.items(), _SHAPES)]
    more = [f"{len(counted) - _SHAPES} more"] if len(counted) > _SHAPES else []
    return ", ".join((*named, *more))
