"""`rollout override ENV`."""

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


def override(
    environment: EnvironmentName,
    remove: Annotated[bool, typer.Option("--remove", help="Take the header rules away.")] = False,
    yes: Yes = False,
    message: Message = None,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Let a request header pick the implementation, whatever the weights.

    [header-override] in stacks.toml says which header.

    Example: rollout override production
    """
    with session(file, json=json, yes=yes, sandbox=sandbox, provider=provider) as run:
        run.rollout().environment(environment).override(remove=remove, approve=run.approve, message=message)
