"""A fleet ramps in two accounts: a person begins it and leaves, and no process of theirs is alive.

The controllers' functions are this package in processes of their own; a state machine hands them wave after wave.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from rollout.inventory.fleets import machine_arn
from rollout.inventory.quantities import WHOLE, ZERO, Percent
from rollout_sandbox import Profile, daemon
from rollout_sandbox.load import Load, endpoints_of
from tests.conftest import Team
from tests.e2e.fleets import Waves, deploy, fleet_team, opened, serve
from tests.sandbox.tenant import Tenant

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

RATE, SPEED = 50, 20
ACCOUNT, OTHER = "100000000001", "100000000002"
ELSEWHERE = dict.fromkeys("dcf", OTHER)
"""One of each wave, also the one that fails."""
WAVES = (("a", "d"), ("b", "c"), ("e", "f"))
WITHIN = 240


@contextmanager
def ramping(folder: Path, waves: Waves, bad: str) -> Iterator[Team]:
    """A fleet with requests, whose ramp has begun; one environment's candidate fails."""
    info = daemon.start(folder / "aws")
    try:
        team = fleet_team(info, folder / "checkout", ACCOUNT, waves, ELSEWHERE)
        names = [name for wave in waves for name in wave]
        for name in names:
            serve(team, name)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(partial(cut_over, team), names))
        said = team.run("fleet", "install", "all", "--yes")
        assert said.returncode == 0, said.stderr
        deploy(opened(team).fleet_ramp("all").template("d"), Tenant(info, OTHER))
        info.behave(Profile(f"{bad}-candidate", server_errors=Percent.of(100)))
        info.clock.run_at(SPEED)
        with ExitStack() as loads:
            for name in names:
                loads.enter_context(Load(endpoints_of(team.open(name).inventory, info), RATE)).wait(RATE)
            begun = team.run("fleet", "ramp", "all")
            assert begun.returncode == 0, begun.stderr
            yield team
    finally:
        daemon.stop(info.folder)


def cut_over(team: Team, name: str) -> None:
    """Let rollout manage an environment's rule, and install its controller."""
    team.open(name).phase2(approve=True)
    team.open(name).controller.install(approve=True)


def until(met: Callable[[], bool], within: float) -> float:
    """The seconds until something is so."""
    began = time.monotonic()
    while not met():
        assert time.monotonic() < began + within
        time.sleep(0.5)
    return time.monotonic() - began


def has_ended(team: Team, first: str) -> bool:
    """Whether no execution runs, as AWS's own client says."""
    machine = machine_arn(team.open(first).inventory, "all")
    asked = Tenant(team.aws, team.account).client("stepfunctions")
    return not asked.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]


def weights(team: Team, names: list[str]) -> dict[str, Percent]:
    found = {name: team.open(name).traffic.alb_state().splits(team.open(name).inventory) for name in names}
    return {name: splits["score"].weight for name, splits in found.items()}


def test_it_ramps_wave_by_wave_and_takes_the_one_that_fails_back(tmp_path: Path) -> None:
    names = [name for wave in WAVES for name in wave]
    with ramping(tmp_path, WAVES, bad="c") as team:
        took = until(lambda: has_ended(team, "a"), WITHIN)
        print(f"\n{len(names)} environments: {took:.0f} s, that is {took * SPEED / 60:.0f} min of AWS")  # noqa: T201
        found = opened(team).fleet_ramp("all").status()
        assert (found.state, "c: " in found.cause) == ("failed", True), found
        assert {each.environment: each.state for each in found.members} == {
            **dict.fromkeys(WAVES[0], "done"),
            **dict.fromkeys(WAVES[1], "rolled back"),
            **dict.fromkeys(WAVES[2], "waiting"),
        }, found.cause
        assert weights(team, names) == {name: WHOLE if name in WAVES[0] else ZERO for name in names}
        calls = team.aws.calls()
        assert [call for call in calls if call.by and "AccessDenied" in (call.error or "")] == []
        moved = {call.by for call in calls if call.action == "elasticloadbalancing:ModifyRule" and call.by}
        assert {by.split(":")[4] for by in moved} == {ACCOUNT, OTHER}
        assert all(":assumed-role/rollout-" in by and "-controller/" in by for by in moved)
        answered = {call.by for call in calls if call.action == "states:SendTaskSuccess"}
        assert f"arn:aws:sts::{ACCOUNT}:assumed-role/rollout-{team.project}-fleet-all-answer/rollout" in answered
