"""Adds and removes header rules; no other phase does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rollout.alb.overrides import override_problems, override_warnings
from rollout.alb.state import AlbState
from rollout.errors import Problem
from rollout.inventory.header_rules import planned_overrides
from rollout.inventory.model import Environment, OverrideRule, ProgramInput, Split
from rollout.inventory.stacks import ROUTING
from rollout.migration.checks.preflight import candidate_problems
from rollout.migration.context import PhaseContext
from rollout.migration.desired import routing_input
from rollout.migration.phases.phase import Phase, Step


class Override(Phase):
    """Adds or updates the header rules of `[header-override]`."""

    name = "override"
    summary = "Let a request header select the implementation; other requests are unchanged"
    steps = (Step(ROUTING, "override", "add a header rule before each route's rule"),)
    tables = ("header-override",)
    moves_traffic = True
    sets_header_rules = True

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        yield from candidate_problems(environment, context.live)
        yield from override_problems(environment, context.live)

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        given = routing_input(environment, context.live, after)
        overrides = self.header_rules(environment, context.live)
        # header rules that stay get the tags that the program gives
        tags = {name: tags for name, tags in given.tags.items() if name not in overrides}
        return replace(given, overrides=overrides, tags=tags)

    def header_rules(self, environment: Environment, live: AlbState) -> dict[str, OverrideRule]:
        return planned_overrides(live.resolved(environment))

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        return override_warnings(environment, context.live)


class OverrideRemove(Phase):
    """Removes them, whatever their current form."""

    name = "override-remove"
    summary = "Remove the header rules"
    steps = (Step(ROUTING, "override-remove", "delete the header rules, and no others"),)
    moves_traffic = True
    sets_header_rules = True

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        return candidate_problems(environment, context.live)

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        return replace(routing_input(environment, context.live, after), overrides={})

    def header_rules(self, environment: Environment, live: AlbState) -> dict[str, OverrideRule]:
        return {}
