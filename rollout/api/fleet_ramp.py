"""A fleet's ramp by itself: a state machine in the account hands one wave after the other to the controllers."""

from __future__ import annotations

from typing import Any

from rollout.base.formatting import count_of
from rollout.errors import ConfigError
from rollout.inventory.file import StacksFile
from rollout.inventory.fleets import FleetPlan, fleet_plan, fleet_problems
from rollout.programs.fleet_states import definition


class FleetRamp:
    """The ramp of one fleet.

    Args:
        file: The inventory.
        name: A `[fleets.NAME]` table.

    Raises:
        UsageError: There is no such fleet.
    """

    def __init__(self, file: StacksFile, name: str) -> None:
        self._file, self._name, self._fleet = file, name, file.fleet(name)

    @property
    def plan(self) -> FleetPlan:
        """The fleet with its environments.

        Raises:
            ConfigError: It can't ramp by itself, such as since an environment has no `[controller]`.
        """
        names = (name for wave in self._fleet.waves for name in wave)
        environments = {name: self._file.environment(name) for name in names}
        for environment in environments.values():
            environment.require("controller")
        if problems := tuple(fleet_problems(self._name, self._fleet, environments)):
            raise ConfigError(count_of(len(problems), "problem"), problems, where=str(self._file.path))
        return fleet_plan(self._name, self._fleet, environments)

    def definition(self) -> dict[str, Any]:
        """The state machine, in the Amazon States Language.

        Raises:
            ConfigError: It can't ramp by itself.
            UsageError: It is too large for Step Functions.
        """
        return definition(self.plan)
