"""The controller: a function in the account that runs the ramp, by a schedule."""

from __future__ import annotations

from rollout.inventory.model import ProgramInput
from rollout.programs.components.controller import ControllerArgs, ControllerFunction


def program(given: ProgramInput) -> None:
    """The controller stack.

    Args:
        given: The inventory, and what the function is made of; None where nothing is to be there.
    """
    if given.controller:
        ControllerFunction("controller", ControllerArgs(given.environment, given.controller, tags=given.mark))
