"""kill -9, of the command or of its engine, and the same command again."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from rollout.errors import EngineError
from rollout.migration.events import LeftoversSettled, LockCleared
from rollout_sandbox import Fault
from tests.conftest import Prepared, Team
from tests.faults.cut import CLI, ENGINE, cut, engines_of, perform

pytestmark = pytest.mark.engine


ENGINE_AT_NIGHT = pytest.param(ENGINE, marks=pytest.mark.nightly)


@pytest.mark.parametrize("victim", [CLI, ENGINE_AT_NIGHT])
def test_what_aws_was_making_at_the_kill_is_adopted(legacy: Team, victim: str) -> None:
    slow = Fault("lambda:CreateFunction", code=None, delay=timedelta(seconds=8), effect=True)
    legacy.aws.faults.add(slow)
    functions = legacy.aws.client("lambda", legacy.account, "us-west-2")
    before = len(functions.list_functions()["Functions"])
    with subprocess.Popen(
        legacy.command("phase1", "production", "--yes"),
        cwd=legacy.folder,
        env={**os.environ, "ROLLOUT_SANDBOX": str(legacy.aws.folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        while len(functions.list_functions()["Functions"]) == before:
            assert running.poll() is None
        if victim == CLI:
            running.kill()
        else:
            (engine,) = engines_of(running.pid)
            os.killpg(engine, signal.SIGKILL)
    assert running.returncode == (-signal.SIGKILL if victim == CLI else EngineError.exit_code)
    legacy.open().phase1(approve=True)
    assert [event.stack for event in legacy.events if isinstance(event, LockCleared)] == ["candidate"]
    settled = [event for event in legacy.events if isinstance(event, LeftoversSettled)]
    assert ["Function rust-scorer" in event.adopted for event in settled] == [True]
    assert len(legacy.calls("lambda:CreateFunction")) <= before + 1
    assert legacy.open().status().phase == "phase1"
    assert not legacy.open().phase1(approve=True).changed


@pytest.mark.parametrize(
    ("command", "victim", "moment"),
    [
        ("phase1", ENGINE, "up legacy"),
        ("phase2", CLI, "up routing"),
        ("weight", ENGINE, "preview routing"),
        pytest.param("undo-phase2", ENGINE, "up legacy", marks=pytest.mark.nightly),
        pytest.param("undo-phase1", CLI, "up candidate", marks=pytest.mark.nightly),
        pytest.param("phase1", CLI, "up candidate", marks=pytest.mark.nightly),
        pytest.param("phase2", ENGINE, "up legacy", marks=pytest.mark.nightly),
        pytest.param("weight", CLI, "up routing", marks=pytest.mark.nightly),
        pytest.param("undo-phase2", CLI, "up routing", marks=pytest.mark.nightly),
        pytest.param("undo-phase1", ENGINE, "preview candidate", marks=pytest.mark.nightly),
    ],
)
def test_the_same_command_finishes_what_was_cut(
    prepared: Prepared, tmp_path: Path, command: str, victim: str, moment: str
) -> None:
    begins = {"phase1": "legacy", "phase2": "phase1", "undo-phase1": "phase1"}
    team = prepared.team(tmp_path / "checkout", begins.get(command, "phase2"))
    rules, weight = team.rules(), ("10",) if command == "weight" else ()
    code, said, _ = cut(team, victim, moment, command, *weight)
    assert code == (-signal.SIGKILL if victim == CLI else EngineError.exit_code), said
    perform(team.open(), command, *weight)
    status = team.open().status()
    ends = {"undo-phase1": "not begun", "undo-phase2": "phase1", "weight": "phase3"}
    assert status.phase == ends.get(command, command)
    assert [str(route.live.weight) for route in status.routes if route.live] == [*(weight or ("0",))] * 3
    holder = "routing" if command in {"phase2", "weight"} else "legacy"
    assert {route.owners for route in status.routes} == {(holder,)}
    assert team.rules() == rules
    before = len(team.calls())
    perform(team.open(), command, *weight)
    assert len(team.calls()) == before  # and nothing is left to do


def test_what_an_engine_left_empty_beside_a_state_hides_it_from_nobody(cut_over: Team) -> None:
    states = cut_over.aws.folder / "state" / ".pulumi" / "stacks" / f"{cut_over.project}-routing"
    (states / "production.json.attrs").touch()
    assert {route.owners for route in cut_over.open().status().routes} == {("routing",)}
    assert cut_over.open().set_weight(10, approve=True).changed
