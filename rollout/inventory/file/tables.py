"""The file's outer shape: which tables are shared by all environments and which keys only an environment has.

An environment's own tables are laid over the shared ones, and what comes out is a `model.Environment`.
So the inventory's tables have one definition, the model's; here is only where they may stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

from rollout.inventory.fields import Frozen, Name
from rollout.inventory.fleets import Fleet
from rollout.inventory.functions import Function
from rollout.inventory.model import KeptRoute, LoadBalancer, Route
from rollout.inventory.ramp_settings import Analysis, Notification, Ramp
from rollout.inventory.settings import Controller, Cost, Guard, HeaderOverride, Legacy, Programs, Stickiness


class Project(Frozen):
    """The Pulumi project of all stacks."""

    name: Annotated[Name, Field(description="Pulumi's project: 1 to 63 letters, digits, hyphens and underscores")]


class File(Frozen):
    """stacks.toml before its tables are merged for each environment."""

    project: Project
    programs: Any = None
    legacy: Any = None
    stickiness: Any = None
    ramp: Any = None
    analysis: Any = None
    notifications: Any = None
    header_override: Any = None
    guard: Any = None
    controller: Any = None
    cost: Any = None
    load_balancers: Any = None
    functions: Any = None
    routes: Any = None
    kept_routes: Any = None
    environments: Mapping[Name, Mapping[str, Any]] = Field(
        min_length=1, description="at least one [environments.NAME] table"
    )
    fleets: Mapping[Name, Fleet] = Field(default_factory=dict)


MODELS: Mapping[str, type[BaseModel]] = {
    "project": Project,
    "programs": Programs,
    "legacy": Legacy,
    "stickiness": Stickiness,
    "ramp": Ramp,
    "analysis": Analysis,
    "notifications": Notification,
    "header-override": HeaderOverride,
    "guard": Guard,
    "controller": Controller,
    "cost": Cost,
    "load-balancers": LoadBalancer,
    "functions": Function,
    "routes": Route,
    "kept-routes": KeptRoute,
    "fleets": Fleet,
}
NAMED_TABLES = frozenset({"fleets", "notifications", "load-balancers", "functions", "routes", "kept-routes"})
SHARED = tuple(name for name in MODELS if name not in ("project", "fleets"))
# Of an environment's fields, those that the file says elsewhere or that follow from it.
DERIVED = frozenset({"name", "project", "root", "faults", "in-file", "answer-roles"})
FEATURES = frozenset({"header-override", "ramp", "analysis", "notifications", "guard", "controller", "cost"})
"""Tables that some commands go by and all others do without: what is wrong in one stops those commands alone."""
