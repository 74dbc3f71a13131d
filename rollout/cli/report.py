"""`rollout report ENV`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rollout.base.output_file import require_writable
from rollout.cli.options import EnvironmentName, Overwrite
from rollout.cli.session import Session, command


@command()
def report(
    run: Session,
    environment: EnvironmentName,
    html: Annotated[Path, typer.Option("--html", help="The file to write.", show_default=False)],
    since: Annotated[
        str | None,
        typer.Option(help="The time range of the charts: 10m to 60d.", show_default="since before the ramp began"),
    ] = None,
    force: Overwrite = False,
) -> None:
    """Write an environment's state, charts and history into one HTML file.

    The file loads nothing else: attach it to a change ticket.

    Example: rollout report production --html production.html --since 2d
    """
    from rollout.inventory.quantities import format_duration
    from rollout.reports import require_extra

    require_extra()
    require_writable(html, overwrite=force)
    overview = run.environment(environment).reports.overview(since=since, costs=True)
    from rollout.reports.report import write_report

    write_report(overview, html, overwrite=force)
    run.render.say(f"wrote {html}: the report on {environment} for the last {format_duration(overview.since)}")
