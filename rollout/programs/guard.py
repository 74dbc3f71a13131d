"""The guard: a function in the account that sends all requests back to legacy when an alarm goes off."""

from __future__ import annotations

from rollout.inventory.model import ProgramInput
from rollout.inventory.settings import Guard
from rollout.programs.components.guard import GuardArgs, GuardFunction


def program(given: ProgramInput) -> None:
    """The guard stack.

    Args:
        given: The inventory, and what the function goes by; None where nothing is to be there.
    """
    if given.guard is None:
        return
    environment = given.environment
    GuardFunction("guard", GuardArgs(environment, environment.guard or Guard(), given.guard, tags=given.mark))
