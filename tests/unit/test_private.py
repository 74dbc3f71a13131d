"""Folders that hold secrets let nobody else in, whatever the umask is and whoever made them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from rollout.base.private import private_folder


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_all_that_is_made_is_private(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "checkout" / ".rollout" / "state"
    before = os.umask(umask)
    try:
        private_folder(folder)
    finally:
        os.umask(before)
    assert {mode(each) for each in (folder, folder.parent, folder.parent.parent)} == {0o700}


def test_what_anybody_could_write_to_is_closed_and_else_left(tmp_path: Path) -> None:
    home = tmp_path / ".rollout"
    state = home / "state"
    state.mkdir(parents=True)
    for folder, was in ((tmp_path, 0o777), (home, 0o777), (state, 0o775)):
        folder.chmod(was)
    private_folder(state)
    assert (mode(tmp_path), mode(home), mode(state)) == (0o777, 0o755, 0o755)


def test_a_folder_for_everybody_stays_one(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    private_folder(tmp_path)
    assert mode(tmp_path) == 0o1777
