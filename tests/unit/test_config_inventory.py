"""The repository's own inventory says what the hand-off says, and editors know its shape."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rollout.inventory.file import load
from rollout.inventory.file.schema import stacks_schema
from rollout.inventory.matching import overlap
from rollout.inventory.quantities import Percent

ROOT = Path(__file__).parents[2]
STACKS = ROOT / "stacks.toml"
RUST, RUST_INTERNAL = "l-passport-v2-rust-scorer", "l-passport-v2-rust-scorer-int"


def test_dual_routes_are_the_hand_offs() -> None:
    routes = load(STACKS).environment("production").routes
    assert {
        (route.load_balancer, *route.methods, *route.path, route.priority, route.legacy, route.candidate)
        for route in routes.values()
    } == {
        ("public", "GET", "/v2/stamps/*/score/*", 2023, "l-passport-v2-stamp-score", RUST),
        ("public", "POST", "/ceramic-cache/stamps/bulk", 1002, "l-cc-v1-st-bulk-POST-0", RUST),
        ("public", "PATCH", "/ceramic-cache/stamps/bulk", 1003, "l-cc-v1-st-bulk-PATCH-0", RUST),
        ("public", "DELETE", "/ceramic-cache/stamps/bulk", 1004, "l-cc-v1-st-bulk-DELETE-0", RUST),
        ("public", "POST", "/ceramic-cache/score/*", 1001, "l-cc-v1-score-POST-0", RUST),
        ("internal", "POST", "/internal/embed/stamps/*", 2100, "embed-st-lambda-target-group", RUST_INTERNAL),
        ("internal", "GET", "/internal/embed/validate-api-key", 2101, "embed-rl-lambda-target-group", RUST_INTERNAL),
        ("internal", "GET", "/internal/embed/score/*/*", 2103, "embed-gs-lambda-target-group", RUST_INTERNAL),
    }


def test_kept_routes_are_the_hand_offs() -> None:
    kept = load(STACKS).environment("production").kept_routes
    assert {
        (*r.methods, *r.path, *(r.rule_conditions or ())[-1].values, r.priority, r.legacy) for r in kept.values()
    } == {
        ("GET", "/v2/stamps/*/score/*/history", "/v2/stamps/*/score/*/history", 2022, "targetGroupRegistry"),
        ("GET", "/v2/stamps/metadata", "/v2/*", 2060, "targetGroupRegistry"),
        ("GET", "/v2/stamps/*", "/v2/*", 2060, "targetGroupRegistry"),
        ("GET", "/v2/models/score/*", "/v2/models/score/*", 2021, "l-passport-v2-model-score"),
        ("POST", "/ceramic-cache/authenticate", "/ceramic-cache/authenticate", 1005, "l-cc-auth"),
    }


def test_the_chosen_priority_of_authenticate_overlaps_no_other_rule() -> None:
    environment = load(STACKS).environment("production")
    mine = environment.kept_routes["ceramic-authenticate"]
    others = [r.rule_conditions or () for r in environment.routes.values()]
    others += [r.rule_conditions or () for r in environment.kept_routes.values() if r is not mine]
    assert [other for other in others if overlap(mine.conditions or (), other)] == []


@pytest.mark.parametrize(("name", "weight"), [("staging", 100), ("review", 100), ("production", 0)])
def test_environments(name: str, weight: int) -> None:
    environment = load(STACKS).environment(name)
    assert environment.weight == Percent.of(weight)
    assert environment.desired_weight("stamp-score") == Percent.of(weight)
    assert environment.stickiness.duration == timedelta(hours=1)
    assert environment.ramp.steps == tuple(map(Percent.of, (5, 10, 25, 50, 100)))
    assert environment.root == ROOT


def test_an_environment_overrides_any_table(tmp_path: Path) -> None:
    path = tmp_path / "stacks.toml"
    path.write_text(
        STACKS.read_text()
        + """
