"""Commands in this process, on a world in memory, and what must hold however they end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from typer.testing import CliRunner

from rollout.cli import app
from rollout.fakes.world import World
from rollout.inventory.file import load
from rollout.inventory.model import Environment
from tests.behaviour.terminal import working_with
from tests.fuzz.anything import harmless, soon
from tests.fuzz.inventories import ROOT

FORESEEN = {0, 1, 2, 3, 4, 5, 6, 7, 130}


def run(world: World, *arguments: str, variables: dict[str, str] | None = None) -> str:
    """What a command says; it ends as commands do."""
    with working_with(world.actor().parts), soon():
        done = CliRunner().invoke(app, list(arguments), env=variables, prog_name="rollout", input="")
    said = done.output
    reports = [file.read_text() for file in Path(os.environ["XDG_STATE_HOME"]).rglob("crashes/*.txt")]
    assert done.exit_code in FORESEEN, (arguments, said, *reports)
    assert isinstance(done.exception, SystemExit | None), (arguments, done.exception)
    assert "Traceback" not in said, arguments
    assert harmless(said), (arguments, said)
    return said


@cache
def inventory() -> Environment:
    """The repository's own production."""
    return load(ROOT / "stacks.toml").environment("production")


def checkout() -> Environment:
    """The repository's own inventory in this folder, without its code; whatever a command wrote into it is gone."""
    Path("stacks.toml").write_bytes((ROOT / "stacks.toml").read_bytes())
    return inventory()


def looks(environment: str) -> Sequence[Sequence[str]]:
    """The commands that only look."""
    return (
        ("status", environment),
        ("drift", environment),
        ("preflight", environment),
        ("explain", "GET", "/v2/stamps/1/score/2", environment),
        ("preview", "phase1", environment),
        ("history", environment),
        ("plan-ramp", environment),
    )
