"""Creates and removes alarms and a dashboard. No other phase depends on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from rollout.errors import Problem
from rollout.inventory.marks import guard_arn
from rollout.inventory.model import Arn, Environment, ProgramInput, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import MONITORING
from rollout.migration.checks.preflight import candidate_problems, listener_problems, target_group_problems
from rollout.migration.context import PhaseContext
from rollout.migration.desired import candidate_input
from rollout.migration.phases.phase import Phase, Step


class Watching(Phase):
    """A phase of what only looks at the request path. By default it needs nothing, and leaves nothing there."""

    only_watches = True
    gives_way = False

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        return ()

    def target_splits(
        self, environment: Environment, context: PhaseContext, weights: Mapping[str, Percent]
    ) -> dict[str, Split]:
        return {}

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        return ProgramInput(environment)


class MonitoringPhase(Watching):
    """Creates or updates alarms and a dashboard over both implementations."""

    name = "monitoring"
    summary = "Create alarms and a dashboard over both implementations; nothing in the request path changes"
    steps = (Step(MONITORING, "watch", "create alarms and a dashboard"),)
    tables = ("notifications", "guard")

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        return monitoring_problems(environment, context)

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        guarded = environment.guard and context.guard and context.guard.installed()
        return monitoring_input(environment, context, (guard_arn(environment),) if guarded else ())


class MonitoringRemove(Watching):
    """Removes the alarms and the dashboard, whatever the state of the rules."""

    name = "monitoring-remove"
    summary = "Remove the alarms and the dashboard"
    steps = (Step(MONITORING, "unwatch", "delete the alarms and the dashboard"),)
    tables = ("guard",)

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        return context.guard.left() if context.guard else ()


def monitoring_problems(environment: Environment, context: PhaseContext) -> Iterator[Problem]:
    """What keeps the alarms from being made."""
    for problems in (listener_problems, target_group_problems, candidate_problems):
        yield from problems(environment, context.live)


def monitoring_input(
    environment: Environment, context: PhaseContext, alarm_actions: tuple[Arn, ...] = ()
) -> ProgramInput:
    """What monitoring's program is given where alarms and a dashboard are to be there.

    Args:
        environment: The inventory.
        context: What the phase starts from.
        alarm_actions: What gets the alarms beside the notifications' topics.
    """
    known = context.live.resolved(environment)  # its dashboard names what routes ask
    return replace(candidate_input(known, context), monitored=True, alarm_actions=alarm_actions)
