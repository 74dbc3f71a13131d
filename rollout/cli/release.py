"""`rollout release ENV`."""

from __future__ import annotations

from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command


@command(yes=True)
def release(run: Session, environment: EnvironmentName) -> None:
    """After phase 2: have Terraform or another Pulumi stack let go of the rules.

    Its own commands drop them from its state; AWS stays as it is.

    Example: rollout release production
    """
    run.environment(environment).ownership.release(approve=run.approve)
