"""`rollout override ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName, Message
from rollout.cli.session import Session, command


@command(yes=True)
def override(
    run: Session,
    environment: EnvironmentName,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the header rules.")] = False,
    message: Message = None,
) -> None:
    """Let a request header select the implementation, at any weight.

    [header-override] in stacks.toml names the header.

    Example: rollout override production
    """
    run.environment(environment).override(remove=remove, approve=run.approve, message=message)
