"""A run's folder for plans and the engine's files, which may contain secrets. A killed run's folder is removed later.

So each folder has a lock beside it, which the kernel gives up with its holder, and which is there before the folder is:
a folder whose lock is free belongs to nobody, and whoever comes next removes it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "rollout-work-"


@contextmanager
def work_folder() -> Iterator[Path]:
    """A folder for its owner alone, removed at the end; what dead runs of this user left is removed first."""
    from filelock import FileLock  # noqa: PLC0415 - where a state is read without the engine, nothing is locked

    _remove_leftovers()
    folder = Path(tempfile.gettempdir(), f"{_PREFIX}{secrets.token_hex(8)}")
    with FileLock(_lock_of(folder), timeout=0, mode=0o600):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            _remove(folder)


def _remove_leftovers() -> None:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - as above

    for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*.lock"):
        folder = lock.with_suffix("")
        with suppress(OSError, Timeout):
            if folder.lstat().st_uid == lock.lstat().st_uid == os.getuid():
                with FileLock(lock, timeout=0):
                    _remove(folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():  # an orphaned engine may still write there
        _lock_of(folder).unlink(missing_ok=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_suffix(".lock")
