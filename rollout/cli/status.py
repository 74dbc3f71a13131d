"""`rollout status [ENV]`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import OneOrAll
from rollout.cli.session import Session, command


@command()
def status(
    run: Session,
    environment: OneOrAll = None,
    since: Annotated[str, typer.Option(help="How far back requests are counted: 1m to 1d.")] = "15m",
    no_metrics: Annotated[bool, typer.Option("--no-metrics", help="Don't count requests.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Show the ramp at a glance, and keep it up to date until Ctrl-C.")
    ] = False,
    every: Annotated[str, typer.Option(help="With --watch: the interval, 1s to 1h.")] = "5s",
) -> None:
    """Show the wanted and live weights, and the measured share of requests.

    Without ENV, several environments have one line each.

    Example: rollout status production
    """
    if watch:
        from rollout.cli.watch import watch_one

        watch_one(run, environment, every)
        return
    opened = run.rollout()
    if environment is None and len(opened.environments) > 1:
        lines = opened.fleet()  # first: what draws them takes a while to import
        from rollout.cli.screens.fleet_result import FleetLines

        run.render(FleetLines(lines))
        return
    one = opened.environment(environment or opened.environments[0])
    run.render(one.status(since=None if no_metrics else since))
