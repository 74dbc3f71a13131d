"""`rollout complete ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import (
    STACKS_TOML,
    EnvironmentName,
    File,
    Json,
    Message,
    NoSave,
    ProviderName,
    ProviderOption,
    Sandboxed,
    Waive,
    Yes,
)
from rollout.cli.session import session


def complete(
    environment: EnvironmentName,
    quiet_for: Annotated[
        str | None,
        typer.Option(
            "--quiet-for",
            metavar="TIME",
            help="How long no request may have met legacy, such as 7d; by default complete-after.",
        ),
    ] = None,
    yes: Yes = False,
    no_save: NoSave = False,
    message: Message = None,
    waive: Waive = None,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Retire legacy, once all is at 100 and CloudWatch had no request to it for long.

    The rules forward to the candidate alone, then the legacy functions are deleted. There is no way back.

    Example: rollout complete production
    """
    with session(file, json=json, yes=yes, sandbox=sandbox, provider=provider) as run:
        run.rollout().environment(environment).complete(
            quiet_for=quiet_for, approve=run.approve, save=not no_save, message=message, waive=waive or ()
        )
