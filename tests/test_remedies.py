"""What messages tell people to do can be done: each command, option and key that they name is there."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

import rollout
from rollout.alb.overlaps import overlaps
from rollout.cli import app
from rollout.inventory.conditions import Condition, ConditionField, for_endpoint
from rollout.inventory.file.findings import keys_of
from rollout.inventory.file.tables import MODELS
from rollout.inventory.model import Environment, KeptRoute, Route
from rollout.migration.checks.preflight import rule_problems
from tests.imports import for_people
from tests.unit.builders import LEGACY_FORWARD, environment, live

ROOT = Path(rollout.__file__).parent
HOLE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""What stands for a value that a message is given."""
_TICKED = re.compile(r"`([^`]+)`")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def texts() -> Iterator[tuple[str, str]]:
    """Each text of the package that isn't a docstring, with its place; AWS's own words in the sandbox left out."""
    for file in for_people():
        if file.is_relative_to(ROOT / "adapters/pulumi/install"):
            continue
        tree = ast.parse(file.read_text("utf-8"))
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} - {
            id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
        }
        alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            place = f"{file.relative_to(ROOT.parent)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.JoinedStr):
                yield place, "".join(str(p.value) if isinstance(p, ast.Constant) else HOLE for p in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner | alone:
                yield place, node.value


@pytest.fixture(scope="module")
def commands() -> Any:
    """The command line, as Typer makes it."""
    return typer.main.get_command(app)


def resolved(words: list[str], group: Any) -> tuple[Any, list[str]]:
    """The command that words begin with, and what is left; no command where a message fills in which."""
    found = group
    while hasattr(found, "commands") and words and not words[0].startswith("-"):
        if words[0] == HOLE:
            return None, []
        command = found.get_command(typer.Context(found), words[0])
        if command is None:
            raise LookupError(words[0])
        found, words = command, words[1:]
    return found, words


def options_of(command: Any) -> set[str]:
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}


def test_each_command_that_is_named_is_there_with_its_options(commands: Any) -> None:
    wrong, named = [], 0
    for place, text in texts():
        for ticked in _TICKED.findall(text):
            if not ticked.startswith("rollout "):
                continue
            named += 1
            try:
                command, rest = resolved(ticked.split()[1:], commands)
            except LookupError as missing:
                wrong.append(f"{place}: `{ticked}`: there is no {missing}")
                continue
            known = options_of(command) if command else set()
            wrong += [f"{place}: `{ticked}`: no {o}" for o in _OPTION.findall(" ".join(rest)) if o not in known]
    assert named > 40
    assert wrong == []


def test_each_option_that_is_named_alone_is_some_commands(commands: Any) -> None:
    pending, known = [commands], set[str]()
    while pending:
        command = pending.pop()
        known |= options_of(command)
        context = typer.Context(command)
        names = command.list_commands(context) if hasattr(command, "list_commands") else ()
        pending += [command.get_command(context, name) for name in names]
    ours = [(place, ticked) for place, text in texts() for ticked in _TICKED.findall(text) if ticked.startswith("--")]
    assert len(ours) > 3
    assert [(place, ticked) for place, ticked in ours if not set(_OPTION.findall(ticked)) <= known] == []


def test_each_table_that_is_named_is_one_of_the_file() -> None:
    tables = {*MODELS, "environments"}
    named = [
        (place, name)
        for place, text in texts()
        if re.match(r"rollout/(alb/|migration/|ramp/|api/(rollout|container)\.py)", place)
        for name in re.findall(r"(?:^| )\[([a-z]+(?:-[a-z]+)+|[a-z]{4,})(?:\.[^\]]*)?\]", text)
    ]
    assert named
    assert [each for each in named if each[1] not in tables] == []


def test_each_key_that_is_to_be_set_is_one_of_the_file() -> None:
    models: list[type[BaseModel]] = [*MODELS.values(), Environment]
    keys = {key for model in models for key in keys_of(model)}
    named = [
        (place, key)
        for place, text in texts()
        for ticked in _TICKED.findall(text)
        for key in re.findall(r"^([a-z][a-z-]+) = ", ticked)
    ]
    assert named
    assert [each for each in named if each[1] not in keys] == []


def test_no_rule_is_asked_to_be_before_the_first() -> None:
    kept = KeptRoute(load_balancer="public", path="/*", priority=1, legacy="old")
    shadowed = environment(kept_routes={"all": kept})
    now = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
    for overlap in overlaps(shadowed, now):
        assert "lower priority number than 1" not in (overlap.hint or "")
    told = {overlap.where: overlap.hint or "" for overlap in overlaps(shadowed, now)}
    assert all("the rule at 1 a higher priority number" in told[name] for name in ("routes.score", "routes.bulk"))


@pytest.mark.parametrize(
    "asks",
    [
        Condition(ConditionField.HOST, ("a.test",)),
        Condition(ConditionField.PATH, ("*.php", "/b"), regex=True),
        Condition(ConditionField.QUERY, ("=a", "b=c=d")),
        Condition(ConditionField.SOURCE, ("10.0.0.1",)),  # which AWS takes no more
        Condition.on_header("X-Origin-Verify", ["s3cr3t"]),
    ],
)
def test_what_a_route_is_to_have_can_be_written_as_it_is_told(asks: Condition) -> None:
    now = live({"score": LEGACY_FORWARD, "bulk": LEGACY_FORWARD})
    other = tuple(replace(rule, asks=(*for_endpoint("/other", ("GET",))[:1], asks)) for rule in now.rules)
    inventory, changed = environment(), replace(now, rules=other)
    (problem, *_) = rule_problems(inventory, changed)
    assert problem.code == "wrong-conditions"
    assert "s3cr3t" not in str(problem)
    (told,) = re.findall(r"write (.*); otherwise", problem.hint or "")
    place = {"load-balancer": "public", "priority": 10, "legacy": "old", "candidate": "new"}
    route = Route.model_validate(place | tomllib.loads(told.replace(" and ", "\n")), by_alias=True, by_name=False)
    as_told = inventory.model_copy(update={"routes": {"score": route}})
    assert list(rule_problems(as_told, changed)) == []
