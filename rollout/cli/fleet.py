"""`rollout fleet …`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.session import Session, command

FleetName = Annotated[str, typer.Argument(metavar="FLEET", help="A [fleets.FLEET] of stacks.toml.", show_default=False)]

fleet = typer.Typer(
    help="Ramp a fleet of environments by their controllers, wave by wave.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@fleet.callback()
def _commands() -> None:
    """Keeps it a group while it has one command."""


@fleet.command()
@command(json=False)
def definition(run: Session, name: FleetName) -> None:
    """Print the fleet's state machine, in the Amazon States Language.

    Example: rollout fleet definition everywhere > machine.json
    """
    import json

    typer.echo(json.dumps(run.rollout().fleet_ramp(name).definition(), indent=2))
