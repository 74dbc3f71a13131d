"""Drift: file, state and load balancer compared."""

from __future__ import annotations

from rich.text import Text

from rollout.base.formatting import count_of
from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.guard_status import guard_line
from rollout.cli.screens.layout import alike, block, table
from rollout.migration.checks.drift import DriftReport


@show.register
def drift(report: DriftReport, to: People) -> None:
    """A row a route, or for all that are alike; those that don't agree in yellow."""
    rows = table("route")
    rows.add_column("file", justify="right", no_wrap=True)
    for column in ("state", "live"):
        rows.add_column(column, overflow="fold")
    for group in alike(report.routes, lambda route: (route.file, route.state, route.live, route.problems)):
        route, name = group[0], group[0].route if len(group) == 1 else count_of(len(group), "route")
        state, live = route.state or "not managed", route.live or "no rule"
        rows.add_row(name, f"{route.file} %", state, live, style="yellow" if route.problems else "")
    verdict = "drift" if report.problems else "file, state and load balancer agree"
    head = Text(report.environment, style="bold").append(f"  {verdict}", style="dim")
    to.draw(block(head, rows, *([guard_line(report.guard)] if report.guard else [])))
