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
            help="How long no request may have met legacy, such as 7d; by default complete-after.",
        ),
    ] = None,
    no_save: NoSave = False,
    message: Message = None,
    waive: Waive = None,
) -> None:
    """Retire legacy, once all is at 100 and CloudWatch had no request to it for long.

    The rules forward to the candidate alone, then the legacy functions are deleted. There is no way back.

    Example: rollout complete production
    """
    run.environment(environment).complete(
        quiet_for=quiet_for, approve=run.approve, save=not no_save, message=message, waive=waive or ()
    )
