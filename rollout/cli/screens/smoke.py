"""A smoke test's results: one line per route."""

from __future__ import annotations

from datetime import timedelta

from rich.text import Text

from rollout.base.formatting import count_of
from rollout.cli.people import People
from rollout.cli.screens import show
from rollout.cli.screens.layout import block, table
from rollout.migration.smoke.report import Smoked, SmokeReport


@show.register
def smoke(report: SmokeReport, to: People) -> None:
    """Each route with its status and time, and what was warmed first."""
    routes = table(*[""] * 4, show_header=False)
    for route in report.routes:
        routes.add_row(*_row(route))
    warmed = (
        Text(f"  {function}: {count_of(count, 'parallel invocation')} answered first", style="dim")
        for function, count in report.warmed.items()
    )
    head = Text(f"smoke {report.environment}", style="bold")
    to.draw(block(head, routes, *warmed))


def _row(found: Smoked) -> tuple[Text, str, str, str]:
    mark, style = ("✗", "bold red") if found.problems else ("✓", "green") if found.request else ("!", "yellow")
    took = "" if found.took is None else f"{found.took / timedelta(milliseconds=1):,.0f} ms"
    status = str(found.status or "") if found.request else found.note or ""
    return Text(f"{mark} ", style=style).append(found.route, style="default"), found.request, status, took
