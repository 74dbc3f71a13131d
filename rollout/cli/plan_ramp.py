"""`rollout plan-ramp ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command


@command()
def plan_ramp(
    run: Session,
    environment: EnvironmentName,
    base: Annotated[float, typer.Option("--from", help="Legacy's error rate, per cent.")] = 0.1,
    harmful: Annotated[float, typer.Option("--to", help="The candidate's error rate to find, per cent.")] = 1.0,
    since: Annotated[str, typer.Option(help="How far back requests are counted: 1m to 1d.")] = "1h",
    rpm: Annotated[
        float | None, typer.Option(help="Requests per minute, instead of CloudWatch's counts.", show_default=False)
    ] = None,
) -> None:
    """Estimate how long each step of the ramp must last to find errors, and print a schedule for stacks.toml.

    Example: rollout plan-ramp production --from 0.1 --to 1
    """
    from rollout.cli.screens.ramp_plan import RampPlanned

    target = run.environment(environment)
    plan = target.ramp.plan(base=base / 100, harmful=harmful / 100, since=since, requests_per_minute=rpm)
    run.render(RampPlanned(environment, plan))
