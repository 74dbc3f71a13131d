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
    here: Annotated[bool, typer.Option("--here", help="Run the ramp in this process, not by the controller.")] = False,
    no_save: NoSave = False,
) -> None:
    """Raise the weight step by step, each after a Pass; on a Fail go back to legacy.

    It continues a ramp in progress. Exit code 6: the candidate is worse than legacy. With [controller] in stacks.toml,
    the controller runs the ramp: this command begins and follows it.

    Example: rollout ramp production --once --yes
    """
    opened = run.environment(environment)
    if not here:
        opened.inventory.require("controller")  # one that can't be read may be there, and runs the ramp
    if here or opened.inventory.controller is None:
        opened.ramp(approve=run.approve, once=once, restart=restart, save=not no_save)
    else:
        opened.ramp.follow(approve=run.approve, once=once, restart=restart)
