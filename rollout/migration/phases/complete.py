"""Complete: the rules forward to the candidate only, then legacy is deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rollout.alb.header_rules import bent_overrides
from rollout.errors import Problem
from rollout.inventory.model import CANDIDATE_ONLY, Environment, ProgramInput, Split
from rollout.inventory.quantities import WHOLE, Percent
from rollout.inventory.stacks import LEGACY, ROUTING
from rollout.migration.checks.preflight import candidate_problems
from rollout.migration.checks.retiring import retiring_problems, retiring_warnings
from rollout.migration.context import PhaseContext
from rollout.migration.desired import all_known, legacy_input, routing_input
from rollout.migration.phases.phase import Phase, Step


class Complete(Phase):
    """Retires legacy."""

    name = "complete"
    summary = "Retire legacy: the rules forward to the candidate only, then the legacy functions are deleted"
    steps = (
        Step(ROUTING, "weights", "forward to the candidate only, in place"),
        Step(LEGACY, "retire", "delete the routes' legacy functions and target groups"),
    )
    tables = ("analysis", "guard")
    asks_owner = True
    fits_completed = True

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        yield from candidate_problems(environment, context.live)
        yield from retiring_problems(environment, context)
        yield from context.idle(context.live)
        yield from bent_overrides(environment, context.live)
        yield from context.guard.left() if context.guard else ()

    def target_splits(
        self, environment: Environment, context: PhaseContext, weights: Mapping[str, Percent]
    ) -> dict[str, Split]:
        whole = (Split.at(WHOLE), CANDIDATE_ONLY)
        current = {name: context.live.split_of(route) for name, route in environment.routes.items()}
        after = {name: CANDIDATE_ONLY if split in whole else None for name, split in current.items()}
        return all_known(environment, context.live, after)

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        if stack == LEGACY:
            return legacy_input(environment, context, retires=True)
        return routing_input(environment, context.live, after)

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        return retiring_warnings(context)
