"""One environment's overview as a file, for example for a change ticket."""

from __future__ import annotations

from pathlib import Path

from rollout.base.files import write_whole
from rollout.errors import RolloutError, UsageError
from rollout.reports.overview import Overview
from rollout.reports.pages import report_page


def write_report(overview: Overview, path: Path, *, overwrite: bool = False) -> None:
    """Write a report, completely or not at all, readable only by its owner.

    Args:
        overwrite: Whether to replace an existing file.

    Raises:
        UsageError: There is a file already.
        RolloutError: It can't be written.
    """
    write_page(report_page(overview), path, overwrite=overwrite)


def write_page(text: str, path: Path, *, overwrite: bool = False) -> None:
    """Write any page in the same way; see `write_report`."""
    try:
        write_whole(path, text.encode(), overwrite=overwrite)
    except FileExistsError:
        raise UsageError(
            "already exists",
            where=str(path),
            hint="name another file, or pass --force to replace it",
            code="file-exists",
        ) from None
    except OSError as error:
        raise RolloutError(f"can't be written: {error.strerror}", where=str(path), code="file-not-writable") from error
