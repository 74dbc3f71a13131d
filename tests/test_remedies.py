"""What messages tell people to do can be done: each command, option and key that they name is there."""

from __future__ import annotations

import ast
import re
import shlex
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
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""What Click raises for arguments that a command doesn't take."""
_TICKED = re.compile(r"`([^`]+)`")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_HYPHENATED = re.compile(r"(?<![\w/.-])[a-z]+(?:-[a-z]+)+(?![\w/.-])")
"""Keys of the file, unless a hint has an English word with a hyphen."""


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
                command, rest = resolved(shlex.split(ticked)[1:], commands)
                if command and not hasattr(command, "commands"):
                    command.make_context("rollout", rest)
            except LookupError as missing:
                wrong.append(f"{place}: `{ticked}`: there is no {missing}")
            except typer.Exit:
                pass  # of --help
            except USAGE_ERROR as error:
                # a text may name a command without what it needs, or leave a value to what it is given
                if "Missing" not in type(error).__name__ and HOLE not in str(error):
                    wrong.append(f"{place}: `{ticked}`: {error}")
    assert named > 40
    assert wrong == []


def hints() -> Iterator[tuple[str, str]]:
    """Each text of the package that says what to do."""
    for file in for_people():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            told: list[ast.AST] = []
            if isinstance(node, ast.Call):
                told += [each.value for each in node.keywords if each.arg == "hint"]
                told += (
                    node.args[2:3] if isinstance(node.func, ast.Name) and node.func.id in ("Problem", "Finding") else ()
                )
            elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and "hint" in t.id for t in node.targets):
                told.append(node.value)
            for text in filter(None, map(written, told)):
                yield f"{file.relative_to(ROOT.parent)}:{getattr(node, 'lineno', 0)}", text


def written(node: ast.AST) -> str:
    """All that a text may say, with holes for what it is given."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.FormattedValue):
        return HOLE
    between = "" if isinstance(node, ast.JoinedStr) else " "
    return between.join(filter(None, map(written, ast.iter_child_nodes(node))))


def test_what_a_hint_names_outside_of_ticks_is_there_too(commands: Any) -> None:
    keys = keys_of_the_file()
    known, options = {*keys, *MODELS, "environments", "as-is"}, every_option(commands)
    wrong, seen = [], 0
    for place, text in hints():
        bare = re.sub(r"`[^`]*`", "", text)
        seen += 1
        wrong += [(place, o) for o in _OPTION.findall(bare) if o not in options]
        wrong += [(place, c) for c in re.findall(r"rollout ([a-z0-9-]+)", bare) if c in commands.list_commands(None)]
        wrong += [(place, k) for k in re.findall(r"\b([a-z][a-z-]+) = ", text) if k not in keys]
        wrong += [(place, w) for w in _HYPHENATED.findall(bare) if w not in known]
        wrong += [(place, t) for t in re.findall(r"(?<!\w)\[([a-z-]+)[\].]", bare) if t not in known]
    assert seen > 150
    assert wrong == []


def test_each_page_that_is_named_has_the_section() -> None:
    named = [found for _, text in texts() for found in re.findall(r"\b(docs/[\w-]+\.md)(?:#([\w-]+))?", text)]
    assert named
    for page, section in named:
        titles = re.findall(r"(?m)^#+ (.*)", (ROOT.parent / page).read_text("utf-8"))
        anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
        assert not section or section in anchors, (page, section)


FINDINGS = frozenset({"report.py", "compare.py", "drift.py", "deleted_groups.py"})
"""What differs or is to be known; the error or the report that has it says what to do about all of it."""
REFUSALS = (
    *("inventory/file/checks.py", "inventory/file/listeners.py", "alb/overrides.py"),
    *(
        f"migration/checks/{each.name}"
        for each in sorted((ROOT / "migration/checks").glob("*.py"))
        if each.name not in FINDINGS
    ),
)


@pytest.mark.parametrize("module", REFUSALS)
def test_each_refusal_before_a_phase_says_what_to_do(module: str) -> None:
    silent = [
        node.lineno
        for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Problem", "Finding")
        and len(node.args) < 3
        and all(each.arg != "hint" for each in node.keywords)
    ]
    assert silent == []


def every_option(commands: Any) -> set[str]:
    pending, known = [commands], set[str]()
    while pending:
        command = pending.pop()
        known |= options_of(command)
        context = typer.Context(command)
        names = command.list_commands(context) if hasattr(command, "list_commands") else ()
        pending += [command.get_command(context, name) for name in names]
    return known


def test_each_option_that_is_named_alone_is_some_commands(commands: Any) -> None:
    known = every_option(commands)
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


def keys_of_the_file() -> set[str]:
    models: list[type[BaseModel]] = [*MODELS.values(), Environment]
    return {key for model in models for key in keys_of(model)}


def test_each_key_that_is_to_be_set_is_one_of_the_file() -> None:
    keys = keys_of_the_file()
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
