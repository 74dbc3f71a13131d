"""The ugly half on the real engine: throttles, locks, AWS's errors, and being stopped halfway."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from rollout.errors import EngineError, Locked
from rollout.inventory.model import LEGACY_ONLY, PREPARED, Split
from rollout.inventory.quantities import Percent
from rollout.migration.events import LockCleared
from rollout_sandbox import Fault
from tests.conftest import Team

pytestmark = pytest.mark.engine
TEN = Split.at(Percent.of(10))


def splits(team: Team) -> dict[str, Split | None]:
    return {route.route: route.live for route in team.open().status().routes}


def lock(team: Team, host: str, pid: int) -> Path:
    """A lock as the engine leaves it in its backend."""
    locks = team.aws.folder / "state" / ".pulumi" / "locks" / "organization"
    folder = locks / f"{team.project}-routing" / "production"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "00000000-0000-0000-0000-000000000000.json"
    said = {"pid": pid, "username": "ann", "hostname": host, "timestamp": "2026-01-01T00:00:00Z"}
    file.write_text(json.dumps(said))
    return file


def test_a_rollback_needs_no_engine_and_gets_through_throttling(cut_over: Team) -> None:
    cut_over.open().set_weight(10, approve=True)
    cut_over.aws.faults.add(Fault("elasticloadbalancing:ModifyRule", times=5))
    done = cut_over.run(
        "rollback", "production", ROLLOUT_PULUMI="", PATH="/nowhere", XDG_CACHE_HOME=str(cut_over.folder)
    )
    assert done.returncode == 0
    assert "the state is not up to date yet" in done.stdout
    assert set(splits(cut_over).values()) == {LEGACY_ONLY}
    assert cut_over.open().rollback().reconciled
    assert not cut_over.open().phase3(approve=True).changed


def test_a_locked_stack_is_told_and_by_whom_and_a_stale_lock_is_cleared_and_said(cut_over: Team) -> None:
    file = lock(cut_over, "another-host", 1)
    try:
        with pytest.raises(Locked, match="ann@another-host"):
            cut_over.open().set_weight(10, approve=True)
    finally:
        file.unlink()

    gone = subprocess.Popen(["true"])
    gone.wait()
    lock(cut_over, socket.gethostname(), gone.pid)
    cut_over.open().set_weight(10, approve=True)
    assert [event.stack for event in cut_over.events if isinstance(event, LockCleared)] == ["routing"]
    assert set(splits(cut_over).values()) == {TEN}


@pytest.mark.nightly  # tests/behaviour/test_trouble.py and tests/faults/test_lost_answers.py have the parts
def test_errors_of_aws_are_told_in_its_words_and_reruns_finish_a_build_and_a_cutover(legacy: Team) -> None:
    legacy.aws.faults.add(
        Fault("lambda:CreateFunction", code="ServiceException", message="try again", status=500, times=20)
    )
    try:
        with pytest.raises(EngineError, match="ServiceException"):
            legacy.open().phase1(approve=True)
    finally:
        legacy.aws.faults.clear()
    legacy.open().phase1(approve=True)
    assert legacy.open().status().phase == "phase1"

    before, calls = legacy.rules(), len(legacy.calls())
    rule = before["ceramic-score"]
    fault = Fault("elasticloadbalancing:ModifyRule", code="OperationNotPermitted", times=20, where={"RuleArn": rule})
    legacy.aws.faults.add(fault)
    try:
        with pytest.raises(EngineError):
            legacy.open().phase2(approve=True)
    finally:
        legacy.aws.faults.clear()
    legacy.open().phase2(approve=True)
    assert set(splits(legacy).values()) == {PREPARED}
    assert legacy.rules() == before
    assert {route.owners for route in legacy.open().status().routes} == {("routing",)}
    assert set(legacy.calls()[calls:]) == {"ModifyRule"}


@pytest.mark.parametrize("sent", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.nightly)])
def test_an_interrupted_phase_stops_cleanly_says_so_and_is_finished_by_a_rerun(
    legacy: Team, sent: signal.Signals
) -> None:
    legacy.aws.faults.add(Fault("lambda:CreateFunction", code=None, delay=timedelta(seconds=3)))
    variables = {**os.environ, "ROLLOUT_SANDBOX": str(legacy.aws.folder)}
    with subprocess.Popen(
        legacy.command("phase1", "production", "--yes", "--json"),
        cwd=legacy.folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if '"resource-changed"' in line and "RolePolicyAttachment" in line:
                running.send_signal(sent)
                break
        rest, errors = running.communicate()
    last = json.loads(rest.splitlines()[-1])
    assert (running.returncode, last["error"]) == (130, "Interrupted"), errors
    assert "of 10 resources done" in last["what"]
    legacy.open().phase1(approve=True)
    assert legacy.open().status().phase == "phase1"
