"""The file's outer shape: which tables are shared by all environments and which keys only an environment has.

An environment's own tables are laid over the shared ones, and what comes out is a `rollout.model.Environment`.
So the inventory's tables have one definition, the model's; here is only where they may stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

from rollout.fields import Frozen, Name
from rollout.model import (
    Function,
    HeaderOverride,
    KeptRoute,
    Legacy,
    LoadBalancer,
    Programs,
    Route,
    Stickiness,
)
from rollout.ramp.settings import Analysis, Notification, Ramp


class Project(Frozen):
    """What all stacks of the inventory belong to."""

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
    load_balancers: Any = None
    functions: Any = None
    routes: Any = None
    kept_routes: Any = None
    environments: Mapping[Name, Mapping[str, Any]] = Field(
        min_length=1, description="at least one [environments.NAME] table"
    )


MODELS: Mapping[str, type[BaseModel]] = {
    "project": Project,
    "programs": Programs,
    "legacy": Legacy,
    "stickiness": Stickiness,
    "ramp": Ramp,
    "analysis": Analysis,
    "notifications": Notification,
    "header-override": HeaderOverride,
    "load-balancers": LoadBalancer,
    "functions": Function,
    "routes": Route,
    "kept-routes": KeptRoute,
}
NAMED_TABLES = frozenset({"notifications", "load-balancers", "functions", "routes", "kept-routes"})
SHARED = tuple(name for name in MODELS if name != "project")
# Of an environment's fields, those that the file says elsewhere or that follow from it.
DERIVED = frozenset({"name", "project", "root"})
