"""`rollout adopt ENV [RESOURCE…]`."""

from __future__ import annotations

import shlex
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


def adopt(
    environment: EnvironmentName,
    resources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RESOURCE]...", help="Such as Function:rust-scorer; by default what there is is shown."
        ),
    ] = None,
    yes: Yes = False,
    message: Message = None,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Mark what the stacks hold and an earlier version made without a mark; only tags are added.

    Without a RESOURCE nothing is changed.

    Example: rollout adopt production Function:rust-scorer Role:rust-scorer
    """
    with session(file, json=json, yes=yes, sandbox=sandbox, provider=provider) as run:
        target = run.rollout().environment(environment)
        if resources:
            target.ownership.adopt(resources, approve=run.approve, message=message)
            return
        from rollout.errors import AwsError
        from rollout.inventory.stacks import STACKS

        found: list[str] = []
        for stack in STACKS:
            try:
                unmarked = target.ownership.unmarked(stack)
            except AwsError as error:  # who may operate has no rights to legacy's functions
                run.render.say(f"{stack}: it isn't known whose everything is: {error.what}")
                continue
            for each in unmarked:
                run.render.say(str(each))
                found.append(each.place)
        run.render.say(
            f"mark what is this environment's: rollout adopt {environment} {shlex.join(found)}"
            if found
            else f"nothing that the stacks of {environment} hold is without a mark"
        )
