"""`rollout release ENV`."""

from __future__ import annotations

from rollout.cli.options import (
    STACKS_TOML,
    EnvironmentName,
    File,
    Json,
    ProviderName,
    ProviderOption,
    Sandboxed,
    Yes,
)
from rollout.cli.session import session


def release(
    environment: EnvironmentName,
    yes: Yes = False,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """After phase 2: have Terraform or another Pulumi stack let go of the rules.

    Its own commands drop them from its state; AWS stays as it is.

    Example: rollout release production
    """
    with session(file, json=json, yes=yes, sandbox=sandbox, provider=provider) as run:
        run.rollout().environment(environment).ownership.release(approve=run.approve)
