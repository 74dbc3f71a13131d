"""Events: what happened, for the CLI, `--json` and programs.

Each event is frozen and has its environment; `as_json` returns it as one flat object for a line of JSON. The kinds are
imported when they are used: making all of them takes longer than reading an inventory, and a rollback needs a few.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollout.base.plain import plain as plain
    from rollout.migration.events.event import Event as Event
    from rollout.migration.events.event import Listener as Listener
    from rollout.migration.events.event import LockCleared as LockCleared
    from rollout.migration.events.event import PhaseStarted as PhaseStarted
    from rollout.migration.events.event import Warned as Warned
    from rollout.migration.events.event import WeightSaved as WeightSaved
    from rollout.migration.events.event import as_json as as_json
    from rollout.migration.events.event import name_of as name_of
    from rollout.migration.events.parity import ParityAsked as ParityAsked
    from rollout.migration.events.parity import ParityPlanned as ParityPlanned
    from rollout.migration.events.phase import CommandRun as CommandRun
    from rollout.migration.events.phase import CompletionSaved as CompletionSaved
    from rollout.migration.events.phase import ControllerInstalled as ControllerInstalled
    from rollout.migration.events.phase import FleetInstalled as FleetInstalled
    from rollout.migration.events.phase import GateApproved as GateApproved
    from rollout.migration.events.phase import GateOpened as GateOpened
    from rollout.migration.events.phase import GuardInstalled as GuardInstalled
    from rollout.migration.events.phase import LeftoversSettled as LeftoversSettled
    from rollout.migration.events.phase import LegacyLeft as LegacyLeft
    from rollout.migration.events.phase import LegacyQuiet as LegacyQuiet
    from rollout.migration.events.phase import NothingToDo as NothingToDo
    from rollout.migration.events.phase import OwnerReleased as OwnerReleased
    from rollout.migration.events.phase import OwnerToRelease as OwnerToRelease
    from rollout.migration.events.phase import PhaseFinished as PhaseFinished
    from rollout.migration.events.phase import PreflightPassed as PreflightPassed
    from rollout.migration.events.phase import PreviewStarted as PreviewStarted
    from rollout.migration.events.phase import ResourceChanged as ResourceChanged
    from rollout.migration.events.phase import ResourceStarted as ResourceStarted
    from rollout.migration.events.phase import RuleVerified as RuleVerified
    from rollout.migration.events.phase import StepApplied as StepApplied
    from rollout.migration.events.phase import StepPreviewed as StepPreviewed
    from rollout.migration.events.phase import StepStarted as StepStarted
    from rollout.migration.events.phase import Watching as Watching
    from rollout.migration.events.phase import WeightSet as WeightSet
    from rollout.migration.events.ramp import Judged as Judged
    from rollout.migration.events.ramp import RampEvent as RampEvent
    from rollout.migration.events.ramp import RampFailed as RampFailed
    from rollout.migration.events.ramp import RampFinished as RampFinished
    from rollout.migration.events.ramp import RampFollowed as RampFollowed
    from rollout.migration.events.ramp import RampNoted as RampNoted
    from rollout.migration.events.ramp import RampPickedUp as RampPickedUp
    from rollout.migration.events.ramp import RampRaised as RampRaised
    from rollout.migration.events.ramp import RampsJudged as RampsJudged
    from rollout.migration.events.ramp import RampWaiting as RampWaiting
    from rollout.migration.events.rollback import BuildTakenBack as BuildTakenBack
    from rollout.migration.events.rollback import RollbackFinished as RollbackFinished
    from rollout.migration.events.rollback import RollbackWaiting as RollbackWaiting
    from rollout.migration.events.rollback import RouteNotRolledBack as RouteNotRolledBack
    from rollout.migration.events.rollback import RouteRolledBack as RouteRolledBack
    from rollout.migration.events.schema import json_schema as json_schema

_MODULES = ("event", "rollback", "phase", "ramp", "parity", "schema")


def __getattr__(name: str) -> object:
    if not name.startswith("_"):
        for module in (import_module(f"{__name__}.{each}") for each in _MODULES if each != name):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
