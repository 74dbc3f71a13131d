"""A fleet's ramp: a state machine in the account of the first environment, and its roles."""

from __future__ import annotations

from rollout.inventory.model import ProgramInput
from rollout.programs.components.fleet import FleetMachine, FleetMachineArgs


def program(given: ProgramInput) -> None:
    """The fleet stack.

    Args:
        given: The fleet's environment, and what the state machine is made of; None where nothing is to be there.
    """
    if given.fleet:
        FleetMachine("fleet", FleetMachineArgs(given.fleet, given.environment.account, tags=given.mark))
