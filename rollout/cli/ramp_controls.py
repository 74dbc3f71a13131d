"""Controls of a ramp, wherever it runs: `pause`, `resume`, `skip-wait`, `approve`, `freeze`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command


@command(provider=False, changes=True)
def pause(run: Session, environment: EnvironmentName) -> None:
    """Pause the ramp: no raise; a Fail still goes back.

    Example: rollout pause production
    """
    run.environment(environment).ramp.pause()


@command(provider=False, changes=True)
def resume(run: Session, environment: EnvironmentName) -> None:
    """Resume a paused ramp.

    Example: rollout resume production
    """
    run.environment(environment).ramp.resume()


@command(provider=False, changes=True)
def skip_wait(run: Session, environment: EnvironmentName) -> None:
    """End this step's bake; the step still needs a Pass.

    Example: rollout skip-wait production
    """
    run.environment(environment).ramp.skip_wait()


@command(provider=False, changes=True)
def approve(
    run: Session,
    environment: EnvironmentName,
    weight: Annotated[
        str | None, typer.Argument(metavar="[N]", help="The step to approve; by default the ramp's next one.")
    ] = None,
) -> None:
    """Approve a step of approve-before; history records who did.

    Example: rollout approve production 50
    """
    run.environment(environment).ramp.approve(weight)


@command(provider=False, changes=True)
def freeze(
    run: Session,
    environment: EnvironmentName,
    until: Annotated[
        str, typer.Option(help="A time with its time zone, or a duration: 2026-12-24T18:00Z, 2h; 0s lifts the freeze.")
    ],
) -> None:
    """Freeze the ramp: no raise until a time; a Fail still goes back.

    Example: rollout freeze production --until 2026-12-24T18:00Z
    """
    run.environment(environment).ramp.freeze(until)
