"""A fleet's ramp by itself: a state machine in the account hands one wave after the other to the controllers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rollout.api.opened import Opened, Part
from rollout.base.formatting import count_of
from rollout.base.printable import one_line
from rollout.errors import AwsError, ConfigError, Locked, UsageError
from rollout.inventory.file import StacksFile
from rollout.inventory.fleets import FleetPlan, fleet_plan, fleet_problems, machine_arn
from rollout.programs.fleet_states import definition
from rollout.programs.fleet_template import template
from rollout.ramp.controls import who
from rollout.ramp.fleet import RUNNING, FleetExecution, FleetStatus, fleet_status, waiting_approval


def plan_of(file: StacksFile, name: str) -> FleetPlan:
    """A fleet with its environments.

    Raises:
        UsageError: There is no such fleet.
        ConfigError: It can't ramp by itself, such as since an environment has no `[controller]`.
    """
    fleet = file.fleet(name)
    environments = {each: file.environment(each) for wave in fleet.waves for each in wave}
    for environment in environments.values():
        environment.require("controller", "notifications")
    if problems := tuple(fleet_problems(name, fleet, environments)):
        raise ConfigError(count_of(len(problems), "problem"), problems, where=str(file.path))
    return fleet_plan(name, fleet, environments)


class FleetRamp(Part):
    """The ramp of one fleet.

    Args:
        opened: The environment whose account has the state machine.
        plan: Gives the fleet.
    """

    def __init__(self, opened: Opened, plan: Callable[[], FleetPlan]) -> None:
        super().__init__(opened)
        self._plan = plan

    def definition(self) -> dict[str, Any]:
        """The state machine, in the Amazon States Language.

        Raises:
            ConfigError: The fleet can't ramp by itself.
            UsageError: It is too large for Step Functions.
        """
        return definition(self._plan())

    def template(self, environment: str | None = None) -> dict[str, Any]:
        """What the ramp needs in the account of an environment, by default of the first, as a CloudFormation template.

        Raises:
            ConfigError: The fleet can't ramp by itself.
            UsageError: The fleet has no such environment, or is too large for Step Functions.
        """
        plan = self._plan()
        found = {member.name: member.function.split(":")[4] for member in plan.members}
        name = environment or plan.members[0].name
        if name not in found:
            hint = f"known are: {', '.join(found)}"
            raise UsageError(f"fleet {plan.name} has no environment {name!r}", hint=hint, code="unknown-environment")
        return template(plan, found[name])

    def start(self, *, restart: bool = False) -> FleetStatus:
        """Begin the ramp, or go on with it: environments that are at 100 % are done at once.

        Args:
            restart: Begin again where a ramp has ended in another way.

        Raises:
            Locked: It is under way.
            AwsError: The state machine isn't installed, or another one is.
        """
        plan, machines = self._plan(), self._container.state_machines
        machine, hint = machine_arn(self._environment, plan), f"deploy what `rollout fleet template {plan.name}` prints"
        installed = machines.definition(machine)
        if installed is None:
            raise AwsError(f"fleet {plan.name} is not installed", hint=hint, code="no-fleet")
        if json.loads(installed) != definition(plan):
            what = f"fleet {plan.name} has changed since it was installed"
            raise AwsError(what, hint=hint, code="fleet-outdated")
        last = machines.last(machine)
        if last and last.status == RUNNING:
            hint = f"see `rollout fleet status {plan.name}`"
            raise Locked(f"fleet {plan.name} is ramping already", hint=hint, code="ramp-under-way")
        # two people at once begin the same one, or the second is refused
        name = f"{self._container.utc:%Y-%m-%dT%H-%M}"
        machines.start(machine, name, json.dumps({"restart": restart, "by": who()}))
        return self.status()

    def status(self) -> FleetStatus:
        """Where its last ramp stands."""
        plan = self._plan()
        return fleet_status(plan, self._last(plan))

    def approve(self) -> FleetStatus:
        """Let the wave begin that waits for approval; the execution's history has who did.

        Raises:
            UsageError: None waits.
        """
        _, token = self._waiting()
        self._answered(self._container.tasks.succeed(token, {"by": who()}))
        return self.status()

    def decline(self, why: str) -> FleetStatus:
        """End the ramp instead: the wave doesn't begin, and those before stay as they are.

        Raises:
            UsageError: None waits.
        """
        wave, token = self._waiting()
        said = one_line(why).strip() or "no reason was given"
        self._answered(self._container.tasks.fail(token, "Declined", f"{who()} declined wave {wave}: {said}"))
        return self.status()

    def stop(self, why: str) -> FleetStatus:
        """Hand no more environments over. Ramps that are under way go on: pause or roll back each of them.

        Raises:
            UsageError: It isn't under way.
        """
        plan = self._plan()
        last = self._last(plan)
        if last is None or last.status != RUNNING:
            raise UsageError(f"fleet {plan.name} isn't ramping", hint="nothing is to be stopped", code="no-ramp")
        said = one_line(why).strip() or "no reason was given"
        self._container.state_machines.stop(last.arn, "Stopped", f"{who()}: {said}")
        return self.status()

    def _last(self, plan: FleetPlan) -> FleetExecution | None:
        return self._container.state_machines.last(machine_arn(self._environment, plan))

    def _waiting(self) -> tuple[int, str]:
        plan = self._plan()
        last = self._last(plan)
        found = waiting_approval(last) if last else None
        if found is None:
            raise self._nothing(plan.name)
        return found

    def _answered(self, waits: bool) -> None:
        if not waits:
            raise self._nothing(self._plan().name)

    def _nothing(self, name: str) -> UsageError:
        hint = f"see `rollout fleet status {name}`"
        return UsageError(f"no wave of fleet {name} waits for approval", hint=hint, code="nothing-to-approve")
