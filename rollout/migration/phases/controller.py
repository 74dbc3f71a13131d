"""Installs and removes the controller. No request moves, and no other phase depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from rollout.errors import Problem
from rollout.inventory.model import Environment, ProgramInput, Split
from rollout.inventory.ramp_settings import CLOUDWATCH
from rollout.inventory.stacks import CONTROLLER, ROUTING
from rollout.migration.checks.preflight import rule_problems
from rollout.migration.context import PhaseContext
from rollout.migration.phases.guard import not_managed
from rollout.migration.phases.monitoring import Watching, monitoring_problems
from rollout.migration.phases.phase import Step
from rollout.state.plan import StackPreview


class ControllerInstall(Watching):
    """Creates or updates the controller."""

    name = "controller-install"
    summary = "Install the controller, which continues a ramp that a person began, and begins none"
    steps = (Step(CONTROLLER, "control", "create or update the function, its files, its table and its schedule"),)
    tables = ("ramp", "analysis", "notifications", "guard", "controller")
    reads: ClassVar[tuple[str, ...]] = (ROUTING,)

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        if environment.controller is None:
            hint = "add one with the image in ECR"
            yield Problem("stacks.toml has no [controller] table", hint=hint, code="missing-key")
            return
        yield from monitoring_problems(environment, context)
        yield from rule_problems(environment, context.live, context.routing)
        yield from not_managed(environment, context)

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        for name, each in environment.notifications.items():
            address = each.webhook.get_secret_value() if each.webhook else ""
            if address.startswith("$"):
                yield f"the controller can't send notification {name}: its function has no variable {address[1:]}"
        if environment.analysis.source != CLOUDWATCH:
            source = environment.analysis.source
            yield f"the controller reads {source} only if its image has that package, and has none of your variables"

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        check = context.controller
        return ProgramInput(environment, controller=check.prepared(context.live) if check else None)

    def has_lost(self, context: PhaseContext, preview: StackPreview) -> bool:
        lost = context.controller.function.is_lost(preview) if context.controller else None
        return super().has_lost(context, preview) if lost is None else lost


class ControllerRemove(Watching):
    """Removes the controller, whatever the state of the rules and of stacks.toml."""

    name = "controller-remove"
    summary = "Remove the controller; a ramp in progress stays at its weight, unwatched"
    steps = (Step(CONTROLLER, "uncontrol", "delete the function, its files, its table and its schedule"),)
    fits_completed = True

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        yield "the controller's log and its record are deleted; the ramp's history stays"