[environments.review.load-balancers.internal]
listener-port = 8080
[environments.review.routes.stamp-score]
priority = 3000
[environments.review.stickiness]
duration = "5m"
[environments.review.functions.rust-scorer]
memory-size = 512
environment = { LOG = "debug" }
[environments.review.programs]
legacy = "other:program"
"""
    )
    review, staging = (load(path).environment(name) for name in ("review", "staging"))
    assert (review.load_balancers["internal"].listener_port, review.load_balancers["internal"].name) == (
        8080,
        "passport-internal",
    )
    assert (review.routes["stamp-score"].priority, staging.routes["stamp-score"].priority) == (3000, 2023)
    assert review.stickiness.duration == timedelta(minutes=5)
    assert review.functions["rust-scorer"].environment == {"LOG": "debug"}
    assert review.programs.legacy == "other:program"
    assert staging.functions["rust-scorer"].memory_size == 256


def test_schema_file_is_current() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "rollout.inventory.file.schema"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (ROOT / "docs/stacks.schema.json").read_text() == shown.stdout, "run: nox -s schema"


def test_schema_is_named_by_the_inventory_and_accepts_it() -> None:
    named = STACKS.read_text().splitlines()[0].removeprefix("#:schema ")
    schema = json.loads((ROOT / named).read_text())
    for draft in (jsonschema.Draft7Validator, jsonschema.Draft202012Validator):  # editors read either
        draft.check_schema(schema)
        draft(schema).validate(tomllib.loads(STACKS.read_text()))


def test_the_schema_is_of_the_form_that_the_schema_store_takes() -> None:
    schema = json.loads((ROOT / "docs/stacks.schema.json").read_text())
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["$id"].startswith("https://json.schemastore.org/")
    assert schema["title"]

    def parts(part: Any) -> Iterator[dict[str, Any]]:
        if isinstance(part, dict):
            yield part
        for child in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            yield from parts(child)

    found = [part for part in parts(schema) if isinstance(part.get("$ref"), str)]
    assert found
    assert all(len(part) == 1 for part in found)  # draft-07 ignores what is beside it
    formats = {part["format"] for part in parts(schema) if isinstance(part.get("format"), str)}
    assert formats <= {"date", "time", "date-time", "uri"}
    patterns = [part["pattern"] for part in parts(schema) if isinstance(part.get("pattern"), str)]
    assert not [each for each in patterns if re.search(r"""\\["'AZz%:=@]""", each)]  # no escapes of ECMAScript


def test_taplo_finds_the_schema_and_the_file() -> None:
    said = tomllib.loads((ROOT / ".taplo.toml").read_text())
    assert all((ROOT / name).is_file() for name in said["include"])
    (rule,) = said["rule"]
    assert rule["include"] == [STACKS.name]
    assert (ROOT / rule["schema"]["path"]).samefile(ROOT / "docs/stacks.schema.json")


def test_each_default_in_the_schema_is_what_somebody_could_write() -> None:
    schema = stacks_schema()

    def defaults(part: Any) -> Iterator[dict[str, Any]]:
        if isinstance(part, dict) and "default" in part:
            yield part
        children = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        for child in children:
            yield from defaults(child)

    found = list(defaults(schema))
    assert found
    for part in found:
        jsonschema.Draft202012Validator({**part, "$defs": schema["$defs"]}).validate(part["default"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("priority = 2023", "prioritiy = 2023"),
        ("[kept-routes.model-score]", "[kept-route.model-score]"),
        ("weight = 0", "wieght = 0"),
        ("weight = 0", "weight = 101"),
        ("priority = 2023", "priority = 0"),
        ('"arm64"', '"arm"'),
        ("log-retention-days = 30", "log-retention-days = 31"),
        ('account = "123456789012"', "account = 123456789012"),
        ('account = "123456789012"', ""),
        ("[environments.review]", "[environments.review]\nstickiness.duraton = '1h'"),
    ],
)
def test_schema_refuses_what_the_reader_refuses(old: str, new: str) -> None:
    text = STACKS.read_text()
    assert old in text
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text.replace(old, new, 1)), stacks_schema())


def test_reading_needs_no_slow_imports() -> None:
    code = (
        "import sys, rollout.inventory.file; print(sorted({'tomlkit', 'pulumi', 'boto3', 'rich'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def test_without_programs_rollouts_own_are_taken(tmp_path: Path) -> None:
    head, _, rest = STACKS.read_text().partition("[programs]\n")
    file = tmp_path / "stacks.toml"
    file.write_text(head + rest[rest.index("[stickiness]") :])
    programs = load(file).environment("production").programs
    assert (programs.legacy, programs.candidate) == (None, "rollout.programs.candidate:program")
