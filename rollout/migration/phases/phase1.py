"""Phase 1: build the candidate.

It marks the legacy rules first, so that phase 2 can remove them from the legacy stack's state without touching AWS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rollout.alb.header_rules import bent_overrides
from rollout.errors import Problem
from rollout.inventory.model import Environment, ProgramInput, RuleOwnership, Split
from rollout.inventory.stacks import CANDIDATE, LEGACY
from rollout.migration.checks.aliases import registered_problems
from rollout.migration.checks.event_forms import as_lists, form_warnings, health_warnings, mixed_forms
from rollout.migration.checks.function_needs import needs_problems
from rollout.migration.checks.preflight import code_problems, existing_problems
from rollout.migration.context import PhaseContext
from rollout.migration.desired import candidate_input, legacy_input
from rollout.migration.phases.phase import Phase, Step


class Phase1(Phase):
    """Builds the candidate, or deploys a new build of it."""

    name = "phase1"
    summary = "Build the candidate's functions and target groups; no listener rule changes"
    steps = (
        Step(LEGACY, "retain", "mark the routes' rules so that they can be released"),
        Step(CANDIDATE, "build", "create functions, roles, permissions and target groups, without rules"),
    )
    tables = ("functions",)
    gives_way = False
    needs_targets = False  # it registers them, which a run that was cut off may not have come to
    asks_forms = True
    asks_aliases = True
    asks_needs = True
    fits_completed = True

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        yield from code_problems(environment)
        yield from needs_problems(environment, context.needs)
        yield from registered_problems(environment, context.live, context.targets)
        yield from existing_problems(environment, context.live)
        yield from mixed_forms(environment, context.live, context.multi_value)
        yield from bent_overrides(environment, context.live)

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        if stack == LEGACY:
            return legacy_input(environment, context, RuleOwnership.RETAINED)
        return candidate_input(environment, context)

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        live, lists = context.live, as_lists(environment, context.live, context.multi_value)
        yield from form_warnings({name for name in lists if live.group_arn(name) not in context.multi_value})
        yield from health_warnings(environment, live)
