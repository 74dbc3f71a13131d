"""Writes a new file completely or not at all, and never replaces one without permission."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

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
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        draft = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                os.fchmod(file.fileno(), 0o644)
                file.flush()
                os.fsync(file.fileno())
            if force:
                draft.replace(path)
            else:
                path.hardlink_to(draft)  # of two at once one fails, which no rename would
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError:
        raise UsageError(
            "already exists and stays unchanged", where=str(path), hint=_INSTEAD, code="file-exists"
        ) from None
    except OSError as error:
        raise RolloutError(f"can't be written: {error.strerror}", where=str(path), code="file-not-writable") from None
