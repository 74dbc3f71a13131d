"""Installs and removes a fleet's state machine, for the fleet's own environment: see `inventory.fleets`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rollout.errors import Problem
from rollout.inventory.model import Environment, ProgramInput, Split
from rollout.inventory.stacks import FLEET
from rollout.migration.context import PhaseContext
from rollout.migration.phases.monitoring import Watching
from rollout.migration.phases.phase import Step
from rollout.state.plan import StackPreview


class FleetPhase(Watching):
    """What both have in common."""

    fits_completed = True

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        if context.fleet:
            return context.fleet.problems()
        return (Problem(f"{environment.name} is an environment", hint="name a fleet", code="unknown-fleet"),)

    def has_lost(self, context: PhaseContext, preview: StackPreview) -> bool:
        return context.fleet is not None and context.fleet.is_lost(preview)


class FleetInstall(FleetPhase):
    """Creates or updates the state machine."""

    name = "fleet-install"
    summary = "Install the state machine that ramps the fleet; it begins no ramp"
    steps = (Step(FLEET, "fleet", "create or update the state machine and its role"),)

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        return ProgramInput(environment, fleet=context.fleet.plan() if context.fleet else None)


class FleetRemove(FleetPhase):
    """Removes the state machine, even if the fleet can't be ramped as it is written now."""

    name = "fleet-remove"
    summary = "Remove the state machine that ramps the fleet"
    steps = (Step(FLEET, "unfleet", "delete the state machine and its role"),)

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        yield "the history of its ramps is deleted; environments stay at their weights"
