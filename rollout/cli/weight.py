"""`rollout weight ENV N`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import (
    STACKS_TOML,
    AcceptLive,
    EnvironmentName,
    File,
    Json,
    Message,
    NoSave,
    ProviderName,
    ProviderOption,
    Routes,
    Sandboxed,
    Waive,
    Yes,
)
from rollout.cli.session import session


def weight(
    environment: EnvironmentName,
    percent: Annotated[str, typer.Argument(metavar="N", help="The candidate's share: 0 to 100, one decimal.")],
    routes: Routes = None,
    yes: Yes = False,
    no_save: NoSave = False,
    message: Message = None,
    accept_live: AcceptLive = False,
    waive: Waive = None,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Set the candidate's weight in per cent, and save it.

    0 takes the candidate out of the rules at once, for everybody.

    Example: rollout weight production 10 --route stamp-score
    """
    with session(file, json=json, yes=yes, sandbox=sandbox, provider=provider) as run:
        run.rollout().environment(environment).set_weight(
            percent,
            routes=routes or (),
            approve=run.approve,
            save=not no_save,
            message=message,
            accept_live=accept_live,
            waive=waive or (),
        )
