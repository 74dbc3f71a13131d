"""The controller: what runs the ramp in the account, by a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from rollout.api.arguments import Approval, approver
from rollout.api.controller_acts import ControllerActs, Invocation
from rollout.api.controller_reading import ControllerReading
from rollout.api.opened import Part
from rollout.api.ramp import EnvironmentRamp
from rollout.api.runner import phase_runner
from rollout.errors import UsageError
from rollout.inventory.marks import controller_name
from rollout.inventory.settings import Controller
from rollout.migration import events
from rollout.migration.checks.controller_status import ControllerStatus
from rollout.migration.runner.result import PhaseResult


class EnvironmentController(Part):
    """The controller of one environment."""

    def install(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Create or update it, with stacks.toml and the programs as they are now. It begins no ramp.

        Args:
            approve: Approves the gate.
            message: For Pulumi's update history.

        Raises:
            PreflightFailed: There is no `[controller]`, or routing doesn't manage the rules yet.
            ConfigError: Its function couldn't reach the state, or the project's files can't be packed.
        """
        environment = self._environment
        result = phase_runner(self._opened).run("controller-install", approver(approve), message=message)
        if settings := environment.controller:
            self._emit(events.ControllerInstalled(environment.name, controller_name(environment), settings.pace))
        return result

    def remove(self, *, approve: Approval = None, message: str | None = None) -> PhaseResult:
        """Remove it, even if stacks.toml has no `[controller]` any more; a ramp stays where it is.

        Args:
            approve: Approves the gate.
            message: For Pulumi's update history.
        """
        return phase_runner(self._opened).run("controller-remove", approver(approve), message=message)

    def answer(self, event: Mapping[str, Any], invocation: Invocation) -> dict[str, Any]:
        """What its function does and answers when it is invoked.

        Args:
            event: `{"act": "look"}`; `ramp` with a `token` and `restart`; `rollback` with `why`.
            invocation: Of the function.

        Raises:
            RolloutError: Of what was asked for and is waited for; a look's own errors are its answer.
        """
        return ControllerActs(self._opened, self._settings, invocation, self._ramp).answer(event)

    def status(self) -> ControllerStatus:
        """When it looked, what it said, and when it looks next; what can't be read is part of it.

        Raises:
            UsageError: stacks.toml has no `[controller]`.
            WrongAccount: The credentials are of another account.
        """
        _ = self._settings
        self._require_account()
        found = ControllerReading(self._opened).status()
        if found is None:
            raise self._none()
        return found

    @cached_property
    def _ramp(self) -> EnvironmentRamp:
        """The same for all invocations of a process."""
        return EnvironmentRamp(self._opened)

    @property
    def _settings(self) -> Controller:
        self._environment.require("controller")
        if self._environment.controller is None:
            raise self._none()
        return self._environment.controller

    def _none(self) -> UsageError:
        hint = "add one with the image in ECR"
        return UsageError("stacks.toml has no [controller] table", hint=hint, code="missing-key")
