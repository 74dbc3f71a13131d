"""`rollout monitoring ENV`."""

from __future__ import annotations

from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName, Message
from rollout.cli.session import Session, command


@command(yes=True)
def monitoring(
    run: Session,
    environment: EnvironmentName,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the alarms and the dashboard.")] = False,
    message: Message = None,
) -> None:
    """Create CloudWatch alarms and a dashboard over both implementations.

    Example: rollout monitoring production
    """
    run.environment(environment).monitoring(remove=remove, approve=run.approve, message=message)
