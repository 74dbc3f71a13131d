"""Header rules come and go: no other phase adds or deletes any."""

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
    """Adds the header rules of `[header-override]`, or brings them up to date."""

    name = "override"
    summary = "Let a request header pick the implementation; other requests go where they went"
    steps = (Step(ROUTING, "override", "add a header rule before each route's own"),)
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
        return planned_overrides(environment)

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        return override_warnings(environment, context.live)


class OverrideRemove(Phase):
    """Takes them away, however they look by now."""

    name = "override-remove"
    summary = "Take the header rules away"
    steps = (Step(ROUTING, "override-remove", "delete the header rules, and no other"),)
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
