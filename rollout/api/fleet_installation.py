"""A fleet's state machine in the account: installed by previewed phases, as all else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rollout.api.arguments import Approval, approver
from rollout.api.opened import Opened, Part
from rollout.api.ownership import ResourceOwnership
from rollout.api.runner import phase_runner
from rollout.errors import Locked, Problem, UsageError, VerifyFailed
from rollout.inventory.fleets import FleetPlan, FleetRole, machine_arn
from rollout.inventory.stacks import FLEET
from rollout.migration import events
from rollout.migration.fleet_check import FleetCheck
from rollout.migration.gates import Gate
from rollout.migration.phases import PHASES
from rollout.migration.phases.fleet import FleetPhase
from rollout.migration.ports import Approver
from rollout.migration.runner.result import PhaseResult
from rollout.migration.runner.runner import PhaseRunner
from rollout.programs.fleet_roles import roles, template
from rollout.programs.fleet_states import definition
from rollout.ramp.fleet import RUNNING, FleetExecution
from rollout.state.pending import Lock


class FleetInstallation(Part):
    """The state machine that runs the ramp of one fleet.

    Args:
        opened: The fleet's environment: see `inventory.fleets.fleet_environment`.
        plan: Gives the fleet.
    """

    def __init__(self, opened: Opened, plan: Callable[[], FleetPlan]) -> None:
        super().__init__(opened)
        self._plan = plan

    def install(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Create or update the state machine and its role, by stacks.toml as it is now. It begins no ramp.

        Args:
            approve: Approves the gate.
            message: For Pulumi's update history.

        Raises:
            ConfigError: The fleet has a problem, such as an environment without `[controller]`.
            UsageError: It is too large for Step Functions, or for IAM.
            PreflightFailed, Locked: It is ramping, or its ramp began before the gate was approved.
            VerifyFailed: Installed, but AWS has another state machine.
        """
        plan = self._plan()
        definition(plan)  # what is wrong with it is said before anything is read
        result = self._runner.run("fleet-install", self._unless_ramping(approve), message=message)
        if result.changed and (differences := self._differences(plan)):
            what = f"AWS differs: {', '.join(differences)}"
            problem = Problem(what, where=self._machine, code="fleet-outdated")
            hint = "check the program of [programs] fleet, then install it again"
            raise VerifyFailed(f"fleet {plan.name} is not as it was installed", [problem], hint=hint)
        self._emit(events.FleetInstalled(self._environment.name, self._machine))
        return result

    def remove(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Remove the state machine and its role, even if the fleet has problems; environments stay at their weights.

        Args:
            approve: Approves the gate.
            message: For Pulumi's update history.

        Raises:
            PreflightFailed, Locked: As for `install`.
        """
        return self._runner.run("fleet-remove", self._unless_ramping(approve), message=message)

    def preview(self, phase: str) -> PhaseResult:
        """Preview a phase; nothing is changed.

        Args:
            phase: `fleet-install` or `fleet-remove`.

        Raises:
            UsageError: There is no such phase.
        """
        known = [name for name, each in PHASES.items() if isinstance(each, FleetPhase)]
        if phase not in known:
            hint = f"allowed: {', '.join(known)}"
            raise UsageError(f"a fleet has no phase {phase!r}", hint=hint, code="unknown-phase")
        return self._runner.run(phase, None, preview_only=True)

    def unlock(self, *, approve: Callable[[tuple[Lock, ...]], bool], force: bool = False) -> tuple[Lock, ...]:
        """Remove the locks on the fleet's stack; see `ResourceOwnership.unlock`."""
        return ResourceOwnership(self._opened).unlock(approve=approve, force=force, stacks_of=(FLEET,))

    def definition(self) -> dict[str, Any]:
        """The state machine, in the Amazon States Language.

        Raises:
            ConfigError: The fleet has a problem, such as an environment without `[controller]`.
            UsageError: It is too large for Step Functions, or for IAM.
        """
        return definition(self._plan())

    def template(self, environment: str) -> dict[str, Any]:
        """What the ramp needs in another account, as a CloudFormation template.

        Args:
            environment: An environment in that account.

        Raises:
            ConfigError: The fleet has a problem, such as an environment without `[controller]`.
            UsageError: No such environment of the fleet is in another account.
        """
        plan = self._plan()
        others = {member.name: member.function.split(":")[4] for member in plan.members if member.role}
        if environment not in others:
            what = f"fleet {plan.name} has no environment {environment!r} in another account"
            hint = f"there are {', '.join(others)}" if others else f"`rollout fleet install {plan.name}` is enough"
            raise UsageError(what, hint=hint, code="unknown-environment")
        return template(plan, others[environment])

    @property
    def _runner(self) -> PhaseRunner:
        return phase_runner(self._opened, fleet=self._check)

    def _unless_ramping(self, approve: Approval) -> Approver | None:
        """The approval, and another look whether it ramps: a person takes their time."""
        approved = approver(approve)

        def ask(gate: Gate) -> bool:
            if approved is None or not approved(gate):
                return False
            for problem in self._check.problems():
                raise Locked(f"{problem.what} by now; nothing was changed", hint=problem.hint, code=problem.code)
            return True

        return ask if approved else None

    @property
    def _check(self) -> FleetCheck:
        def installed() -> str | None:
            return self._container.state_machines.definition(self._machine)

        def role(name: str) -> FleetRole | None:
            return self._container.state_machines.role(name)

        return FleetCheck(self._environment.name, self._plan, installed, role, lambda: self._running() is not None)

    @property
    def _machine(self) -> str:
        return machine_arn(self._environment, self._environment.name)

    def _last(self) -> FleetExecution | None:
        return next(iter(self._container.state_machines.latest(self._machine)), None)

    def _running(self) -> FleetExecution | None:
        last = self._last()
        return last if last and last.status == RUNNING else None

    def _differences(self, plan: FleetPlan) -> tuple[str, ...] | None:
        """What is another one on AWS; None where there is no state machine."""
        installed = self._check.installed()
        if installed is None:
            return None
        wanted = json.dumps(definition(plan))
        return self._check.differences(installed, wanted, roles(plan, self._environment.account))
