"""stacks.toml by its schema: mostly right, with something else in any place, and written as TOML."""

from __future__ import annotations

import copy
import json
import math
import re
import tomllib
from collections.abc import Mapping
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from rollout.inventory.file.schema import stacks_schema
from tests.fuzz.anything import anything, moments, texts

ROOT = Path(__file__).parents[2]
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@cache
def sound() -> dict[str, Any]:
    """The repository's own inventory."""
    return tomllib.loads((ROOT / "stacks.toml").read_text("utf-8"))


def toml(value: object, *, is_top: bool = False) -> str:
    """A value as TOML."""
    match value:
        case Mapping():
            pairs = [f"{_key(str(key))} = {toml(each)}" for key, each in value.items()]
            return "\n".join(pairs) if is_top else "{" + ", ".join(pairs) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(toml, value)) + "]"
        case bool():
            return str(value).lower()
        case int():
            return hex(value) if value > 2**70 else str(value)
        case float():
            return str(value) if math.isfinite(value) and "e" not in str(value) else "nan" if value != value else "inf"  # noqa: PLR0124 - nan is no nan
        case date() | time():
            return value.isoformat()
        case _:
            return json.dumps(str(value)).replace("\x7f", "\\u007f") if str(value).isascii() else _quoted(str(value))


def _quoted(text: str) -> str:
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text) + '"'


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


@st.composite
def inventories(draw: st.DrawFn) -> dict[str, Any]:
    """One that is the repository's own but for a few changes, or one that is made by the schema alone."""
    if draw(st.integers(0, 3)) == 0:
        made: dict[str, Any] = draw(of_schema(stacks_schema(), 1))
        return made if isinstance(made, dict) else {"project": made}
    data = copy.deepcopy(sound())
    for _ in range(draw(st.integers(1, 4))):
        _change(draw, data)
    return data


def _change(draw: st.DrawFn, data: dict[str, Any]) -> None:
    """Something else somewhere: another value, none, or one more."""
    at: Any = data
    key: Any = draw(st.sampled_from(sorted(at)))
    while isinstance(at[key], dict | list) and at[key] and draw(st.integers(0, 4)):
        at = at[key]
        key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
    match draw(st.integers(0, 5)):
        case 0:
            del at[key]
        case 1 if isinstance(at, dict):
            at[draw(st.one_of(texts, st.sampled_from(_keys())))] = draw(anything | moments)
        case 2:
            at[key] = draw(of_schema(stacks_schema()["properties"].get(str(key), {}), 1))
        case _:
            at[key] = draw(anything | moments)
    if not data:
        data["project"] = {}


@cache
def _keys() -> list[str]:
    """All keys that mean something somewhere."""
    return sorted(set(re.findall(r'"([a-z][a-z-]+)": \{', json.dumps(stacks_schema()))))


def of_schema(schema: Mapping[str, Any], wrong: int = 0) -> st.SearchStrategy[Any]:
    """Values that a schema allows.

    Args:
        schema: A JSON schema of pydantic's kind.
        wrong: Of twenty values, how many are something else.
    """
    right = st.deferred(lambda: _right(schema, wrong))
    return st.integers(0, 19).flatmap(lambda n: (anything | moments) if n < wrong else right)


def _right(schema: Mapping[str, Any], wrong: int) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return of_schema(stacks_schema()["$defs"][schema["$ref"].rpartition("/")[2]], wrong)
    if options := schema.get("anyOf") or schema.get("allOf"):  # of one, here
        return st.one_of([of_schema(option, wrong) for option in options])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    match schema.get("type"):
        case "object":
            return _table(schema, wrong)
        case "array":
            return st.lists(of_schema(schema.get("items", {}), wrong), max_size=3)
        case "string":
            return st.from_regex(schema["pattern"], fullmatch=True) if "pattern" in schema else texts
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum"))
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False)
        case "boolean":
            return st.booleans()
        case _:
            return anything


def _table(schema: Mapping[str, Any], wrong: int) -> st.SearchStrategy[Any]:
    properties = {key: of_schema(each, wrong) for key, each in schema.get("properties", {}).items()}
    needed = {key: properties.pop(key) for key in schema.get("required", ()) if key in properties}
    named = schema.get("patternProperties") or {}
    inner = next(iter(named.values()), schema.get("additionalProperties"))
    if not properties and not needed:
        names = st.from_regex(next(iter(named)), fullmatch=True) if named else st.sampled_from(["public", "GET", "a"])
        return st.dictionaries(names, of_schema(inner if isinstance(inner, dict) else {}, wrong), max_size=3)
    return st.fixed_dictionaries(needed, optional=properties)
