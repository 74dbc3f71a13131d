"""Move HTTP endpoints on AWS load balancers from one Lambda implementation to another.

What is exported here is the public API; everything is imported when it is first used, so that `import rollout` is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollout.api import EnvironmentRollout as EnvironmentRollout
    from rollout.api import Rollout as Rollout
    from rollout.changes.engine import PhaseResult as PhaseResult
    from rollout.changes.gates import Gate as Gate
    from rollout.changes.gates import TrafficLine as TrafficLine
    from rollout.changes.release import ReleaseResult as ReleaseResult
    from rollout.changes.rollback import RollbackResult as RollbackResult
    from rollout.checks.drift import DriftReport as DriftReport
    from rollout.checks.drift import RouteDrift as RouteDrift
    from rollout.checks.status import EnvironmentStatus as EnvironmentStatus
    from rollout.checks.status import RouteStatus as RouteStatus
    from rollout.errors import RolloutError as RolloutError
    from rollout.events import Event as Event
    from rollout.fleet import FleetLine as FleetLine
    from rollout.fleet import FleetResult as FleetResult
    from rollout.history.audit import PastChange as PastChange
    from rollout.measuring.split import Measured as Measured
    from rollout.model import Environment as Environment
    from rollout.model import Split as Split
    from rollout.quantities import Percent as Percent
    from rollout.ramp.runner import RampResult as RampResult
    from rollout.rules.conditions import Request as Request
    from rollout.rules.explain import Explanation as Explanation

__version__ = "0.1.0"

_HOMES = {
    "DriftReport": "checks.drift",
    "Environment": "model",
    "EnvironmentRollout": "api",
    "EnvironmentStatus": "checks.status",
    "Event": "events",
    "Explanation": "rules.explain",
    "FleetLine": "fleet",
    "FleetResult": "fleet",
    "Gate": "changes.gates",
    "Measured": "measuring.split",
    "PastChange": "history.audit",
    "Percent": "quantities",
    "PhaseResult": "changes.engine",
    "RampResult": "ramp.runner",
    "ReleaseResult": "changes.release",
    "Request": "rules.conditions",
    "RollbackResult": "changes.rollback",
    "Rollout": "api",
    "RolloutError": "errors",
    "RouteDrift": "checks.drift",
    "RouteStatus": "checks.status",
    "Split": "model",
    "TrafficLine": "changes.gates",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604 - names, all of them


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"rollout.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
