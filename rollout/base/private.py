"""Folders only for their owner, whatever the umask: they contain states, tokens and plans."""

from __future__ import annotations

import os
import stat
from pathlib import Path

HOME = ".rollout"
"""The folder of rollout beside stacks.toml."""

_ANYBODY_WRITES = stat.S_IWGRP | stat.S_IWOTH


def private_folder(folder: Path) -> Path:
    """Create a folder and its parents, accessible only to their owner.

    An existing folder keeps its mode, but no other user may have write access: they could replace files.

    Args:
        folder: The folder; a `.rollout` above it is checked, too.
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
    shared = found.st_mode & stat.S_ISVTX  # such as /tmp, named by mistake
    if found.st_uid == os.geteuid() and found.st_mode & _ANYBODY_WRITES and not shared:
        folder.chmod(stat.S_IMODE(found.st_mode) & ~_ANYBODY_WRITES)
