"""How drift is drawn: file, state and load balancer side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rollout.migration.checks.drift import DriftReport


def drawn(report: DriftReport) -> RenderableType:
    """A row a route; those that don't agree in yellow."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("route", overflow="fold")
    table.add_column("file", justify="right", no_wrap=True)
    for column in ("state", "live"):
        table.add_column(column, overflow="fold")
    for route in report.routes:
        state, live = route.state or "nobody's", route.live or "no rule"
        table.add_row(route.route, f"{route.file} %", state, live, style="yellow" if route.problems else "")
    verdict = "drift" if report.problems else "file, state and load balancer agree"
    head = Text(report.environment, style="bold").append(f"  {verdict}", style="dim")
    return Group(head, Padding(table, (0, 0, 1, 2)))
