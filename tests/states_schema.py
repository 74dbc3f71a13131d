"""A definition held to the JSON schema of the Amazon States Language that stands in `schemas/asl`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parent / "schemas/asl"


def problems(definition: Mapping[str, Any]) -> list[str]:
    """What the schema says against a definition; as its own validator does, each state is given its query language."""
    schemas = [json.loads(file.read_text("utf-8")) for file in FOLDER.glob("*.json")]
    registry: Registry[Any] = Registry().with_resources(
        (each["$id"].rstrip("#"), Resource.from_contents(each)) for each in schemas
    )
    whole = next(each for each in schemas if "/state-machine.json" in each["$id"])
    validator = Draft7Validator(whole, registry=registry)
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(_in_full(definition))]


def _in_full(machine: Mapping[str, Any]) -> dict[str, Any]:
    states = {name: {"QueryLanguage": "JSONPath", **state} for name, state in machine["States"].items()}
    for state in states.values():
        if "ItemProcessor" in state:
            state["ItemProcessor"] = _in_full(state["ItemProcessor"])
    return {**machine, "States": states}
