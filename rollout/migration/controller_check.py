"""Whether a controller is installed, and whether it is as it would be installed now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rollout.alb.state import AlbState
from rollout.errors import Problem
from rollout.inventory.controller import ControllerConfig
from rollout.inventory.marks import CONTROLLER_TAG, controller_name
from rollout.inventory.model import Environment
from rollout.inventory.stacks import CONTROLLER
from rollout.migration.in_account import InstalledFunction
from rollout.migration.ports import Marks


@dataclass(frozen=True, slots=True)
class ControllerCheck:
    """The controller of an environment: as it is, and as it would be.

    Attributes:
        config: Returns what the function would be made of, by what is live.
        digest: Returns what tells such a controller from another.
        keep: Writes the project's archive where the program of its stack finds it.
    """

    environment: Environment
    marks: Marks
    config: Callable[[AlbState], ControllerConfig]
    digest: Callable[[ControllerConfig], str]
    keep: Callable[[ControllerConfig], None]

    @property
    def function(self) -> InstalledFunction:
        """The function."""
        name = controller_name(self.environment)
        return InstalledFunction(self.environment, self.marks, CONTROLLER, name, CONTROLLER_TAG)

    def prepared(self, live: AlbState) -> ControllerConfig:
        """What its stack's program is given."""
        config = self.config(live)
        self.keep(config)
        return config

    def problems(self, live: AlbState) -> Iterator[Problem]:
        """Why no controller goes on with the ramp as the file is now."""
        hint = f"run `rollout controller install {self.environment.name}`"
        found = self.function.find()
        if found is None:
            yield Problem("no controller is installed", where="controller", hint=hint, code="no-controller")
        elif found.tags.get(CONTROLLER_TAG) != self.digest(self.config(live)):
            what = "stacks.toml, a program, AWS or rollout has changed since the controller was installed"
            yield Problem(what, where="controller", hint=hint, code="controller-outdated")
