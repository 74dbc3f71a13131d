"""Each command tells an example of itself, and it is one that the command line takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from rollout import cli
from rollout.cli.commands import SECTIONS
from tests.docs.pages import parsed


def commands(group: Any = None, path: str = "") -> Iterator[Any]:
    """Every command with its name, groups opened."""
    group = group or typer.main.get_command(cli.app)
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if hasattr(command, "commands"):
            yield from commands(command, f"{path}{name} ")
        else:
            yield pytest.param(f"{path}{name}", command, id=f"{path}{name}")


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_a_commands_help_has_an_example_of_it(name: str, command: Any) -> None:
    examples = re.findall(r"^\s*Example: rollout ([^>|\n]+)", command.help, re.MULTILINE)
    assert examples
    assert {parsed(shlex.split(example)) for example in examples} == {name.rsplit(maxsplit=1)[-1]}


def test_the_list_of_commands_is_that_of_the_modules_and_fits_a_terminal() -> None:
    root: Any = typer.main.get_command(cli.app)
    listed = {name: said for section in SECTIONS.values() for name, said in section.items()}
    context = typer.Context(root)
    assert root.list_commands(context) == list(listed)
    made = [root.get_command(context, name) for name in listed]
    assert [command.name for command in made if not command.hidden] == list(listed)
    assert max(map(len, listed.values())) <= 66
    assert root.get_command(context, "nonsense") is None


def test_a_group_alone_shows_its_help_line_by_line() -> None:
    said = CliRunner().invoke(cli.app, ["guard"]).output
    assert "\n  disarm" in said


def test_rollout_alone_without_an_inventory_shows_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ROLLOUT_FILE", raising=False)
    done = CliRunner().invoke(cli.app, [])
    assert done.exit_code == 0
    assert "\n  preflight" in done.output
    assert "rollout init" in done.output
