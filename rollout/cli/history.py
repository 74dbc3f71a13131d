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
    limit: Annotated[int, typer.Option(help="The number of latest changes.")] = 20,
) -> None:
    """Show who changed what, when and why, latest first: phases, weights, rollbacks, and ramps.

    Example: rollout history production --limit 5
    """
    from rollout.cli.screens.history import PastChanges

    run.render(PastChanges(environment, run.environment(environment).history(limit=limit)))


@command()
def show(
    run: Session,
    environment: EnvironmentName,
    number: Annotated[
        int, typer.Argument(metavar="N", help="The change's number in `rollout history`.", show_default=False)
    ],
) -> None:
    """Show one change in full.

    Example: rollout show production 12
    """
    from rollout.cli.screens.history import PastChangeInFull

    run.render(PastChangeInFull(environment, run.environment(environment).history.change(number)))
