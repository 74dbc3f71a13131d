"""What a killed run leaves in the temporary folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.state.work_folder import work_folder

RUN = """
from rollout.state.work_folder import work_folder
with work_folder() as folder:
    (folder / "plan.json").touch()
    print(folder, flush=True)
    input()
"""


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """Another run at work."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", RUN],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        yield running
        running.kill()


def folder_of(run: subprocess.Popen[str]) -> Path:
    assert run.stdout
    return Path(run.stdout.readline().strip())


def test_a_folder_is_its_owners_alone_and_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with work_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not list(tmp_path.iterdir())


def test_a_killed_runs_folder_is_removed_by_the_next(other: subprocess.Popen[str], tmp_path: Path) -> None:
    left = folder_of(other)
    other.kill()
    other.wait()
    assert (left / "plan.json").exists()
    with work_folder():
        assert not left.exists()
    assert not list(tmp_path.iterdir())


def test_a_living_runs_folder_stays(other: subprocess.Popen[str]) -> None:
    theirs = folder_of(other)
    with work_folder():
        assert (theirs / "plan.json").exists()


def test_a_folder_without_a_lock_stays(other: subprocess.Popen[str], tmp_path: Path) -> None:
    foreign = tmp_path / "rollout-work-0"
    foreign.mkdir()
    with work_folder():
        assert foreign.exists()
