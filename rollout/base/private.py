"""Folders for their owner alone, whatever the umask is: states, tokens and plans are in them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

HOME = ".rollout"
"""The folder beside stacks.toml that holds what rollout keeps there."""

_ANYBODY_WRITES = stat.S_IWGRP | stat.S_IWOTH


def private_folder(folder: Path) -> Path:
    """Have a folder, and all above it; those that are made let nobody else in.

    One that is there keeps its mode, but nobody else may write to it: who can, can put other files in place of ours.

    Args:
        folder: The folder; where it is below a `.rollout`, that one counts as well.
    """
    for each in reversed((folder, *folder.parents)):
        if not each.exists():
            each.mkdir(mode=stat.S_IRWXU, exist_ok=True)
            each.chmod(stat.S_IRWXU)
        elif each == folder or each.name == HOME:
            _close(each)
    return folder


def _close(folder: Path) -> None:
    found = folder.stat()
    shared = found.st_mode & stat.S_ISVTX  # such as /tmp, which somebody named by mistake
    if found.st_uid == os.geteuid() and found.st_mode & _ANYBODY_WRITES and not shared:
        folder.chmod(stat.S_IMODE(found.st_mode) & ~_ANYBODY_WRITES)
