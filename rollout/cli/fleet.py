"""`rollout fleet …`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName, Message
from rollout.cli.session import Session, command, group
from rollout.cli.unlock import Force, approve_unlocking

FleetName = Annotated[str, typer.Argument(metavar="FLEET", help="A [fleets.FLEET] of stacks.toml.", show_default=False)]

fleet = group("Ramp many environments by their controllers, wave by wave.")


@fleet.command()
@command(yes=True)
def install(run: Session, name: FleetName, message: Message = None) -> None:
    """Create or update the state machine from the current stacks.toml, in the first environment's account.

    Example: rollout fleet install everywhere
    """
    run.rollout().fleet_ramp(name).install(approve=run.approve, message=message)


@fleet.command()
@command(yes=True)
def remove(run: Session, name: FleetName, message: Message = None) -> None:
    """Remove the state machine. Environments stay at their weights.

    Example: rollout fleet remove everywhere
    """
    run.rollout().fleet_ramp(name).remove(approve=run.approve, message=message)


@fleet.command()
@command(yes=True, provider=False)
def unlock(run: Session, name: FleetName, force: Force = False) -> None:
    """Show who has the lock of the fleet's stack, and remove a stale one.

    Example: rollout fleet unlock everywhere
    """
    if not run.rollout().fleet_ramp(name).unlock(approve=partial(approve_unlocking, run), force=force):
        run.render.say(f"{name} is not locked")


@fleet.command()
@command(json=False)
def definition(run: Session, name: FleetName) -> None:
    """Print the fleet's state machine, in the Amazon States Language.

    Example: rollout fleet definition everywhere > machine.json
    """
    import json

    run.print(json.dumps(run.rollout().fleet_ramp(name).definition(), indent=2))


@fleet.command()
@command(json=False)
def template(
    run: Session,
    name: FleetName,
    environment: EnvironmentName,
) -> None:
    """Print a CloudFormation template of the roles that the fleet's ramp needs in an environment's own account.

    Example: rollout fleet template everywhere shop-c > fleet.json
    """
    import json

    run.print(json.dumps(run.rollout().fleet_ramp(name).template(environment), indent=2))


@fleet.command()
@command(provider=False, changes=True)
def ramp(
    run: Session,
    name: FleetName,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin again where a ramp has failed or was rolled back.")
    ] = False,
) -> None:
    """Begin the fleet's ramp, which runs in the account. After it was stopped, run it again to continue.

    Example: rollout fleet ramp everywhere
    """
    run.render(run.rollout().fleet_ramp(name).start(restart=restart))


@fleet.command()
@command(provider=False)
def status(run: Session, name: FleetName) -> None:
    """Show the state of the fleet's ramp in each environment.

    Example: rollout fleet status everywhere
    """
    run.render(run.rollout().fleet_ramp(name).status())


@fleet.command()
@command(provider=False)
def history(
    run: Session,
    name: FleetName,
    limit: Annotated[int, typer.Option(help="The number of latest changes, 1 to 1000.")] = 20,
) -> None:
    """Show who installed, ramped, approved and stopped the fleet, when and why, latest first.

    Example: rollout fleet history everywhere --limit 5
    """
    from rollout.cli.screens.history import PastChanges

    run.render(PastChanges(name, run.rollout().fleet_ramp(name).history(limit=limit)))


@fleet.command()
@command(provider=False, changes=True)
def approve(
    run: Session,
    name: FleetName,
    wave: Annotated[
        int | None, typer.Argument(metavar="[WAVE]", help="The wave's number; by default the one that waits.")
    ] = None,
    decline: Annotated[bool, typer.Option("--decline", help="End the ramp instead; previous waves stay.")] = False,
    message: Message = None,
) -> None:
    """Approve the wave that waits.

    Example: rollout fleet approve everywhere 2
    """
    ramp = run.rollout().fleet_ramp(name)
    run.render(ramp.decline(message or "", wave) if decline else ramp.approve(wave))


@fleet.command()
@command(provider=False, changes=True)
def stop(run: Session, name: FleetName, message: Message = None) -> None:
    """Begin no further environment. Ramps in progress continue: pause them or roll them back one by one.

    Example: rollout fleet stop everywhere
    """
    run.render(run.rollout().fleet_ramp(name).stop(message or ""))
