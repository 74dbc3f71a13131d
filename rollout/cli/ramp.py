"""`rollout ramp ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName, NoSave
from rollout.cli.rollback import PATIENCE
from rollout.cli.session import Session, command


@command(yes=True, patience=PATIENCE)
def ramp(
    run: Session,
    environment: EnvironmentName,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now and exit: for cron and CI.")] = False,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Begin anew from the live weight, after a failure or a rollback; never for cron."
        ),
    ] = False,
    no_save: NoSave = False,
) -> None:
    """Raise the weight step by step, each after a Pass; go back by itself.

    It goes on from wherever the ramp stands, whoever began it. Exit code 6: the candidate is worse than legacy.

    Example: rollout ramp production --once --yes
    """
    run.environment(environment).ramp(approve=run.approve, once=once, restart=restart, save=not no_save)
