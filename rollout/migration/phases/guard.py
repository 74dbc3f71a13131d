"""Installs and removes the guard. No other phase depends on it, and those that would leave it alone refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from rollout.errors import Problem
from rollout.inventory.marks import guard_arn
from rollout.inventory.model import Environment, ProgramInput, Split
from rollout.inventory.stacks import GUARD, MONITORING, ROUTING
from rollout.migration.checks.preflight import held_rules, rule_problems
from rollout.migration.context import PhaseContext
from rollout.migration.phases.monitoring import Watching, monitoring_input, monitoring_problems
from rollout.migration.phases.phase import Step
from rollout.migration.policies import WATCHING
from rollout.state.plan import StackPreview

MAX_ACTIONS = 5
"""AWS's limit for each state of an alarm."""


class GuardInstall(Watching):
    """Creates or updates the guard, and has the alarms invoke it."""

    name = "guard-install"
    summary = "Install the guard, which takes traffic back on alarms; no request moves"
    steps = (
        Step(GUARD, "guard", "create or update the function, its table and its own alarms"),
        Step(MONITORING, "watch", "let the alarms of monitoring invoke it"),
    )
    tables = ("notifications", "guard")
    reads: ClassVar[tuple[str, ...]] = (ROUTING,)

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        if environment.guard is None:
            yield Problem("stacks.toml has no [guard] table", hint="add one; it may be empty", code="missing-key")
            return
        yield from monitoring_problems(environment, context)
        yield from rule_problems(environment, context.live, context.routing)
        yield from not_managed(environment, context)
        yield from _too_many_topics(environment)
        if context.guard:
            yield from context.guard.missing_alarms()

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        if stack == GUARD:
            return ProgramInput(environment, guard=context.guard.config(context.live) if context.guard else None)
        return monitoring_input(environment, context, (guard_arn(environment),))

    def has_lost(self, context: PhaseContext, preview: StackPreview) -> bool:
        lost = context.guard.function.is_lost(preview) if context.guard else None
        return super().has_lost(context, preview) if lost is None else lost

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        return context.guard.warnings(context.live) if context.guard else ()


class GuardRemove(Watching):
    """Removes the guard, whatever the state of the rules and of stacks.toml."""

    name = "guard-remove"
    summary = "Remove the guard; then alarms no longer take traffic back"
    steps = (
        Step(MONITORING, "watch", "let the alarms of monitoring invoke it no more"),
        Step(GUARD, "unguard", "delete the function, its table and its own alarms"),
    )
    reads: ClassVar[tuple[str, ...]] = (MONITORING,)
    fits_completed = True

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        watched = any(each.type in WATCHING for each in context.monitoring or ())
        # alarms that can't be made as they are would keep the guard there for ever
        if stack == MONITORING and watched and not any(monitoring_problems(environment, context)):
            return monitoring_input(environment, context)
        return super().program_input(stack, environment, context, after)

    def warnings(self, environment: Environment, context: PhaseContext) -> Iterable[str]:
        yield "the guard's log and its records are deleted"


def not_managed(environment: Environment, context: PhaseContext) -> Iterator[Problem]:
    """That the cutover is still to come."""
    held = held_rules(environment, context.live, context.routing)
    if missing := [name for name in environment.routes if name not in held]:
        hint = f"run `rollout phase2 {environment.name}` first"
        what = f"the routing stack doesn't manage the rule of {', '.join(missing)}"
        yield Problem(what, hint=hint, code="rule-not-managed")


def _too_many_topics(environment: Environment) -> Iterator[Problem]:
    topics = {each.sns for each in environment.notifications.values() if each.sns}
    if len(topics) >= MAX_ACTIONS:
        what = f"{len(topics)} SNS topics leave no room for the guard: an alarm has at most {MAX_ACTIONS} actions"
        yield Problem(what, where="notifications", hint="keep four of them", code="too-many-values")
