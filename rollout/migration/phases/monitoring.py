"""Creates and removes alarms and a dashboard. No other phase depends on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import ClassVar

from rollout.errors import Problem
from rollout.inventory.model import Environment, ProgramInput, Split
from rollout.inventory.quantities import Percent
from rollout.inventory.stacks import MONITORING
from rollout.migration.checks.preflight import candidate_problems, listener_problems, target_group_problems
from rollout.migration.context import PhaseContext
from rollout.migration.desired import candidate_input
from rollout.migration.phases.phase import Phase, Step


class _Watching(Phase):
    monitored: ClassVar[bool]
    only_watches = True
    gives_way = False

    def target_splits(
        self, environment: Environment, context: PhaseContext, weights: Mapping[str, Percent]
    ) -> dict[str, Split]:
        return {}

    def program_input(
        self, stack: str, environment: Environment, context: PhaseContext, after: Mapping[str, Split]
    ) -> ProgramInput:
        known = context.live.resolved(environment)  # its dashboard names what routes ask
        return replace(candidate_input(known, context), monitored=self.monitored)


class MonitoringPhase(_Watching):
    """Creates or updates alarms and a dashboard over both implementations."""

    name = "monitoring"
    summary = "Create alarms and a dashboard over both implementations; nothing in the request path changes"
    steps = (Step(MONITORING, "watch", "create alarms and a dashboard"),)
    tables = ("notifications",)
    monitored = True

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        for problems in (listener_problems, target_group_problems, candidate_problems):
            yield from problems(environment, context.live)


class MonitoringRemove(_Watching):
    """Removes the alarms and the dashboard, whatever the state of the rules."""

    name = "monitoring-remove"
    summary = "Remove the alarms and the dashboard"
    steps = (Step(MONITORING, "unwatch", "delete the alarms and the dashboard"),)
    monitored = False

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        return ()
