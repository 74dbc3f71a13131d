"""One step of an update: what it does in the account, and what the stack's state has of the resource then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rollout.adapters.pulumi.failures import engine_error
from rollout.errors import AwsError
from rollout.fakes.aws import InMemoryAws
from rollout.fakes.backend import StackRecord
from rollout.fakes.calls import ApiCall, ApiCalls
from rollout.fakes.planning import PlannedChange, made_values, recorded, resolved
from rollout.fakes.resource_types import ResourceType, resource_type
from rollout.state.plan import Change, ResourceState


def take(
    step: PlannedChange,
    record: StackRecord,
    aws: InMemoryAws,
    calls: ApiCalls,
    *,
    on_begin: Callable[[Change], None],
    on_change: Callable[[Change], None],
) -> None:
    """Take one step, and write what came of it into the state.

    Raises:
        EngineError: AWS refuses it; what was begun stays so.
    """
    change, urn = step.change, step.change.urn
    if step.act == "refresh":
        return
    if change.is_real:
        on_begin(change)
    state = _applied(step, record, aws, calls) if change.is_real else change.new
    if state is None:
        record.resources.pop(urn, None)
    else:
        record.resources[urn] = state
    if change.is_real:
        on_change(replace(change, new=state))


def _applied(step: PlannedChange, record: StackRecord, aws: InMemoryAws, calls: ApiCalls) -> ResourceState | None:
    """What the state has of a resource after its step."""
    change = step.change
    known = made_values(record.resources)
    inputs = resolved(step.registration.inputs, known) if step.registration else {}
    new = replace(change.new, inputs=inputs) if change.new else None
    old = record.resources.get(change.urn)
    if step.act == "same":
        return replace(old, retain_on_delete=new.retain_on_delete, parent=new.parent) if old and new else None
    if step.act == "create" and new:
        record.begun[new.urn] = new
    kind = resource_type(change.type, inputs or (change.old.inputs if change.old else {}))
    label = f"{change.type.rpartition(':')[2]}:{change.name}"
    try:
        state = calls.make(ApiCall(step.act, label), lambda: _made(step, kind, aws, old, new))
    except AwsError as error:
        raise engine_error([error.what]) from error
    record.begun.pop(change.urn, None)
    return state


def _made(
    step: PlannedChange, kind: ResourceType, aws: InMemoryAws, old: ResourceState | None, new: ResourceState | None
) -> ResourceState | None:
    """Do it in the account."""
    match step.act:
        case "import" | "read":
            return step.change.new
        case "update" if old and new:
            return replace(new, id=old.id, outputs=kind.update(aws, old.id, recorded(old), new.inputs))
        case "create" | "replace" if new:
            if step.act == "replace" and old:
                kind.delete(aws, old.id, old.inputs)
            id_, outputs = kind.create(aws, new.inputs)
            return replace(new, id=id_, outputs=outputs)
        case "delete" if old and not old.retain_on_delete:
            kind.delete(aws, old.id, old.inputs)
    return None
