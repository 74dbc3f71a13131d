"""`rollout phase1|phase2|phase3 ENV`."""

from __future__ import annotations

from rollout.cli.options import (
    STACKS_TOML,
    AcceptLive,
    EnvironmentName,
    File,
    Json,
    Message,
    ProviderName,
    ProviderOption,
    Sandboxed,
    Waive,
    Yes,
)
from rollout.cli.session import session


def phase1(
    environment: EnvironmentName,
    yes: Yes = False,
    message: Message = None,
    waive: Waive = None,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Build the candidate: functions and target groups, no rule.

    Example: rollout phase1 production
    """
    with session(file, json=json, yes=yes, sandbox=sandbox, provider=provider) as run:
        run.rollout().environment(environment).phase1(approve=run.approve, message=message, waive=waive or ())


def phase2(
    environment: EnvironmentName,
    yes: Yes = False,
    message: Message = None,
    waive: Waive = None,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Cut over: weighted rules take over the live ones in place.

    Example: rollout phase2 production
    """
    with session(file, json=json, yes=yes, sandbox=sandbox, provider=provider) as run:
        run.rollout().environment(environment).phase2(approve=run.approve, message=message, waive=waive or ())


def phase3(
    environment: EnvironmentName,
    yes: Yes = False,
    message: Message = None,
    waive: Waive = None,
    accept_live: AcceptLive = False,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Set the weights that stacks.toml has.

    Example: rollout phase3 staging
    """
    with session(file, json=json, yes=yes, sandbox=sandbox, provider=provider) as run:
        run.rollout().environment(environment).phase3(
            approve=run.approve, message=message, accept_live=accept_live, waive=waive or ()
        )
