"""The ways to run a ramp unattended: the command line takes each line, and the flow runs where Prefect is installed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import Any

import pytest
import yaml

from rollout import Rollout
from rollout.inventory.quantities import Percent
from tests.conftest import Team
from tests.docs.pages import ROOT, blocks, parsed

FLOW = """
from prefect.testing.utilities import prefect_test_harness

from examples.prefect_ramp import ramp

with prefect_test_harness(server_startup_timeout=120):
    print("states:", ramp("production"), ramp("production"))
"""


def workflow(name: str = "examples/github-actions/ramp.yml") -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((ROOT / name).read_text("utf-8"))
    return found


def lines() -> list[list[str]]:
    """The arguments of each line of the workflow that runs rollout."""
    steps = workflow()["jobs"]["look"]["steps"]
    scripts = [line for step in steps for line in step.get("run", "").splitlines()]
    return [shlex.split(line)[1:] for line in scripts if line.startswith("rollout ")]


def test_the_workflow_runs_commands_that_there_are() -> None:
    assert [parsed(words) for words in lines()] == ["setup", "ramp"]


def test_the_workflow_asks_nobody_and_writes_nothing_into_its_checkout() -> None:
    assert {"--once", "--yes", "--no-save"} <= set(lines()[-1])
    assert "--restart" not in lines()[-1]


def test_the_workflow_never_stops_a_look_halfway_and_gets_credentials_by_oidc() -> None:
    said = workflow()
    assert said["concurrency"]["cancel-in-progress"] is False
    assert said["permissions"] == {"contents": "read", "id-token": "write"}
    steps = said["jobs"]["look"]["steps"]
    assert not [step for step in steps if "aws-access-key-id" in step.get("with", {})]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]) for step in steps if "uses" in step)
    assert [each["cron"].split()[0] for each in said[True]["schedule"]] == ["*/5"]  # YAML's `on` is true


def test_a_changes_workflow_gives_the_action_what_it_takes() -> None:
    said, action = workflow("examples/github-actions/change.yml"), workflow("action/action.yml")
    assert said["concurrency"]["cancel-in-progress"] is False
    (given,) = (step["with"] for step in said["jobs"]["change"]["steps"] if step.get("uses") == "./action")
    needed = {name for name, each in action["inputs"].items() if each.get("required")}
    assert needed <= given.keys() <= action["inputs"].keys()
    assert set(given["environments"].split()) <= set(Rollout.load(ROOT / "stacks.toml").environments)


def test_the_cron_line_is_one_and_runs_a_command_that_there_is() -> None:
    (block,) = blocks("crontab")
    (line,) = (line for line in block.code.splitlines() if line.startswith("* "))
    command = re.search(r"/rollout (.*?) >>", line)
    assert command is not None
    assert parsed(shlex.split(command[1])) == "ramp"
    assert "--restart" not in line


@pytest.mark.engine
def test_the_flow_raises_at_its_first_look_and_waits_at_its_second(cut_over: Team) -> None:
    pytest.importorskip("prefect", reason="the extra prefect isn't in the locks")
    state = f"{cut_over.aws.folder}/state"
    cut_over.edit("ramp = {", f'backend = "file://{state}"\nramp = {{')
    environ = os.environ | cut_over.aws.environ(cut_over.account, "us-west-2")
    environ |= {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(cut_over.folder / "prefect")}
    done = subprocess.run(
        [sys.executable, "-c", FLOW], cwd=cut_over.folder, env=environ, capture_output=True, text=True, check=False
    )
    assert "states: raised waiting" in done.stdout, done.stderr
    assert {route.live.weight for route in cut_over.open().status().routes if route.live} == {Percent.of(5)}
