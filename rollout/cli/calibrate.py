"""`rollout calibrate ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command


@command()
def calibrate(
    run: Session,
    environment: EnvironmentName,
    since: Annotated[str, typer.Option(help="How far back the access logs are read: 1h to 1d.")] = "6h",
    ramps: Annotated[int, typer.Option(help="How many ramps are judged: 10 to 10000.")] = 200,
) -> None:
    """Measure how often a good candidate would fail, by ramps of legacy against itself on its access logs.

    It moves no traffic. Each ramp divides past clients at random.

    Example: rollout calibrate production --since 1d
    """
    from rollout.cli.screens.calibration import Calibrated

    target = run.environment(environment)
    run.render(Calibrated(environment, target.ramp.calibrate(since=since, ramps=ramps)))
