"""An inventory's problems, by key: pydantic's errors in our words, and misspelled keys.

What is allowed comes from the models' descriptions, so that an error and an editor say the same.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from rollout.inventory.fields import UNTOLD, ExistingCandidate, Name
from rollout.inventory.file.layout import Keys
from rollout.inventory.file.tables import DERIVED, MODELS, NAMED_TABLES
from rollout.inventory.match import Match
from rollout.inventory.model import Environment
from rollout.inventory.quantities import format_duration


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong.

    Attributes:
        at: The keys that lead to it.
        what: What is wrong.
        then: What is allowed or what to do.
        other: The keys of the other place that it clashes with.
        code: The cause, as `errors.codes` lists it.
    """

    at: Keys
    what: str
    hint: str | None = None
    other: Keys | None = None
    code: str = field(default="invalid-value", kw_only=True)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'priority'?`, or nothing where no known word is close."""
    names = list(islice(known, _COMPARED))
    close = difflib.get_close_matches(word, names, n=1) if len(word) <= _LONG else ()
    return f"; did you mean {close[0]!r}?" if close else ""


def unknown_key(at: Keys, allowed: Iterable[str]) -> Finding:
    """A key that means nothing."""
    allowed = list(allowed)
    key = str(at[-1])
    hint = f"allowed: {', '.join(allowed)}"
    if "functions" in at[:-1]:
        hint += "; other settings need your own candidate program, see docs/stacks.md#programs"
    return Finding(at, f"unknown key {key!r}{suggestion(key, allowed)}", hint, code="unknown-key")


def dotted(keys: Keys) -> str:
    """Keys as TOML writes them, an element of a list as `steps[0]`."""
    parts = [
        f"[{key}]" if isinstance(key, int) else f".{key}" if _BARE.fullmatch(key) else f".{_shown(key)}" for key in keys
    ]
    return "".join(parts).removeprefix(".")


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a table of the file may have."""
    keys = [field.alias or name for name, field in model.model_fields.items()]
    return [key for key in keys if key not in DERIVED] if model is Environment else keys


_COMPARED, _LONG = 1000, 100  # comparing takes a while, and a file may hold anything
_BARE = re.compile(r"[A-Za-z0-9_-]+")
UNTOLD_VALUE = "the value"
_KINDS = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "mapping_type": "a table",
    "model_type": "a table",
    "path_type": "text in quotes",
    "string_type": "text in quotes",
    "tuple_type": "a list in [ ]",
}


def findings_of(error: ValidationError, model: type[BaseModel] = Environment) -> Iterator[Finding]:
    """Pydantic's errors in our words."""
    for detail in error.errors(include_url=False):
        yield _finding(detail, model)


def _finding(detail: ErrorDetails, top: type[BaseModel]) -> Finding:
    at, kind = detail["loc"], detail["type"]
    value = UNTOLD_VALUE if _is_untold(at, top) else _shown(detail["input"])
    if at[-1:] == ("[key]",) and kind.startswith("string"):
        return Finding(
            at[:-1],
            f"{at[-2]!r} is not a valid name",
            f"allowed: {TypeAdapter(Name).json_schema()['description']}",
            code="invalid-name",
        )
    at = at[:-1] if at[-1:] == ("[key]",) else at
    allowed = _description(at, top)
    if kind == "extra_forbidden":
        model = _model(at[:-1], top)
        return unknown_key(at, keys_of(model) if model else ())
    if kind == "missing":
        return Finding(at, f"{at[-1]} is missing", allowed, code="missing-key")
    if kind == "value_error":
        return Finding(at, str(detail["ctx"]["error"]), code="invalid-value")
    if kind == "too_short":
        return Finding(at, f"{at[-1]} is empty", allowed, code="empty-value")
    if kind in _KINDS:
        bare = kind == "string_type" and type(detail["input"]) is int
        quoted = f'; quote it: "{value}"' if bare and value != UNTOLD_VALUE else ""
        return Finding(at, f"{value} is not {_KINDS[kind]}{quoted}", allowed, code="wrong-type")
    return Finding(at, f"{value} is not allowed", allowed, code="invalid-value")


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, timedelta):
        return format_duration(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)


def _model(at: Keys, top: type[BaseModel]) -> type[BaseModel] | None:
    """The model of the table that the keys lead to."""
    if not at:
        return top
    if at[2:] == ("candidate",):
        return ExistingCandidate
    if at[2:3] == ("match",):
        return Match if all(isinstance(key, int) for key in at[3:]) else None
    depth = 2 if at[0] in NAMED_TABLES else 1
    nested = {field.alias or name: field.annotation for name, field in top.model_fields.items()}.get(str(at[0]))
    model = MODELS.get(str(at[0]), nested if isinstance(nested, type) and issubclass(nested, BaseModel) else None)
    return model if len(at) == depth else None


def _fields(at: Keys, top: type[BaseModel]) -> Iterator[FieldInfo]:
    """The fields on the way, the nearest first."""
    for length in range(len(at), 0, -1):
        model = _model(at[: length - 1], top)
        named = {field.alias or name: field for name, field in model.model_fields.items()} if model else {}
        if found := named.get(str(at[length - 1])):
            yield found


def _is_untold(at: Keys, top: type[BaseModel]) -> bool:
    return any(UNTOLD in field.metadata for field in _fields(at, top))


def _description(at: Keys, top: type[BaseModel]) -> str | None:
    """What the nearest described field on the way allows."""
    nearest = next(_fields(at, top), None)
    return f"allowed: {nearest.description}" if nearest and nearest.description else None
