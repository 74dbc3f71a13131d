"""Writes a new file completely or not at all, and never replaces one without permission."""

from __future__ import annotations

import os
from pathlib import Path

from rollout.base.files import write_whole
from rollout.errors import RolloutError, UsageError

_INSTEAD = "name another file with --file or ROLLOUT_FILE, show the text with --dry-run, or replace it with --force"


def refuse_existing(path: Path) -> None:
    """Stop if the file exists.

    Raises:
        UsageError: There is.
    """
    if os.path.lexists(path):
        raise UsageError("already exists and stays unchanged", where=str(path), hint=_INSTEAD, code="file-exists")


def write_new(path: Path, text: str, *, force: bool = False) -> None:
    """Write a file in one step.

    Args:
        path: Where; its folder must be there.
        text: What.
        force: Whether to take the place of a file that is there.

    Raises:
        UsageError: There is one, be it only since a moment ago.
        RolloutError: It can't be written.
    """
    try:
        write_whole(path, text.encode(), mode=0o644, overwrite=force)
    except FileExistsError:
        raise UsageError(
            "already exists and stays unchanged", where=str(path), hint=_INSTEAD, code="file-exists"
        ) from None
    except OSError as error:
        raise RolloutError(f"can't be written: {error.strerror}", where=str(path), code="file-not-writable") from None
