"""`rollout history ENV`, `rollout show ENV N`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command


@command()
def history(
    run: Session,
    environment: EnvironmentName,
    limit: Annotated[int, typer.Option(help="Only so many of the latest changes.")] = 20,
) -> None:
    """Tell who changed what, when and why, the latest first: phases, weights, ways back, and what a ramp said.

    Example: rollout history production --limit 5
    """
    from rollout.cli.screens.history import PastChanges

    run.render(PastChanges(environment, run.environment(environment).history(limit=limit)))


@command()
def show(
    run: Session,
    environment: EnvironmentName,
    number: Annotated[int, typer.Argument(metavar="N", help="Its number in `rollout history`.", show_default=False)],
) -> None:
    """Tell all that history has of one change.

    Example: rollout show production 12
    """
    from rollout.cli.screens.history import PastChangeInFull

    run.render(PastChangeInFull(environment, run.environment(environment).history.change(number)))
