"""`rollout iam-policy ENV`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rollout.cli.options import EnvironmentName
from rollout.cli.session import Session, command


class RoleName(StrEnum):
    """The role of the policy."""

    OBSERVE = "observe"
    ROLLBACK = "rollback"
    OPERATE = "operate"
    CALIBRATE = "calibrate"
    GUARD = "guard"
    CONTROLLER = "controller"
    FLEET = "fleet"
    PARITY = "parity"


@command(json=False)
def iam_policy(
    run: Session,
    environment: EnvironmentName,
    role: Annotated[
        RoleName,
        typer.Option(
            "--for",
            help="The role. observe only reads; operate is for all other commands, except undo and complete.",
        ),
    ],
    live: Annotated[
        bool, typer.Option("--live", help="Read AWS, and name each rule by its ARN instead of a pattern.")
    ] = False,
) -> None:
    """Print the least IAM policy for a role.

    Example: rollout iam-policy production --for rollback > policy.json
    """
    import json

    from rollout.adapters.aws.iam.policies import MAX_MANAGED
    from rollout.cli.console import standard_error

    text = json.dumps(run.environment(environment).iam_policy(role.value, live=live), indent=2)
    run.print(text)
    if (length := len("".join(text.split()))) > MAX_MANAGED:
        standard_error().print(
            f"! {length:,} characters: too long for a managed policy ({MAX_MANAGED:,}). "
            "Use it as an inline policy of a role, or split it by statements."
        )
