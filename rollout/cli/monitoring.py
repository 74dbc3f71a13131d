"""`rollout monitoring ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import (
    STACKS_TOML,
    EnvironmentName,
    File,
    Json,
    Message,
    ProviderName,
    ProviderOption,
    Sandboxed,
    Yes,
)
from rollout.cli.session import session


def monitoring(
    environment: EnvironmentName,
    remove: Annotated[bool, typer.Option("--remove", help="Take the alarms and the dashboard away.")] = False,
    yes: Yes = False,
    message: Message = None,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Make CloudWatch alarms and a dashboard over both implementations.

    Example: rollout monitoring production
    """
    with session(file, json=json, yes=yes, sandbox=sandbox, provider=provider) as run:
        run.rollout().environment(environment).monitoring(remove=remove, approve=run.approve, message=message)
