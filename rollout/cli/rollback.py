"""`rollout rollback ENV`."""

from __future__ import annotations

from rollout.cli.options import (
    STACKS_TOML,
    EnvironmentName,
    File,
    Json,
    NoSave,
    ProviderName,
    ProviderOption,
    Routes,
    Sandboxed,
)
from rollout.cli.session import session


def rollback(
    environment: EnvironmentName,
    routes: Routes = None,
    no_save: NoSave = False,
    file: File = STACKS_TOML,
    json: Json = False,
    sandbox: Sandboxed = False,
    provider: ProviderOption = ProviderName.STAND_IN,
) -> None:
    """Send all traffic back to legacy at once, without asking.

    Then the state is tidied. It works while the stack is locked, and without an engine.

    Example: rollout rollback production
    """
    with session(file, json=json, sandbox=sandbox, provider=provider) as run:
        run.rollout().environment(environment).rollback(routes=routes or (), save=not no_save)
