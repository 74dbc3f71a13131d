"""`rollout complete ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName, Message, NoSave, Waive
from rollout.cli.session import Session, command


@command(yes=True)
def complete(
    run: Session,
    environment: EnvironmentName,
    quiet_for: Annotated[
        str | None,
        typer.Option(
            "--quiet-for",
            metavar="TIME",
            help="How long legacy must have had no requests, such as 7d; by default complete-after.",
        ),
    ] = None,
    no_save: NoSave = False,
    message: Message = None,
    waive: Waive = None,
) -> None:
    """Retire legacy, if all routes are at 100 % and legacy had no requests for a time.

    It makes the rules forward to the candidate only, then deletes the legacy functions. You can't undo it.

    Example: rollout complete production
    """
    run.environment(environment).complete(
        quiet_for=quiet_for, approve=run.approve, save=not no_save, message=message, waive=waive or ()
    )
