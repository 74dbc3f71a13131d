"""kill -9, of the command or of its engine, and the same command again."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import timedelta

import pytest

from rollout.errors import EngineError
from rollout.events import LeftoversSettled, LockCleared
from rollout.sandbox import Fault
from tests.conftest import Team
from tests.faults.cut import CLI, ENGINE, cut, engines_of, perform

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("victim", [CLI, ENGINE])
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
    ("victim", "points"),
    [
        (CLI, {"phase1": 580, "phase2": 390, "weight": 165}),  # in each a change is under way
        (ENGINE, {"phase1": 420, "phase2": 540, "weight": 40}),  # in a stack's first half, its second, a preview
    ],
)
def test_the_same_command_finishes_what_was_cut_at_an_event(legacy: Team, victim: str, points: dict[str, int]) -> None:
    for command, point in points.items():
        weight = ("10",) if command == "weight" else ()
        code, said, _ = cut(legacy, victim, point, command, *weight)
        assert code == (-signal.SIGKILL if victim == CLI else EngineError.exit_code), said
        perform(legacy.open(), command, *weight)
    status = legacy.open().status()
    assert status.phase == "phase3"
    assert [str(route.live.weight) for route in status.routes if route.live] == ["10"] * 3
    assert {route.owners for route in status.routes} == {("routing",)}
    for command in ("phase1", "phase2"):
        assert not getattr(legacy.open(), command)(approve=True).changed


@pytest.mark.parametrize(
    ("victim", "points"),
    [
        (CLI, {"undo-phase2": 480, "undo-phase1": 330}),  # in each a change is under way
        (ENGINE, {"undo-phase2": 360, "undo-phase1": 60}),
    ],
)
def test_what_was_cut_while_it_was_undone_is_finished_by_the_same_command(
    cut_over: Team, victim: str, points: dict[str, int]
) -> None:
    rules = cut_over.rules()
    for command, point in points.items():
        code, said, _ = cut(cut_over, victim, point, command)
        assert code == (-signal.SIGKILL if victim == CLI else EngineError.exit_code), said
        perform(cut_over.open(), command)
    status = cut_over.open().status()
    assert status.phase == "not begun"
    assert {route.owners for route in status.routes} == {("legacy",)}
    assert cut_over.rules() == rules
