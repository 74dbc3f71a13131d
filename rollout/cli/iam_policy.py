"""`rollout iam-policy ENV`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rollout.cli.options import STACKS_TOML, EnvironmentName, File, ProviderName, ProviderOption, Sandboxed
from rollout.cli.session import session


class RoleName(StrEnum):
    """Who gets the policy."""

    OBSERVE = "observe"
    ROLLBACK = "rollback"
    OPERATE = "operate"


def iam_policy(
    environment: EnvironmentName,
    role: Annotated[RoleName, typer.Option("--for", help="Whose: who looks, who rolls back, or who does all.")],
    live: Annotated[
        bool, typer.Option("--live", help="Ask AWS, and name each rule by its ARN instead of by a pattern.")
    ] = False,
    file: File = STACKS_TOML,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Print the least IAM policy for a role, and nothing else.

    Example: rollout iam-policy production --for rollback > policy.json
    """
    with session(file, sandbox=sandbox, provider=provider) as run:
        import json

        said = run.rollout().environment(environment).iam_policy(role.value, live=live)
        typer.echo(json.dumps(said, indent=2))
