"""Undoes phase 1: deletes what it built, and removes the marks of the legacy rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from rollout.alb.header_rules import bent_overrides
from rollout.errors import Problem
from rollout.inventory.model import Arn, Environment, ProgramInput, RuleOwnership, Split
from rollout.inventory.stacks import CANDIDATE, LEGACY
from rollout.migration.checks.deleted_groups import groups_in_use
from rollout.migration.checks.inspection import Inspection
from rollout.migration.checks.preflight import held_rules
from rollout.migration.context import PhaseContext
from rollout.migration.desired import legacy_input
from rollout.migration.phases.phase import Phase, Step


class UndoPhase1(Phase):
    """Removes the candidate."""

    name = "undo-phase1"
    summary = "Remove the candidate's functions and target groups; no listener rule changes"
    steps = (
        Step(CANDIDATE, "demolish", "delete what phase 1 created"),
        Step(LEGACY, "retain", "remove the mark from the routes' rules"),
    )
    tables = ("guard",)
    undoes = True
    gives_way = False
    needs_targets = False

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        if adopted := held_rules(environment, context.live, context.routing):
            yield Problem(
                f"the routing stack manages the rule of {', '.join(adopted)}",
                hint=f"run `rollout undo phase2 {environment.name}` first",
                code="rule-managed-by-routing",
            )
        yield from bent_overrides(environment, context.live)
        yield from context.guard.left() if context.guard else ()

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        if stack == LEGACY:
            return legacy_input(environment, context, RuleOwnership.OWNED)
        # a program that is given no functions declares none, so that all that the stack has is deleted
        return ProgramInput(environment.model_copy(update={"functions": {}}))

    def inspect(self, found: Inspection, deleted: Collection[Arn]) -> Iterable[Problem]:
        return groups_in_use(found, deleted)

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        yield "the candidate's log groups are deleted with their content"
