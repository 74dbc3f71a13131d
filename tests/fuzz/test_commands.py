"""Whatever is typed: a command ends with a code that is foreseen, and says nothing that acts on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.cli import app
from rollout.cli.commands import SECTIONS
from rollout.fakes.world import World
from rollout.inventory.model import Environment
from tests.fuzz.anything import texts
from tests.fuzz.running import checkout, run

FUZZ = settings.get_profile("fuzz")
ELSEWHERE = {"setup", "demo", "sandbox", "dashboard"}
"""They install, start or serve something, and have no end of their own."""
ENDLESS = {"--watch", "-w", "--provider", "--sandbox", "--install-completion", "--show-completion"}
COMMANDS = sorted({name for section in SECTIONS.values() for name in section} - ELSEWHERE)

FITTING = """
production staging nobody 10 0 100 33.3 1h 15m 0s 2h 2026-12-24T18:00Z phase1 phase2 phase3 GET /x a:b legacy yes
stamp-score embed-score x.toml stacks.toml report.html samples deploy operate 1 5
"""
fitting = st.sampled_from(FITTING.split())
words = st.one_of(fitting, fitting, texts).filter(lambda text: "\0" not in text)


@cache
def parameters(command: str) -> tuple[Any, ...]:
    """A command's parameters, as Typer made them."""
    root: Any = typer.main.get_command(app)
    return tuple(root.get_command(typer.Context(root), command).params)


@st.composite
def arguments(draw: st.DrawFn) -> list[str]:
    """A command line that is mostly of the right form."""
    command = draw(st.sampled_from(COMMANDS))
    made: list[str] = [command]
    for parameter in parameters(command):
        made += _given(draw, parameter)
    if command == "ramp":
        made.append("--once")
    if not draw(st.integers(0, 9)):
        made.append(draw(words))
    return made


def _given(draw: st.DrawFn, parameter: Any) -> Iterator[str]:
    if parameter.param_type_name == "argument":
        if parameter.name == "environment" and draw(st.integers(0, 9)):
            yield "production"
        elif draw(st.integers(0, 9)):
            yield draw(words)
        return
    often = "--yes" in parameter.opts
    if ENDLESS.intersection(parameter.opts) or draw(st.integers(0, 1 if often else 4)) > 0:
        return
    yield parameter.opts[0]
    if not parameter.is_flag:
        yield draw(words)


STAGES: Mapping[str, Callable[[Environment], World]] = {
    "landscape": World.landscape,
    "legacy": World.legacy,
    "built": World.built,
    "cut over": World.cut_over,
}


@FUZZ
@given(arguments(), st.sampled_from(sorted(STAGES)), st.booleans())
def test_every_command_ends_as_commands_do(command: list[str], stage: str, json: bool) -> None:
    world = STAGES[stage](checkout())
    run(world, *command, *(["--json"] if json else []))
