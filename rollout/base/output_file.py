"""Writes a file that a user named, and says in the user's terms why it can't."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from rollout.base.files import write_whole
from rollout.errors import RolloutError, UsageError


def require_writable(path: Path, *, overwrite: bool = False) -> None:
    """Refuse what `write_output` would refuse now, before the work whose result is to be written there.

    Args:
        overwrite: Whether to replace an existing file.

    Raises:
        UsageError: There is a file already.
        RolloutError: It can't be written.
    """
    if not overwrite and os.path.lexists(path):
        raise _exists(path)
    if path.is_dir():
        raise _not_writable(path, "it is a folder")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _not_writable(path, error.strerror) from error


def write_output(path: Path, content: bytes, *, overwrite: bool = False) -> None:
    """Write a file, completely or not at all, readable only by its owner.

    Args:
        overwrite: Whether to replace an existing file.

    Raises:
        UsageError: There is a file already.
        RolloutError: It can't be written.
    """
    try:
        write_whole(path, content, overwrite=overwrite)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise _not_writable(path, error.strerror) from error


def _exists(path: Path) -> UsageError:
    hint = "name another file, or pass --force to replace it"
    return UsageError("already exists", where=str(path), hint=hint, code="file-exists")


def _not_writable(path: Path, why: str | None) -> RolloutError:
    return RolloutError(f"can't be written: {why}", where=str(path), code="file-not-writable")
