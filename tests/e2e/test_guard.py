"""The guard as it runs in the account: its zip in a process of its own, with its role's rights, by alarms alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rollout.api.container import Container
from rollout.errors import AnalysisFailed, Drift
from rollout.guard.record import Decision, Firing
from rollout.inventory.quantities import ZERO, Percent
from rollout_sandbox import Profile
from rollout_sandbox.daemon import SandboxInfo
from rollout_sandbox.load import Load, endpoints_of
from tests.conftest import FAST, Prepared, Team

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

RATE, SPEED = 150, 20
"""As slow a clock as gives the alarms their fifty requests a minute on each side."""
SLOW = 5
WITHIN = 120
QUARTER = Percent.of(25)


@pytest.fixture
def guarded(prepared: Prepared, fast_aws: SandboxInfo, tmp_path: Path) -> Iterator[Team]:
    """A team with an installed guard, at 25 %."""
    team = prepared.team(tmp_path / "checkout", "phase2", aws=fast_aws)
    team.edit("[stickiness]", '[guard]\nheartbeat = "3m"\non-silence = "rollback"\n\n[stickiness]')
    team.set_ramp('steps = [25, 50, 100], bake = "2h"')
    team.open().guard.install(approve=True)
    yield team
    team.aws.forget_profiles()
    team.aws.clock.run_at(FAST)


def weights(team: Team) -> set[Percent]:
    live = team.open().traffic.alb_state().splits(team.open().inventory)
    return {split.weight for split in live.values()}


def until_back(team: Team) -> Firing:
    """Wait for the guard alone; give what it recorded of the first alarm."""
    end = time.monotonic() + WITHIN
    while weights(team) != {ZERO}:
        assert time.monotonic() < end, "nobody took traffic back"
        time.sleep(0.5)
    guard = Container(team.open().inventory, team.aws).guard
    while not (fired := [each for each in guard.firings(20) if each.decision is Decision.FIRE and each.back]):
        assert time.monotonic() < end, "nothing was recorded"
        time.sleep(0.5)
    return fired[-1]


def test_a_bad_candidate_is_taken_back_while_no_rollout_runs(guarded: Team) -> None:
    guarded.open().set_weight(25, approve=True)
    assert weights(guarded) == {QUARTER}
    guarded.aws.clock.run_at(SPEED)
    with Load(endpoints_of(guarded.open().inventory, guarded.aws), RATE) as load:
        load.wait(RATE)
        guarded.aws.behave(Profile("rust-scorer*", account=guarded.account, server_errors=Percent.of(100)))
        began = guarded.aws.clock.now()
        firing = until_back(guarded)
    took = firing.times["read-back"] - began
    figures = {name: at - began for name, at in firing.times.items()}
    for name, each in sorted(figures.items(), key=lambda item: item[1]):
        print(f"{name:12} {each.total_seconds():7.1f} s of AWS's time")  # noqa: T201 - `nox -s guard` shows it
    assert timedelta(minutes=2) < took < timedelta(minutes=10), figures

    opened = guarded.open()
    status = opened.status(since=None).guard
    assert status
    assert "alarm rollout-" in status.fired
    fired = [change for change in opened.history() if change.what == "guard fired"]
    assert set(fired[0].moves.values()) == {(QUARTER, ZERO)}
    with pytest.raises(Drift):
        opened.drift().require()
    opened.rollback()
    guarded.open().drift().require()


def test_a_ramp_that_is_killed_is_missed(guarded: Team) -> None:
    guarded.aws.clock.run_at(SLOW)  # while it runs, a busy machine must not make it miss a heartbeat
    process = subprocess.Popen(
        guarded.command("ramp", "production", "--yes", "--json"),
        cwd=guarded.folder,
        env={**os.environ, "ROLLOUT_SANDBOX": str(guarded.aws.folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if (event["event"], event.get("weight")) == ("ramp-waiting", 25):  # the look before has written its heartbeat
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    guarded.aws.clock.run_at(FAST)
    assert until_back(guarded).alarm.endswith("-silence")
    with pytest.raises(AnalysisFailed) as caught:
        guarded.open().ramp(approve=True, once=True)
    assert caught.value.code == "guard-fired"
