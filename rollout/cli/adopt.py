"""`rollout adopt ENV [RESOURCE…]`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.options import EnvironmentName, Message
from rollout.cli.session import Session, command

if TYPE_CHECKING:
    from rollout.api.environment import EnvironmentRollout


@command(yes=True)
def adopt(
    run: Session,
    environment: EnvironmentName,
    resources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RESOURCE]...", help="Such as Function:rust-scorer. By default all are listed."),
    ] = None,
    message: Message = None,
) -> None:
    """Add rollout's tags to resources of the stacks that lack them.

    Without RESOURCE it lists them and changes nothing.

    Example: rollout adopt production Function:rust-scorer Role:rust-scorer
    """
    target = run.environment(environment)
    if resources:
        target.ownership.adopt(resources, approve=run.approve, message=message)
    elif found := _unmarked(run, target):
        run.render.say(f"to mark those of this environment: rollout adopt {environment} {shlex.join(found)}")
    else:
        run.render.say(f"all resources in the stacks of {environment} are marked")


def _unmarked(run: Session, target: EnvironmentRollout) -> list[str]:
    """Say what has no mark; the names to mark it by."""
    from rollout.errors import AwsError
    from rollout.inventory.stacks import STACKS

    found: list[str] = []
    for stack in STACKS:
        try:
            unmarked = target.ownership.unmarked(stack)
        except AwsError as error:  # who may operate has no rights to legacy's functions
            run.render.say(f"{stack}: the owners are not known: {error.what}")
            continue
        for each in unmarked:
            run.render.say(str(each))
            found.append(each.place)
    return found
