"""The ramp's ports beside its actions (`actions.py`): the controller that runs it in the account, and who waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from rollout.inventory.fleets import FleetRole
from rollout.migration.ports import Shared
from rollout.ramp.controlled import Controlled
from rollout.ramp.fleet import FleetExecution

Controller = Shared[Controlled]
"""The record of an environment's controller."""


class Tasks(Protocol):
    """Who waits for a ramp's end, by a token. Each call is whether they still wait.

    All raise an `AwsError` if AWS refused, or can't be reached.
    """

    def succeed(self, token: str, output: Mapping[str, str]) -> bool:
        """The ramp has finished."""
        ...

    def fail(self, token: str, error: str, cause: str) -> bool:
        """It has ended otherwise, with a code and a sentence."""
        ...

    def beat(self, token: str) -> bool:
        """It goes on."""


class StateMachines(Protocol):
    """Step Functions, as those see it who begin a fleet's ramp and approve its waves."""

    def definition(self, machine: str) -> str | None:
        """A state machine's definition, by its ARN; None if there is none.

        Raises:
            AwsError: AWS refused, or can't be reached.
        """
        ...

    def role(self, name: str) -> FleetRole | None:
        """A fleet's role as it is on AWS; None if there is none.

        Raises:
            AwsError: As for `definition`.
        """
        ...

    def latest(self, machine: str, most: int = 1) -> tuple[FleetExecution, ...]:
        """Its last executions, the newest first, each with its history; AWS keeps them for 90 days.

        Raises:
            AwsError: As for `definition`.
        """
        ...

    def start(self, machine: str, name: str, given: str) -> bool:
        """Begin an execution; one of the same name and input that runs is the same one.

        Returns:
            Whether it has begun; not if there is another one of this name.

        Raises:
            AwsError: As for `definition`.
        """
        ...

    def stop(self, execution: str, error: str, cause: str) -> None:
        """End an execution; nothing is rolled back.

        Raises:
            AwsError: As for `definition`.
        """
        ...
