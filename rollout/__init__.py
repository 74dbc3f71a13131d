"""Move HTTP endpoints on AWS load balancers from one Lambda implementation to another.

What is exported here is the public API; everything is imported when it is first used, so that `import rollout` is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from rollout import moved

if TYPE_CHECKING:
    from rollout.alb.explain import Explanation as Explanation
    from rollout.analysis.measuring.split import Measured as Measured
    from rollout.api.environment import EnvironmentRollout as EnvironmentRollout
    from rollout.api.fleet import FleetLine as FleetLine
    from rollout.api.fleet import FleetResult as FleetResult
    from rollout.api.rollout import Rollout as Rollout
    from rollout.errors import RolloutError as RolloutError
    from rollout.inventory.conditions import Request as Request
    from rollout.inventory.model import Environment as Environment
    from rollout.inventory.model import Split as Split
    from rollout.inventory.quantities import Percent as Percent
    from rollout.migration import events as events
    from rollout.migration.checks.drift import DriftReport as DriftReport
    from rollout.migration.checks.drift import RouteDrift as RouteDrift
    from rollout.migration.checks.status import EnvironmentStatus as EnvironmentStatus
    from rollout.migration.checks.status import RouteStatus as RouteStatus
    from rollout.migration.events import Event as Event
    from rollout.migration.gates import Gate as Gate
    from rollout.migration.gates import TrafficLine as TrafficLine
    from rollout.migration.release import ReleaseResult as ReleaseResult
    from rollout.migration.rollback.rollback import RollbackResult as RollbackResult
    from rollout.migration.runner.result import PhaseResult as PhaseResult
    from rollout.ramp.runner import RampResult as RampResult
    from rollout.state.history.audit import PastChange as PastChange

__version__ = "0.1.0"

_HOMES = {
    "DriftReport": "migration.checks.drift",
    "Environment": "inventory.model",
    "EnvironmentRollout": "api.environment",
    "EnvironmentStatus": "migration.checks.status",
    "Event": "migration.events",
    "Explanation": "alb.explain",
    "FleetLine": "api.fleet",
    "FleetResult": "api.fleet",
    "Gate": "migration.gates",
    "Measured": "analysis.measuring.split",
    "PastChange": "state.history.audit",
    "Percent": "inventory.quantities",
    "PhaseResult": "migration.runner.result",
    "RampResult": "ramp.runner",
    "ReleaseResult": "migration.release",
    "Request": "inventory.conditions",
    "RollbackResult": "migration.rollback.rollback",
    "Rollout": "api.rollout",
    "RolloutError": "errors",
    "RouteDrift": "migration.checks.drift",
    "RouteStatus": "migration.checks.status",
    "Split": "inventory.model",
    "TrafficLine": "migration.gates",
}

_MODULES = {"events": "migration.events"}

__all__ = [*_HOMES, *_MODULES, "__version__"]  # noqa: PLE0604 - names, all of them


moved.install()


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"rollout.{_MODULES[name]}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"rollout.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
