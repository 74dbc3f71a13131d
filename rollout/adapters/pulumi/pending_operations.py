"""Pending operations: what a killed or failed update leaves in a state. Pure.

The engine records each create before its call, and keeps the record until it is resolved. Earlier versions of rollout
put such resources into the state, with inputs and without outputs; resources that were read always have outputs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rollout.state.plan import ResourceState, states_of

Deployment = Mapping[str, Any]
Resource = Mapping[str, Any]


def begun(deployment: Deployment) -> tuple[ResourceState, ...]:
    """The resources with a pending create: AWS may have them or not."""
    notes = deployment.get("pending_operations") or ()
    creating = (note["resource"] for note in notes if note["type"] == "creating")
    return states_of((*filter(_is_unread, _resources(deployment)), *creating))


def without_begun(deployment: Deployment) -> Deployment:
    """A state without them; any import of a state removes the records of other operations."""
    kept = {key: value for key, value in deployment.items() if key != "pending_operations"}
    return {**kept, "resources": [one for one in _resources(deployment) if not _is_unread(one)]}


def with_retained(deployment: Deployment, urns: Collection[str]) -> Deployment:
    """A state in which some resources stay on AWS when they are removed from it."""
    held = [{**one, "retainOnDelete": True} if one["urn"] in urns else one for one in _resources(deployment)]
    return {**deployment, "resources": held}


def _is_unread(resource: Resource) -> bool:
    real = resource.get("custom", False) and not resource["type"].startswith("pulumi:")
    return real and not resource.get("outputs") and not resource.get("external", False)


def _resources(deployment: Deployment) -> list[Resource]:
    return list(deployment.get("resources") or ())
