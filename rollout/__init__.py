"""Move HTTP endpoints on AWS load balancers from one Lambda implementation to another.

What is exported here is the public API; everything is imported when it is first used, so that `import rollout` is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollout.api import EnvironmentRollout as EnvironmentRollout
    from rollout.api import Rollout as Rollout
    from rollout.audit import PastChange as PastChange
    from rollout.conditions import Request as Request
    from rollout.drift import DriftReport as DriftReport
    from rollout.drift import RouteDrift as RouteDrift
    from rollout.engine import PhaseResult as PhaseResult
    from rollout.errors import RolloutError as RolloutError
    from rollout.events import Event as Event
    from rollout.explain import Explanation as Explanation
    from rollout.fleet import FleetLine as FleetLine
    from rollout.fleet import FleetResult as FleetResult
    from rollout.gates import Gate as Gate
    from rollout.gates import TrafficLine as TrafficLine
    from rollout.measure import Measured as Measured
    from rollout.model import Environment as Environment
    from rollout.model import Split as Split
    from rollout.quantities import Percent as Percent
    from rollout.ramp.runner import RampResult as RampResult
    from rollout.release import ReleaseResult as ReleaseResult
    from rollout.rollback import RollbackResult as RollbackResult
    from rollout.status import EnvironmentStatus as EnvironmentStatus
    from rollout.status import RouteStatus as RouteStatus

__version__ = "0.1.0"

_HOMES = {
    "DriftReport": "drift",
    "Environment": "model",
    "EnvironmentRollout": "api",
    "EnvironmentStatus": "status",
    "Event": "events",
    "Explanation": "explain",
    "FleetLine": "fleet",
    "FleetResult": "fleet",
    "Gate": "gates",
    "Measured": "measure",
    "PastChange": "audit",
    "Percent": "quantities",
    "PhaseResult": "engine",
    "RampResult": "ramp.runner",
    "ReleaseResult": "release",
    "Request": "conditions",
    "RollbackResult": "rollback",
    "Rollout": "api",
    "RolloutError": "errors",
    "RouteDrift": "drift",
    "RouteStatus": "status",
    "Split": "model",
    "TrafficLine": "gates",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604 - names, all of them


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"rollout.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
