"""`rollout release ENV`."""

from __future__ import annotations

from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command


@command(yes=True)
def release(run: Session, environment: EnvironmentName) -> None:
    """After phase 2: remove the rules from the state of Terraform or another Pulumi stack.

    It runs that tool's own commands; nothing changes on AWS.

    Example: rollout release production
    """
    run.environment(environment).ownership.release(approve=run.approve)
