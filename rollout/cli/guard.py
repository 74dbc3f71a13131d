"""`rollout guard …`."""

from __future__ import annotations

import typer

from rollout.cli.options import EnvironmentName, Message
from rollout.cli.session import Session, command

guard = typer.Typer(
    help="Take traffic back by alarms, while nobody runs rollout.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@guard.command()
@command(yes=True)
def install(run: Session, environment: EnvironmentName, message: Message = None) -> None:
    """Create or update the guard, as [guard] in stacks.toml and AWS are now.

    Example: rollout guard install production
    """
    run.environment(environment).guard.install(approve=run.approve, message=message)


@guard.command()
@command(yes=True)
def remove(run: Session, environment: EnvironmentName, message: Message = None) -> None:
    """Remove the guard, even if stacks.toml has no [guard] any more.

    Example: rollout guard remove production
    """
    run.environment(environment).guard.remove(approve=run.approve, message=message)
