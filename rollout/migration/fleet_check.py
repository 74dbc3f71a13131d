"""A fleet's state machine: as it is, and as it would be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rollout.errors import Problem
from rollout.inventory.fleets import FleetPlan
from rollout.migration.bearers import STATE_MACHINE
from rollout.state.plan import StackPreview


@dataclass(frozen=True, slots=True)
class FleetCheck:
    """The state machine of a fleet.

    Attributes:
        name: The fleet's.
        plan: Returns what it would be made of.
        installed: Returns its definition on AWS; None if there is none.
        is_ramping: Whether an execution runs.
    """

    name: str
    plan: Callable[[], FleetPlan]
    installed: Callable[[], str | None]
    is_ramping: Callable[[], bool]

    def problems(self) -> Iterator[Problem]:
        """Why it can't be changed now: an execution keeps its definition, but not its role's rights."""
        if self.is_ramping():
            hint = f"wait for its end, or end it by `rollout fleet stop {self.name}`"
            yield Problem(f"fleet {self.name} is ramping", hint=hint, code="ramp-under-way")

    def is_lost(self, preview: StackPreview) -> bool:
        """Whether the state has another one than AWS."""
        held = next((step.old for step in preview.steps if step.type == STATE_MACHINE and step.old), None)
        if held is None:
            return False
        installed = self.installed()
        return installed is None or json.loads(installed) != json.loads(held.inputs["definition"])
