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
    once: Annotated[bool, typer.Option("--once", help="Make one look and exit: for cron and CI.")] = False,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Begin again at the live weight, after a failure or a rollback; never use it in cron."
        ),
    ] = False,
    no_save: NoSave = False,
) -> None:
    """Raise the weight step by step, each after a Pass; on a Fail go back.

    It continues a running ramp from its state. Exit code 6: the candidate is worse than legacy.

    Example: rollout ramp production --once --yes
    """
    run.environment(environment).ramp(approve=run.approve, once=once, restart=restart, save=not no_save)
