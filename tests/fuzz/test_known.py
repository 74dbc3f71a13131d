"""The inputs that broke it once, by the command line: faults C3 to C6."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from rollout.fakes.world import World
from rollout.inventory.conditions import Condition, ConditionField
from tests.fuzz.running import checkout, run


@pytest.fixture
def world() -> World:
    return World.cut_over(checkout())


@pytest.mark.parametrize("text", ["/[/x]", "/[a-z]", "/[bold]x", "/:smile:"])
@pytest.mark.parametrize("command", ["status", "drift", "explain GET /v2/stamps/1/score/2"])
def test_what_a_live_rule_says_is_no_markup(world: World, command: str, text: str) -> None:
    """C4: a live rule that redirects to `/[/x]`, a header value `[/x]`."""
    (aws,) = world.accounts.values()
    rule = next(rule for rule in aws.rules.values() if rule.priority == 2023)  # stamp-score's
    asks = (*rule.asks, Condition(ConditionField.HOST, (text,)))
    aws.rules[rule.arn] = replace(rule, forward=None, action=f"redirect 301 to https://shop{text}", asks=asks)
    assert text in run(world, *command.split(), "production").replace("\n", "")


@pytest.mark.parametrize(
    "text", ["\x1b[2J\x1b[H", "\x9b2J", "\u202ednuof ton", "lost\r✓ all passed", "a\n✓ all passed"]
)
@pytest.mark.parametrize("json", [False, True])
def test_what_a_function_says_does_not_act(world: World, text: str, json: bool) -> None:
    """C5: escape sequences in a candidate's error text reach the terminal by `smoke`."""
    environment = checkout()
    functions = world.actor().parts(environment, lambda *_: None).functions

    def fail(_event: object) -> object:
        raise ValueError(text)

    functions.handlers = dict.fromkeys((each.name or key for key, each in environment.functions.items()), fail)
    said = run(world, "smoke", "production", *(["--json"] if json else []))
    assert "ValueError" in said
    assert not any(line.startswith("✓") for line in said.split("\n"))


@pytest.mark.parametrize(
    "command",
    [
        "status production --since 999999999d",
        "status production --watch --every 999999999d",
        "plan-ramp production --since 999999999d",
        "freeze production --until 999999999d",
        "freeze production --until 0001-01-01T00:00+14:00",
        "freeze production --until 9999-12-31T23:59-12:00",
        "complete production --quiet-for 999999999d",
        "report production --html x.html --since 999999999d",
    ],
)
def test_no_time_that_is_typed_leaves_the_calendar(world: World, command: str) -> None:
    """C3: `--since`, `--until`."""
    assert run(world, *command.split()).startswith("✗ ")


LONG = "x" * 300
SPECIAL = (LONG, f"{LONG}/stacks.toml", "/dev/zero", "/dev/null/x", ".", "pipe", "loop")


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("command", ["status", "doctor", "init --all --region us-west-2", "rollback production"])
def test_a_file_that_is_none_is_an_error(world: World, command: str, name: str) -> None:
    """C9: `--file /dev/zero`, a pipe, a name of over 255 bytes."""
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    assert run(world, *command.split(), "--file", name)


@pytest.mark.parametrize("name", SPECIAL)
def test_code_and_samples_that_are_no_files_are_errors(world: World, name: str) -> None:
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    text = Path("stacks.toml").read_text()
    Path("stacks.toml").write_text(text.replace("programs/code/rust-scorer", name))
    if name != ".":
        assert "package-missing" in run(world, "preflight", "production")
    assert run(world, "smoke", "production", "--samples", name)
