"""`rollout guard …`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName, Message
from rollout.cli.session import Session, command, group

guard = group("Take traffic back on alarms, also when rollout does not run.")


@guard.command()
@command(yes=True)
def install(run: Session, environment: EnvironmentName, message: Message = None) -> None:
    """Create or update the guard from [guard] in stacks.toml and the live rules.

    Example: rollout guard install production
    """
    run.environment(environment).guard.install(approve=run.approve, message=message)


@guard.command()
@command(yes=True)
def remove(run: Session, environment: EnvironmentName, message: Message = None) -> None:
    """Remove the guard, even without [guard] in stacks.toml.

    Example: rollout guard remove production
    """
    run.environment(environment).guard.remove(approve=run.approve, message=message)


@guard.command()
@command()
def status(run: Session, environment: EnvironmentName) -> None:
    """Show whether the guard is armed, and what it did since the last raise.

    Example: rollout guard status production
    """
    run.render(run.environment(environment).guard.status())


@guard.command()
@command(provider=False, changes=True)
def disarm(
    run: Session,
    environment: EnvironmentName,
    span: Annotated[str, typer.Option("--for", help="How long, 1m to 4h; then it is armed again.")],
    message: Annotated[str, typer.Option("--message", "-m", help="The reason, for history.")],
) -> None:
    """Ignore alarms for a time; you can still roll back.

    Example: rollout guard disarm production --for 30m -m "load test"
    """
    run.render(run.environment(environment).guard.disarm(span, message))


@guard.command()
@command(provider=False, changes=True)
def arm(run: Session, environment: EnvironmentName) -> None:
    """Arm the guard again before the time of `disarm` is over.

    Example: rollout guard arm production
    """
    run.render(run.environment(environment).guard.arm())


@guard.command("test")
@command(yes=True)
def drill(
    run: Session,
    environment: EnvironmentName,
    alarm: Annotated[str | None, typer.Option(help="One of monitoring's alarms; by default the first.")] = None,
    real: Annotated[bool, typer.Option("--real", help="Let the guard take all traffic back.")] = False,
) -> None:
    """Test the guard: set an alarm to ALARM state, and measure each part. It moves traffic only with --real.

    Example: rollout guard test production
    """
    run.render(run.environment(environment).guard.test(alarm, real=real, approve=run.approve))
