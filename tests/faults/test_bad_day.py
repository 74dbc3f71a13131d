"""A bad day on AWS and on this machine: throttled and slow calls, a full disk, and two people at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from rollout import Event, RollbackResult, Rollout
from rollout.errors import EngineError, RolloutError
from rollout.inventory.model import LEGACY_ONLY, Split
from rollout.inventory.quantities import Percent
from rollout.migration.events import StepStarted
from rollout_sandbox import Fault
from tests.conftest import Team
from tests.faults.splits import splits

pytestmark = pytest.mark.engine


# the engine inherits it; not by preexec_fn, since a process with threads of gRPC doesn't always live through a fork
NO_ROOM = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
os.execv(sys.argv[1], sys.argv[1:])
"""


def at(weight: float) -> set[Split]:
    return {Split.at(Percent.of(weight))}


def test_any_call_may_be_throttled_for_a_while_and_be_slow(cut_over: Team) -> None:
    cut_over.aws.faults.add(Fault("*", times=12))
    cut_over.aws.faults.add(Fault("*", times=4, code=None, delay=timedelta(seconds=2)))
    cut_over.open().set_weight(10, approve=True, accept_live=True)
    assert set(splits(cut_over).values()) == at(10)
    assert not cut_over.open().set_weight(10, approve=True).changed


def test_a_full_disk_is_told_and_a_rerun_with_room_ends_well(cut_over: Team) -> None:
    cut_over.open().set_weight(10, approve=True, accept_live=True)

    full = subprocess.run(
        [sys.executable, "-c", NO_ROOM, *cut_over.command("weight", "production", "20", "--yes", "--no-save")],
        cwd=cut_over.folder,
        env={**os.environ, "ROLLOUT_SANDBOX": str(cut_over.aws.folder), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert full.returncode == 1, full.stdout
    assert "File too large [backend-not-writable]" in full.stderr
    assert set(splits(cut_over).values()) == at(10)
    cut_over.open().set_weight(20, approve=True, accept_live=True)
    assert set(splits(cut_over).values()) == at(20)
    assert not cut_over.open().phase2(approve=True).changed


def test_of_two_at_once_one_wins_and_the_other_is_told(cut_over: Team) -> None:
    outcomes: dict[float, RolloutError | None] = {}

    def operate(weight: float) -> None:
        try:
            cut_over.open().set_weight(weight, approve=True, save=False, accept_live=True)
        except RolloutError as error:
            outcomes[weight] = error
        else:
            outcomes[weight] = None

    both = [threading.Thread(target=operate, args=(weight,)) for weight in (30, 40)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert None in outcomes.values(), outcomes
    for error in filter(None, outcomes.values()):
        assert error.exit_code in (1, 5, 7)
    ended = set(splits(cut_over).values())
    assert ended in (at(30), at(40))
    cut_over.open().set_weight(50, approve=True, save=False)
    assert set(splits(cut_over).values()) == at(50)


def test_a_rollback_while_a_weight_is_raised_ends_on_legacy(cut_over: Team) -> None:
    cut_over.open().set_weight(10, approve=True, save=False, accept_live=True)
    rolled: list[RollbackResult] = []
    rollback = threading.Thread(target=lambda: rolled.append(cut_over.open().rollback(save=False)))

    def meanwhile(event: Event) -> None:
        if isinstance(event, StepStarted):
            rollback.start()

    cut_over.aws.faults.add(Fault("elasticloadbalancing:ModifyRule", code=None, delay=timedelta(seconds=3)))
    raising = Rollout.load(cut_over.file, sandbox=cut_over.aws, on_event=meanwhile).environment("production")
    try:
        raising.set_weight(50, approve=True, save=False)
    except RolloutError as error:
        assert error.exit_code in (1, 5, 7)  # noqa: PT017 - it may get through, too
    rollback.join()
    assert rolled
    assert set(splits(cut_over).values()) == {LEGACY_ONLY}
    cut_over.open().rollback(save=False)
    assert not cut_over.open().set_weight(0, approve=True, save=False).changed


@pytest.mark.nightly  # once is in tests/e2e/test_trouble.py
def test_ctrl_c_twice_leaves_what_a_rerun_finishes(legacy: Team) -> None:
    legacy.aws.faults.add(Fault("lambda:CreateFunction", code=None, delay=timedelta(seconds=8)))
    with subprocess.Popen(
        legacy.command("phase1", "production", "--yes", "--json"),
        cwd=legacy.folder,
        env={**os.environ, "ROLLOUT_SANDBOX": str(legacy.aws.folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        next(line for line in running.stdout if '"resource-changed"' in line and "RolePolicyAttachment" in line)
        running.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):  # it waits for the function that AWS is making
            running.wait(1)
        running.send_signal(signal.SIGINT)
        rest, errors = running.communicate()
    assert running.returncode == 130, errors
    assert "Traceback" not in rest + errors
    legacy.aws.faults.clear()
    try:
        legacy.open().phase1(approve=True)
    except EngineError as error:  # AWS was still making it when this looked, and had it when it created
        assert "already exist" in str(error)  # noqa: PT017 - either may come first
        legacy.open().phase1(approve=True)
    assert legacy.open().status().phase == "phase1"
    assert not legacy.open().phase1(approve=True).changed
