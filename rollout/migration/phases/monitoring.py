"""Alarms and a dashboard come and go. Nothing waits for them, and they wait for little."""

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
        return replace(candidate_input(environment, context), monitored=self.monitored)


class MonitoringPhase(_Watching):
    """Makes alarms and a dashboard over both implementations, or brings them up to date."""

    name = "monitoring"
    summary = "Alarms and a dashboard over both implementations; nothing that requests go through is touched"
    steps = (Step(MONITORING, "watch", "make alarms and a dashboard"),)
    tables = ("notifications",)
    monitored = True

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        for problems in (listener_problems, target_group_problems, candidate_problems):
            yield from problems(environment, context.live)


class MonitoringRemove(_Watching):
    """Takes the alarms and the dashboard away, whatever became of the rules."""

    name = "monitoring-remove"
    summary = "Take the alarms and the dashboard away"
    steps = (Step(MONITORING, "unwatch", "delete the alarms and the dashboard"),)
    monitored = False

    def preflight(self, environment: Environment, context: PhaseContext) -> Iterable[Problem]:
        return ()
