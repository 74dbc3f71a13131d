"""The JSON schema of all events, for readers of `--json`."""

from __future__ import annotations

from typing import Any, Union

from rollout.base.plain import schema_of
from rollout.migration.events import event, parity, phase, ramp, rollback
from rollout.migration.events.event import Event, name_of
from rollout.migration.events.ramp import RampEvent


def kinds() -> list[type[Event]]:
    """Each kind of event."""
    found = [each for module in (event, phase, rollback, ramp, parity) for each in vars(module).values()]
    kinds = dict.fromkeys(each for each in found if isinstance(each, type) and issubclass(each, Event))
    return [kind for kind in kinds if kind not in (Event, RampEvent)]


def json_schema() -> dict[str, Any]:
    """The JSON schema of what `as_json` returns, an alternative for each kind of event."""
    schema = schema_of(Union[tuple(kinds())])  # noqa: UP007 - of a list
    for kind in kinds():
        one = schema["$defs"][kind.__name__]
        one["properties"] = {"event": {"const": name_of(kind)}, **one["properties"]}
        one["required"] = ["event", *one["required"]]
    return schema
