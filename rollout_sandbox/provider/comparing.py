"""Diff and the shapes that Read answers, as the bridge has them.

A diff compares the recorded outputs with the wanted inputs. A refresh updates only the inputs that were there; an
import leaves out defaults and zeros, yet keeps a weight of 0, which isn't the default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rollout_sandbox.provider.checking import NOTES, has_unknown, without_notes
from rollout_sandbox.provider.schema import Kind, Property, Props, ResourceType


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs.

    Attributes:
        paths: By path: `add`, `delete` or `update`.
        changed: The top-level properties, without outputs that follow.
        follows: Outputs that will change with them.
        replaces: Those of `changed` that need a new resource.
        delete_first: Whether the old one has to go before it.
        stable: Properties that would replace the resource and don't change.
    """

    paths: Mapping[str, str]
    changed: frozenset[str]
    follows: tuple[str, ...]
    replaces: tuple[str, ...]
    delete_first: bool
    stable: tuple[str, ...]


def compare(type_: ResourceType, old: Props, new: Props) -> Differences:
    """Compare recorded outputs with checked inputs."""
    properties = type_.all_properties
    notes = new.get(NOTES)
    wanted = without_notes(new)
    paths: dict[str, str] = {}
    for name, prop in properties.items():
        if prop.output or (name == "region" and not old.get(name)):
            continue
        paths.update(_paths(prop, old.get(name), wanted.get(name), name))
    passed_over = type_.irrelevant(old, wanted)
    paths = {path: kind for path, kind in paths.items() if passed_over.isdisjoint((path, _top(path)))}
    changed = frozenset(map(_top, paths))
    replaces = tuple(sorted(name for name in changed if properties[name].force_new))
    named = notes is not None and any(
        prop.auto_name is not None and name in wanted and name not in notes for name, prop in properties.items()
    )
    follows = tuple(name for name in type_.follows(wanted, changed) if name not in changed) if changed else ()
    stable = tuple(sorted(n for n, prop in properties.items() if prop.force_new and n not in replaces))
    return Differences(paths, changed, follows, replaces, bool(replaces) and (type_.delete_first or named), stable)


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _paths(prop: Property, old: Any, new: Any, path: str) -> Iterator[tuple[str, str]]:
    if prop.output:
        return
    if new is None:
        if not prop.computed and _means_something(prop, old):
            yield path, "delete"
        return
    if has_unknown(new):
        yield path, "update" if _there(old) else "add"
        return
    if prop.same is not None and old is not None:
        if not prop.same(old, new):
            yield path, "update"
        return
    yield from _inside(prop, old, new, path)


def _inside(prop: Property, old: Any, new: Any, path: str) -> Iterator[tuple[str, str]]:
    """Where two known values differ, as deep as the property goes."""
    match prop.kind:
        case Kind.OBJECT if _there(old) or not _means_something(prop, new):
            for key, field in prop.fields.items():
                yield from _paths(field, (old or {}).get(key), new.get(key), f"{path}.{key}")
        case Kind.LIST if prop.item and len(old or ()) == len(new):
            for index, (before, after) in enumerate(zip(old or (), new, strict=True)):
                yield from _paths(prop.item, before, after, f"{path}[{index}]")
        case Kind.SET if prop.item and len(old or ()) == len(new):
            left = _unmatched(prop.item, list(old or ()), new)
            for index, before in left.items():
                yield from _paths(prop.item, before, new[index], f"{path}[{index}]")
        case Kind.MAP:
            yield from _keys(old or {}, new, path)
        case _ if not _equal(old, new):
            yield path, "update" if _there(old) else "add"


def _keys(old: Props, new: Props, path: str) -> Iterator[tuple[str, str]]:
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield f"{path}.{key}", "add" if key not in old else "delete" if key not in new else "update"


def _unmatched(item: Property, old: list[Any], new: list[Any]) -> dict[int, Any]:
    """The new elements of a set that no old one equals, by index, each beside the likest old one that is left."""
    left, alone = list(old), []
    for index, after in enumerate(new):
        twin = next((before for before in left if not list(_paths(item, before, after, ""))), None)
        if twin is None:
            alone.append(index)
        else:
            left.remove(twin)
    found = {}
    for index in alone:
        found[index] = max(left, key=lambda before: _likeness(before, new[index]), default=None)
        if left:
            left.remove(found[index])
    return found


def _likeness(old: Any, new: Any) -> int:
    if isinstance(old, dict) and isinstance(new, dict):
        return sum(old.get(key) == value for key, value in new.items())
    return 0


def _there(value: Any) -> bool:
    return value not in (None, "", [], {})


def _equal(old: Any, new: Any) -> bool:
    if old is None:
        return not new  # a zero is as good as nothing
    if isinstance(old, bool) or isinstance(new, bool):
        return bool(old) == bool(new)
    return bool(old == new or str(old) == str(new))


def _means_something(prop: Property, value: Any) -> bool:
    """Whether a recorded value is more than what its absence from a program means."""
    if prop.kind is Kind.OBJECT:
        return any(
            _means_something(field, (value or {}).get(key)) for key, field in prop.fields.items() if not field.computed
        )
    if value in (prop.zero, prop.default):
        return False
    return bool(value)


def refreshed(type_: ResourceType, inputs: Props, live: Props) -> Props:
    """The inputs after a refresh: those that were there, as they are now."""
    return _updated(type_.all_properties, inputs, live)


def _updated(fields: Mapping[str, Property], inputs: Props, live: Props) -> Props:
    found: Props = {}
    for key, value in inputs.items():
        if key.startswith("__"):
            found[key] = value
        elif key in live and live[key] is not None and key in fields:
            found[key] = _value_now(fields[key], value, live[key])
    if NOTES in inputs:  # a default that isn't any more is the next Check's to fill in
        found[NOTES] = [key for key in inputs[NOTES] if key in found and found[key] == inputs[key]]
    return found


def _value_now(prop: Property, value: Any, now: Any) -> Any:
    if prop.same is not None and prop.same(value, now):
        return value
    if prop.kind is Kind.OBJECT and isinstance(value, dict):
        return _updated(prop.fields, value, now)
    if prop.kind is Kind.LIST and prop.item:
        item = prop.item
        return [_value_now(item, before, after) for before, after in zip(value, now, strict=False)]
    if prop.kind is Kind.SET and prop.item:
        item, changed = prop.item, _unmatched(prop.item, list(now), [without_notes(element) for element in value])
        return [
            _value_now(item, element, changed[index]) if index in changed else element
            for index, element in enumerate(value)
            if changed.get(index, element) is not None
        ]
    return now


def imported(type_: ResourceType, live: Props) -> Props:
    """The inputs of an imported resource."""
    return _as_imported(type_.all_properties, live)


def _as_imported(fields: Mapping[str, Property], live: Props) -> Props:
    found: Props = {}
    for key, prop in fields.items():
        value = live.get(key)
        if prop.output or value is None or _says_nothing(prop, value):
            continue
        if prop.kind is Kind.OBJECT:
            value = _as_imported(prop.fields, value)
        elif prop.kind in (Kind.LIST, Kind.SET) and prop.item and prop.item.kind is Kind.OBJECT:
            value = [_as_imported(prop.item.fields, item) for item in value]
        found[key] = value
    return {**found, NOTES: []}


def _says_nothing(prop: Property, value: Any) -> bool:
    if prop.required:
        return False
    if prop.default is not None:
        return bool(value == prop.default)
    return not value or value == prop.zero
