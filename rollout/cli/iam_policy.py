"""`rollout iam-policy ENV`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command


class RoleName(StrEnum):
    """Who gets the policy."""

    OBSERVE = "observe"
    ROLLBACK = "rollback"
    OPERATE = "operate"


@command(json=False)
def iam_policy(
    run: Session,
    environment: EnvironmentName,
    role: Annotated[RoleName, typer.Option("--for", help="Whose: who looks, who rolls back, or who does all.")],
    live: Annotated[
        bool, typer.Option("--live", help="Ask AWS, and name each rule by its ARN instead of by a pattern.")
    ] = False,
) -> None:
    """Print the least IAM policy for a role, and nothing else.

    Example: rollout iam-policy production --for rollback > policy.json
    """
    import json

    typer.echo(json.dumps(run.environment(environment).iam_policy(role.value, live=live), indent=2))
