"""What people say to a ramp that runs anywhere: `pause`, `resume`, `skip-wait`, `approve`, `freeze`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command


@command(provider=False)
def pause(run: Session, environment: EnvironmentName) -> None:
    """Let the ramp raise nothing; a failure still goes back.

    Example: rollout pause production
    """
    run.environment(environment).ramp.pause()


@command(provider=False)
def resume(run: Session, environment: EnvironmentName) -> None:
    """Let a paused ramp go on.

    Example: rollout resume production
    """
    run.environment(environment).ramp.resume()


@command(provider=False)
def skip_wait(run: Session, environment: EnvironmentName) -> None:
    """Let the ramp go on from this step at its Pass, whatever the bake.

    Example: rollout skip-wait production
    """
    run.environment(environment).ramp.skip_wait()


@command(provider=False)
def approve(
    run: Session,
    environment: EnvironmentName,
    weight: Annotated[
        str | None, typer.Argument(metavar="[N]", help="The step to approve; the next one that waits by default.")
    ] = None,
) -> None:
    """Approve a step of approve-before; history keeps who did.

    Example: rollout approve production 50
    """
    run.environment(environment).ramp.approve(weight)


@command(provider=False)
def freeze(
    run: Session,
    environment: EnvironmentName,
    until: Annotated[str, typer.Option(help="A time with its zone or a duration: 2026-12-24T18:00Z, 2h; 0s lifts it.")],
) -> None:
    """Let the ramp raise nothing until a time; a failure still goes back.

    Example: rollout freeze production --until 2026-12-24T18:00Z
    """
    run.environment(environment).ramp.freeze(until)
