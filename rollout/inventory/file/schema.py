"""A JSON schema of stacks.toml for editors: `python -m rollout.inventory.file.schema > docs/stacks.schema.json`.

It is made from the models that read the file. Keys of shared tables aren't required, since an environment may add them.
It is draft-07, the newest that SchemaStore takes and Taplo reads.

https://github.com/SchemaStore/schemastore/blob/master/CONTRIBUTING.md
https://taplo.tamasfe.dev/configuration/developing-schemas.html
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from rollout.inventory.file.findings import keys_of
from rollout.inventory.file.tables import MODELS, SHARED, File, Project
from rollout.inventory.model import Environment
from rollout.inventory.quantities import Percent, format_duration


class _Editors(GenerateJsonSchema):
    """Without what the file can't say (null) and what editors show twice (titles)."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", "") in (None, []):  # nobody writes either
            del made["default"]
        return made

    def encode_default(self, dft: Any) -> Any:
        match dft:
            case timedelta():
                return format_duration(dft)
            case Percent():
                return float(str(dft)) if dft.tenths % 10 else dft.tenths // 10
            case tuple():
                return [self.encode_default(each) for each in dft]
            case _:
                made = super().encode_default(dft)
                return {key: each for key, each in made.items() if each is not None} if isinstance(made, dict) else made


def stacks_schema() -> dict[str, Any]:
    """The JSON schema of stacks.toml."""
    inventory = Environment.model_json_schema(schema_generator=_Editors)
    project = Project.model_json_schema(schema_generator=_Editors)
    definitions, properties = inventory["$defs"], inventory["properties"]
    del definitions["Problem"]  # of what is derived
    del definitions["Match"]["properties"]["header"]  # which is only there to be refused
    for model in MODELS.values():
        definitions.get(model.__name__, {}).pop("required", None)
    definitions["Environment"] = {
        "type": "object",
        "description": "An environment; it may contain any shared table, which is merged into the shared one",
        "properties": {key: properties[key] for key in keys_of(Environment)},
        "required": ["account", "region"],
        "additionalProperties": False,
    }
    file = File.model_json_schema(schema_generator=_Editors)
    named = file["properties"]["environments"]
    definitions["Fleet"] = file["$defs"]["Fleet"]
    (pattern,) = named["patternProperties"]
    made = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://json.schemastore.org/rollout-stacks.json",
        "title": "stacks.toml",
        "type": "object",
        "properties": {
            "project": project,
            **{key: properties[key] for key in SHARED},
            "environments": named | {"patternProperties": {pattern: {"$ref": "#/$defs/Environment"}}},
            "fleets": file["properties"]["fleets"],
        },
        "required": ["project", "environments"],
        "additionalProperties": False,
        "$defs": definitions,
    }
    return {key: _draft_07(value) for key, value in made.items()}


def _draft_07(part: Any) -> Any:
    """With `allOf` around a `$ref` with company, since nothing beside one counts; without pydantic's own formats."""
    match part:
        case {"type": "string", "format": "path", **others}:
            return {"type": "string", **others}
        case {"$ref": ref, **others} if others:
            return {"allOf": [{"$ref": ref}], **others}
        case dict():
            return {key: _draft_07(value) for key, value in part.items()}
        case list():
            return [_draft_07(value) for value in part]
    return part


if __name__ == "__main__":
    sys.stdout.write(json.dumps(stacks_schema(), indent=2) + "\n")
