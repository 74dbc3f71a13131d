"""Whose lock it is, whether they live, and who may take it away."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout.adapters.pulumi.locks import PARENT, ends, locks_in
from rollout.state.pending import Holder
from tests.conftest import Team
from tests.faults.locks import lock

HERE = socket.gethostname()


def told(host: str, pid: int, since: datetime | None = None) -> str:
    when = (since or datetime.now(UTC)).isoformat(timespec="seconds")
    return f"the stack is currently locked by 1 lock(s).\n  file:///x: created by ann@{host} (pid {pid}) at {when}"


def state(text: str) -> list[Holder]:
    return [found.state for found in locks_in("routing", text)]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Something that waits, and that goes by the engine's name."""
    name = tmp_path / "pulumi"
    name.symlink_to(shutil.which("sleep") or "sleep")
    with subprocess.Popen([name, "600"], env={**os.environ, PARENT: str(os.getpid())}, process_group=0) as running:
        yield running
        running.kill()


def test_a_living_engine_holds_its_lock(engine: subprocess.Popen[bytes]) -> None:
    assert state(told(HERE, engine.pid)) == [Holder.ALIVE]


def test_an_engine_that_started_long_after_the_lock_has_only_its_number(engine: subprocess.Popen[bytes]) -> None:
    assert state(told(HERE, engine.pid, datetime.now(UTC) - timedelta(days=1))) == [Holder.DEAD]


def test_another_program_under_that_number_is_not_the_holder() -> None:
    with subprocess.Popen(["sleep", "600"]) as other:
        assert state(told(HERE, other.pid)) == [Holder.DEAD]
        other.kill()


def test_a_process_that_is_gone_is_dead_and_one_elsewhere_may_live() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    text = told(HERE, gone.pid) + told("another-host", 1).partition("\n")[2].join(["\n", ""])
    assert state(text) == [Holder.DEAD, Holder.ELSEWHERE]


def test_an_earlier_environment_of_the_controllers_function_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = told("another-host", 1).replace("ann", pwd.getpwuid(os.getuid()).pw_name)
    assert state(ours) == [Holder.ELSEWHERE]
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "controller")
    assert state(ours) == [Holder.DEAD]
    assert state(told("laptop", 1)) == [Holder.ELSEWHERE]


def test_a_user_without_an_entry_is_named_by_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "controller")
    monkeypatch.setenv("USER", "rollout")
    assert state(told("another-host", 1).replace("ann", "rollout")) == [Holder.DEAD]


def test_a_process_that_ended_is_dead_before_anybody_buries_it() -> None:
    with subprocess.Popen(["true"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert state(told(HERE, ended.pid)) == [Holder.DEAD]


def test_an_engine_whose_rollout_was_killed_is_an_orphan(tmp_path: Path) -> None:
    name = tmp_path / "pulumi"
    name.symlink_to(shutil.which("sleep") or "sleep")
    code = f"""
import os, subprocess
os.environ[{PARENT!r}] = str(os.getpid())
quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(subprocess.Popen([{str(name)!r}, "600"], process_group=0, **quiet).pid)
"""
    pid = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    (found,) = locks_in("routing", told(HERE, pid))
    assert found.state is Holder.ORPHAN
    assert not ends(found, timedelta(0))
    os.killpg(pid, 9)
    assert ends(found, timedelta(minutes=1))


@pytest.mark.engine
def test_a_lock_is_shown_and_taken_away_after_a_yes(legacy: Team) -> None:
    file = lock(legacy, "another-host", 1, "legacy", datetime(2026, 1, 1, tzinfo=UTC))
    refused = legacy.run("unlock", "production")
    assert refused.returncode == 3
    assert "ann@another-host (pid 1, since 2026-01-01 00:00:00 UTC)" in refused.stdout
    assert file.exists()
    assert legacy.run("unlock", "production", "--yes").returncode == 0
    assert not file.exists()
    assert "is not locked" in legacy.run("unlock", "production", "--yes").stdout


@pytest.mark.engine
def test_a_lock_of_somebody_at_work_here_needs_force(legacy: Team, engine: subprocess.Popen[bytes]) -> None:
    file = lock(legacy, HERE, engine.pid, "legacy")
    refused = legacy.run("unlock", "production", "--yes")
    assert refused.returncode == 5
    assert f"ann@{HERE} (pid {engine.pid}" in refused.stderr
    assert file.exists()
    assert legacy.run("unlock", "production", "--yes", "--force").returncode == 0
    assert not file.exists()
