"""`rollout controller …`."""

from __future__ import annotations

from rollout.cli.options import EnvironmentName, Message
from rollout.cli.session import Session, command, group

controller = group("Run the ramp in the account, without a terminal.")


@controller.command()
@command(yes=True)
def install(run: Session, environment: EnvironmentName, message: Message = None) -> None:
    """Create or update the controller from the current stacks.toml and programs. It begins no ramp.

    Example: rollout controller install production
    """
    run.environment(environment).controller.install(approve=run.approve, message=message)


@controller.command()
@command(yes=True)
def remove(run: Session, environment: EnvironmentName, message: Message = None) -> None:
    """Remove the controller, even without [controller] in stacks.toml.

    Example: rollout controller remove production
    """
    run.environment(environment).controller.remove(approve=run.approve, message=message)


@controller.command()
@command()
def status(run: Session, environment: EnvironmentName) -> None:
    """Show the controller's last look, its result, and when it looks next.

    Example: rollout controller status production
    """
    run.render(run.environment(environment).controller.status())
