"""`rollout smoke ENV`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName, Routes
from rollout.cli.session import Session, command


@command()
def smoke(
    run: Session,
    environment: EnvironmentName,
    samples: Annotated[
        Path | None,
        typer.Option(help="The folder of the samples; by default `samples` beside the inventory."),
    ] = None,
    routes: Routes = None,
    warm: Annotated[
        int, typer.Option(help="Start this many execution environments of each function first: 1 to 100.")
    ] = 1,
) -> None:
    """Invoke the candidate's functions as the load balancer would, and check the answers. It moves no traffic.

    Example: rollout smoke production
    """
    report = run.environment(environment).smoke(samples=samples, routes=routes or (), warm=warm)
    run.render(report)
    report.require()
