"""What a killed or failed update may have half made: kept in the state unread, then adopted or forgotten. Pure.

The engine notes each creation before its call, and keeps the note until somebody says what became of it. Its own
`refresh --import-pending-creates` turns the note into one that nothing reads, and importing a state drops all notes. So
the resource itself is put into the state, with an identifier and no outputs, which no resource that was ever read is
without. A refresh reads it as an import does, or drops it where AWS has none. Killed in between, the next run finds
it unread and goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rollout.changes.plan import ResourceState, states_of

Deployment = Mapping[str, Any]
Resource = Mapping[str, Any]


def begun(deployment: Deployment) -> tuple[ResourceState, ...]:
    """The resources whose creation was begun, and nobody knows whether AWS has them."""
    return states_of(_begun(deployment))


def with_adopted(deployment: Deployment, ids: Mapping[str, str]) -> Deployment:
    """A state that holds the begun resources of some URNs, to be read by identifiers, and no other unread ones."""
    adopted = {
        one["urn"]: {**one, "id": ids[one["urn"]], "outputs": {}} for one in _begun(deployment) if one["urn"] in ids
    }
    held = [one for one in _held(deployment) if not _is_unread(one)]
    known = {one["urn"] for one in held}
    return {**deployment, "resources": [*held, *(one for urn, one in adopted.items() if urn not in known)]}


def with_begun(deployment: Deployment, failed: Iterable[ResourceState]) -> Deployment:
    """A state that holds failed creations unread: an answer that was lost looks like a failure."""
    known = {one["urn"] for one in _held(deployment)}
    unread = [
        {
            "urn": one.urn,
            "type": one.type,
            "custom": True,
            "id": "unknown",
            "parent": one.parent,
            "provider": one.provider,
            "inputs": {key: said for key, said in one.inputs.items() if isinstance(said, str | int | float)},
            "outputs": {},
        }
        for one in failed
        if one.urn not in known
    ]
    return {**deployment, "resources": [*_held(deployment), *unread]}


def _begun(deployment: Deployment) -> Iterator[Resource]:
    yield from filter(_is_unread, _held(deployment))
    for note in deployment.get("pending_operations") or ():
        if note["type"] == "creating":
            yield note["resource"]


def _is_unread(resource: Resource) -> bool:
    real = resource.get("custom", False) and not resource["type"].startswith("pulumi:")
    return real and not resource.get("outputs") and not resource.get("external", False)


def _held(deployment: Deployment) -> list[Resource]:
    return list(deployment.get("resources") or ())
