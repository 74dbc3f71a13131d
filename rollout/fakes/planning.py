"""What an update would do: a program's registrations against a stack's state, in the engine's steps and order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import singledispatch
from hashlib import sha256
from pathlib import Path
from typing import Any

from pulumi import AssetArchive, FileArchive, FileAsset, StringAsset

from rollout.adapters.pulumi.failures import engine_error
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.registrations import TOKEN, Registration, token, version_token
from rollout.fakes.resource_types import OUTPUTS, Props, differing, resource_type
from rollout.state.plan import LISTENER_RULE, Change, ResourceState, change_of

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's stand-in for a value that a preview can't know."""

_ALLOWED = {
    "create": {"same", "create"},
    "update": {"same", "update"},
    "replace": {"same", "update", "replace"},
}
"""By what a plan has, what a step may be: nothing worse, as the engine's `ConstrainedTo` has it."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One step.

    Attributes:
        act: The engine's word for it.
        change: As a preview tells it.
        registration: What the program wants; None where it wants nothing of it.
    """

    act: str
    change: Change
    registration: Registration | None = None


def refreshed(resources: Mapping[str, ResourceState], aws: InMemoryAws) -> dict[str, ResourceState]:
    """A state as AWS is now, without what is gone."""
    found: dict[str, ResourceState] = {}
    for urn, state in resources.items():
        read = resource_type(state.type, state.inputs).read(aws, state.id) if state.custom else state.outputs
        if read is not None:
            inputs = {key: read.get(key, value) for key, value in state.inputs.items()} if state.custom else {}
            found[urn] = replace(state, inputs=inputs, outputs=read)
    return found


def plan(
    registrations: tuple[Registration, ...], resources: Mapping[str, ResourceState], aws: InMemoryAws
) -> Iterator[PlannedChange]:
    """The steps of an update, in order.

    Raises:
        EngineError: An import finds nothing, or a deployment package isn't there.
    """
    unknown = {made: UNKNOWN for each in registrations for made in (token(each.urn), version_token(each.urn))}
    hidden = unknown | made_values(resources)
    for each in registrations:
        old = resources.get(each.urn)
        wanted = resolved(each.inputs, hidden)
        new = ResourceState(
            each.urn,
            each.type,
            old.id if old else "",
            each.custom,
            each.retain_on_delete,
            wanted,
            each.outputs,
            each.parent,
        )
        if each.read:
            yield _read(each, replace(new, id=each.read, inputs={}, external=True), old, aws)
        elif old is not None and not old.external:
            yield from _kept(each, old, new)
        elif each.adopt:
            hidden[token(each.urn)] = each.adopt.rpartition("/")[2]
            yield from _imported(each, new, aws)
        else:
            yield PlannedChange("create", change_of("create", None, new), each)
    wanted_urns = {each.urn for each in registrations}
    for old in reversed([state for urn, state in resources.items() if urn not in wanted_urns]):
        act = "discard" if old.external else "delete"
        yield PlannedChange(act, change_of(act, old, None))


def _read(each: Registration, new: ResourceState, old: ResourceState | None, aws: InMemoryAws) -> PlannedChange:
    outputs = resource_type(each.type, {}).read(aws, each.read)
    if outputs is None:
        raise engine_error([f"resource '{each.read}' does not exist"])
    return PlannedChange("read", change_of("read", old, replace(new, outputs=outputs)), each)


def made_values(resources: Mapping[str, ResourceState]) -> dict[str, str]:
    """What AWS made, by what stands for it in a program: ids, and the versions of functions."""
    ids = {token(urn): state.id.rpartition("/")[2] for urn, state in resources.items()}
    versions = {urn: state.outputs["version"] for urn, state in resources.items() if "version" in state.outputs}
    return ids | {version_token(urn): version for urn, version in versions.items()}


def _kept(each: Registration, old: ResourceState, new: ResourceState) -> Iterator[PlannedChange]:
    changed = differing(each.type, recorded(old), new.inputs) if each.custom else frozenset()
    if changed & resource_type(each.type, new.inputs).replaced_by:
        yield PlannedChange("replace", change_of("replace", old, new, diffs=sorted(changed)), each)
    elif changed:
        yield PlannedChange("update", change_of("update", old, new, diffs=sorted(changed)), each)
    else:
        outputs = old.outputs if each.custom else new.outputs
        yield PlannedChange("same", change_of("same", old, replace(new, outputs=outputs)), each)


def recorded(state: ResourceState) -> Props:
    """What the engine holds a program's inputs against: of a rule what it does, whatever its inputs say."""
    if state.type != LISTENER_RULE:
        return state.inputs
    return {**state.inputs, **{key: state.recorded.get(key) for key in ("actions", "conditions")}}


def _imported(each: Registration, new: ResourceState, aws: InMemoryAws) -> Iterator[PlannedChange]:
    read = resource_type(each.type, each.inputs).read(aws, each.adopt)
    if read is None:
        raise engine_error([f"resource '{each.adopt}' does not exist"])
    inputs = {key: value for key, value in read.items() if key not in OUTPUTS}
    old = replace(new, id=each.adopt, inputs=inputs, outputs=read)
    yield PlannedChange("import", change_of("import", None, old), each)
    yield from (step for step in _kept(each, old, replace(new, id=each.adopt)) if step.act != "same")


def beyond(planned: Iterable[tuple[str, str]], steps: Iterable[PlannedChange]) -> Iterator[str]:
    """What a plan doesn't allow of steps, in the engine's words; a deletion that isn't needed any more is fine.

    Args:
        planned: The plan's steps, each a URN and the engine's word.
        steps: What an update would do now.
    """
    left: dict[str, list[str]] = {}
    for urn, act in planned:
        left.setdefault(urn, []).append(act)
    found = []
    for step in steps:
        acts = left.get(step.change.urn)
        wanted = acts.pop(0) if acts else "same"
        if step.act not in _ALLOWED.get(wanted, {wanted}):
            found.append(f"{step.act} is not allowed by the plan: this resource is constrained to {wanted}")
    missed = (urn for urn, acts in left.items() if acts not in ([], ["delete"]))
    yield from found or (f"expected resource operations for {urn} but none were seen" for urn in missed)


@singledispatch
def resolved(value: Any, known: Mapping[str, str]) -> Any:
    """A value with tokens replaced by what is known, and assets and archives as the engine has them."""
    if not isinstance(value, str):
        return value
    marks = TOKEN.findall(value)
    if any(known.get(mark) == UNKNOWN for mark in marks):
        return UNKNOWN
    return TOKEN.sub(lambda found: known.get(found[0], found[0]), value) if marks else value


@resolved.register(dict)
def _(value: dict[str, Any], known: Mapping[str, str]) -> Any:
    return {key: resolved(item, known) for key, item in value.items()}


@resolved.register(list)
def _(value: list[Any], known: Mapping[str, str]) -> Any:
    return [resolved(item, known) for item in value]


@resolved.register(FileAsset)
@resolved.register(FileArchive)
def _(value: FileAsset | FileArchive, _known: Mapping[str, str]) -> Any:
    path = Path(str(value.path))
    if not path.exists():
        raise engine_error([f"{path}: no such file or directory"])
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return {"path": str(path), "hash": sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()}


@resolved.register(StringAsset)
def _(value: StringAsset, _known: Mapping[str, str]) -> Any:
    return {"text": value.text}


@resolved.register(AssetArchive)
def _(value: AssetArchive, known: Mapping[str, str]) -> Any:
    return {"assets": {name: resolved(asset, known) for name, asset in value.assets.items()}}
