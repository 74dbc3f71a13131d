"""How what came of a smoke test is drawn: a line for each route."""

from __future__ import annotations

from datetime import timedelta

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rollout.base.formatting import count_of
from rollout.migration.smoke.report import Smoked, SmokeReport


def drawn(report: SmokeReport) -> RenderableType:
    """Each route with its status and time, and what was warmed first."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(4):
        table.add_column(overflow="fold")
    for route in report.routes:
        table.add_row(*_row(route))
    rows: list[RenderableType] = [Text(f"smoke {report.environment}", style="bold"), Padding(table, (0, 0, 0, 2))]
    rows.extend(
        Text(f"  {function}: {count_of(count, 'invocation')} side by side answered first", style="dim")
        for function, count in report.warmed.items()
    )
    return Group(*rows, Text())


def _row(found: Smoked) -> tuple[Text, str, str, str]:
    mark, style = ("✗", "bold red") if found.problems else ("✓", "green") if found.request else ("!", "yellow")
    took = "" if found.took is None else f"{found.took / timedelta(milliseconds=1):,.0f} ms"
    status = str(found.status or "") if found.request else found.note or ""
    return Text(f"{mark} ", style=style).append(found.route, style="default"), found.request, status, took
