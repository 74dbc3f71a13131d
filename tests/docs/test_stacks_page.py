"""docs/stacks.md says of each key what the models say: whether it must be there, its default and what it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rollout.inventory.file.findings import keys_of
from rollout.inventory.file.schema import stacks_schema
from rollout.inventory.file.tables import MODELS, NAMED_TABLES, SHARED
from rollout.inventory.model import Environment
from rollout.inventory.quantities import format_duration
from tests.docs.pages import ROOT

TABLES: Mapping[str, type[BaseModel]] = {**MODELS, "environments": Environment}
SCHEMA = stacks_schema()


def own_keys(table: str) -> list[str]:
    """Its keys; an environment's shared tables have sections of their own."""
    return [key for key in keys_of(TABLES[table]) if table != "environments" or key not in SHARED]


def section(table: str) -> str:
    """A table's part of the page, each bullet on one line."""
    title = f"{table}.NAME" if table in {*NAMED_TABLES, "environments"} else table
    text = (ROOT / "docs/stacks.md").read_text("utf-8")
    _, found, rest = text.partition(f"\n## [{title}]\n")
    assert found, f"docs/stacks.md has no section [{title}]"
    return re.sub(r"\n  (?=\S)", " ", rest.partition("\n## ")[0])


def expected(table: str, key: str) -> str:
    """How the key's bullet begins."""
    model = TABLES[table]
    field = next(field for name, field in model.model_fields.items() if key == (field.alias or name))
    said = {**SCHEMA["properties"], **SCHEMA["$defs"]}["project" if table == "project" else model.__name__]
    description = said["properties"][key].get("description", "")
    start = f"- `{key}` ({_presence(field)}):"
    return f"{start} {description}." if description else start


def _presence(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True, validated_data={})
    if default in (None, (), {}):
        return "optional"
    return f"default `{_written(default)}`"


def _written(value: object) -> str:
    match value:
        case timedelta():
            return format_duration(value)
        case bool():
            return str(value).lower()
        case tuple():
            return f"[{', '.join(map(_written, value))}]"
    return str(value)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_a_section_with_exactly_its_keys(table: str) -> None:
    told = re.findall(r"^- `([a-z-]+)` \(", section(table), re.MULTILINE)
    assert told == own_keys(table)


@pytest.mark.parametrize(
    ("table", "key"),
    [(table, key) for table in TABLES for key in own_keys(table)],
)
def test_a_key_is_told_as_the_model_has_it(table: str, key: str) -> None:
    (bullet,) = (line for line in section(table).splitlines() if line.startswith(f"- `{key}` "))
    assert bullet.startswith(expected(table, key))
