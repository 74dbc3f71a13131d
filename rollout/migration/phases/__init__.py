"""The phases, one file each, in the order of a migration; then those that undo them.

`phase` says what a phase is. A new one is a file here and its line in `PHASES`.
"""

from __future__ import annotations

from collections.abc import Mapping

from rollout.migration.phases.complete import Complete
from rollout.migration.phases.controller import ControllerInstall, ControllerRemove
from rollout.migration.phases.deploy import Deploy, DeployBack
from rollout.migration.phases.fleet import FleetInstall, FleetRemove
from rollout.migration.phases.guard import GuardInstall, GuardRemove
from rollout.migration.phases.monitoring import MonitoringPhase, MonitoringRemove
from rollout.migration.phases.override import Override, OverrideRemove
from rollout.migration.phases.phase import Phase, Step
from rollout.migration.phases.phase1 import Phase1
from rollout.migration.phases.phase2 import Phase2
from rollout.migration.phases.phase3 import Phase3
from rollout.migration.phases.undo_phase1 import UndoPhase1
from rollout.migration.phases.undo_phase2 import UndoPhase2
from rollout.migration.phases.weight import Weight

PHASES: Mapping[str, Phase] = {
    phase.name: phase
    for phase in (
        Phase1(),
        Deploy(),
        DeployBack(),
        Phase2(),
        Phase3(),
        Weight(),
        Override(),
        OverrideRemove(),
        MonitoringPhase(),
        MonitoringRemove(),
        GuardInstall(),
        GuardRemove(),
        ControllerInstall(),
        ControllerRemove(),
        FleetInstall(),
        FleetRemove(),
        Complete(),
        UndoPhase2(),
        UndoPhase1(),
    )
}

__all__ = ["PHASES", "Phase", "Step"]
