"""Writes a file that a user named, and says in the user's terms why it can't."""

from __future__ import annotations

from pathlib import Path

from rollout.base.files import write_whole
from rollout.errors import RolloutError, UsageError


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
        raise UsageError(
            "already exists",
            where=str(path),
            hint="name another file, or pass --force to replace it",
            code="file-exists",
        ) from None
    except OSError as error:
        raise RolloutError(f"can't be written: {error.strerror}", where=str(path), code="file-not-writable") from error
