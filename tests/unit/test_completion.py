"""What the shell is told at Tab, as it asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from rollout import cli
from rollout.errors import ConfigError
from rollout.inventory.file import load
from tests.unit.test_config_problems import SOUND

STACKS = """
[routes.stamp-score]
[routes.ceramic-score]
[environments.staging]
[environments.staging.stickiness]
[environments.production]
"""


def proposed(*words: str) -> list[str]:
    """What bash gets for the last word."""
    asked = {"COMP_WORDS": " ".join(("rollout", *words)), "COMP_CWORD": str(len(words))}
    done = CliRunner().invoke(cli.app, prog_name="rollout", env={"_ROLLOUT_COMPLETE": "complete_bash", **asked})
    return done.output.split()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_shell_gets_them_and_can_be_told_to_ask(tmp_path: Path) -> None:
    (tmp_path / "stacks.toml").write_text(STACKS)
    asked = {"_ROLLOUT_COMPLETE": "complete_bash", "COMP_WORDS": "rollout status st", "COMP_CWORD": "2"}
    command = [sys.executable, "-c", "from rollout.__main__ import main; main()"]
    done = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == (["staging"], "")
    root: Any = typer.main.get_command(cli.app)
    assert "--install-completion" in {option for parameter in root.params for option in parameter.opts}


@pytest.mark.parametrize("broken", ["", "[environments.half\n", "weight = \n"])
def test_names_of_the_file_are_proposed_even_if_it_is_broken(broken: str, tmp_path: Path) -> None:
    (tmp_path / "stacks.toml").write_text(STACKS + broken)
    assert {"staging", "production"} <= set(proposed("phase1", ""))
    assert proposed("status", "st") == ["staging"]
    assert proposed("weight", "staging", "10", "--route", "c") == ["ceramic-score"]


def test_the_file_is_the_one_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.toml").write_text("[environments.review]\n")
    assert proposed("phase1", "--file", "other.toml", "") == ["review"]
    monkeypatch.setenv("ROLLOUT_FILE", "other.toml")
    assert proposed("phase1", "") == ["review"]


@pytest.mark.parametrize("text", [b"\xff", b"environments = 5", b"[[environments]]"])
def test_where_there_is_nothing_to_propose_nothing_is_said(text: bytes, tmp_path: Path) -> None:
    assert proposed("phase1", "") == []
    (tmp_path / "stacks.toml").write_bytes(text)
    assert proposed("phase1", "") == []


@pytest.mark.parametrize("name", ["$(touch x)", "`touch x`", "a b", "x;touch y", "-m", "é", "a\\nb", "x" * 64])
@pytest.mark.parametrize("broken", ["", "\nweight = \n"])
def test_what_the_grammar_does_not_allow_is_no_proposal(name: str, broken: str, tmp_path: Path) -> None:
    """C6: zsh runs what stands in a proposal."""
    (tmp_path / "stacks.toml").write_text(f'{STACKS}\n[environments."{name}"]\n[routes."{name}"]\n{broken}')
    assert proposed("phase1", "") == ["staging", "production"]
    assert proposed("weight", "staging", "10", "--route", "") == ["stamp-score", "ceramic-score"]


@pytest.mark.parametrize("table", ["environments", "routes", "kept-routes", "load-balancers", "functions", "fleets"])
def test_a_name_that_the_grammar_does_not_allow_does_not_load(table: str, tmp_path: Path) -> None:
    (tmp_path / "stacks.toml").write_text(f"{SOUND}\n[{table}.'$(touch x)']\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "stacks.toml").check()
    assert "invalid-name" in {problem.code for problem in caught.value.problems}


def test_a_pipe_is_not_waited_for_at_tab(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stacks.toml")
    assert proposed("phase1", "") == []
