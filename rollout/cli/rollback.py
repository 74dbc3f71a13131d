"""`rollout rollback ENV`."""

from __future__ import annotations

from rollout.cli.options import (
    STACKS_TOML,
    EnvironmentName,
    File,
    Json,
    Message,
    NoSave,
    ProviderName,
    ProviderOption,
    Routes,
    Sandboxed,
    Yes,
)
from rollout.cli.session import session

PATIENCE = 5.0
"""How many seconds a screen or a pipe that takes nothing is waited for."""


def rollback(
    environment: EnvironmentName,
    routes: Routes = None,
    yes: Yes = False,
    no_save: NoSave = False,
    message: Message = None,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Send all traffic back to legacy at once, without asking.

    Then the state is tidied. It works while the stack is locked, and without an engine. It never asks, with or without
    --yes.

    Example: rollout rollback production -m "errors since 3 a.m."
    """
    with session(file, json=json, yes=yes, sandbox=sandbox, provider=provider, patience=PATIENCE) as run:
        run.for_rollback(environment).rollback(routes=routes or (), save=not no_save, message=message)
