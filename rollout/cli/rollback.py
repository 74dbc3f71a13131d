"""`rollout rollback ENV`."""

from __future__ import annotations

from rollout.cli.options import EnvironmentName, Message, NoSave, Routes
from rollout.cli.session import Session, command

PATIENCE = 5.0
"""How many seconds a screen or a pipe that takes nothing is waited for."""


@command(yes=True, patience=PATIENCE, outlives=True)
def rollback(
    run: Session,
    environment: EnvironmentName,
    routes: Routes = None,
    no_save: NoSave = False,
    message: Message = None,
) -> None:
    """Send all traffic back to legacy at once, without asking.

    Then it updates the state. It works while the stack is locked, and without an engine. It ignores --yes.

    Example: rollout rollback production -m "errors since 3 a.m."
    """
    run.for_rollback(environment).rollback(routes=routes or (), save=not no_save, message=message)
