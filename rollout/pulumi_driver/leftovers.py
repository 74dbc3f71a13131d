"""What a killed or failed update may have half made: noted in the state, then adopted or forgotten. Pure.

The engine notes each creation before its call, and keeps the note until somebody says what became of it. Its own
`refresh --import-pending-creates` turns the note into one that nothing reads, and so loses it. So the state is edited:
the resource is put in with nothing but its identifier, a refresh reads it as an import does, or drops it where AWS has
none, and only then the note goes. Killed in between, the next run does it all again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rollout.plan import ResourceState, states_of

Deployment = Mapping[str, Any]
_CREATING = "creating"


def begun(deployment: Deployment) -> tuple[ResourceState, ...]:
    """The resources whose creation was begun, and nobody knows whether AWS has them."""
    return states_of(note["resource"] for note in _notes(deployment) if note["type"] == _CREATING)


def with_adopted(deployment: Deployment, ids: Mapping[str, str]) -> Deployment:
    """A state that holds the begun resources of some URNs, by identifiers to read them by."""
    held = list(deployment.get("resources") or ())
    known = {resource["urn"] for resource in held}
    for note in _notes(deployment):
        resource = note["resource"]
        if note["type"] == _CREATING and resource["urn"] in ids.keys() - known:
            held.append({**resource, "id": ids[resource["urn"]], "inputs": {}, "outputs": {}})
            known.add(resource["urn"])
    return {**deployment, "resources": held}


def with_begun(deployment: Deployment, failed: Iterable[ResourceState]) -> Deployment:
    """A state that notes failed creations, too: an answer that was lost looks like a failure."""
    known = {resource["urn"] for resource in deployment.get("resources") or ()}
    notes = [
        {
            "type": _CREATING,
            "resource": {
                "urn": resource.urn,
                "type": resource.type,
                "custom": True,
                "parent": resource.parent,
                "provider": resource.provider,
                "inputs": {
                    key: value for key, value in resource.inputs.items() if isinstance(value, str | int | float)
                },
            },
        }
        for resource in failed
        if resource.urn not in known
    ]
    return {**deployment, "pending_operations": [*_notes(deployment), *notes]}


def settled(deployment: Deployment) -> Deployment:
    """A state without notes: what was being changed or deleted is simply done again."""
    return {**deployment, "pending_operations": []}


def _notes(deployment: Deployment) -> list[Mapping[str, Any]]:
    return list(deployment.get("pending_operations") or ())
